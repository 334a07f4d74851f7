"""What the commands of the documentation's page "Command line" print, and the accuracy of its two students.

The tables are written by the page's own blocks of Python. ``--check`` runs all and compares with what is stored: equal
words, and numbers within 0.02.

python benchmarks/command_line/run.py [--check]
"""

import argparse
import io
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pandas as pd

from skcmkd.datasets import load_digit_views

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from demonstration.run import differences  # noqa: E402 - found through the line above
from shared.protocol import stamp  # noqa: E402
from shared.storage import write_table  # noqa: E402

PAGE = ROOT / "docs" / "command_line.rst"
RESULTS = Path(__file__).parent / "results"
TABLE = RESULTS / "new_images.csv"
# The files whose text the page includes, and the beginning of the command that prints each.
PRINTED = {
    "advise_digits.txt": "advise digits.csv --label digit --student zernike --model linear",
    "advise_tumors.txt": "advise tumors.csv",
    "advise_risk.txt": "advise carcinoma.csv --time",
    "distill_digits.txt": "distill digits.csv",
    "predict_digits.txt": "predict new_digits.csv",
    "distill_risk.txt": "distill carcinoma.csv",
    "predict_risk.txt": "predict carcinoma.csv",
}


def blocks(page: str) -> list[str]:
    """The page's Python."""
    found = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", page)
    return [textwrap.dedent(block) for block in found]


def commands(page: str) -> list[str]:
    """What the page shows after each prompt."""
    return re.findall(r"^ +\$ skcmkd (.+)$", page, re.MULTILINE)


def find_command(page: str, beginning: str) -> str:
    """The one command of the page that begins so."""
    found = [command for command in commands(page) if command.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} commands of {PAGE.name} begin with {beginning!r}; one is needed.")
    return found[0]


def run(folder: Path, *arguments: str) -> str:
    """What Python prints with these arguments, without blanks at the ends of lines."""
    command = [sys.executable, *arguments]
    text = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    return "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"


def shown(text: str, name: str) -> str:
    """What the page shows: of ``distill`` the text below its tables, of ``predict`` a few rows and columns."""
    if name.startswith("distill"):
        return text.strip().rsplit("\n\n", 1)[-1] + "\n"
    if name.startswith("predict"):
        return "".join(",".join(line.split(",")[:4]) + "\n" for line in text.splitlines()[:3])
    return text


def score_students(folder: Path) -> pd.DataFrame:
    """Accuracy on the images that were in no file, of the distilled student and of one trained on the labels alone."""
    table = pd.read_csv(folder / "digits.csv", index_col=0)
    table[table["digit"].notna()].to_csv(folder / "labeled.csv")
    options = ["--label", "digit", "--student", "zernike", "--model", "linear", "--out", "alone.skops"]
    run(folder, "-m", "skcmkd", "distill", "labeled.csv", *options)
    target = load_digit_views().target
    row = {}
    for name, file in (("distilled", "student.skops"), ("student alone", "alone.skops")):
        answers = run(folder, "-m", "skcmkd", "predict", "new_digits.csv", "--model", file)
        predicted = pd.read_csv(io.StringIO(answers), index_col=0)["predicted"]
        row[name] = (predicted == target.loc[predicted.index].map("digit {}".format)).mean()
    return pd.DataFrame([{"images": len(predicted)} | row])


def main() -> int:
    """Run the page; store what it prints, or compare with what is stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is stored")
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    found = []
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for block in blocks(page):
            run(folder, "-c", block)
        for file, beginning in PRINTED.items():
            command = find_command(page, beginning).partition(" | ")[0]
            text = shown(run(folder, "-m", "skcmkd", *command.split()), file)
            if options.check:
                found += differences(text, (RESULTS / file).read_text(encoding="utf-8"))
            else:
                (RESULTS / file).write_text(text, encoding="utf-8")
        if not options.check:
            write_table(score_students(folder), TABLE)
            stamp(TABLE, "CCHSelector", "PairedDistiller")
    print("\n".join(found) or "The page's commands print what is stored.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
