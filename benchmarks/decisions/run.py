"""The whole benchmark: gains of linear and of network students, metrics, rules, plot. It can be continued."""

import subprocess
import sys
from pathlib import Path

from gains import arguments

STEPS = (
    ["gains.py", "--students", "linear"],
    ["gains.py", "--students", "network"],
    ["metrics.py"],
)
HERE = Path(__file__).parent


def main() -> None:
    """Run the steps one after the other."""
    options = arguments(__doc__).parse_args()
    shared = ["--jobs", str(options.jobs)]
    if options.breast_tcga is not None:
        shared += ["--breast-tcga", str(options.breast_tcga)]
    for script, *arguments_of_step in STEPS:
        subprocess.run([sys.executable, str(HERE / script), *arguments_of_step, *shared], check=True)
    for script in ("rules.py", "plot.py"):
        subprocess.run([sys.executable, str(HERE / script)], check=True)


if __name__ == "__main__":
    main()
