"""The page "Command line" shows what its own commands print."""

import importlib.util
import re
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "command_line"

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    specification = importlib.util.spec_from_file_location("command_line_run", FOLDER / "run.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(bench):
    return bench.PAGE.read_text(encoding="utf-8")


def test_every_stored_text_has_its_command_and_is_included(bench, page):
    for file, beginning in bench.PRINTED.items():
        assert bench.find_command(page, beginning)
        assert f"literalinclude:: ../benchmarks/command_line/results/{file}" in page
    included = re.findall(r"literalinclude:: \S+/(\S+)", page)
    assert sorted(included) == sorted(bench.PRINTED)


def test_a_command_that_the_page_lacks_stops(bench, page):
    with pytest.raises(ValueError, match="0 commands of command_line"):
        bench.find_command(page, "advise nothing")


@pytest.mark.parametrize("name", ["digits", "tumors", "risk"])
def test_a_study_ends_with_its_first_line(bench, name):
    lines = (bench.RESULTS / f"advise_{name}.txt").read_text(encoding="utf-8").split("\n")
    assert lines[-2] == f"Verdict: {lines[0]}"


def test_the_blocks_write_the_tables_of_the_commands(bench, page):
    written = set(re.findall(r'to_csv\("(\S+)"\)', "\n".join(bench.blocks(page))))
    read = {bench.find_command(page, beginning).split()[1] for beginning in bench.PRINTED.values()}
    assert read == written


def test_the_distilled_student_is_stored_beside_the_one_alone(bench):
    table = pd.read_csv(bench.TABLE)
    assert table["images"].tolist() == [1000]
    assert table["distilled"].between(table["student alone"], 1).all()


def test_long_texts_are_cut(bench):
    assert bench.shown("tables\n\nStudent: a.skops\n", "distill_a.txt") == "Student: a.skops\n"
    assert bench.shown("a,b,c,d,e\n1,2,3,4,5\n6,7,8,9,0\n1,1,1,1,1\n", "predict_a.txt") == "a,b,c,d\n1,2,3,4\n6,7,8,9\n"
    assert bench.shown("all of it\n", "advise_a.txt") == "all of it\n"
