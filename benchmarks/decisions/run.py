"""The whole benchmark: gains of linear and of network students, figures, rules, plot. Goes on where it was stopped."""

import subprocess
import sys
from pathlib import Path

from gains import arguments

STEPS = (
    ["gains.py", "--students", "linear"],
    ["gains.py", "--students", "network"],
    ["figures.py"],
)
HERE = Path(__file__).parent


def main() -> None:
    """Run the steps one after the other."""
    given = arguments(__doc__).parse_args()
    shared = ["--jobs", str(given.jobs)]
    if given.breast_tcga is not None:
        shared += ["--breast-tcga", str(given.breast_tcga)]
    for script, *options in STEPS:
        subprocess.run([sys.executable, str(HERE / script), *options, *shared], check=True)
    for script in ("rules.py", "plot.py"):
        subprocess.run([sys.executable, str(HERE / script)], check=True)


if __name__ == "__main__":
    main()
