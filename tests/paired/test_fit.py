import numpy as np
import pytest

from skcmkd._distillation._targets import ClassTarget
from skcmkd.paired._fit import weigh_teachers


def test_weights_by_each_rule():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=100)
    good = np.where(y[:, None] == [0, 1], 0.8, 0.2)
    bad = np.full((100, 2), 0.5)
    weigh = [
        weigh_teachers(rule, ["good", "bad"], ClassTarget(np.array([0, 1])), [good, bad], student, y, None)
        for rule, student in (("equal", None), ({"good": 1, "bad": 0}, None), ("learned", None), ("gap", good))
    ]
    np.testing.assert_allclose(weigh[0], 0.5)
    np.testing.assert_allclose(weigh[1], [1, 0])
    assert weigh[2][0] > 0.99
    assert weigh[3].sum() == pytest.approx(1)
