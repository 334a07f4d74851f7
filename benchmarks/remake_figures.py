"""Draw the figures of the documentation anew: most from the committed results, the others from the fits that they show.

Figures of the benchmarks and of the reproduced paper come from the tables beside the scripts; ``report.png`` and
``alignment.png`` from the examples of their pages; those of the demonstration from ``skcmkd demo``; the page of
``skcmkd advise`` from its example, as Chromium shows it (the variable CHROMIUM may name the program).
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
COMMAND_LINE = ROOT / "docs" / "command_line.rst"
REPRODUCED = ("theorem", "shared_information", "images", "omics")
DEMONSTRATED = ("selection", "gain")


def run(*arguments: str, folder: Path = ROOT) -> None:
    """Python with these arguments, which must succeed."""
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True)


def plot_by(script: str) -> Callable[[Path], None]:
    """A script that writes to the documentation's images."""
    return lambda _: run(f"benchmarks/{script}/plot.py")


def reproduce(_: Path) -> None:
    """The reproduced paper's figures, kept beside its results as well."""
    run("benchmarks/reproduce_cch/run.py", "--redraw")
    for name in REPRODUCED:
        shutil.copy(ROOT / "benchmarks/reproduce_cch/results" / f"{name}.png", IMAGES / f"reproduction_{name}.png")


def demonstrate(folder: Path) -> None:
    """The figures of ``skcmkd demo``."""
    run("-m", "skcmkd", "demo", "--figures", str(folder))
    for name in DEMONSTRATED:
        shutil.copy(folder / f"{name}.png", IMAGES / f"demo-{name}.png")


def advise(folder: Path) -> None:
    """The report that the page's first block and command write."""
    page = COMMAND_LINE.read_text(encoding="utf-8")
    block = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", page)[0]
    command = re.findall(r"\$ skcmkd (advise .*)", page)[0]
    run("-c", textwrap.dedent(block), folder=folder)
    run("-m", "skcmkd", *command.split(), folder=folder)
    browser = os.environ.get("CHROMIUM", "chromium")
    picture = folder / "shot.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-sync", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}"]
    options += ["--window-size=1080,2230", "--force-device-scale-factor=0.8", f"--screenshot={picture}"]
    # Its standard error lists missing services of a desktop.
    subprocess.run([browser, *options, str(folder / "report.html")], check=True, stderr=subprocess.DEVNULL)
    with Image.open(picture) as shot:
        shot.quantize(256).save(IMAGES / "advise-report.png", optimize=True)


# Function that draws, given an empty folder, and its images.
SOURCES: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "decisions": (plot_by("decisions"), ("decisions.png",)),
    "intervals": (plot_by("interval_coverage"), ("interval-coverage.png",)),
    "paired": (plot_by("paired"), ("paired-gains.png", "report.png")),
    "unpaired": (plot_by("unpaired"), ("unpaired-bridge.png", "alignment.png")),
    "survival": (plot_by("survival"), ("risk-groups.png",)),
    "reproduction": (reproduce, tuple(f"reproduction_{name}.png" for name in REPRODUCED)),
    "demo": (demonstrate, tuple(f"demo-{name}.png" for name in DEMONSTRATED)),
    "advise": (advise, ("advise-report.png",)),
}


def main() -> None:
    """Remake all figures, or the requested ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    for source in parser.parse_args().only:
        draw, images = SOURCES[source]
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder))
        print(f"{source}: {', '.join(images)}", flush=True)


if __name__ == "__main__":
    main()
