from dataclasses import replace

import numpy as np
import pytest

from skcmkd._linear_model._excess_risk import LinearStudentRisk
from skcmkd.information import label_mutual_information
from skcmkd.selection._added import AddedInformation
from skcmkd.selection._candidates import Comparison, TeacherCandidate
from skcmkd.selection._criteria import proba_estimators
from skcmkd.selection._subsets import label_mi_on_subsets, metrics_on_subsets

from .problems import make_settings

N_LABELED, N_UNLABELED = 40, 15


@pytest.fixture
def candidate():
    """40 labeled rows and 15 unlabeled ones of 70, three classes, two repeats."""
    rng = np.random.RandomState(0)
    rows = np.sort(np.r_[rng.choice(50, N_LABELED, replace=False), 50 + rng.choice(20, N_UNLABELED, replace=False)])
    y = rng.randint(3, size=N_LABELED)
    repeats = [
        Comparison(
            *rng.dirichlet(np.ones(3), size=(2, len(rows))),
            np.zeros(len(rows), dtype=int),
            LinearStudentRisk(*rng.normal(size=(3, N_LABELED, 3)), 9.0, N_LABELED),
            AddedInformation(rng.dirichlet(np.ones(3), size=(2, N_LABELED)), y, np.arange(N_LABELED) % 5, True),
        )
        for _ in range(2)
    ]
    return TeacherCandidate("rna", rows, y, repeats, n_folds=5)


@pytest.mark.parametrize("criterion", [None, lambda metrics: metrics["gap"] - 2 * metrics["advantage"]])
@pytest.mark.parametrize("has_predictions", [True, False])
def test_metrics_are_those_of_each_subset_alone(candidate, criterion, has_predictions):
    if not has_predictions:
        candidate = replace(candidate, repeats=[replace(each, residuals=None) for each in candidate.repeats])
    settings = make_settings(estimators=proba_estimators(), criterion=criterion)
    rng = np.random.RandomState(1)
    subsets = [np.sort(rng.choice(70, 35, replace=False)) for _ in range(6)] + [np.arange(50, 70), np.arange(70)]
    expected = [list(candidate.metrics(settings, subset).values()) for subset in subsets]
    result = metrics_on_subsets(candidate, settings, subsets)
    np.testing.assert_allclose(result, expected, rtol=1e-10, atol=1e-12)
    assert np.isnan(result[6]).all()
    assert not np.isnan(result[[0, -1], 0]).any()


def test_subsets_without_any_labeled_row_have_no_metrics(candidate):
    settings = make_settings(estimators=proba_estimators())
    assert np.isnan(metrics_on_subsets(candidate, settings, [np.arange(50, 70)])).all()


def test_label_information_is_that_of_each_subset_alone():
    """A subset may lack a class."""
    rng = np.random.RandomState(0)
    proba, y = rng.dirichlet(np.ones(3) / 3, size=30), np.arange(30) % 3
    subsets = [np.arange(12), np.flatnonzero(y < 2), np.arange(30)]
    expected = [label_mutual_information(proba[rows], y[rows]) for rows in subsets]
    np.testing.assert_allclose(label_mi_on_subsets(proba, y, subsets), expected, rtol=1e-12)
