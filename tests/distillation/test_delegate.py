import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from skcmkd import NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._distillation._delegate import ClassifierStudentMixin, clone_or_default, resolve_seed


def test_seed_of_keeps_what_the_user_gave():
    assert resolve_seed(None) is None
    assert resolve_seed(np.int64(7)) == 7
    assert resolve_seed(np.random.RandomState(3)) == resolve_seed(np.random.RandomState(3))


def test_a_network_stands_in_for_none():
    assert isinstance(clone_or_default(None), NetworkClassifier)
    given = LogisticRegression(C=3)
    copy = clone_or_default(given)
    assert copy is not given
    assert copy.C == 3


@pytest.mark.parametrize("distiller", [PairedDistiller, UnpairedDistiller])
def test_methods_follow_the_student(distiller):
    assert issubclass(distiller, ClassifierStudentMixin)
    assert hasattr(distiller(LogisticRegression()), "decision_function")
    assert not hasattr(distiller(LinearSVC()), "predict_proba")
    assert not hasattr(distiller(), "decision_function")
    with pytest.raises(NotFittedError):
        distiller().predict(np.zeros((2, 2)))
