import numpy as np
import pytest
from skcmkd.paired._pairs import Pairs
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._distillation._targets import QuantityTarget
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.paired._alpha import WEIGHT, WEIGHT_WITH_MANY_PAIRS, candidate_weight, try_weights, without_refit
from skcmkd.paired._soft_targets import N_JUDGES, Opinions
from tests.opinion_problems import TARGET, form, make_pairs, side


@pytest.fixture
def pairs():
    return make_pairs()


ALPHAS = (0.0, 0.25, 0.5)


def choose_alpha(student, opinions, temperature, **parallel):
    trial = try_weights(student, opinions, ALPHAS, temperature, **parallel)
    assert set(trial.rows) == set(np.flatnonzero(opinions.fold_ids < N_JUDGES))
    return trial.choice(), trial.scores("brier")


def test_scores_are_brier_scores_of_held_out_rows(pairs):
    opinions = form(LogisticRegression(), pairs)
    alpha, scores = choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=None, verbose=False)
    losses = np.full(40, np.nan)
    for fold in range(N_JUDGES):
        train, test = opinions.fold_ids != fold, opinions.fold_ids == fold
        proba = LogisticRegression().fit(pairs.X[train], pairs.y[train]).predict_proba(pairs.X[test])
        losses[test] = ((proba - np.eye(2)[pairs.y[test]]) ** 2).sum(axis=1)
    np.testing.assert_allclose(scores.loc[0.0, "brier"], np.nanmean(losses))
    assert scores.loc[0.0, "difference"] == 0
    assert alpha in ALPHAS
    assert tuple(scores.index) == ALPHAS


def test_a_harmful_teacher_is_given_no_weight(pairs):
    class Liar(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    opinions = form(Liar(), pairs)
    assert choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=None, verbose=False)[0] == 0.0


class Stubborn(NetworkClassifier):
    """A network without the parameter."""

    def __init__(self, max_epochs=3):
        super().__init__(max_epochs=max_epochs)


def test_students_are_validated_without_their_refit(pairs):
    network = NetworkClassifier((8,), max_epochs=20, patience=3, random_state=0)
    opinions = form(LogisticRegression(), pairs)
    for student, name in ((network, "refit"), (make_pipeline(StandardScaler(), network), "networkclassifier__refit")):
        judged = [
            try_weights(
                clone(student).set_params(**{name: refit}), opinions, (0.0, 0.5), 1.0, n_jobs=None, verbose=False
            )
            for refit in (True, False)
        ]
        np.testing.assert_array_equal(judged[0].losses, judged[1].losses)
        assert student.get_params()[name]
    assert isinstance(without_refit(Stubborn()), Stubborn)
    # A search's refit is another thing: without it there is no model to judge.
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]})
    assert without_refit(search).refit


def test_processes_change_nothing_but_time(pairs):
    results = []
    for n_jobs in (None, 2):
        opinions = form(LogisticRegression(), pairs, n_jobs=n_jobs)
        alpha, scores = choose_alpha(LogisticRegression(), opinions, 2.0, n_jobs=n_jobs, verbose=False)
        results.append((alpha, scores))
    assert results[0][0] == results[1][0]
    assert results[0][1].equals(results[1][1])


def test_row_weights_reach_teachers_students_and_validation_folds(pairs):
    """A row of weight 0 is as good as absent, for all of them."""
    keep = np.arange(40) % 5 != 2
    weighted = Pairs(**{**vars(pairs), "sample_weight": keep.astype(float)})
    fold_of = stratified_folds(pairs.y, 4)
    settings = {"weigh": None, "judged": True, "n_jobs": None, "verbose": False}
    whole = Opinions(TARGET, weighted, [side(LogisticRegression(), weighted)], fold_of, **settings)
    parts = {"X": pairs.X[keep], "y": pairs.y[keep], "X_teacher": pairs.X_teacher[keep]}
    masks = {"measured": pairs.has_teacher[keep], "studied": pairs.has_student[keep]}
    few = Pairs(**{**vars(pairs), **parts, **masks})
    kept = Opinions(TARGET, few, [side(LogisticRegression(), few)], fold_of[keep], **settings)
    np.testing.assert_allclose(whole.lesson().opinion[keep], kept.lesson().opinion, rtol=1e-5)
    trials = [try_weights(LogisticRegression(), o, (0.0, 0.5), 1.0, n_jobs=None, verbose=False) for o in (whole, kept)]
    assert keep[trials[0].rows].all()
    np.testing.assert_allclose(trials[0].losses, trials[1].losses, rtol=1e-3)


def test_continuous_targets_are_validated_by_squared_error(pairs):
    pairs.y = pairs.X[:, 0] + pairs.X_teacher[:, 0]
    opinions = form(None, pairs, [side(Ridge(), pairs)], QuantityTarget(1))
    trial = try_weights(Ridge(), opinions, (0.0, 0.5), 1.0, n_jobs=None, verbose=False)
    error = np.full(40, np.nan)
    for fold in range(N_JUDGES):
        train, test = opinions.fold_ids != fold, opinions.fold_ids == fold
        error[test] = (Ridge().fit(pairs.X[train], pairs.y[train]).predict(pairs.X[test]) - pairs.y[test]) ** 2
    np.testing.assert_allclose(trial.losses[:, 0], error[trial.rows])
    assert trial.scores("squared_error").loc[0.0, "squared_error"] == pytest.approx(np.nanmean(error))


def test_more_weight_is_tried_where_the_teacher_labels_more_rows(pairs):
    assert candidate_weight(pairs) == WEIGHT
    pairs.X_unlabeled = np.zeros((41, 2))
    assert candidate_weight(pairs) == WEIGHT_WITH_MANY_PAIRS
    pairs.X_unlabeled = None
    assert candidate_weight(pairs) == WEIGHT
