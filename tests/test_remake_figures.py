"""Every figure of the documentation has a command that draws it."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "remake_figures.py"

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="the benchmarks are in the repository")


@pytest.fixture
def remake_figures():
    spec = importlib.util.spec_from_file_location("remake_figures", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_figure_has_one_source(remake_figures):
    made = [name for _, names in remake_figures.SOURCES.values() for name in names]
    assert sorted(made) == sorted(path.name for path in (ROOT / "docs" / "images").glob("*.png"))


def test_the_sources_are_there(remake_figures):
    for arguments, _ in remake_figures.SOURCES.values():
        assert arguments[0] == "-m" or (ROOT / arguments[0]).exists()


def test_the_demonstrations_figures_are_put_in_place(remake_figures, monkeypatch, tmp_path):
    def draw(command, **_):
        for name in ("selection", "gain"):
            (Path(command[-1]) / f"{name}.png").write_text(name)

    monkeypatch.setattr(remake_figures.subprocess, "run", draw)
    monkeypatch.setattr(remake_figures, "IMAGES", tmp_path)
    remake_figures.remake("demo")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "demo-selection.png": "selection",
        "demo-gain.png": "gain",
    }
