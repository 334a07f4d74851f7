"""Fold ids: the fold that holds each row out, for rows, classes and groups."""

from __future__ import annotations

import reprlib
import warnings
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

# An error names so many classes.
MAX_LISTED = 10
# A number of folds adapts to the groups that are there, down to this: one fold to validate on, two to cross-fit.
MIN_GROUP_FOLDS = 3


def stratified_folds(
    codes: np.ndarray,
    n_folds: int,
    groups: np.ndarray | None = None,
    shuffle: np.random.RandomState | None = None,
) -> np.ndarray:
    """Fold of each row, stratified by class; never an error or a warning, however few the rows.

    Without groups each class is cut into blocks of adjacent rows, or of random rows with ``shuffle``. These are the
    folds of StratifiedKFold where the classes first appear in the order of their codes; here that order never matters.
    With fewer rows of every class than folds some folds may be empty. Groups are those of ``group_folds``.

    Parameters
    ----------
    codes : ndarray of shape (n_rows,)
        Classes as whole numbers from 0.
    n_folds : int
    groups : ndarray of shape (n_rows,), default=None
        Rows of a group are in one fold.
    shuffle : RandomState, default=None
        None takes the rows in order.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    if groups is not None:
        return group_folds(groups, n_folds, codes, shuffle)
    ordered, n_classes = np.sort(codes), codes.max() + 1
    class_counts = np.array([np.bincount(ordered[fold::n_folds], minlength=n_classes) for fold in range(n_folds)])
    fold_ids = np.empty(len(codes), dtype=int)
    for code in range(n_classes):
        folds = np.arange(n_folds).repeat(class_counts[:, code])
        fold_ids[codes == code] = folds if shuffle is None else shuffle.permutation(folds)
    return fold_ids


def group_folds(
    groups: np.ndarray,
    n_folds: int,
    codes: np.ndarray | None = None,
    shuffle: np.random.RandomState | None = None,
) -> np.ndarray:
    """Fold of each row, whole groups in a fold, by StratifiedGroupKFold, or by GroupKFold without classes.

    There are fewer folds where there are fewer groups, or fewer rows of every class; a single group is one fold.
    Folds are numbered without gaps: a few large groups can leave a fold of StratifiedGroupKFold without rows.

    Parameters
    ----------
    groups : ndarray of shape (n_rows,)
    n_folds : int
    codes : ndarray of shape (n_rows,), default=None
        Classes as whole numbers from 0; None for a continuous target.
    shuffle : RandomState, default=None
        None takes the groups in order.

    Returns
    -------
    ndarray of shape (n_rows,)
    """
    n_folds = min(n_folds, len(np.unique(groups)))
    if n_folds < 2:
        return np.zeros(len(groups), dtype=int)
    largest_class = 0 if codes is None else int(np.bincount(codes).max())
    if codes is not None and largest_class >= 2 and shuffle is None:
        return _stratified_group_folds(codes, groups, min(n_folds, largest_class))
    splitter_class = GroupKFold if largest_class < 2 else StratifiedGroupKFold
    n_folds = n_folds if largest_class < 2 else min(n_folds, largest_class)
    splitter = splitter_class(n_folds, shuffle=shuffle is not None, random_state=shuffle)
    y = np.zeros(len(groups), dtype=int) if codes is None else codes
    with warnings.catch_warnings():
        # It warns of classes with fewer rows than folds, which every caller allows.
        warnings.simplefilter("ignore", UserWarning)
        return _splitter_folds(n_folds, splitter, y, groups)[0]


def _stratified_group_folds(codes: np.ndarray, groups: np.ndarray, n_folds: int) -> np.ndarray:
    """Folds of StratifiedGroupKFold without shuffling, numbered without gaps, in a fifth of the time.

    It puts the groups, the most uneven first, one by one into the fold with which the frequencies of the classes vary
    least between folds, and of equal folds into the smallest. Here all folds are tried at once.
    """
    class_ids, group_ids = (np.unique(values, return_inverse=True)[1].ravel() for values in (codes, groups))
    n_classes, n_groups = class_ids.max() + 1, group_ids.max() + 1
    group_counts = np.bincount(group_ids * n_classes + class_ids, minlength=n_groups * n_classes)
    group_counts = group_counts.reshape(n_groups, n_classes).astype(float)
    class_counts = group_counts.sum(axis=0)
    fold_counts, fold_of_group = np.zeros((n_folds, n_classes)), np.empty(n_groups, dtype=int)
    is_fold = np.eye(n_folds)[:, :, None]
    for group in np.argsort(-group_counts.std(axis=1), kind="stable"):
        trials = (fold_counts + is_fold * group_counts[group]) / class_counts
        spreads, sizes = trials.std(axis=1).mean(axis=1).tolist(), fold_counts.sum(axis=1).tolist()
        best = 0
        for fold in range(1, n_folds):
            is_equal = abs(spreads[fold] - spreads[best]) <= 1e-8 + 1e-5 * abs(spreads[best])
            if spreads[fold] < spreads[best] or (is_equal and sizes[fold] < sizes[best]):
                best = fold
        fold_counts[best] += group_counts[group]
        fold_of_group[group] = best
    return np.unique(fold_of_group[group_ids], return_inverse=True)[1].ravel()


def make_fold_ids(
    cv: Any,
    y: np.ndarray,
    *,
    classes: bool = True,
    groups: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    order: np.ndarray | None = None,
) -> np.ndarray:
    """Fold of each row, the first repeat of ``make_repeated_fold_ids``; a splitter must not repeat itself.

    With ``order``, such as that of ``order_by_content``, a number of folds takes the rows in this order.

    Raises
    ------
    ValueError
        If a splitter does not hold each row out exactly once.
    """
    is_number = cv is None or isinstance(cv, Integral)
    rows = order if is_number and order is not None else np.arange(len(y))
    groups, strata = (None if values is None else values[rows] for values in (groups, strata))
    repeats = make_repeated_fold_ids(cv, y[rows], classes=classes, groups=groups, strata=strata)
    if len(repeats) > 1:
        raise ValueError(_overlap_message(cv))
    fold_ids = np.empty_like(repeats[0])
    fold_ids[rows] = repeats[0]
    return fold_ids


def make_repeated_fold_ids(
    cv: Any,
    y: np.ndarray,
    n_repeats: int = 1,
    random_state: np.random.RandomState | None = None,
    *,
    classes: bool = True,
    groups: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Fold of each row in each repeat: the first repeat takes the rows in order, the others are shuffled.

    A number of folds is stratified by class. For a continuous target neighbors in the sorted target (of several
    columns, the first) go to different folds.

    Parameters
    ----------
    cv : int, None, splitter or iterable of splits
        As in scikit-learn. A splitter may repeat itself. A number is lowered to that of the groups, but not below 3.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
    n_repeats : int, default=1
        Repeats of a number of folds.
    random_state : RandomState, default=None
        Shuffles all repeats but the first.
    classes : bool, default=True
        Whether y holds class labels.
    groups : ndarray of shape (n_rows,), default=None
        Rows of a group are in one fold.
    strata : ndarray of shape (n_rows,), default=None
        Whole numbers from 0; each stratum is spread evenly over the folds. Not used with groups.

    Returns
    -------
    list of ndarray of shape (n_rows,)
        One array a repeat.

    Raises
    ------
    ValueError
        If there are too few rows or groups, a splitter does not hold each row out once in each repeat, or it puts rows
        of a group into several folds.
    """
    if cv is not None and not isinstance(cv, Integral):
        check_not_repeated(cv, n_repeats)
        repeats = _splitter_folds(cv, check_cv(cv, y, classifier=classes), y, groups)
        if groups is not None:
            for fold_ids in repeats:
                _check_groups_intact(cv, fold_ids, groups)
        return repeats
    n_folds = check_cv(cv).get_n_splits()
    if groups is not None:
        n_folds = _n_group_folds(groups, n_folds)
    codes = _check_classes(y, n_folds) if classes else None
    shuffles = [None, *[random_state] * (n_repeats - 1)]
    if groups is not None:
        return [group_folds(groups, n_folds, codes, shuffle) for shuffle in shuffles]
    if codes is None:
        return [_continuous_folds(y, n_folds, strata, shuffle) for shuffle in shuffles]
    if strata is not None:
        codes = np.unique(codes * (strata.max() + 1) + strata, return_inverse=True)[1]
    return [stratified_folds(codes, n_folds, shuffle=shuffle) for shuffle in shuffles]


def check_not_repeated(splitter: Any, n_repeats: int) -> None:
    """Raise where a splitter is to be repeated: only a number of folds is."""
    if n_repeats != 1:
        raise ValueError(
            f"n_repeats={n_repeats} repeats a number of folds, but cv={splitter!r} is a splitter. Give a number, or a "
            "splitter that repeats itself, such as RepeatedStratifiedKFold."
        )


def _check_classes(y: np.ndarray, n_folds: int) -> np.ndarray:
    """Class codes of the rows; raise where every class has fewer rows than there are folds."""
    names, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    if len(y) < n_folds or sizes.max() < n_folds:
        counted_classes = list(zip(names.tolist(), sizes.tolist(), strict=True))
        counts = ", ".join(f"{c!r}: {n}" for c, n in counted_classes[:MAX_LISTED])
        counts += f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        raise ValueError(
            f"{n_folds} folds need at least {n_folds} rows of the largest class, but there are {len(y)} labeled rows "
            f"({counts}). Lower cv, or add rows."
        )
    return codes


def _n_group_folds(groups: np.ndarray, n_folds: int) -> int:
    """Number of folds, at most that of the groups: the training part of an outer split has fewer than the table."""
    n_groups, n_least = len(np.unique(groups)), min(n_folds, MIN_GROUP_FOLDS)
    if n_groups < n_least:
        raise ValueError(
            f"{n_folds} folds need at least {n_least} groups, but groups holds {n_groups} in {len(groups)} rows. Lower "
            "cv, or add groups."
        )
    return min(n_folds, n_groups)


def _continuous_folds(
    y: np.ndarray, n_folds: int, strata: np.ndarray | None, shuffle: np.random.RandomState | None
) -> np.ndarray:
    """Fold of each row, counted through along the sorted target, within strata where there are some."""
    if len(y) < n_folds:
        raise ValueError(
            f"{n_folds} folds need at least {n_folds} rows, got n_samples={len(y)}. Lower cv, or add rows."
        )
    first = y if y.ndim == 1 else y[:, 0]
    order = np.argsort(first, kind="stable") if strata is None else np.lexsort((first, strata))
    rank = np.argsort(order, kind="stable")
    if shuffle is None:
        return rank % n_folds
    rounds = [shuffle.permutation(n_folds) for _ in range(len(y) // n_folds + 1)]
    return np.concatenate(rounds)[rank]


def _check_groups_intact(cv: Any, fold_ids: np.ndarray, groups: np.ndarray) -> None:
    """Raise where a splitter puts rows of one group into several folds."""
    codes, n_folds = np.unique(groups, return_inverse=True)[1], fold_ids.max() + 1
    split_groups = np.bincount(np.unique(codes * n_folds + fold_ids) // n_folds) > 1
    if split_groups.any():
        group = np.asarray(groups).tolist()[np.flatnonzero(codes == split_groups.argmax())[0]]
        raise ValueError(
            f"cv={reprlib.repr(cv)} puts rows of group {group!r} into several folds. Give a number of folds, or "
            "a splitter that keeps groups together, such as GroupKFold or StratifiedGroupKFold."
        )


def _splitter_folds(cv: Any, splitter: Any, y: np.ndarray, groups: np.ndarray | None = None) -> list[np.ndarray]:
    """Fold of each row by a splitter, a new repeat each time that every row has been held out."""
    repeats: list[np.ndarray] = []
    for _, test_rows in splitter.split(np.zeros(len(y)), y, groups):
        held_out = np.asarray(test_rows)
        if len(held_out) == 0:
            continue
        beyond = held_out[held_out >= len(y)]
        if len(beyond):
            raise ValueError(f"cv={cv!r} holds out row {beyond[0]} of {len(y)} rows, counted from 0. Give another cv.")
        if not repeats or (repeats[-1] >= 0).all():
            repeats.append(np.full(len(y), -1))
        if (repeats[-1][held_out] >= 0).any():
            raise ValueError(_overlap_message(cv))
        repeats[-1][held_out] = repeats[-1].max() + 1
    if not repeats or (repeats[-1] < 0).any():
        raise ValueError(f"cv={cv!r} never holds some rows out; give a splitter that holds each row out once.")
    return repeats


def _overlap_message(cv: Any) -> str:
    return f"cv={cv!r} holds some rows out twice; give a splitter that holds each row out once."
