from pathlib import Path

import pytest

from skcmkd.cli._options import make_parser

ADVISE = ["advise", "t.csv", "--label", "y", "--student", "p"]


def test_teachers_may_be_listed_or_repeated():
    for arguments in (["--teacher", "a", "b"], ["--teacher", "a", "--teacher", "b"]):
        assert make_parser().parse_args([*ADVISE, *arguments]).teacher == ["a", "b"]
    options = make_parser().parse_args(ADVISE)
    assert options.teacher is None
    assert (options.table, options.model, options.folds, options.seed) == (Path("t.csv"), "default", 5, 0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seed", "-1"],
        ["--seed", str(2**32)],
        ["--separator", "ab"],
        ["--separator", "."],
        ["--decimal", ";"],
        ["--model", "forest"],
        ["--index", "a", "--no-index"],
        ["--stud", "q"],
    ],
    ids=" ".join,
)
def test_options_at_fault(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([*ADVISE, *arguments])
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_separators_by_name():
    assert make_parser().parse_args([*ADVISE, "--separator", "tab"]).separator == "\t"
    assert make_parser().parse_args([*ADVISE, "--separator", ";"]).separator == ";"


@pytest.mark.parametrize("name", ["demo", "advise", "distill", "predict"])
def test_help_names_exit_codes(name, capsys):
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([name, "--help"])
    assert ended.value.code == 0
    assert "Exit codes" in capsys.readouterr().out
