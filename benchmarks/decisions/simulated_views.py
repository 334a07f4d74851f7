"""Modalities that see the same two hidden scores, each with noise of its own, and the class that these scores give."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

STUDENT = "student"
STUDENT_NOISE, LABEL_NOISE = 2.0, 0.5


@dataclass(frozen=True)
class Views:
    """Tables of all modalities side by side, their columns by name, and the class of each row."""

    X: pd.DataFrame
    y: np.ndarray
    modalities: dict[str, list[str]]

    def take(self, rows: slice, *names: str) -> pd.DataFrame:
        """Rows of some modalities."""
        return self.X.iloc[rows][[column for name in names for column in self.modalities[name]]]


def draw_views(n_rows: int, seed: int, teachers: dict[str, float | str], n_columns: int = 6) -> Views:
    """One draw; S = z L + 2 e.

    Parameters
    ----------
    n_rows : int
    seed : int
    teachers : dict of str to float or str
        The standard deviation of a teacher's noise: at ``STUDENT_NOISE`` teacher and student know equally much. "copy"
        is S A + 2 e with random A, which is independent of the class given the student; "noise" is independent of all.
    n_columns : int, default=6
        Of each modality.
    """
    rng = np.random.RandomState(seed)
    z = rng.normal(size=(n_rows, 2))
    y = (z.sum(axis=1) + LABEL_NOISE * rng.normal(size=n_rows) > 0).astype(int)
    loadings = np.random.RandomState(7).normal(size=(2, n_columns))
    mixing = np.random.RandomState(8).normal(size=(n_columns, n_columns)) / np.sqrt(n_columns)

    def noise() -> np.ndarray:
        return rng.normal(size=(n_rows, n_columns))

    tables = {STUDENT: z @ loadings + STUDENT_NOISE * noise()}
    for name, kind in teachers.items():
        if kind == "noise":
            tables[name] = noise()
        elif kind == "copy":
            tables[name] = tables[STUDENT] @ mixing + STUDENT_NOISE * noise()
        else:
            tables[name] = z @ loadings + kind * noise()
    modalities = {name: [f"{name} {column}" for column in range(n_columns)] for name in tables}
    X = pd.DataFrame(np.hstack(list(tables.values())), columns=[c for columns in modalities.values() for c in columns])
    return Views(X, y, modalities)
