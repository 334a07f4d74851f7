"""PairedDistillerRegressor: a continuous target, where the same samples have both modalities in fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._distillation._delegate import RegressorStudentMixin, clone_or_default, resolve_seed
from .._distillation._student_loss import StudentLoss
from .._distillation._targets import RegressionTarget
from .._validation._array_checks import check_same_length
from .._validation._columns import Columns, student_table
from .._validation._sklearn import ArrayLike, n_features, restore_on_error, set_random_states
from .._validation._tables import Table, as_table, check_same_index
from .._validation._target_checks import check_continuous_target
from ._fit import distill
from ._input import PARAMETER_CONSTRAINTS, check_paired_data
from ._pooling import check_teacher_weights
from ._teachers import prepare_teachers


class PairedDistillerRegressor(RegressorStudentMixin, BaseEstimator):
    """Train a regressor of one modality on the target and on soft targets from another, which only fit needs.

    A teacher is fitted to the target y from its own modality. Its out-of-fold predictions, pooled with those of the
    student's own model, are the soft targets t of the student, whose predictions p minimize, with means over the rows
    with a target and over those with a soft target::

        (1 - alpha) mean_labeled (y - p)^2 + alpha mean_soft (t - p)^2

    A row that has both enters once,
    with the target (1 - alpha) y + alpha t, which has the same minimum. So any regressor can be a student; where rows
    differ in weight, because some have no teacher or no target, its ``fit`` must take ``sample_weight``.

    Parameters
    ----------
    student : regressor, default=None
        Predicts from the student's modality; a Pipeline, or a network. None is ``NetworkRegressor()``.
    teacher : regressor, or dict of them, default=None
        Predicts from the teacher's modality; a Pipeline, or a ``FrozenEstimator`` that was fitted **on other rows**:
        its columns are selected by name. A dict gives a model for each name of ``teacher_columns``. None is
        ``NetworkRegressor()``.
    student_columns : columns, default=None
        For one table that holds both modalities: the student's columns, as names, positions, a slice, a boolean
        mask or a callable; **all others** are the teacher's. None means that X is the student's table.
    teacher_columns : columns or dict of them, default=None
        Columns of the teacher in ``X_teacher``, or in X when ``student_columns`` is set. A dict, name to columns,
        makes one teacher for each modality. None is one teacher on all columns.
    teacher_input : {"teacher", "both"}, default="teacher"
        "both" adds the student's columns to those of each teacher.
    teacher_weights : {"stacked", "equal", "learned"} or dict, default="stacked"
        How predictions become soft targets, for each row over the teachers whose modality it has:

        - "stacked": a pool of those of the teachers t_m and of the student's own model t_S, all out-of-fold,
          t = b + sum_m w_m t_m + w_S t_S, with the weights w >= 0 and the intercept b of the least squared error,
          fitted without the rows that they serve.
        - "equal": the mean of the teachers' alone.
        - "learned": sum_m w_m t_m with the weights of the least squared error.
        - a dict: the same with these weights, by name.
    n_rounds : int or "auto", default="auto"
        Rounds of the stacked soft targets of unlabeled pairs. In each after the first every member of the pool, where
        it can be fitted to soft targets, learns the labels and the last soft targets of one half of the pairs and
        predicts the other half; the weights stay. "auto" is 1: with few labels the weights of a linear pool may add up
        to more than 1, and a second round then applies the excess again.
    student_features : {"own", "predicted_teacher"}, default="own"
        What the student is trained on: its own columns, or these beside the scores of the one teacher as predicted from
        them by :class:`PredictedTeacherFeatures`, which is then a step of ``student_``. The features of a validation
        fold come from pairs outside it. Without unlabeled pairs ``alpha="auto"`` is 0, and the features are used alone.
    alpha : float in [0, 1], "auto" or "analytic", default="auto"
        The teacher's share: 0 targets only, 1 teacher only. Without a teacher's table any but "auto" and 0 is a
        warning.

        - "auto" with "stacked" soft targets: labeled rows are trained on their targets and unlabeled pairs on their
          soft targets, all rows of the same weight, so that alpha is n_u / (n_l + n_u); without unlabeled pairs the
          student is trained alone, and a warning says so.
        - "auto" for soft targets without the student's own model (``teacher_weights``): 0.25, or 0.5 where unlabeled
          pairs outnumber labeled rows, if that lowers the squared error of the student alone by more than a standard
          error on two validation folds (one, if it has 1000 rows or groups), else 0; networks are fitted there without
          their ``refit``.
        - "analytic": minimizes the excess risk of a linear student to first order, in closed form, as below; it needs
          no fits of the student, and is inaccurate where the student is far from linear.

        The formula of "analytic" is::

            alpha = (Var(e) - Cov(e, u)) / (Var(e) - 2 Cov(e, u) + Var(u) + (n / d) E[b^2])

        with e and u the parts of target and teacher that the student's modality does not explain, b the difference of
        the parts that it does explain, all out-of-fold, and d the degrees of freedom of a ridge regression.
    cv : int or splitter, default=5
        Folds of the out-of-fold soft targets and of the choice of alpha; each row is held out once. A number, at least
        3 for "auto", assigns the rows in the order of the target to the folds in turn. With ``groups`` in ``fit`` the
        rows of a group stay together, and a number is lowered to that of the groups, at least 3 (``n_folds_``).
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of every part of student and teacher whose own ``random_state`` is None.
    verbose : int, default=0
        1 shows progress bars.

    Attributes
    ----------
    student_ : regressor
        The fitted student: predicts alone, holds nothing of the teacher, and can be deployed without it.
    teacher_ : regressor, dict or None
        The teacher, fitted to all rows that have its modality, by name where ``teacher_columns`` is a dict; None when
        no teacher was used.
    teacher_weights_ : dict or None
        Weight of each teacher by name, "teacher" where ``teacher_columns`` is no dict. Stacked: w for rows that have
        all modalities, with the student's own model as "student" (of several targets the means). Averaged: None of a
        single teacher, and they add up to 1.
    alpha_ : float
        The teacher's share in the loss of the student; 0 without a teacher's table.
    alpha_scores_ : DataFrame or None
        Where ``alpha="auto"`` was chosen on validation folds: for each alpha the mean squared error there
        (``squared_error``), its difference from the student alone (``difference``) and the standard error of that
        (``standard_error``), of the models as trained: further rows, not further training sets.
    teacher_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets), or None
        Out-of-fold soft targets of the rows of X, pooled; NaN in rows without a teacher's modality.
    n_folds_ : int or None
        Number of folds that were used, fewer than ``cv`` where there are fewer groups; None when no fold was held out.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    PairedDistiller : The same for classes; explains missing rows, groups and unlabeled pairs.

    References
    ----------
    Lopez-Paz, Bottou, Schölkopf, Vapnik. Unifying distillation and privileged information. arXiv 1511.03643,
    equation 6, with squared error.

    Examples
    --------
    >>> from sklearn.linear_model import RidgeCV
    >>> from skcmkd import PairedDistillerRegressor
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, n_classes=None, random_state=0)
    >>> distiller = PairedDistillerRegressor(
    ...     RidgeCV(), RidgeCV(), student_columns=drawn.modalities["student"], alpha="analytic"
    ... ).fit(drawn.data, drawn.target)
    >>> distiller.predict(drawn.data[drawn.modalities["student"]]).shape
    (200,)
    """

    def __init__(
        self,
        student: BaseEstimator | None = None,
        teacher: BaseEstimator | Mapping[str, BaseEstimator] | None = None,
        *,
        student_columns: Columns = None,
        teacher_columns: Columns | Mapping[str, Columns] = None,
        teacher_input: str = "teacher",
        teacher_weights: str | Mapping[str, float] = "stacked",
        n_rounds: int | str = "auto",
        student_features: str = "own",
        alpha: float | str = "auto",
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.student = student
        self.teacher = teacher
        self.student_columns = student_columns
        self.teacher_columns = teacher_columns
        self.teacher_input = teacher_input
        self.teacher_weights = teacher_weights
        self.n_rounds = n_rounds
        self.student_features = student_features
        self.alpha = alpha
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = PARAMETER_CONSTRAINTS

    @restore_on_error
    def fit(
        self,
        X: Table,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Table, ...] | None = None,
    ) -> PairedDistillerRegressor:
        """Fit the teacher, make its out-of-fold predictions, choose alpha, and fit the student.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when ``student_columns`` is set.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The target, finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row of X: of its target and its soft target, in the teacher's fit if that takes weights, and
            in the choice of alpha. Teachers get weights of mean one, unlabeled pairs the mean of the weights, and
            rows of weight 0 have no part in any loss.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: every internal split keeps a group together.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, a row for each row of X; rows missing throughout were not measured. None fits the
            student alone.
        unlabeled_pairs : tuple of tables, default=None
            Samples with both modalities and no target, ``(X_unlabeled, X_teacher_unlabeled)``, or ``(table,)`` of both
            when ``student_columns`` is set. Any number of rows; the tuple is never cut by cross-validation. With
            ``groups``, one more element of the tuple may name the group of each: soft targets of pairs whose group has
            labeled rows come from teachers that are not fitted to the group, and the pairs are left out where their
            group is in the validation fold.

        Returns
        -------
        PairedDistillerRegressor
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, their row labels do not, they hold infinite values or the target itself,
            there are fewer rows than folds, or rows differ in weight and the student takes none.

        Warns
        -----
        UserWarning
            If there is nothing to distill: no unlabeled pairs, none with both modalities, or an ``alpha`` without a
            teacher. If labeled rows are among the unlabeled pairs, or these have another scale than X.
        """
        self._validate_params()
        check_teacher_weights(self.teacher_weights, self.teacher_columns)
        X = as_table(X, estimator=self)
        validate_data(self, student_table(X, self.student_columns), y, skip_check_array=True)
        check_same_index(X, y, "y")
        y = check_continuous_target(y)
        check_same_length(X, y, "y")
        data = check_paired_data(
            X, y, sample_weight, groups, X_teacher, unlabeled_pairs, self.student_columns, self.teacher_columns
        )
        seed, has_names = resolve_seed(self.random_state), isinstance(self.teacher_columns, Mapping)
        result = distill(
            set_random_states(clone_or_default(self.student, self._default_student), seed),
            prepare_teachers(data, self.teacher, has_names, self._default_student, self.teacher_input, seed),
            data,
            RegressionTarget(y.reshape(len(y), -1).shape[1]),
            StudentLoss(),
            alpha=self.alpha,
            teacher_weights=self.teacher_weights,
            n_rounds=self.n_rounds,
            student_features=self.student_features,
            cv=self.cv,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )
        self._student_columns, self._n_table_columns = data.student_columns, n_features(X)
        self.student_, self.alpha_, self.alpha_scores_ = result.student, result.alpha, result.alpha_scores
        self.teacher_, self.teacher_weights_ = result.named_teachers(has_names)
        self.teacher_prediction_ = None if result.soft_targets is None else result.soft_targets.reshape(y.shape)
        self.n_folds_ = result.n_folds
        return self
