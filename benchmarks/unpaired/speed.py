"""Processor time of alignment on one thread: by step beside the published procedure, by fit beside the student alone.

The contenders take turns in a new random order in each repeat, so that all run under the same load of the machine; the
summary has the median of the ratios within a repeat.
"""

import argparse
import copy
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import published
import torch
from methods import ALIGNMENTS
from shared.cached_networks import CachedNetworkClassifier, uncached_seconds
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, UnpairedDistiller

RESULTS = Path(__file__).parent / "results"
BATCH_SIZES = (64, 256)
N_CLASSES, N_STUDENT, N_TEACHER = 10, 200, 150
N_BRIDGE = 100
FIT_EPOCHS = 30
# Labeled rows, and rows of the teacher's cohort.
WHOLE_SIZES = ((200, 600), (1000, 1000))
Tables = dict[str, Any]
Contender = Callable[[], float]


def make_cohorts(n_rows: int, n_teacher_rows: int | None = None, seed: int = 0) -> Tables:
    """Two cohorts, of as many rows each unless said otherwise, and a bridge; the last columns are the teacher's."""
    n_teacher_rows = n_rows if n_teacher_rows is None else n_teacher_rows
    X, y = make_classification(
        n_rows + n_teacher_rows + N_BRIDGE,
        N_STUDENT + N_TEACHER,
        n_informative=40,
        n_redundant=0,
        n_classes=N_CLASSES,
        random_state=seed,
    )
    student_rows, teacher_rows, both = np.split(np.arange(len(X)), [n_rows, n_rows + n_teacher_rows])
    student, teacher = X[:, :N_STUDENT], X[:, N_STUDENT:]
    return {
        "X": student[student_rows],
        "y": y[student_rows],
        "teacher_data": (teacher[teacher_rows], y[teacher_rows]),
        "bridge": (student[both], teacher[both]),
    }


def take_turns(contenders: dict[str, Contender], n_repeats: int, seed: int = 0) -> pd.DataFrame:
    """The value of each contender, one row a repeat; the first round warms up and is not counted."""
    rng, rows = np.random.RandomState(seed), []
    for repeat in range(-1, n_repeats):
        values = {name: contenders[name]() for name in rng.permutation(list(contenders))}
        if repeat >= 0:
            rows.append({"repeat": repeat} | {name: values[name] for name in contenders})
    return pd.DataFrame(rows)


def make_student(**options: Any) -> NetworkClassifier:
    """A student that runs all of its epochs on all of its rows."""
    return NetworkClassifier(validation_fraction=0.0, device="cpu", random_state=0, **options)


def seconds_of(fit: Callable[[], Any]) -> float:
    """Processor time of a call without that of fitting the teacher."""
    begin = uncached_seconds()
    fit()
    return uncached_seconds() - begin


def fit_aligned(tables: Tables, alignment: str, student: BaseEstimator, *, bridge: bool = False) -> UnpairedDistiller:
    """A fit with one alignment, without the report on it."""
    distiller = UnpairedDistiller(
        student, CachedNetworkClassifier(device="cpu", random_state=0), alignment=alignment, check_alignment=False
    )
    row_targets = {"bridge": tables["bridge"]} if bridge else {}
    return distiller.fit(tables["X"], tables["y"], teacher_data=tables["teacher_data"], **row_targets)


def milliseconds_per_step(fit: Callable[[int], Any], n_steps: int, epochs: tuple[int, int] = (2, 12)) -> float:
    """Time of one more step: the difference of two lengths excludes everything that is done once."""
    few, many = (seconds_of(lambda n=n: fit(n)) for n in epochs)
    return 1000 * (many - few) / ((epochs[1] - epochs[0]) * n_steps)


def step_contenders(tables: Tables, batch_size: int) -> dict[str, Contender]:
    """Milliseconds per step: the student alone, ``"bilevel"``, ``"published"``, and the procedure re-enacted."""
    X, y, teacher_data = tables["X"], tables["y"], tables["teacher_data"]
    teacher = CachedNetworkClassifier(device="cpu", random_state=0).fit(*teacher_data)
    student = make_student(batch_size=batch_size, max_epochs=1).fit(X, y)
    tensors = [torch.as_tensor(a).float() for a in (student.scaler_.transform(X), teacher.transform(teacher_data[0]))]
    labels = [torch.as_tensor(codes) for codes in (y, teacher_data[1])]
    head = copy.deepcopy(teacher.net_.module_.head).float()

    def enact(n: int) -> None:
        module = copy.deepcopy(student.net_.module_).float()
        settings = {"n_epochs": n, "batch_size": batch_size}
        published.train(module, head, tensors[0], labels[0], tensors[1], labels[1], **settings)

    def network(n: int) -> NetworkClassifier:
        return make_student(batch_size=batch_size, max_epochs=n)

    fits: dict[str, Callable[[int], Any]] = {
        "alone": lambda n: network(n).fit(X, y),
        "bilevel": lambda n: fit_aligned(tables, "bilevel", network(n)),
        "published": lambda n: fit_aligned(tables, "published", network(n)),
        "published, re-enacted": enact,
    }
    n_steps = -(-len(X) // batch_size)
    return {name: partial(milliseconds_per_step, fit, n_steps) for name, fit in fits.items()}


def time_steps(n_repeats: int, n_rows: int = 1280) -> pd.DataFrame:
    """Milliseconds per step of each contender and batch size."""
    tables = make_cohorts(n_rows)
    return pd.concat(
        take_turns(step_contenders(tables, size), n_repeats).assign(batch_size=size) for size in BATCH_SIZES
    )


def time_fits(n_repeats: int, n_rows: int = 1000) -> pd.DataFrame:
    """Seconds of training with each alignment, as many epochs as the student alone; the teacher is left out."""
    tables = make_cohorts(n_rows)
    student = make_student(max_epochs=FIT_EPOCHS)
    contenders: dict[str, Contender] = {
        "alone": lambda: seconds_of(lambda: make_student(max_epochs=FIT_EPOCHS).fit(tables["X"], tables["y"]))
    }
    for bridge in (False, True):
        for name in ALIGNMENTS:
            # Without unlabeled rows there are no pseudo-labels, and without a bridge "none" is the student alone.
            if name == "self_training" or (name == "none" and not bridge):
                continue
            shown = f"{name}, {N_BRIDGE} pairs" if bridge else name
            contenders[shown] = lambda name=name, bridge=bridge: seconds_of(
                lambda: fit_aligned(tables, name, student, bridge=bridge)
            )
    return take_turns(contenders, n_repeats)


def time_whole_fits(n_repeats: int) -> pd.DataFrame:
    """Seconds of whole fits with the defaults, teacher, choice and report included, beside the student's own fit."""
    return pd.concat(
        take_turns(whole_contenders(make_cohorts(*sizes)), n_repeats).assign(n_labeled=sizes[0], n_teacher=sizes[1])
        for sizes in WHOLE_SIZES
    )


def whole_contenders(tables: Tables) -> dict[str, Contender]:
    """Networks as student and teacher; with "linear" logistic regressions of standardized columns."""
    X, y, teacher_data, bridge = (tables[key] for key in ("X", "y", "teacher_data", "bridge"))

    def whole(fit: Callable[[], Any]) -> float:
        begin = time.process_time()
        fit()
        return time.process_time() - begin

    def distill(use_bridge: bool, student: Any = None, teacher: Any = None, **options: Any) -> float:
        distiller = UnpairedDistiller(student, teacher, random_state=0, **options)
        return whole(lambda: distiller.fit(X, y, teacher_data=teacher_data, bridge=bridge if use_bridge else None))

    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    contenders: dict[str, Contender] = {
        "student alone": lambda: whole(lambda: NetworkClassifier(random_state=0).fit(X, y)),
        "teacher alone": lambda: whole(lambda: NetworkClassifier(random_state=0).fit(*teacher_data)),
        "linear, student alone": lambda: whole(lambda: clone(linear).fit(X, y)),
        "linear, teacher alone": lambda: whole(lambda: clone(linear).fit(*teacher_data)),
    }
    for use_bridge in (False, True):
        tail = f", {N_BRIDGE} pairs" if use_bridge else ""
        contenders[f"default{tail}"] = partial(distill, use_bridge)
        contenders[f"default, unchecked{tail}"] = partial(distill, use_bridge, check_alignment=False)
        contenders[f"prototypes, unchecked{tail}"] = partial(
            distill, use_bridge, alignment="prototypes", check_alignment=False
        )
        contenders[f"linear, default{tail}"] = partial(distill, use_bridge, linear, linear)
    return contenders


def summarize(table: pd.DataFrame, against: str) -> pd.DataFrame:
    """Median of each contender, and median and quartiles of its ratio to one of them within a repeat."""
    times = table.drop(columns=["repeat", "batch_size", "n_labeled", "n_teacher"], errors="ignore")
    ratios = times.div(times[against], axis=0).quantile([0.25, 0.5, 0.75]).T
    texts = [f"{middle:.2f} ({low:.2f}-{high:.2f})" for low, middle, high in ratios.to_numpy()]
    return pd.DataFrame({"median": times.median().round(4), f"to {against}": texts})


def main() -> None:
    """Time the requested parts, write the rows and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--parts", nargs="+", choices=["steps", "fits", "whole"], default=["steps", "fits", "whole"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    measures = {"steps": time_steps, "fits": time_fits, "whole": time_whole_fits}
    against = {"steps": "bilevel", "fits": "alone", "whole": "student alone"}
    for part in options.parts:
        table = measures[part](options.repeats)
        table.to_csv(RESULTS / f"speed_{part}.csv", index=False, float_format="%.5g")
        by = {"steps": "batch_size", "whole": "n_labeled"}.get(part)
        for size, rows in [("all", table)] if by is None else table.groupby(by):
            print(part if by is None else f"{part}, {by} {size}")
            print(summarize(rows, against[part]).to_string())


if __name__ == "__main__":
    main()
