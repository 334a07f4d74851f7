"""Draw the models of every cell once, then evaluate all intervals on the same stored losses.

run.py draw --cache FOLDER       draws what is not yet there, 50 draws of every cell before the next 50
run.py evaluate --cache FOLDER   writes results/coverage.csv
"""

import argparse
import time
from pathlib import Path

from draws import BLOCK, draw_block
from settings import NETWORK, all_cells


def draw_all(cache: Path, seconds: float) -> None:
    """One block of every cell before the next, networks last, for so many seconds of processor time."""
    blocks = [(cell, block) for cell in all_cells() for block in range(-(-cell.n_draws // BLOCK))]
    for cell, block in sorted(blocks, key=lambda each: (each[0].student == NETWORK, each[1])):
        if time.process_time() > seconds:
            return
        begin = time.process_time()
        draw_block(cache, cell, block)
        print(f"{time.process_time() - begin:6.1f} s  {block}  {cell.name}", flush=True)


def main() -> None:
    """Draw or evaluate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["draw", "evaluate"])
    parser.add_argument("--cache", type=Path, required=True, help="folder of the draws, outside of the repository")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="processor time after which drawing stops")
    options = parser.parse_args()
    if options.step == "draw":
        draw_all(options.cache, options.seconds)


if __name__ == "__main__":
    main()
