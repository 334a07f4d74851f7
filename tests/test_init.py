import subprocess
import sys

import pytest

import skcmkd


def test_every_public_name_is_importable():
    for name in skcmkd.__all__:
        assert getattr(skcmkd, name) is not None
    assert set(skcmkd.__all__) <= set(dir(skcmkd))


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'Distiller'"):
        skcmkd.Distiller  # noqa: B018 - reading the attribute is the test


def test_import_loads_nothing_heavy():
    """Importing imports neither scikit-learn nor pandas."""
    code = "import sys, skcmkd; assert not {'torch', 'sklearn', 'pandas', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
