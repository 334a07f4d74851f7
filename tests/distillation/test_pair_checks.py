"""Warnings about what is passed beside X: another scale, labeled rows among the unlabeled, no sample with both."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from skcmkd import CCHSelector, MutualDistiller, NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd._distillation._pair_checks import warn_of_another_scale, warn_of_labeled_rows

BREAST = load_breast_cancer(as_frame=True)
S, T, Y = BREAST.data.iloc[:200, :5], BREAST.data.iloc[:200, 20:25], BREAST.target[:200]
LINEAR = LogisticRegression(max_iter=5000)
NETWORK = NetworkClassifier((2,), max_epochs=1, linear_weight=0, random_state=0)
ONE_TABLE = pd.concat([S, T], axis=1)


@pytest.fixture
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fit_paired(X, unlabeled, X_teacher=T[:100], X_teacher_unlabeled=T[100:], kind=PairedDistiller, model=LINEAR):
    kind(model, model).fit(X, Y[:100], X_teacher=X_teacher, unlabeled_pairs=(unlabeled, X_teacher_unlabeled))


def fit_unpaired(X, unlabeled, name):
    extra = {"unlabeled": (unlabeled,), "bridge": (unlabeled, T[100:])}
    distiller = UnpairedDistiller(LINEAR, LINEAR, alignment="none", check_alignment=False)
    distiller.fit(X, Y[:100], teacher_data=(T[:100], Y[:100]), **{name: extra[name]})


def select(X, unlabeled):
    both, both_unlabeled = (table.join(table.add_prefix("teacher ")) for table in (X, unlabeled))
    teacher = [f"teacher {name}" for name in S]
    selector = CCHSelector({"student": list(S), "teacher": teacher}, "student", cv=3, n_repeats=1, n_subsamples=2)
    selector.fit(both, Y[:100], unlabeled_pairs=(both_unlabeled,))


FITS = {
    "paired": (fit_paired, r"unlabeled_pairs\[0\]"),
    "mutual": (lambda *tables: fit_paired(*tables, kind=MutualDistiller, model=NETWORK), r"unlabeled_pairs\[0\]"),
    "unlabeled": (lambda *tables: fit_unpaired(*tables, "unlabeled"), r"unlabeled\[0\]"),
    "bridge": (lambda *tables: fit_unpaired(*tables, "bridge"), r"bridge\[0\]"),
    "selector": (select, r"unlabeled_pairs\[0\]"),
}


@pytest.mark.parametrize("case", FITS)
def test_pairs_on_another_scale_than_x_are_a_warning(case):
    fit, name = FITS[case]
    scaled = StandardScaler().set_output(transform="pandas").fit_transform(S[:100])
    message = f"{name} has another scale than X: column 'mean radius'.* columns differ that much.*put the scaler inside"
    with pytest.warns(UserWarning, match=message) as caught:
        fit(scaled, S[100:])
    assert caught[0].filename == __file__


def test_the_teachers_pairs_on_another_scale_are_a_warning():
    scaled = T[100:] / 100
    with pytest.warns(UserWarning, match=r"unlabeled_pairs\[1\] has another scale than X_teacher: column 'worst"):
        fit_paired(S[:100], S[100:], X_teacher_unlabeled=scaled)


def test_a_scaler_before_the_distiller_is_a_warning_and_inside_the_student_is_none(no_warning):
    distiller = PairedDistiller(LINEAR, LINEAR, student_columns=list(S))
    pipeline = make_pipeline(StandardScaler(), distiller).set_output(transform="pandas")
    with pytest.warns(UserWarning, match="as in a Pipeline with set_output"):
        pipeline.fit(ONE_TABLE[:100], Y[:100], paireddistiller__unlabeled_pairs=(ONE_TABLE[100:],))
    inside = make_pipeline(StandardScaler(), LINEAR)
    PairedDistiller(inside, inside, student_columns=list(S)).fit(
        ONE_TABLE[:100], Y[:100], unlabeled_pairs=(ONE_TABLE[100:],)
    )


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
def test_scales_of_other_scalers(scaler):
    scaled = scaler.fit_transform(BREAST.data[:100])
    with pytest.warns(UserWarning, match="another scale"):
        warn_of_another_scale(scaled, BREAST.data[100:].to_numpy(), "other")


def test_samples_of_one_kind_are_no_warning(no_warning):
    rng = np.random.RandomState(0)
    for n_rows, n_columns in ((20, 1), (20, 2), (20, 5), (25, 50), (200, 1)):
        for _ in range(25):
            for draw in (rng.normal, rng.standard_cauchy, rng.standard_exponential, rng.lognormal):
                X, other = draw(size=(n_rows, n_columns)), draw(size=(300, n_columns))
                warn_of_another_scale(X, other, "other")
    # A shift of some columns, or of all by a standard deviation, is one of samples.
    X, other = rng.normal(size=(50, 10)), rng.normal(size=(50, 10))
    warn_of_another_scale(X, other + 1, "other")
    warn_of_another_scale(X, other * np.where(np.arange(10) < 4, 100, 1), "other")


def test_tables_without_a_scale_are_not_compared(no_warning):
    few, many = np.full((5, 2), 7.0), np.random.RandomState(0).normal(size=(100, 2))
    constant, missing = np.ones((30, 2)), np.full((30, 2), np.nan)
    for other in (few, constant, missing):
        warn_of_another_scale(many, other, "other")
        warn_of_another_scale(other, many, "other")
    text = pd.DataFrame({"a": ["x"] * 30})
    warn_of_another_scale(text, text, "other")
    warn_of_another_scale(csr_array(many), csr_array(many * 100), "other")


def ids(table):
    return table.set_axis("p" + table.index.astype(str))


def test_labeled_rows_among_the_pairs_are_a_warning():
    X, T_labeled, everything, everything_T = (ids(table) for table in (S[:100], T[:100], S[80:], T[80:]))
    with pytest.warns(UserWarning, match=r"20 rows of unlabeled_pairs\[0\] are rows of X.*such as 'p8") as caught:
        PairedDistiller(LINEAR, LINEAR).fit(
            X, Y[:100].to_numpy(), X_teacher=T_labeled, unlabeled_pairs=(everything, everything_T)
        )
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"20 rows of unlabeled_pairs\[0\] are rows of X"):
        select_ids(X.join(T_labeled), everything.join(everything_T))


def test_a_bridge_may_hold_rows_of_both_cohorts():
    """Samples measured both ways are often part of a cohort."""
    distiller = UnpairedDistiller(LINEAR, LINEAR, alignment="none", check_alignment=False)
    cohorts = {"teacher_data": (ids(T[:100]), Y[:100].to_numpy()), "bridge": (ids(S[80:200]), ids(T[80:200]))}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        distiller.fit(ids(S[180:]), Y[180:].to_numpy(), **cohorts)


def select_ids(both, unlabeled):
    selector = CCHSelector({"student": list(S), "teacher": list(T)}, "student", cv=3, n_repeats=1, n_subsamples=2)
    selector.fit(both, Y[:100].to_numpy(), unlabeled_pairs=(unlabeled,))


def test_row_numbers_need_the_values_of_every_shared_row():
    with pytest.warns(UserWarning, match="100 rows of other are rows of X"):
        warn_of_labeled_rows(S[:100], S, "other")
    with pytest.warns(UserWarning, match="3 rows of other are rows of X"):
        warn_of_labeled_rows(S.iloc[[5, 1, 9]], S, "other")


def test_other_rows_of_the_same_labels_are_no_warning(no_warning):
    warn_of_labeled_rows(S[:100], S[100:].reset_index(drop=True), "other")
    warn_of_labeled_rows(S[:2], S, "other")
    # The same patients on another day, and tables without labels.
    warn_of_labeled_rows(ids(S[:100]), ids(S[:100]) + 1, "other")
    warn_of_labeled_rows(S.to_numpy(), S.to_numpy(), "other")
    warn_of_labeled_rows(ids(S), S, "other")
    binary = pd.DataFrame(np.random.RandomState(0).randint(2, size=(40, 2)))
    warn_of_labeled_rows(binary, binary.sample(frac=1, random_state=0).reset_index(drop=True), "other")
    repeated = ids(S[:3]).set_axis(["a", "a", "b"]).assign(**{"mean radius": pd.array([1, None, 3], dtype="Int64")})
    warn_of_labeled_rows(repeated[:2], repeated[:2], "other")


def test_pairs_without_the_teachers_cells_are_named():
    message = r"None of the 100 samples of unlabeled_pairs has both modalities: .* in 0, the teacher's in 100"
    with pytest.warns(UserWarning, match=message) as caught:
        fit_paired(S[:100], S[100:], X_teacher_unlabeled=T[100:] * np.nan)
    assert not [w for w in caught if "All rows have a label" in str(w.message)]
    with pytest.warns(UserWarning, match="None of the 100 samples of bridge has both modalities"):
        UnpairedDistiller(LINEAR, LINEAR, alignment="none", check_alignment=False).fit(
            S[:100], Y[:100], teacher_data=(T[:100], Y[:100]), bridge=(S[100:] * np.nan, T[100:])
        )
