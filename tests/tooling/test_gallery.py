"""The gallery's pages without running them: the docs build runs them and stops at an error."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

GALLERY = Path(__file__).parents[2] / "docs" / "gallery"
PAGES = sorted(GALLERY.glob("plot_*.py"))
LEGACY_DRAWS = {"rand", "randn", "randint", "permutation", "shuffle", "choice", "normal", "seed"}

# Its default solver draws nothing; a distiller seeds its networks.
NEEDS_NO_SEED = {"LogisticRegression", "NetworkClassifier"}


def tree_of(page):
    return ast.parse(page.read_text(encoding="utf-8"))


def package_imports(page):
    """Names that a page takes from skcmkd, as (module, name); name is None for ``import skcmkd``."""
    for node in ast.walk(tree_of(page)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "skcmkd":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names if alias.name.split(".")[0] == "skcmkd")


def calls(page):
    """Every call of a page with the object that it names, where that is an imported name or a method of one."""
    tree = tree_of(page)
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                imported[alias.asname or alias.name] = getattr(importlib.import_module(node.module), alias.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            target, path = node.func, []
            while isinstance(target, ast.Attribute):
                path.insert(0, target.attr)
                target = target.value
            if isinstance(target, ast.Name) and target.id in imported:
                named = imported[target.id]
                for attribute in path:
                    named = getattr(named, attribute, None)
                yield node, named


def unseeded(page):
    for node, named in calls(page):
        if not callable(named) or named.__name__ in NEEDS_NO_SEED:
            continue
        keywords = {keyword.arg for keyword in node.keywords}
        parameters = inspect.signature(named).parameters
        draws = "random_state" in parameters and keywords.isdisjoint({"random_state", None})
        if draws and parameters.get("shuffle") is not None and parameters["shuffle"].default is False:
            draws = "shuffle" in keywords
        if draws:
            yield node.lineno, named.__name__


def global_draws(page):
    """Calls such as ``np.random.rand()``, and generators without a seed."""
    for node in ast.walk(tree_of(page)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.rpartition(".")[0] in ("np.random", "numpy.random") and (
                name.rpartition(".")[2] in LEGACY_DRAWS or not node.args
            ):
                yield node.lineno, name


def test_pages_are_many_and_numbered():
    assert len(PAGES) >= 10
    assert [page.name[5:7] for page in PAGES] == [f"{number:02}" for number in range(1, len(PAGES) + 1)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
class TestPage:
    def test_has_a_title_and_one_paragraph(self, page):
        title, underline, *rest = ast.get_docstring(tree_of(page)).splitlines()
        assert set(underline) == {"="}
        assert len(underline) >= len(title)
        assert len("\n".join(rest).strip().split("\n\n")) == 1
        assert len("\n".join(rest).strip()) > 60

    def test_shows_a_figure(self, page):
        assert any(
            ast.unparse(node.func) == "plt.show" for node in ast.walk(tree_of(page)) if isinstance(node, ast.Call)
        )

    def test_takes_public_names_only(self, page):
        taken = list(package_imports(page))
        assert taken
        for module, name in taken:
            assert not any(part.startswith("_") for part in module.split("."))
            assert name is None or name in importlib.import_module(module).__all__, f"{module}.{name}"

    def test_touches_no_private_attribute(self, page):
        private = [node.attr for node in ast.walk(tree_of(page)) if isinstance(node, ast.Attribute)]
        assert not [name for name in private if name.startswith("_")]

    def test_draws_with_a_seed(self, page):
        assert list(unseeded(page)) == []
        assert list(global_draws(page)) == []

    def test_needs_no_network(self, page):
        assert "fetch_" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_settings_of_the_page_are_no_text(page):
    """A comment right below a block's mark is printed."""
    assert "# %%\n# sphinx_gallery" not in page.read_text(encoding="utf-8")


def test_every_page_stands_in_one_section_of_the_gallery():
    index = (GALLERY / "index.rst").read_text(encoding="utf-8")
    assert index.count(":caption:") == index.count(".. minigallery::") == 4
    for page in PAGES:
        assert index.count(f"   gallery/{page.name}\n") == index.count(f"   {page.stem}\n") == 1


def test_thumbnails_are_there():
    named = [re.findall(r'sphinx_gallery_thumbnail_path = "(.*)"', page.read_text(encoding="utf-8")) for page in PAGES]
    assert any(named)
    assert all((GALLERY.parent / path).is_file() for paths in named for path in paths)
