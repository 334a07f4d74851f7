"""The architecture: which package may import which, and where torch, POT and matplotlib are loaded."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import skcmkd

ROOT = Path(skcmkd.__file__).parent
# An import goes to a lower floor or stays within its package; packages of one floor never import each other.
FLOORS = [
    {"_utils", "_validation", "_transport", "datasets"},
    {"_model_selection", "networks", "survival"},
    {"_linear_model", "_losses"},
    {"information", "_distillation"},
    {"selection", "paired", "unpaired", "persistence"},
    {"evaluation"},
    {"cli"},
    {"__init__", "__main__"},
]
HEIGHT = {name: floor for floor, names in enumerate(FLOORS) for name in names}
FILES = sorted(ROOT.rglob("*.py"))
PUBLIC = sorted(name for name in HEIGHT if not name.startswith("_"))


def package(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def nodes(path):
    """Every node of a file, and the identities of those that are there for typing alone."""
    every = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    typing = {
        id(child)
        for node in every
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for child in ast.walk(node)
    }
    return every, typing


def imports(path, *, for_typing=True):
    """Every import of a file as (absolute module, names), those inside functions and, if requested, for typing too."""
    here = ["skcmkd", *path.relative_to(ROOT).parts[:-1]]
    every, typing = nodes(path)
    for node in every:
        if id(node) in typing and not for_typing:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])]), [alias.name for alias in node.names]


def packages_imported(path):
    for module, names in imports(path):
        if module == "skcmkd":
            yield from (name for name in names if name in HEIGHT)
        elif module.startswith("skcmkd."):
            yield module.split(".")[1]


def graph():
    """Imports among modules, as a dict of sets."""
    edges = {}
    for path in FILES:
        here = "skcmkd." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        imported = edges.setdefault(here, set())
        for module, names in imports(path):
            for name in [module, *(f"{module}.{name}" for name in names)]:
                target = ROOT.parent.joinpath(*name.split(".")).with_suffix(".py")
                if name.startswith("skcmkd.") and target.exists():
                    imported.add(name)
    return edges


def test_every_package_has_a_floor():
    assert {package(path) for path in FILES} == set(HEIGHT)


def test_the_root_holds_no_modules():
    assert {path.name for path in ROOT.iterdir() if path.is_file()} == {"__init__.py", "__main__.py", "py.typed"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    here = package(path)
    for other in set(packages_imported(path)) - {here}:
        assert HEIGHT[other] < HEIGHT[here], f"{here} imports {other}"


def test_no_circles():
    edges = graph()
    while True:
        free = [here for here, imported in edges.items() if not imported & set(edges)]
        if not free:
            break
        for here in free:
            del edges[here]
    assert not edges, f"circular imports among {sorted(edges)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_and_private_modules_are_imported_in_few_places(path):
    here, inside = package(path), path.relative_to(ROOT).as_posix()
    for module, names in imports(path, for_typing=False):
        top = module.split(".")[0]
        if top in ("torch", "skorch"):
            assert here in ("networks", "_losses", "information"), f"{inside} imports {module}"
        if top == "ot":
            assert inside == "_transport/_solvers.py", f"{inside} imports {module}"
        if top == "matplotlib":
            assert path.stem in ("_plot", "_plotting") or here == "cli", f"{inside} imports {module}"
        if top == "sklearn":
            private = any(part.startswith("_") for part in [*module.split("."), *names])
            assert not private or here == "_validation", f"{inside} imports {module}, {names}"


def test_importing_loads_neither_torch_nor_pot_nor_matplotlib():
    """In one process, as starting one takes longer than an import; the error names the first module that loads them."""
    modules = [f"skcmkd.{name}" for name in PUBLIC] + ["skcmkd._transport._plan"]
    code = f"""
import importlib, sys
import skcmkd
for name in {modules}:
    importlib.import_module(name)
    loaded = {{"torch", "skorch", "ot", "matplotlib"}} & set(sys.modules)
    assert not loaded, f"{{name}} imports {{loaded}}"
for name in skcmkd.__all__:
    getattr(skcmkd, name)
    loaded = {{"torch", "skorch", "ot", "matplotlib"}} & set(sys.modules)
    assert not loaded, f"skcmkd.{{name}} imports {{loaded}}"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tests_mirror_the_packages():
    folders = {path.name for path in Path(__file__).parent.iterdir() if path.is_dir()}
    assert {name.strip("_") for name in HEIGHT} - {"init", "main"} <= folders
