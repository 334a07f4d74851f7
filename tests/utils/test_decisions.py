import pytest

from skcmkd._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED, sign_of_interval


@pytest.mark.parametrize(
    ("lower", "upper", "decision"),
    [(0.1, 0.2, DISTIL), (-0.2, -0.1, DO_NOT_DISTIL), (-0.1, 0.1, UNDECIDED), (1e-9, 1e-8, UNDECIDED)],
)
def test_three_valued_decision(lower, upper, decision):
    assert sign_of_interval(lower, upper) == decision
