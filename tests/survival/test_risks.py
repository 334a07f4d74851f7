import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags

from skcmkd import load_student, save_student
from skcmkd.datasets import make_survival_modalities
from skcmkd.survival import HorizonRisks, horizon_labels

HORIZONS = [0.5, 1.0]


@pytest.fixture(scope="module")
def drawn():
    drawn = make_survival_modalities(150, random_state=0)
    drawn.X = drawn.data[drawn.modalities["student"]]
    return drawn


@pytest.fixture(scope="module")
def students(drawn):
    fitted = []
    for horizon in HORIZONS:
        labels = horizon_labels(drawn.time, drawn.event, horizon)
        model = make_pipeline(SimpleImputer(), LogisticRegression())
        fitted.append(model.fit(drawn.X[labels.known], labels.label[labels.known].astype(int)))
    return fitted


def test_each_column_is_the_risk_by_the_student_of_its_horizon(drawn, students):
    model = HorizonRisks(students, HORIZONS)
    risks = model.predict(drawn.X)
    for student, risk in zip(students, risks.T, strict=True):
        np.testing.assert_array_equal(risk, student.predict_proba(drawn.X)[:, 1])
    assert list(model.feature_names_in_) == list(drawn.X.columns)
    assert model.n_features_in_ == drawn.X.shape[1]
    assert get_tags(model).input_tags.allow_nan


def test_a_file_keeps_it(drawn, students, tmp_path):
    pytest.importorskip("skops")
    model = HorizonRisks(students, HORIZONS)
    save_student(model, tmp_path / "risks.skops")
    loaded = load_student(tmp_path / "risks.skops")
    assert list(loaded.horizons) == HORIZONS
    np.testing.assert_array_equal(loaded.predict(drawn.X), model.predict(drawn.X))


@pytest.mark.parametrize(
    ("horizons", "message"),
    [
        ([1.0, 0.5], r"horizons=\[1.0, 0.5\] must rise, one for each of the 2 students"),
        ([1.0], r"horizons=\[1.0\] must rise, one for each of the 2"),
        ([-1.0, 1.0], r"horizon=-1.0 must be a finite number above 0"),
    ],
)
def test_horizons_at_fault(drawn, students, horizons, message):
    with pytest.raises(ValueError, match=message):
        HorizonRisks(students, horizons).predict(drawn.X)


def test_students_of_other_labels(drawn):
    other = LogisticRegression().fit(drawn.X, np.arange(150) % 3)
    with pytest.raises(ValueError, match=r"horizon=1 has the classes .*Fit it to the labels of horizon_labels"):
        HorizonRisks([other], [1.0]).predict(drawn.X)
