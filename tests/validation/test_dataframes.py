import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skcmkd import (
    CCHSelector,
    DistillationReport,
    MutualDistiller,
    NetworkClassifier,
    PairedDistiller,
    PairedDistillerRegressor,
    UnpairedDistiller,
    cch_matrix,
)
from skcmkd._validation._dataframes import as_pandas, to_output_container
from skcmkd.datasets import make_gaussian_modalities

pl = pytest.importorskip("polars")


# One kind of DataFrame


def test_polars_columns_become_pandas_columns():
    days = pd.date_range("2020-01-01", periods=3).to_pydatetime().tolist()
    frame = pl.DataFrame(
        {
            "whole": [1, 2, None],
            "exact": [1, 2, 3],
            "real": [0.5, None, float("nan")],
            "yes": [True, None, False],
            "no": [True, False, True],
            "text": ["a", None, "b"],
            "kind": pl.Series(["u", None, "v"], dtype=pl.Categorical),
            "grade": pl.Series(["low", "high", None], dtype=pl.Enum(["low", "mid", "high"])),
            "price": pl.Series(["1.5", None, "2.5"]).cast(pl.Decimal(10, 2)),
            "day": days,
        }
    )
    table = as_pandas(frame)
    assert list(table) == frame.columns
    np.testing.assert_array_equal(table["whole"], [1, 2, np.nan])
    assert table["exact"].dtype == np.int64
    np.testing.assert_array_equal(table["real"], [0.5, np.nan, np.nan])
    assert table["yes"].isna().tolist() == [False, True, False]
    assert table["no"].dtype == bool
    assert table["text"].tolist() == ["a", None, "b"] or table["text"].isna().tolist() == [False, True, False]
    assert list(table["kind"].cat.categories) == ["u", "v"]
    assert list(table["grade"].cat.categories) == ["low", "mid", "high"]
    np.testing.assert_array_equal(table["price"], [1.5, np.nan, 2.5])
    assert table["day"].dtype.kind == "M"


def test_floats_go_through_at_once():
    values = np.random.RandomState(0).normal(size=(5, 3)).astype("float32")
    table = as_pandas(pl.DataFrame(values, schema=["a", "b", "c"]))
    assert (table.dtypes == np.float32).all()
    np.testing.assert_array_equal(table, values)


def test_pandas_stays_and_unknown_frames_are_refused():
    frame = pd.DataFrame({"a": [1]})
    assert as_pandas(frame) is frame
    with pytest.raises(TypeError, match=r"X_teacher is a polars\.LazyFrame.*Call X_teacher\.collect\(\) first"):
        as_pandas(pl.LazyFrame({"a": [1]}), "X_teacher")

    class Strange:
        columns = ("a",)

    with pytest.raises(TypeError, match=r"X is a .*Strange: give a DataFrame of pandas or polars, or an array\.$"):
        as_pandas(Strange())


def test_arrow_tables():
    arrow = pytest.importorskip("pyarrow")
    pd.testing.assert_frame_equal(as_pandas(arrow.table({"a": [1.0, 2.0]})), pd.DataFrame({"a": [1.0, 2.0]}))


def test_containers():
    names, values = np.array(["a", "b"]), np.arange(4.0).reshape(2, 2)
    frames = {"pandas": pd.DataFrame(values, columns=names), "polars": pl.DataFrame(values, schema=["a", "b"])}
    for table in (values, *frames.values()):
        assert to_output_container(table, names, "default") is table
        for requested, expected in frames.items():
            result = to_output_container(table, names, requested)
            assert type(result) is type(expected)
            assert result.equals(expected)


def test_polars_output_without_polars(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="needs the package polars"):
        to_output_container(np.ones((1, 1)), np.array(["a"]), "polars")


# Every estimator


@pytest.fixture(scope="module")
def drawn():
    signal = {"student": 0.4, "teacher": 0.9}
    return make_gaussian_modalities(120, specific_signal=signal, n_noise=1, random_state=0)


def linear():
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())


def brief_network():
    return NetworkClassifier((4,), max_epochs=2, linear_weight=0)


def with_imputer(model):
    return make_pipeline(SimpleImputer(), model)


def both_kinds(drawn):
    """Tables of the student and the teacher, the label and the groups, of pandas and of polars."""
    student, teacher = (drawn.data[drawn.modalities[name]].reset_index(drop=True) for name in ("student", "teacher"))
    teacher.loc[3::7] = np.nan
    y = pd.Series(np.where(drawn.target, "ill", "well"))
    groups = pd.Series(np.arange(len(y)) // 2)
    yield student, teacher, y, groups
    yield (
        pl.DataFrame(student.to_dict("list")),
        pl.DataFrame(teacher.to_dict("list")),
        *(pl.Series(values.to_list()) for values in (y, groups)),
    )


ROWS = slice(0, 80)
REST = slice(80, 120)
TWO_TABLES = {
    "paired": (PairedDistiller(linear(), linear(), alpha=0.5, cv=3, random_state=0), True),
    "network": (PairedDistiller(brief_network(), linear(), alpha=0.5, cv=3, random_state=0), True),
    "mutual": (
        MutualDistiller(brief_network(), make_pipeline(SimpleImputer(), brief_network()), random_state=0),
        False,
    ),
}


@pytest.mark.parametrize(("distiller", "takes_groups"), TWO_TABLES.values(), ids=TWO_TABLES)
def test_polars_gives_the_predictions_of_pandas(drawn, distiller, takes_groups):
    results = []
    for X, T, y, groups in both_kinds(drawn):
        options = {"groups": groups[ROWS]} if takes_groups else {}
        fitted = clone(distiller).fit(
            X[ROWS], y[ROWS], X_teacher=T[ROWS], unlabeled_pairs=(X[REST], T[REST]), **options
        )
        assert list(fitted.feature_names_in_) == list(X.columns)
        results.append(fitted.predict_proba(X))
        np.testing.assert_array_equal(fitted.student_.predict_proba(X), results[-1])
    np.testing.assert_array_equal(*results)


def test_polars_in_one_table_with_missing_teachers_columns(drawn):
    results = []
    for X, T, y, _ in both_kinds(drawn):
        both = pl.concat([X, T], how="horizontal") if isinstance(X, pl.DataFrame) else pd.concat([X, T], axis=1)
        fitted = PairedDistiller(linear(), linear(), student_columns=list(X.columns), cv=3, random_state=0)
        fitted.fit(both[ROWS], y[ROWS], unlabeled_pairs=(both[REST],))
        np.testing.assert_array_equal(fitted.predict_proba(both), fitted.predict_proba(X))
        results.append(fitted.predict_proba(X))
    np.testing.assert_array_equal(*results)


def test_polars_continuous_targets(drawn):
    results = []
    for X, T, _, _ in both_kinds(drawn):
        fitted = PairedDistillerRegressor(Ridge(), with_imputer(Ridge()), cv=3, random_state=0)
        y = X[X.columns[0]] + X[X.columns[1]]
        fitted.fit(X[ROWS], y[ROWS], X_teacher=T[ROWS], unlabeled_pairs=(X[REST], T[REST]))
        results.append(fitted.predict(X))
    np.testing.assert_array_equal(*results)


def test_polars_cohorts(drawn):
    results = []
    for X, T, y, _ in both_kinds(drawn):
        fitted = UnpairedDistiller(brief_network(), linear(), random_state=0, alpha=0.5)
        fitted.fit(X[ROWS], y[ROWS], teacher_data=(T[REST], y[REST]), unlabeled=(X[REST],), bridge=(X[:9], T[:9]))
        results.append(fitted.predict_proba(X))
    np.testing.assert_array_equal(*results)


def selector_of(drawn):
    modalities = {name: drawn.modalities[name] for name in ("student", "teacher")}
    return CCHSelector(
        modalities, "student", criterion="advantage", n_subsamples=4, confidence=0.5, cv=3, random_state=0
    )


def tables_of(drawn):
    """One table, the student's part of it, and the label."""
    for X, T, y, _ in both_kinds(drawn):
        yield (pl.concat([X, T], how="horizontal") if isinstance(X, pl.DataFrame) else pd.concat([X, T], axis=1)), X, y


def test_selector_gives_the_kind_of_its_input_or_the_requested_one(drawn):
    results = []
    for both, student_X, y in tables_of(drawn):
        fitted = selector_of(drawn).fit(both[ROWS], y[ROWS], unlabeled_pairs=(both[REST],))
        results.append(fitted.results_)
        assert type(fitted.transform(both)) is type(both)
        assert list(fitted.transform(student_X).columns) == list(student_X.columns)
        for requested, kind in (("polars", pl.DataFrame), ("pandas", pd.DataFrame), ("default", type(both))):
            fitted.set_output(transform=requested)
            assert fitted.teachers_ == ["teacher"]
            assert isinstance(fitted.transform(both), kind)
            assert isinstance(fitted.transform(student_X), kind)
            assert list(fitted.transform(both).columns) == list(fitted.get_feature_names_out())
        with sklearn.config_context(transform_output="polars"):
            copied = clone(selector_of(drawn).set_output(transform="pandas")).fit(both, y)
            assert isinstance(copied.transform(both), pd.DataFrame)
            del copied._sklearn_output_config
            assert isinstance(copied.transform(both), pl.DataFrame)
    pd.testing.assert_frame_equal(*results)


def test_polars_between_the_steps_of_a_pipeline(drawn):
    results = []
    for both, student_X, y in tables_of(drawn):
        student = linear().set_output(transform="polars")
        distill = PairedDistiller(student, linear(), student_columns=list(student_X.columns), cv=3, random_state=0)
        with sklearn.config_context(enable_metadata_routing=True):
            distill.set_fit_request(unlabeled_pairs=True)
            select = selector_of(drawn).set_output(transform="polars").set_fit_request(unlabeled_pairs=False)
            pipeline = Pipeline([("select", select), ("distill", distill)], transform_input=["unlabeled_pairs"])
            pipeline.fit(both[ROWS], y[ROWS], unlabeled_pairs=(both[REST],))
            results.append(pipeline.predict_proba(both))
    np.testing.assert_array_equal(*results)


def test_searches_and_folds_split_polars(drawn):
    scores = []
    for X, T, y, _ in both_kinds(drawn):
        with sklearn.config_context(enable_metadata_routing=True):
            distiller = PairedDistiller(linear(), linear(), alpha=0.5, cv=3, random_state=0)
            distiller.set_fit_request(X_teacher=True)
            search = GridSearchCV(distiller, {"alpha": [0.2, 0.8]}, cv=2).fit(X, y, X_teacher=T)
            scores.append(
                [
                    *search.cv_results_["mean_test_score"],
                    *cross_val_score(distiller.set_params(alpha="auto"), X, y, cv=2),
                ]
            )
    assert scores[0] == scores[1]


def test_matrix_and_report_of_polars(drawn):
    matrices, scores = [], []
    for both, student_X, y in tables_of(drawn):
        matrices.append(cch_matrix(selector_of(drawn).set_params(n_subsamples=2), both, y))
        distiller = PairedDistiller(
            linear(), linear(), alpha=0.5, student_columns=list(student_X.columns), random_state=0
        )
        scores.append(DistillationReport.from_estimator(distiller, both, y, cv=3, random_state=0).row_scores_)
    pd.testing.assert_frame_equal(*matrices)
    pd.testing.assert_frame_equal(*scores)


def test_network_gives_polars(drawn):
    X, _, y, _ = list(both_kinds(drawn))[1]
    network = brief_network().set_output(transform="polars").fit(X, y)
    features = network.transform(X)
    assert isinstance(features, pl.DataFrame)
    assert features.columns == list(network.get_feature_names_out())


# Columns that do not hold numbers


def column(kind, rng, n):
    values = rng.normal(size=n)
    return {
        "Int64": lambda: pd.array(np.where(values > 1, None, np.round(values)), dtype="Int64"),
        "Float64": lambda: pd.array(np.where(values > 1, None, values), dtype="Float64"),
        "boolean": lambda: pd.array(np.where(values > 1, None, values > 0), dtype="boolean"),
        "object": lambda: pd.Series(np.where(values > 1, None, values), dtype=object),
    }[kind]()


@pytest.mark.parametrize("kind", ["Int64", "Float64", "boolean", "object"])
def test_nullable_columns_give_the_predictions_of_floats(kind):
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": column(kind, rng, 90), "b": rng.normal(size=90)})
    T = pd.DataFrame({"c": column(kind, rng, 90), "d": rng.normal(size=90)})
    y = (T["d"] + X["b"] > 0).to_numpy()
    results = []
    for convert in (
        lambda table: table,
        lambda table: table.apply(lambda values: pd.to_numeric(values).to_numpy(dtype="float64", na_value=np.nan)),
    ):
        student_X, teacher_X = convert(X), convert(T)
        distiller = PairedDistiller(linear(), linear(), alpha=0.5, cv=3, random_state=0).fit(
            student_X, y, X_teacher=teacher_X
        )
        selector = CCHSelector({"s": ["a", "b"], "t": ["c", "d"]}, "s", n_subsamples=2, cv=3, random_state=0)
        selector.fit(pd.concat([student_X, teacher_X], axis=1), y)
        results.append((distiller.predict_proba(student_X), selector.results_.select_dtypes("number").to_numpy()))
    for nullable, floats in zip(*results, strict=True):
        np.testing.assert_array_equal(nullable, floats)
    for options in ({"student": LogisticRegression()}, {"teacher": LogisticRegression()}):
        with pytest.raises(ValueError, match=r"contains NaN: \d+ values, the first in column '[ac]'.*imputer first"):
            PairedDistiller(**{"student": linear(), "teacher": linear(), "alpha": 0.5} | options).fit(X, y, X_teacher=T)


NOT_NUMBERS = {
    "category": (lambda n: pd.Categorical(np.where(np.arange(n) % 3, "a", "b")), "Column 'x' of .*holds 'b'.*OneHot"),
    "str": (lambda n: pd.Series(np.where(np.arange(n) % 3, "a", "b")), "Column 'x' of .*holds 'b'.*OneHotEncoder"),
    "date": (lambda n: pd.date_range("2020", periods=n), r"Column 'x' of .*datetime64.*not numbers\. Turn it into"),
    "period": (lambda n: pd.period_range("2020", periods=n, freq="D"), r"Column 'x' of .*period\[D\].*leave it out"),
}


@pytest.mark.parametrize(("make", "message"), NOT_NUMBERS.values(), ids=NOT_NUMBERS)
@pytest.mark.parametrize("model", [LogisticRegression(), linear(), brief_network()], ids=["plain", "steps", "network"])
def test_columns_of_other_kinds_are_named_with_a_remedy(make, message, model):
    rng = np.random.RandomState(0)
    spoiled, plain = pd.DataFrame({"x": make(60), "b": rng.normal(size=60)}), pd.DataFrame(rng.normal(size=(60, 2)))
    plain = plain.add_prefix("p")
    y = np.arange(60) % 2
    with pytest.raises(ValueError, match=message):
        PairedDistiller(model, linear(), alpha=0.5).fit(spoiled, y, X_teacher=plain)
    with pytest.raises(ValueError, match=message):
        PairedDistiller(linear(), model, alpha=0.5).fit(plain, y, X_teacher=spoiled)
    with pytest.raises(ValueError, match=message):
        UnpairedDistiller(model, linear()).fit(spoiled, y, teacher_data=(plain, y))


def test_dates_do_not_pass_for_numbers_in_the_selector():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"a": rng.normal(size=60), "day": pd.date_range("2020", periods=60), "b": rng.normal(size=60)})
    with pytest.raises(ValueError, match="Column 'day' of modality 't' has dtype datetime64"):
        CCHSelector({"s": ["a"], "t": ["day", "b"]}, "s").fit(X, np.arange(60) % 2)


def test_models_that_take_categories_get_them():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"site": pd.Categorical(rng.choice(["north", "south"], 90)), "b": rng.normal(size=90)})
    y = ((X["site"] == "north") ^ (rng.uniform(size=90) < 0.1)).to_numpy()
    T = pd.DataFrame({"c": y + rng.normal(size=90)})
    encoded = make_pipeline(
        ColumnTransformer(
            [("site", OneHotEncoder(), make_column_selector(dtype_include="category"))], remainder="passthrough"
        ),
        LogisticRegression(),
    )
    trees = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    for student in (encoded, trees):
        distiller = PairedDistiller(student, linear(), alpha=0.5, cv=3, random_state=0).fit(X, y, X_teacher=T)
        assert distiller.score(X, y) > 0.8
        polars = pl.DataFrame({"site": pl.Series(X["site"].to_list(), dtype=pl.Categorical), "b": X["b"].to_list()})
        np.testing.assert_array_equal(distiller.predict_proba(polars), distiller.predict_proba(X))


# Sparse tables


@pytest.mark.parametrize("kind", [csr_matrix, csr_array])
def test_sparse_tables_give_the_predictions_of_dense_ones(drawn, kind):
    student, teacher = (drawn.data[drawn.modalities[name]].to_numpy() for name in ("student", "teacher"))
    dense = [np.where(np.abs(table) > 0.5, table, 0.0) for table in (student, teacher)]
    sparse = [kind(table) for table in dense]
    y = drawn.target.to_numpy()

    def fit(X, T):
        distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=3, random_state=0)
        distiller.fit(X[ROWS], y[ROWS], X_teacher=T[ROWS], unlabeled_pairs=(X[REST], T[REST]))
        return distiller.predict_proba(X)

    expected = fit(*dense)
    for X, T in (sparse, (sparse[0], dense[1]), (dense[0], sparse[1])):
        np.testing.assert_allclose(fit(X, T), expected, atol=1e-4)


def test_sparse_tables_where_dense_ones_are_needed(drawn):
    X = csr_matrix(drawn.data.to_numpy())
    y = drawn.target.to_numpy()
    modalities = {"student": slice(0, 4), "teacher": slice(4, 8)}
    with pytest.raises(TypeError, match=r"[Ss]parse data was passed.*dense"):
        CCHSelector(modalities, "student").fit(X, y)
    with pytest.raises(TypeError, match=r"[Ss]parse data was passed.*dense"):
        NetworkClassifier().fit(X, y)
    with pytest.raises(TypeError, match=r"[Ss]parse data was passed.*dense"):
        PairedDistiller(brief_network(), LogisticRegression(), alpha=0.5).fit(X, y, X_teacher=X)
