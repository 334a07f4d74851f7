"""CCHSelector: selects the modality that should teach the student, if any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from .._model_selection._intervals import EXPECTED, MODELS
from .._utils._doc_link import DocLinkMixin
from .._validation._array_checks import check_columns_of_fit
from .._validation._columns import Columns, check_modalities, select_student_columns
from .._validation._dataframes import is_frame, to_output_container
from .._validation._sklearn import (
    N_JOBS,
    ArrayLike,
    HasMethods,
    Interval,
    StrOptions,
    check_choice,
    check_feature_names_in,
    draw_seed,
    feature_names,
    n_features,
    restore_on_error,
)
from .._validation._tables import Table, as_table, take_columns
from .._validation._target_checks import check_groups
from ..information import ESTIMATORS
from ._candidates import make_candidates
from ._criteria import METRIC_OF_CRITERION, check_criterion_name, decisive_metric
from ._encoders import Repeat
from ._prepare import check_selection_target, check_unlabeled_pairs, make_repeats
from ._ranking import rank_candidates, select_teachers
from ._representations import REPRESENTATIONS
from ._settings import SelectionSettings, resolve_encoders, resolve_estimators, resolve_n_repeats, resolve_refit


# The output has the input's container; scikit-learn's wrapper would name teacher columns that may be absent.
class CCHSelector(DocLinkMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """Select the modality that should teach the student's, and keep its columns beside the student's.

    For each candidate teacher T and the student S, with H the out-of-fold output of a modality's encoder (class
    probabilities, predictions of a continuous target, or an embedding), compute::

        added = I(H_S, H_T; Y) - I(H_S; Y)
        advantage = I(H_T; Y) - I(H_S; Y)
        gap = I(H_T; H_S) - I(H_S; Y)

    in nats, the last being the criterion of the Cross-modal Complementarity Hypothesis, each with a subsampling
    interval, and decide: ``distil`` when the criterion is above zero (``added``: 0.01 nats) beyond chance, counting the
    candidates, ``do not distil`` when its interval lies below, else ``undecided``. Without unlabeled pairs the
    decision is ``do not distil`` whatever the metrics, unless a criterion is named.

    Parameters
    ----------
    modalities : dict of str to columns
        Name of each modality to its columns in X: names, positions, a slice, a boolean mask, or a callable such as
        ``make_column_selector``. Modalities must not overlap; columns in none of them are ignored.
    student : str
        The modality that is available when predicting. All others are candidate teachers.
    criterion : {"auto", "added", "advantage", "cch", "residual"} or callable, default="auto"
        Metric that decides, in favor of the teacher where it is positive:

        - "auto": "added" for candidates with unlabeled pairs; those without are refused, for on labeled pairs alone no
          rule beats never distilling. To decide there by a metric, name it.
        - "added": what the teacher adds to the student's own model. Of class labels the mean log-loss of the student's
          calibrated probabilities less that of the log-linear pool of student and teacher, whose weights have not seen
          the row; of a continuous target 1/2 log of the ratio of the mean squared errors, the pool being linear. This
          is the pool that ``PairedDistiller`` takes its soft targets from.
        - "advantage": the mutual information of teacher and label, less that of student and label.
        - "cch": the gap, the published rule.
        - "residual": ``residual_criterion``, 1 - r Cov(e, u) / Var(e) of a linear student, with e and u the residuals
          of the label and of the teacher's predictions given the student's table, and r the labeled share of the
          rows: above 0 a small enough ``alpha`` helps.
        - a callable: it takes a dict of the metrics of one candidate and returns a finite number. The keys of the dict
          are ``teacher_student``, ``student_label``, ``teacher_label``, ``gap``, ``advantage``, ``added``,
          ``residual_criterion`` and ``risk_reduction``; the number is reported as ``criterion``.

        ``results_`` has all metrics whatever the criterion.
    mutual_information : str or callable, default="auto"
        Estimator of all mutual information but ``added``: "classifier" (log-loss and joint of probabilities), the name
        of another estimator of ``mutual_information``, or a callable ``(X, Y, *, random_state) -> nats``. "auto" is
        "classifier" for class labels, "gaussian" for predictions of a continuous target, "ksg" for embeddings.
    representation : {"predictions", "embedding"}, default="predictions"
        Output of the encoders that represents a modality: out-of-fold predictions (class probabilities, as centered
        log-ratios for every estimator but "classifier"), or the out-of-fold ``transform``, compared within each fold.
        "embedding" is the paper's; with few rows it is the less reliable.
    encoder : estimator or dict of str to estimator, default=None
        Model of one modality, or one for each (those not named have the default). None is median imputation,
        standardization and a logistic (ridge) regression whose penalty is chosen inside each training fold; for
        embeddings a ``NetworkClassifier`` (``NetworkRegressor``).
    max_teachers : int or None, default=1
        Largest number of teachers to keep; None sets no limit. After the best, candidates that pass the criterion are
        kept while the lower end of what they add to the pool of the student and the kept teachers is above 0.01 nats.
    on_undecided : {"drop", "keep"}, default="drop"
        Whether undecided candidates may be kept when no candidate's decision is ``distil``.
    cv : int, splitter or None, default=None
        Folds; None is 5 for predictions and 2 for embeddings, which are compared within each fold. With ``groups`` in
        ``fit`` no fold splits a group, and a number is lowered to that of the groups, at least 3. A splitter holds each
        row out once, or once in each repeat, as ``RepeatedStratifiedKFold`` does.
    n_repeats : int or "auto", default="auto"
        Number of cross-validation repeats: the first unshuffled, the others shuffled. Metrics are averaged over
        repeats, and the intervals include the remaining variance between repeats. "auto" is 3 for predictions of fewer
        than 1000 labeled rows, else 1, and 1 where encoders are refitted on each half or ``cv`` is a splitter.
    n_subsamples : int, default=200
        Number of random halves of the rows, or of the groups, from which the intervals are computed.
    refit : bool or "auto", default="auto"
        Whether encoders are refitted on each half, at ``n_subsamples`` times the work, so that these show the variance
        of training in place of a factor for it. "auto" refits only the default encoder of a continuous
        target, which is fast.
    confidence : float, default=0.9
        Confidence of the intervals; "distil" is said at a tie with probability (1 - confidence) / 2 at most.
    n_jobs : int or None, default=None
        Number of parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of the subsamples, of repeats after the first, and of an encoder whose ``random_state`` is None.
    verbose : int, default=0
        1 shows a progress bar.

    Attributes
    ----------
    results_ : DataFrame of shape (n_candidates, n_columns)
        One row per candidate, best criterion first:

        - ``n_rows``, ``n_unlabeled``: rows where both modalities were measured.
        - ``teacher_student``, ``student_label``, ``teacher_label``: mutual information, nats.
        - ``gap``, ``advantage``, ``added``, ``residual_criterion``, and the callable's ``criterion``; ``added`` is NaN
          where an encoder gives no predictions.
        - ``risk_reduction``: share of a linear student's excess risk that alpha = 1/2 is predicted to save: positive
          for most teachers, since any smooths the student.
        - ``..._standard_error``, ``..._lower``, ``..._upper`` and ``..._p_value`` of each metric of the two items
          above: the p-value is one-sided, of being at most 0.
        - ``p_value``: that the deciding metric is at most its threshold; ``p_value_holm``: adjusted for all candidates,
          NaN of those that are refused.
        - ``decision``, its ``reason`` in words, and ``kept``.
        - ``best_alpha``: the alpha of least predicted risk.
        - ``added_to_kept``: ``added`` to the student and the teachers kept before; NaN where not estimated.
    estimand_ : str
        What the intervals and p-values are of: "the models as trained", or with ``refit`` "the expectation at this
        sample size".
    teachers_ : list of str
        The kept teachers, in the order of their selection.
    best_alpha_ : float
        Hint for ``PairedDistiller(alpha=...)``: the first kept teacher's ``best_alpha``; 0 when none is kept, NaN when
        its encoder predicts nothing.
    candidate_rows_ : DataFrame of shape (n_samples, n_candidates)
        Mask of the rows of X that each candidate was scored on: those where it and the student were both measured.
    classes_ : ndarray of shape (n_classes,)
        Class labels; absent when y is a continuous target.
    n_folds_ : int
        Number of folds of a repeat, fewer than ``cv`` where there are fewer groups.
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
    PairedDistiller : Trains the student on the table that this selector returns.
    cch_matrix : The same metrics for every student and teacher.

    Notes
    -----
    Behind the selector columns have other positions: the student's are the first. Name a distiller's
    ``student_columns`` by name, or, with arrays, as ``slice(0, n_student)``.

    Numbers in y are a continuous target when they are not whole, when more than half of them differ, or when there are
    more than 20 different ones with fewer than ten rows each on average; else class labels. Classes may also be text.

    A row whose values of a modality are all missing was not measured: a candidate is scored on the rows where it
    and the student were both measured. The estimates are of the mutual information of encoders fitted to this many
    rows, which is less than that of the modalities. The intervals are of these models; with ``refit`` of their
    expectation over training sets. Without it the standard error is that of the rows times sqrt(1 + K/(K-1)) for K
    folds, Nadeau and Bengio's factor for training sets that share rows, with the variance that is left between repeats
    (coverage: ``benchmarks/interval_coverage``).

    With several candidates "distil" has several chances to be wrong: it needs ``p_value_holm`` below (1 - confidence) /
    2. With one candidate that is where the interval lies above the threshold, save for ``added``: its test leaves the
    factor for training sets out, for a pool with a teacher that adds nothing predicts on the mean no better than the
    student alone, so that the size is small without it. ``added_p_value`` asks whether a teacher adds anything at all
    beyond the student.

    With ``groups`` the error falls with the number of groups and not with that of the rows: each group is one draw from
    the population. Mutual information is a mean over rows, so a group counts by its rows. Estimators other than
    "classifier" and "gaussian" assume independent rows: nearest neighbors ("ksg") find a patient's other samples, and
    estimators that train ("cca", "infonce", ...) hold out rows. A user's ``encoder`` keeps groups together in its
    own cross-validation if its ``fit`` takes ``groups``.

    References
    ----------
    Xie, Xu, Sanguinetti. Information-Theoretic Criteria for Knowledge Distillation in Multimodal Learning. arXiv
    2510.13182 (the gap).
    Wolpert. Stacked generalization. Neural Networks 5 (1992) (the pool).
    Nadeau, Bengio. Inference for the generalization error. Machine Learning 52 (2003) (the factor).
    Holm. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6 (1979).

    Examples
    --------
    >>> from skcmkd import CCHSelector
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(500, random_state=0)
    >>> X, y, pairs = drawn.data[:200], drawn.target[:200], drawn.data[200:]
    >>> selector = CCHSelector(drawn.modalities, student="student", random_state=0)
    >>> selector.fit(X, y, unlabeled_pairs=(pairs,)).results_.loc["teacher", "decision"]
    'distil'
    >>> selector.transform(X).shape
    (200, 32)
    >>> selector.fit(X, y).results_.loc["teacher", "reason"]
    'no unlabeled pairs: there no rule beats never distilling'
    """

    def __init__(
        self,
        modalities: Mapping[str, Columns],
        student: str,
        *,
        criterion: str | Callable[[Mapping[str, float]], float] = "auto",
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
        """Compute the metrics of every candidate teacher, and select teachers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            All modalities side by side.
        y : array-like of shape (n_samples,)
            Class labels, or a continuous target.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group, such as the samples of one patient, are never split: they are in one fold, they are left
            out together where an encoder chooses its penalty or the epoch to stop at, and each half-sample has all or
            none of them. ``cv`` may be a splitter that uses groups. In a Pipeline request it:
            ``set_fit_request(groups=True)``.
        unlabeled_pairs : tuple, default=None
            ``(X_unlabeled,)``: samples with the columns of X and no label. They enter I(H_T; H_S),
            ``residual_criterion``, ``risk_reduction`` and ``best_alpha``, and "auto" refuses a candidate without any
            where it and the student were measured. Each row counts as a group of its own.
            ``(X_unlabeled, groups)`` gives the group of each, and those of a group that has a labeled row are left out.
            The tuple is never cut by cross-validation. In a Pipeline request it:
            ``set_fit_request(unlabeled_pairs=True)``.

        Returns
        -------
        CCHSelector
            The selector itself.

        Raises
        ------
        ValueError
            If a modality has no columns, a column belongs to two, tables and labels differ in length, there are too few
            labeled rows or classes for the folds, or a table holds values that its encoder cannot take.
        """
        check_criterion_name(self.criterion)
        self._validate_params()
        X = as_table(X, estimator=self, sparse=False)
        validate_data(self, X, y, skip_check_array=True)
        columns, repeats, settings = self._encode(X, y, groups, unlabeled_pairs)
        rng = np.random.RandomState(settings.seed)
        candidates = make_candidates(repeats, self.student, settings)
        results = rank_candidates(candidates, repeats, self.student, settings, rng)
        teachers, added = select_teachers(
            results,
            candidates,
            settings,
            max_teachers=self.max_teachers,
            keep_undecided=self.on_undecided == "keep",
            random_state=rng,
        )
        data = repeats[0].data
        self.n_folds_ = int(data.fold_ids.max()) + 1
        self.estimand_ = EXPECTED if settings.refit else MODELS
        candidate_rows = {each.name: np.isin(np.arange(data.n_labeled), each.rows) for each in candidates}
        self.teachers_ = teachers
        self.results_ = results.assign(kept=results.index.isin(teachers)).join(added)
        self.best_alpha_ = float(results["best_alpha"][teachers[0]]) if teachers else 0.0
        self.candidate_rows_ = pd.DataFrame(candidate_rows, index=X.index if isinstance(X, pd.DataFrame) else None)
        self.__dict__.pop("classes_", None)
        if data.classes is not None:
            self.classes_ = data.classes
        self._student_positions = columns[self.student]
        self._kept_indices = np.concatenate([columns[name] for name in [self.student, *teachers]])
        return self

    def _encode(
        self,
        X: Table,
        y: ArrayLike,
        groups: ArrayLike | None,
        unlabeled_pairs: tuple[Table, ...] | None,
    ) -> tuple[dict[str, np.ndarray], list[Repeat], SelectionSettings]:
        """Positions of each modality's columns, the encodings of each repeat, and the resolved parameters.

        It sets no attribute; ``cch_matrix`` starts with it too.
        """
        columns = check_modalities(X, self.modalities, self.student)
        y, classes = check_selection_target(X, y)
        groups = check_groups(groups, X)
        unlabeled = check_unlabeled_pairs(X, unlabeled_pairs, groups)
        random = check_random_state(self.random_state)
        settings = self._resolve_settings(classes, len(y), seed=draw_seed(random))
        return columns, make_repeats(X, y, classes, columns, groups, unlabeled, settings, random), settings

    def _resolve_settings(self, classes: np.ndarray | None, n_labeled: int, seed: int) -> SelectionSettings:
        """Parameters with every "auto" resolved for these labels."""
        representation = REPRESENTATIONS[self.representation]
        refit = resolve_refit(self.refit, self.encoder, representation, classes)
        encoders, default = resolve_encoders(self.encoder, self.modalities, representation, classes, seed)
        estimators, coordinates = resolve_estimators(self.mutual_information, representation, classes, seed)
        return SelectionSettings(
            representation=representation,
            encoders=encoders,
            default_encoders=default,
            estimators=estimators,
            coordinates=coordinates,
            criterion=None if isinstance(self.criterion, str) else self.criterion,
            metric=decisive_metric(self.criterion),
            needs_pairs=self.criterion == "auto",
            cv=representation.n_folds if self.cv is None else self.cv,
            n_repeats=resolve_n_repeats(self.n_repeats, self.cv, representation, refit, n_labeled),
            n_subsamples=self.n_subsamples,
            refit=refit,
            confidence=self.confidence,
            seed=seed,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )

    def transform(self, X: Table) -> Table:
        """Keep the student's columns, first and in their order, and then the kept teachers'.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The table as in fit; with column names, the teachers' columns may all be absent, as they are when
            predicting. An array may hold the student's columns alone.

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
        """Choose the container that ``transform`` returns.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default" keeps the container of the input: an array for an array, a DataFrame for a DataFrame. "pandas" and
            "polars" return such a DataFrame for either. None changes nothing.

        Returns
        -------
        CCHSelector
            The selector itself.

        Raises
        ------
        ValueError
            If ``transform`` is none of these values.
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
            True returns positions.

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
            Names of the columns of X; needed only where X had no names in fit and other names than x0, x1, ... are
            wanted.

        Returns
        -------
        ndarray of shape (n_kept,)
            The names, in the order of the output.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If ``input_features`` differ from the names, or from the number, of the columns in fit.
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
