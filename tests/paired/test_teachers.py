import numpy as np
import pandas as pd
import pytest
from skcmkd.paired._pairs import Pairs
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skcmkd._distillation._targets import ClassTarget, QuantityTarget
from skcmkd.information import gaussian, label_mutual_information, prediction_mutual_information
from skcmkd.paired._teachers import (
    check_weights,
    gap_weights,
    gather_sides,
    given_weights,
    learn_weights,
    pool,
    teacher_positions,
)


def draw_opinion(rng, codes, sharpness, n_classes=3):
    scores = sharpness * np.eye(n_classes)[codes] + rng.normal(size=(len(codes), n_classes))
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


@pytest.fixture
def opinions():
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=300)
    return codes, [draw_opinion(rng, codes, sharpness) for sharpness in (2.0, 0.0, 3.0)]


def test_pool_is_the_weighted_mean_over_those_that_have_a_soft_target(opinions):
    _, given = opinions
    given[0][:100], given[1][50:150], given[2][:70] = np.nan, np.nan, np.nan
    weights = np.array([0.5, 0.2, 0.3])
    pooled = pool(given, weights)
    for row in (20, 60, 80, 120, 200):
        known = [m for m in range(3) if not np.isnan(given[m][row, 0])]
        if known:
            np.testing.assert_allclose(
                pooled[row], sum(weights[m] * given[m][row] for m in known) / sum(weights[m] for m in known)
            )
    assert np.isnan(pooled[50:70]).all()
    assert pool(given[:1], weights[:1]) is given[0]


def test_teacher_of_weight_zero_is_not_used_where_it_is_alone(opinions):
    _, given = opinions
    given[0][:10] = np.nan
    assert np.isnan(pool(given[:2], np.array([1.0, 0.0]))[:10]).all()


def test_learned_weights_have_the_least_loss(opinions):
    codes, given = opinions
    target = ClassTarget(np.arange(3))
    found = learn_weights(given, codes, target)
    assert found.sum() == pytest.approx(1)
    best = target.losses(pool(given, found), codes).mean()
    grid = [np.array([a, b, 1 - a - b]) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    assert best <= min(target.losses(pool(given, w), codes).mean() for w in grid) + 1e-5
    assert found[1] < 0.05


def test_learned_weights_of_continuous_targets_are_least_squares():
    rng = np.random.RandomState(1)
    y = rng.normal(size=500)
    given = [(y + s * rng.normal(size=500))[:, None] for s in (0.5, 1.0)]
    a, b = (t[:, 0] for t in given)
    direct = ((y - b) * (a - b)).sum() / ((a - b) ** 2).sum()
    np.testing.assert_allclose(learn_weights(given, y, QuantityTarget(1)), [direct, 1 - direct], atol=1e-4)


def test_gap_weights_are_in_proportion_to_positive_gaps(opinions):
    codes, given = opinions
    student = draw_opinion(np.random.RandomState(3), codes, 0.3)
    gaps = np.array(
        [prediction_mutual_information(q, student) - label_mutual_information(student, codes) for q in given]
    )
    target = ClassTarget(np.arange(3))
    found = gap_weights(given, student, codes, target)
    if (gaps > 0).any():
        np.testing.assert_allclose(found, gaps.clip(0) / gaps.clip(0).sum())
    good = draw_opinion(np.random.RandomState(4), codes, 5.0)
    gaps = [prediction_mutual_information(q, good) - label_mutual_information(good, codes) for q in given]
    assert max(gaps) < 0
    np.testing.assert_array_equal(gap_weights(given, good, codes, target), np.arange(3) == np.argmax(gaps))


def test_gap_of_continuous_targets_is_gaussian():
    rng = np.random.RandomState(0)
    y = rng.normal(size=400)
    student = (0.2 * y + rng.normal(size=400))[:, None]
    given = [student + s * rng.normal(size=(400, 1)) for s in (0.3, 3.0)]
    gaps = np.array([gaussian(t, student) - gaussian(student, y[:, None]) for t in given])
    found = gap_weights(given, student, y, QuantityTarget(1))
    np.testing.assert_allclose(found, gaps.clip(0) / gaps.clip(0).sum())
    assert found[0] > found[1]


def test_given_weights():
    np.testing.assert_allclose(given_weights("equal", ["a", "b"]), [0.5, 0.5])
    np.testing.assert_allclose(given_weights({"b": 3, "a": 1}, ["a", "b"]), [0.25, 0.75])
    np.testing.assert_allclose(given_weights({"a": 1, "b": 3, "gone": 7}, ["a", "b"]), [0.25, 0.75])
    with pytest.raises(ValueError, match="gives 0 to all teachers that are there"):
        given_weights({"a": 0, "gone": 7}, ["a"])


@pytest.mark.parametrize(
    ("weights", "columns", "message"),
    [
        ({"a": 1, "c": 1}, {"a": [0], "b": [1]}, r"must name the teachers.*'a', 'b'; not in both: 'b', 'c'"),
        ({"a": 1}, None, "as a dict, which is none; not in both: 'a'"),
        ({"a": 1, "b": -1}, {"a": [0], "b": [1]}, "must be finite, not negative"),
        ({"a": 0, "b": 0}, {"a": [0], "b": [1]}, "not all 0"),
    ],
)
def test_bad_weights(weights, columns, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, columns)


def test_learned_weights_count_rows_by_their_weight(opinions):
    codes, given = opinions
    target, heard = ClassTarget(np.arange(3)), np.arange(300) % 3 > 0
    weighted = learn_weights(given, codes, target, heard.astype(float))
    np.testing.assert_allclose(weighted, learn_weights([q[heard] for q in given], codes[heard], target), atol=1e-3)


def test_positions_in_either_form():
    T = pd.DataFrame(np.zeros((2, 4)), columns=list("abcd"))
    assert {k: list(v) for k, v in teacher_positions(T, {"x": ["b", "a"], "y": ["d"]}, None).items()} == {
        "x": [1, 0],
        "y": [3],
    }
    X = pd.DataFrame(np.zeros((2, 6)), columns=list("apbqcd"))
    student = np.array([1, 3])
    found = teacher_positions(X, {"x": ["a", "c"], "gone": ["never", "there"], "y": ["d"]}, student)
    assert {k: list(v) for k, v in found.items()} == {"x": [0, 2], "y": [3]}
    array = teacher_positions(np.zeros((2, 6)), {"x": [0, 4], "y": slice(5, 6)}, student)
    assert {k: list(v) for k, v in array.items()} == {"x": [0, 2], "y": [3]}
    with pytest.raises(ValueError, match="student_columns share columns"):
        teacher_positions(X, ["a", "q"], student)
    with pytest.raises(ValueError, match=r"teacher_columns\['x'\] names 1 columns that X_teacher does not have: 'z'"):
        teacher_positions(T, {"x": ["a", "z"]}, None)


@pytest.fixture
def pairs():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(12, 2)), columns=["s0", "s1"])
    T = pd.DataFrame(rng.normal(size=(12, 3)), columns=["a", "b", "c"])
    T.iloc[:3, :2] = np.nan
    T.iloc[8:, 2] = np.nan
    return Pairs(X, np.arange(12) % 2, T, np.ones(12, dtype=bool), np.arange(12) != 5, X[:4], T[:4])


def test_sides_know_their_own_rows(pairs):
    models = {"x": LogisticRegression(), "y": LogisticRegression()}
    positions = {"x": np.array([0, 1]), "y": np.array([2])}
    x, y = gather_sides(pairs, models, positions, sees_student=False)
    assert list(x.X.columns) == ["a", "b"]
    np.testing.assert_array_equal(x.observed, np.arange(12) >= 3)
    np.testing.assert_array_equal(y.observed, np.arange(12) < 8)
    assert x.unlabeled_measured.tolist() == [False, False, False, True]
    assert y.unlabeled_measured.all()
    x, _ = gather_sides(pairs, models, positions, sees_student=True)
    assert list(x.X.columns) == list(x.X_unlabeled.columns) == ["s0", "s1", "a", "b"]
    np.testing.assert_array_equal(x.observed, (np.arange(12) >= 3) & (np.arange(12) != 5))


def test_ready_teacher_gets_the_columns_that_it_knows(pairs):
    rng = np.random.RandomState(1)
    before = pd.DataFrame(rng.normal(size=(50, 2)), columns=["c", "a"])
    ready = FrozenEstimator(LogisticRegression().fit(before, rng.randint(2, size=50)))
    (side,) = gather_sides(pairs, {"": ready}, {"": np.arange(3)}, sees_student=False)
    assert list(side.X.columns) == list(side.X_unlabeled.columns) == ["c", "a"]
    pairs.X_teacher = pairs.X_teacher.rename(columns={"c": "z"})
    with pytest.raises(ValueError, match=r"ready teacher LogisticRegression was fitted to 2 columns.*'c'"):
        gather_sides(pairs, {"": ready}, {"": np.arange(3)}, sees_student=False)


def test_modality_that_nobody_has(pairs):
    pairs.X_teacher["c"] = np.nan
    with pytest.raises(ValueError, match="columns of teacher 'y' are missing in all rows"):
        gather_sides(pairs, {"y": LogisticRegression()}, {"y": np.array([2])}, sees_student=False)
