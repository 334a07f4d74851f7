"""Draws of known mutual information: the benchmark's module."""

import importlib.util
from pathlib import Path

PATH = Path(__file__).parents[2] / "benchmarks" / "information" / "known_information.py"


def load():
    """The module, which is in no package."""
    spec = importlib.util.spec_from_file_location("known_information", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_known_information = load().make_known_information
