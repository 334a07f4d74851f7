import numpy as np
import pytest

from skcmkd.information._mine import mine

from .known_information import make_known_information


@pytest.mark.parametrize(
    ("task", "n_columns", "nats", "least"),
    [("normal", 1, 0.5, 0.4), ("normal", 10, 1.0, 0.3), ("low_rank", 500, 1.0, 0.45)],
)
def test_known_information(task, n_columns, nats, least):
    """Below the truth, as a bound, and not by much more than when this was written."""
    data = make_known_information(task, 250, n_columns=n_columns, information=nats, random_state=0)
    assert least < mine(data.X, data.Y, random_state=0) < nats + 0.1


def test_a_link_without_correlation_is_seen():
    x = np.random.RandomState(0).normal(size=200)
    assert mine(x, x**2, cv=2, random_state=0) > 0.5
