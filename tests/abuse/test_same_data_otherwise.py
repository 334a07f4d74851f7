"""Results do not depend on the names of classes, the layout in memory, the order of columns, or the container."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from skcmkd import CCHDisplay, GainDisplay, mutual_information

from .tables import cohort, mutual, network, paired, selector, two_tables, unpaired
from .test_any_input import attempt, examples, lay_out

# Names whose order is that of 0, 1, 2, in every supported dtype.
NAMES = {
    "text": np.array(["a", "b", "c"]),
    "text objects": np.array(["", " ", "ä"], dtype=object),
    "negative": np.array([-3, -2, -1]),
    "huge": np.array([2**60, 2**61, 2**62]),
    "unsigned": np.array([2**62, 2**63, 2**63 + 1], dtype="uint64"),
    "floats": np.array([-1.0, 0.0, 7.0]),
    "objects": np.array([1, 2, 3], dtype=object),
    "numpy text": np.array([np.str_("x"), np.str_("y"), np.str_("z")], dtype=object),
}
FITS = {
    "paired": (paired(alpha="auto", class_weight="balanced"), lambda e, S, T, y: e.fit(S, y, X_teacher=T)),
    "paired network": (paired(student=network(), teacher=network()), lambda e, S, T, y: e.fit(S, y, X_teacher=T)),
    "mutual": (mutual(), lambda e, S, T, y: e.fit(S, y, X_teacher=T)),
    "unpaired": (unpaired(), lambda e, S, T, y: e.fit(S, y, teacher_data=(T[::-1], y[::-1]), bridge=(S[:5], T[:5]))),
}


def proba(name, S, T, y):
    estimator, fit = FITS[name]
    fitted = fit(clone(estimator), S, T, y)
    return fitted.predict_proba(S), fitted.predict(S), fitted.classes_


@pytest.mark.parametrize("name", FITS)
def test_classes_of_any_name(name):
    S, T, y = two_tables(3)
    S, T, y = S.to_numpy(), T.to_numpy(), y.to_numpy()
    expected, codes, _ = proba(name, S, T, y)
    for kind, names in NAMES.items():
        renamed, predicted, classes = proba(name, S, T, names[y])
        np.testing.assert_array_equal(renamed, expected, err_msg=kind)
        assert predicted.tolist() == names[codes].tolist()
        assert classes.tolist() == names.tolist()


def test_a_selectors_classes_of_any_name():
    X, y, _ = cohort(3)
    expected = selector().fit(X, y).results_
    for names in (NAMES["text"], NAMES["unsigned"], NAMES["objects"]):
        pd.testing.assert_frame_equal(selector().fit(X, names[y]).results_, expected)


@pytest.mark.parametrize("layout", ["F", "strided", "reversed", "read-only", "list"])
@pytest.mark.parametrize("name", ["paired", "paired network", "unpaired"])
def test_tables_of_any_layout(name, layout):
    S, T, y = two_tables()
    S, T, y = S.to_numpy(), T.to_numpy(), y.to_numpy()
    expected = proba(name, S, T, y)[0]
    tables = [lay_out(table.copy(), layout, "x") for table in (S, T)]
    np.testing.assert_allclose(proba(name, *tables, y)[0], expected, rtol=1e-6)


def test_mutual_information_does_not_depend_on_the_order_of_rows_and_columns():
    S, T, _ = two_tables()
    rows = np.random.RandomState(0).permutation(len(S))
    for estimator in ("gaussian", "ksg"):
        estimates = [
            mutual_information(X, Y, estimator=estimator, n_subsamples=0, random_state=0).value
            for X, Y in ((S, T), (S.iloc[rows, ::-1], T.iloc[rows]), (T, S))
        ]
        np.testing.assert_allclose(estimates, estimates[0], rtol=1e-6)


def test_columns_are_selected_by_name():
    X, y, modalities = cohort()
    fitted = paired(student_columns=modalities["student"]).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X.iloc[:, ::-1]), fitted.predict_proba(X))


cases = st.lists(st.sampled_from([0.0, -1.0, 1e30, -1e30, 1e-30, np.nan, np.inf, 3, "a", None]), max_size=5)


@examples(20)
@given(predicted=cases, gain=cases, metric=st.sampled_from(["gap", "", "$x", "<b>&", "a" * 200]))
def test_gains_are_drawn(predicted, gain, metric):
    display = attempt(lambda: GainDisplay.from_predictions(predicted, gain, metric=metric), predicted, gain)
    if display is not None:
        assert len(display.ax_.get_title()) > 0 or display.ax_.get_xlabel() == metric
        display.figure_.savefig("/dev/null", format="svg") if "$" not in metric else None
    plt.close("all")


def test_modalities_of_any_name_are_drawn():
    X, y, modalities = cohort()
    for name in ("", "<script>alert(1)</script>", "a" * 300, "=1+1", r"$\frac$", "Ω\n", 7):
        fitted = selector(modalities={"student": modalities["student"], name: modalities["teacher"]}).fit(X, y)
        assert fitted.results_.index.tolist() == [name]
        CCHDisplay.from_estimator(fitted).figure_.canvas.draw()
        plt.close("all")
