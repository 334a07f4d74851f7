"""Training a student on labels and on a teacher's opinion: class probabilities, or predicted numbers."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from .._linear_model._soft_logistic import fit_soft_logistic, takes_soft_targets
from .._model_selection._pipelines import final_step, fit_final_step, fit_weighted, takes
from .._validation._sklearn import n_rows_of
from .._validation._tables import Table, stack_rows, take_rows
from ..networks._mlp import NetworkClassifier
from ._fit_network import fit_soft_targets
from ._training_data import Lesson


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


def row_weights(
    labelled: np.ndarray, taught: np.ndarray, alpha: float, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights a_i of a row's label and b_i of its teacher, so that with n_l labelled and n_t taught rows.

    sum_i a_i CE_i + b_i KL_i = n [(1 - alpha) mean_labelled CE + alpha mean_taught KL].

    n is the number of rows that speak: it keeps the strength of a student's regularisation in step with the data, and
    a_i = 1 - alpha, b_i = alpha where every row has both. It is n = (1 - alpha) n_l + alpha n_t or, where no row has
    both, Kish's effective number 1 / ((1 - alpha)^2 / n_l + alpha^2 / n_t), so that every row weighs 1 at
    alpha = n_t / (n_l + n_t). With row weights w the means are weighted and n_l, n_t are sums of weights.
    """
    if weight is not None:
        disjoint = not (labelled & taught & (weight > 0)).any()
        labelled, taught = labelled * weight, taught * weight
    else:
        disjoint = not (labelled & taught).any()
    n_labelled, n_taught = labelled.sum() or 1, taught.sum() or 1
    n_speaking = (1 - alpha) * n_labelled + alpha * n_taught
    if disjoint:
        n_speaking = 1 / ((1 - alpha) ** 2 / n_labelled + alpha**2 / n_taught)
    return (
        labelled * ((1 - alpha) * n_speaking / n_labelled),
        taught * (alpha * n_speaking / n_taught),
    )


def check_student(student: BaseEstimator) -> None:
    """Raise unless the student can be taught class probabilities."""
    model = final_step(student)
    if not isinstance(model, NetworkClassifier) and not takes(model, "sample_weight"):
        raise ValueError(
            f"The student {model.__class__.__name__} cannot be taught: its fit takes no sample_weight. Use one that "
            "does, such as LogisticRegression, RandomForestClassifier or NetworkClassifier."
        )


def check_student_of_weights(student: BaseEstimator, reason: str) -> None:
    """Raise unless the student takes row weights, which are needed for the given reason."""
    if not takes(student, "sample_weight"):
        raise ValueError(
            f"The student {final_step(student).__class__.__name__} takes no sample_weight in fit, and {reason} needs "
            "it. Use one that does, such as Ridge, LogisticRegression, HistGradientBoostingRegressor or a network."
        )


def fit_student(student: BaseEstimator, lesson: Lesson, alpha: float, temperature: float) -> BaseEstimator:
    """Fit the student in place (a pipeline's last step is replaced) and return it.

    alpha = 0 is the student's own ``fit`` on the labelled rows. Transformers before the last step of a pipeline
    are fitted to the labelled rows, as they are without a teacher.
    """
    if alpha == 0 and lesson.alignment is None:
        return fit_weighted(student, lesson.X, lesson.y, lesson.weight, lesson.groups)
    return fit_final_step(
        student,
        lesson.X,
        lesson.y,
        lesson.X_unlabeled,
        lambda model, X, X_unlabeled: _fit_taught(model, X, X_unlabeled, lesson, alpha, temperature),
    )


def _fit_taught(
    model: BaseEstimator,
    X: Table,
    X_unlabeled: Table | None,
    lesson: Lesson,
    alpha: float,
    temperature: float,
) -> BaseEstimator:
    y, opinion, weight = lesson.y, lesson.opinion, lesson.weight
    labelled = np.ones(len(y), dtype=bool)
    if X_unlabeled is not None:
        n_unlabeled = n_rows_of(X_unlabeled)
        X = stack_rows(X, X_unlabeled)
        # The label of such a row has weight zero: any will do.
        y = np.concatenate([y, np.repeat(y[:1] if lesson.of_quantity else lesson.classes[:1], n_unlabeled, axis=0)])
        opinion = np.concatenate([opinion, lesson.unlabeled_opinion])
        labelled = np.concatenate([labelled, np.zeros(n_unlabeled, dtype=bool)])
        if weight is not None or lesson.unlabeled_weight is not None:
            parts = (weight, len(lesson.y)), (lesson.unlabeled_weight, n_unlabeled)
            weight = np.concatenate([np.ones(n) if given is None else given for given, n in parts])
    taught = ~np.isnan(opinion).any(axis=1)
    # Without a word from the teacher the labels have all of the weight.
    alpha = alpha if (taught if weight is None else taught & (weight > 0)).any() else 0.0
    label_weight, teacher_weight = row_weights(labelled, taught, alpha, weight)
    groups = _groups_of(lesson, len(y))
    if lesson.of_quantity:
        return _fit_mixed_targets(model, X, y, label_weight, opinion, teacher_weight, groups)
    if isinstance(model, NetworkClassifier):
        scale = len(y) / (label_weight.sum() + teacher_weight.sum())
        return fit_soft_targets(
            model,
            X,
            y,
            label_weight * scale,
            np.where(taught[:, None], opinion, 1 / len(lesson.classes)),
            teacher_weight * scale,
            temperature,
            taught_classes=lesson.taught_positions(),
            alignment=lesson.alignment,
            row_ties=() if lesson.alignment is None else _row_ties(lesson, labelled),
            groups=groups,
            objective=lesson.objective,
            teacher_features=_stack_features(lesson) if taught.any() else None,
        )
    target, own = _soft_targets(lesson, y, labelled, opinion, (label_weight, teacher_weight))
    if takes_soft_targets(model) and len(lesson.classes) > 1:
        return fit_soft_logistic(model, X, target, lesson.classes)
    return _fit_repeated_rows(model, X, target, own, lesson.classes, groups)


def _stack_features(lesson: Lesson) -> np.ndarray | None:
    """The teacher's features of labelled and further rows."""
    if lesson.features is None or lesson.X_unlabeled is None:
        return lesson.features
    return np.concatenate([lesson.features, lesson.unlabeled_features])


def _groups_of(lesson: Lesson, n_rows: int) -> np.ndarray | None:
    """Groups of labelled and further rows as numbers; a row without a label is a group of its own unless given."""
    if lesson.groups is None:
        return None
    if lesson.unlabeled_groups is not None:
        return np.concatenate([lesson.groups, lesson.unlabeled_groups])
    codes = np.unique(lesson.groups, return_inverse=True)[1]
    return np.concatenate([codes, np.arange(len(codes), len(codes) + n_rows - len(codes)) + codes.max()])


def _fit_mixed_targets(
    model: BaseEstimator,
    X: Table,
    y: np.ndarray,
    label_weight: np.ndarray,
    opinion: np.ndarray,
    teacher_weight: np.ndarray,
    groups: np.ndarray | None,
) -> BaseEstimator:
    """Targets (a_i y_i + b_i t_i) / (a_i + b_i) of weight a_i + b_i.

    a (y - p)^2 + b (t - p)^2 is (a + b) times the squared distance of p to that target, plus a constant. A model that
    takes no weights is fitted where all rows weigh the same.
    """
    total = label_weight + teacher_weight
    share = np.divide(teacher_weight, total, out=np.zeros_like(total), where=total > 0)
    mixed = y.astype(np.float64).reshape(len(y), -1)
    taught = share > 0
    mixed[taught] += share[taught, None] * (opinion[taught] - mixed[taught])
    # Rows that all weigh 1 need no weights.
    weight = None if np.abs(total - 1).max() <= np.finfo(float).eps * len(total) else total
    if weight is not None:
        check_student_of_weights(model, "a lesson whose rows differ in weight")
    return fit_weighted(model, X, mixed.reshape(y.shape), weight, groups)


def _soft_targets(
    lesson: Lesson, y: np.ndarray, labelled: np.ndarray, opinion: np.ndarray, weights: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Targets t_i = a_i onehot(y_i) + b_i q_i, whose cross-entropy is a_i CE_i + b_i KL_i but for a constant.

    Also the mask of the labels, of those rows that have one.
    """
    label_weight, teacher_weight = weights
    target = np.where(np.isnan(opinion), 0.0, opinion) * teacher_weight[:, None]
    own = (y[:, None] == lesson.classes) & labelled[:, None]
    return target + own * label_weight[:, None], own


def _fit_repeated_rows(
    model: BaseEstimator,
    X: Table,
    target: np.ndarray,
    own: np.ndarray,
    classes: np.ndarray,
    groups: np.ndarray | None,
) -> BaseEstimator:
    """Soft targets for a model that knows only labels: each row once per class, weighted by its target.

    Labels keep their row even at weight zero, so that the model meets every class.
    """
    rows, codes = np.nonzero((target > 0) | own)
    groups = None if groups is None else groups[rows]
    return fit_weighted(model, take_rows(X, rows), classes[codes], target[rows, codes], groups)
