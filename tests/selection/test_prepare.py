import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.selection._prepare import prepare_selection


@pytest.fixture(scope="module")
def drawn():
    return make_gaussian_modalities(90, n_classes=3, random_state=0)


def study(drawn, unlabeled_pairs=None, y=None, **settings):
    selector = CCHSelector(drawn.modalities, "student", random_state=0, **settings)
    return prepare_selection(selector, drawn.data, drawn.target if y is None else y, unlabeled_pairs)


def test_unlabeled_rows_are_split_out_to_the_folds(drawn):
    found = study(drawn, (drawn.data.iloc[:13],))
    cohort = found.cohort
    assert cohort.n_labeled == 90
    assert len(cohort.fold_ids) == 103
    np.testing.assert_array_equal(np.bincount(cohort.fold_ids[90:]), [3, 3, 3, 2, 2])
    np.testing.assert_array_equal(cohort.tables["student"][90:], cohort.tables["student"][:13])
    assert np.isfinite(found.repeats[0].views["teacher"].predictions).all()


def test_automatic_choices(drawn):
    classes = study(drawn)
    assert classes.settings.estimators.concatenate.__name__ == "_stack_proba"
    assert not classes.settings.refit
    quantity = study(drawn, y=drawn.data.iloc[:, 0])
    assert quantity.cohort.classes is None
    assert quantity.settings.refit
    assert quantity.settings.estimators.mi.args[0].__name__ == "gaussian"
    assert not study(drawn, y=drawn.data.iloc[:, 0], refit=False).settings.refit
    assert study(drawn, mutual_information="ksg").settings.use_log_ratios


def test_one_encoder_for_each_modality(drawn):
    found = study(drawn, encoder={"teacher": LogisticRegression(C=0.01)})
    assert found.encoders["teacher"].C == 0.01
    assert found.encoders["student"].__class__.__name__ == "Pipeline"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder": {"urine": LogisticRegression()}}, "encoder names 'urine', which is not among the modalities"),
        ({"encoder": StandardScaler()}, "The encoder StandardScaler of 'teacher' has no predict_proba"),
        (
            {"encoder": LogisticRegression(), "representation": "embedding"},
            "The encoder LogisticRegression of 'teacher' has no transform",
        ),
        (
            {"mutual_information": "classifier", "representation": "embedding"},
            "'classifier' measures class probabilities only",
        ),
        ({"mutual_information": "classifier", "y": np.linspace(0, 1, 90)}, "'classifier' measures class prob"),
        ({"unlabeled_pairs": pd.DataFrame({"a": [1]})}, r"must be a tuple \(table,\) of one table.*got a DataFrame"),
        ({"unlabeled_pairs": (pd.DataFrame({"a": [1]}),)}, r"unlabeled_pairs\[0\] must have the columns of X"),
    ],
)
def test_bad_input(drawn, settings, message):
    with pytest.raises(ValueError, match=message):
        study(drawn, **settings)


def test_further_repeats_of_the_same_rows(drawn):
    found = study(drawn, (drawn.data.iloc[:13],), n_repeats=3)
    assert len(found.repeats) == 3
    np.testing.assert_array_equal(found.cohort.fold_ids, study(drawn, (drawn.data.iloc[:13],)).cohort.fold_ids)
    first, second, third = (deal.views["teacher"].predictions for deal in found.repeats)
    assert not np.allclose(first, second)
    assert not np.allclose(second, third)
    again = study(drawn, (drawn.data.iloc[:13],), n_repeats=3)
    np.testing.assert_array_equal(again.repeats[2].views["teacher"].predictions, third)


def test_pairs_of_a_labeled_patient_are_no_further_evidence(drawn):
    n = len(drawn.target)
    further = drawn.data.iloc[:6].reset_index(drop=True)
    patients = [f"P{row}" for row in range(n)]
    selector = CCHSelector(drawn.modalities, "student", random_state=0)
    given = {"groups": patients, "unlabeled_pairs": (further, ["P0", "P1", "X", "X", "Y", "Z"])}
    found = prepare_selection(selector, drawn.data, drawn.target, **given)
    apart = prepare_selection(selector, drawn.data, drawn.target, (further.iloc[2:],), patients)
    for one, other in zip(found.repeats, apart.repeats, strict=True):
        np.testing.assert_array_equal(one.data.fold_ids, other.data.fold_ids)
        for name in drawn.modalities:
            np.testing.assert_array_equal(one.data.tables[name], other.data.tables[name])
    none = prepare_selection(selector, drawn.data, drawn.target, (further.iloc[:2], ["P0", "P1"]), patients)
    assert len(none.cohort.fold_ids) == n
    with pytest.raises(ValueError, match=r"unlabeled_pairs\[1\] names groups and X has none"):
        prepare_selection(selector, drawn.data, drawn.target, given["unlabeled_pairs"])
