"""The demonstration of the README and of the start page: what ``python -m skcmkd demo`` prints, as text and as a table.

``--check`` runs it and compares with what is stored: equal words, and numbers within 0.02, since networks differ a
little between machines.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from shared.protocol import stamp  # noqa: E402 - found through the line above
from shared.storage import write_table  # noqa: E402

RESULTS = Path(__file__).parent / "results"
TEXT, TABLE = RESULTS / "demonstration.txt", RESULTS / "demonstration.csv"
DATA = ("digits", "carcinoma")
SCORES = ["rows", "accuracy", "balanced", "auc", "log_loss", "brier"]
GAIN = ["brier_gain", "lower", "upper"]
TOLERANCE = 0.02
NUMBER = r"[-+]?\d+(?:\.\d+)?"


def read_scores(text: str) -> pd.DataFrame:
    """A row for each model of both data sets, and the number of fits whose teacher had a weight."""
    rows = []
    for data, part in zip(DATA, re.split(r"\n(?=Adrenocortical)", text), strict=True):
        lines = part.splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("model "))
        for line in lines[start + 2 :]:
            if line.startswith("Teacher's weight"):
                weights = re.findall(rf"({NUMBER}) \((\d+) times\)", line)
                break
            model, *cells = re.split(r"\s{2,}", line.strip(), maxsplit=1)
            numbers = [float(number) for number in re.findall(NUMBER, cells[0])]
            rows.append({"data": data, "model": model.split(" (")[0]} | dict(zip(SCORES + GAIN, numbers, strict=False)))
        for row in rows:
            if row["data"] == data:
                row["fits"] = sum(int(times) for _, times in weights)
                row["fits_with_teacher"] = sum(int(times) for weight, times in weights if float(weight) > 0)
    table = pd.DataFrame(rows)
    alone = table[table["model"] == "student alone"].set_index("data")["accuracy"]
    table["accuracy_gain"] = (table["accuracy"] - table["data"].map(alone)).round(3)
    return table.astype({"rows": int})


def differences(text: str, stored: str) -> list[str]:
    """Lines that differ in their words, or in a number by more than the tolerance."""
    shape = [re.sub(r"[\s─]+", " ", re.sub(NUMBER, "#", printed)) for printed in (text, stored)]
    if shape[0] != shape[1]:
        return ["The words differ."]
    pairs = zip(re.findall(NUMBER, text), re.findall(NUMBER, stored), strict=True)
    return [f"{now} in place of {then}" for now, then in pairs if abs(float(now) - float(then)) > TOLERANCE]


def main() -> int:
    """Run the demonstration; store it, or compare with what is stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the stored text")
    parser.add_argument("--text", type=Path, help="a file with what the demonstration printed, in place of a new run")
    options = parser.parse_args()
    if options.text:
        text = options.text.read_text(encoding="utf-8")
    else:
        command = [sys.executable, "-m", "skcmkd", "demo"]
        text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    text = "\n".join(line.rstrip() for line in text.strip().splitlines()) + "\n"
    if options.check:
        found = differences(text, TEXT.read_text(encoding="utf-8"))
        print("\n".join(found) or "The demonstration prints what is stored.")
        return int(bool(found))
    RESULTS.mkdir(exist_ok=True)
    TEXT.write_text(text, encoding="utf-8")
    write_table(read_scores(text), TABLE)
    stamp(TABLE, "CCHSelector", "PairedDistiller")
    return 0


if __name__ == "__main__":
    sys.exit(main())
