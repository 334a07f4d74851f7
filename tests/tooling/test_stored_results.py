"""Numbers of the pages come from stored results: a changed result changes every page that quotes it."""

import io
import re
import shutil
import textwrap
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("sphinx")
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import docutils_namespace

from .scripts import load_script

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "docs" / "_ext" / "stored_results.py"
# Pages without a typed result in their text.
CONVERTED = [
    "index",
    "survival",
    "information",
    "getting_started",
    "how_to",
    "faq",
    "whats_new",
    "dependencies",
    "measurements",
    "comparison",
    "omics",
    "guide",
    "paired",
    "paired_evidence",
    "unpaired",
    "unpaired_evidence",
    "should_i_distil",
    "command_line",
    "decisions",
    "limits",
    "reproduction",
    "theory",
    "intervals",
    "cohorts",
    "failure_modes",
    "api",
]

pytestmark = pytest.mark.skipif(not (ROOT / "benchmarks").exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def extension():
    return load_script(EXTENSION)


@pytest.fixture(scope="module")
def results(extension):
    return extension.StoredResults()


def quotes(text):
    """The groups that a page quotes."""
    numbers = re.findall(r":result:`([^`.]+)\.[^`]+`", text) + re.findall(r"\{\{(\w+)\.\w+\}\}", text)
    return {*numbers, *re.findall(r"^\s*\.\. result-table:: (\w+)", text, re.MULTILINE)}


def pages():
    found = {path: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.rst")}
    return {path: text for path, text in found.items() if quotes(text)}


def perturb(value):
    """Another value of the same kind; words and whole numbers find rows, so they stay."""
    if isinstance(value, str) and re.fullmatch(r"\d+%", value):
        return f"{int(value[:-1]) + 3}%"
    return value * 1.5 + 0.73 if isinstance(value, float) else value


def copy_perturbed(folder, files):
    """A checkout with other numbers in some stored files."""
    shutil.copytree(ROOT / "docs" / "results", folder / "docs" / "results")
    for file in files:
        target = folder / "benchmarks" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        table = pd.read_csv(ROOT / "benchmarks" / file)
        table.map(perturb).to_csv(target, index=False)
    return folder


def build(root, sources, folder):
    """What pages quote, as text, with this extension and nothing else."""
    source = folder / "source"
    source.mkdir(parents=True)
    for path in sources:
        blocks = path.read_text(encoding="utf-8").split("\n\n")
        quoting = [textwrap.dedent(block.strip("\n")) for block in blocks if quotes(block)] or blocks
        (source / path.name).write_text("\n\n".join(quoting) + "\n", encoding="utf-8")
    (source / "conf.py").write_text(f"extensions = ['stored_results']\nstored_results_root = {str(root)!r}\n")
    (source / "index.rst").touch()
    with docutils_namespace():
        app = Sphinx(
            source, source, folder / "text", folder / "trees", "text", status=None, warning=io.StringIO(), freshenv=True
        )
        app.build()
    return {path.name: (folder / "text" / f"{path.stem}.txt").read_text(encoding="utf-8") for path in sources}


@pytest.fixture
def on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(EXTENSION.parent))


def test_every_number_and_table_is_found(results):
    for name, group in results.groups.items():
        assert group.keys() & {"numbers", "columns"}, name
        for number in group.get("numbers", {}):
            assert results.number(f"{name}.{number}")
        if "columns" in group:
            heading, body = results.table(name)
            assert body
            assert all(len(row) == len(heading) for row in body)


def test_every_group_is_quoted(results):
    quoted = set().union(*(quotes(text) for text in pages().values()))
    quoted |= quotes((ROOT / "docs" / "README.md.in").read_text(encoding="utf-8"))
    assert set(results.groups) - quoted == set()


def test_a_changed_result_changes_every_page_that_quotes_it(results, on_path, tmp_path):
    quoting = pages()
    assert len(quoting) >= 5
    files = {results.groups[name]["file"] for text in quoting.values() for name in quotes(text)}
    changed = copy_perturbed(tmp_path / "changed", files)
    before = build(ROOT, list(quoting), tmp_path / "before")
    after = build(changed, list(quoting), tmp_path / "after")
    assert all(before[path.name] != after[path.name] for path in quoting)


def test_every_quoted_group_follows_its_file(extension, results, tmp_path):
    files = {group["file"] for group in results.groups.values()}
    changed = extension.StoredResults(copy_perturbed(tmp_path, files))
    readme = re.sub(r"\{\{file .*?\}\}", "", extension.TEMPLATE.read_text(encoding="utf-8"))
    assert results.render(readme) != changed.render(readme)
    for name, group in results.groups.items():
        texts = [[store.number(f"{name}.{n}") for n in group.get("numbers", {})] for store in (results, changed)]
        tables = [store.table(name) if "columns" in group else None for store in (results, changed)]
        assert (texts[0], tables[0]) != (texts[1], tables[1]), name


def test_the_readme_is_up_to_date(extension, results):
    template = extension.TEMPLATE.read_text(encoding="utf-8")
    assert extension.README.read_text(encoding="utf-8") == results.render(template), (
        "Edit docs/README.md.in, then run `make readme`."
    )


@pytest.mark.parametrize(
    "text", ["{{nothing.here}}", "{{headline.nothing}}", "{{file nowhere.txt}}", "{{file README.md from nothing so}}"]
)
def test_an_unknown_name_stops(extension, results, text):
    with pytest.raises(extension.ResultError, match=r"nothing|nowhere"):
        results.render(text)


@pytest.mark.parametrize("text", [":result:`headline.nothing`", ".. result-table:: nothing"])
def test_an_unknown_name_fails_the_build(on_path, tmp_path, text):
    page = tmp_path / "page.rst"
    page.write_text(text)
    with pytest.raises(ExtensionError, match="nothing"):
        build(ROOT, [page], tmp_path / "build")


def test_a_query_without_its_row_stops(extension, results, monkeypatch):
    monkeypatch.setitem(results.groups, "gone", results.groups["headline"] | {"query": "labels == -1"})
    with pytest.raises(extension.ResultError, match="No row of benchmarks/paired"):
        results.number("gone.gain")


def test_a_query_of_many_rows_stops(extension, results, monkeypatch):
    monkeypatch.setitem(results.groups, "many", results.groups["headline"] | {"query": "labels == 100"})
    with pytest.raises(extension.ResultError, match="a number needs one"):
        results.number("many.gain")


@pytest.mark.parametrize(
    ("value", "template", "text"),
    [(0.0123, "{x:points}", "+1.2"), (-0.0001, "{x:points}", "0.0"), (-0.25, "{x:gain1}", "-0.2"), (3, "{x}", "3")],
)
def test_formats(extension, value, template, text):
    assert extension.Formatter().vformat(template, (), {"x": value}) == text


def test_a_column_s_name_may_have_a_dot(extension):
    assert extension.Formatter().vformat("{alpha 0.5:points}", (), {"alpha 0.5": 0.01}) == "+1.0"


TYPED = re.compile(r"(?<![\w.])[+-]\d*\.\d+|\d\s+points\b")


def typed(text):
    """Results in a page's text that no role gives; examples with their output, roles and code are left out."""
    text = re.sub(r"(?m)^ *(>>>|\$ )(?:.|\n)*?(?=\n\s*\n|\Z)", "", text)
    text = re.sub(r"(?m)::\n\n(?:(?: +.*)?\n)+", "", text)
    return TYPED.findall(re.sub(r":\w+:`[^`]*`|``[^`]*``", "", text))


@pytest.mark.parametrize("page", CONVERTED)
def test_no_result_is_typed(page):
    text = (ROOT / "docs" / f"{page}.rst").read_text(encoding="utf-8")
    assert typed(text) == []


def test_a_typed_result_is_found():
    assert typed("It gains +5.9 on the mean,\n\n>>> f(1)\n+1.2\n\nand 3 points.") == ["+5.9", "3 points"]
    assert typed(">>> f(+1.2)\n+1.2\n\n:result:`a.b` points, ``-0.5``\n\n::\n\n    +3.0\n") == []
