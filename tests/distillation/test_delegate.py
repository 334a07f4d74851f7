import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from skcmkd import NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._distillation._delegate import (
    ClassifierStudentMixin,
    check_estimator_type,
    clone_or_default,
    resolve_seed,
)


def test_an_integer_seed_is_kept_and_a_generator_draws_one():
    assert resolve_seed(None) is None
    assert resolve_seed(np.int64(7)) == 7
    assert resolve_seed(np.random.RandomState(3)) == resolve_seed(np.random.RandomState(3))


def test_none_is_a_network():
    assert isinstance(clone_or_default(None), NetworkClassifier)
    model = LogisticRegression(C=3)
    copy = clone_or_default(model)
    assert copy is not model
    assert copy.C == 3


@pytest.mark.parametrize("distiller", [PairedDistiller, UnpairedDistiller])
def test_methods_follow_the_student(distiller):
    assert issubclass(distiller, ClassifierStudentMixin)
    assert hasattr(distiller(LogisticRegression()), "decision_function")
    assert not hasattr(distiller(LinearSVC()), "predict_proba")
    assert not hasattr(distiller(), "decision_function")
    with pytest.raises(NotFittedError):
        distiller().predict(np.zeros((2, 2)))


def test_students_of_the_other_kind_of_target():
    check_estimator_type(LogisticRegression(), classes=True)
    check_estimator_type(Ridge(), classes=False)
    with pytest.raises(ValueError, match=r"Ridge is a regressor and y holds classes.*take PairedDistillerRegressor"):
        check_estimator_type(Ridge(), classes=True)
    with pytest.raises(ValueError, match=r"LogisticRegression is a classifier and y is continuous.*PairedDistiller\."):
        check_estimator_type(LogisticRegression(), classes=False)
