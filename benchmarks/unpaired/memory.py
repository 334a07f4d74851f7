"""Time and peak memory against the number of rows, each size in a process of its own.

The peak is the largest resident set of the process less what it held after its imports and a tiny fit; it includes
both tables. Every size has as many teacher rows as student rows, 100 columns each.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "memory.csv"
SIZES = (25_000, 50_000, 100_000, 200_000)
N_COLUMNS, N_CLASSES, N_EPOCHS = 100, 5, 2
DEFAULTS = ("student alone", "auto", "prototypes", "classwise", "bilevel")
MEGABYTE = 2**20


def make_cohort(n_rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One cohort, made without a copy of it."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_rows, N_COLUMNS))
    return X, (X[:, :N_CLASSES] + rng.standard_normal((n_rows, N_CLASSES))).argmax(axis=1)


def peak() -> float:
    """The largest resident set of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(n_rows: int, alignment: str, *, check_alignment: bool) -> dict:
    """Seconds and megabytes of one fit, in this process."""
    from skcmkd import NetworkClassifier, UnpairedDistiller

    def fit(n: int, name: str) -> tuple[float, float]:
        X, y = make_cohort(n, 0)
        teacher_data = make_cohort(n, 1)
        network = NetworkClassifier(max_epochs=N_EPOCHS, device="cpu")
        begin = time.process_time()
        if name == "student alone":
            network.fit(X, y)
        else:
            distiller = UnpairedDistiller(
                network, network, alignment=name, check_alignment=check_alignment, random_state=0
            )
            distiller.fit(X, y, teacher_data=teacher_data)
        return time.process_time() - begin, (X.nbytes + teacher_data[0].nbytes) / MEGABYTE

    fit(500, alignment)
    before = peak()
    seconds, size = fit(n_rows, alignment)
    used = peak() - before
    return {
        "alignment": alignment,
        "check_alignment": check_alignment,
        "n_rows": n_rows,
        "seconds": seconds,
        "input_mb": size,
        "peak_mb": used,
        "peak_to_input": used / size,
    }


def main() -> None:
    """Start a process for each size and alignment, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--alignments", nargs="+", default=DEFAULTS)
    parser.add_argument("--check-alignment", action="store_true")
    parser.add_argument("--within", action="store_true", help="measure one size in this very process")
    options = parser.parse_args()
    if options.within:
        print(json.dumps(measure(options.sizes[0], options.alignments[0], check_alignment=options.check_alignment)))
        return
    rows = []
    for alignment in options.alignments:
        for size in options.sizes:
            command = [sys.executable, __file__, "--within", "--sizes", str(size), "--alignments", alignment]
            command += ["--check-alignment"] * options.check_alignment
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append(json.loads(output.splitlines()[-1]))
            print(rows[-1])
    RESULTS.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.5g", mode="a", header=not RESULTS.exists())


if __name__ == "__main__":
    main()
