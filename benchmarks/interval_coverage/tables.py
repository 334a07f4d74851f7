"""Simulated tables of a cell: labeled rows, unlabeled pairs and many fresh test rows, all of one population."""

from dataclasses import dataclass

import numpy as np
from settings import REPORT, ROWS_A_GROUP, Cell

from skcmkd.datasets import make_gaussian_modalities

# Few columns of a kind, so that the small tables are not hopeless.
COLUMNS = {"n_shared": 2, "n_specific": 2, "n_noise": 4}
SHARED = 0.8
# Effect of the label on the specific columns of teacher and student.
SPECIFIC = {
    "null": (0.0, 0.5),
    "noise": (0.0, 0.5),
    "nearly equal": (1.0, 0.5),
    "tie": (0.8, 0.8),
    "small": (0.8, 0.5),
    "clear": (1.8, 0.3),
}
# Standard deviations of the error between a nearly equal teacher's columns and the student's, and within groups.
TEACHER_ERROR, GROUP_ERROR = 0.1, 0.7
N_UNLABELED_A_ROW = 3


@dataclass(frozen=True)
class Rows:
    """Rows of both modalities.

    Attributes
    ----------
    S, T : ndarray of shape (n_rows, n_columns)
        Student's and teacher's columns.
    y : ndarray of shape (n_rows,)
        Class codes, or a continuous target.
    groups : ndarray of shape (n_rows,) or None
    """

    S: np.ndarray
    T: np.ndarray
    y: np.ndarray
    groups: np.ndarray | None = None


def take(rows: Rows, index: np.ndarray) -> Rows:
    """Some of the rows."""
    return Rows(rows.S[index], rows.T[index], rows.y[index], None if rows.groups is None else rows.groups[index])


def n_test_rows(cell: Cell) -> int:
    """So many that the error of a truth is small beside an interval of the cell's rows."""
    return max(4000, 40 * cell.n_rows)


def draw_rows(cell: Cell, n_rows: int, random_state: np.random.RandomState, *, grouped: bool) -> Rows:
    """Rows of the cell's population; test rows need no groups, for the score of one row does not depend on others."""
    n_units = n_rows // ROWS_A_GROUP if grouped else n_rows
    teacher, student = SPECIFIC[cell.gain]
    drawn = make_gaussian_modalities(
        n_units,
        **COLUMNS,
        shared_signal=SHARED,
        specific_signal={"student": student, "teacher": teacher},
        n_classes=cell.n_classes,
        random_state=random_state,
    )
    S, T = (drawn.data[drawn.modalities[name]].to_numpy() for name in ("student", "teacher"))
    y, groups = drawn.target.to_numpy(), None
    if grouped:
        groups = np.repeat(np.arange(n_units), ROWS_A_GROUP)
        S, T, y = S[groups], T[groups], y[groups]
    if cell.grouped:
        S, T = (table + GROUP_ERROR * random_state.standard_normal(table.shape) for table in (S, T))
    if cell.gain in ("null", "noise"):
        T = random_state.standard_normal(T.shape)
    if cell.gain == "nearly equal" and cell.product != REPORT:
        T = S + TEACHER_ERROR * random_state.standard_normal(S.shape)
    return Rows(S, T, y, groups)


def draw_tables(cell: Cell, random_state: np.random.RandomState) -> tuple[Rows, Rows | None, Rows]:
    """Labeled rows, unlabeled pairs (None where there are none) and test rows."""
    labeled = draw_rows(cell, cell.n_rows, random_state, grouped=cell.grouped)
    pairs = None
    if cell.product == REPORT and cell.gain == "clear":
        pairs = draw_rows(cell, N_UNLABELED_A_ROW * cell.n_rows, random_state, grouped=False)
    return labeled, pairs, draw_rows(cell, n_test_rows(cell), random_state, grouped=False)
