import numpy as np
import pytest

from skcmkd._distillation._targets import ClassificationTarget, RegressionTarget
from skcmkd.paired._pooling import (
    check_teacher_weights,
    fixed_weights,
    learned_weights,
    linear_pool,
    make_pooling_rule,
)

TARGET = ClassificationTarget(np.arange(3))


def draw_proba(rng, codes, sharpness, n_classes=3):
    scores = sharpness * np.eye(n_classes)[codes] + rng.normal(size=(len(codes), n_classes))
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@pytest.fixture
def predictions():
    """Classes of 300 rows, and probabilities by a good, a useless and a better teacher."""
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=300)
    return codes, [draw_proba(rng, codes, sharpness) for sharpness in (2.0, 0.0, 3.0)]


def test_pool_is_the_weighted_mean_over_teachers_with_a_prediction(predictions):
    _, proba = predictions
    proba[0][:100], proba[1][50:150], proba[2][:70] = np.nan, np.nan, np.nan
    weights = np.array([0.5, 0.2, 0.3])
    pooled = linear_pool(proba, weights)
    for row in (20, 80, 120, 200):
        known = [m for m in range(3) if not np.isnan(proba[m][row, 0])]
        expected = sum(weights[m] * proba[m][row] for m in known) / sum(weights[m] for m in known)
        np.testing.assert_allclose(pooled[row], expected)
    assert np.isnan(pooled[50:70]).all()
    assert linear_pool(proba[:1], weights[:1]) is proba[0]


def test_a_teacher_of_weight_zero_gives_no_soft_target_where_it_is_alone(predictions):
    _, proba = predictions
    proba[0][:10] = np.nan
    assert np.isnan(linear_pool(proba[:2], np.array([1.0, 0.0]))[:10]).all()


def test_learned_weights_have_the_least_loss(predictions):
    codes, proba = predictions
    weights = learned_weights(proba, codes, TARGET)
    assert weights.sum() == pytest.approx(1)
    best = TARGET.row_losses(linear_pool(proba, weights), codes).mean()
    grid = [np.array([a, b, 1 - a - b]) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    assert best <= min(TARGET.row_losses(linear_pool(proba, w), codes).mean() for w in grid) + 1e-5
    assert weights[1] < 0.05


def test_learned_weights_of_continuous_targets_are_least_squares():
    rng = np.random.RandomState(1)
    y = rng.normal(size=500)
    a, b = (y + s * rng.normal(size=500) for s in (0.5, 1.0))
    direct = ((y - b) * (a - b)).sum() / ((a - b) ** 2).sum()
    weights = learned_weights([a[:, None], b[:, None]], y, RegressionTarget(1))
    np.testing.assert_allclose(weights, [direct, 1 - direct], atol=1e-4)


def test_learned_weights_use_row_weights_and_rows_with_a_prediction(predictions):
    codes, proba = predictions
    counted = np.arange(300) % 3 > 0
    weighted = learned_weights(proba, codes, TARGET, counted.astype(float))
    expected = learned_weights([q[counted] for q in proba], codes[counted], TARGET)
    np.testing.assert_allclose(weighted, expected, atol=1e-3)
    missing = [np.where(counted[:, None], q, np.nan) for q in proba]
    np.testing.assert_array_equal(learned_weights(missing, codes, TARGET), expected)


def test_fixed_weights():
    np.testing.assert_allclose(fixed_weights("equal", ["a", "b"]), [0.5, 0.5])
    np.testing.assert_allclose(fixed_weights({"b": 3, "a": 1}, ["a", "b"]), [0.25, 0.75])
    np.testing.assert_allclose(fixed_weights({"a": 1, "b": 3, "absent": 7}, ["a", "b"]), [0.25, 0.75])
    with pytest.raises(ValueError, match="gives 0 to all teachers that are present"):
        fixed_weights({"a": 0, "absent": 7}, ["a"])


def test_weights_by_each_rule():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=100)
    good, useless = np.where(y[:, None] == [0, 1], 0.8, 0.2), np.full((100, 2), 0.5)
    target = ClassificationTarget(np.array([0, 1]))
    equal, fixed, learned = (
        make_pooling_rule(rule, ["good", "useless"], target)([good, useless], y, None)
        for rule in ("equal", {"good": 1, "useless": 0}, "learned")
    )
    np.testing.assert_allclose(equal, 0.5)
    np.testing.assert_allclose(fixed, [1, 0])
    assert learned[0] > 0.99


@pytest.mark.parametrize(
    ("weights", "columns", "message"),
    [
        ({"a": 1, "c": 1}, {"a": [0], "b": [1]}, r"must name the teachers.*'a', 'b'; not in both: 'b', 'c'"),
        ({"a": 1}, None, "as a dict, which is none; not in both: 'a'"),
        ({"a": 1, "b": -1}, {"a": [0], "b": [1]}, "must be finite, not negative"),
        ({"a": 1, "b": "2"}, {"a": [0], "b": [1]}, "must be finite, not negative"),
        ({"a": 0, "b": 0}, {"a": [0], "b": [1]}, "not all 0"),
    ],
)
def test_bad_weights(weights, columns, message):
    with pytest.raises(ValueError, match=message):
        check_teacher_weights(weights, columns)
