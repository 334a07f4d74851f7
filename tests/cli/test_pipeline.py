from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller, PairedDistillerRegressor, load_student
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.cli import main
from skcmkd.cli._input import make_data
from skcmkd.cli._pipeline import (
    DEFAULT,
    LINEAR,
    NETWORK,
    PENALTIES,
    fit_select_distill,
    make_distiller,
    make_selector,
    make_student,
    make_teacher,
    tune_penalty,
)

COLUMNS = ["panel_0", "panel_1"]


@pytest.mark.parametrize("grouped", [False, True])
def test_the_penalty_is_that_of_a_grid_search(table, grouped):
    data = make_data(table, "diagnosis", "panel", groups="patient")
    X, y, groups = data.X[COLUMNS], data.y, data.groups if grouped else None
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    folds = PredefinedSplit(make_fold_ids(5, y, groups=groups))
    values = PENALTIES[LogisticRegression][1]
    search = GridSearchCV(model, {"logisticregression__C": values}, cv=folds, scoring="neg_log_loss").fit(X, y)
    tuned = tune_penalty(model, X, y, groups)
    assert search.best_params_["logisticregression__C"] == tuned[-1].C
    assert tuned is not model


def test_the_penalty_of_a_continuous_target_is_that_of_a_grid_search(table):
    X, y = table[COLUMNS], table["panel_0"].to_numpy() + np.random.RandomState(0).normal(size=72)
    model = make_pipeline(SimpleImputer(), StandardScaler(), Ridge())
    folds, values = PredefinedSplit(make_fold_ids(5, y, classes=False)), PENALTIES[Ridge][1]
    search = GridSearchCV(model, {"ridge__alpha": values}, cv=folds, scoring="neg_mean_squared_error").fit(X, y)
    assert tune_penalty(model, X, y, None)[-1].alpha == search.best_params_["ridge__alpha"]


def test_a_class_that_some_folds_lack_leaves_a_penalty(table):
    """Of three rows two folds have none, where scikit-learn's own scorer would give NaN."""
    y = np.where(np.arange(72) < 3, "rare", np.where(np.arange(72) % 2, "a", "b"))
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    tuned = tune_penalty(model, table[COLUMNS], y, None)
    assert tuned[-1].C in PENALTIES[LogisticRegression][1]


def test_a_network_has_no_penalty_to_be_tuned(table):
    model = make_student(NETWORK, True, 0)
    assert tune_penalty(model, table[COLUMNS], np.arange(72) % 2, None) is model


def test_kinds_of_models():
    kinds = {
        (LINEAR, True): ("LogisticRegression", "GroupLogisticRegressionCV"),
        (LINEAR, False): ("Ridge", "LeaveOutRidge"),
        (NETWORK, True): ("NetworkClassifier", "NetworkClassifier"),
        (NETWORK, False): ("NetworkRegressor", "NetworkRegressor"),
    }
    for (kind, of_classes), (student, teacher) in kinds.items():
        assert make_student(kind, of_classes, 3)[-1].__class__.__name__ == student
        assert make_teacher(kind, of_classes, 3)[-1].__class__.__name__ == teacher
    assert make_teacher(NETWORK, True, 3)[-1].random_state == 3


def test_the_default_is_the_librarys(monkeypatch):
    """The same function makes both, so that a new default of the library is one of the command line."""
    for of_classes, distiller in ((True, PairedDistiller), (False, PairedDistillerRegressor)):
        expected = distiller()._get_student()
        for make in (make_student, make_teacher):
            model = make(DEFAULT, of_classes, 3)[-1]
            assert type(model) is type(expected)
            assert model.get_params() == expected.set_params(random_state=3).get_params()
    monkeypatch.setattr(PairedDistiller, "_default_student", partial(LogisticRegression, C=0.125))
    assert make_student(DEFAULT, True, 0)[-1].C == make_teacher(DEFAULT, True, 0)[-1].C == 0.125


def test_command_line_and_python_give_the_same_student_on_one_file(table, tmp_path, monkeypatch):
    """The defaults of both, with short training; the table has no empty cell, so that the imputer changes nothing."""
    short = partial(NetworkClassifier, (8,), max_epochs=3, linear_weight=0)
    monkeypatch.setattr(PairedDistiller, "_default_student", short)
    table = table.drop(index=["S001", "S004"])
    table.to_csv(tmp_path / "cohort.csv")
    arguments = ["distill", str(tmp_path / "cohort.csv"), "--label", "diagnosis", "--student", "panel", "--jobs", "1"]
    assert main([*arguments, "--teacher", "rna", "--out", str(tmp_path / "s.skops")]) == 0
    read = pd.read_csv(tmp_path / "cohort.csv", index_col=0)
    modalities = {"panel": COLUMNS, "rna": ["rna_0", "rna_1"]}
    known = read["diagnosis"].notna()
    X, y, pairs = read[known], read["diagnosis"][known], (read[~known],)
    selector = CCHSelector(modalities, "panel", random_state=0).fit(X, y, unlabeled_pairs=pairs)
    distiller = PairedDistiller(student_columns=COLUMNS, random_state=0)
    distiller.fit(selector.transform(X), y, unlabeled_pairs=(selector.transform(read[~known]),))
    student = load_student(tmp_path / "s.skops")
    np.testing.assert_array_equal(student.predict_proba(read[COLUMNS]), distiller.predict_proba(read[COLUMNS]))


def test_the_student_is_tuned_alone_and_then_distilled(table):
    """The same as a distiller whose student is given the penalty; its own parameters stay as they are."""
    data = make_data(table, "diagnosis", "panel", groups="patient")
    params = {"groups": data.groups, "unlabeled_pairs": data.unlabeled_pairs}
    distiller = make_distiller(data, LINEAR, 5, 0).set_params(alpha=0.5)
    before = str(distiller.get_params())
    fitted = clone(distiller).fit(data.X, data.y, **params)
    assert str(fitted.get_params()) == before
    student = tune_penalty(distiller.student, data.X[COLUMNS], data.y, data.groups)
    by_hand = PairedDistiller(**distiller.get_params(deep=False)).set_params(student=student)
    by_hand.fit(data.X, data.y, **params)
    np.testing.assert_array_equal(fitted.predict_proba(data.X), by_hand.predict_proba(data.X))
    assert list(fitted.feature_names_in_) == COLUMNS


def test_a_fit_to_all_rows_uses_pairs(table):
    data = make_data(table, "diagnosis", "panel", groups="patient")
    selector, distiller = fit_select_distill(data, LINEAR, 0, None, 0)
    assert selector.teachers_ == ["rna"]
    assert selector.results_.loc["rna", "n_unlabeled"] == len(data.unlabeled)
    assert data.unlabeled_pairs[1] is data.unlabeled_groups
    without = make_distiller(data, LINEAR, 5, 0).fit(selector.transform(data.X), data.y, groups=data.groups)
    assert (without.alpha_, without.teacher_) == (0, None)
    n_labeled, n_unlabeled = len(data.X), len(data.unlabeled)
    assert distiller.alpha_ == pytest.approx(n_unlabeled / (n_labeled + n_unlabeled))


def test_as_few_groups_as_folds_outside_leave_folds_inside(table):
    data = make_data(
        table.assign(patient=np.random.RandomState(0).randint(4, size=72)),
        "diagnosis",
        "panel",
        groups="patient",
        n_folds=4,
    )
    selector, distiller = fit_select_distill(data, LINEAR, 0, None, 0)
    assert selector.cv == distiller.cv == 4


def test_single_empty_cells_of_a_continuous_targets_teacher(table):
    table["dose"] = 3 * table["rna_0"].fillna(0) + np.random.RandomState(0).normal(size=72)
    table.loc[["S006", "S009", "S060"], "rna_1"] = np.nan
    data = make_data(table.drop(columns="diagnosis"), "dose", "panel", ["rna"], groups="patient")
    selector = make_selector(data, 5, 0).set_params(criterion="added", n_repeats=1, n_subsamples=10)
    selector.fit(data.X, data.y, groups=data.groups)
    assert selector.teachers_ == ["rna"]
    distiller = make_distiller(data, LINEAR, 5, 0).fit(selector.transform(data.X), data.y, groups=data.groups)
    assert np.isfinite(distiller.predict(data.X[data.student_columns])).all()
