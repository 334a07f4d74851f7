"""Every figure of the documentation has a command that draws it."""

import json
from pathlib import Path

import pytest

from .scripts import load_script

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "remake_figures.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the benchmarks are in the repository")


@pytest.fixture
def bench(monkeypatch, tmp_path):
    """The script, with a folder for its images and a list of what it ran in place of running it."""
    module = load_script(SCRIPT)
    module.ran = []
    monkeypatch.setattr(module.subprocess, "run", lambda command, **_: module.ran.append(command))
    monkeypatch.setattr(module, "IMAGES", tmp_path)
    return module


def test_every_figure_has_one_source(bench):
    made = [name for _, names in bench.SOURCES.values() for name in names]
    images = (ROOT / "docs" / "images").iterdir()
    assert sorted(made) == sorted(path.name for path in images if path.suffix in (".png", ".svg"))


@pytest.mark.parametrize("image", list(load_script(SCRIPT).DATA) if SCRIPT.exists() else [])
def test_figures_show_the_stored_results(bench, image):
    stored = json.loads((ROOT / "docs" / "images" / "data.json").read_text())
    assert bench.hash_of_data(image)
    assert stored[image] == bench.hash_of_data(image), f"The results behind {image} moved on: run `make figures`."


def test_other_data_have_another_hash(bench, monkeypatch, tmp_path):
    folder = tmp_path / "benchmarks" / "demonstration" / "results"
    folder.mkdir(parents=True)
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    (folder / "demonstration.csv").write_text("model,accuracy\na,0.5\n")
    before = bench.hash_of_data("gain-light.svg")
    (folder / "demonstration.csv").write_text("model,accuracy\na,0.6\n")
    assert bench.hash_of_data("gain-light.svg") != before


def test_scripts_are_there(bench, tmp_path):
    for source in set(bench.SOURCES) - {"demo", "advise"}:
        bench.SOURCES[source][0](tmp_path)
        assert (ROOT / bench.ran[-1][1]).exists()


def test_the_reproduced_figures_are_put_in_place(bench, tmp_path):
    bench.reproduce(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(bench.SOURCES["reproduction"][1])


def test_the_demonstrations_figures_are_put_in_place(bench, tmp_path):
    for name in bench.DEMONSTRATED:
        (tmp_path / f"{name}.png").write_text(name)
    bench.demonstrate(tmp_path)
    assert bench.ran[0][1] == "benchmarks/demonstration/plot.py"
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
