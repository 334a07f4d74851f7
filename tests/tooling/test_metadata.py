"""What is said of the package outside of it: the citation, the version and the addresses."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

import skcmkd

ROOT = Path(__file__).parents[2]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAPERS = ("2510.13182", "2606.10504", "1503.02531", "1511.03643")


@pytest.mark.parametrize("paper", PAPERS)
def test_the_papers_are_cited_wherever_citations_are(paper):
    assert f"arXiv:{paper}" in CITATION
    for name in ("README.md", "docs/index.rst"):
        assert f"arxiv.org/abs/{paper}" in (ROOT / name).read_text(encoding="utf-8")


def test_the_citation_has_the_version():
    assert re.search(r"^version: (.*)$", CITATION, re.MULTILINE)[1] == skcmkd.__version__


def test_the_version_has_its_changes():
    for name in ("CHANGELOG.md", "docs/whats_new.rst"):
        assert skcmkd.__version__ in (ROOT / name).read_text(encoding="utf-8")


def test_addresses_fit_a_package_index():
    assert all(len(label) <= 32 and address.startswith("https://") for label, address in PROJECT["urls"].items())


def test_every_extra_of_a_user_is_in_the_table_of_extras():
    page = (ROOT / "docs" / "getting_started.rst").read_text(encoding="utf-8")
    extras = set(PROJECT["optional-dependencies"]) - {"tests", "docs", "dev"}
    assert extras == set(re.findall(r"^   \* - ``(\w+)``$", page, re.MULTILINE))


@pytest.mark.parametrize("module", ["", ".datasets", ".information", ".survival"])
def test_summaries_survive_the_tables_of_the_documentation(module):
    """A table of the API takes a docstring up to the first full stop before a space."""
    public = importlib.import_module(f"skcmkd{module}")
    for name in filter(lambda name: callable(getattr(public, name)), public.__all__):
        summary = (getattr(public, name).__doc__ or ".").strip().split("\n")[0]
        assert "..." not in summary, name
        assert summary.endswith("."), name


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120
