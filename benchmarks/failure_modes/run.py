"""Published failure modes of distillation, reproduced: rows, means and the table of claims.

    python benchmarks/failure_modes/run.py [--only no_transfer too_good large_teacher]  # 12 minutes of one core
    python benchmarks/failure_modes/run.py --only  # the tables again, from the stored rows

Each part is a module of this folder, whose docstring has the claim and its source. Rows: results/PART.csv, one for each
cell and method; results/PART_means.csv: means with 90 % intervals over the seeds; results/claims.csv: the page's
table.
"""

import argparse

import claims
import large_teacher
import no_transfer
import pandas as pd
import too_good
import torch
from common import RESULTS
from threadpoolctl import threadpool_limits

PARTS = {"no_transfer": no_transfer, "too_good": too_good, "large_teacher": large_teacher}


def run(name: str) -> None:
    """All cells of a part; what is stored grows with each cell."""
    rows = []
    for cell in PARTS[name].cells():
        with threadpool_limits(1):
            rows += PARTS[name].run_cell(cell)
        pd.DataFrame(rows).to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.5g")
        print(name, *cell.values(), flush=True)


def write_tables() -> None:
    """Means of each part, and the claims, from the stored rows."""
    tables = {name: pd.read_csv(RESULTS / f"{name}.csv") for name in PARTS}
    for name, part in PARTS.items():
        part.means(tables[name]).to_csv(RESULTS / f"{name}_means.csv", index=False, float_format="%.4f")
    no_transfer.transferred(tables["no_transfer"]).to_csv(
        RESULTS / "no_transfer_differences.csv", index=False, float_format="%.4f"
    )
    too_good.rise_and_fall(tables["too_good"]).to_csv(
        RESULTS / "too_good_changes.csv", index=False, float_format="%.4f"
    )
    claims.table().to_csv(RESULTS / "claims.csv", index=False)


def main() -> None:
    """Run the chosen parts and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for name in chosen.only:
        run(name)
    write_tables()


if __name__ == "__main__":
    main()
