"""Draw the models of every cell once, then evaluate all intervals on the same stored losses.

run.py draw --cache FOLDER       draws what is not yet there, 50 draws of every cell before the next 50
run.py evaluate --cache FOLDER   writes coverage.csv.gz, summary.csv, repeats.csv and the page's tables to results
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from choice import DECISIVE, ESTIMANDS, as_page, summarize_methods
from draws import BLOCK, draw_block, read_draws
from evaluate import evaluate_cell, repeat_statistics
from settings import LINEAR, all_cells

RESULTS = Path(__file__).parent / "results"


def draw_all(cache: Path, seconds: float) -> None:
    """One block of every cell before the next, slow models last, for so many seconds of processor time."""
    blocks = [(cell, block) for cell in all_cells() for block in range(-(-cell.n_draws // BLOCK))]
    for cell, block in sorted(blocks, key=lambda each: (each[0].student != LINEAR, each[1])):
        if time.process_time() > seconds:
            return
        begin = time.process_time()
        draw_block(cache, cell, block)
        print(f"{time.process_time() - begin:6.1f} s  {block}  {cell.name}", flush=True)


def evaluate_all(cache: Path, *, all_scores: bool) -> None:
    """Every interval on the draws that are there."""
    stored = {cell: arrays for cell in all_cells() if (arrays := read_draws(cache, cell)) is not None}
    scores = {product: None if all_scores else DECISIVE[product] for product in DECISIVE}
    parts = [evaluate_cell(cell, arrays, scores[cell.product]) for cell, arrays in stored.items()]
    coverage = pd.concat(parts, ignore_index=True)
    repeats = pd.concat([repeat_statistics(cell, arrays) for cell, arrays in stored.items()], ignore_index=True)
    RESULTS.mkdir(exist_ok=True)
    coverage.to_csv(RESULTS / "coverage.csv.gz", index=False, float_format="%.5g")
    repeats.to_csv(RESULTS / "repeats.csv", index=False, float_format="%.4g")
    summary = summarize_methods(coverage)
    summary.to_csv(RESULTS / "summary.csv", index=False, float_format="%.4g")
    for estimand in ESTIMANDS:
        as_page(summary, estimand).to_csv(RESULTS / f"page_{estimand}.csv", index=False)
    print(summary.drop(columns=["confidence", "least_draws"]).round(3).to_string(index=False))


def main() -> None:
    """Draw or evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["draw", "evaluate"])
    parser.add_argument("--cache", type=Path, required=True, help="folder of the draws, outside of the repository")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="processor time after which drawing stops")
    parser.add_argument("--all-scores", action="store_true", help="log-loss and accuracy of a report as well")
    options = parser.parse_args()
    if options.step == "draw":
        draw_all(options.cache, options.seconds)
    else:
        evaluate_all(options.cache, all_scores=options.all_scores)


if __name__ == "__main__":
    main()
