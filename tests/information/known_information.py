"""Draws of known mutual information: the benchmark's module."""

from pathlib import Path

from ..tooling.scripts import load_script

module = load_script(Path(__file__).parents[2] / "benchmarks" / "information" / "known_information.py")
make_known_information = module.make_known_information
