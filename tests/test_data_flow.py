"""From the teacher's table to the loss each file is entered from one other, and at most five bundles carry rows."""

import sys
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import skcmkd
from skcmkd import NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._losses._soft_targets import DistillationLoss

ROOT = Path(skcmkd.__file__).parent
WALKED = tuple(str(ROOT / package) for package in ("paired", "unpaired", "_distillation"))
N_ROWS = 30
MAX_BUNDLES = 5
NETWORK, TEACHER = NetworkClassifier((4,), max_epochs=2, linear_weight=0, random_state=0), LogisticRegression()


def carries_rows(value):
    """Whether a value holds a table, or a vector with a value for each of many rows."""
    if isinstance(value, np.ndarray | pd.DataFrame):
        return len(value) >= N_ROWS / 2
    if isinstance(value, list | tuple):
        return any(map(carries_rows, value))
    return is_dataclass(value) and any(map(carries_rows, vars(value).values()))


def stack_above(frame):
    """The frames that have not returned, the innermost first."""
    while (frame := frame.f_back) is not None:
        yield frame


class Walk:
    """Calls from another file of functions that are handed rows, until the student's loss is first computed.

    A method of a bundle that was handed over enters no file, nor does a call back into a file that has not returned.
    """

    def __init__(self, fit):
        self.entered_from, self.bundles, self.reached_loss = {}, set(), False
        sys.setprofile(self.follow)
        try:
            fit()
        finally:
            sys.setprofile(None)

    def follow(self, frame, event, arg):
        code = frame.f_code
        if code is DistillationLoss.forward.__code__:
            self.reached_loss = True
            sys.setprofile(None)
        is_function = code.co_name == code.co_qualname or code.co_name == "__init__"
        if event != "call" or not is_function or not code.co_filename.startswith(WALKED):
            return
        files = [above.f_code.co_filename for above in stack_above(frame)]
        arguments = [frame.f_locals[name] for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]]
        rows = [value for value in arguments if carries_rows(value)]
        if rows and code.co_filename not in files:
            caller = next(file for file in files if file.startswith(str(ROOT)))
            self.entered_from.setdefault(code.co_filename, set()).add(caller)
            self.bundles |= {type(value).__name__ for value in rows if is_dataclass(value) and not callable(value)}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.RandomState(0)
    y = np.arange(3 * N_ROWS) % 2
    X = pd.DataFrame(rng.normal(size=(len(y), 3)) + y[:, None], columns=list("abc"))
    # What a first fit imports would be followed, too, and take seconds.
    clone(NETWORK).fit(X, y)
    return X, pd.DataFrame(X.to_numpy() + rng.normal(size=(len(y), 3)), columns=list("def")), y


def check(walk, bundles, twice=()):
    assert walk.reached_loss
    assert str(ROOT / "_distillation" / "_fit_network.py") in walk.entered_from
    entered_twice = {file: places for file, places in walk.entered_from.items() if len(places) > 1}
    assert set(entered_twice) == {str(ROOT / file) for file in twice}
    assert walk.bundles == bundles
    assert len(bundles) <= MAX_BUNDLES


@pytest.mark.parametrize(
    ("alpha", "objective", "columns"),
    [
        (0.5, "soft_targets", None),
        (0.5, "hints", {"one": ["d"], "two": ["e", "f"]}),
        ("auto", "soft_targets", {"one": ["d"], "two": ["e", "f"]}),
        ("auto", "hints", None),
        ("analytic", "soft_targets", None),
    ],
)
def test_paired(tables, alpha, objective, columns):
    X, X_teacher, y = tables
    distiller = PairedDistiller(
        NETWORK, TEACHER, teacher_columns=columns, teacher_weights="learned", alpha=alpha, objective=objective, cv=3
    )
    pairs = X[:N_ROWS], X_teacher[:N_ROWS]
    rows = slice(N_ROWS, None)
    walk = Walk(lambda: distiller.fit(X[rows], y[rows], X_teacher=X_teacher[rows], unlabeled_pairs=pairs))
    check(walk, {"PairedData", "TeacherInputs", "TrainingData"})


@pytest.mark.parametrize(
    ("alignment", "links", "soft_targets"),
    [  # every two values of different parameters together
        ("auto", None, "teacher"),
        ("auto", [("a", "d")], "product"),
        ("prototypes", None, "product"),
        ("prototypes", [("a", "d")], "teacher"),
        ("none", None, "teacher"),
        ("none", [("a", "d")], "product"),
    ],
)
def test_unpaired(tables, alignment, links, soft_targets):
    X, X_teacher, y = tables
    student, teacher, bridge = np.split(np.arange(len(y)), 3)
    distiller = UnpairedDistiller(
        NETWORK,
        TEACHER,
        alignment=alignment,
        linked_columns=links,
        soft_targets=soft_targets,
        cv=3,
        check_alignment=alignment == "auto",
    )
    walk = Walk(
        lambda: distiller.fit(
            X.iloc[student],
            y[student],
            teacher_data=(X_teacher.iloc[teacher], y[teacher]),
            bridge=(X.iloc[bridge], X_teacher.iloc[bridge]),
        )
    )
    # Of a product the student is first fitted to labels alone, without the loss of distillation.
    twice = ("unpaired/_modes.py",) if soft_targets == "product" else ()
    check(walk, {"UnpairedData", "FittedTeacher", "UnpairedTraining", "TrainingData", "StudentLoss"}, twice)
