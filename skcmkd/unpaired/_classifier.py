"""UnpairedDistiller: the teacher's cohort is another set of samples, with other columns."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import validate_data

from .._distillation._delegate import ClassifierStudentMixin, clone_or_default, resolve_seed
from .._distillation._representations import REPRESENTATIONS
from .._distillation._student_loss import StudentLoss
from .._losses._teacher_cohort import AlignmentSpec
from .._model_selection._pipelines import fit_with_metadata
from .._transport._costs import COSTS
from .._validation._array_checks import check_same_length
from .._validation._failures import explain_failure, may_be_refused
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
from ._input import check_unpaired_data, warn_of_unshared_classes
from ._modes import check_student, fit_mode, training_history
from ._selection import PRODUCT, select_mode
from ._teacher_fit import FittedTeacher, fit_teacher
from ._training import make_training

ALIGNMENTS = (
    "auto", "none", "self_training", "prototypes", "classwise", "feature", "joint", "bilevel", "published",
    "fused_gromov",
)  # fmt: skip
ALIGNMENT_WEIGHTS = {"feature": 1.0, "joint": 1.0, "fused_gromov": 0.3}
DEFAULT_ALIGNMENT_WEIGHT = 10.0
INNER_LEARNING_RATES = {"published": 1e-5}


class UnpairedDistiller(ClassifierStudentMixin, BaseEstimator):
    """Train a classifier of one modality with the help of another cohort, in which another modality was measured.

    The teacher is fitted to its cohort, ``teacher_data``. The student, p, is trained on labels, on soft targets q of
    samples that have both modalities, made of the teacher's probabilities, and on an alignment A of its representation
    f, through a linear map M, with the teacher's representation h of its cohort::

        (1 - alpha) mean_labeled CE(y, p) + alpha mean_soft tau^2 KL(q^tau || p^tau) + weight A(M f, h)

    The alignment A is 0 when the two distributions are the same. Costs c are divided by the mean cost between two rows
    of the teacher's cohort. For each batch of student rows as many rows of the teacher's cohort are drawn.

    Parameters
    ----------
    student : classifier, default=None
        Predicts from the student's modality: a NetworkClassifier, or a Pipeline that ends in one. None is
        ``NetworkClassifier()``. Without an alignment any classifier whose ``fit`` takes ``sample_weight``.
    teacher : classifier, default=None
        Predicts from the teacher's modality: a network, any classifier with a ``representation``, a Pipeline, or a
        ``FrozenEstimator`` that was fitted before **on other rows**: its predictions of ``teacher_data`` count as
        out-of-fold. None is ``NetworkClassifier()``.
    alignment : str, default="auto"
        The loss A added to those of labels and soft targets. With y the class, mu_y the teacher's mean representation
        of it, and OT the cost of optimal transport between two batches:

        - "none": no alignment; without soft targets the student is trained alone.
        - "prototypes": mean c(M f, mu_y), after Snell et al. 2017. A row without a label counts for every class, with
          the student's probability of it.
        - "classwise": OT to teacher rows of the same classes; moving to another class has a cost (Courty et al. 2017).
        - "feature": OT(M f, h), whatever the classes; arXiv 2606.10504, its feature alignment.
        - "joint": OT(M f, h) + KL(t(M f) || p), t the teacher's head: both terms of the bound of arXiv 2606.10504.
        - "bilevel": one step down "classwise" and one down KL(t(M f) || p) on a copy; the gradient of the labels is
          taken at the copy (arXiv 2606.10504, its algorithm, with a gradient in every term).
        - "published": the algorithm of arXiv 2606.10504 as its code has it, for comparison: entropic transport outside
          the log domain, features cut to the shorter size, and a label term without a gradient to the teacher.
        - "fused_gromov": fused Gromov-Wasserstein transport (Vayer et al. 2019) between costs within the cohorts; no
          map.
        - "self_training": no alignment; a first student labels the rows of ``unlabeled`` that it predicts with
          confidence. Soft targets are used beside these labels where there are any.
        - "auto": the best of the labels alone, "none" and "prototypes", both with soft targets where there are any,
          and, with ``unlabeled``, "self_training", by the Brier score on held-out rows: of one fold, and of further
          ones while these do not tell by a standard error whether the labels alone are best, at most two thirds of all.
    alignment_weight : float >= 0 or None, default=None
        Weight of A, in nats for each mean cost. None is 10 for "prototypes" and "classwise", 1 for "feature" and
        "joint", 0.3 for "fused_gromov": class-blind alignments at weight 3 already cost accuracy on the digits.
        "bilevel" and "published" have no weight, only the size of their steps.
    cost : {"cosine", "euclidean", "cityblock", "chordal"}, default="cosine"
        Cost c between two representations.
    reg : float >= 0, default=0.0
        Entropic regularization of the transport of "classwise", "feature", "joint" and "bilevel", in mean costs. 0 is
        exact.
    inner_steps : int, default=1
        Steps of "bilevel" and "published" on the copy, of each term.
    inner_learning_rate : float > 0 or None, default=None
        Their step size; None is 0.01, for "published" 1e-5.
    alpha : float in [0, 1] or "auto", default="auto"
        The teacher's share where rows have soft targets, over ``bridge`` or ``linked_columns``; 0 uses none of them.
        "auto" gives a row with a soft target the weight of a labeled row, as "self_training" gives pseudo-labels.
    temperature : float > 0, default=1.0
        Softens the probabilities of teacher and student in the divergence of soft targets.
    representation : {"auto", "transform", "decision_function", "predict_proba"}, default="auto"
        The method of the teacher that represents a row; "auto" is the first of these that it has. Probabilities are
        out of fold for the teacher's rows, as log-ratios.
    linked_columns : list of pairs, "names" or None, default=None
        Columns that measure the same in both modalities, as (student's column, teacher's column); "names" links
        columns of the same name. The teacher's features of the student's rows, and from them soft targets, are
        estimated by ridge regression in the teacher's cohort.
    soft_targets : {"product", "teacher"}, default="product"
        Soft targets q of rows that the teacher predicts, over ``bridge`` or ``linked_columns``:

        - "product": a product of experts, q = softmax(log q_T + log q_S - log prior), of the teacher and of the student
          fitted to the labels alone, q_S: the geometric mean of its fits without each fold, calibrated by a temperature
          from its out-of-fold probabilities. The prior is that of the classes in y, which q_T was corrected to. It is
          the posterior given both modalities where these are independent given the class. A labeled row is predicted by
          a model that was not fitted to it.
        - "teacher": q = q_T.
    cv : int or splitter, default=3
        Folds of the labeled rows on which "auto" chooses, and without each of which the student's own model is fitted
        for "product". With a number, ``alignment_metrics_`` and the check of a fixed alignment are of the first fold;
        a splitter's folds, which may be single rows, are all held out. With ``groups`` in ``fit`` no group is split
        between folds, and a number is lowered to that of the groups, at least 3. The teacher's cohort has two folds
        for its error and class priors, and as many as ``cv`` where probabilities represent it.
    check_alignment : bool, default=True
        Whether to measure ``alignment_metrics_`` on held-out rows: the student alone, aligned, and aligned with a
        teacher whose rows have permuted labels. Up to three more fits of the student, one with "auto"; and without a
        bridge two of the teacher, each to half of its cohort.
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
    teacher_ : classifier or None
        The teacher, fitted to its cohort; None without ``teacher_data``.
    training_mode_ : str
        What the student was trained with beside the labels, in words: "labels alone" where nothing was used; "soft
        targets" of single rows, over ``bridge`` or ``linked_columns``, and no alignment; an alignment, such as
        "prototypes"; or both, "prototypes and soft targets".
    best_alignment_ : str
        The alignment that was used; "none" for none.
    used_bridge_ : bool
        Whether the student was trained on soft targets of single rows, over ``bridge`` or ``linked_columns``.
    candidate_scores_ : DataFrame or None
        With ``alignment="auto"`` a row for each candidate, the first of which is the student alone: its
        ``training_mode``, ``alignment`` and ``used_bridge``, the number of held-out rows (``n_rows``), the mean Brier
        score on these (``brier``, 0 is best), its ``difference`` to the student alone, and the ``standard_error`` of
        that, of the models as trained.
    alignment_metrics_ : DataFrame or None
        A row for each student: "alone"; the one that was trained, "aligned" or, where nothing was aligned, named by
        its ``training_mode_``, such as "soft targets"; and "shuffled teacher" (the control: labels and soft targets of
        the teacher permuted). On held-out rows: ``teacher_error`` (of the teacher, out-of-fold on its cohort),
        ``feature_alignment`` (debiased transport cost, in mean costs), ``label_alignment`` (KL of the student from the
        teacher's head, in nats), and the student's ``error``, ``log_loss`` (nats) and ``brier``. None with
        ``check_alignment=False``, and where the student alone was the only candidate.
    history_ : DataFrame or None
        Losses of each epoch of a network student.
    shared_classes_ : ndarray of shape (n_shared_classes,)
        Classes that both cohorts have; only with ``teacher_data``.
    classes_ : ndarray of shape (n_classes,)
        Class labels, those of y.
    n_folds_ : int or None
        Number of folds of the labeled rows, fewer than ``cv`` where there are fewer groups; None when no fold was held
        out, neither to choose, to check nor to calibrate.
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
    Without soft targets of single rows a teacher adds little to the labels; the page "Without pairs" has measurements.
    A row of a tuple's table that is missing throughout was not measured and is left out. Class frequencies may differ
    between the cohorts: teacher rows are drawn with those of the student's cohort, and the teacher's probabilities are
    corrected for it (Saerens et al. 2002). A class that one cohort lacks is left out of the alignment, with a warning.

    References
    ----------
    Tran et al. Cross-Modal Knowledge Distillation without Paired Data. ICML 2026, arXiv 2606.10504. Courty et al. Joint
    distribution optimal transportation for domain adaptation. NeurIPS 2017, equation 4. Snell et al. Prototypical
    networks. NeurIPS 2017, equation 1. Vayer et al. Optimal transport for structured data. ICML 2019, equation 3.
    Saerens et al. Adjusting the outputs of a classifier to new a priori probabilities. Neural Computation 14, 2002,
    equation 2.4. Hinton. Training products of experts by minimizing contrastive divergence. Neural Computation 14,
    2002.

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
        soft_targets: str = "product",
        cv: Any = 3,
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
        self.soft_targets = soft_targets
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
        "soft_targets": [StrOptions({PRODUCT, "teacher"})],
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
            Rows of one group, such as the samples of one patient, are never split: neither between the folds on which
            candidates are compared and ``alignment_metrics_`` is measured, nor by the early stopping of a network.
            Standard errors count groups. ``cv`` may be a splitter that uses groups. With metadata routing:
            ``set_fit_request(groups=True)``.
        teacher_data : tuple (X_teacher, y_teacher) or (X_teacher, y_teacher, groups), default=None
            The teacher's cohort: other samples, other columns, labels of the same names. None trains the student
            without a teacher. With groups, none is split between the folds of the teacher's out-of-fold predictions.
        unlabeled : tuple (X_unlabeled,) or (X_unlabeled, groups), default=None
            Further rows of the student's table, without a label.
        bridge : tuple (X_bridge, X_teacher_bridge) or (X_bridge, X_teacher_bridge, groups), default=None
            Samples with both modalities, row for row; no label is needed. They must be other samples than those of X
            and of the teacher's cohort, or the teacher repeats labels that it was fitted to. Tuples are never cut by
            cross-validation. Groups in ``unlabeled`` and ``bridge`` are named as in ``groups``: while a group is held
            out, its rows here are left out, too. Without groups each of their rows counts as one.

        Returns
        -------
        UnpairedDistiller
            The distiller itself.

        Raises
        ------
        ValueError
            If the tables do not fit together, hold infinite values, the cohorts share no class, the label has one
            class, there are fewer rows, or groups, than folds, groups are missing or of another length than their
            table, or teacher or student lack a method that the settings need.

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
        uses_soft_targets = teacher_data is not None or unlabeled is not None
        check_student(student, self.alignment, uses_soft_targets=uses_soft_targets)
        groups = check_groups(groups, X)
        data = check_unpaired_data(X, y, groups, teacher_data, unlabeled, bridge, self.linked_columns)
        fitted_teacher = None
        if data.X_teacher is not None:
            warn_of_unshared_classes(classes, np.unique(data.y_teacher))
            if may_be_refused(student, data.student_tables()):
                # Tried before the teacher, which may take long.
                with explain_failure(student, "student", data.student_tables, {"y": data.y}):
                    fit_with_metadata(clone(student), data.X, data.y, None, data.groups)
            options = {"needs_error": self.check_alignment, "cv": self.cv, "n_jobs": self.n_jobs}
            fitted_teacher = fit_teacher(
                teacher, data, classes, self.representation, alignment=self.alignment, **options
            )
        loss = StudentLoss(temperature=float(self.temperature), alignment=self._alignment_spec(fitted_teacher))
        with explain_failure(student, "student", data.student_tables, {"y": data.y}):
            training = make_training(data, classes, fitted_teacher, loss, self.alpha)
            selection = select_mode(
                student,
                training,
                data,
                self.alignment,
                soft_targets=self.soft_targets,
                teacher_error=np.nan if fitted_teacher is None else fitted_teacher.error,
                check_alignment=self.check_alignment,
                cv=self.cv,
                n_jobs=self.n_jobs,
                seed=seed,
                verbose=bool(self.verbose),
            )
            mode = selection.mode
            student = fit_mode(student, selection.training, mode)
        self.classes_, self.student_, self.history_ = classes, student, training_history(student)
        self.training_mode_, self.best_alignment_, self.used_bridge_ = mode.name, mode.alignment, mode.use_bridge
        self.candidate_scores_, self.alignment_metrics_ = selection.candidate_scores, selection.alignment_metrics
        self.n_folds_ = selection.n_folds
        self.teacher_ = None if fitted_teacher is None else fitted_teacher.model
        if fitted_teacher is not None:
            self.shared_classes_ = classes[fitted_teacher.cohort.shared]
        return self

    def _alignment_spec(self, teacher: FittedTeacher | None) -> AlignmentSpec | None:
        """The settings of the alignment, with defaults in the place of None; None without a teacher."""
        if teacher is None:
            return None
        weight = self.alignment_weight
        if weight is None:
            weight = ALIGNMENT_WEIGHTS.get(self.alignment, DEFAULT_ALIGNMENT_WEIGHT)
        inner_learning_rate = self.inner_learning_rate or INNER_LEARNING_RATES.get(self.alignment, 1e-2)
        return AlignmentSpec(
            self.alignment, teacher.cohort, weight, self.cost, self.reg, self.inner_steps, inner_learning_rate
        )
