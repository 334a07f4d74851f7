"""Draw the figures of the documentation anew: most from the committed results, three from the fits that they show.

Figures of the benchmarks and of the reproduced paper come from the tables beside the scripts; ``report.png`` and
``alignment.png`` from the examples of their pages; those of the demonstration from ``python -m skcmkd demo``.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
REPRODUCED = ("theorem", "shared_information", "images", "omics")
DEMONSTRATED = ("selection", "gain")
# A command's arguments, and which images it makes: as they are, where it writes them itself.
SOURCES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "decisions": (["benchmarks/decisions/plot.py"], ("decisions.png",)),
    "paired": (["benchmarks/paired/plot.py"], ("paired-gains.png", "report.png")),
    "unpaired": (["benchmarks/unpaired/plot.py"], ("unpaired-bridge.png", "alignment.png")),
    "reproduction": (
        ["benchmarks/reproduce_cch/run.py", "--redraw"],
        tuple(f"reproduction_{name}.png" for name in REPRODUCED),
    ),
    "demo": (["-m", "skcmkd", "demo", "--figures"], tuple(f"demo-{name}.png" for name in DEMONSTRATED)),
}


def remake(source: str) -> None:
    """Run the command, and put what it wrote elsewhere among the documentation's images."""
    arguments, _ = SOURCES[source]
    with tempfile.TemporaryDirectory() as folder:
        if source == "demo":
            arguments = [*arguments, folder]
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True)
        if source == "demo":
            for name in DEMONSTRATED:
                shutil.copy(Path(folder) / f"{name}.png", IMAGES / f"demo-{name}.png")
    if source == "reproduction":
        for name in REPRODUCED:
            shutil.copy(ROOT / "benchmarks/reproduce_cch/results" / f"{name}.png", IMAGES / f"reproduction_{name}.png")


def main() -> None:
    """Remake all figures, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    for source in parser.parse_args().only:
        remake(source)
        print(f"{source}: {', '.join(SOURCES[source][1])}", flush=True)


if __name__ == "__main__":
    main()
