"""Simulated tables of a cell: labeled rows, unlabeled pairs and many fresh test rows, all of one population."""

from dataclasses import dataclass, replace

import numpy as np
from settings import REPORT, ROWS_A_GROUP, SELECTOR, Cell
from sklearn.utils import Bunch

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


def draw_modalities(cell: Cell, n_rows: int, random_state: np.random.RandomState) -> Bunch:
    """Both modalities, as all cells but a few take them."""
    teacher, student = SPECIFIC[cell.gain]
    return make_gaussian_modalities(
        n_rows,
        **COLUMNS,
        shared_signal=SHARED,
        specific_signal={"student": student, "teacher": teacher},
        n_classes=cell.n_classes,
        random_state=random_state,
    )


def advantage_of_modalities(cell: Cell) -> float | None:
    """I(T; Y) - I(S; Y) in nats; None where the cell changes the columns that were drawn."""
    if cell.grouped or cell.gain not in ("tie", "small", "clear"):
        return None
    information = draw_modalities(cell, 1, np.random.RandomState(0)).label_information
    return information["teacher"] - information["student"]


def draw_tables(cell: Cell, random_state: np.random.RandomState) -> tuple[Rows, Rows | None, Rows]:
    """Labeled rows, unlabeled pairs (None where there are none) and test rows.

    Pairs and test rows need no groups: the loss of one row does not depend on others.
    """
    n_units = cell.n_rows // ROWS_A_GROUP if cell.grouped else cell.n_rows
    n_pairs = N_UNLABELED_A_ROW * cell.n_rows if (cell.product, cell.gain) == (REPORT, "clear") else 0
    drawn = draw_modalities(cell, n_units + n_pairs + n_test_rows(cell), random_state)
    S, T = (drawn.data[drawn.modalities[name]].to_numpy() for name in ("student", "teacher"))
    y, groups = drawn.target.to_numpy(), None
    if cell.grouped:
        groups = np.repeat(np.arange(n_units), ROWS_A_GROUP)
        units = np.append(groups, np.arange(n_units, len(y)))
        S, T = (
            table[units] + GROUP_ERROR * random_state.standard_normal((len(units), table.shape[1])) for table in (S, T)
        )
        y = y[units]
    if cell.gain in ("null", "noise"):
        T = random_state.standard_normal(T.shape)
    if (cell.product, cell.gain) == (SELECTOR, "nearly equal"):
        T = S + TEACHER_ERROR * random_state.standard_normal(S.shape)
    n, m = cell.n_rows, cell.n_rows + n_pairs
    labeled, pairs, test = (Rows(S[part], T[part], y[part]) for part in (slice(n), slice(n, m), slice(m, None)))
    return replace(labeled, groups=groups), pairs if n_pairs else None, test
