"""Training a student on labels and on a teacher's class probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from ._networks import NetworkClassifier, fit_soft_targets
from ._validation import Table, n_rows_of, stack_rows, take_rows

if TYPE_CHECKING:
    from ._cohorts import Alignment


@dataclass
class Lesson:
    """What a student is taught: labelled rows, further rows without a label, and the teacher's opinion.

    ``teacher_proba`` (labelled rows) and ``unlabeled_proba`` are (n, n_classes); a row of NaN has no teacher. For
    alignment with a teacher's cohort, ``anchors`` and ``unlabeled_anchors`` are the teacher's features of the rows,
    known or estimated; a row of NaN has none.
    """

    X: Table
    y: np.ndarray
    teacher_proba: np.ndarray
    X_unlabeled: Table | None
    unlabeled_proba: np.ndarray
    classes: np.ndarray
    taught_classes: np.ndarray | None = None
    alignment: Alignment | None = None
    anchors: np.ndarray | None = None
    unlabeled_anchors: np.ndarray | None = None

    def taught_positions(self) -> list[int] | None:
        """Positions of the classes that the teacher knows, or None when it knows all of them."""
        if self.taught_classes is None:
            return None
        known = np.isin(self.classes, self.taught_classes)
        return None if known.all() else np.flatnonzero(known).tolist()

    def of_rows(self, rows: np.ndarray) -> Lesson:
        """The lesson on some of the labelled rows, with the classes that they have."""
        y = self.y[rows]
        present = np.isin(self.classes, y)
        alignment = None if self.alignment is None else self.alignment.of_classes(present)
        return replace(
            self,
            X=take_rows(self.X, rows),
            y=y,
            teacher_proba=_restrict(self.teacher_proba[rows], present),
            unlabeled_proba=_restrict(self.unlabeled_proba, present),
            classes=self.classes[present],
            # With no class left that both cohorts have there is nothing to align.
            alignment=alignment if alignment is not None and alignment.cohort.known.any() else None,
            anchors=None if self.anchors is None else self.anchors[rows],
        )


def _row_ties(lesson: Lesson, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each row whether it has a label, the teacher's features of it, and whether these are known."""
    n_unlabeled = len(labelled) - len(lesson.y)
    sides = [(lesson.anchors, len(lesson.y)), (lesson.unlabeled_anchors, n_unlabeled)]
    width = max(0 if anchors is None else anchors.shape[1] for anchors, _ in sides)
    anchors = np.concatenate(
        [np.full((n, width), np.nan, dtype=np.float32) if given is None else given for given, n in sides]
    )
    anchored = np.full(len(anchors), width > 0) & ~np.isnan(anchors).any(axis=1)
    return labelled, np.where(anchored[:, None], anchors, 0), anchored


def _restrict(proba: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Probabilities given that the class is one of those present; uniform where they had no mass."""
    kept = proba[:, present]
    total = kept.sum(axis=1, keepdims=True)
    return np.where(total == 0, 1 / present.sum(), kept / np.where(total == 0, 1.0, total))


def row_weights(labelled: np.ndarray, taught: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights a_i of a row's label and b_i of its teacher, so that with n_l labelled and n_t taught rows.

    sum_i a_i CE_i + b_i KL_i = n [(1 - alpha) mean_labelled CE + alpha mean_taught KL].

    n is the number of rows that speak: it keeps the strength of a student's regularisation in step with the data, and
    a_i = 1 - alpha, b_i = alpha where every row has both. It is n = (1 - alpha) n_l + alpha n_t or, where no row has
    both, Kish's effective number 1 / ((1 - alpha)^2 / n_l + alpha^2 / n_t), so that every row weighs 1 at
    alpha = n_t / (n_l + n_t).
    """
    n_labelled, n_taught = max(labelled.sum(), 1), max(taught.sum(), 1)
    n_speaking = (1 - alpha) * n_labelled + alpha * n_taught
    if not (labelled & taught).any():
        n_speaking = 1 / ((1 - alpha) ** 2 / n_labelled + alpha**2 / n_taught)
    return (
        labelled * ((1 - alpha) * n_speaking / n_labelled),
        taught * (alpha * n_speaking / n_taught),
    )


def final_step(student: BaseEstimator) -> BaseEstimator:
    """The model at a pipeline's end, or the model itself."""
    return student.steps[-1][1] if isinstance(student, Pipeline) else student


def check_student(student: BaseEstimator) -> None:
    """Raise unless the student can be taught class probabilities."""
    model = final_step(student)
    if not isinstance(model, NetworkClassifier) and not has_fit_parameter(model, "sample_weight"):
        raise ValueError(
            f"The student {model.__class__.__name__} cannot be taught: its fit takes no sample_weight. Use one that "
            "does, such as LogisticRegression, RandomForestClassifier or NetworkClassifier."
        )


def fit_student(student: BaseEstimator, lesson: Lesson, alpha: float, temperature: float) -> BaseEstimator:
    """Fit the student in place (a pipeline's last step is replaced) and return it.

    alpha = 0 is the student's own ``fit`` on the labelled rows. Transformers before the last step of a pipeline
    are fitted to the labelled rows, as they are without a teacher.
    """
    if alpha == 0 and lesson.alignment is None:
        return student.fit(lesson.X, lesson.y)
    X, X_unlabeled = lesson.X, lesson.X_unlabeled
    if isinstance(student, Pipeline) and len(student.steps) > 1:
        head = student[:-1]
        X = head.fit_transform(X, lesson.y)
        if X_unlabeled is not None:
            X_unlabeled = head.transform(X_unlabeled)
        model = _fit_taught(student.steps[-1][1], X, X_unlabeled, lesson, alpha, temperature)
        student.steps = [*head.steps, (student.steps[-1][0], model)]
        return student
    if isinstance(student, Pipeline):
        _fit_taught(student.steps[-1][1], X, X_unlabeled, lesson, alpha, temperature)
        return student
    return _fit_taught(student, X, X_unlabeled, lesson, alpha, temperature)


def _fit_taught(
    model: BaseEstimator,
    X: Table,
    X_unlabeled: Table | None,
    lesson: Lesson,
    alpha: float,
    temperature: float,
) -> BaseEstimator:
    y, proba = lesson.y, lesson.teacher_proba
    labelled = np.ones(len(y), dtype=bool)
    if X_unlabeled is not None:
        n_unlabeled = n_rows_of(X_unlabeled)
        X = stack_rows(X, X_unlabeled)
        # The label of such a row has weight zero: any class will do.
        y = np.concatenate([y, np.repeat(lesson.classes[:1], n_unlabeled)])
        proba = np.concatenate([proba, lesson.unlabeled_proba])
        labelled = np.concatenate([labelled, np.zeros(n_unlabeled, dtype=bool)])
    taught = ~np.isnan(proba).any(axis=1)
    # Without a word from the teacher the labels have all of the weight.
    alpha = alpha if taught.any() else 0.0
    label_weight, teacher_weight = row_weights(labelled, taught, alpha)
    if isinstance(model, NetworkClassifier):
        scale = len(y) / (label_weight.sum() + teacher_weight.sum())
        return fit_soft_targets(
            model,
            X,
            y,
            label_weight * scale,
            np.where(taught[:, None], proba, 1 / len(lesson.classes)),
            teacher_weight * scale,
            temperature,
            taught_classes=lesson.taught_positions(),
            alignment=lesson.alignment,
            row_ties=() if lesson.alignment is None else _row_ties(lesson, labelled),
        )
    return _fit_repeated_rows(model, X, y, labelled, label_weight, proba, taught, teacher_weight, lesson.classes)


def _fit_repeated_rows(
    model: BaseEstimator,
    X: Table,
    y: np.ndarray,
    labelled: np.ndarray,
    label_weight: np.ndarray,
    proba: np.ndarray,
    taught: np.ndarray,
    teacher_weight: np.ndarray,
    classes: np.ndarray,
) -> BaseEstimator:
    """Soft targets for a model that knows only labels: each row once per class, weighted by its target.

    sum_k t_ik (-log p_ik) with t_i = a_i onehot(y_i) + b_i q_i is the cross-entropy of the mixed target. Labels
    keep their row even at weight zero, so that the model meets every class.
    """
    target = np.where(taught[:, None], proba * teacher_weight[:, None], 0.0)
    own_class = np.searchsorted(classes, y)
    rows_labelled = np.flatnonzero(labelled)
    target[rows_labelled, own_class[rows_labelled]] += label_weight[rows_labelled]
    keep = target > 0
    keep[rows_labelled, own_class[rows_labelled]] = True
    rows, codes = np.nonzero(keep)
    return model.fit(take_rows(X, rows), classes[codes], sample_weight=target[rows, codes])
