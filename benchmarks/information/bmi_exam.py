r"""Every estimator of mutual information on the tasks of `bmi`, and the estimators of that package on the same draws.

    python benchmarks/information/bmi_exam.py  # 9 minutes of one processor core
    python benchmarks/information/bmi_exam.py --whose theirs  # where benchmark-mi is installed

`benchmark-mi` 0.1.3 needs numpy below 2 and does not start with the newest jax that it allows. It has an environment of
its own:

    pip install benchmark-mi==0.1.3 jax==0.4.30 jaxlib==0.4.30 "scipy<1.13"
    PYTHONPATH=. XLA_FLAGS=--xla_cpu_multi_thread_eigen=false OMP_NUM_THREADS=1 \
        PYTHON benchmarks/information/bmi_exam.py --whose theirs

Its estimators have their defaults and the tables as drawn; a new shape of its networks is compiled within the time.
With `--whose theirs` the package's own truths and the medians of its draws are written to results/bmi_reference.csv.
An estimator's rows replace its former rows in results/bmi_rows.csv; the tables of the documentation are made from it.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from bmi_tasks import TASKS
from threadpoolctl import threadpool_limits

RESULTS = Path(__file__).parent / "results"
# With as many components as columns, at most: the default of 20 leaves out some of 25 columns of equal variance.
ALL_COMPONENTS = "cca, 50 components"
QUICK = ("gaussian", "cca", ALL_COMPONENTS, "ksg")
OURS = (*QUICK, "latent", "infonce", "mine", "classifier")
THEIRS_QUICK = ("bmi CCA", "bmi KSG")
THEIRS = (*THEIRS_QUICK, "bmi InfoNCE", "bmi MINE")
# Draws for each number of rows: quick estimators, our trained ones, their trained ones; none is not run.
DRAWS = {1000: {"quick": 10, "ours": 2, "theirs": 1}, 10_000: {"quick": 2}}
KEYS = ["n_samples", "task", "estimator"]
N_REFERENCE = 20_000


def n_draws(estimator: str, n_samples: int) -> int:
    """Number of draws of a task; 0 skips the estimator."""
    quick = estimator in (*QUICK, "classifier", *THEIRS_QUICK)
    return DRAWS[n_samples].get("quick" if quick else "theirs" if estimator in THEIRS else "ours", 0)


def suits(estimator: str, name: str) -> bool:
    """Whether an estimator takes the task: a classifier needs a label, and bmi's estimators two tables."""
    return TASKS[name].is_label or estimator != "classifier" if estimator in OURS else not TASKS[name].is_label


def our_function(estimator: str) -> Callable:
    """An estimator of this package, on one thread."""
    import torch

    from skcmkd import information

    torch.set_num_threads(1)
    if estimator == ALL_COMPONENTS:
        return partial(information.cca, n_components=50, n_pairs=50)
    return getattr(information, estimator)


def their_function(estimator: str) -> Callable:
    """An estimator of bmi with its defaults; those that train take the seed."""
    from bmi import estimators

    make = {
        "bmi CCA": lambda seed: estimators.CCAMutualInformationEstimator(),
        "bmi KSG": lambda seed: estimators.KSGEnsembleFirstEstimator(),
        "bmi InfoNCE": lambda seed: estimators.InfoNCEEstimator(verbose=False, seed=seed),
        "bmi MINE": lambda seed: estimators.MINEEstimator(verbose=False, seed=seed),
    }[estimator]
    return lambda X, Y, random_state: float(make(random_state).estimate(X, Y))


def measure(estimator: str, function: Callable, n_samples: int, name: str) -> dict:
    """Mean, spread and error of one estimator over the draws of one task."""
    task, estimates, seconds = TASKS[name], [], []
    for seed in range(n_draws(estimator, n_samples)):
        X, Y = task.sample(n_samples, seed)
        begin = time.process_time()
        estimates.append(function(X, Y, random_state=seed))
        seconds.append(time.process_time() - begin)
    return {
        "group": task.group,
        "task": name,
        "n_samples": n_samples,
        "estimator": estimator,
        "draws": len(estimates),
        "truth": task.nats,
        "mean": np.mean(estimates),
        "sd": np.std(estimates, ddof=1) if len(estimates) > 1 else np.nan,
        "mean_absolute_error": np.abs(np.subtract(estimates, task.nats)).mean(),
        "cpu_seconds": np.mean(seconds),
    }


def merge(rows: list[dict]) -> pd.DataFrame:
    """New rows and those of the file that they do not replace, in the order of tasks and estimators."""
    path = RESULTS / "bmi_rows.csv"
    table = pd.DataFrame(rows)
    if path.exists():
        table = pd.concat([pd.read_csv(path), table]).drop_duplicates(KEYS, keep="last")
    order = {"task": list(TASKS), "estimator": [*OURS, *THEIRS]}
    ranks = [table["n_samples"], *(table[column].map(names.index) for column, names in order.items())]
    table = table.iloc[np.lexsort(ranks[::-1])].reset_index(drop=True)
    table.to_csv(path, index=False, float_format="%.4f")
    return table


def spread(cells: pd.Series, table: pd.DataFrame, rows: list[str]) -> pd.DataFrame:
    """One column for each estimator, in the order of the first rows; empty where it was not run."""
    columns = [name for name in (*OURS, *THEIRS) if name in set(table["estimator"])]
    wide = table.assign(cell=cells).pivot_table("cell", rows, "estimator", aggfunc="first", observed=True)
    return wide.reindex(table.set_index(rows).index.unique())[columns].fillna("").reset_index()


def write_tables(table: pd.DataFrame) -> None:
    """Tables of the documentation: means by task, and errors and times by group."""
    for n_samples, part in table.groupby("n_samples"):
        part = part.assign(truth=part["truth"].map("{:.2f}".format))
        spread(part["mean"].map("{:.2f}".format), part, ["group", "task", "truth"]).to_csv(
            RESULTS / f"bmi_{n_samples}.csv", index=False
        )
    groups = table.groupby(["n_samples", "group", "estimator"], sort=False).agg(
        tasks=("task", "size"), error=("mean_absolute_error", "mean"), seconds=("cpu_seconds", "mean")
    )
    groups = groups.reset_index().rename(columns={"n_samples": "rows"})
    for column, form in (("error", "{:.2f}"), ("seconds", "{:.3f}")):
        spread(groups[column].map(form.format), groups, ["rows", "group", "tasks"]).to_csv(
            RESULTS / f"bmi_{column}.csv", index=False
        )


def write_reference() -> None:
    """Truths of the package itself, and the median absolute numbers of its draws, which tell the scale."""
    from bmi.benchmark import BENCHMARK_TASKS

    rows = []
    for name, task in BENCHMARK_TASKS.items():
        X, Y = map(np.asarray, task.sample(N_REFERENCE, 0))
        medians = {f"median_{axis}": np.median(np.abs(table)) for axis, table in (("x", X), ("y", Y))}
        shape = {"n_columns_x": X.shape[1], "n_columns_y": Y.shape[1]}
        rows.append({"task": name, **shape, "nats": float(task.mutual_information), **medians})
    pd.DataFrame(rows).to_csv(RESULTS / "bmi_reference.csv", index=False, float_format="%.6f")


def main() -> None:
    """Run the requested estimators and write after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whose", choices=("ours", "theirs"), default="ours")
    parser.add_argument("--estimators", nargs="+", choices=(*OURS, *THEIRS), help="all of them by default")
    parser.add_argument("--n-samples", nargs="+", type=int, choices=list(DRAWS), default=list(DRAWS))
    chosen = parser.parse_args()
    names, make = (OURS, our_function) if chosen.whose == "ours" else (THEIRS, their_function)
    if chosen.whose == "theirs":
        write_reference()
    for estimator in chosen.estimators or names:
        function = make(estimator)
        for n_samples in chosen.n_samples:
            todo = [name for name in TASKS if suits(estimator, name) and n_draws(estimator, n_samples)]
            with threadpool_limits(1):
                rows = [measure(estimator, function, n_samples, name) for name in todo]
            if rows:
                write_tables(merge(rows))
                spent = sum(row["cpu_seconds"] * row["draws"] for row in rows)
                error = np.mean([row["mean_absolute_error"] for row in rows])
                print(f"{estimator}, n={n_samples}: {len(rows)} tasks, {spent:.0f} s, error {error:.3f}", flush=True)


if __name__ == "__main__":
    main()
