"""Claims of arXiv 2510.13182 that tables allow, each measured: python benchmarks/reproduce_cch/run.py [--part NAME]."""

import argparse
import importlib
import resource
from pathlib import Path

import torch
from common import read_table
from threadpoolctl import threadpool_limits

# Each part, and the tables that its figure is drawn from.
PARTS = {
    "theorem": ("theorem_grid", "theorem_rows"),
    "shared_information": ("shared_information",),
    "images": ("images",),
    "omics": ("omics",),
}


def main():
    """Run one part or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, help="one part only")
    parser.add_argument("--redraw", action="store_true", help="draw the figures from the results, and run nothing")
    parser.add_argument(
        "--breast",
        type=Path,
        help="folder with mirna, mrna, protein and y as .parquet, or with breast.TCGA.rda; without it the user's cache",
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in PARTS if options.part is None else (options.part,):
        part = importlib.import_module(name)
        if options.redraw:
            part.draw_figure(*(read_table(table) for table in PARTS[name]))
            continue
        begin = resource.getrusage(resource.RUSAGE_SELF)
        with threadpool_limits(1):
            part.main(options)
        end = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{name}: {end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime:.0f} CPU seconds")


if __name__ == "__main__":
    main()
