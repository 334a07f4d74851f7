"""Stored results name the version of the package's rules that they were measured under."""

import tomllib
from pathlib import Path

import pytest

from .scripts import modules_of

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"

pytestmark = pytest.mark.skipif(not BENCHMARKS.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def protocol():
    with modules_of(BENCHMARKS, ("shared.protocol",)) as modules:
        yield modules["shared.protocol"]


@pytest.fixture(scope="module")
def rules(protocol):
    return protocol.read_rules()


@pytest.mark.parametrize("rule", ["PairedDistiller", "CCHSelector", "UnpairedDistiller"])
def test_the_rules_are_those_of_the_package(protocol, rules, rule):
    assert protocol.moved_on(rule, rules[rule]) == [], (
        "A default has moved on. Run benchmarks/shared/protocol.py --new, then measure what it lists anew, or note in "
        "protocol.json what was different."
    )


def test_a_changed_default_is_found(protocol, rules):
    before = rules["PairedDistiller"]
    assert protocol.moved_on("PairedDistiller", before | {"defaults": before["defaults"] | {"cv": "7"}})
    assert protocol.moved_on("PairedDistiller", before | {"defaults": before["defaults"] | {"gone": "1"}})
    without = {name: value for name, value in before["defaults"].items() if name != "cv"}
    assert protocol.moved_on("PairedDistiller", before | {"defaults": without}) == []
    assert protocol.moved_on("PairedDistiller", before | {"probe": before["probe"] | {"probability": 0.5}})


def test_every_file_that_pages_quote_is_stamped(protocol):
    definitions = [
        tomllib.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "docs" / "results").glob("*.toml")
    ]
    quoted = {group["file"] for groups in definitions for group in groups.values()}
    assert quoted
    assert quoted - set(protocol.stamps()) == set()


def test_results_of_earlier_rules_say_what_was_different(protocol, rules):
    for name, stamp in protocol.stamps().items():
        assert (BENCHMARKS / name).exists()
        assert bool(protocol.outdated(stamp, rules)) == bool(stamp.get("earlier")), name


def test_the_headline_is_measured_under_the_rules_of_today(protocol, rules):
    for name in ("paired/results/default.csv", "demonstration/results/demonstration.csv"):
        assert not protocol.outdated(protocol.stamps()[name], rules)


def test_a_stamp_is_today_s_version(protocol, rules, tmp_path):
    path = tmp_path / "new.csv"
    protocol.stamp(path, "CCHSelector")
    assert (tmp_path / protocol.STAMPS).read_text().count(f'"CCHSelector": {rules["CCHSelector"]["version"]}') == 1
    with pytest.raises(ValueError, match="No rule Nothing"):
        protocol.stamp(path, "Nothing")
