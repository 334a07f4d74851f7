"""The README's lines for a user's own table, run as they stand."""

import re
from pathlib import Path

import numpy as np

from skcmkd.datasets import make_gaussian_modalities

README = Path(__file__).parents[1] / "README.md"


def test_lines_for_an_own_table(tmp_path, monkeypatch, capsys):
    strengths = {"panel": 0.3, "rna": 2.5, "protein": 0.0}
    drawn = make_gaussian_modalities(120, specific_signal=strengths, n_noise=2, random_state=0)
    table = drawn.data.assign(diagnosis=drawn.target.map({0: "benign", 1: "malignant"}))
    table.loc[80:, "diagnosis"] = np.nan
    table.loc[:9, drawn.modalities["rna"]] = np.nan
    table.to_csv(tmp_path / "cohort.csv")
    monkeypatch.chdir(tmp_path)
    (lines,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    exec(lines, {})
    out = capsys.readouterr().out
    assert "advantage_lower" in out
    assert "benign" in out or "malignant" in out
