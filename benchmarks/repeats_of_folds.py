"""Several repeats of cross-validation: variance between repeats, its effect on decisions, and coverage of intervals.

Simulated modalities of two classes. A selector is fitted twice to each draw, its rows in two orders, so that the folds
of the first repeat differ and nothing else does. The truth for the coverage is that of models fitted to this many rows:
the mean estimate over all draws and orders.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from skcmkd import CCHSelector
from skcmkd.datasets import make_gaussian_modalities

RESULTS = Path(__file__).parent / "results" / "repeats_of_folds.csv"
N_ROWS = (60, 200)
N_REPEATS = (1, 3, 10)
N_ORDERS = 2
N_SUBSAMPLES = 60
# Weak enough that some draws are decided and others are not.
SHARED, SPECIFIC = 0.7, {"student": 0.2, "teacher": 0.7}


def select_on_draw(seed, n_rows, n_repeats):
    """One row for each order of a draw's rows."""
    drawn = make_gaussian_modalities(n_rows, shared_signal=SHARED, specific_signal=SPECIFIC, random_state=seed)
    results = []
    for order in range(N_ORDERS):
        rows = np.random.RandomState(1000 * seed + order).permutation(n_rows)
        begin = time.process_time()
        selector = CCHSelector(
            drawn.modalities,
            "student",
            criterion="advantage",
            n_repeats=n_repeats,
            n_subsamples=N_SUBSAMPLES,
            random_state=order,
        ).fit(drawn.data.iloc[rows], drawn.target.iloc[rows])
        row = selector.results_.iloc[0]
        results.append(
            {
                "draw": seed,
                "order": order,
                "seconds": time.process_time() - begin,
                **row[["advantage", "advantage_standard_error", "advantage_lower", "advantage_upper", "decision"]],
            }
        )
    return results


def summarize(n_rows, n_repeats, draws):
    """Standard deviation between orders and between draws, how often two orders decide differently, and coverage."""
    by_draw = draws.groupby("draw")
    truth = draws["advantage"].mean()
    return {
        "n_rows": n_rows,
        "n_repeats": n_repeats,
        "n_draws": by_draw.ngroups,
        "advantage": truth,
        "sd_of_draws": draws["advantage"].std(),
        "sd_of_orders": np.sqrt(by_draw["advantage"].var().mean()),
        "mean_standard_error": draws["advantage_standard_error"].mean(),
        "coverage": (draws["advantage_lower"].le(truth) & draws["advantage_upper"].ge(truth)).mean(),
        "decided_differently": by_draw["decision"].nunique().gt(1).mean(),
        "undecided": draws["decision"].eq("undecided").mean(),
        "seconds": draws["seconds"].median(),
    }


def main():
    """Run every setting; rows are written after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    rows = []
    for n_rows in N_ROWS:
        for n_repeats in N_REPEATS:
            parts = Parallel(options.jobs)(
                delayed(select_on_draw)(seed, n_rows, n_repeats) for seed in range(options.draws)
            )
            rows.append(summarize(n_rows, n_repeats, pd.DataFrame([row for part in parts for row in part])))
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.4g")
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
