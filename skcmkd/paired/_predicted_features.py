"""PredictedTeacherFeatures: the student's columns beside what they tell of the teacher's modality."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .._distillation._delegate import resolve_seed, take_student_columns
from .._linear_model._ridge import LeaveOutRidge
from .._utils._doc_link import DocLinkMixin
from .._validation._array_checks import check_columns_of_fit, check_same_length
from .._validation._columns import Columns, student_table
from .._validation._dataframes import to_output_container
from .._validation._sklearn import (
    N_JOBS,
    ArrayLike,
    HasMethods,
    Interval,
    StrOptions,
    check_choice,
    check_feature_names_in,
    n_features,
    restore_on_error,
)
from .._validation._tables import Table, as_table, check_same_index, stack_columns
from . import _predicted_onnx
from ._predicted_block import PredictedBlock
from ._predicted_fit import NO_FEATURES, fit_features
from ._predicted_input import (
    check_map_data,
    check_map_target,
    check_new_names,
    check_one_teacher,
    check_predictor,
    check_teacher_of_pairs,
    fit_scaler,
    pairs_as_rows,
    standardize_student,
    standardize_table,
)


# The output has the input's container, as that of CCHSelector.
class PredictedTeacherFeatures(  # type: ignore[call-arg]
    DocLinkMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Put the student's columns beside what of the teacher's modality is predicted from them.

    The map f is fitted to pairs, with a label or without: from the student's columns x to the teacher's scores, its
    columns or their components. With d columns in x, and the mean and the total variance v of f(x) over the labeled
    rows, ``transform`` returns::

        [x, scale * sqrt(d / v) * (f(x) - mean)]

    so that with standardized x both blocks have the same total variance at ``scale=1``, and what the student's columns
    predict well weighs most. A linear student with a ridge penalty then has the functions of x alone, with the penalty
    metric (I + B B')^-1 for a linear map B, scaled as above: directions that the teacher's modality confirms are
    cheaper.

    Parameters
    ----------
    predicted : {"scores", "columns", "components"}, default="scores"
        What of the teacher is predicted:

        - "scores": its predictions of the label. Of classes the centered logarithms of (n q + 1) / (n + K), with q
          the probabilities of K classes by a teacher of n labeled rows (of two classes the first alone); of a
          continuous target the standardized predictions.
        - "columns": its columns, standardized, numbers only. More than 500 are replaced by their 500 leading principal
          components, which have nearly the same inner products.
        - "components": the ``n_components`` leading principal components of its standardized columns.
    teacher : classifier with ``predict_proba``, or regressor, default=None
        Of the scores: predicts the label from the teacher's modality; a Pipeline, or a ``FrozenEstimator`` that was
        fitted on other rows. A regressor makes y a continuous target. None is a logistic (ridge) regression whose
        penalty is chosen inside each training part; y is then classes or continuous by the rule of ``CCHSelector``.
    predictor : regressor, default=None
        The map f. None is a ridge regression of all outputs with one penalty of least leave-one-out error, after median
        imputation and standardization. One that predicts a single number belongs into ``MultiOutputRegressor``.
    student_columns : columns, default=None
        For one table that holds both modalities: the student's columns, as names, positions, a slice, a boolean mask or
        a callable; **all others** are the teacher's. None means that X is the student's table.
    teacher_columns : columns, default=None
        Columns of the teacher in ``X_teacher``, or in X when ``student_columns`` is set. None is all.
    n_components : int, default=20
        Of "components".
    scale : float, default=1.0
        Weight of the predicted block against the student's columns; 0 makes it 0.
    standardize : bool, default=False
        Whether the student's columns are standardized first, over labeled rows and unlabeled pairs, for the map and in
        what is returned. False passes them on as they are.
    cv : int or splitter, default=5
        Folds of the scores and of ``fit_transform``; each row is held out once. With ``groups`` in ``fit`` the rows of
        a group stay together, and a number is lowered to that of the groups, at least 3 (``n_folds_``).
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of every part of teacher and predictor whose own ``random_state`` is None.

    Attributes
    ----------
    predictor_ : regressor or None
        The map fitted to all pairs; None without a teacher's table. The teacher is not kept.
    predicted_mean_ : ndarray of shape (n_predicted,)
        Means of the map's predictions over the labeled rows.
    predicted_factor_ : float
        Factor of the predictions less their means, scale * sqrt(d / v).
    scaler_ : StandardScaler or None
        Of the student's columns, with ``standardize``.
    n_folds_ : int or None
        Number of folds, fewer than ``cv`` where there are fewer groups; None without a teacher's table.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    PairedDistiller : Soft targets, the other way from the teacher to the student.

    Notes
    -----
    ``fit_transform`` is not ``fit`` followed by ``transform``, as with scikit-learn's ``TargetEncoder``: its features
    are cross-fitted, and a student has to be trained on these; a Pipeline does. The features of a fold come from a map
    fitted to pairs outside it, whose scores come from teachers that are fitted neither to the pair's own fold nor to
    this one. ``transform`` has the map of all pairs, for rows to come. Components are those of all pairs in every fold,
    which involves no label.

    A StandardScaler behind this transformer undoes ``scale``; one before it does not reach ``unlabeled_pairs``. Set
    ``standardize`` instead, or give standardized tables.

    Where the teacher was measured in another cohort, and a few samples without a label have both modalities, the map is
    fitted to these: ``fit(X, y, unlabeled_pairs=bridge)`` with a teacher frozen after its fit to the other cohort. The
    features then need no cross-fitting; means and variance are those of the pairs. Over a bridge they gain less than
    the soft targets of ``UnpairedDistiller``, and nothing beside these (page "Without pairs, the evidence").

    A row of the teacher's table that is missing throughout gets predicted features, and is not used by the map. A row
    of the student's table that is missing throughout is used by the teacher alone, and its predicted features are NaN.
    A frozen teacher stays in the parameters: ``set_params(teacher=None)`` before the fitted transformer is saved.

    References
    ----------
    Kakade, Foster. Multi-view regression via canonical correlation analysis. COLT 2007. Hoffman, Gupta, Darrell.
    Learning with side information through modality hallucination. CVPR 2016. Cross-fitting as in scikit-learn's
    TargetEncoder.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skcmkd import PredictedTeacherFeatures
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(300, random_state=0)
    >>> panel, omics = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    >>> model = make_pipeline(PredictedTeacherFeatures(), LogisticRegression())
    >>> model = model.fit(panel, drawn.target, predictedteacherfeatures__X_teacher=omics)
    >>> model.predict(panel).shape  # tomorrow's samples have no teacher
    (300,)
    """

    def __init__(
        self,
        predicted: str = "scores",
        teacher: BaseEstimator | None = None,
        predictor: BaseEstimator | None = None,
        *,
        student_columns: Columns = None,
        teacher_columns: Columns = None,
        n_components: int = 20,
        scale: float = 1.0,
        standardize: bool = False,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.predicted = predicted
        self.teacher = teacher
        self.predictor = predictor
        self.student_columns = student_columns
        self.teacher_columns = teacher_columns
        self.n_components = n_components
        self.scale = scale
        self.standardize = standardize
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "predicted": [StrOptions({"scores", "columns", "components"})],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "predictor": [HasMethods(["fit", "predict"]), None],
        "student_columns": "no_validation",
        "teacher_columns": "no_validation",
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "scale": [Interval(Real, 0, None, closed="left")],
        "standardize": ["boolean"],
        "cv": ["cv_object"],
        "n_jobs": N_JOBS,
        "random_state": ["random_state"],
    }

    @restore_on_error
    def fit(
        self,
        X: Table,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Table, ...] | None = None,
    ) -> PredictedTeacherFeatures:
        """Fit the map to all pairs.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when ``student_columns`` is set.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Class labels or a continuous target, for scores; not used for columns and components.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row of X, in the fits of teacher and predictor if they take weights; unlabeled pairs have the
            mean of the weights, and rows of weight 0 are not used by the map.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: every internal split keeps a group together.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, a row for each row of X; rows missing throughout were not measured. With None the map
            is fitted to ``unlabeled_pairs`` alone, for scores those of a frozen teacher; without these, too,
            ``transform`` returns the student's columns alone.
        unlabeled_pairs : tuple of tables, default=None
            Samples with both modalities and no label, ``(X_unlabeled, X_teacher_unlabeled)``, or ``(table,)`` of both
            when ``student_columns`` is set. Any number of rows; the tuple is never cut by cross-validation. With
            ``groups``, one more element of the tuple may name the group of each: such pairs follow the labeled rows of
            their group into the folds.

        Returns
        -------
        PredictedTeacherFeatures
            The transformer itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, scores are to be predicted without y, by a teacher that has no
            ``predict_proba``, or of pairs without ``X_teacher`` by one that is not frozen, columns hold text, or there
            are fewer rows than folds.
        """
        self._fit(X, y, sample_weight, groups, X_teacher, unlabeled_pairs, cross_fit=False)
        return self

    @restore_on_error
    def fit_transform(
        self,
        X: Table,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Table, ...] | None = None,
    ) -> Table:
        """Fit the map to all pairs, and return cross-fitted features of the rows of X, to train a student on.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            As in ``fit``.
        sample_weight, groups : array-like of shape (n_samples,), default=None
            As in ``fit``.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            As in ``fit``.
        unlabeled_pairs : tuple of tables, default=None
            As in ``fit``.

        Returns
        -------
        DataFrame or array of shape (n_samples, n_features + n_predicted)
            As from ``transform``, each row by a map that is not fitted to its fold.

        Raises
        ------
        ValueError
            As in ``fit``, and if there are fewer than 3 folds for scores.
        """
        return self._fit(X, y, sample_weight, groups, X_teacher, unlabeled_pairs, cross_fit=True)

    def _fit(
        self,
        X: Table,
        y: ArrayLike | None,
        sample_weight: ArrayLike | None,
        groups: ArrayLike | None,
        X_teacher: Table | None,
        unlabeled_pairs: tuple[Table, ...] | None,
        *,
        cross_fit: bool,
    ) -> Table | None:
        """Fit, and return cross-fitted features of the rows of X if requested."""
        self._validate_params()
        check_one_teacher(self.teacher_columns)
        check_predictor(self.predictor)
        X = as_table(X, estimator=self)
        validate_data(self, student_table(X, self.student_columns), skip_check_array=True)
        if y is not None:
            check_same_index(X, y, "y")
            check_same_length(X, np.atleast_1d(np.asarray(y)), "y")
        has_teacher = any(given is not None for given in (X_teacher, self.student_columns, unlabeled_pairs))
        y, target = check_map_target(self.predicted if has_teacher else None, self.teacher, y, X)
        data = check_map_data(
            X, y, sample_weight, groups, X_teacher, unlabeled_pairs, self.student_columns, self.teacher_columns
        )
        self._student_columns, self._n_table_columns = data.student_columns, n_features(X)
        self.scaler_ = fit_scaler(data) if self.standardize else None
        data = standardize_student(data, self.scaler_)
        has_pairs_alone = data.X_teacher is None and data.X_unlabeled is not None
        if has_pairs_alone:
            check_teacher_of_pairs(self.predicted, self.teacher)
        rows = pairs_as_rows(data, target) if has_pairs_alone else data
        fitted = NO_FEATURES
        if rows.X_teacher is not None:
            fitted = fit_features(
                rows,
                target,
                predicted=self.predicted,
                teacher=self.teacher,
                predictor=LeaveOutRidge() if self.predictor is None else self.predictor,
                n_components=self.n_components,
                scale=self.scale,
                cv=self.cv,
                seed=resolve_seed(self.random_state),
                n_jobs=self.n_jobs,
                cross_fit=cross_fit and not has_pairs_alone,
            )
        self.predictor_, self.n_folds_ = fitted.block.predictor, fitted.n_folds
        self.predicted_mean_, self.predicted_factor_ = fitted.block.mean, fitted.block.factor
        self._predicted_names = fitted.names
        check_new_names(self.get_feature_names_out())
        if not cross_fit:
            return None
        # A map of unlabeled pairs alone was fitted to none of the rows.
        features = fitted.block.transform(data.X) if has_pairs_alone else fitted.cross_fitted
        return self._put_beside(data.X, features)

    def transform(self, X: Table) -> Table:
        """Put the features that the map of all pairs predicts beside the student's columns.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table; after a fit to one table of both modalities it may hold the teacher's columns, which
            are ignored.

        Returns
        -------
        DataFrame or array of shape (n_samples, n_features + n_predicted)
            The student's columns first; a DataFrame when X is one, or when ``set_output`` asks for it.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If X has other columns than in ``fit``, or holds values that the predictor does not support.
        """
        check_is_fitted(self)
        X = take_student_columns(self, X)
        check_columns_of_fit(self, X)
        X = standardize_table(X, self.scaler_)
        block = PredictedBlock(self.predictor_, self.predicted_mean_, self.predicted_factor_)
        return self._put_beside(X, None if self.predictor_ is None else block.transform(X))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Name the columns of the output: the student's, then ``predicted_...``.

        Parameters
        ----------
        input_features : array-like of shape (n_features,), default=None
            Names of the student's columns; needed only where X had no names in fit and other names than x0, x1, ... are
            wanted.

        Returns
        -------
        ndarray of shape (n_features + n_predicted,)
            The predicted ones are named after the class of a score, the column, or the number of the component.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If ``input_features`` differ from the names, or from the number, of the student's columns in fit.
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        return np.concatenate([names, np.asarray(self._predicted_names, dtype=object)])

    def set_output(self, *, transform: str | None = None) -> PredictedTeacherFeatures:
        """Choose the container that ``transform`` and ``fit_transform`` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            "default" returns an array for an array, and pandas' DataFrame for a DataFrame. "pandas" and "polars" return
            such a DataFrame for either. None changes nothing.

        Returns
        -------
        PredictedTeacherFeatures
            The transformer itself.

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

    def _put_beside(self, X: Table, features: np.ndarray | None) -> Table:
        """The student's columns and the predicted features, if any, in the requested container."""
        requested = getattr(self, "_sklearn_output_config", {}).get("transform", get_config()["transform_output"])
        names = self.get_feature_names_out()
        if features is None:
            return to_output_container(X, names, requested)
        if isinstance(X, pd.DataFrame):
            # By position: row labels may repeat, and column names may be numbers.
            right = pd.DataFrame(features, index=X.index)
            return to_output_container(pd.concat([X, right], axis=1).set_axis(names, axis=1), names, requested)
        return to_output_container(stack_columns(X, features), names, requested)

    def _register_onnx_converter(self, skl2onnx: Any) -> None:
        """Called by ``student_to_onnx``, whose package must not import this one."""
        skl2onnx.update_registered_converter(
            type(self), "SkcmkdPredictedTeacherFeatures", _predicted_onnx.set_output_shape, _predicted_onnx.convert
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
