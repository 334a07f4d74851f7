import base64
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import Bunch

from skcmkd.cli import _html
from skcmkd.cli._html import Section, decision_figure, gain_figure, provenance, render_report
from skcmkd.cli._text_tables import TextTable
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER
from skcmkd.evaluation._report import DistillationReport

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(2)>",
    "{{ 7*7 }}",
    "</style><a href='//x'>",
    "&lt;b>",
]


class Elements(HTMLParser):
    def __init__(self, source):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(name for name, _ in attributes)))

    def handle_data(self, data):
        self.text.append(data)


def page_of(text):
    table = TextTable(text, [text, text], [[text, text]])
    return render_report(text, text, [text], [Section(table, text, "aGk=", text)], [text], text, [(text, text)])


@pytest.mark.parametrize("text", HOSTILE)
def test_everything_is_escaped(text):
    harmless = Elements(page_of("harmless"))
    hostile = Elements(page_of(text))
    assert hostile.tags == harmless.tags
    assert sum(text in part for part in hostile.text) == sum("harmless" in part for part in harmless.text) == 14


def test_figures_of_hostile_names():
    n_rows = 40
    y = np.where(np.arange(n_rows) % 2, "$\\frac{", "漢" * 10**5)
    scores = np.random.RandomState(0).uniform(size=n_rows)
    models = (ALONE, DISTILLED, TEACHER, SHUFFLED)
    rows = pd.DataFrame(
        {(m, s): scores * (1 + (m != ALONE)) for m in models for s in ("accuracy", "log_loss", "brier")}
    )
    rows = rows.rename_axis(columns=["model", "score"])
    alphas = pd.DataFrame({DISTILLED: [0.5], SHUFFLED: [0.5]})
    report = DistillationReport(rows, rows.drop(columns=TEACHER, level="model"), alphas, y, classes=np.unique(y))
    metrics = {f"added{end}": [value] for end, value in (("", 0.1), ("_lower", -0.1), ("_upper", 0.3))}
    results = pd.DataFrame(metrics | {"decision": "undecided", "reason": ""}, index=["$\\frac{<script>"])
    selector = Bunch(results_=results, criterion="auto", student="_{")
    for drawn in (gain_figure(report), decision_figure(selector)):
        assert base64.b64decode(drawn).startswith(b"\x89PNG")


def test_the_axis_of_no_gain_at_all(monkeypatch):
    y = np.repeat(["a", "b"], 20)
    scores = np.random.RandomState(0).uniform(size=40)
    models = (ALONE, DISTILLED, TEACHER, SHUFFLED)
    parts = ("accuracy", "log_loss", "brier")
    rows = pd.DataFrame({(m, s): scores - (0.3 if m == TEACHER else 0) for m in models for s in parts})
    rows = rows.rename_axis(columns=["model", "score"])
    alphas = pd.DataFrame({DISTILLED: [0.0], SHUFFLED: [0.0]})
    report = DistillationReport(rows, rows.drop(columns=TEACHER, level="model"), alphas, y, classes=np.unique(y))
    seen = []
    monkeypatch.setattr(_html, "_as_png", seen.append)
    gain_figure(report)
    above, below = np.reshape(seen[0].axes, (2, 2))
    assert all(ax.get_xlim() == (-1, 1) for ax in below)
    assert all(ax.get_xlim() != (-1, 1) for ax in above)


def test_the_origin_names_the_file_by_its_content(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"abc")
    origin = dict(provenance(path, 7))
    assert origin["SHA-256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert origin["seed"] == "7"
