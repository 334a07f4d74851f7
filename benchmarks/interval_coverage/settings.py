"""The cells of the benchmark: which product, gain, target, rows, groups and student are simulated together."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any
from zlib import crc32

import numpy as np

REPORT, SELECTOR = "report", "selector"
CONFIDENCE = {REPORT: 0.95, SELECTOR: 0.9}  # of their intervals, by default
# A report's linear or network student; a selector's linear encoders with a fixed penalty or, "tuned", its default ones.
LINEAR, NETWORK, TUNED = "linear", "network", "tuned"
# Number of classes; 0 is a continuous target.
TARGETS = {"2 classes": 2, "5 classes": 5, "continuous": 0}
N_ROWS = (60, 100, 200, 500)
# Of the report. "null": with a teacher of pure noise, distilled less shuffled teacher, two models of one distribution,
# so that exactly no gain is expected. The others are distilled less student alone: "nearly equal" with alpha = 0.02,
# "small" from labeled pairs only, "clear" with three unlabeled pairs for each labeled one.
REPORT_GAINS = ("null", "nearly equal", "small", "clear")
# Of the selector. "tie": teacher and student know equally much, so that exactly no advantage is expected; "noise": the
# teacher is independent of all else and adds nothing; "nearly equal": its columns are the student's with an error.
SELECTOR_GAINS = ("tie", "noise", "nearly equal", "small", "clear")
ROWS_A_GROUP = 5


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes
    ----------
    product : {"report", "selector"}
    gain : str
        Of ``REPORT_GAINS`` or ``SELECTOR_GAINS``.
    target : str
        Of ``TARGETS``.
    n_rows : int
    grouped : bool, default=False
        Whether rows come in groups of ``ROWS_A_GROUP`` that share their label and most of their columns.
    student : {"linear", "network", "tuned"}, default="linear"
    n_repeats : int, default=3
        Repeats of five-fold cross-validation.
    n_half_pairs : int, default=0
        Pairs of disjoint halves on which the models are cross-validated too, for the conservative-Z interval.
    n_draws : int, default=300
    """

    product: str
    gain: str
    target: str
    n_rows: int
    grouped: bool = False
    student: str = LINEAR
    n_repeats: int = 3
    n_half_pairs: int = 0
    n_draws: int = 300

    @property
    def key(self) -> dict[str, Any]:
        """Columns of a cell in a table of results."""
        return {name: asdict(self)[name] for name in ("product", "gain", "target", "n_rows", "grouped", "student")}

    @property
    def name(self) -> str:
        """Of its file."""
        parts = (*self.key.values(), self.n_half_pairs)
        return "-".join(str(part).replace(" ", "_") for part in parts)

    def random_state(self, seed: int, stream: int) -> np.random.RandomState:
        """Generator of a draw; cells and streams of a draw are independent."""
        return np.random.RandomState([seed, stream, crc32(self.name.encode())])

    @property
    def n_classes(self) -> int | None:
        """None of a continuous target."""
        return TARGETS[self.target] or None


def all_cells() -> Iterator[Cell]:
    """The fraction of the full product that is run; slow models last."""
    for gain, n_rows in product(REPORT_GAINS, N_ROWS):
        n_half_pairs = 5 if n_rows == 60 else 0
        yield Cell(REPORT, gain, "continuous", n_rows, n_half_pairs=n_half_pairs)
        if gain != "small" or n_rows == 100:
            yield Cell(REPORT, gain, "2 classes", n_rows, n_half_pairs=n_half_pairs if gain == "null" else 0)
    for gain, target in product(REPORT_GAINS, ("2 classes", "continuous")):
        yield Cell(REPORT, gain, target, 100, grouped=True)
    for gain in ("null", "clear"):
        yield Cell(REPORT, gain, "5 classes", 100)
    for gain, n_rows in product(SELECTOR_GAINS, (60, 100, 200)):
        yield Cell(SELECTOR, gain, "continuous", n_rows)
        if gain in ("tie", "noise") or (gain in ("nearly equal", "clear") and n_rows != 100):
            yield Cell(SELECTOR, gain, "2 classes", n_rows)
    for gain in ("tie", "noise", "clear"):
        yield Cell(SELECTOR, gain, "2 classes", 100, grouped=True)
    for gain in ("tie", "noise"):
        yield Cell(SELECTOR, gain, "5 classes", 100)
    for gain in ("tie", "clear"):
        yield Cell(SELECTOR, gain, "2 classes", 60, student=TUNED)
    yield Cell(REPORT, "null", "2 classes", 100, student=NETWORK, n_repeats=1)
