"""Links to other projects come from lists in the repository."""

import importlib
from pathlib import Path

import pytest

from .scripts import load_script

FOLDER = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def inventories():
    return load_script(FOLDER / "_ext" / "inventories.py")


def test_every_list_becomes_an_inventory(inventories, tmp_path):
    mapping = inventories.write_inventories(tmp_path)
    assert set(mapping) == {path.stem for path in (FOLDER / "inventories").glob("*.txt")}
    for address, inventory in mapping.values():
        assert address.startswith("https://")
        assert address.endswith("/")
        assert Path(inventory).read_bytes().startswith(b"# Sphinx inventory version 2\n")


def test_sphinx_reads_them(inventories, tmp_path):
    pytest.importorskip("sphinx")
    from sphinx.util.inventory import InventoryFile

    address, inventory = inventories.write_inventories(tmp_path)["sklearn"]
    entry = InventoryFile.loads(Path(inventory).read_bytes(), uri=address).data["py:class"]["sklearn.pipeline.Pipeline"]
    assert entry.uri == "https://scikit-learn.org/stable/modules/generated/sklearn.pipeline.Pipeline.html#" + (
        "sklearn.pipeline.Pipeline"
    )


def test_names_of_scikit_learn_exist():
    for line in (FOLDER / "inventories" / "sklearn.txt").read_text(encoding="utf-8").splitlines()[1:]:
        name, role = line.split()[:2]
        if role.startswith("py:"):
            module, _, attribute = name.rpartition(".")
            assert hasattr(importlib.import_module(module), attribute), name
