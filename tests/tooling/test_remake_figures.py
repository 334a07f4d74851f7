"""Every figure of the documentation has a command that draws it."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "remake_figures.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the benchmarks are in the repository")


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The script, with a folder for its images and a list of what it ran in place of running it."""
    spec = importlib.util.spec_from_file_location("remake_figures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ran = []
    monkeypatch.setattr(module.subprocess, "run", lambda command, **_: module.ran.append(command))
    monkeypatch.setattr(module, "IMAGES", tmp_path)
    return module


def test_every_figure_has_one_source(bench):
    made = [name for _, names in bench.SOURCES.values() for name in names]
    assert sorted(made) == sorted(path.name for path in (ROOT / "docs" / "images").glob("*.png"))


def test_scripts_are_there(bench, tmp_path):
    for source in ("decisions", "intervals", "paired", "unpaired", "survival", "reproduction"):
        bench.SOURCES[source][0](tmp_path)
        assert (ROOT / bench.ran[-1][1]).exists()


def test_the_reproduced_figures_are_put_in_place(bench, tmp_path):
    bench.reproduce(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(bench.SOURCES["reproduction"][1])


def test_the_demonstrations_figures_are_put_in_place(bench, tmp_path):
    for name in bench.DEMONSTRATED:
        (tmp_path / f"{name}.png").write_text(name)
    bench.demonstrate(tmp_path)
    assert (tmp_path / "demo-gain.png").read_text() == "gain"
    assert (tmp_path / "demo-selection.png").read_text() == "selection"


def test_the_report_is_that_of_the_pages_example(bench, tmp_path):
    bench.Image.new("RGB", (3, 2)).save(tmp_path / "shot.png")
    bench.advise(tmp_path)
    with bench.Image.open(tmp_path / "advise-report.png") as picture:
        assert picture.size == (3, 2)
    example, command, browser = bench.ran
    compile(example[-1], "the page", "exec")
    assert 'to_csv("digits.csv")' in example[-1]
    assert command[1:4] == ["-m", "skcmkd", "advise"]
    assert "report.html" in command
    assert browser[-1].endswith("report.html")
