"""The package runs no code from data: no eval, no pickle, no function that loads one."""

import ast
from pathlib import Path

import pytest

import skcmkd

ROOT = Path(skcmkd.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
BUILTINS = {"eval", "exec", "compile", "__import__", "execfile"}
# Modules that load pickles or start a shell.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "yaml", "subprocess", "pty"}
# module.function, whatever the module was imported as.
CALLS = {
    ("joblib", "load"),
    ("torch", "load"),
    ("pd", "read_pickle"),
    ("pandas", "read_pickle"),
    ("os", "system"),
    ("os", "popen"),
    ("np", "fromregex"),
}


def dangers(tree):
    """Calls and imports in a file that could run code from data."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
            yield node.func.id
        if isinstance(node, ast.Attribute) and (ast.unparse(node.value), node.attr) in CALLS:
            yield ast.unparse(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            yield from (module for module in modules if module.split(".")[0] in MODULES)
            names = {(modules[0], name.name) for name in node.names} if isinstance(node, ast.ImportFrom) else set()
            yield from (".".join(name) for name in names & CALLS)
        if (
            isinstance(node, ast.keyword)
            and node.arg in ("allow_pickle", "shell")
            and ast.unparse(node.value) != "False"
        ):
            yield f"{node.arg}={ast.unparse(node.value)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.load", "numpy.load"):
            yield from () if any(k.arg == "allow_pickle" for k in node.keywords) else ("np.load of pickles",)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path):
    assert not list(dangers(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "import pickle",
        "from pickle import loads",
        "import yaml",
        "from joblib import load",
        "joblib.load(path)",
        "torch.load(path)",
        "pd.read_pickle(path)",
        "np.load(path)",
        "np.load(path, allow_pickle=True)",
        "os.system('ls')",
    ],
)
def test_dangers_are_found(code):
    assert list(dangers(ast.parse(code)))
    assert not list(dangers(ast.parse("np.load(path, allow_pickle=False)")))
