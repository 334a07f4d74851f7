"""A grid of cells and methods that goes on where it was stopped; one file of results for each family."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import Parallel, delayed, parallel_config

# A cell has a family, and ``place``: its keys in a table of results.
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
    """What may be run, and where its results are kept.

    ``run_cell(cell, breast_tcga, names)`` gives one row for each method; ``suits(name, cell)`` says whether a method
    means anything in a cell.
    """

    results: Path
    families: Sequence[str]
    methods: Sequence[str]
    all_cells: Callable[[str, int, Path | None], Iterator[Cell]]
    suits: Callable[[str, Cell], bool]
    run_cell: Callable[[Cell, Path | None, list[str]], pd.DataFrame]

    def file_of(self, family: str) -> Path:
        """Where a family's results are kept."""
        return self.results / f"{family.replace(' ', '_')}.csv.gz"

    def resume(self, family: str, keys: list[str]) -> set[tuple]:
        """Cells and methods that the file already has."""
        path = self.file_of(family)
        return set(pd.read_csv(path, usecols=keys)[keys].itertuples(index=False, name=None)) if path.exists() else set()

    def todo(self, given: argparse.Namespace) -> Iterator[tuple[Cell, Path | None, list[str]]]:
        """Cells that lack a method, one seed of all families before the next."""
        done: dict[str, set[tuple]] = {}
        for seed in range(given.seeds):
            for family in given.only:
                for cell in self.all_cells(family, seed, given.breast_tcga):
                    place = cell.place
                    if any(str(place[key]) != value for key, value in given.where):
                        continue
                    if family not in done:
                        done[family] = self.resume(family, [*place, "method"])
                    wanted = [name for name in given.methods if self.suits(name, cell)]
                    missing = [name for name in wanted if (*place.values(), name) not in done[family]]
                    if missing:
                        yield cell, given.breast_tcga, missing

    def arguments(self, description: str | None) -> argparse.ArgumentParser:
        """What may be asked for."""
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
            help="cells of this kind alone, such as n_labelled=100 student=zernike",
        )
        parser.add_argument("--breast-tcga", type=Path, help="folder of Parquet files or of breast.TCGA.rda")
        return parser

    def run(self, description: str | None) -> None:
        """Run what is not yet in the results."""
        given = self.arguments(description).parse_args()
        runs = (delayed(self.run_cell)(*task) for task in list(self.todo(given)))
        with on_cluster(given.scheduler):
            jobs = None if given.scheduler else given.jobs
            for part in Parallel(n_jobs=jobs, return_as="generator_unordered", verbose=5)(runs):
                self.append(part)

    def append(self, part: pd.DataFrame) -> None:
        """Keep the rows of a cell."""
        path = self.file_of(part["family"].iloc[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        part.to_csv(path, mode="a", header=not path.exists(), index=False, float_format="%.5g")
