import pytest

from skcmkd.cli._next_command import command_of_student
from skcmkd.evaluation._verdict import Verdict

ADVISE = ["advise", "my table.csv", "--label", "diagnosis", "--student", "panel_"]


def verdicts(*decisions):
    return [Verdict(decision, "", ()) for decision in decisions]


@pytest.mark.parametrize(
    ("decision", "option"), [("distil", ""), ("student alone", " --alone"), ("undecided", " --alone")]
)
def test_the_command_keeps_the_student_of_the_verdict(decision, option):
    expected = f"skcmkd distill 'my table.csv' --label diagnosis --student panel_{option} --out student.skops"
    assert command_of_student(ADVISE, verdicts(decision)) == expected
    only_advise = [*ADVISE[:2], "--report", "a.html", "--exit-code", "--repeats=3", *ADVISE[2:], "--repeats", "2"]
    assert command_of_student(only_advise, verdicts(decision)) == expected


def test_no_command_where_nothing_is_predicted_or_horizons_differ():
    assert command_of_student(ADVISE, verdicts("not predicted")) is None
    assert command_of_student(ADVISE, verdicts("distil", "student alone")) is None
    assert "--alone" in str(command_of_student(ADVISE, verdicts("undecided", "student alone")))
