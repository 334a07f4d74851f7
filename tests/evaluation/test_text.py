import numpy as np
import pytest

from skcmkd._utils._decisions import sign_of_interval
from skcmkd.evaluation._text import format_interval


@pytest.mark.parametrize(
    ("numbers", "texts"),
    [
        ((0.0791, 0.0356, 0.123), ("+0.079", "+0.036", "+0.123")),
        ((0.01, 0.0004, 0.02), ("+0.0100", "+0.0004", "+0.0200")),
        ((-0.2, -0.4, -0.00003), ("-0.20000", "-0.40000", "-0.00003")),
        ((0.0, 0.0, 0.0), ("+0.000", "+0.000", "+0.000")),
        ((0.01, -5e-7, 0.02), ("+0.010", "+0.000", "+0.020")),
    ],
)
def test_no_end_that_decides_looks_like_zero(numbers, texts):
    assert format_interval(*numbers) == texts


def test_a_printed_interval_agrees_with_the_decision():
    """Whatever the size: the decision by the printed ends is that by the numbers."""
    random = np.random.RandomState(0)
    for size in 10.0 ** np.arange(-9, 3):
        for center in size * random.normal(size=20):
            lower, upper = center - size, center + size
            _, *printed = format_interval(center, lower, upper)
            assert sign_of_interval(*map(float, printed)) == sign_of_interval(lower, upper)
