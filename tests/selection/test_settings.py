import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from skcmkd.selection._representations import REPRESENTATIONS
from skcmkd.selection._settings import resolve_encoders, resolve_estimators, resolve_n_repeats, resolve_refit

PREDICTIONS, EMBEDDING = (REPRESENTATIONS[name] for name in ("predictions", "embedding"))
CLASSES = np.arange(3)
MODALITIES = {"teacher": slice(0, 4), "student": slice(4, 8)}


def name_of(mi):
    """Name of the function that estimates: itself, or the first argument of a partial."""
    return getattr(mi, "args", [mi])[0].__name__


@pytest.mark.parametrize(
    ("representation", "classes", "name", "coordinates"),
    [
        (PREDICTIONS, CLASSES, "prediction_mutual_information", "probabilities"),
        (PREDICTIONS, None, "gaussian", "values"),
        (EMBEDDING, CLASSES, "ksg", "values"),
        (EMBEDDING, None, "ksg", "values"),
    ],
)
def test_automatic_estimators(representation, classes, name, coordinates):
    estimators, result = resolve_estimators("auto", representation, classes, seed=0)
    assert (name_of(estimators.mi), result) == (name, coordinates)


def test_other_estimators_take_log_ratios_of_probabilities():
    assert resolve_estimators("ksg", PREDICTIONS, CLASSES, seed=0)[1] == "log_ratios"
    H = np.zeros((4, 1))
    assert resolve_estimators((lambda X, Y, *, random_state: 0.5), EMBEDDING, CLASSES, seed=0)[0].mi(H, H) == 0.5


@pytest.mark.parametrize(("representation", "classes"), [(EMBEDDING, CLASSES), (PREDICTIONS, None)])
def test_the_classifier_estimator_needs_class_probabilities(representation, classes):
    with pytest.raises(ValueError, match="'classifier' takes class probabilities only"):
        resolve_estimators("classifier", representation, classes, seed=0)


def test_automatic_refit_is_for_the_fast_encoder_of_a_continuous_target():
    assert resolve_refit("auto", None, PREDICTIONS, None)
    assert not resolve_refit("auto", None, PREDICTIONS, CLASSES)
    assert not resolve_refit("auto", LogisticRegression(), PREDICTIONS, None)
    assert not resolve_refit("auto", None, EMBEDDING, None)
    assert not resolve_refit(False, None, PREDICTIONS, None)
    assert resolve_refit(True, None, EMBEDDING, CLASSES)


def test_automatic_number_of_repeats_is_three_for_few_rows_and_fast_encoders():
    assert resolve_n_repeats("auto", None, PREDICTIONS, False, 999) == 3
    assert resolve_n_repeats("auto", 10, PREDICTIONS, False, 999) == 3
    assert resolve_n_repeats("auto", None, PREDICTIONS, False, 1000) == 1
    assert resolve_n_repeats("auto", KFold(), PREDICTIONS, False, 99) == 1
    assert resolve_n_repeats("auto", None, PREDICTIONS, True, 99) == 1
    assert resolve_n_repeats("auto", None, EMBEDDING, False, 99) == 1
    assert resolve_n_repeats(4, None, EMBEDDING, True, 9999) == 4


def test_one_encoder_for_each_modality():
    model = LogisticRegression(C=0.01, solver="saga")
    encoders, default = resolve_encoders({"teacher": model}, MODALITIES, PREDICTIONS, CLASSES, seed=7)
    assert encoders["teacher"].C == 0.01
    assert encoders["teacher"].random_state == 7
    assert model.random_state is None
    assert encoders["student"].__class__.__name__ == "Pipeline"
    assert default == {"student"}
    assert resolve_encoders(model, MODALITIES, PREDICTIONS, CLASSES, seed=7)[1] == frozenset()


@pytest.mark.parametrize(
    ("encoder", "representation", "message"),
    [
        ({"urine": LogisticRegression()}, PREDICTIONS, "encoder names 'urine', which is not among the modalities"),
        (StandardScaler(), PREDICTIONS, "The encoder StandardScaler of 'teacher' has no predict_proba"),
        (LogisticRegression(), EMBEDDING, "The encoder LogisticRegression of 'teacher' has no transform"),
    ],
)
def test_bad_encoders(encoder, representation, message):
    with pytest.raises(ValueError, match=message):
        resolve_encoders(encoder, MODALITIES, representation, CLASSES, seed=0)
