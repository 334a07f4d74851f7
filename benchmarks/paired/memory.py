"""Time and peak memory against the number of rows, each size in a process of its own.

The peak is the largest resident set of the process less what it held after its imports and a tiny fit; it includes
both tables. Student and teacher are linear, two classes, 50 columns each, a fixed weight of the teacher.
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
SIZES = (62_500, 125_000, 250_000, 500_000, 1_000_000)
N_COLUMNS, N_SIGNAL = 50, 10
ALPHA = 0.5
FITTED = ("student alone", "distilled")
MEGABYTE = 2**20


def make_pairs(n_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Student's table, teacher's table and two classes that both predict; the teacher's columns predict better."""
    rng = np.random.default_rng(seed)
    X, X_teacher = (rng.standard_normal((n_rows, N_COLUMNS)) for _ in range(2))
    score = X[:, :N_SIGNAL].sum(axis=1) + 2 * X_teacher[:, :N_SIGNAL].sum(axis=1)
    noise = rng.standard_normal(n_rows)
    noise *= score.std()
    return X, X_teacher, (score + noise > 0).astype(int)


def peak() -> float:
    """The largest resident set of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(n_rows: int, fitted: str) -> dict:
    """Seconds and megabytes of one fit, in this process."""
    from sklearn.linear_model import LogisticRegression

    from skcmkd import PairedDistiller

    def fit(n: int) -> tuple[float, float, float]:
        X, X_teacher, y = make_pairs(n)
        begin = time.perf_counter(), time.process_time()
        if fitted == "student alone":
            LogisticRegression().fit(X, y)
        else:
            distiller = PairedDistiller(
                LogisticRegression(), LogisticRegression(), teacher_weights="equal", alpha=ALPHA
            )
            distiller.fit(X, y, X_teacher=X_teacher)
        seconds = time.perf_counter() - begin[0], time.process_time() - begin[1]
        return *seconds, (X.nbytes + X_teacher.nbytes + y.nbytes) / MEGABYTE

    fit(500)
    before = peak()
    wall, processor, size = fit(n_rows)
    used = peak() - before
    return {
        "fitted": fitted,
        "n_rows": n_rows,
        "wall_seconds": wall,
        "processor_seconds": processor,
        "microseconds_per_row": 1e6 * processor / n_rows,
        "input_mb": size,
        "peak_mb": used,
        "peak_to_input": used / size,
    }


def main() -> None:
    """Start a process for each size, write the rows and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--fitted", nargs="+", choices=FITTED, default=FITTED)
    parser.add_argument("--within", action="store_true", help="measure one size in this very process")
    options = parser.parse_args()
    if options.within:
        print(json.dumps(measure(options.sizes[0], options.fitted[0])))
        return
    rows = []
    for fitted in options.fitted:
        for size in options.sizes:
            command = [sys.executable, __file__, "--within", "--sizes", str(size), "--fitted", fitted]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            rows.append(json.loads(output.splitlines()[-1]))
            print(rows[-1], flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.5g")


if __name__ == "__main__":
    main()
