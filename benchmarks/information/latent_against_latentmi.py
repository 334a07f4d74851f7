"""``latent`` against latentmi, the authors' own package, on the same draws: error and processor time, one thread each.

    python benchmarks/information/latent_against_latentmi.py

latentmi runs with its defaults and must be importable; without it only ``latent`` is run. The row
"latent, n_latent=8" has the size of latentmi's latents, so that tables of 10 columns are encoded too. The defaults of
``latent`` were chosen on draws with other seeds.
"""

import contextlib
import io
import sys
import time
import types
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from known_information import make_known_information
from threadpoolctl import threadpool_limits

from skcmkd.information import latent

RESULTS = Path(__file__).parent / "results" / "latent_against_latentmi.csv"
SEEDS = range(2)
TASKS = {  # task, rows, columns of X and of Y, nats
    "bivariate normal, 0.5 nats": ("normal", 1000, 1, 0.5),
    "bivariate normal, 1 nat": ("normal", 250, 1, 1.0),
    "normal, 10 + 10 columns, 1 nat": ("normal", 250, 10, 1.0),
    "normal, 10 + 10 columns, 2 nats": ("normal", 1000, 10, 2.0),
    "4-d signal in 500 + 500 columns, 0 nats": ("low_rank", 250, 500, 0.0),
    "4-d signal in 500 + 500 columns, 1 nat": ("low_rank", 250, 500, 1.0),
    "4-d signal in 500 + 500 columns, 2 nats": ("low_rank", 250, 500, 2.0),
}


def load_latentmi():
    """Estimator of latentmi in nats, or None where it is not installed."""
    np.NaN = np.nan  # noqa: NPY201 - latentmi uses a name that numpy 2 has removed
    try:
        import tqdm.notebook  # noqa: F401
    except ImportError:
        notebook = types.ModuleType("tqdm.notebook")
        notebook.tqdm = lambda iterable, **settings: iterable
        sys.modules.update({"tqdm": types.ModuleType("tqdm"), "tqdm.notebook": notebook})
    try:
        from latentmi import lmi
    except ImportError:
        return None

    def estimate(X, Y, random_state):
        np.random.seed(random_state)
        torch.manual_seed(random_state)
        with contextlib.redirect_stdout(io.StringIO()):
            pointwise_bits = lmi.estimate(X, Y)[0]
        return np.nanmean(pointwise_bits) * np.log(2)

    return estimate


def measure(name, estimate, task, seed):
    """One estimate of one draw."""
    kind, n_samples, n_columns, nats = TASKS[task]
    data = make_known_information(kind, n_samples, n_columns=n_columns, information=nats, random_state=seed)
    begin = time.process_time()
    value = estimate(data.X, data.Y, random_state=seed)
    return {
        "task": task,
        "n_samples": n_samples,
        "estimator": name,
        "seed": seed,
        "truth": data.information,
        "estimate": value,
        "absolute_error": abs(value - data.information),
        "cpu_seconds": time.process_time() - begin,
    }


def main():
    """Run both on every draw, write the rows after each task and print the means."""
    torch.set_num_threads(1)
    estimators = {
        "latent": latent,
        "latent, n_latent=8": lambda X, Y, random_state: latent(X, Y, n_latent=8, random_state=random_state),
        "latentmi": load_latentmi(),
    }
    estimators = {name: estimate for name, estimate in estimators.items() if estimate is not None}
    for estimate in estimators.values():  # times without imports
        estimate(*np.random.RandomState(0).normal(size=(2, 40, 20)), random_state=0)
    RESULTS.parent.mkdir(exist_ok=True)
    rows = []
    with threadpool_limits(1):
        for task in TASKS:
            rows += [measure(name, estimate, task, seed) for seed in SEEDS for name, estimate in estimators.items()]
            pd.DataFrame(rows).to_csv(RESULTS, index=False, float_format="%.4f")
    columns = ["truth", "estimate", "absolute_error", "cpu_seconds"]
    means = pd.DataFrame(rows).groupby(["task", "estimator"], sort=False)[columns].mean()
    print(means.to_string(float_format="%.2f"))


if __name__ == "__main__":
    main()
