import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression

from skcmkd import PairedDistiller
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.survival import horizon_labels, kaplan_meier

from .outcomes import EVENT, TIME, draw_outcome, uncensored_before_by_hand


@pytest.mark.parametrize("horizon", [3, 5, 7.5, 12])
def test_labels_and_weights_equal_those_written_out(horizon):
    labels = horizon_labels(TIME, EVENT, horizon)
    for t, e, label, weight, known in zip(TIME, EVENT, labels.label, labels.sample_weight, labels.known, strict=True):
        if e and t <= horizon:
            assert (label, known) == (1, True)
            np.testing.assert_allclose(weight, 1 / uncensored_before_by_hand(TIME, EVENT, t), rtol=1e-10)
        elif t >= horizon:
            assert (label, known) == (0, True)
            np.testing.assert_allclose(weight, 1 / uncensored_before_by_hand(TIME, EVENT, horizon), rtol=1e-10)
        else:
            assert np.isnan(label)
            assert (weight, known) == (0, False)


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_weights_sum_to_the_rows_and_the_weighted_labels_to_kaplan_meier(seed, rounded):
    time, event = draw_outcome(80, seed, rounded=rounded, censoring=1.5)
    horizon = float(np.sort(time)[50])
    labels = horizon_labels(time, event, horizon)
    assert 0 < (~labels.known).sum() < 80
    np.testing.assert_allclose(labels.sample_weight.sum(), 80, rtol=1e-12)
    risk = (labels.sample_weight[labels.known] * labels.label[labels.known]).sum() / 80
    np.testing.assert_allclose(risk, 1 - kaplan_meier(time, event).at([horizon])[0], rtol=1e-10)


def test_a_row_censored_at_the_horizon_was_followed_to_it():
    """As all are whose follow-up ends by plan at the horizon."""
    labels = horizon_labels([1, 5, 5, 5], [1, 0, 0, 1], 5)
    assert labels.label.tolist() == [1, 0, 0, 1]
    assert labels.sample_weight.tolist() == [1, 1, 1, 1]


@pytest.fixture(scope="module")
def pairs():
    drawn = make_gaussian_modalities(60, random_state=0)
    X, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    return X, T, drawn, horizon_labels(*draw_outcome(60, 3, censoring=1.0), 3)


@pytest.mark.parametrize("with_groups", [False, True])
def test_fit_params_are_those_written_out(pairs, with_groups):
    X, T, _, labels = pairs
    known, groups = labels.known, np.arange(60) // 2
    options = {"alpha": 0.5, "cv": 3}
    by_hand = {"X_teacher": T[known], "sample_weight": labels.sample_weight[known]}
    extra = (groups[~known],) if with_groups else ()
    by_hand |= {"unlabeled_pairs": (X[~known], T[~known], *extra)} | ({"groups": groups[known]} if with_groups else {})
    expected = PairedDistiller(LogisticRegression(), LogisticRegression(), **options).fit(
        X[known], labels.label[known].astype(int), **by_hand
    )
    params = labels.fit_params(X, T, groups=groups if with_groups else None)
    made = PairedDistiller(LogisticRegression(), LogisticRegression(), **options).fit(**params)
    np.testing.assert_array_equal(made.predict_proba(X), expected.predict_proba(X))
    assert made.classes_.tolist() == [0, 1]


def test_fit_params_of_one_table(pairs):
    X, T, drawn, labels = pairs
    two = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5).fit(**labels.fit_params(X, T))
    one = PairedDistiller(
        LogisticRegression(), LogisticRegression(), alpha=0.5, student_columns=drawn.modalities["student"]
    ).fit(**labels.fit_params(drawn.data))
    np.testing.assert_allclose(one.predict_proba(X), two.predict_proba(X), rtol=1e-6)


class ExponentialModel(ClassifierMixin, BaseEstimator):
    """A survival model of one column, fitted elsewhere: the risk at the horizon as probabilities."""

    classes_ = np.array([0, 1])

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        raise AssertionError("it comes fitted")

    def predict_proba(self, X):
        risk = 1 - np.exp(-np.exp(np.asarray(X)[:, 0]))
        return np.column_stack([1 - risk, risk])

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def test_a_survival_model_of_another_cohort_is_a_teacher_as_it_is(pairs):
    X, T, _, labels = pairs
    teacher = FrozenEstimator(ExponentialModel())
    students = [
        PairedDistiller(LogisticRegression(), teacher, alpha=alpha).fit(**labels.fit_params(X, T))
        for alpha in (0.0, 0.9)
    ]
    distance = [np.abs(s.predict_proba(X) - teacher.predict_proba(T)).mean() for s in students]
    assert distance[1] < distance[0]


def test_without_censoring_there_are_no_pairs_and_all_weights_are_one(pairs):
    X, T, _, _ = pairs
    time, event = draw_outcome(60, 4, censoring=0)
    params = horizon_labels(time, event, 3).fit_params(X, T)
    assert "unlabeled_pairs" not in params
    assert params["sample_weight"].tolist() == [1] * 60
    np.testing.assert_array_equal(params["y"], time <= 3)


def test_tables_of_another_length_or_order(pairs):
    X, T, _, labels = pairs
    with pytest.raises(ValueError, match=r"the outcome has 60 rows and X has 59"):
        labels.fit_params(X[:59], T[:59])
    with pytest.raises(ValueError, match=r"X_teacher has 59 rows"):
        labels.fit_params(X, T[:59])
    with pytest.raises(ValueError, match="in another order"):
        labels.fit_params(
            X.add_prefix("s").set_axis([f"p{i}" for i in range(60)]), T.set_axis([f"p{i}" for i in reversed(range(60))])
        )


@pytest.mark.parametrize(
    ("time", "event", "horizon", "message"),
    [
        ([1, 2, 3], [1, 0, 1], 4, r"horizon=4 is beyond the last time, 3.*at most 3"),
        ([1, 2, 3], [0, 0, 0], 2, r"event is 0 in all 3 rows"),
        ([1, 2, 3], [0, 1, 1], 1.5, r"No event came by horizon=1.5; the first of 2 is at 2. Give a later"),
        ([1, 2, 3], [1, 0, 1], 3, r"No row was followed to horizon=3 without an event.*earlier"),
        ([1, 2, 3], [1, 0, 1], 0, r"horizon=0 must be a finite number above 0"),
        ([1, 2, 3], [1, 0, 1], "three years", r"horizon='three years' must be"),
        ([-1, 2, 3], [1, 0, 1], 2, r"time holds -1"),
        ([1, 2, 3], [1, 7, 1], 2, r"event holds 7"),
        (pd.Series([], dtype=float), pd.Series([], dtype=int), 2, r"0 rows"),
    ],
)
def test_bad_input_names_the_value_and_the_remedy(time, event, horizon, message):
    with pytest.raises(ValueError, match=message):
        horizon_labels(time, event, horizon)
