"""The README's lines for a user's own table, run as they stand."""

import io
import re
import shlex
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skcmkd import CCHSelector, NetworkClassifier
from skcmkd.cli import main
from skcmkd.datasets import make_gaussian_modalities

README = Path(__file__).parents[2] / "README.md"


def examples():
    return re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def write_cohort(folder):
    strengths = {"panel": 0.3, "rna": 2.5, "protein": 0.0}
    data = make_gaussian_modalities(120, specific_signal=strengths, n_noise=2, random_state=0)
    table = data.data.assign(diagnosis=data.target.map({0: "benign", 1: "malignant"}))
    table.loc[80:, "diagnosis"] = np.nan
    table.loc[:9, data.modalities["rna"]] = np.nan
    table.to_csv(folder / "cohort.csv")
    data.data[data.modalities["panel"]].tail(7).to_csv(folder / "tomorrow.csv")


@pytest.fixture(autouse=True)
def short_training(monkeypatch):
    """Small networks, those of the distillers by default, too, are trained for three epochs; selectors are quick."""
    short = partial(NetworkClassifier, (8,), max_epochs=3, linear_weight=0)
    monkeypatch.setattr("skcmkd.NetworkClassifier", short)
    monkeypatch.setattr("skcmkd._distillation._delegate.ClassifierStudentMixin._default_student", short)
    monkeypatch.setattr("skcmkd.cli._pipeline.CCHSelector", partial(CCHSelector, n_repeats=1, n_subsamples=5))


def test_lines_for_the_users_table(tmp_path, monkeypatch, capsys):
    write_cohort(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(examples()[0], {})
    out = capsys.readouterr().out
    assert "added_lower" in out
    assert "benign" in out or "malignant" in out


def test_commands_for_the_users_table(tmp_path, monkeypatch, capsys):
    write_cohort(tmp_path)
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^skcmkd (.*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["advise", "distill", "predict"]
    for command in commands:
        capsys.readouterr()
        jobs = [] if command.startswith("predict") else ["--jobs", "1"]
        assert main(shlex.split(command, comments=True) + jobs) == 0
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    predicted = pd.read_csv(io.StringIO(capsys.readouterr().out), index_col=0)
    assert len(predicted) == 7
    assert set(predicted.iloc[:, 0]) <= {"benign", "malignant"}


def test_lines_for_another_cohort(capsys):
    data = make_gaussian_modalities(200, random_state=0)
    panel, rna = (data.data[data.modalities[name]] for name in ("student", "teacher"))
    names = {
        "panel": panel[:60],
        "diagnosis": data.target[:60],
        "their_rna": rna[60:160],
        "their_diagnosis": data.target[60:160],
        "panel_of_both": panel[160:],
        "rna_of_both": rna[160:],
    }
    exec(examples()[1], names)
    assert names["distiller"].predict(panel[160:]).shape == (40,)
    assert "shuffled teacher" in capsys.readouterr().out or names["distiller"].best_alignment_ == "none"
