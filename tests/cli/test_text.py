import matplotlib.pyplot as plt
import pytest

from skcmkd._utils._plotting import as_written
from skcmkd.cli._text import defuse, for_figure, is_number, name_some, quote, shorten


def test_long_text_is_cut_to_one_printable_line():
    assert shorten("x" * 10**6) == "x" * 37 + "..."
    assert shorten("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
    assert shorten("Größe 漢") == "Größe 漢"
    assert quote("a") == "'a'"
    assert name_some(["a", "b", "c", "d", "e"]) == "'a', 'b', 'c' and 2 more"


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]
)
def test_what_a_spreadsheet_would_run_is_defused(text):
    assert defuse(text) == "'" + text


@pytest.mark.parametrize("value", ["-1.5", "+3", "benign", "a=b", 2.0, None, ""])
def test_anything_else_stays(value):
    assert defuse(value) == value


def test_numbers():
    assert [is_number(text) for text in ("1", "-2.5e3", "nan", "inf", "1_000", "1,5", "")] == [True, True] + [False] * 5


def test_figures_draw_any_name_as_it_is():
    names = ["$\\frac{", "漢字", "a$b$", "%(x)s", "x" * 10**6]
    figure, ax = plt.subplots()
    ax.set_yticks(range(len(names)), [for_figure(name) for name in names])
    figure.canvas.draw()
    plt.close(figure)
    assert for_figure("漢字") == "??"
    # Displays escape dollar signs themselves.
    assert as_written(for_figure("a$b")) == "a\\$b"
