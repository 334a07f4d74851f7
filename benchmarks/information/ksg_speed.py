"""Processor seconds of ``ksg`` against npeet_plus (``mi``, and ``micd`` for labels), which must be installed.

Both run on the same arrays with three neighbors, on one thread, alternately; the best of several repeats counts.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import time
from pathlib import Path

import npeet_plus
import numpy as np
import pandas as pd

from skcmkd.information import ksg

RESULTS = Path(__file__).parent / "results" / "ksg_speed.csv"
N_ROWS = (1000, 5000)
N_COLUMNS = (1, 2, 5, 10, 50)
SECONDS = 6  # of each pair of implementations
MIN_REPEATS, MAX_REPEATS = 5, 300


def make_data(n_rows, n_columns):
    """Two normal tables, correlated column by column, and a label of three classes that depends on both."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_rows, n_columns))
    Y = 0.6 * X + 0.8 * rng.normal(size=(n_rows, n_columns))
    label = (X[:, 0] > 0).astype(int) + (Y[:, 0] > 1)
    return X, Y, label


def best_seconds(peer, X, Y):
    """Least processor time of npeet_plus and of ksg, run alternately."""
    implementations = {"npeet_plus": lambda: peer(X, Y.reshape(len(X), -1), k=3), "ksg": lambda: ksg(X, Y)}
    best, begin, repeats = dict.fromkeys(implementations, np.inf), time.process_time(), 0
    while repeats < MIN_REPEATS or (time.process_time() - begin < SECONDS and repeats < MAX_REPEATS):
        for name, run in implementations.items():
            start = time.process_time()
            run()
            best[name] = min(best[name], time.process_time() - start)
        repeats += 1
    return best | {"repeats": repeats}


def main():
    """Time every size, write the rows and print them."""
    rows = []
    for n_rows in N_ROWS:
        for n_columns in N_COLUMNS:
            X, Y, label = make_data(n_rows, n_columns)
            size = {"rows": n_rows, "columns": n_columns}
            rows.append(size | {"Y": "table"} | best_seconds(npeet_plus.mi, X, Y))
            rows.append(size | {"Y": "label"} | best_seconds(npeet_plus.micd, X, label))
    table = pd.DataFrame(rows)
    table["ratio"] = table["ksg"] / table["npeet_plus"]
    RESULTS.parent.mkdir(exist_ok=True)
    table.to_csv(RESULTS, index=False, float_format="%.5f")
    print(table.round(4).to_string(index=False))


if __name__ == "__main__":
    main()
