"""DistillationReport: what distilling brings on a table, by cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state

from .._model_selection._intervals import MODELS
from .._model_selection._pipelines import final_estimator
from .._validation._sklearn import ArrayLike, check_choice, check_confidence, draw_seed, set_random_states
from .._validation._tables import Table
from ._baseline import class_metrics, name_baseline, with_baseline
from ._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER, cross_validate_models, make_splits
from ._estimators import check_accepted, check_estimator, make_models
from ._input import check_report_data
from ._plot import format_report, plot_report
from ._scores import (
    DIFFERENCE,
    Design,
    add_r2,
    collect_row_scores,
    compares_splits,
    mean_agreement,
    paired_difference,
    per_class_differences,
    splits_factor,
    splits_ratio,
)
from ._unpaired import score_teacher
from ._verdict import Evidence, Verdict, count_fits_with_teacher, make_verdict, name_teacher


class DistillationReport:
    """What did distilling bring on my data? Several models on the same folds, against the student alone.

    Each model is scored on held-out rows. For a score s the gain of a model m over the student alone is::

        gain_m = mean_i sign_s (s_i(m) - s_i(alone)),    se_m^2 = Var_i(s_i(m) - s_i(alone)) / n (1 + n/n_train)

    over the n rows i where both were scored, by splits with n_train training rows, with the sign that makes more
    better: **a positive gain is always an improvement**. The models:

    - ``majority class`` (``mean`` of a continuous target): the baseline, which reads nothing. The class shares of the
      training rows of each split and their largest class, on the rows of the student alone;
    - ``student alone``: the distiller without its teacher; for unpaired cohorts the labels alone;
    - ``distilled``: the distiller;
    - ``teacher``: its teacher on the rows that have the teacher's modality; several teachers are pooled as the
      distiller pools them. For unpaired cohorts the teacher on held-out rows of its own cohort, without a gain;
    - ``fused``: the teacher's model on both tables side by side, on the rows that have both; none for unpaired cohorts;
    - ``shuffled teacher``: the control. The distiller with the teacher's observed rows in random order, those of
      unlabeled pairs or of the bridge too. What remains of the gain here does not come from the
      teacher's information about the label: any soft targets smooth the labels.

    Of a Pipeline the steps before the distiller are fitted to the training rows of each split, once for all models.

    Make it with :meth:`from_estimator`, and begin with its :meth:`verdict`.

    Parameters
    ----------
    row_scores : DataFrame of shape (n_samples, n_models * n_scores)
        Scores of each held-out row; columns (model, score).
    row_agreement : DataFrame of shape (n_samples, n_models * n_measures) or None
        Agreement with the teacher on each row; columns (model, measure). None where no row has the teacher's modality.
    alphas : DataFrame
        ``alphas_``.
    y : ndarray of shape (n_samples,)
        Class labels, or a continuous target.
    classes : ndarray of shape (n_classes,), default=None
        Sorted classes; None for a continuous target.
    groups : ndarray of shape (n_samples,), default=None
        Groups of rows that may depend on each other; None takes each row as independent.
    confidence : float in (0, 1), default=0.95
        Probability of the intervals.
    overlap_factor : float, default=1
        Factor sqrt(1 + n/n_train) of the splits; 1 leaves out that they share training rows.
    test_train_ratio : float, default=0
        Held-out rows of a split for each of its training rows, n_test/n_train.
    split_scores : DataFrame of shape (n_splits, n_models * n_scores), default=None
        Mean scores over the held-out rows of each split; columns (model, score). Without them the gain over the control
        has an interval from the rows as all others have.
    selections : DataFrame, default=None
        ``selections_``.
    teacher_scores : DataFrame of shape (n_teacher_samples, n_scores), default=None
        ``teacher_scores_``.
    class_metrics : DataFrame, default=None
        ``class_metrics_``.

    Attributes
    ----------
    differences_ : DataFrame
        Index ``model``, ``score``. ``n_rows``, ``gain``, ``standard_error``, ``lower``, ``upper``, and the shares of
        rows that the model scores ``frac_better`` and ``frac_worse`` than the student alone. Scores of classes:
        ``accuracy``, ``log_loss`` in nats, ``brier`` (|onehot(y) - p|^2, 0 to 2). Of a continuous target: ``r2``,
        ``squared_error``.
    class_metrics_ : DataFrame or None
        Index ``model``. ``balanced_accuracy``, the mean recall of the classes, and ``roc_auc``, the share of pairs of
        rows of different classes, held out by the same split, that the model puts in order; of more than two classes
        the mean of one class against the rest. None for a continuous target.
    estimand_ : str
        What the intervals are of: "the models as trained". With ``n_repeats=3`` or more that of the distilled student
        against the shuffled teacher (``compare``, ``verdict``) is of the expectation at this sample size.
    decisive_score_ : {"brier", "accuracy", "r2"}
        The score of the verdict: the Brier score, by which ``alpha="auto"`` is chosen, too; accuracy where the student
        has no probabilities; R^2 of a continuous target.
    per_class_ : DataFrame or None
        Index ``model``, ``class``. ``n_rows`` of the class, ``recall``, ``log_loss`` (nats) and ``brier`` in it, and
        for each the gain over the student alone with standard error and interval. None for a continuous target.
    agreement_ : DataFrame or None
        Index ``model``. ``n_rows`` that have a teacher; ``same_prediction``, the share where model and teacher predict
        alike, and ``kl``, the mean KL(teacher || model) in nats; of a continuous target
        ``root_mean_squared_difference``. None for unpaired cohorts.
    alphas_ : DataFrame
        Index ``split``; the teacher's weight in each of them, columns ``distilled`` and ``shuffled teacher``. NaN for
        unpaired cohorts.
    selections_ : DataFrame or None
        Index ``split``; what was chosen on the training rows. With a CCHSelector before the distiller ``teacher``, the
        kept teachers, or the best candidate where none is kept, and whether it was ``kept``; the row ``teacher`` is
        about this one. For unpaired cohorts ``training_mode``, ``alignment`` and ``used_bridge``. None otherwise.
    row_scores_ : DataFrame of shape (n_samples, n_models * n_scores)
        Scores of each held-out row, averaged over repeats; columns ``model``, ``score``. NaN where a model has none.
    teacher_scores_ : DataFrame of shape (n_teacher_samples, n_scores) or None
        For unpaired cohorts the teacher's scores on held-out rows of its own cohort.
    n_without_teacher_ : int
        Held-out rows without the teacher's modality: not part of ``teacher`` and ``fused``.
    axes_ : ndarray of matplotlib Axes of shape (n_rows, n_scores)
        Where it was drawn, after ``plot``.
    figure_ : matplotlib Figure
        The figure that holds them.

    See Also
    --------
    CCHSelector : Decides beforehand which modality should teach.
    PairedDistiller, UnpairedDistiller : The distillers.

    Notes
    -----
    A row's scores are averaged over repeats before anything else, so that rows are counted and not predictions; with
    ``groups`` the standard error is that of a mean over clusters. Training sets of two folds share rows, so that the
    variance which comes with them does not show between the held-out rows: the factor 1 + n/n_train is Nadeau and
    Bengio's, 9/4 for five folds. An interval is of the gain of the models as trained here, not of the two modalities
    with any number of rows.

    Whether the *teacher* brings the gain is a question beyond these models: with a teacher that knows nothing the
    distilled student and the control are two draws of one model, and one of them is the better one. With J = 15 splits
    or more, ``n_repeats=3`` of five folds, their difference has the corrected resampled t interval of its means g_j
    over the splits, se^2 = Var_j(g_j) (1/J + n_test/n_train), which shows what varies with the training. Fewer splits
    leave it too few degrees of freedom. How often all intervals hold what they are of is measured in
    ``benchmarks/interval_coverage``.

    A class that a training fold lacks gets the probability of one row among those fitted to. Log-losses are cut at
    the resolution of double precision, 36 nats, as in scikit-learn. A student without ``predict_proba`` has NaN in all
    scores but accuracy.

    The control has the weight that the distilled student took in the same fold. A student that is too weakly
    regularized gains from any soft targets: tune it alone first.

    References
    ----------
    Bates, Hastie, Tibshirani. Cross-validation: what does it estimate and how well does it do it? JASA 2024, section 3.
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52, 2003.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import DistillationReport, PairedDistiller
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(300, random_state=0)
    >>> distiller = PairedDistiller(
    ...     LogisticRegression(), LogisticRegression(), student_columns=drawn.modalities["student"], alpha=0.5
    ... )
    >>> report = DistillationReport.from_estimator(distiller, drawn.data, drawn.target, random_state=0)
    >>> list(report.to_frame().index)
    ['majority class', 'student alone', 'distilled', 'teacher', 'fused', 'shuffled teacher']
    >>> report.differences_["n_rows"].unique()
    array([300])
    >>> report.verdict().decision
    'undecided'
    """

    def __init__(
        self,
        row_scores: pd.DataFrame,
        row_agreement: pd.DataFrame | None,
        alphas: pd.DataFrame,
        y: np.ndarray,
        *,
        classes: np.ndarray | None = None,
        groups: np.ndarray | None = None,
        confidence: float = 0.95,
        overlap_factor: float = 1.0,
        test_train_ratio: float = 0.0,
        split_scores: pd.DataFrame | None = None,
        selections: pd.DataFrame | None = None,
        teacher_scores: pd.DataFrame | None = None,
        class_metrics: pd.DataFrame | None = None,
    ) -> None:
        self.row_scores_ = row_scores
        self.row_agreement = row_agreement
        self.alphas_ = alphas
        self.y = y
        self.classes = classes
        self.groups = groups
        self.confidence = confidence
        self.overlap_factor = overlap_factor
        self.test_train_ratio = test_train_ratio
        self.split_scores = split_scores
        self.selections_ = selections
        self.teacher_scores_ = teacher_scores
        self.class_metrics_ = class_metrics
        self._models = list(dict.fromkeys(row_scores.columns.get_level_values("model")))
        units = np.arange(len(y)) if groups is None else groups
        self._design = Design(units, confidence, overlap_factor, test_train_ratio)
        self.estimand_ = MODELS
        self._scores = ["r2", "squared_error"] if classes is None else ["accuracy", "log_loss", "brier"]
        has_proba = classes is not None and row_scores[ALONE, "brier"].notna().any()
        self.decisive_score_ = "r2" if classes is None else "brier" if has_proba else "accuracy"
        scored = row_scores.notna().T.groupby(level="model").any().T
        self.n_without_teacher_ = int((scored[ALONE] & ~scored.get(TEACHER, False)).sum())
        compared = [model for model in self._models if model != ALONE]
        self.differences_ = pd.concat({model: self.compare(model) for model in compared}, names=["model"])
        self.per_class_ = None if classes is None else per_class_differences(row_scores, y, classes, self._design)
        self.agreement_ = None if row_agreement is None else mean_agreement(row_agreement)

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: Table,
        y: ArrayLike,
        *,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Any, ...] | None = None,
        teacher_data: tuple[Any, ...] | None = None,
        unlabeled: tuple[Any, ...] | None = None,
        bridge: tuple[Any, ...] | None = None,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        fused: BaseEstimator | str | None = "teacher",
        cv: Any = 5,
        n_repeats: int = 1,
        confidence: float = 0.95,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> DistillationReport:
        """Fit all models on each split and score them on the held-out rows.

        Parameters
        ----------
        estimator : PairedDistiller, PairedDistillerRegressor, Pipeline or UnpairedDistiller
            The distiller, or a Pipeline that ends in one of paired tables; it is cloned, not fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when the distiller's ``student_columns`` is set.
        y : array-like of shape (n_samples,)
            Class labels, or a continuous target.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, as in ``PairedDistiller.fit``.
        unlabeled_pairs : tuple of tables, default=None
            Unlabeled pairs, as in ``PairedDistiller.fit``; they go whole into every fit, less those of a group
            that is held out. Of a Pipeline they pass the steps before the distiller
            (``transform_input=["unlabeled_pairs"]``), to those that request them; unlike in its ``fit`` the tuple may
            name groups.
        teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups), default=None
            The teacher's own cohort, as in ``UnpairedDistiller.fit``; it goes whole into every fit.
        unlabeled, bridge : tuple, default=None
            As in ``UnpairedDistiller.fit``; they go whole into every fit, less rows of a group that is held out.
        sample_weight : array-like of shape (n_samples,), default=None
            Row weights for every fit that takes them. Scores are not weighted.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group are held out together, and counted together in standard errors. Steps of a Pipeline get
            them if they request them.
        fused : estimator, "teacher" or None, default="teacher"
            Model of both tables side by side, the teacher's columns first; "teacher" is a copy of the distiller's
            teacher; there is none where that is frozen, a dict, or reads both already. None leaves it out.
        cv : int or splitter, default=5
            Folds. A number of folds is shuffled and stratified by class; rows that a splitter holds out several times
            are averaged, rows that it never holds out are not scored.
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
        DistillationReport
            The report.

        Raises
        ------
        ValueError
            If the estimator is no distiller, its ``fit`` does not take a table or tuple, there is no teacher, tables
            and labels differ in length, there are fewer rows (or groups) than folds, a step of a Pipeline has no
            request set for groups, weights or unlabeled pairs, or a model cannot be fitted to a fold.
        """
        check_estimator(estimator)
        check_confidence(confidence)
        random = check_random_state(random_state)
        estimator = set_random_states(clone(estimator), draw_seed(random))
        distiller = final_estimator(estimator)
        tables = {"X_teacher": X_teacher, "unlabeled_pairs": unlabeled_pairs}
        tables |= {"teacher_data": teacher_data, "unlabeled": unlabeled, "bridge": bridge}
        check_accepted(distiller, tables | {"sample_weight": sample_weight})
        data = check_report_data(distiller, X, y, sample_weight, groups)
        models = make_models(estimator, data, fused, **tables)
        splits = make_splits(cv, n_repeats, data, random)
        results = cross_validate_models(models, splits, random, n_jobs=n_jobs, verbose=bool(verbose))
        predictions = with_baseline(results, splits, data)
        rows, agreement, alphas, split_scores = collect_row_scores(data.y, predictions, data.classes)
        metrics = None if data.classes is None else class_metrics(data.y, predictions, data.classes, rows)
        teacher_scores = None
        if teacher_data is not None:
            teacher_scores, of_teacher = score_teacher(distiller, teacher_data, cv, n_repeats, random)
            metrics = pd.concat([metrics, of_teacher])
        index = pd.RangeIndex(len(splits), name="split")
        selections = pd.DataFrame([result.choice for result in results], index=index)
        return cls(
            rows,
            agreement,
            pd.DataFrame(alphas, index=index)[[DISTILLED, SHUFFLED]],
            data.y,
            classes=data.classes,
            groups=data.groups,
            confidence=confidence,
            overlap_factor=splits_factor(splits),
            test_train_ratio=splits_ratio(splits),
            split_scores=split_scores,
            selections=None if selections.empty else selections,
            teacher_scores=teacher_scores,
            class_metrics=metrics,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row for each model.

        Returns
        -------
        DataFrame
            Index ``model``. ``n_rows`` scored, ``alpha`` (mean over the folds), and for each score ``s``: ``s``,
            ``s_gain``, ``s_standard_error``, ``s_lower``, ``s_upper``, ``s_frac_better``, ``s_frac_worse``, the last
            six as in ``differences_`` and NaN for the student alone, and for the teacher of an unpaired cohort. The
            mean is over the rows that the model was scored on, the gain over those of them where the student alone
            was. Then the columns of ``class_metrics_``, if there are any.
        """
        rows = {}
        for model in self._models:
            scored = self._with_r2(model)[0][model]
            row = {
                "n_rows": int(scored.notna().any(axis=1).sum()),
                "alpha": self.alphas_[model].mean() if model in self.alphas_ else np.nan,
            }
            for score in self._scores:
                row[score] = scored[score].mean()
                for part in DIFFERENCE:
                    row[f"{score}_{part}"] = np.nan if model == ALONE else self.differences_.loc[(model, score), part]
            rows[model] = row
            if model == DISTILLED and self.teacher_scores_ is not None:
                means = self.teacher_scores_.mean()
                rows[TEACHER] = {**dict.fromkeys(row, np.nan), **means, "n_rows": len(self.teacher_scores_)}
        frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")
        return frame if self.class_metrics_ is None else frame.join(self.class_metrics_)

    def verdict(
        self, *, student: str = "the student", teacher: str | None = None, group_unit: str = "groups"
    ) -> Verdict:
        """Decide what to do, by ``decisive_score_`` and the intervals of ``confidence`` alone.

        - "not predicted": neither the student alone nor the distilled one is shown to be better than the baseline;
        - "distil": the gain over the student alone is above zero, and so is that over the shuffled teacher;
        - "student alone": one of them is below zero, the teacher was used in less than half of the fits, or ten times
          the rows would not show a gain;
        - "undecided": otherwise. With n independent rows, or groups, a gain g and an interval of half-width h, about
          n ((h / g)^2 - 1) more would tell: widths fall as 1 / sqrt(n).

        Parameters
        ----------
        student : str, default="the student"
            Name of the student's modality in the sentences.
        teacher : str, default=None
            Name of the teacher's; None is the one most often kept in ``selections_``, or "the teacher".
        group_unit : str, default="groups"
            What the groups are, in the plural, such as "patients".

        Returns
        -------
        Verdict
            With ``decision``, the ``line`` to act on and the ``reasons``; printed, a line each.

        Raises
        ------
        ValueError
            If the report was made without the baseline.
        """
        baseline = name_baseline(self.classes)
        check_choice("base", baseline, self._models)
        scored = self.row_scores_[ALONE].notna().to_numpy().any(axis=1)
        unit = "labeled rows" if self.row_agreement is None else "labeled pairs"
        evidence = Evidence(
            self.to_frame(),
            self._difference,
            self.decisive_score_,
            self.confidence,
            baseline,
            len(self.alphas_),
            count_fits_with_teacher(self.selections_, self.alphas_[DISTILLED]),
            len(np.unique(self._design.unit_ids[scored])),
            unit if self.groups is None else group_unit,
            student,
            name_teacher(self.selections_) if teacher is None else teacher,
        )
        return make_verdict(evidence)

    def compare(self, model: str, base: str = ALONE) -> pd.DataFrame:
        """Compare two of the models on the rows where both were scored.

        ``compare("distilled", "shuffled teacher")`` is the part of the gain that comes from the teacher's information:
        with ``n_repeats=3`` or more the expectation at this sample size, by the corrected resampled t interval. All
        other intervals are of the models as trained.

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
        result = {score: self._difference(model, base, score) for score in self._scores}
        return pd.DataFrame.from_dict(result, orient="index").rename_axis("score")

    def plot(self, axes: Any = None) -> DistillationReport:
        """Draw each model's gain over the student alone with its interval and, for classes, each class's gain.

        Parameters
        ----------
        axes : ndarray of matplotlib Axes of shape (n_rows, n_scores), default=None
            Where to draw; None makes a figure. The upper row has the models, the lower the classes of the distilled
            student; a column for each score (one when the student has no probabilities).

        Returns
        -------
        DistillationReport
            The report itself.
        """
        self.axes_ = plot_report(self.to_frame(), self.per_class_, self.confidence, axes)
        self.figure_ = self.axes_.flat[0].figure
        return self

    def __repr__(self) -> str:
        head = f"{self.verdict().line}\n" if name_baseline(self.classes) in self._models else ""
        return head + format_report(self.to_frame(), self.confidence)

    def _difference(self, model: str, base: str, score: str | None = None) -> dict[str, float]:
        rows, of_splits = self._with_r2(model, base)
        score = score or self.decisive_score_
        by_splits = of_splits if compares_splits(model, base, len(self.alphas_)) else None
        return paired_difference(rows, model, score, self._design, base, of_splits=by_splits)

    def _with_r2(self, *models: str) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Scores of rows and of splits."""
        if self.classes is not None:
            return self.row_scores_, self.split_scores
        return add_r2(self.row_scores_, models, self.y, self.split_scores)
