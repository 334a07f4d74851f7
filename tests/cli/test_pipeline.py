import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.cli._input import make_data
from skcmkd.cli._pipeline import LINEAR, NETWORK, PENALTIES, fit_pipeline, make_student, make_teacher, tune_penalty


@pytest.mark.parametrize("grouped", [False, True])
def test_the_penalty_is_that_of_a_grid_search(table, grouped):
    cohort = make_data(table, "diagnosis", "panel", groups="patient")
    X, y, groups = cohort.X[["panel_0", "panel_1"]], cohort.y, cohort.groups if grouped else None
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    folds = PredefinedSplit(make_fold_ids(5, y, groups=groups))
    values = PENALTIES[LogisticRegression][1]
    search = GridSearchCV(model, {"logisticregression__C": values}, cv=folds, scoring="neg_log_loss").fit(X, y)
    tuned = tune_penalty(model, X, y, cohort.classes, groups)
    assert search.best_params_["logisticregression__C"] == tuned[-1].C


def test_the_penalty_of_a_continuous_target_is_that_of_a_grid_search(table):
    X, y = table[["panel_0", "panel_1"]], table["panel_0"].to_numpy() + np.random.RandomState(0).normal(size=72)
    model = make_pipeline(SimpleImputer(), StandardScaler(), Ridge())
    folds, values = PredefinedSplit(make_fold_ids(5, y, classes=False)), PENALTIES[Ridge][1]
    search = GridSearchCV(model, {"ridge__alpha": values}, cv=folds, scoring="neg_mean_squared_error").fit(X, y)
    assert tune_penalty(model, X, y, None, None)[-1].alpha == search.best_params_["ridge__alpha"]


def test_kinds_of_models(table):
    cohort = make_data(table, "diagnosis", "panel")
    X = cohort.X[cohort.student_columns]
    kinds = {
        (LINEAR, True): ("LogisticRegression", "GroupLogisticRegressionCV"),
        (LINEAR, False): ("Ridge", "LeaveOutRidge"),
        (NETWORK, True): ("NetworkClassifier", "NetworkClassifier"),
        (NETWORK, False): ("NetworkRegressor", "NetworkRegressor"),
    }
    for (kind, of_classes), (student, teacher) in kinds.items():
        y, classes = (cohort.y, cohort.classes) if of_classes else (X["panel_0"].to_numpy(), None)
        assert make_student(kind, X, y, classes, None, 3)[-1].__class__.__name__ == student
        made = make_teacher(kind, of_classes, 3)
        assert (made[-1] if hasattr(made, "steps") else made).__class__.__name__ == teacher
    assert make_teacher(NETWORK, True, 3)[-1].random_state == 3


def test_a_training_data_uses_pairs_and_repeats(table):
    cohort = make_data(table, "diagnosis", "panel", groups="patient")
    rows = np.arange(len(cohort.y))
    lesson = fit_pipeline(cohort, rows, LINEAR, 0)
    assert lesson.teacher == "rna"
    assert lesson.selector.results_.loc["rna", "n_unlabeled"] == len(cohort.unlabeled)
    assert list(lesson.distiller.feature_names_in_) == ["panel_0", "panel_1"]
    assert lesson.fit_params["unlabeled_pairs"][1] is cohort.unlabeled_groups
    again = lesson.refit(lesson.distiller.alpha_, lesson.table, lesson.fit_params["unlabeled_pairs"])
    held_out = cohort.unlabeled[cohort.student_columns]
    np.testing.assert_array_equal(again.predict_proba(held_out), lesson.distiller.predict_proba(held_out))


def test_as_few_groups_as_folds_outside_leave_folds_inside(table):
    cohort = make_data(table.assign(patient=np.arange(72) % 5), "diagnosis", "panel", groups="patient")
    rows = np.flatnonzero(cohort.groups != "0")
    lesson = fit_pipeline(cohort.exclude_groups(np.array(["0"])), rows, LINEAR, 0)
    assert lesson.selector.cv == lesson.distiller.cv == 4


def test_single_empty_cells_of_a_continuous_targets_teacher(table):
    table["dose"] = 3 * table["rna_0"].fillna(0) + np.random.RandomState(0).normal(size=72)
    table.loc[["S006", "S009", "S060"], "rna_1"] = np.nan
    cohort = make_data(table.drop(columns="diagnosis"), "dose", "panel", ["rna"], groups="patient")
    lesson = fit_pipeline(cohort, np.arange(len(cohort.y)), LINEAR, 0)
    assert lesson.selector.teachers_ == ["rna"]
    assert np.isfinite(lesson.distiller.predict(cohort.X[cohort.student_columns])).all()
