"""What the README and the start page show of the demonstration is what was stored of it."""

from pathlib import Path

import pandas as pd
import pytest

from .scripts import load_script

FOLDER = Path(__file__).parents[2] / "benchmarks" / "demonstration"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    return load_script(FOLDER / "run.py")


@pytest.fixture(scope="module")
def text(bench):
    return bench.TEXT.read_text(encoding="utf-8")


def test_the_table_is_that_of_the_text(bench, text):
    pd.testing.assert_frame_equal(bench.read_scores(text), pd.read_csv(bench.TABLE), check_dtype=False)


def test_the_readme_shows_the_text(bench, text):
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    digits, tumors = text.split("Modalities of 76")
    assert digits.strip() in readme
    assert tumors[tumors.index("Use the student alone.") :].strip() in readme


def test_the_last_digit_may_differ_and_no_more(bench, text):
    assert bench.differences(text, text) == []
    assert bench.differences(text.replace("0.797", "0.798"), text) == []
    assert bench.differences(text.replace("0.797", "0.857"), text) == ["0.857 in place of 0.797"] * text.count("0.797")
    assert bench.differences(text.replace("do not distil", "distil"), text) == ["The words differ."]


def test_a_run_is_compared_and_stored(bench, text, monkeypatch, tmp_path):
    printed = tmp_path / "printed.txt"
    printed.write_text(text.replace("Teacher's weight: 0 (15 times)", "Teacher's weight: 0 (14 times), 0.5 (1 times)"))
    monkeypatch.setattr(bench, "RESULTS", tmp_path)
    monkeypatch.setattr(bench, "TEXT", tmp_path / "text.txt")
    monkeypatch.setattr(bench, "TABLE", tmp_path / "table.csv")
    monkeypatch.setattr("sys.argv", ["run.py", "--text", str(printed)])
    assert bench.main() == 0
    table = pd.read_csv(tmp_path / "table.csv").set_index(["data", "model"])
    assert table.loc[("carcinoma", "distilled"), ["fits", "fits_with_teacher"]].tolist() == [15, 1]
    monkeypatch.setattr("sys.argv", ["run.py", "--check", "--text", str(printed)])
    assert bench.main() == 0
