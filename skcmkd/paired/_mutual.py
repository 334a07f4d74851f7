"""MutualDistiller: networks of two modalities, each with soft targets from the other."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from .._distillation._delegate import ClassifierStudentMixin, clone_or_default, resolve_seed
from .._model_selection._pipelines import final_estimator
from .._validation._array_checks import check_same_length
from .._validation._columns import Columns, student_table
from .._validation._sklearn import ArrayLike, HasMethods, Interval, n_features, restore_on_error, set_random_states
from .._validation._table_checks import check_no_infinity
from .._validation._tables import Table, as_table, check_same_index
from .._validation._target_checks import check_labels, encode_labels
from ._input import check_paired_data
from ._mutual_fit import check_network, fit_networks


class MutualDistiller(ClassifierStudentMixin, BaseEstimator):
    """Train a network for each of two modalities at the same time, on the labels and on each other's probabilities.

    With p_S and p_T the class probabilities of the two networks, in nats::

        (1 - alpha) mean_labeled CE(y, p_S) + alpha mean_paired tau^2 KL(p_T^tau || p_S^tau)
        + (1 - alpha) mean_labeled CE(y, p_T) + alpha mean_paired tau^2 KL(p_S^tau || p_T^tau)

    The first distribution of a divergence is its target, which has no gradient. Each fitted network predicts alone from
    its modality; the distiller predicts with the student.

    Parameters
    ----------
    student : NetworkClassifier or Pipeline, default=None
        Predicts from the student's modality; a pipeline ends in a network. The settings of the common training,
        such as batches, learning rate, epochs and device, are the student's. None is ``NetworkClassifier()``.
    teacher : NetworkClassifier or Pipeline, default=None
        The same for the teacher's modality; of its settings only layers and dropout are used when both are trained
        together. None is ``NetworkClassifier()``.
    student_columns : columns, default=None
        For one table that holds both modalities: the student's columns, as names, positions, a slice, a boolean
        mask or a callable; **all others** are the teacher's, so leave labels and identifiers out of the table.
        Integers are positions. None means that X is the student's table.
    alpha : float in [0, 1), default=0.5
        The other network's share: with 0 each network is trained on the labels alone, by its ``fit``.
    temperature : float > 0, default=2.0
        Softens both networks' probabilities in the divergences.
    random_state : int, RandomState or None, default=None
        Seed of every part of student and teacher whose own ``random_state`` is None.
    verbose : int, default=0
        1 prints a line for each epoch.

    Attributes
    ----------
    student_ : NetworkClassifier or Pipeline
        The fitted student: predicts alone and can be deployed without the teacher.
    teacher_ : NetworkClassifier or Pipeline or None
        The fitted teacher: predicts alone, from the teacher's table, with the classes of ``classes_``. None when no
        teacher's table was given.
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    PairedDistiller : One teacher, trained beforehand; any student, and alpha chosen for it.

    Notes
    -----
    A row of the teacher's table that is missing throughout was not measured: the student is trained on its label alone,
    and the teacher is not trained on it. Unlabeled pairs enter the divergences alone. Steps before the networks are
    fitted to the labeled rows. Training stops early on the cross-entropy of held-out labeled rows, summed over both
    networks: untrained networks agree, so their divergence does not show when to stop.

    Each network gets soft targets from the other, however weak that is, and nothing chooses alpha: with unlabeled pairs
    a much weaker teacher harms. Compare with alpha = 0 by cross-validation.

    References
    ----------
    Zhang, Xiang, Hospedales, Lu. Deep mutual learning. arXiv 1706.00384, equations 5 and 6, here with one step for
    both networks, a temperature and a weight. Hinton, Vinyals, Dean. Distilling the Knowledge in a Neural Network.
    arXiv 1503.02531, section 2.

    Examples
    --------
    >>> from skcmkd import MutualDistiller, NetworkClassifier
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, random_state=0)
    >>> panel, omics = drawn.data[drawn.modalities["student"]], drawn.data[drawn.modalities["teacher"]]
    >>> network = NetworkClassifier((16,), max_epochs=20)
    >>> distiller = MutualDistiller(network, network, random_state=0).fit(panel, drawn.target, X_teacher=omics)
    >>> distiller.predict(panel).shape
    (200,)
    >>> distiller.teacher_.predict(omics).shape
    (200,)
    """

    def __init__(
        self,
        student: BaseEstimator | None = None,
        teacher: BaseEstimator | None = None,
        *,
        student_columns: Columns = None,
        alpha: float = 0.5,
        temperature: float = 2.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.student = student
        self.teacher = teacher
        self.student_columns = student_columns
        self.alpha = alpha
        self.temperature = temperature
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "student": [HasMethods(["fit", "predict"]), None],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "student_columns": "no_validation",
        "alpha": [Interval(Real, 0, 1, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
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
    ) -> MutualDistiller:
        """Train both networks.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table, or both modalities when ``student_columns`` is set.
        y : array-like of shape (n_samples,)
            Class labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each labeled row, in every part of the loss; only the weights' proportions matter. Unlabeled pairs
            have the mean weight. Rows held out for early stopping count alike, and rows of weight 0 are left out.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient: rows of a group are held out together for early stopping.
        X_teacher : DataFrame or array-like of shape (n_samples, n_teacher_features), default=None
            The teacher's table, a row for each row of X; rows missing throughout were not measured. None fits the
            student alone.
        unlabeled_pairs : tuple of tables, default=None
            Samples with both modalities and no label, ``(X_unlabeled, X_teacher_unlabeled)``, or ``(table,)`` of both
            when ``student_columns`` is set. Any number of rows; the tuple is never cut by cross-validation. With
            ``groups``, one more element of the tuple may name the group of each: pairs are held out with their group.

        Returns
        -------
        MutualDistiller
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables, weights or groups do not fit together, hold infinite values, the label has one class, or
            student or teacher is not a network.
        """
        self._validate_params()
        X = as_table(X, estimator=self)
        validate_data(self, student_table(X, self.student_columns), y, skip_check_array=True)
        check_same_index(X, y, "y")
        y = check_labels(y)
        check_same_length(X, y, "y")
        classes = encode_labels(y)[0]
        data = check_paired_data(X, y, sample_weight, groups, X_teacher, unlabeled_pairs, self.student_columns, None)
        check_no_infinity(data.X, "X")
        seed = resolve_seed(self.random_state)
        student, teacher = (self._prepare(model, seed) for model in (self.student, self.teacher))
        check_network(student, "student")
        check_network(teacher, "teacher")
        fit_networks(student, teacher, data, classes, self.alpha, self.temperature)
        self._student_columns, self._n_table_columns = data.student_columns, n_features(X)
        self.classes_, self.student_ = classes, student
        self.teacher_ = None if data.X_teacher is None else teacher
        return self

    def _prepare(self, model: BaseEstimator | None, seed: int | None) -> BaseEstimator:
        """A copy to train, with the distiller's seed and, if set, its ``verbose``."""
        copy = set_random_states(clone_or_default(model), seed)
        if self.verbose and "verbose" in final_estimator(copy).get_params():
            final_estimator(copy).set_params(verbose=self.verbose)
        return copy
