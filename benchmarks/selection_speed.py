"""Processor time and memory of a whole selection on breast tumors, beside single calls of latentmi.

150 tumors, student microRNA, teachers RNA and protein, 100 subsamples. Tables: --data names a folder with mirna, mrna,
protein and y as Parquet; without it ``fetch_breast_tcga`` gets them. latentmi is measured where it is installed.
"""

import argparse
import contextlib
import io
import os
import resource
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from skcmkd import CCHSelector
from skcmkd.datasets import fetch_breast_tcga

RESULTS = Path(__file__).parent / "results" / "selection_speed.csv"
MODALITIES = ("mirna", "mrna", "protein")


def load_tables(folder):
    """Each modality's table and the subtype of the 150 tumors that have all three."""
    if folder is None:
        cohort = fetch_breast_tcga()
        tables = {name: cohort.data[cohort.modalities[name]] for name in MODALITIES}
        y = cohort.target
    else:
        tables = {name: pd.read_parquet(folder / f"{name}.parquet").add_prefix(f"{name}_") for name in MODALITIES}
        y = pd.read_parquet(folder / "y.parquet")["y"]
    complete = tables["protein"].dropna(how="all").index
    return {name: table.loc[complete] for name, table in tables.items()}, y.loc[complete]


def processor_seconds(work):
    """Processor time of a call that may print."""
    begin = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return round(time.process_time() - begin, 2)


def select(tables, y, estimator):
    """Score both teachers of microRNA."""
    modalities = {name: list(table.columns) for name, table in tables.items()}
    selector = CCHSelector(modalities, "mirna", mutual_information=estimator, n_subsamples=100, random_state=0)
    selector.fit(pd.concat(tables.values(), axis=1), y)


def time_latentmi(tables):
    """Seconds of latentmi's estimate between the student and each teacher."""
    vars(np).setdefault("NaN", np.nan)  # latentmi was written for numpy 1
    import torch
    from latentmi import lmi

    torch.set_num_threads(1)
    student = tables["mirna"].to_numpy()
    return {
        name: processor_seconds(partial(lmi.estimate, student, tables[name].to_numpy())) for name in ("mrna", "protein")
    }


def main():
    """Run each and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    tables, y = load_tables(parser.parse_args().data)
    rows = [
        {"what": f"CCHSelector, {estimator}", "cpu_seconds": processor_seconds(partial(select, tables, y, estimator))}
        for estimator in ("classifier", "cca", "ksg")
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    try:
        rows += [{"what": f"latentmi, mirna and {name}", "cpu_seconds": s} for name, s in time_latentmi(tables).items()]
    except ImportError:
        print("latentmi is not installed: left out.")
    results = pd.DataFrame(rows).assign(peak_mb_of_selection=round(memory), threads=os.environ.get("OMP_NUM_THREADS"))
    results.to_csv(RESULTS, index=False)
    print(results.to_string(index=False))


if __name__ == "__main__":
    main()
