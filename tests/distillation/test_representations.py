import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from skcmkd import NetworkClassifier
from skcmkd._distillation._representations import choose_representation, teacher_representation
from skcmkd._model_selection._probabilities import centered_log_ratio


@pytest.fixture(scope="module")
def teacher_rows():
    rng = np.random.RandomState(0)
    y = np.array(list("abcd") * 15)
    return rng.normal(size=(60, 5)) + np.eye(4, 5)[np.arange(60) % 4] * 2, y


def test_representation_is_the_output_of_the_method(teacher_rows):
    X, y = teacher_rows
    knn = KNeighborsClassifier().fit(X, y)
    np.testing.assert_allclose(
        teacher_representation(knn, X, "predict_proba"), centered_log_ratio(knn.predict_proba(X))
    )
    svc = SVC().fit(X[y < "c"], y[y < "c"])
    score = svc.decision_function(X)
    np.testing.assert_allclose(teacher_representation(svc, X, "decision_function"), np.column_stack([-score, score]))


def test_representation_with_missing_values_is_refused(teacher_rows):
    X, _ = teacher_rows
    teacher = FunctionTransformer(lambda rows: np.where(rows == rows.max(), np.nan, rows))
    with pytest.raises(
        ValueError, match=r"FunctionTransformer.transform gave NaN or infinity for 1 of 60 rows.*set rep"
    ):
        teacher_representation(teacher, X, "transform")


def test_choice_of_representation():
    assert choose_representation(NetworkClassifier(), "auto") == "transform"
    assert choose_representation(LogisticRegression(), "auto") == "decision_function"
    assert choose_representation(KNeighborsClassifier(), "auto") == "predict_proba"
    assert choose_representation(LogisticRegression(), "predict_proba") == "predict_proba"


def test_representation_that_the_teacher_does_not_have():
    with pytest.raises(ValueError, match=r"KNeighborsClassifier has no transform to .* it has predict_proba\. Set rep"):
        choose_representation(KNeighborsClassifier(), "transform")
    with pytest.raises(ValueError, match=r"StandardScaler has no predict_proba .* it has transform"):
        choose_representation(StandardScaler(), "predict_proba")
    with pytest.raises(ValueError, match=r"has no transform or decision_function or predict_proba .* none of those"):
        choose_representation(object(), "auto")
