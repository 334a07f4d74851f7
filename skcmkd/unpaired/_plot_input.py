"""What ``AlignmentDisplay`` draws, checked: distiller, rows, and the teacher's cohort of a fitted distiller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .._distillation._representations import choose_representation
from .._losses._teacher_cohort import TeacherCohort
from .._model_selection._pipelines import final_estimator
from .._validation._array_checks import check_same_length
from .._validation._sklearn import ArrayLike
from .._validation._tables import Table, check_same_index
from .._validation._target_checks import check_labels
from ._input import check_unpaired_data
from ._teacher_fit import make_cohort, represent_cohort

if TYPE_CHECKING:
    from ._classifier import UnpairedDistiller


def check_drawable(distiller: UnpairedDistiller) -> None:
    """Raise without a teacher, and without a representation to transport."""
    if distiller.teacher_ is None:
        raise ValueError(
            "The distiller was fitted without teacher_data: there is no cohort to draw. Fit it with "
            "teacher_data=(X_teacher, y_teacher)."
        )
    if distiller.history_ is None:
        name = final_estimator(distiller.student_).__class__.__name__
        raise ValueError(
            f"The student is a {name}, which has no representation to draw. Use NetworkClassifier, or a Pipeline that "
            "ends in one."
        )


def check_rows(distiller: UnpairedDistiller, X: Table, y: ArrayLike, name: str) -> tuple[Table, np.ndarray]:
    """The student's table, and the classes of its rows as positions among the distiller's."""
    X, labels = distiller._student_table(X), check_labels(y, name)
    check_same_index(X, y, name)
    check_same_length(X, labels, name)
    unknown = np.setdiff1d(labels, distiller.classes_)
    if len(unknown):
        raise ValueError(
            f"{name} holds {unknown.tolist()[:5]}, and the distiller was fitted to the classes "
            f"{distiller.classes_.tolist()[:5]}. Give rows of these."
        )
    return X, np.searchsorted(distiller.classes_, labels)


def rebuild_cohort(distiller: UnpairedDistiller, X: Table, codes: np.ndarray, teacher_data: Any) -> TeacherCohort:
    """The teacher's cohort as ``fit`` made it, but for the class offsets of its head, which is not drawn."""
    teacher, classes = distiller.teacher_, distiller.classes_
    data = check_unpaired_data(X, classes[codes], None, teacher_data, None, None, None)
    method = choose_representation(teacher, distiller.representation)
    features = represent_cohort(teacher, data, method, distiller.cv, distiller.n_jobs)
    return make_cohort(teacher, features, data.y_teacher, classes, codes, method)


def sample_rows(codes: np.ndarray, max_rows: int) -> np.ndarray:
    """Some rows, with the frequencies of the classes kept as nearly as possible, and one row or more of each class."""
    order = np.random.RandomState(0).permutation(len(codes))
    of_class = pd.Series(codes[order]).groupby(codes[order])
    position = (of_class.cumcount() / of_class.transform("size")).to_numpy()
    return np.sort(order[np.argsort(position, kind="stable")[:max_rows]])
