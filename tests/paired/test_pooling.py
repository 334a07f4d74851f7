import numpy as np
import pytest

from skcmkd._distillation._targets import ClassificationTarget, RegressionTarget
from skcmkd._model_selection._stacking import fit_linear_stack, fit_log_linear_stack, log_linear_pool
from skcmkd.paired._pooling import (
    AveragePool,
    StackedPool,
    check_teacher_weights,
    fixed_weights,
    learned_weights,
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
    pooled = AveragePool(weights)(proba)
    for row in (20, 80, 120, 200):
        known = [m for m in range(3) if not np.isnan(proba[m][row, 0])]
        expected = sum(weights[m] * proba[m][row] for m in known) / sum(weights[m] for m in known)
        np.testing.assert_allclose(pooled[row], expected)
    assert np.isnan(pooled[50:70]).all()
    assert AveragePool(weights[:1])(proba[:1]) is proba[0]


def test_a_teacher_of_weight_zero_gives_no_soft_target_where_it_is_alone(predictions):
    _, proba = predictions
    proba[0][:10] = np.nan
    assert np.isnan(AveragePool(np.array([1.0, 0.0]))(proba[:2])[:10]).all()


def test_learned_weights_have_the_least_loss(predictions):
    codes, proba = predictions
    weights = learned_weights(proba, codes, TARGET)
    assert weights.sum() == pytest.approx(1)
    best = TARGET.row_losses(AveragePool(weights)(proba), codes).mean()
    grid = [np.array([a, b, 1 - a - b]) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    assert best <= min(TARGET.row_losses(AveragePool(w)(proba), codes).mean() for w in grid) + 1e-5
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
        make_pooling_rule(rule, ["good", "useless"], target)([good, useless], y, None).weights
        for rule in ("equal", {"good": 1, "useless": 0}, "learned")
    )
    np.testing.assert_allclose(equal, 0.5)
    np.testing.assert_allclose(fixed, [1, 0])
    assert learned[0] > 0.99


def test_stacked_pool_has_weights_for_every_set_of_members(predictions):
    """Two teachers and the student's own model: each row is pooled over those that predict it."""
    codes, (first, second, own) = predictions
    first, second = first.copy(), second.copy()
    first[:100], second[50:150] = np.nan, np.nan
    pool = StackedPool(TARGET, 2, [first, second, own], codes)
    pooled = pool([first, second, own])
    for rows, members in (
        (slice(0, 50), (second, own)),
        (slice(100, 150), (first, own)),
        (slice(150, 300), (first, second, own)),
    ):
        known = ~np.isnan(members).any(axis=(0, 2))
        weights = fit_log_linear_stack(
            np.stack(members)[:, known], np.eye(3)[codes[known]], np.ones(known.sum()), np.eye(len(members))[-1]
        )
        np.testing.assert_allclose(pooled[rows], log_linear_pool(np.stack(members)[:, rows], weights))
    np.testing.assert_allclose(pool.weights, weights)
    # The student's own model alone is no teacher.
    assert np.isnan(pooled[50:100]).all()


def test_stacked_pool_of_continuous_targets():
    rng = np.random.RandomState(2)
    y = rng.normal(size=100)
    members = [(y + scale * rng.normal(size=100))[:, None] for scale in (0.5, 1.0)]
    pool = StackedPool(RegressionTarget(1), 1, members, y)
    stack = fit_linear_stack(np.stack(members), y[:, None], np.ones(100), np.array([0.0, 1.0]))
    np.testing.assert_allclose(pool(members), stack(np.stack(members)))
    np.testing.assert_allclose(pool.weights, stack.coef[:, 0])


def test_a_stacked_pool_trusts_a_teacher_that_adds_something(predictions):
    """A teacher that knows what the student's model does not improves the pool; a useless one hardly moves it."""
    codes, (good, useless, own) = predictions

    def log_loss(q):
        return -np.log(q[np.arange(300), codes]).mean()

    alone = log_loss(StackedPool(TARGET, 1, [own], codes)([own]))
    assert log_loss(StackedPool(TARGET, 1, [good, own], codes)([good, own])) < 0.8 * alone
    assert abs(log_loss(StackedPool(TARGET, 1, [useless, own], codes)([useless, own])) - alone) < 0.05 * alone


@pytest.mark.parametrize(
    ("weights", "columns", "message"),
    [
        ({"a": 1, "c": 1}, {"a": [0], "b": [1]}, r"must name the teachers.*'a', 'b'; not in both: 'b', 'c'"),
        ({"a": 1}, None, "as a dict, which is none; not in both: 'a'"),
        ({"a": 1, "b": -1}, {"a": [0], "b": [1]}, "must be finite, not negative"),
        ({"a": 1, "b": "2"}, {"a": [0], "b": [1]}, "must be finite, not negative"),
        ({"a": 0, "b": 0}, {"a": [0], "b": [1]}, "not all 0"),
        ("stacked", {"student": [0], "b": [1]}, "Give the teacher another name"),
    ],
)
def test_bad_weights(weights, columns, message):
    with pytest.raises(ValueError, match=message):
        check_teacher_weights(weights, columns)
