"""UnpairedDistiller: the teacher's cohort is another set of samples, with other columns."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from .._distillation._delegate import ClassifierStudentMixin, check_estimator_type, clone_or_default, resolve_seed
from .._distillation._fit_student import check_accepts_soft_targets
from .._distillation._representations import REPRESENTATIONS, choose_representation
from .._losses._teacher_cohort import AlignmentSpec
from .._model_selection._folds import make_fold_ids
from .._model_selection._pipelines import final_estimator
from .._transport._costs import COSTS
from .._utils._warnings import warn_user
from .._validation._array_checks import check_same_length
from .._validation._failures import explain_failure
from .._validation._sklearn import (
    N_JOBS,
    ArrayLike,
    HasMethods,
    Interval,
    StrOptions,
    restore_on_error,
    set_random_states,
)
from .._validation._table_checks import check_no_infinity
from .._validation._tables import Table, as_table, check_same_index
from .._validation._target_checks import check_groups, check_labels, encode_labels
from ..networks._mlp import NetworkClassifier
from ._input import BRIDGE_NAMES, UnpairedData, check_unpaired_data
from ._selection import alignment_table, cross_validate_modes, describe_harm, mode_table
from ._teacher_cohort import FittedTeacher, fit_teacher
from ._training import (
    LABELS_ONLY,
    TrainingMode,
    UnpairedTraining,
    auto_modes,
    fit_mode,
    fixed_modes,
    make_training,
)

ALIGNMENTS = (
    "auto", "none", "self_training", "prototypes", "classwise", "feature", "joint", "bilevel", "published",
    "fused_gromov",
)  # fmt: skip
ALIGNMENT_WEIGHTS = {"feature": 1.0, "joint": 1.0, "fused_gromov": 0.3}
DEFAULT_ALIGNMENT_WEIGHT = 10.0
INNER_LEARNING_RATES = {"published": 1e-5}


class UnpairedDistiller(ClassifierStudentMixin, BaseEstimator):
    """Train a classifier of one modality with the help of another cohort, in which another modality was measured.

    The teacher learns the label from its own cohort, ``teacher_data``. The student, p, learns from labels, from the
    teacher's probabilities q for samples that have both modalities, and by bringing its representation f, through a
    linear map M, to the teacher's representation h of its cohort::

        (1 - alpha) mean_labelled CE(y, p) + alpha mean_tied tau^2 KL(q^tau || p^tau) + weight A(M f, h)

    The alignment A is 0 when the two distributions are the same. Costs c are divided by the mean cost between two rows
    of the teacher's cohort. For each batch of student rows as many rows of the teacher's cohort are drawn.

    Parameters
    ----------
    student : classifier, default=None
        Predicts from the student's modality: a NetworkClassifier, or a Pipeline that ends in one. None is
        ``NetworkClassifier()``. Without an alignment any classifier whose ``fit`` takes ``sample_weight``.
    teacher : classifier, default=None
        Learns from the teacher's cohort: a network, any classifier with a ``representation``, a Pipeline, or a
        ``FrozenEstimator`` that was fitted before **on other rows**: what it says of ``teacher_data`` counts as
        unseen. None is ``NetworkClassifier()``.
    alignment : str, default="auto"
        What the student is trained by, beside labels and ties. With y the class, mu_y the teacher's mean
        representation of it, and OT the cost of optimal transport between two batches:

        - "none": nothing; where there is no tie, the student alone.
        - "prototypes": mean c(M f, mu_y), after Snell et al. 2017. A row without a label counts for every class, as
          probable as the student thinks it.
        - "classwise": OT to teacher rows of the same classes, another class at a cost of its own (Courty et al. 2017).
        - "feature": OT(M f, h), whatever the classes; arXiv 2606.10504, its feature alignment.
        - "joint": OT(M f, h) + KL(t(M f) || p), t the teacher's head: both terms of the bound of arXiv 2606.10504.
        - "bilevel": one step down "classwise" and one down KL(t(M f) || p) on a copy; the gradient of the labels is
          taken at the copy (arXiv 2606.10504, its algorithm, with a gradient in every term).
        - "published": the algorithm of arXiv 2606.10504 as its code has it, for comparison: entropic transport outside
          the log domain, features cut to the shorter size, and a label term without a gradient to the teacher.
        - "fused_gromov": fused Gromov-Wasserstein transport (Vayer et al. 2019) between costs within the cohorts; no
          map.
        - "self_training": no teacher; a student trained before labels the rows of ``unlabeled`` that it is sure of.
        - "auto": the best of "none" and "prototypes", each with and without the ties, and, with ``unlabeled``,
          "self_training", by the Brier score on held-out rows.
    alignment_weight : float >= 0 or None, default=None
        Weight of A, in nats for each mean cost. None is 10 for "prototypes" and "classwise", 1 for "feature" and
        "joint", 0.3 for "fused_gromov": class-blind alignments at weight 3 already cost accuracy on the digits.
        "bilevel" and "published" have no weight, only the size of their steps.
    cost : {"cosine", "euclidean", "cityblock", "chordal"}, default="cosine"
        Cost c between two representations.
    reg : float >= 0, default=0.0
        Entropic regularisation of the transport of "classwise", "feature", "joint" and "bilevel", in mean costs. 0 is
        exact.
    inner_steps : int, default=1
        Steps of "bilevel" and "published" on the copy, of each term.
    inner_learning_rate : float > 0 or None, default=None
        Their step size; None is 0.01, for "published" 1e-5.
    alpha : float in [0, 1] or "auto", default="auto"
        The teacher's share where samples are tied to it, by ``bridge`` or ``linked_columns``; 0 leaves the ties out.
        "auto" gives a tied row the weight of a labelled row.
    temperature : float > 0, default=1.0
        Softens teacher and student alike on tied rows.
    representation : {"auto", "transform", "decision_function", "predict_proba"}, default="auto"
        The method of the teacher that represents a row; "auto" is the first of these that it has. Probabilities are
        out of fold for the teacher's rows, as log-ratios.
    linked_columns : list of pairs, "names" or None, default=None
        Columns that measure the same in both modalities, as (student's column, teacher's column); "names" links
        columns of the same name. The teacher's features of the student's rows are estimated from them by ridge
        regression in the teacher's cohort.
    cv : int or splitter, default=5
        Folds of the labelled rows on which "auto" chooses. A fixed alignment is checked on the first. With ``groups``
        in ``fit`` no fold parts a group.
    check_alignment : bool, default=True
        Whether to measure ``alignment_metrics_`` on held-out rows: the student alone, aligned, and aligned with a teacher whose
        rows lost their labels. Three more fits, 15 with "auto".
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
        The teacher, fitted to its cohort; None without ``teacher_data``.
    best_alignment_ : str
        The alignment that was used; "none" is none.
    used_bridge_ : bool
        Whether the teacher's opinion of tied rows was used.
    candidate_scores_ : DataFrame or None
        With ``alignment="auto"``: for each candidate the mean Brier score on held-out rows (``brier``, 0 is best), its
        difference to labels only (``difference``) and the standard error of that.
    alignment_metrics_ : DataFrame or None
        On held-out rows, for the student "alone", "aligned" and with a "shuffled teacher": the teacher's error on rows
        of its own cohort that it has not seen, the alignment of features (debiased transport cost, in mean costs), the
        alignment of labels (KL of the student from the teacher's head, in nats), the student's error, log-loss (nats)
        and Brier score.
    history_ : DataFrame or None
        Losses of each epoch of a network student.
    shared_classes_ : ndarray of shape (n_shared_classes,)
        Classes that both cohorts have.
    classes_ : ndarray of shape (n_classes,)
        Class labels, those of y.
    n_features_in_ : int
        Number of the student's columns.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the student's columns, when X had string names in fit.

    See Also
    --------
    PairedDistiller : For samples that have both modalities.
    AlignmentDisplay : Draws the losses, the transport plan and both cohorts.

    Notes
    -----
    Without ties there is little that a teacher can say beyond the classes; see the page "Without pairs" for what was
    measured. A row of a tuple's table that is missing throughout was not measured and is left out. Shares of classes
    may differ between the cohorts: teacher rows are drawn by the classes of the student's cohort, and the teacher's
    probabilities are corrected for it (Saerens et al. 2002). A class that one cohort lacks is left out of the
    alignment, with a warning.

    References
    ----------
    Tran et al. Cross-Modal Knowledge Distillation without Paired Data. ICML 2026, arXiv 2606.10504. Courty et al. Joint
    distribution optimal transportation for domain adaptation. NeurIPS 2017, equation 4. Snell et al. Prototypical
    networks. NeurIPS 2017, equation 1. Vayer et al. Optimal transport for structured data. ICML 2019, equation 3.
    Saerens et al. Adjusting the outputs of a classifier to new a priori probabilities. Neural Computation 14, 2002,
    equation 2.4.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import UnpairedDistiller
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(300, random_state=0)
    >>> panel, omics = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    >>> distiller = UnpairedDistiller(LogisticRegression(), LogisticRegression(), alignment="none").fit(
    ...     panel[:60], drawn.target[:60],
    ...     teacher_data=(omics[60:200], drawn.target[60:200]),  # other samples
    ...     bridge=(panel[200:240], omics[200:240]),  # a few samples with both; no labels
    ... )
    >>> distiller.predict(panel[240:]).shape
    (60,)
    """

    def __init__(
        self,
        student: BaseEstimator | None = None,
        teacher: BaseEstimator | None = None,
        *,
        alignment: str = "auto",
        alignment_weight: float | None = None,
        cost: str = "cosine",
        reg: float = 0.0,
        inner_steps: int = 1,
        inner_learning_rate: float | None = None,
        alpha: float | str = "auto",
        temperature: float = 1.0,
        representation: str = "auto",
        linked_columns: Any = None,
        cv: Any = 5,
        check_alignment: bool = True,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.student = student
        self.teacher = teacher
        self.alignment = alignment
        self.alignment_weight = alignment_weight
        self.cost = cost
        self.reg = reg
        self.inner_steps = inner_steps
        self.inner_learning_rate = inner_learning_rate
        self.alpha = alpha
        self.temperature = temperature
        self.representation = representation
        self.linked_columns = linked_columns
        self.cv = cv
        self.check_alignment = check_alignment
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own convention
        "student": [HasMethods(["fit", "predict"]), None],
        "teacher": [HasMethods(["fit", "predict"]), None],
        "alignment": [StrOptions(set(ALIGNMENTS))],
        "alignment_weight": [Interval(Real, 0, None, closed="left"), None],
        "cost": [StrOptions(set(COSTS))],
        "reg": [Interval(Real, 0, None, closed="left")],
        "inner_steps": [Interval(Integral, 1, None, closed="left")],
        "inner_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "alpha": [Interval(Real, 0, 1, closed="both"), StrOptions({"auto"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "representation": [StrOptions({"auto", *REPRESENTATIONS})],
        "linked_columns": "no_validation",
        "cv": ["cv_object"],
        "check_alignment": ["boolean"],
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
        teacher_data: tuple[Any, ...] | None = None,
        unlabeled: tuple[Any, ...] | None = None,
        bridge: tuple[Any, ...] | None = None,
    ) -> UnpairedDistiller:
        """Train the teacher on its cohort, choose the alignment, and train the student.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            The student's table.
        y : array-like of shape (n_samples,)
            Class labels.
        groups : array-like of shape (n_samples,), default=None
            Rows of one group, such as the samples of one patient, are never split: they are in one fold where
            candidates are compared and ``alignment_metrics_`` is measured, and stay together where a network stops early.
            Standard errors count groups. ``cv`` may be a splitter that uses groups. By routing:
            ``set_fit_request(groups=True)``.
        teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups), default=None
            The teacher's cohort: other samples, other columns, labels of the same names. None trains the student
            without a teacher. With groups, none is split where the teacher says something of its own rows.
        unlabeled : tuple (X_unlabeled,) or (X_unlabeled, groups), default=None
            Further rows of the student's table, without a label.
        bridge : tuple (X_bridge, X_teacher_bridge) or (X_bridge, X_teacher_bridge, groups), default=None
            Samples with both modalities, row for row; no label is needed. They must be other samples than those of X
            and of the teacher's cohort, or the teacher repeats labels it has seen. Tuples are never cut by
            cross-validation. Groups in ``unlabeled`` and ``bridge`` are named as in ``groups``: while a group is held
            out its further rows teach nothing. Rows without any count as groups of their own.

        Returns
        -------
        UnpairedDistiller
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, hold infinite values, the cohorts share no class, the label has one
            class, there are fewer rows, or groups, than folds, groups are missing or of another length than their
            table, or teacher or student cannot do what they must.

        Warns
        -----
        UserWarning
            If one cohort lacks classes of the other, or if a fixed alignment makes the student worse than alone on
            held-out rows, or no nearer to the teacher.
        """
        self._validate_params()
        X = as_table(X, estimator=self)
        validate_data(self, X, y, skip_check_array=True)
        check_same_index(X, y, "y")
        y = check_labels(y)
        check_same_length(X, y, "y")
        check_no_infinity(X, "X")
        classes = encode_labels(y)[0]
        seed = resolve_seed(self.random_state)
        student, teacher = (set_random_states(clone_or_default(model), seed) for model in (self.student, self.teacher))
        self._check_student_supports_alignment(
            student, trains_on_soft_targets=teacher_data is not None or unlabeled is not None
        )
        groups = check_groups(groups, X)
        data = check_unpaired_data(X, y, groups, teacher_data, unlabeled, bridge, self.linked_columns)
        fitted_teacher = self._fit_teacher(teacher, data, classes)
        with explain_failure(student, "student", lambda: student_tables(data)):
            training = make_training(
                data,
                classes,
                fitted_teacher,
                self._alignment_spec(fitted_teacher),
                alpha=self.alpha,
                temperature=float(self.temperature),
            )
            mode, scores, metrics = self._select_mode(student, training, data, fitted_teacher, seed)
            student = fit_mode(student, training, mode)
        self.classes_, self.student_ = classes, student
        self.teacher_ = None if fitted_teacher is None else fitted_teacher.model
        if fitted_teacher is not None:
            self.shared_classes_ = classes[fitted_teacher.cohort.shared]
        self.best_alignment_, self.used_bridge_ = mode.alignment, mode.use_bridge
        self.candidate_scores_, self.alignment_metrics_ = scores, metrics
        self.history_ = training_history(student)
        return self

    def _check_student_supports_alignment(self, student: BaseEstimator, *, trains_on_soft_targets: bool) -> None:
        """Raise when the student cannot be trained as asked."""
        check_estimator_type(student, classes=True)
        if not trains_on_soft_targets:
            return
        if self.alignment in ("auto", "none", "self_training"):
            check_accepts_soft_targets(student)
        elif not isinstance(final_estimator(student), NetworkClassifier):
            raise ValueError(
                f"alignment={self.alignment!r} aligns a network's representation, and the student is a "
                f"{final_estimator(student).__class__.__name__}. Use NetworkClassifier, or a Pipeline that ends in one, or "
                "one of the alignments 'none' and 'self_training'."
            )

    def _fit_teacher(self, teacher: BaseEstimator, data: UnpairedData, classes: np.ndarray) -> FittedTeacher | None:
        """The teacher fitted to its cohort; None without one."""
        if data.X_teacher is None:
            return None
        warn_of_unshared_classes(classes, np.unique(data.y_teacher))
        method = choose_representation(teacher, self.representation)
        return fit_teacher(
            teacher, data, classes, method, needs_error=self.check_alignment, cv=self.cv, n_jobs=self.n_jobs
        )

    def _alignment_spec(self, teacher: FittedTeacher | None) -> AlignmentSpec | None:
        """The alignment's settings, with what None stands for written out; None without a teacher."""
        if teacher is None:
            return None
        weight = self.alignment_weight
        if weight is None:
            weight = ALIGNMENT_WEIGHTS.get(self.alignment, DEFAULT_ALIGNMENT_WEIGHT)
        inner_learning_rate = self.inner_learning_rate or INNER_LEARNING_RATES.get(self.alignment, 1e-2)
        return AlignmentSpec(
            self.alignment, teacher.cohort, weight, self.cost, self.reg, self.inner_steps, inner_learning_rate
        )

    def _select_mode(
        self,
        student: BaseEstimator,
        training: UnpairedTraining,
        data: UnpairedData,
        teacher: FittedTeacher | None,
        seed: int | None,
    ) -> tuple[TrainingMode, pd.DataFrame | None, pd.DataFrame | None]:
        """The mode to train the student by, ``candidate_scores_`` and ``alignment_metrics_``."""
        automatic = self.alignment == "auto"
        modes = auto_modes(student, training) if automatic else fixed_modes(self.alignment, training)
        mode = modes[-1]
        if mode == LABELS_ONLY or not (automatic or self.check_alignment):
            return mode, None, None
        fold_ids = make_fold_ids(self.cv, data.y, groups=data.groups)
        # One fold is enough of a check, unless a splitter makes it a single row.
        all_folds = automatic or not isinstance(self.cv, Integral)
        val_folds = range(int(fold_ids.max()) + 1) if all_folds else (0,)
        options: dict[str, Any] = {
            "with_alignment": self.check_alignment,
            "n_jobs": self.n_jobs,
            "verbose": bool(self.verbose),
        }
        scores = cross_validate_modes(student, modes, training, data, fold_ids, val_folds, **options)
        best = scores.best("min") if automatic else len(modes) - 1
        mode, table = modes[best], mode_table(scores) if automatic else None
        if not self.check_alignment:
            return mode, table, None
        students = {"alone": (scores, 0), "aligned": (scores, best)}
        if mode.aligns or mode.use_bridge:
            permuted = training.permute_teacher(check_random_state(seed))
            control = cross_validate_modes(student, [mode], permuted, data, fold_ids, val_folds, **options)
            students["shuffled teacher"] = (control, 0)
        if not automatic and (harm := describe_harm(scores, best, mode)) is not None:
            warn_user(harm)
        return mode, table, alignment_table(students, np.nan if teacher is None else teacher.error)


def student_tables(data: UnpairedData) -> dict[str, Table]:
    """The tables that the student reads, by name."""
    tables = {"X": data.X, "unlabeled[0]": data.X_unlabeled, BRIDGE_NAMES[0]: data.X_bridge}
    return {name: table for name, table in tables.items() if table is not None}


def warn_of_unshared_classes(classes: np.ndarray, teacher_classes: np.ndarray) -> None:
    """Warn of classes that one cohort lacks."""
    missing = np.setdiff1d(classes, teacher_classes).tolist()
    unknown = np.setdiff1d(teacher_classes, classes).tolist()
    if missing or unknown:
        parts = [f"{missing} are missing in the teacher's cohort and are learned from labels alone"] * bool(missing)
        parts += [f"{unknown} are missing in y and will not be predicted"] * bool(unknown)
        warn_user(f"The cohorts do not have the same classes: {'; '.join(parts)}.")


def training_history(student: BaseEstimator) -> pd.DataFrame | None:
    """Losses of each epoch of a network student."""
    model = final_estimator(student)
    if not isinstance(model, NetworkClassifier):
        return None
    return pd.DataFrame(list(model.net_.history)).drop(columns="batches")
