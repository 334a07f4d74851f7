"""SurvivalReport: what distilling brings for a risk at a horizon, by cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .._model_selection._intervals import MODELS
from .._validation._sklearn import ArrayLike, check_choice, check_confidence, draw_seed, set_random_states
from .._validation._tables import Table, as_table
from ..survival import KaplanMeierDisplay
from ._cross_validate import ALONE, DISTILLED, SHUFFLED, make_splits
from ._scores import Design, splits_factor, splits_ratio
from ._survival_models import (
    CENSORED,
    EVENT,
    KAPLAN_MEIER,
    UNCENSORED,
    Outcome,
    check_outcome,
    cross_validate_risks,
    make_survival_models,
)
from ._survival_plot import format_survival_report, plot_gains
from ._survival_scores import HIGHER_IS_BETTER, compare_models, score_model
from ._verdict import Evidence, Verdict, count_fits_with_teacher, make_verdict, name_teacher

PARTS = ("gain", "standard_error", "lower", "upper")


class SurvivalReport:
    """What did distilling bring for the risk of an event by a horizon? Several models on the same folds.

    In each split the training rows alone give labels, weights and the censoring distribution
    (:func:`~skcmkd.survival.horizon_labels`); the rows censored before the horizon are unlabeled pairs. The risks of
    the held-out rows are scored under this censoring distribution. **A positive gain is always an improvement** over
    the student alone. Beside the models of :class:`DistillationReport` (``student alone``, ``distilled``, ``teacher``,
    ``fused`` and the control ``shuffled teacher``) there is ``Kaplan-Meier``, the same risk 1 - S(h) for all rows: a
    model with a worse Brier score is of no use.

    Scores:

    - ``brier``: :func:`~skcmkd.survival.ipcw_brier_score`, 0 to about 1; less is better;
    - ``auc``: :func:`~skcmkd.survival.cumulative_dynamic_auc` at the horizon;
    - ``uno_c``: :func:`~skcmkd.survival.ipcw_concordance_index` up to the horizon;
    - ``harrell_c``: :func:`~skcmkd.survival.concordance_index`.

    The last three compare pairs of held-out rows of the same split, and pool the pairs of all splits.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    held_out : DataFrame
        ``held_out_``.
    alphas : DataFrame
        ``alphas_``.
    time : ndarray of shape (n_samples,)
        Time to the event or to censoring.
    event : ndarray of bool of shape (n_samples,)
        Whether the event was seen.
    horizon : float
        In the unit of time.
    groups : ndarray of shape (n_samples,), default=None
        Groups of rows that may depend on each other; None takes each row as independent.
    confidence : float in (0, 1), default=0.95
        Probability of the intervals.
    overlap_factor : float, default=1
        As in :class:`DistillationReport`.
    test_train_ratio : float, default=0
        As in :class:`DistillationReport`.
    selections : DataFrame, default=None
        ``selections_``.

    Attributes
    ----------
    differences_ : DataFrame
        Index ``model``, ``score``. ``n_rows`` that both models predicted, ``gain`` over the student alone,
        ``standard_error``, ``lower`` and ``upper``.
    risks_ : DataFrame of shape (n_samples, n_models)
        Held-out risk of each row by each model, averaged over repeats; NaN where a model has none.
    held_out_ : DataFrame
        Index ``split``, ``row``. ``uncensored``, the probability G(min(time, horizon)-) of not being censored, by the
        training rows of the split; and the risk by each model.
    decisive_score_ : str
        "brier", the score of the verdict.
    estimand_ : str
        As in :class:`DistillationReport`.
    alphas_ : DataFrame
        Index ``split``; the teacher's weight, columns ``distilled`` and ``shuffled teacher``.
    selections_ : DataFrame or None
        As in :class:`DistillationReport`.
    counts_ : dict of str to int
        Rows with the ``event`` by the horizon, followed ``beyond`` it without, and ``censored`` before.
    ax_ : matplotlib Axes
        Where it was drawn, after ``plot``.
    figure_ : matplotlib Figure
        The figure that holds it.

    See Also
    --------
    DistillationReport : For class labels and continuous targets.
    skcmkd.survival.horizon_labels : Labels and weights for one fit.

    Notes
    -----
    The Brier score is a mean over rows, its error that of a mean of differences (over groups with ``groups``); the
    error of the other scores is the jackknife over rows or groups. Both are multiplied by the factor of
    :class:`DistillationReport` for training sets that share rows. With ``n_repeats=3`` or more the distilled student
    and the control are compared by their scores of each split, with the corrected resampled t interval, as there.

    The weights take censoring to be independent of the event and of the tables.

    References
    ----------
    Graf et al. Statistics in Medicine 18, 1999 (Brier score). Uno et al. JASA 102, 2007 (AUC) and Statistics in
    Medicine 30, 2011 (C). Harrell et al. Statistics in Medicine 15, 1996 (C).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import PairedDistiller, SurvivalReport
    >>> from skcmkd.datasets import make_survival_modalities
    >>> drawn = make_survival_modalities(200, random_state=0)
    >>> distiller = PairedDistiller(
    ...     LogisticRegression(), LogisticRegression(), student_columns=drawn.modalities["student"], alpha=0.5
    ... )
    >>> report = SurvivalReport.from_estimator(
    ...     distiller, drawn.data, drawn.time, drawn.event, horizon=drawn.horizon, random_state=0
    ... )
    >>> list(report.to_frame().index)
    ['student alone', 'distilled', 'teacher', 'fused', 'shuffled teacher', 'Kaplan-Meier']
    >>> float(report.to_frame().loc["Kaplan-Meier", "auc"])
    0.5
    """

    def __init__(
        self,
        held_out: pd.DataFrame,
        alphas: pd.DataFrame,
        time: np.ndarray,
        event: np.ndarray,
        horizon: float,
        *,
        groups: np.ndarray | None = None,
        confidence: float = 0.95,
        overlap_factor: float = 1.0,
        test_train_ratio: float = 0.0,
        selections: pd.DataFrame | None = None,
    ) -> None:
        self.held_out_ = held_out
        self.alphas_ = alphas
        self.time = time
        self.event = event
        self.horizon = horizon
        self.groups = groups
        self.confidence = confidence
        self.overlap_factor = overlap_factor
        self.test_train_ratio = test_train_ratio
        self.selections_ = selections
        self.decisive_score_ = "brier"
        self._outcome = Outcome(time, event, horizon)
        units = np.arange(len(time)) if groups is None else groups
        self._design = Design(units, confidence, overlap_factor, test_train_ratio)
        self.estimand_ = MODELS
        self._models = [str(name) for name in held_out if name != UNCENSORED]
        every = pd.RangeIndex(len(time), name="row")
        self.risks_ = held_out[self._models].groupby(level="row").mean().reindex(every)
        states = self._outcome.states()
        n_event, n_censored = int((states == EVENT).sum()), int((states == CENSORED).sum())
        self.counts_ = {"event": n_event, "beyond": len(time) - n_event - n_censored, "censored": n_censored}
        compared = [model for model in self._models if model != ALONE]
        self.differences_ = pd.concat({model: self.compare(model) for model in compared}, names=["model"])

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Table,
        time: ArrayLike,
        event: ArrayLike,
        *,
        horizon: float,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Any, ...] | None = None,
        groups: ArrayLike | None = None,
        fused: BaseEstimator | str | None = "teacher",
        cv: Any = 5,
        n_repeats: int = 1,
        confidence: float = 0.95,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> SurvivalReport:
        """Fit all models on each split and score the risks of the held-out rows.

        Parameters
        ----------
        estimator : PairedDistiller or Pipeline
            The distiller, or a Pipeline that ends in one and has ``transform_input=["unlabeled_pairs"]``; it is cloned,
            not fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when the distiller's ``student_columns`` is set.
        time : array-like of shape (n_samples,)
            Time to the event or to censoring, of 0 or more. :func:`~skcmkd.survival.time_and_event` splits other forms
            of an outcome.
        event : array-like of shape (n_samples,)
            1 where the event was seen, 0 where the row was censored.
        horizon : float
            The risk is that of the event by this time; in the unit of time.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, as in ``PairedDistiller.fit``.
        unlabeled_pairs : tuple of tables, default=None
            Further pairs without an outcome, as in ``PairedDistiller.fit``; they go whole into every fit, less those of
            a group that is held out.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group are held out together, and counted together in standard errors.
        fused : estimator, "teacher" or None, default="teacher"
            Model of both tables side by side, as in :class:`DistillationReport`.
        cv : int or splitter, default=5
            Folds. A number of folds is shuffled and stratified by what is known at the horizon: event, none, censored.
        n_repeats : int, default=1
            Repeats of a number of folds, each shuffled anew. With three or more the interval against the
            control is of the expectation.
        confidence : float in (0, 1), default=0.95
            Probability of the intervals.
        n_jobs : int or None, default=None
            Splits in parallel; changes nothing but time.
        random_state : int, RandomState or None, default=None
            Seed of the folds, of the shuffled teacher, and of every part of the estimator whose own is None.
        verbose : int, default=0
            1 shows a progress bar.

        Returns
        -------
        SurvivalReport
            The report.

        Raises
        ------
        ValueError
            If time, event or horizon cannot be used (:func:`~skcmkd.survival.horizon_labels`), in all rows or in the
            training rows of a split, the estimator is no distiller of class labels, there is no teacher, tables and
            outcome differ in length, or there are fewer rows (or groups) than folds.
        """
        check_confidence(confidence)
        random = check_random_state(random_state)
        X = as_table(X)
        outcome = check_outcome(X, time, event, horizon)
        seed = draw_seed(random)
        estimator = set_random_states(clone(estimator), seed)
        models = make_survival_models(estimator, X, outcome, X_teacher, unlabeled_pairs, groups, fused)
        splits = make_splits(cv, n_repeats, models.data, random)
        results = cross_validate_risks(models, outcome, splits, random, n_jobs=n_jobs, verbose=bool(verbose))
        index = pd.RangeIndex(len(splits), name="split")
        selections = pd.DataFrame([result.choice for result in results], index=index)
        return cls(
            pd.concat([result.held_out for result in results], keys=index, names=["split", "row"]),
            pd.DataFrame([result.alphas for result in results], index=index)[[DISTILLED, SHUFFLED]],
            outcome.time,
            outcome.event,
            outcome.horizon,
            groups=models.data.groups,
            confidence=confidence,
            overlap_factor=splits_factor(splits),
            test_train_ratio=splits_ratio(splits),
            selections=None if selections.empty else selections,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row for each model.

        Returns
        -------
        DataFrame
            Index ``model``. ``n_rows`` predicted, ``alpha`` (mean over the folds), and for each score ``s``: ``s``,
            ``s_gain``, ``s_standard_error``, ``s_lower``, ``s_upper``, the last four as in ``differences_`` and NaN for
            the student alone.
        """
        rows = {}
        for model in self._models:
            values = score_model(self.held_out_, self._outcome, model)
            alpha = self.alphas_[model].mean() if model in self.alphas_ else np.nan
            row = {"n_rows": values["n_rows"], "alpha": alpha}
            for score in HIGHER_IS_BETTER:
                row[score] = values[score]
                for part in PARTS:
                    row[f"{score}_{part}"] = np.nan if model == ALONE else self.differences_[part].loc[(model, score)]
            rows[model] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")

    def verdict(
        self,
        *,
        student: str = "the student",
        teacher: str | None = None,
        event: str = "this event",
        group_unit: str = "groups",
    ) -> Verdict:
        """Decide what to do, by the Brier score and the intervals of ``confidence`` alone.

        The decisions are those of :meth:`DistillationReport.verdict`; the model that reads nothing is Kaplan-Meier,
        and rows count whether they were censored or not.

        Parameters
        ----------
        student : str, default="the student"
            Name of the student's modality in the sentences.
        teacher : str, default=None
            Name of the teacher's; None is the one most often kept in ``selections_``, or "the teacher".
        event : str, default="this event"
            What is predicted, in the sentences.
        group_unit : str, default="groups"
            What the groups are, in the plural, such as "patients".

        Returns
        -------
        Verdict
            With ``decision``, the ``line`` to act on and the ``reasons``; printed, a line each.
        """
        scored = self.risks_[ALONE].notna().to_numpy()
        evidence = Evidence(
            self.to_frame(),
            self._difference,
            self.decisive_score_,
            self.confidence,
            KAPLAN_MEIER,
            len(self.alphas_),
            count_fits_with_teacher(self.selections_, self.alphas_[DISTILLED]),
            len(np.unique(self._design.unit_ids[scored])),
            "rows with an outcome" if self.groups is None else group_unit,
            student,
            name_teacher(self.selections_) if teacher is None else teacher,
            target=f"{event} by {self.horizon:g}",
            baseline_text="Kaplan-Meier, the same risk for all",
        )
        return make_verdict(evidence)

    def compare(self, model: str, base: str = ALONE) -> pd.DataFrame:
        """Compare two of the models on the rows that both predicted.

        ``compare("distilled", "Kaplan-Meier")`` is what the student is worth.

        Parameters
        ----------
        model : str
            Name of a model.
        base : str, default="student alone"
            Name of the model that it is compared with.

        Returns
        -------
        DataFrame
            Index ``score``, columns as in ``differences_``.

        Raises
        ------
        ValueError
            If the report has no model of that name.
        """
        check_choice("model", model, self._models)
        check_choice("base", base, self._models)
        return compare_models(self.held_out_, self._outcome, model, base, self._design)

    def plot(self, score: str = "brier", ax: Any = None) -> SurvivalReport:
        """Draw each model's gain over the student alone with its interval.

        Parameters
        ----------
        score : {"brier", "auc", "uno_c", "harrell_c"}, default="brier"
            The score.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        SurvivalReport
            The report itself.

        Raises
        ------
        ValueError
            If there is no such score.
        """
        check_choice("score", score, list(HIGHER_IS_BETTER))
        alone = score_model(self.held_out_, self._outcome, ALONE)[score]
        ax = plot_gains(self.differences_, score, alone, ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def plot_risk_groups(
        self, model: str = DISTILLED, *, n_groups: int = 2, xlabel: str = "time", ax: Any = None
    ) -> KaplanMeierDisplay:
        """Draw Kaplan-Meier curves of the groups that a model tells apart, by its held-out risks.

        Parameters
        ----------
        model : str, default="distilled"
            Name of a model.
        n_groups : int, default=2
            Number of groups of equal size by risk.
        xlabel : str, default="time"
            Label of the time axis, with the unit.
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.

        Returns
        -------
        KaplanMeierDisplay
            The display.

        Raises
        ------
        ValueError
            If the report has no model of that name, or a group would be empty.
        """
        check_choice("model", model, self._models)
        return KaplanMeierDisplay.from_predictions(
            self.time,
            self.event,
            self.risks_[model],
            groups=self.groups,
            n_groups=n_groups,
            horizon=self.horizon,
            confidence=self.confidence,
            xlabel=xlabel,
            ax=ax,
        )

    def _difference(self, model: str, base: str, score: str | None = None) -> dict[str, float]:
        row = pd.Series(self.compare(model, base).loc[score or self.decisive_score_])
        return {part: float(row[part]) for part in ("n_rows", *PARTS)}

    def __repr__(self) -> str:
        return format_survival_report(self.to_frame(), self.counts_, self.horizon, self.confidence)
