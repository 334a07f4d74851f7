"""A grid of cells and methods that continues where it was stopped; one file of results for each family."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed, parallel_config

from .storage import read_table, stored_value, write_table

# A cell has a family, and ``key``: its columns in a table of results.
Cell = Any


@contextmanager
def on_cluster(scheduler: str | None) -> Iterator[None]:
    """Run the block's parallel work on the workers of a Dask scheduler, or here where there is none."""
    if scheduler is None:
        yield
        return
    from distributed import Client

    with Client(scheduler), parallel_config("dask"):
        yield


@dataclass(frozen=True)
class Grid:
    """Families, methods and cells, and the folder of their results.

    ``run_cell(cell, breast_tcga, names)`` returns one row for each method; ``suits(name, cell)`` whether a method
    applies to a cell.
    """

    results: Path
    families: Sequence[str]
    methods: Sequence[str]
    all_cells: Callable[[str, int, Path | None], Iterator[Cell]]
    suits: Callable[[str, Cell], bool]
    run_cell: Callable[[Cell, Path | None, list[str]], pd.DataFrame]

    def file_of(self, family: str) -> Path:
        """File of a family's results."""
        return self.results / f"{stored_value('family', family).replace(' ', '_')}.csv.gz"

    def resume(self, family: str, keys: list[str]) -> set[tuple]:
        """Cells and methods that the file already has."""
        path = self.file_of(family)
        return set(read_table(path, keys)[keys].itertuples(index=False, name=None)) if path.exists() else set()

    def todo(self, options: argparse.Namespace) -> Iterator[tuple[Cell, Path | None, list[str]]]:
        """Cells that lack a method, one seed of all families before the next."""
        done: dict[str, set[tuple]] = {}
        for seed in range(options.seeds):
            for family in options.only:
                for cell in self.all_cells(family, seed, options.breast_tcga):
                    key = cell.key
                    if any(str(key[name]) != value for name, value in options.where):
                        continue
                    if family not in done:
                        done[family] = self.resume(family, [*key, "method"])
                    suitable = [name for name in options.methods if self.suits(name, cell)]
                    missing = [name for name in suitable if (*key.values(), name) not in done[family]]
                    if missing:
                        yield cell, options.breast_tcga, missing

    def arguments(self, description: str | None) -> argparse.ArgumentParser:
        """The command line."""
        parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        families, methods = list(self.families), list(self.methods)
        parser.add_argument("--jobs", type=int, default=1, help="processes")
        parser.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="Dask scheduler whose workers take the cells, such as tcp://node1:8786",
        )
        parser.add_argument("--seeds", type=int, default=10, help="splits of each setting")
        parser.add_argument("--only", nargs="+", choices=families, default=families, metavar="FAMILY")
        parser.add_argument("--methods", nargs="+", choices=methods, default=methods, metavar="METHOD")
        parser.add_argument(
            "--where",
            nargs="+",
            type=lambda text: tuple(text.split("=", 1)),
            default=[],
            metavar="KEY=VALUE",
            help="cells of this kind alone, such as n_labeled=100 student=zernike",
        )
        parser.add_argument("--breast-tcga", type=Path, help="folder of Parquet files or of breast.TCGA.rda")
        return parser

    def run(self, description: str | None) -> None:
        """Run what is not yet in the results."""
        options = self.arguments(description).parse_args()
        runs = (delayed(self.run_cell)(*task) for task in list(self.todo(options)))
        with on_cluster(options.scheduler):
            jobs = None if options.scheduler else options.jobs
            for part in Parallel(n_jobs=jobs, return_as="generator_unordered", verbose=5)(runs):
                self.append(part)

    def append(self, part: pd.DataFrame) -> None:
        """Add the rows of a cell to the file of its family."""
        path = self.file_of(part["family"].iloc[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        write_table(part, path, mode="a", header=not path.exists(), float_format="%.5g")
