import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector, MutualDistiller, NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd.evaluation._estimators import (
    check_estimator,
    make_fused_model,
    make_paired_models,
    make_unpaired_models,
)
from skcmkd.evaluation._input import check_report_data

RANDOM = np.random.RandomState(0)
TABLE, LABELS = RANDOM.rand(12, 5), np.arange(12) % 2
FROZEN = FrozenEstimator(LogisticRegression().fit(TABLE, LABELS))


def paired_models(estimator, X, X_teacher=None, unlabeled_pairs=None):
    data = check_report_data(PairedDistiller(), X, LABELS, None, None)
    return make_paired_models(estimator, data, X_teacher, unlabeled_pairs, None)


def test_both_forms_give_the_same_tables():
    two = paired_models(PairedDistiller(), TABLE[:, :2], TABLE[:, 2:]).tables()
    one = paired_models(PairedDistiller(student_columns=[0, 1]), TABLE).tables()
    for tables in (one, two):
        np.testing.assert_array_equal(tables.X, TABLE[:, :2])
        np.testing.assert_array_equal(tables.X_teacher, TABLE[:, 2:])


@pytest.mark.parametrize("form", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_a_missing_teacher_is_explained_by_what_was_set(form):
    student = form(TABLE[:, :2])
    with pytest.raises(ValueError, match=r"no teacher's table.*Give X_teacher, or set the distiller's student_columns"):
        paired_models(PairedDistiller(), student)
    with pytest.raises(ValueError, match="the selector before it kept no teacher") as caught:
        paired_models(PairedDistiller(student_columns=[0, 1]), student)
    assert "set the distiller's student_columns" not in str(caught.value)
    with pytest.raises(ValueError, match=r"no teacher's table.*Give X_teacher"):
        paired_models(make_pipeline(StandardScaler(), PairedDistiller()), student)
    data = check_report_data(UnpairedDistiller(), student, LABELS, None, None)
    with pytest.raises(ValueError, match=r"There is no teacher's cohort.*Give teacher_data=\(X_teacher, y_teacher\)"):
        make_unpaired_models(UnpairedDistiller(), data, None, (student,), None)


def test_teacher_rows_of_other_samples_are_refused():
    X = pd.DataFrame(TABLE[:, :2], index=[f"sample {i}" for i in range(12)])
    with pytest.raises(ValueError, match="in another order"):
        paired_models(PairedDistiller(), X, pd.DataFrame(TABLE[:, 2:], index=X.index[::-1]))


def test_unlabeled_pairs_must_pass_the_steps_before():
    selector = CCHSelector({"a": [0, 1], "b": [2, 3, 4]}, "a")
    steps = [("select", selector), ("distill", PairedDistiller(student_columns=[0, 1]))]
    with pytest.raises(ValueError, match=r"Set transform_input=\['unlabeled_pairs'\]"):
        paired_models(Pipeline(steps), TABLE, unlabeled_pairs=(TABLE,))
    with pytest.raises(ValueError, match=r"names 'X_teacher'.*Put other transformers into the teacher's own pipeline"):
        paired_models(Pipeline(steps, transform_input=["X_teacher"]), TABLE)


class NoScores(BaseEstimator):
    """Has the parameters of a distiller."""

    def __init__(self, student=None, teacher=None, teacher_columns=None, alpha=0.5):
        self.student = student
        self.teacher = teacher
        self.teacher_columns = teacher_columns
        self.alpha = alpha

    def fit(self, X, y, X_teacher=None):
        return self


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (PairedDistiller, r"got the class PairedDistiller: write brackets, \(\)"),
        (LogisticRegression(), "LogisticRegression has no parameter 'student'. Give a PairedDistiller"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "LogisticRegression has no parameter 'student'"),
        (
            MutualDistiller(),
            "MutualDistiller has no parameter 'teacher_columns'.*a Pipeline that ends in one, or an Unpaired",
        ),
        (object(), "object has no parameter 'student'"),
        (make_pipeline(StandardScaler(), UnpairedDistiller()), "would transform X alone.*student's own pipeline"),
        (NoScores(), "NoScores is neither a classifier nor a regressor"),
    ],
    ids=["class", "model", "pipeline", "mutual", "object", "unpaired behind a step", "no scores"],
)
def test_other_estimators_are_refused(estimator, message):
    with pytest.raises(ValueError, match=message):
        check_estimator(estimator)


def test_the_fused_model():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=3))
    fused = make_fused_model("teacher", PairedDistiller(teacher=pipeline))
    assert fused is not pipeline
    assert fused.get_params()["logisticregression__C"] == 3
    network = make_fused_model("teacher", PairedDistiller(random_state=3))
    assert isinstance(network, NetworkClassifier)
    assert network.random_state == 3
    both = {"teacher": pipeline, "teacher_input": "both"}
    dict_of = {"teacher": {"a": pipeline}, "teacher_columns": {"a": [0, 2]}}
    for params in ({"teacher": FROZEN}, both, dict_of):
        assert make_fused_model("teacher", PairedDistiller(**params)) is None
    assert isinstance(make_fused_model(Ridge(), PairedDistiller(teacher=FROZEN)), Ridge)
