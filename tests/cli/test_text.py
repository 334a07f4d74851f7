import matplotlib.pyplot as plt
import pytest

from skcmkd._utils._plotting import escape_label
from skcmkd.cli._text import abbreviate, count, escape_formula, is_are, is_number, plot_safe, quote, truncate


def test_long_text_is_cut_to_one_printable_line():
    assert truncate("x" * 10**6) == "x" * 37 + "..."
    assert truncate("a\x1b[31m\nb") == "a\\x1b[31m\\nb"
    assert truncate("Größe 漢") == "Größe 漢"
    assert quote("a") == "'a'"
    assert abbreviate(["a", "b", "c", "d", "e"]) == "'a', 'b', 'c' and 2 more"


@pytest.mark.parametrize(
    "text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1"]
)
def test_what_a_spreadsheet_would_run_is_defused(text):
    assert escape_formula(text) == "'" + text


@pytest.mark.parametrize("value", ["-1.5", "+3", "benign", "a=b", 2.0, None, ""])
def test_anything_else_stays(value):
    assert escape_formula(value) == value


def test_one_thing_is_no_plural():
    assert [f"{count(n, 'row')} {is_are(n)}" for n in (0, 1, 2)] == ["0 rows are", "1 row is", "2 rows are"]


def test_numbers():
    assert [is_number(text) for text in ("1", "-2.5e3", "nan", "inf", "1_000", "1,5", "")] == [True, True] + [False] * 5


def test_figures_draw_any_name_as_it_is():
    names = ["$\\frac{", "漢字", "a$b$", "%(x)s", "x" * 10**6]
    figure, ax = plt.subplots()
    ax.set_yticks(range(len(names)), [plot_safe(name) for name in names])
    figure.canvas.draw()
    plt.close(figure)
    assert plot_safe("漢字") == "??"
    # Displays escape dollar signs themselves.
    assert escape_label(plot_safe("a$b")) == "a\\$b"
