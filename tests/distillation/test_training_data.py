from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from skcmkd._distillation._training_data import UNLABELED, TrainingData, stack_tables


@pytest.fixture
def data():
    """Eight labeled rows of the classes a, b, c, of which the first has no soft target, and five unlabeled rows."""
    rng = np.random.RandomState(0)
    y = np.append(np.arange(8) % 3, np.full(5, UNLABELED))
    soft_targets = softmax(rng.normal(size=(13, 3)), axis=1)
    soft_targets[0] = np.nan
    return TrainingData(
        pd.DataFrame(rng.normal(size=(13, 2))),
        y,
        soft_targets,
        np.array(["a", "b", "c"]),
        teacher_classes=np.array(["a", "b", "c"]),
        teacher_features=rng.normal(size=(13, 4)),
        sample_weight=rng.uniform(size=13),
        groups=np.arange(13) // 2,
    )


@pytest.fixture
def continuous():
    rng = np.random.RandomState(0)
    y = rng.normal(size=(13, 2))
    y[8:] = np.nan
    return TrainingData(rng.normal(size=(13, 3)), y, rng.normal(size=(13, 2)), np.empty(0))


def test_masks_and_target(data, continuous):
    np.testing.assert_array_equal(data.labeled, np.arange(13) < 8)
    np.testing.assert_array_equal(data.has_soft_target, np.arange(13) > 0)
    assert data.target.tolist() == list("abcabcab")
    assert not data.is_regression
    assert continuous.is_regression
    np.testing.assert_array_equal(continuous.labeled, np.arange(13) < 8)
    np.testing.assert_array_equal(continuous.target, continuous.y[:8])
    assert data.n_labeled == continuous.n_labeled == 8


def test_a_vector_of_continuous_targets_marks_unlabeled_rows_by_nan(continuous):
    vector = replace(continuous, y=continuous.y[:, 0], soft_targets=continuous.soft_targets[:, :1])
    np.testing.assert_array_equal(vector.labeled, continuous.labeled)
    assert vector.target.shape == (8,)


def test_take_keeps_every_array_of_rows_in_step(data):
    rows = np.arange(13) % 4 != 1
    part = data.take(rows)
    pd.testing.assert_frame_equal(part.X, data.X[rows])
    for name in ("y", "soft_targets", "teacher_features", "sample_weight", "groups"):
        np.testing.assert_array_equal(getattr(part, name), getattr(data, name)[rows])
    np.testing.assert_array_equal(part.classes, data.classes)


def test_take_of_all_rows_copies_nothing(data):
    assert data.take(np.ones(13, dtype=bool)) is data


def test_take_drops_absent_classes_and_renormalizes_soft_targets(data):
    rows = data.y != 1
    part = data.take(rows)
    assert part.classes.tolist() == ["a", "c"]
    assert part.target.tolist() == [label for label in "abcabcab" if label != "b"]
    np.testing.assert_array_equal(part.labeled, data.labeled[rows])
    np.testing.assert_array_equal(part.has_soft_target, data.has_soft_target[rows])
    kept = data.soft_targets[rows][:, [0, 2]]
    np.testing.assert_allclose(part.soft_targets, kept / kept.sum(axis=1, keepdims=True))


def test_soft_targets_of_absent_classes_alone_become_uniform(data):
    data.soft_targets[5] = [0, 1, 0]
    np.testing.assert_array_equal(data.take(data.y != 1).soft_targets[3], [0.5, 0.5])


def test_unlabeled_rows_keep_all_classes(data):
    part = data.take(~data.labeled)
    assert part.classes.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(part.soft_targets, data.soft_targets[8:])


def test_labeled_rows(data, continuous):
    labeled = data.labeled_rows()
    assert len(labeled.y) == labeled.n_labeled == 8
    np.testing.assert_array_equal(labeled.soft_targets, data.soft_targets[:8])
    np.testing.assert_array_equal(continuous.labeled_rows().y, continuous.y[:8])
    assert labeled.labeled_rows() is labeled


def test_continuous_targets_have_no_classes_to_drop(continuous):
    part = continuous.take(np.arange(13) > 9)
    assert part.n_labeled == 0
    np.testing.assert_array_equal(part.soft_targets, continuous.soft_targets[10:])


def test_positions_of_the_classes_of_the_teacher(data):
    assert data.teacher_class_indices() is None
    assert replace(data, teacher_classes=None).teacher_class_indices() is None
    assert replace(data, teacher_classes=np.array(["a", "b", "c", "z"])).teacher_class_indices() is None
    part = replace(data, teacher_classes=np.array(["c", "a"]))
    assert part.teacher_class_indices() == [0, 2]
    assert part.take(data.y != 0).teacher_class_indices() == [1]


def test_stacked_tables():
    X = np.arange(6.0).reshape(3, 2)
    assert stack_tables([X]) is X
    np.testing.assert_array_equal(stack_tables([X, X[:1]]), np.vstack([X, X[:1]]))
