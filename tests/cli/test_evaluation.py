import numpy as np
import pandas as pd
import pytest

from skcmkd._linear_model._logistic import GroupLogisticRegressionCV
from skcmkd.cli import _evaluation
from skcmkd.cli._evaluation import evaluate, predict_fold
from skcmkd.cli._input import make_data
from skcmkd.cli._pipeline import fit_pipeline
from skcmkd.evaluation._cross_validate import ALONE, DISTILLED, SHUFFLED, TEACHER


@pytest.fixture(scope="module")
def study(path):
    """What was taught in each fold, and the evaluation."""
    cohort = make_data(pd.read_csv(path, index_col=0), "diagnosis", "panel", groups="patient", n_folds=2)
    taught = []

    def watch(cohort, rows, *further):
        lesson = fit_pipeline(cohort, rows, *further)
        taught.append((rows, lesson))
        return lesson

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_evaluation, "fit_pipeline", watch)
        found = evaluate(cohort, "linear", n_folds=2, n_repeats=1, seed=0, n_jobs=1, verbose=False)
    return cohort, taught, found


def test_every_labeled_row_is_held_out_with_its_group(study):
    cohort, taught, found = study
    rows = [rows for rows, _ in taught]
    assert not set(cohort.groups[rows[0]]) & set(cohort.groups[rows[1]])
    assert sorted(np.concatenate(rows)) == list(range(len(cohort.y)))
    assert found.report.to_frame()["n_rows"].to_dict() == {ALONE: 48, DISTILLED: 48, TEACHER: 46, SHUFFLED: 48}
    assert list(found.selections["teacher"]) == [lesson.teacher for _, lesson in taught]
    assert list(found.selections["alpha"]) == list(found.report.alphas_[DISTILLED])


def test_scores_are_those_of_the_fitted_models(study):
    cohort, taught, found = study
    right = pd.Series(0.0, index=range(len(cohort.y)))
    for rows, lesson in taught:
        held_out = np.setdiff1d(np.arange(len(cohort.y)), rows)
        predicted = lesson.distiller.predict(cohort.X.iloc[held_out][cohort.student_columns])
        right[held_out] = (predicted == cohort.y[held_out]).astype(float)
    assert found.report.to_frame().loc[DISTILLED, "accuracy"] == pytest.approx(right.mean())


def test_pairs_of_a_held_out_group_are_not_seen(table):
    table.loc["S003", "diagnosis"] = np.nan
    cohort = make_data(table, "diagnosis", "panel", groups="patient", n_folds=2)
    test = np.flatnonzero(np.isin(cohort.groups, ["1", "2"]))
    seen = []

    def stop(cohort, rows, *further):
        seen.append(cohort.unlabeled.index)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_evaluation, "fit_pipeline", stop)
        with pytest.raises(KeyboardInterrupt):
            predict_fold(cohort, np.setdiff1d(np.arange(len(cohort.y)), test), test, "linear", 0)
    assert list(seen[0]) == [name for name in cohort.unlabeled.index if name != "S003"]


def test_a_continuous_target_is_evaluated_too(table):
    table["dose"] = table["rna_0"].fillna(0) + table["panel_0"]
    cohort = make_data(table.drop(columns="diagnosis"), "dose", "panel", ["rna"], n_folds=2)
    train, test = np.arange(40), np.arange(40, 72)
    answers, choice = predict_fold(cohort, train, test, "linear", 0)
    assert choice["teacher"] == "rna"
    assert all(answers[name].proba is None for name in (ALONE, DISTILLED, TEACHER, SHUFFLED))
    assert np.mean((answers[TEACHER].prediction - cohort.y[answers[TEACHER].rows]) ** 2) < np.var(cohort.y)


def test_a_teacher_that_was_not_kept_keeps_groups_together(path, monkeypatch):
    table = pd.read_csv(path, index_col=0)
    for name in ("rna_0", "rna_1"):
        table[name] = table[name].sample(frac=1, random_state=0).to_numpy()
    cohort = make_data(table, "diagnosis", "panel", groups="patient")
    given, fit = [], GroupLogisticRegressionCV.fit

    def watch(model, X, y, *, groups=None):
        given.append(groups is not None)
        return fit(model, X, y, groups=groups)

    monkeypatch.setattr(GroupLogisticRegressionCV, "fit", watch)
    answers, choice = predict_fold(
        cohort, np.flatnonzero(cohort.groups > "12"), np.flatnonzero(cohort.groups <= "12"), "linear", 0
    )
    assert not choice["kept"]
    assert len(answers[TEACHER].rows)
    assert given
    assert all(given)
