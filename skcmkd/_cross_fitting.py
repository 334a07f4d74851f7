"""Class probabilities of rows that a model has not seen."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

from ._fitting import fit_weighted
from ._parallel import run_each
from ._tables import Table, take_rows

# An error names so many classes.
MOST_NAMED = 10


def stratified_folds(codes: np.ndarray, n_folds: int, groups: np.ndarray | None = None) -> np.ndarray:
    """Fold of each row, stratified: each class is cut into blocks of adjacent rows.

    With ``groups`` whole groups go to a fold, each counted by its most frequent class. It says nothing where a class
    has fewer rows, or where there are fewer groups, than there are folds: some folds are empty then.
    """
    if groups is not None:
        names, group_of = np.unique(groups, return_inverse=True)
        counts = np.zeros((len(names), codes.max() + 1), dtype=int)
        np.add.at(counts, (group_of, codes), 1)
        return stratified_folds(counts.argmax(axis=1), n_folds)[group_of]
    ordered, n_classes = np.sort(codes), codes.max() + 1
    share = np.array([np.bincount(ordered[fold::n_folds], minlength=n_classes) for fold in range(n_folds)])
    fold_of = np.empty(len(codes), dtype=int)
    for code in range(n_classes):
        fold_of[codes == code] = np.arange(n_folds).repeat(share[:, code])
    return fold_of


def assign_folds(
    cv: Any,
    y: np.ndarray,
    *,
    classes: bool = True,
    groups: np.ndarray | None = None,
    pattern: np.ndarray | None = None,
) -> np.ndarray:
    """The fold that each row is held out in.

    When cv is a number of folds they are stratified by class, or, without classes, dealt out along the sorted
    numbers (of several, the first); each fold gets its share of every ``pattern``. Rows of a group are held out
    together. Raises ValueError when there are too few rows or groups, when the splitter does not hold out each row
    once, or when it parts a group.
    """
    counted = cv is None or isinstance(cv, Integral)
    if groups is not None:
        return _folds_of_groups(cv, y, groups, classes, counted)
    splitter = check_cv(cv, y, classifier=classes)
    n_folds = splitter.get_n_splits(np.zeros(len(y)), y)
    if not classes:
        if len(y) < n_folds:
            raise ValueError(
                f"{n_folds} folds need at least {n_folds} rows, got n_samples={len(y)}. Lower cv, or add rows."
            )
        if counted:
            first = y if y.ndim == 1 else y[:, 0]
            order = np.argsort(first, kind="stable") if pattern is None else np.lexsort((first, pattern))
            return np.argsort(order, kind="stable") % n_folds
        return _folds_of_splitter(cv, splitter, y)
    names, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    if len(y) < n_folds or (counted and sizes.max() < n_folds):
        counted_classes = list(zip(names.tolist(), sizes.tolist(), strict=True))
        counts = ", ".join(f"{c!r}: {n}" for c, n in counted_classes[:MOST_NAMED])
        counts += f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        raise ValueError(
            f"{n_folds} folds need at least {n_folds} rows of some class, but there are {len(y)} labelled rows "
            f"({counts}). Lower cv, or add rows."
        )
    if not counted:
        return _folds_of_splitter(cv, splitter, y)
    if pattern is not None:
        codes = np.unique(codes * (pattern.max() + 1) + pattern, return_inverse=True)[1]
    return stratified_folds(codes, n_folds)


def _folds_of_groups(cv: Any, y: np.ndarray, groups: np.ndarray, classes: bool, counted: bool) -> np.ndarray:
    splitter = cv
    if counted:
        n_folds, n_groups = 5 if cv is None else int(cv), len(np.unique(groups))
        if n_groups < n_folds:
            raise ValueError(
                f"{n_folds} folds need at least {n_folds} groups, but groups holds {n_groups} in {len(y)} rows. Lower "
                "cv, or add groups."
            )
        splitter = StratifiedGroupKFold(n_folds) if classes else GroupKFold(n_folds)
    fold_of = _folds_of_splitter(cv, check_cv(splitter, y, classifier=classes), y, groups)
    # A few large groups can leave a fold without rows.
    fold_of = np.unique(fold_of, return_inverse=True)[1]
    codes, n_folds = np.unique(groups, return_inverse=True)[1], fold_of.max() + 1
    parted = np.bincount(np.unique(codes * n_folds + fold_of) // n_folds) > 1
    if parted.any():
        group = np.asarray(groups).tolist()[np.flatnonzero(codes == parted.argmax())[0]]
        raise ValueError(
            f"cv={reprlib.repr(cv)} puts rows of group {group!r} into several folds. Give a number of folds, or "
            "a splitter that keeps groups together, such as GroupKFold or StratifiedGroupKFold."
        )
    return fold_of


def _folds_of_splitter(cv: Any, splitter: Any, y: np.ndarray, groups: np.ndarray | None = None) -> np.ndarray:
    fold_of = np.full(len(y), -1)
    for fold, (_, held_out) in enumerate(splitter.split(np.zeros(len(y)), y, groups)):
        beyond = np.asarray(held_out)[np.asarray(held_out) >= len(y)]
        if len(beyond):
            raise ValueError(f"cv={cv!r} holds out row {beyond[0]} of {len(y)} rows, counted from 0. Give another cv.")
        if (fold_of[held_out] >= 0).any():
            raise ValueError(f"cv={cv!r} holds some rows out twice; give a splitter that holds each row out once.")
        fold_of[held_out] = fold
    if (fold_of < 0).any():
        raise ValueError(f"cv={cv!r} never holds some rows out; give a splitter that holds each row out once.")
    return fold_of


def predict_aligned_proba(model: BaseEstimator, X: Table, classes: np.ndarray) -> np.ndarray:
    """Probabilities in the order of ``classes``; a class that the model does not know gets 0.

    Mass on classes that are not in ``classes`` is spread back over the others.
    """
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"{model.__class__.__name__} has no predict_proba, which is needed here. Use a model that has, or wrap it "
            "in CalibratedClassifierCV."
        )
    columns = {label: position for position, label in enumerate(classes.tolist())}
    known = [(source, columns[c]) for source, c in enumerate(model.classes_.tolist()) if c in columns]
    if not known:
        raise ValueError(
            f"The teacher knows the classes {model.classes_.tolist()} and y has {classes.tolist()}: none in common. "
            "Give a teacher of these classes, or name them alike."
        )
    given = np.asarray(model.predict_proba(X), dtype=np.float64)
    if not np.isfinite(given).all():
        raise ValueError(
            f"{model.__class__.__name__}.predict_proba gave NaN or infinity for "
            f"{int((~np.isfinite(given)).any(axis=1).sum())} of {len(given)} rows; give a model that does not."
        )
    proba = np.zeros((len(given), len(classes)))
    source, target = zip(*known, strict=True)
    proba[:, target] = given[:, source]
    total = proba.sum(axis=1, keepdims=True)
    return np.where(total > 0, proba / np.where(total > 0, total, 1.0), 1 / len(classes))


def predict_unseen_proba(model: BaseEstimator, X: Table, classes: np.ndarray, n_training: int) -> np.ndarray:
    """Probabilities in the order of ``classes``; a class that the model could not know gets that of one row.

    Left at zero, one row of a rare class would cost more than all others can make good.
    """
    unseen = ~np.isin(classes, model.classes_)
    return (n_training * predict_aligned_proba(model, X, classes) + unseen) / (n_training + unseen.sum())


def check_training_classes(y: np.ndarray, estimator: BaseEstimator, left_out: Sequence[int]) -> None:
    """Raise unless the labels to train on hold at least two classes."""
    n_classes = len(np.unique(y))
    if n_classes < 2:
        raise ValueError(
            f"Only {len(y)} rows with measured values remain to fit {estimator.__class__.__name__} when fold "
            f"{[int(fold) for fold in left_out]} is held out, and they hold {n_classes} classes; at least 2 are "
            "needed. Give another cv, or measure more rows."
        )


def unseen_proba(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    fold_of: np.ndarray,
    n_jobs: int | None,
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Probabilities of each row by a clone that has not seen it, in the order of the sorted classes."""
    classes = np.unique(y)
    folds = range(int(fold_of.max()) + 1)
    calls = ((estimator, X, y, fold_of == fold, classes, fold, groups) for fold in folds)
    proba = np.empty((len(y), len(classes)))
    parts = run_each(_fit_and_predict, calls, len(folds), n_jobs=n_jobs, description="teacher", show=False)
    for fold, part in zip(folds, parts, strict=True):
        proba[fold_of == fold] = part
    return proba


def _fit_and_predict(
    estimator: BaseEstimator,
    X: Table,
    y: np.ndarray,
    held_out: np.ndarray,
    classes: np.ndarray,
    fold: int,
    groups: np.ndarray | None,
) -> np.ndarray:
    train = np.flatnonzero(~held_out)
    check_training_classes(y[train], estimator, [fold])
    own = None if groups is None else groups[train]
    model = fit_weighted(clone(estimator), take_rows(X, train), y[train], None, own)
    return predict_aligned_proba(model, take_rows(X, np.flatnonzero(held_out)), classes)
