"""PairedDistiller: a classifier, where the same samples have both modalities in fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._distillation._delegate import ClassifierStudentMixin, clone_or_default, resolve_seed
from .._distillation._objectives import resolve_objective
from .._distillation._representations import REPRESENTATIONS
from .._distillation._student_loss import StudentLoss
from .._distillation._targets import ClassificationTarget
from .._model_selection._pipelines import apply_class_weight
from .._validation._array_checks import check_same_length
from .._validation._columns import Columns, student_table
from .._validation._sklearn import ArrayLike, Interval, StrOptions, n_features, restore_on_error, set_random_states
from .._validation._tables import Table, as_table, check_same_index
from .._validation._target_checks import check_labels, encode_labels
from ._fit import distill
from ._input import PARAMETER_CONSTRAINTS, check_paired_data
from ._pooling import check_teacher_weights
from ._teachers import prepare_teachers


class PairedDistiller(ClassifierStudentMixin, BaseEstimator):
    """Train a classifier of one modality on the label and on soft targets from another, which only fit needs.

    A teacher is fitted to the label from its own modality. Its out-of-fold probabilities, pooled with those of the
    student's own model, are the soft targets q of the student, whose probabilities p minimize, with means over the
    labeled rows and over the rows with a soft target::

        (1 - alpha) mean_labeled CE(y, p) + alpha mean_soft tau^2 KL(q^tau || p^tau)

    For a network student this is the loss. scikit-learn's ``LogisticRegression`` is fitted to the mixed targets
    (1 - alpha) onehot(y) + alpha q at tau = 1. Any other student is fitted to each row once per class, weighted by the
    mixed target, which is the same for a loss that is linear in the weights. (Out-of-bag scores, early stopping and
    whatever else counts rows, count the copies.)

    Parameters
    ----------
    student : classifier, default=None
        Predicts from the student's modality. A classifier whose ``fit`` takes ``sample_weight``, a Pipeline that ends
        in one, or a network. None is ``NetworkClassifier()``.
    teacher : classifier with ``predict_proba``, or dict of them, default=None
        Predicts from the teacher's modality; a Pipeline, or a ``FrozenEstimator`` that was fitted **on other rows**:
        its columns are selected by name. A dict gives a model for each name of ``teacher_columns``. None is
        ``NetworkClassifier()``.
    student_columns : columns, default=None
        For one table that holds both modalities: the student's columns, as names, positions, a slice, a boolean
        mask or a callable; **all others** are the teacher's, so leave labels and identifiers out of the table.
        Integers are positions. None means that X is the student's table.
    teacher_columns : columns or dict of them, default=None
        Columns of the teacher in ``X_teacher``, or in X when ``student_columns`` is set. A dict, name to columns,
        makes one teacher for each modality. A modality whose columns an earlier selector has removed from X is left
        out. None is one teacher on all columns.
    teacher_input : {"teacher", "both"}, default="teacher"
        "both" adds the student's columns to those of each teacher.
    teacher_weights : {"stacked", "equal", "learned"} or dict, default="stacked"
        How probabilities become soft targets, for each row over the teachers whose modality it has:

        - "stacked": a pool of those of the teachers q_m and of the student's own model q_S, all out-of-fold,
          q = softmax(sum_m w_m log q_m + w_S log q_S), with the weights w >= 0 of least log-loss and a weak penalty
          that draws to q = q_S, fitted without the rows that they serve. Such targets do not disagree with the labels
          as the student can see them, so a weak teacher does no harm. A student without ``predict_proba`` is no member,
          with a warning: wrap it in ``CalibratedClassifierCV``.
        - "equal": the mean of the teachers' alone.
        - "learned": sum_m w_m q_m with the weights of the least Brier score.
        - a dict: the same with these weights, by name.
    n_rounds : int or "auto", default="auto"
        Rounds of the stacked soft targets of unlabeled pairs. In each after the first every member of the pool, where
        it can be fitted to soft targets, learns the labels and the last soft targets of one half of the pairs and
        predicts the other half; the weights stay. "auto" is 2, and 1 where student or teacher is a network: a second
        round then takes half as long again, and no gain from it was found.
    student_features : {"own", "predicted_teacher"}, default="own"
        What the student is trained on: its own columns, or these beside the scores of the one teacher as predicted from
        them by :class:`PredictedTeacherFeatures`, which is then a step of ``student_``. The features of a validation
        fold come from pairs outside it. Without unlabeled pairs ``alpha="auto"`` is 0, and the features are used alone.
    alpha : float in [0, 1], "auto" or "analytic", default="auto"
        The teacher's share: 0 labels only, 1 teacher only. Without a teacher's table any but "auto" and 0 is a warning.

        - "auto" with "stacked" soft targets: labeled rows are trained on their labels and unlabeled pairs on their soft
          targets, all rows of the same weight, so that alpha is n_u / (n_l + n_u); without unlabeled pairs the student
          is trained alone, and a warning says so.
        - "auto" for soft targets without the student's own model (``teacher_weights``) and for other objectives: 0.25,
          or 0.5 where unlabeled pairs outnumber labeled rows, if that lowers the Brier score of the student alone by
          more than a standard error on two validation folds (one, if it has 1000 rows or groups), else 0; networks are
          fitted there without their ``refit``.
        - "analytic": minimizes the excess risk of a linear student to first order; it needs no fits of the student,
          does not use weights, and is inaccurate where the student is far from linear.
    temperature : float > 0, default=2.0
        Softens the probabilities of teacher and student where the student is a network. Other students are trained at
        temperature 1, whatever the value.
    objective : str, callable or list, default="soft_targets"
        What a network student matches of the teacher, in place of the divergence in the formula above: a name, a
        callable ``f(student_logits, student_features, teacher_proba, teacher_features)`` that gives one loss a row
        (torch tensors), or a list of these, alone or as (objective, weight) pairs, which are added. Names are
        "soft_targets", "dkd", "ckd", "hints", "mfh", "vid", "rkd", "rkd_distance", "rkd_angle", "sp", "cc", "pkdot",
        "crd", "amid" and "shared_specific"; the page on paired distillation has their formulas and sources. The loss of
        rows held out for early stopping is always that of soft targets.
    representation : {"auto", "transform", "decision_function", "predict_proba"}, default="auto"
        The teacher's method that gives features to objectives that compare representations; "auto" is the first of
        these that it has.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, multiplied by ``sample_weight``, for teacher, student and the choice of alpha.
    calibrate : bool, default=False
        Scale the student's probabilities to p^(1/T), with the T of least log-loss on validation folds, which neither
        student nor teachers are fitted to; networks are fitted there without their ``refit``. Predicted classes do not
        change.
    cv : int or splitter, default=5
        Folds of the out-of-fold soft targets and of the choice of alpha; each row is held out once. A number, at least
        3 for validation folds, makes stratified folds that do not depend on the order of the rows. With ``groups`` in
        ``fit`` the rows of a group stay together, and a number is lowered to that of the groups, at least 3
        (``n_folds_``).
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of every part of student and teacher whose own ``random_state`` is None.
    verbose : int, default=0
        1 shows progress bars.

    Attributes
    ----------
    student_ : classifier
        The fitted student: predicts alone, holds nothing of the teacher, and can be deployed without it.
    teacher_ : classifier, dict or None
        The teacher, fitted to all labeled rows that have its modality, by name where ``teacher_columns`` is a dict;
        None when no teacher was used: there is no teacher's table, an earlier selector kept none, or alpha is set
        to 0.
    teacher_weights_ : dict or None
        Weight of each teacher by name, "teacher" where ``teacher_columns`` is no dict. Stacked: w for rows that have
        all modalities, with the student's own model as "student". Averaged: None of a single teacher, and they add up
        to 1.
    alpha_ : float
        The teacher's share in the loss of the student; 0 without a teacher's table.
    alpha_scores_ : DataFrame or None
        Where ``alpha="auto"`` was chosen on validation folds: for each alpha the mean Brier score there (``brier``, 0
        is best), its difference from the student alone (``difference``) and the standard error of that
        (``standard_error``), of the models as trained: further rows, not further training sets.
    teacher_proba_ : ndarray of shape (n_samples, n_classes) or None
        Out-of-fold soft targets of the labeled rows, pooled; NaN in rows without a teacher's modality.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_folds_ : int or None
        Number of folds that were used, fewer than ``cv`` where there are fewer groups; None when no fold was held out.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    CCHSelector : Selects the modalities that are worth distilling from.
    PairedDistillerRegressor : The same for continuous targets.
    UnpairedDistiller : For cohorts of different samples.

    Notes
    -----
    A row of the teacher's table that is missing throughout was not measured: the student is trained on its label alone.
    A row of the student's table that is missing throughout is used by the teacher alone. With several teachers a row
    has soft targets from those whose modality it has. A row missing in part goes to the teacher as it is; put an
    imputer into the teacher's pipeline. Preprocessing of one modality belongs in the pipeline of its model. To keep the
    choice of alpha free of leakage, the soft target of a row comes from teachers that are fitted neither to the row nor
    to the validation fold.

    References
    ----------
    Hinton, Vinyals, Dean. Distilling the Knowledge in a Neural Network. arXiv 1503.02531, section 2. Lopez-Paz et
    al. Unifying distillation and privileged information. arXiv 1511.03643, equation 6. Xia, Wainwright. Prediction
    aided by surrogate training. arXiv 2412.09364 (a teacher that sees what the student sees). Genest, Zidek. Combining
    probability distributions. Statistical Science 1 (1986), section 3 (log-linear pools).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import PairedDistiller
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(300, random_state=0)
    >>> distiller = PairedDistiller(
    ...     LogisticRegression(), LogisticRegression(), student_columns=drawn.modalities["student"], alpha=0.5
    ... ).fit(drawn.data, drawn.target)
    >>> panel = drawn.data[drawn.modalities["student"]]  # tomorrow's samples have no teacher
    >>> distiller.predict(panel).shape
    (300,)
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
        temperature: float = 2.0,
        objective: Any = "soft_targets",
        representation: str = "auto",
        class_weight: Mapping[Any, float] | str | None = None,
        calibrate: bool = False,
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
        self.temperature = temperature
        self.objective = objective
        self.representation = representation
        self.class_weight = class_weight
        self.calibrate = calibrate
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = PARAMETER_CONSTRAINTS | {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "objective": [str, list, tuple, callable],
        "representation": [StrOptions({"auto", *REPRESENTATIONS})],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "calibrate": ["boolean"],
    }

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
    ) -> PairedDistiller:
        """Fit the teacher, make its out-of-fold soft targets, choose alpha, and fit the student.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when ``student_columns`` is set.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each labeled row: of its label and its soft target, in the teacher's fit if that takes weights,
            and in the choice of alpha. Teachers get weights of mean one, unlabeled pairs the mean of the weights, and
            rows of weight 0 have no part in any loss.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: every internal split keeps a group together.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, a row for each row of X; rows missing throughout were not measured. None fits the
            student alone.
        unlabeled_pairs : tuple of tables, default=None
            Samples with both modalities and no label, ``(X_unlabeled, X_teacher_unlabeled)``, or ``(table,)`` of both
            when ``student_columns`` is set. Any number of rows; the tuple is never cut by cross-validation. With
            ``groups``, one more element of the tuple may name the group of each: soft targets of pairs whose group has
            labeled rows come from teachers that are not fitted to the group, and the pairs are left out where their
            group is in the validation fold.

        Returns
        -------
        PairedDistiller
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, their row labels do not, they hold infinite values or the label itself,
            the label has one class, there are fewer rows than folds, or teacher or student lack a method or parameter
            that is needed.

        Warns
        -----
        UserWarning
            If there is nothing to distill: no unlabeled pairs, none with both modalities, or an ``alpha`` without a
            teacher. If labeled rows are among the unlabeled pairs, or these have another scale than X.
        """
        self._validate_params()
        check_teacher_weights(self.teacher_weights, self.teacher_columns)
        loss = StudentLoss(temperature=self.temperature, objective=resolve_objective(self.objective))
        X = as_table(X, estimator=self)
        validate_data(self, student_table(X, self.student_columns), y, skip_check_array=True)
        check_same_index(X, y, "y")
        y = check_labels(y)
        check_same_length(X, y, "y")
        target = ClassificationTarget(encode_labels(y)[0])
        data = check_paired_data(
            X, y, sample_weight, groups, X_teacher, unlabeled_pairs, self.student_columns, self.teacher_columns
        )
        data = replace(data, sample_weight=apply_class_weight(data.sample_weight, self.class_weight, y))
        seed, has_names = resolve_seed(self.random_state), isinstance(self.teacher_columns, Mapping)
        result = distill(
            set_random_states(clone_or_default(self.student, self._default_student), seed),
            prepare_teachers(data, self.teacher, has_names, self._default_student, self.teacher_input, seed),
            data,
            target,
            loss,
            alpha=self.alpha,
            teacher_weights=self.teacher_weights,
            n_rounds=self.n_rounds,
            student_features=self.student_features,
            representation=self.representation,
            calibrate=self.calibrate,
            cv=self.cv,
            n_jobs=self.n_jobs,
            verbose=bool(self.verbose),
        )
        self._student_columns, self._n_table_columns = data.student_columns, n_features(X)
        self.classes_ = target.classes
        self.student_, self.alpha_, self.alpha_scores_ = result.student, result.alpha, result.alpha_scores
        self.teacher_, self.teacher_weights_ = result.named_teachers(has_names)
        self.teacher_proba_ = result.soft_targets
        self.n_folds_ = result.n_folds
        return self
