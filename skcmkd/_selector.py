"""CCHSelector: which modality should teach the student, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from ._criteria import DISTIL, FIGURE_OF, UNDECIDED, Informations, measure_informations, subsample, subsampling_interval
from ._cross_fitting import assign_folds, predict_left_out
from ._progress import track
from ._validation import (
    ArrayLike,
    Columns,
    HasMethods,
    Interval,
    StrOptions,
    Table,
    as_codes,
    as_table,
    check_choice,
    check_feature_names_in,
    check_labels,
    check_modalities,
    check_numbers,
    check_same_index,
    check_text_columns,
    check_values,
    draw_seed,
    drop_teacher_columns,
    feature_names,
    keep_earlier_fit,
    measured_rows,
    n_columns_of,
    set_seeds,
    take_columns,
)
from .information import make_label_classifier

# Each half of the rows must still fill the folds of the estimator.
FEWEST_ROWS = {"classifier": 4, "cca": 20}


# The output follows the table that was given; scikit-learn's wrapper would name columns that are not there.
class CCHSelector(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Choose the modality that should teach the student's, and keep its columns beside the student's.

    For each candidate teacher T and the student S, with H the class scores that a classifier of one modality
    gives to rows it has not seen, compute::

        gap = I(H_T; H_S) - I(H_S; Y)          (the Cross-modal Complementarity Hypothesis)
        advantage = I(H_T; Y) - I(H_S; Y)

    in nats, each with a subsampling interval, and decide: ``distil`` when the criterion's interval lies above zero,
    ``do not distil`` when it lies below, else ``undecided``.

    Parameters
    ----------
    modalities : dict of str to columns
        Name of each modality to its columns in X: names, positions, a slice, a boolean mask, or a callable such as
        ``make_column_selector``. Modalities must not overlap; columns in none of them are ignored.
    student : str
        The modality that is there when predicting. All others are candidate teachers.
    criterion : {"advantage", "cch"}, default="advantage"
        What decides. "cch" is the published rule, the gap. It ranks teachers well, but with class scores its zero is
        so cautious that it almost always refuses; the advantage predicted the realised gain better on six views
        of digits. ``results_`` shows both.
    mutual_information : {"classifier", "cca"}, default="classifier"
        Estimator of all three informations: "classifier" from the log-loss and the joint of class probabilities,
        "cca" from held-out canonical correlations of their log-ratio coordinates.
    encoder : classifier with ``predict_proba``, default=None
        Model of one modality. None is median imputation, standardisation and a logistic regression whose penalty
        is chosen inside each training fold.
    on_undecided : {"drop", "keep"}, default="drop"
        Whether the best candidate is kept when its decision is ``undecided``.
    cv : int or splitter, default=5
        Folds for the class scores.
    n_subsamples : int, default=200
        Random halves of the rows that the intervals are made of.
    confidence : float, default=0.9
        Confidence of the intervals.
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of the subsamples, and of an encoder whose own ``random_state`` is None.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    results_ : DataFrame of shape (n_candidates, 16)
        One row per candidate, best criterion first: ``n_rows`` (rows where both modalities were measured),
        ``teacher_student``, ``student_label``, ``teacher_label`` (informations, nats), ``gap`` and ``advantage``, each
        with ``_standard_error``, ``_lower``, ``_upper`` and ``_probability`` (of being positive), ``decision``,
        ``kept``.
    teachers_ : list of str
        The kept teacher, or nothing.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X in fit, when it had string names.

    Raises
    ------
    ValueError
        If a modality is unknown, empty or overlaps another, the label has one class, or there are fewer rows than
        folds.

    See Also
    --------
    PairedDistiller : Trains the student from the table that this selector gives.

    Notes
    -----
    Behind the selector columns have other positions: the student's are the first. Name a distiller's
    ``student_columns`` by name, or, with arrays, as ``slice(0, n_student)``.

    A row whose values of a modality are all missing was not measured: a candidate is judged on the rows where it
    and the student were both measured. The intervals hold the error of measuring on a finite number of rows;
    the classifiers are not trained anew for each subsample.

    References
    ----------
    Xie, Xu, Sanguinetti. Information-Theoretic Criteria for Knowledge Distillation in Multimodal Learning. arXiv
    2510.13182 (the gap).

    Examples
    --------
    >>> from skcmkd import CCHSelector
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(300, random_state=0)
    >>> selector = CCHSelector(drawn.modalities, student="student", random_state=0)
    >>> selector.fit(drawn.data, drawn.target).results_.loc["teacher", "decision"]
    'distil'
    >>> selector.transform(drawn.data).shape
    (300, 32)
    """

    def __init__(
        self,
        modalities: Mapping[str, Columns],
        student: str,
        *,
        criterion: str = "advantage",
        mutual_information: str = "classifier",
        encoder: BaseEstimator | None = None,
        on_undecided: str = "drop",
        cv: Any = 5,
        n_subsamples: int = 200,
        confidence: float = 0.9,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.modalities = modalities
        self.student = student
        self.criterion = criterion
        self.mutual_information = mutual_information
        self.encoder = encoder
        self.on_undecided = on_undecided
        self.cv = cv
        self.n_subsamples = n_subsamples
        self.confidence = confidence
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "criterion": [StrOptions(set(FIGURE_OF))],
        "mutual_information": [StrOptions({"classifier", "cca"})],
        "encoder": [HasMethods(["fit", "predict_proba"]), None],
        "on_undecided": [StrOptions({"drop", "keep"})],
        "cv": ["cv_object"],
        "n_subsamples": [Interval(Integral, 2, None, closed="left")],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def fit(self, X: Table, y: ArrayLike) -> CCHSelector:
        """Measure every candidate teacher and decide.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            All modalities side by side.
        y : array-like of shape (n_samples,)
            Class labels.

        Returns
        -------
        CCHSelector
            The selector itself.
        """
        with keep_earlier_fit(self):
            self._validate_params()
            X = as_table(X, estimator=self, sparse=False)
            validate_data(self, X, y, skip_check_array=True)
            check_same_index(X, y, "y")
            y = check_labels(y)
            check_consistent_length(X, y)
            self.classes_, codes = as_codes(y)
            positions = check_modalities(X, self.modalities, self.student)
            rng = check_random_state(self.random_state)
            seed = draw_seed(rng)
            encoder = self.encoder if self.encoder is not None else make_label_classifier()
            tables = {name: take_columns(X, columns) for name, columns in positions.items()}
            for name, table in tables.items():
                if self.encoder is None:
                    check_numbers(table, f"modality {name!r}", "encoder")
                else:
                    check_text_columns(table, encoder, f"modality {name!r}", "encoder")
                check_values(table, f"modality {name!r}")
                if not measured_rows(table).any():
                    raise ValueError(
                        f"Modality {name!r} is missing in all {len(y)} rows: nothing to measure. Leave it out of "
                        "modalities."
                    )
            proba = self._out_of_fold_proba(tables, y, encoder, seed)
            self.results_ = self._judge(proba, codes, seed)
            self._choose(positions)
        return self

    def transform(self, X: Table) -> Table:
        """Keep the student's columns, first and in their order, and then the kept teacher's.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table as in fit; with column names, the teachers' columns may all be absent, as they are for
            tomorrow's samples. An array may hold the student's columns alone.

        Returns
        -------
        DataFrame or array of shape (n_samples, n_kept)
            The kept columns; a DataFrame when X is one.
        """
        check_is_fitted(self)
        X = as_table(X, estimator=self, sparse=False)
        kept = self._kept_positions
        names, present = getattr(self, "feature_names_in_", None), feature_names(X)
        if names is not None and present is not None:
            student_names, there = names[self._student_positions], set(present)
            if not there.issuperset(names) and there.issuperset(student_names):
                return drop_teacher_columns(X, student_names)
        elif n_columns_of(X) == len(self._student_positions) < self.n_features_in_:
            return self._as_wanted(X, self._student_positions)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._as_wanted(take_columns(X, kept), kept)

    def set_output(self, *, transform: str | None = None) -> CCHSelector:
        """Choose what ``transform`` gives for an array; a DataFrame always gives a DataFrame.

        Parameters
        ----------
        transform : {"default", "pandas"}, default=None
            "pandas" gives a DataFrame also for an array; None changes nothing.

        Returns
        -------
        CCHSelector
            The selector itself.
        """
        if transform is not None:
            check_choice("transform", transform, ["default", "pandas"])
            self._output = transform
        return self

    def _as_wanted(self, table: Table, positions: np.ndarray) -> Table:
        wanted = getattr(self, "_output", get_config()["transform_output"])
        if wanted == "pandas" and not hasattr(table, "columns"):
            return pd.DataFrame(table, columns=check_feature_names_in(self, None)[positions])
        return table

    def get_support(self, indices: bool = False) -> np.ndarray:
        """Mask of the columns of X that are kept, or their positions in the order of the output.

        Parameters
        ----------
        indices : bool, default=False
            True gives positions.

        Returns
        -------
        ndarray of shape (n_features,) or (n_kept,)
            The mask or the positions.
        """
        check_is_fitted(self)
        if indices:
            return self._kept_positions.copy()
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[self._kept_positions] = True
        return mask

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Names of the kept columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X; needed only where fit saw none and other names than x0, x1, ... are wished.

        Returns
        -------
        ndarray of shape (n_kept,)
            The names, in the order of the output.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return names[self._kept_positions]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _out_of_fold_proba(
        self, tables: dict[str, Table], y: np.ndarray, encoder: BaseEstimator, seed: int
    ) -> dict[str, np.ndarray]:
        """Class probabilities of each modality's measured rows by models that have not seen them, else NaN."""
        fold_of = assign_folds(self.cv, y)
        encoder = set_seeds(clone(encoder), seed)
        measured = {name: measured_rows(table) for name, table in tables.items()}
        jobs = [(name, fold) for name in tables for fold in range(fold_of.max() + 1)]
        fits = Parallel(n_jobs=self.n_jobs, return_as="generator")(
            delayed(_unseen_proba)(encoder, tables[name], y, measured[name], fold_of, [fold], self.classes_)
            for name, fold in jobs
        )
        proba = {name: np.full((len(y), len(self.classes_)), np.nan) for name in tables}
        fits = track(fits, len(jobs), "class scores", show=bool(self.verbose))
        for (name, _), (rows, unseen) in zip(jobs, fits, strict=True):
            proba[name][rows] = unseen
        return proba

    def _judge(self, proba: dict[str, np.ndarray], codes: np.ndarray, seed: int) -> pd.DataFrame:
        """One row per candidate: informations, gap, advantage, their intervals and the decision."""
        student = proba[self.student]
        rows = {}
        for name, teacher in proba.items():
            if name == self.student:
                continue
            both = np.flatnonzero(~np.isnan(teacher).any(axis=1) & ~np.isnan(student).any(axis=1))
            least = FEWEST_ROWS[self.mutual_information]
            if len(both) < least:
                raise ValueError(
                    f"Only {len(both)} rows have both the student {self.student!r} and {name!r} measured; to judge a "
                    f"candidate by {self.mutual_information!r} takes at least {least}, and many more for a decision. "
                    "Leave it out of modalities."
                )

            measure = partial(
                measure_informations, teacher[both], student[both], codes[both], self.mutual_information, seed
            )
            whole = measure(np.arange(len(both)))
            halves = subsample(
                partial(_gap_and_advantage, measure), len(both), self.n_subsamples, np.random.RandomState(seed)
            )
            row: dict[str, Any] = {
                "n_rows": len(both),
                "teacher_student": whole.teacher_student,
                "student_label": whole.student_label,
                "teacher_label": whole.teacher_label,
            }
            intervals = {}
            for position, figure in enumerate(("gap", "advantage")):
                found = subsampling_interval(getattr(whole, figure), halves[:, position], len(both), self.confidence)
                intervals[figure] = found
                row |= {
                    figure: found.value,
                    f"{figure}_standard_error": found.standard_error,
                    f"{figure}_lower": found.lower,
                    f"{figure}_upper": found.upper,
                    f"{figure}_probability": found.probability_positive,
                }
            row["decision"] = intervals[self._figure].decision
            rows[name] = row
        results = pd.DataFrame.from_dict(rows, orient="index").rename_axis("teacher")
        return results.sort_values(self._figure, ascending=False, kind="stable")

    @property
    def _figure(self) -> str:
        return FIGURE_OF[self.criterion]

    def _choose(self, positions: dict[str, np.ndarray]) -> None:
        """Keep the best of the candidates that are decided for, or, if told to, of the undecided."""
        decision = self.results_["decision"]
        accepted = decision.index[decision == DISTIL]
        if self.on_undecided == "keep" and accepted.empty:
            accepted = decision.index[decision == UNDECIDED]
        self.teachers_ = list(accepted[:1])
        self.results_["kept"] = self.results_.index.isin(self.teachers_)
        self._student_positions = positions[self.student]
        self._kept_positions = np.concatenate([positions[name] for name in [self.student, *self.teachers_]])


def _gap_and_advantage(measure: Callable[[np.ndarray], Informations], rows: np.ndarray) -> tuple[float, float]:
    found = measure(rows)
    return found.gap, found.advantage


def _unseen_proba(*given: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows and probabilities without the model, which would only be carried back from its process."""
    return predict_left_out(*given)[1:]
