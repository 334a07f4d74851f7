"""Every estimator of mutual information on draws of known mutual information.

    python benchmarks/information/known_truths.py  # 15 minutes of one processor core
    python benchmarks/information/known_truths.py --estimators cca ksg --n-samples 250

An estimator's rows replace its former rows in results/known_truths.csv; the others stay. The tables of the
documentation, one for each number of rows and a summary, are rewritten from that file.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from known_information import make_known_information
from threadpoolctl import threadpool_limits

from skcmkd import information

RESULTS = Path(__file__).parent / "results"
ESTIMATORS = ("gaussian", "cca", "ksg", "latent", "mine", "infonce", "classifier")
N_SAMPLES = (250, 1000, 5000)
TRAINED = ("latent", "mine", "infonce")
# Draws for each number of rows: quick estimators, quick ones with more than 100 columns, trained ones.
REPEATS = {
    "quick": {250: 10, 1000: 10, 5000: 3},
    "wide": {250: 5, 1000: 3, 5000: 1},
    "trained": {250: 3, 1000: 2, 5000: 1},
}
KEYS = ["group", "case", "n_samples", "estimator"]


def describe_cases():
    """Group, name and settings of every case."""
    for d in (1, 2, 5, 10):
        for nats in (0.0, 0.5, 1.0, 2.0):
            settings = {"task": "normal", "n_columns": d, "information": nats}
            yield "normal", f"{d} + {d} columns, {nats:g} nats", settings
    for nats in (0.0, 1.0, 2.0):
        settings = {"task": "low_rank", "n_columns": 500, "information": nats}
        yield "low rank", f"500 + 500 columns, {nats:g} nats", settings
    three = {"n_columns": 3, "information": 1.0}
    yield "transformed", "half-cube, 3 + 3 columns", three | {"task": "half_cube"}
    yield "transformed", "half-cube, 3 + 3, dense", three | {"task": "half_cube", "dense": True}
    yield "transformed", "spiral, 3 + 3 columns", three | {"task": "spiral"}
    yield "transformed", "swiss roll, 2 + 1 columns", {"task": "swiss_roll", "n_columns": 1, "information": 1.0}
    for task, name in (("student_t", "Student"), ("asinh", "arsinh of Student")):
        uncorrelated = {"task": task, "information": 0.0}
        yield "heavy tails", f"{name}, 1 + 1, 1 degree", uncorrelated | {"n_columns": 1, "degrees_of_freedom": 1}
        yield "heavy tails", f"{name}, 5 + 5, 2 degrees", uncorrelated | {"n_columns": 5, "degrees_of_freedom": 2}
        correlated = three | {"task": task, "degrees_of_freedom": 3}
        yield "heavy tails", f"{name}, 3 + 3, 3 degrees, correlated", correlated
        yield "heavy tails", f"{name}, 3 + 3, 3 degrees, dense", correlated | {"dense": True}
    for classes, columns, noise, nats in ((2, 2, 0, 0.3), (5, 10, 0, 1.0), (2, 10, 190, 0.5), (5, 10, 190, 1.0)):
        settings = {"task": "mixture", "n_classes": classes, "n_columns": columns, "n_noise_columns": noise}
        yield "label", f"{classes} classes, {columns} columns, {noise} of noise", settings | {"information": nats}
    yield "label", "5 classes, 10 columns, 0 nats", settings | {"n_noise_columns": 0, "information": 0.0}


def n_repeats(estimator, n_samples, settings):
    """Number of draws of a case; 0 skips it."""
    if estimator == "classifier" and settings["task"] != "mixture":
        return 0
    wide = settings["n_columns"] + settings.get("n_noise_columns", 0) > 100
    kind = "trained" if estimator in TRAINED else "wide" if wide else "quick"
    return REPEATS[kind][n_samples]


def entropy(label):
    """H(Y) of the classes, in nats."""
    p = np.bincount(label) / len(label)
    return -(p[p > 0] * np.log(p[p > 0])).sum()


def measure(estimator, function, n_samples, group, case, settings):
    """Mean and spread of one estimator over the draws of one case."""
    truths, estimates, seconds = [], [], []
    for seed in range(n_repeats(estimator, n_samples, settings)):
        data = make_known_information(n_samples=n_samples, random_state=seed, **settings)
        begin = time.process_time()
        nats = function(data.X, data.Y, random_state=seed)
        seconds.append(time.process_time() - begin)
        if estimator == "classifier" and not 0 <= nats <= entropy(data.Y):
            raise AssertionError(f"classifier gives {nats} for a label of entropy {entropy(data.Y)}, {case}.")
        truths.append(data.information)
        estimates.append(nats)
    return {
        "group": group,
        "case": case,
        "n_samples": n_samples,
        "estimator": estimator,
        "draws": len(estimates),
        "truth": np.mean(truths),
        "mean": np.mean(estimates),
        "sd": np.std(estimates, ddof=1) if len(estimates) > 1 else np.nan,
        "mean_absolute_error": np.abs(np.subtract(estimates, truths)).mean(),
        "cpu_seconds": np.mean(seconds),
    }


def merge(rows):
    """New rows and those of the file that they do not replace, in the order of the cases."""
    path = RESULTS / "known_truths.csv"
    table = pd.DataFrame(rows)
    if path.exists():
        table = pd.concat([pd.read_csv(path), table]).drop_duplicates(KEYS, keep="last")
    cases = list(describe_cases())
    for column, names in (
        ("group", [group for group, _, _ in cases]),
        ("case", [case for _, case, _ in cases]),
        ("estimator", ESTIMATORS),
    ):
        table[column] = pd.Categorical(table[column], list(dict.fromkeys(names)))
    table = table.dropna(subset=KEYS).sort_values(["n_samples", "case", "estimator"])
    table.to_csv(path, index=False, float_format="%.4f")
    return table


def spread_estimators(table, rows, cells):
    """One column for each estimator, "not run" where it has no estimate."""
    wide = table.assign(cell=cells).pivot_table("cell", rows, "estimator", aggfunc="first", observed=True)
    return wide.astype(object).fillna("not run").reset_index()


def write_tables(table):
    """Tables of the documentation: mean and standard deviation by case, and errors and times by group."""
    for n_samples, part in table.groupby("n_samples"):
        spread = part["sd"].map(lambda sd: "" if np.isnan(sd) else f" ± {sd:.2f}")
        part = part.assign(truth=part.groupby("case", observed=True)["truth"].transform("mean").map("{:.2f}".format))
        wide = spread_estimators(part, ["group", "case", "truth"], part["mean"].map("{:.2f}".format) + spread)
        wide.to_csv(RESULTS / f"known_truths_{n_samples}.csv", index=False)
    table = table.rename(columns={"n_samples": "rows"})
    columns = ["mean_absolute_error", "cpu_seconds"]
    groups = table.groupby(["group", "rows", "estimator"], observed=True)[columns].mean().reset_index()
    for column, form in zip(columns, ("{:.2f}", "{:.3f}"), strict=True):
        wide = spread_estimators(groups, ["group", "rows"], groups[column].map(form.format))
        wide.to_csv(RESULTS / f"known_truths_{column}.csv", index=False)


def main():
    """Run the requested estimators and write after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--estimators", nargs="+", choices=ESTIMATORS, default=ESTIMATORS)
    parser.add_argument("--n-samples", nargs="+", type=int, choices=N_SAMPLES, default=N_SAMPLES)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    RESULTS.mkdir(exist_ok=True)
    for estimator in chosen.estimators:
        function = getattr(information, estimator)
        rng = np.random.RandomState(0)
        function(rng.normal(size=(60, 2)), rng.randint(2, size=60), random_state=0)  # time without imports
        for n_samples in chosen.n_samples:
            rows = []
            with threadpool_limits(1):
                for group, case, settings in describe_cases():
                    if n_repeats(estimator, n_samples, settings):
                        rows.append(measure(estimator, function, n_samples, group, case, settings))
            if rows:
                write_tables(merge(rows))
                spent = sum(row["cpu_seconds"] * row["draws"] for row in rows)
                error = np.mean([row["mean_absolute_error"] for row in rows])
                print(
                    f"{estimator}, n={n_samples}: {len(rows)} cases, {spent:.0f} s, mean error {error:.3f}", flush=True
                )


if __name__ == "__main__":
    main()
