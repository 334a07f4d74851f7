"""The rows dealt into folds: each is held out once."""

from __future__ import annotations

import reprlib
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, check_cv

# An error names so many classes.
MAX_LISTED = 10


def stratified_folds(
    codes: np.ndarray,
    n_folds: int,
    groups: np.ndarray | None = None,
    shuffle: np.random.RandomState | None = None,
) -> np.ndarray:
    """Fold of each row, stratified: each class is cut into blocks of adjacent, or with ``shuffle`` of any, rows.

    With ``groups`` whole groups go to a fold, each counted by its most frequent class. It says nothing where a class
    has fewer rows, or where there are fewer groups, than there are folds: some folds are empty then.
    """
    if groups is not None:
        names, group_ids = np.unique(groups, return_inverse=True)
        counts = np.zeros((len(names), codes.max() + 1), dtype=int)
        np.add.at(counts, (group_ids, codes), 1)
        return stratified_folds(counts.argmax(axis=1), n_folds, shuffle=shuffle)[group_ids]
    ordered, n_classes = np.sort(codes), codes.max() + 1
    share = np.array([np.bincount(ordered[fold::n_folds], minlength=n_classes) for fold in range(n_folds)])
    fold_of_group = np.empty(len(codes), dtype=int)
    for code in range(n_classes):
        folds = np.arange(n_folds).repeat(share[:, code])
        fold_of_group[codes == code] = folds if shuffle is None else shuffle.permutation(folds)
    return fold_of_group


def make_fold_ids(
    cv: Any,
    y: np.ndarray,
    *,
    classes: bool = True,
    groups: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> np.ndarray:
    """The fold that each row is held out in, as ``make_repeated_fold_ids`` deals the rows the first time.

    Raises ValueError when a splitter does not hold out each row once.
    """
    repeats = make_repeated_fold_ids(cv, y, classes=classes, groups=groups, strata=strata)
    if len(repeats) > 1:
        raise ValueError(_overlap_message(cv))
    return repeats[0]


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
    """The fold that each row is held out in, for each deal of the rows into folds: the first in order, others shuffled.

    When cv is a number of folds they are stratified by class, or, without classes, dealt out along the sorted
    numbers (of several, the first); each fold gets its share of every ``strata``. Rows of a group are held out
    together. A splitter may repeat itself. Raises ValueError when there are too few rows or groups, when the splitter
    does not hold out each row once in each repeat, or when it parts a group.
    """
    if cv is not None and not isinstance(cv, Integral):
        check_not_repeated(cv, n_repeats)
        repeats = _splitter_folds(cv, check_cv(cv, y, classifier=classes), y, groups)
        return repeats if groups is None else [_check_groups_intact(cv, fold_of_row, groups) for fold_of_row in repeats]
    shuffles = [None, *[random_state] * (n_repeats - 1)]
    if groups is not None:
        return [_group_folds(cv, y, groups, classes, shuffle) for shuffle in shuffles]
    return [_row_folds(cv, y, classes, strata, shuffle) for shuffle in shuffles]


def check_not_repeated(splitter: Any, n_repeats: int) -> None:
    """Raise where a splitter is to be repeated: only a number of folds is."""
    if n_repeats != 1:
        raise ValueError(
            f"n_repeats={n_repeats} repeats a number of folds, but cv={splitter!r} is a splitter. Give a number, or a "
            "splitter that repeats itself, such as RepeatedStratifiedKFold."
        )


def _row_folds(
    cv: Integral | None,
    y: np.ndarray,
    classes: bool,
    strata: np.ndarray | None,
    shuffle: np.random.RandomState | None,
) -> np.ndarray:
    """A number of folds, dealt to the rows of each class or along the sorted numbers."""
    n_folds = check_cv(cv).get_n_splits()
    if not classes:
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
    names, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
    if len(y) < n_folds or sizes.max() < n_folds:
        counted_classes = list(zip(names.tolist(), sizes.tolist(), strict=True))
        counts = ", ".join(f"{c!r}: {n}" for c, n in counted_classes[:MAX_LISTED])
        counts += f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
        raise ValueError(
            f"{n_folds} folds need at least {n_folds} rows of some class, but there are {len(y)} labelled rows "
            f"({counts}). Lower cv, or add rows."
        )
    if strata is not None:
        codes = np.unique(codes * (strata.max() + 1) + strata, return_inverse=True)[1]
    return stratified_folds(codes, n_folds, shuffle=shuffle)


def _group_folds(
    cv: Integral | None, y: np.ndarray, groups: np.ndarray, classes: bool, shuffle: np.random.RandomState | None
) -> np.ndarray:
    """A number of folds, dealt to whole groups."""
    n_folds, n_groups = check_cv(cv).get_n_splits(), len(np.unique(groups))
    if n_groups < n_folds:
        raise ValueError(
            f"{n_folds} folds need at least {n_folds} groups, but groups holds {n_groups} in {len(y)} rows. Lower "
            "cv, or add groups."
        )
    splitter = (StratifiedGroupKFold if classes else GroupKFold)(
        n_folds, shuffle=shuffle is not None, random_state=shuffle
    )
    return _check_groups_intact(cv, _splitter_folds(cv, splitter, y, groups)[0], groups)


def _check_groups_intact(cv: Any, fold_of_row: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Folds numbered without gaps; raise where one parts a group."""
    # A few large groups can leave a fold without rows.
    fold_of_row = np.unique(fold_of_row, return_inverse=True)[1]
    codes, n_folds = np.unique(groups, return_inverse=True)[1], fold_of_row.max() + 1
    split_groups = np.bincount(np.unique(codes * n_folds + fold_of_row) // n_folds) > 1
    if split_groups.any():
        group = np.asarray(groups).tolist()[np.flatnonzero(codes == split_groups.argmax())[0]]
        raise ValueError(
            f"cv={reprlib.repr(cv)} puts rows of group {group!r} into several folds. Give a number of folds, or "
            "a splitter that keeps groups together, such as GroupKFold or StratifiedGroupKFold."
        )
    return fold_of_row


def _splitter_folds(cv: Any, splitter: Any, y: np.ndarray, groups: np.ndarray | None = None) -> list[np.ndarray]:
    """A splitter's folds, a new deal each time that every row has been held out."""
    repeats: list[np.ndarray] = []
    for fold, (_, test_rows) in enumerate(splitter.split(np.zeros(len(y)), y, groups)):
        held_out = np.asarray(test_rows)
        beyond = held_out[held_out >= len(y)]
        if len(beyond):
            raise ValueError(f"cv={cv!r} holds out row {beyond[0]} of {len(y)} rows, counted from 0. Give another cv.")
        if not repeats or (repeats[-1] >= 0).all():
            first = fold
            repeats.append(np.full(len(y), -1))
        if (repeats[-1][held_out] >= 0).any():
            raise ValueError(_overlap_message(cv))
        repeats[-1][held_out] = fold - first
    if not repeats or (repeats[-1] < 0).any():
        raise ValueError(f"cv={cv!r} never holds some rows out; give a splitter that holds each row out once.")
    return repeats


def _overlap_message(cv: Any) -> str:
    return f"cv={cv!r} holds some rows out twice; give a splitter that holds each row out once."
