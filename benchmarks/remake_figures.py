"""Draw the figures of the documentation anew: most from the committed results, the others from the fits that they show.

Figures of the benchmarks and of the reproduced paper come from the tables beside the scripts; ``report.png`` and
``alignment.png`` from the examples of their pages; those of the demonstration from ``skcmkd demo``; the page of
``skcmkd advise`` from its example, as Chromium shows it (the variable CHROMIUM may name the program).

``docs/images/data.json`` keeps a hash of the stored results behind each figure; a test fails when they have
moved on. ``--record`` notes the hashes of today and draws nothing: for figures that were drawn by their script alone.
"""

import argparse
import hashlib
import json
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
DEMONSTRATED = ("selection",)
HASHES = IMAGES / "data.json"


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
    """The figures of ``skcmkd demo``, and of what it printed when its results were stored."""
    run("benchmarks/demonstration/plot.py")
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
    "failure_modes": (plot_by("failure_modes"), ("failure-modes.png",)),
    "cohorts": (plot_by("cohorts"), ("cohorts.png",)),
    "reproduction": (reproduce, tuple(f"reproduction_{name}.png" for name in REPRODUCED)),
    "demo": (demonstrate, ("gain-light.svg", "gain-dark.svg", *(f"demo-{name}.png" for name in DEMONSTRATED))),
    "advise": (advise, ("advise-report.png",)),
}


# Files below ``benchmarks`` behind the figures: stored results, or the rules of the fits that are drawn.
DATA: dict[str, tuple[str, ...]] = {
    "decisions.png": ("decisions/results/rules.csv", "decisions/results/*.csv.gz"),
    "paired-gains.png": ("paired/results/*.csv.gz",),
    "unpaired-bridge.png": ("unpaired/results/*.csv.gz",),
    "reproduction_theorem.png": ("reproduce_cch/results/theorem_*.csv",),
    "reproduction_shared_information.png": ("reproduce_cch/results/shared_information*.csv",),
    "reproduction_images.png": ("reproduce_cch/results/images*.csv",),
    "reproduction_omics.png": ("reproduce_cch/results/omics*.csv",),
    "gain-light.svg": ("demonstration/results/demonstration.csv",),
    "gain-dark.svg": ("demonstration/results/demonstration.csv",),
    "demo-selection.png": ("rules.json",),
    "report.png": ("rules.json",),
    "alignment.png": ("rules.json",),
}


def hash_of_data(image: str) -> str:
    """A hash of the stored results behind an image."""
    files = sorted(path for pattern in DATA[image] for path in (ROOT / "benchmarks").glob(pattern))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16] if files else ""


def record(images: tuple[str, ...]) -> None:
    """Keep the hashes of the data behind images that were drawn now."""
    hashes = json.loads(HASHES.read_text(encoding="utf-8")) if HASHES.exists() else {}
    hashes |= {image: hash_of_data(image) for image in images if image in DATA}
    HASHES.write_text(json.dumps(hashes, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Remake all figures, or the requested ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(SOURCES), default=list(SOURCES))
    parser.add_argument("--record", action="store_true", help="note the hashes of the data, draw nothing")
    options = parser.parse_args()
    for source in options.only:
        draw, images = SOURCES[source]
        if not options.record:
            with tempfile.TemporaryDirectory() as folder:
                draw(Path(folder))
        record(images)
        print(f"{source}: {', '.join(images)}", flush=True)


if __name__ == "__main__":
    main()
