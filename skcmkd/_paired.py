"""PairedDistiller: the same samples have both modalities in fit."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from ._cross_fitting import assign_folds
from ._pairs import check_pairs, check_two_tables, split_one_table
from ._soft_targets import check_student, fit_student
from ._student_predictions import StudentPredictions, clone_or_network, seed_of
from ._teaching import Opinions, choose_alpha
from ._validation import (
    ArrayLike,
    Columns,
    HasMethods,
    Interval,
    StrOptions,
    Table,
    as_codes,
    as_table,
    check_labels,
    check_missing_values,
    check_same_index,
    check_text_columns,
    check_values,
    column_positions,
    drop_teacher_columns,
    keep_earlier_fit,
    n_columns_of,
    set_seeds,
    take_columns,
)


class PairedDistiller(StudentPredictions, BaseEstimator):
    """Train a classifier of one modality with the help of another that is there only in fit.

    A teacher learns the label from its own modality; its probabilities for rows it has not seen, q, become soft
    targets of the student, p::

        (1 - alpha) mean_labelled CE(y, p) + alpha mean_taught tau^2 KL(q^tau || p^tau)

    For a network student this is the loss. Any other student gets each row once per class, weighted by
    (1 - alpha) onehot(y) + alpha q, which is the same at tau = 1 for a loss that is linear in the weights. (What a
    model does with counted rows, such as out-of-bag scores or early stopping of its own, sees the copies.)

    Parameters
    ----------
    student : classifier, default=None
        Predicts from the student's modality. A classifier whose ``fit`` takes ``sample_weight``, a Pipeline that ends
        in one, or a network. None is ``NetworkClassifier()``.
    teacher : classifier with ``predict_proba``, default=None
        Learns from the teacher's modality; a Pipeline, or a ``FrozenEstimator`` that was fitted **on other rows**.
        None is ``NetworkClassifier()``.
    student_columns : columns, default=None
        For one table that holds both modalities: the student's columns, as names, positions, a slice, a boolean
        mask or a callable; **all others** are the teacher's, so leave labels and identifiers out of the table.
        Integers are positions. None means that X is the student's table.
    alpha : float in [0, 1] or "auto", default="auto"
        The teacher's share: 0 labels only, 1 teacher only. "auto" takes one of 0, 0.25, 0.5, 0.75 by the Brier score
        on held-out rows, by the one-standard-error rule in favour of the smallest.
    temperature : float > 0, default=2.0
        Softens teacher and student alike where the student is a network. Other students have no temperature of
        their own: they are taught at 1 and this is not used.
    cv : int or splitter, default=5
        Folds in which the teacher's targets are made and alpha is chosen; each row is held out once. Stratified
        blocks of adjacent rows when a number, at least 3 for "auto". For repeated measurements of a subject give a
        list of splits that keeps its rows together.
    n_jobs : int or None, default=None
        Parallel fits; changes nothing but time.
    random_state : int, RandomState or None, default=None
        Seed of every part of student and teacher whose own ``random_state`` is None.
    verbose : int, default=0
        1 shows progress bars.

    Attributes
    ----------
    student_ : classifier
        The fitted student: predicts alone, knows nothing of the teacher, and can be deployed without it.
    teacher_ : classifier or None
        The teacher, fitted to all labelled rows that it was measured on; None when no teacher was used: no
        teacher's table was given, a selector before kept none, or alpha is set to 0.
    alpha_ : float
        The weight used; 0 without a teacher's table.
    alpha_scores_ : DataFrame or None
        With ``alpha="auto"``: for each weight the mean Brier score on held-out rows (``brier``, 0 is best), its
        difference to the student alone (``excess``) and the standard error of that.
    teacher_proba_ : ndarray of shape (n_samples, n_classes) or None
        The teacher's probabilities for the labelled rows, each by a teacher that has not seen the row; NaN where it
        was not measured.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    CCHSelector : Says which modality should teach, before this.

    Notes
    -----
    A row of the teacher's table that is missing throughout was not measured: it is taught by its label alone.
    A row missing in part goes to the teacher as it is; put an imputer into the teacher's pipeline. Preprocessing
    of one modality belongs into the pipeline of its model. To choose alpha without leaking, the targets of a row
    come from teachers that have seen neither the row nor the rows that judge the student.

    References
    ----------
    Hinton, Vinyals, Dean. Distilling the Knowledge in a Neural Network. arXiv 1503.02531, section 2. Lopez-Paz et
    al. Unifying distillation and privileged information. arXiv 1511.03643, equation 6.

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
        teacher: BaseEstimator | None = None,
        *,
        student_columns: Columns = None,
        alpha: float | str = "auto",
        temperature: float = 2.0,
        cv: Any = 5,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.student = student
        self.teacher = teacher
        self.student_columns = student_columns
        self.alpha = alpha
        self.temperature = temperature
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "student": [HasMethods(["fit", "predict"]), None],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "student_columns": "no_validation",
        "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "cv": ["cv_object"],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def fit(
        self,
        X: Table,
        y: ArrayLike,
        *,
        X_teacher: Table | None = None,
        unlabeled_pairs: tuple[Table, ...] | None = None,
    ) -> PairedDistiller:
        """Train the teacher, make its targets, and train the student.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when ``student_columns`` is set.
        y : array-like of shape (n_samples,)
            Class labels.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, a row for each row of X; rows missing throughout were not measured. None trains the
            student alone.
        unlabeled_pairs : tuple of tables, default=None
            Samples with both modalities and no label, ``(X_unlabeled, X_teacher_unlabeled)``, or ``(table,)`` of both
            when ``student_columns`` is set. Any number of rows; the tuple is never cut by cross-validation.

        Returns
        -------
        PairedDistiller
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, hold infinite values, the label has one class, there are fewer rows
            than folds, or teacher or student cannot do what they must.
        """
        with keep_earlier_fit(self):
            self._validate_params()
            X = as_table(X, estimator=self)
            self._student_positions = None
            if self.student_columns is None:
                X_teacher, unlabeled_pairs = check_two_tables(X_teacher, unlabeled_pairs)
            else:
                self._student_positions = column_positions(X, self.student_columns, "student_columns")
                self._n_table_columns = n_columns_of(X)
                X, X_teacher, unlabeled_pairs = split_one_table(X, self._student_positions, X_teacher, unlabeled_pairs)
            validate_data(self, X, y, skip_check_array=True)
            check_same_index(X, y, "y")
            y = check_labels(y)
            check_consistent_length(X, y)
            self.classes_, _ = as_codes(y)
            seed = seed_of(self.random_state)
            student = set_seeds(clone_or_network(self.student), seed)
            teacher = set_seeds(clone_or_network(self.teacher), seed)
            check_text_columns(X, student, "X", "student")
            check_values(X, "X")
            check_missing_values(X, student, "X", "student")
            self.teacher_, self.teacher_proba_, self.alpha_scores_, self.alpha_ = None, None, None, 0.0
            pairs = None
            if X_teacher is not None:
                pairs = check_pairs(X, y, self.classes_, X_teacher, unlabeled_pairs, teacher)
            if pairs is None or self.alpha == 0:
                self.student_ = student.fit(X, y)
                return self
            check_student(student)
            opinions = Opinions(
                teacher,
                pairs,
                assign_folds(self.cv, y),
                leave_two_out=self.alpha == "auto",
                n_jobs=self.n_jobs,
                verbose=bool(self.verbose),
            )
            if self.alpha == "auto":
                self.alpha_, self.alpha_scores_ = choose_alpha(
                    student, opinions, self.temperature, n_jobs=self.n_jobs, verbose=bool(self.verbose)
                )
            else:
                self.alpha_ = float(self.alpha)
            lesson = opinions.lesson()
            self.student_ = fit_student(student, lesson, self.alpha_, self.temperature)
            self.teacher_, self.teacher_proba_ = opinions.teacher, lesson.teacher_proba
        return self

    def _student_table(self, X: Table) -> Table:
        """The student's columns of a table with or without the teacher's."""
        X = as_table(X, estimator=self)
        if self._student_positions is not None:
            names = getattr(self, "feature_names_in_", None)
            selected = drop_teacher_columns(X, names) if names is not None else None
            if selected is not None:
                X = selected
            elif n_columns_of(X) == self._n_table_columns:
                X = take_columns(X, self._student_positions)
        validate_data(self, X, reset=False, skip_check_array=True)
        return X
