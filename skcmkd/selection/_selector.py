"""CCHSelector: which modality should teach the student, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._utils._doc_link import DocLinkMixin
from .._validation._array_checks import check_columns_of_fit
from .._validation._columns import Columns, select_student_columns
from .._validation._dataframes import is_frame, to_output_container
from .._validation._sklearn import (
    N_JOBS,
    ArrayLike,
    HasMethods,
    Interval,
    StrOptions,
    check_choice,
    check_feature_names_in,
    feature_names,
    n_features,
    restore_on_error,
)
from .._validation._tables import Table, as_table, take_columns
from ..information import ESTIMATORS
from ._candidates import make_candidates
from ._criteria import METRIC_OF_CRITERION
from ._prepare import prepare_selection
from ._ranking import rank_candidates, select_teachers


# The output follows the table that was given; scikit-learn's wrapper would name columns that are not there.
class CCHSelector(DocLinkMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Choose the modality that should teach the student's, and keep its columns beside the student's.

    For each candidate teacher T and the student S, with H what a model of one modality makes of rows it has not seen
    (class scores, a predicted quantity, or an embedding), compute::

        gap = I(H_T; H_S) - I(H_S; Y)
        advantage = I(H_T; Y) - I(H_S; Y)

    in nats, the first being the Cross-modal Complementarity Hypothesis, each with a subsampling interval, and decide:
    ``distil`` when the criterion's interval lies above zero, ``do not distil`` when it lies below, else ``undecided``.

    Parameters
    ----------
    modalities : dict of str to columns
        Name of each modality to its columns in X: names, positions, a slice, a boolean mask, or a callable such as
        ``make_column_selector``. Modalities must not overlap; columns in none of them are ignored.
    student : str
        The modality that is there when predicting. All others are candidate teachers.
    criterion : {"advantage", "cch", "residual", "risk"} or callable, default="advantage"
        What decides, where positive:

        - "advantage": the teacher knows more about the label than the student does.
        - "cch": the gap, the published rule.
        - "residual": 1 - r Cov(e, u) / Var(e) of a linear student, with e and u what its table cannot explain of the
          label and of the teacher, and r the labelled share of the rows: above 0 a small enough weight helps.
        - "risk": the share of a linear student's excess risk that the weight 1/2 is predicted to save, where the
          teacher's systematic disagreement counts too. Any teacher smooths such a student, so this is positive for
          most: its sign is a weak reason to distil.
        - a callable: takes a dict of the figures of one candidate (the columns of ``results_`` from
          ``teacher_student`` to ``risk_reduction``) and gives a number.

        ``results_`` shows them all.
    mutual_information : str or callable, default="auto"
        Estimator of all three informations: "classifier" (log-loss and joint of class probabilities), the name of
        another estimator of ``mutual_information``, or a callable ``(X, Y, *, random_state) -> nats``. "auto" is
        "classifier" for class labels, "gaussian" for the predictions of a quantity, "ksg" for embeddings.
    representation : {"predictions", "embedding"}, default="predictions"
        What stands for a modality: its encoder's out-of-fold predictions (class probabilities, as centred log-ratios
        where the estimator wants numbers), or its encoder's ``transform`` of rows it has not seen, compared within
        each fold. "embedding" is the paper's; with few rows it is the less reliable.
    encoder : estimator or dict of str to estimator, default=None
        Model of one modality, or one for each (those not named have the default). None is median imputation,
        standardisation and a logistic (ridge) regression whose penalty is chosen inside each training fold; for
        embeddings a ``NetworkClassifier`` (``NetworkRegressor``).
    max_teachers : int or None, default=1
        Most teachers to keep; None sets no limit. After the best, candidates that pass the criterion are added
        while the lower end of what they add about the label, given those already kept, is above 0.01 nats.
    on_undecided : {"drop", "keep"}, default="drop"
        Whether undecided candidates may be kept when none is decided for.
    cv : int, splitter or None, default=None
        Folds; None is 5 for predictions and 2 for embeddings, each of which is measured within its fold. With
        ``groups`` in ``fit`` no fold parts a group. A splitter holds each row out once, or once in each repeat, as
        ``RepeatedStratifiedKFold`` does.
    n_repeats : int or "auto", default="auto"
        How often the rows are dealt into a number of folds: the first time in order, then shuffled. All figures are
        means over the deals, and the intervals hold what their luck leaves. With few rows one deal is a gamble:
        "auto" is 3 for predictions of fewer than 1000 labelled rows, else 1, and 1 where encoders are trained anew
        on each half or ``cv`` is a splitter.
    n_subsamples : int, default=200
        Random halves of the rows, or of the groups, that the intervals are made of.
    refit : bool or "auto", default="auto"
        Whether encoders are trained anew on each half. True lets the intervals hold the error of training beside
        that of measuring, at ``n_subsamples`` times the work; "auto" does so only for the default encoder of a
        quantity, which is quick.
    confidence : float, default=0.9
        Confidence of the intervals.
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of the subsamples, of deals after the first, and of an encoder whose own ``random_state`` is None.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    results_ : DataFrame of shape (n_candidates, n_columns)
        One row per candidate, best criterion first: ``n_rows`` and ``n_unlabeled`` (rows where both modalities were
        measured), ``teacher_student``, ``student_label``, ``teacher_label`` (informations, nats), ``gap``,
        ``advantage``, ``residual``, ``risk_reduction`` and the callable's ``criterion``, each with
        ``_standard_error``, ``_lower``, ``_upper`` and ``_probability`` (of being positive), ``decision``,
        ``best_alpha`` (the weight of least predicted risk), ``kept``, and ``added`` (information about the label that
        a further teacher adds, where it was asked).
    teachers_ : list of str
        The kept teachers, in the order they were taken.
    best_alpha_ : float
        Hint for ``PairedDistiller(alpha=...)``: the first kept teacher's ``best_alpha``; 0 when none is kept, NaN when
        its encoder predicts nothing.
    candidate_rows_ : DataFrame of shape (n_samples, n_candidates)
        Which rows of X each candidate was judged on: those where it and the student were both measured.
    classes_ : ndarray of shape (n_classes,)
        Class labels; absent when y is a quantity.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns of X in fit, when it had string names.

    Raises
    ------
    ValueError
        If a modality is unknown, empty or overlaps another, the label has one class, ``groups`` has missing values or
        another length than X, or there are fewer rows, or groups, than folds.

    See Also
    --------
    PairedDistiller : Trains the student from the table that this selector gives.
    cch_matrix : The same figures for every student and teacher.

    Notes
    -----
    Behind the selector columns have other positions: the student's are the first. Name a distiller's
    ``student_columns`` by name, or, with arrays, as ``slice(0, n_student)``.

    Numbers in y are a quantity when they are not whole, when more than half of them differ, or when there are more
    than 20 different ones with fewer than ten rows each on average; else class labels. Classes may be given as text.

    A row whose values of a modality are all missing was not measured: a candidate is judged on the rows where it
    and the student were both measured. The informations are those of encoders trained on this many rows, which is
    less than the modalities hold. Without ``refit`` the intervals hold the error of measuring on a finite number of
    rows and not that of training.

    With ``groups`` the error falls with their number and not with that of the rows: each is one draw from the
    population. The informations themselves are means over rows, in which a group counts by its rows. Estimators of
    information other than "classifier" and "gaussian" take rows to be independent: nearest neighbours ("ksg") find a
    patient's other samples, and those that train ("cca", "infonce", ...) hold out rows. An ``encoder`` of your own
    keeps groups together inside if its ``fit`` takes ``groups``.

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
        criterion: str | Callable[[Mapping[str, float]], float] = "advantage",
        mutual_information: str | Callable[..., float] = "auto",
        representation: str = "predictions",
        encoder: BaseEstimator | Mapping[str, BaseEstimator] | None = None,
        max_teachers: int | None = 1,
        on_undecided: str = "drop",
        cv: Any = None,
        n_repeats: int | str = "auto",
        n_subsamples: int = 200,
        refit: bool | str = "auto",
        confidence: float = 0.9,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.modalities = modalities
        self.student = student
        self.criterion = criterion
        self.mutual_information = mutual_information
        self.representation = representation
        self.encoder = encoder
        self.max_teachers = max_teachers
        self.on_undecided = on_undecided
        self.cv = cv
        self.n_repeats = n_repeats
        self.n_subsamples = n_subsamples
        self.refit = refit
        self.confidence = confidence
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "criterion": [StrOptions(set(METRIC_OF_CRITERION)), callable],
        "mutual_information": [StrOptions({"auto", *ESTIMATORS}), callable],
        "representation": [StrOptions({"predictions", "embedding"})],
        "encoder": [HasMethods(["fit"]), dict, None],
        "max_teachers": [Interval(Integral, 1, None, closed="left"), None],
        "on_undecided": [StrOptions({"drop", "keep"})],
        "cv": ["cv_object"],
        "n_repeats": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "n_subsamples": [Interval(Integral, 2, None, closed="left")],
        "refit": ["boolean", StrOptions({"auto"})],
        "confidence": [Interval(Real, 0, 1, closed="neither")],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    @restore_on_error
    def fit(
        self,
        X: Table,
        y: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        unlabeled_pairs: tuple[Table, ...] | None = None,
    ) -> CCHSelector:
        """Measure every candidate teacher and decide.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            All modalities side by side.
        y : array-like of shape (n_samples,)
            Class labels, or a quantity.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group, such as the samples of one patient, are never split: they are in one fold, they are left
            out together where an encoder chooses its penalty or when to stop, and the halves behind the intervals
            take or leave them whole. ``cv`` may be a splitter that uses groups. In a Pipeline request it:
            ``set_fit_request(groups=True)``.
        unlabeled_pairs : tuple, default=None
            ``(X_unlabeled,)``: samples with the columns of X and no label. They count in I(H_T; H_S) and in what a
            teacher can save. Each row counts as a group of its own. ``(X_unlabeled, groups)`` names the group of each,
            and those of a group that has a labelled row are left out. The tuple is never cut by cross-validation. In a
            Pipeline request it: ``set_fit_request(unlabeled_pairs=True)``.

        Returns
        -------
        CCHSelector
            The selector itself.

        Raises
        ------
        ValueError
            If a modality has no columns, a column belongs to two, tables and labels differ in length, there are too few
            labelled rows or classes for the folds, or a table holds what its encoder cannot take.
        """
        study = prepare_selection(self, X, y, unlabeled_pairs, groups)
        data, settings = study.cohort, study.settings
        rng = np.random.RandomState(study.seed)
        candidates = make_candidates(study.repeats, self.student, settings)
        results = rank_candidates(
            candidates,
            study.repeats,
            self.student,
            study.encoders,
            settings,
            rng,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )
        self.teachers_, added = select_teachers(
            results,
            candidates,
            settings,
            max_teachers=self.max_teachers,
            keep_undecided=self.on_undecided == "keep",
            random_state=rng,
        )
        self._metric = settings.metric
        self.results_ = results.assign(kept=results.index.isin(self.teachers_)).join(added)
        self.best_alpha_ = float(results["best_alpha"][self.teachers_[0]]) if self.teachers_ else 0.0
        observed = {one.name: np.isin(np.arange(data.n_labeled), one.rows) for one in candidates}
        self.candidate_rows_ = pd.DataFrame(observed, index=X.index if isinstance(X, pd.DataFrame) else None)
        self.__dict__.pop("classes_", None)
        if data.classes is not None:
            self.classes_ = data.classes
        self._student_positions = study.positions[self.student]
        self._kept_indices = np.concatenate([study.positions[name] for name in [self.student, *self.teachers_]])
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
            The kept columns; a DataFrame when X is one, or when ``set_output`` asks for it.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X lacks columns of the student, or has other columns than in ``fit``.
        """
        check_is_fitted(self)
        if not is_frame(X):
            X = as_table(X, estimator=self, sparse=False)
        kept = self._kept_indices
        names, present = getattr(self, "feature_names_in_", None), feature_names(X)
        if names is not None and present is not None:
            student_names, there = names[self._student_positions], set(present)
            if not there.issuperset(names) and there.issuperset(student_names):
                return self._wrap_output(select_student_columns(X, student_names), self._student_positions)
        elif n_features(X) == len(self._student_positions) < self.n_features_in_:
            return self._wrap_output(X, self._student_positions)
        check_columns_of_fit(self, X)
        return self._wrap_output(take_columns(X, kept), kept)

    def set_output(self, *, transform: str | None = None) -> CCHSelector:
        """Choose what ``transform`` gives.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default" gives what came in: an array for an array, a DataFrame for a DataFrame. "pandas" and "polars" give
            such a DataFrame for either. None changes nothing.

        Returns
        -------
        CCHSelector
            The selector itself.

        Raises
        ------
        ValueError
            If ``transform`` is none of these.
        """
        if transform is not None:
            check_choice("transform", transform, ["default", "pandas", "polars"])
            # scikit-learn's clone copies this attribute.
            self._sklearn_output_config = {"transform": transform}
        return self

    def _wrap_output(self, table: Table, positions: np.ndarray) -> Table:
        requested = getattr(self, "_sklearn_output_config", {}).get("transform", get_config()["transform_output"])
        return to_output_container(table, check_feature_names_in(self, None)[positions], requested)

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

        Raises
        ------
        NotFittedError
            Before ``fit``.
        """
        check_is_fitted(self)
        if indices:
            return self._kept_indices.copy()
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[self._kept_indices] = True
        return mask

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Names of the kept columns.

        Parameters
        ----------
        input_features : array-like of shape (n_features,), default=None
            Names of the columns of X; needed only where fit saw none and other names than x0, x1, ... are wished.

        Returns
        -------
        ndarray of shape (n_kept,)
            The names, in the order of the output.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If ``input_features`` are not the names, or not as many, as fit saw.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return names[self._kept_indices]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = []
        return tags
