import pytest

from skcmkd.cli import _advise, main
from skcmkd.cli._errors import DataError, UsageError

ADVISE = ["advise", "t.csv", "--label", "y", "--student", "p"]


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (DataError("the table is at fault."), 1, "skcmkd: the table is at fault.\n"),
        (UsageError("the command is at fault."), 2, "skcmkd: the command is at fault.\n"),
        (ValueError("y holds\nNaN"), 1, "skcmkd: y holds\\nNaN\n"),
        (MemoryError(), 1, "skcmkd: MemoryError: no message\n"),
        (KeyboardInterrupt(), 130, "skcmkd: interrupted.\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exit_codes_and_one_line(monkeypatch, capsys, raised, code, line):
    def fail(options):
        raise raised

    monkeypatch.setattr(_advise, "run_advise", fail)
    assert main(ADVISE) == code
    assert capsys.readouterr().err == line
    with pytest.raises(type(raised)):
        main([*ADVISE, "--debug"])
