import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skcmkd import UnpairedDistiller
from skcmkd.unpaired._input import check_unpaired_data, warn_of_unshared_classes

LOGISTIC = LogisticRegression()


@pytest.fixture
def tables():
    """Two cohorts of 6 and 9 rows that share the column "b", unlabeled rows of the first, and 4 bridge samples."""
    rng = np.random.RandomState(0)

    def student_table(n):
        return pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))

    def teacher_table(n):
        return pd.DataFrame(rng.normal(size=(n, 4)), columns=list("wxby"))

    return {
        "X": student_table(6),
        "y": np.array([0, 1, 2] * 2),
        "teacher_data": (teacher_table(9), np.array([0, 1, 2] * 3)),
        "unlabeled": (student_table(5),),
        "bridge": (student_table(4), teacher_table(4)),
        "groups": None,
        "linked_columns": None,
    }


def changed(table, row, column, value):
    table = table.copy()
    table.loc[row, column] = value
    return table


def test_valid_tables_are_unchanged(tables):
    data = check_unpaired_data(**tables)
    for result, expected in (
        (data.X_teacher, tables["teacher_data"][0]),
        (data.X_unlabeled, tables["unlabeled"][0]),
        (data.X_bridge, tables["bridge"][0]),
        (data.X_teacher_bridge, tables["bridge"][1]),
    ):
        pd.testing.assert_frame_equal(result, expected)
    np.testing.assert_array_equal(data.y_teacher, tables["teacher_data"][1])
    assert data.linked_indices is None


def test_rows_that_were_not_measured_are_dropped(tables):
    T, y = tables["teacher_data"]
    U, (B, TB) = tables["unlabeled"][0], tables["bridge"]
    T, U = changed(T, [1, 4], slice(None), np.nan), changed(U, 0, slice(None), np.nan)
    B, TB = changed(B, 0, slice(None), np.nan), changed(TB, 2, slice(None), np.nan)
    data = check_unpaired_data(**{**tables, "teacher_data": (T, y), "unlabeled": (U,), "bridge": (B, TB)})
    assert data.X_teacher.index.tolist() == [0, 2, 3, 5, 6, 7, 8]
    assert data.y_teacher.tolist() == [0, 2, 0, 2, 0, 1, 2]
    assert data.X_unlabeled.index.tolist() == [1, 2, 3, 4]
    assert data.X_bridge.index.tolist() == data.X_teacher_bridge.index.tolist() == [1, 3]


def test_tables_of_rows_that_were_not_measured_become_none(tables):
    (U,), (B, TB) = tables["unlabeled"], tables["bridge"]
    with pytest.warns(UserWarning, match="not used") as caught:
        data = check_unpaired_data(**{**tables, "unlabeled": (U * np.nan,), "bridge": (B * np.nan, TB)})
    assert "unlabeled[0] is missing in all of its 5 rows: they are not used" in str(caught[0].message)
    assert "None of the 4 samples of bridge has both modalities" in str(caught[1].message)
    assert data.X_unlabeled is data.X_bridge is data.X_teacher_bridge is None


def test_without_a_teacher_only_the_unlabeled_rows_remain(tables):
    data = check_unpaired_data(**{**tables, "teacher_data": None, "bridge": None})
    assert data.X_teacher is data.y_teacher is None
    assert len(data.X_unlabeled) == 5


def test_rows_missing_in_part_are_kept(tables):
    T, y = tables["teacher_data"]
    (U,) = tables["unlabeled"]
    arguments = {"teacher_data": (changed(T, 0, "w", np.nan), y), "unlabeled": (changed(U, 0, "a", np.nan),)}
    data = check_unpaired_data(**{**tables, **arguments})
    assert len(data.X_teacher) == 9
    assert len(data.X_unlabeled) == 5


@pytest.mark.parametrize("convert", [np.asarray, csr_array, lambda table: table.to_numpy().tolist()])
def test_arrays_sparse_tables_and_lists(tables, convert):
    arguments = {name: tuple(convert(table) for table in tables[name]) for name in ("unlabeled", "bridge")}
    arguments["teacher_data"] = (convert(tables["teacher_data"][0]), tables["teacher_data"][1].tolist())
    X = convert(tables["X"])
    data = check_unpaired_data(**{**tables, **arguments, "X": np.asarray(X) if isinstance(X, list) else X})
    assert (data.X_teacher.shape, data.X_unlabeled.shape, data.X_bridge.shape) == ((9, 4), (5, 3), (4, 3))


# Bad input


BAD = {
    "teacher in a list": (lambda d: {"teacher_data": list(d["teacher_data"])}, r"\(X_teacher, y_teacher\), got a list"),
    "teacher without labels": (lambda d: {"teacher_data": d["teacher_data"][:1]}, "got a tuple of 1"),
    "teacher as a table": (lambda d: {"teacher_data": d["teacher_data"][0]}, "teacher_data.*got a DataFrame"),
    "teacher of other length": (
        lambda d: {"teacher_data": (d["teacher_data"][0][:8], d["teacher_data"][1])},
        r"teacher_data\[1\] has 9 rows and teacher_data\[0\] has 8: give one for each row",
    ),
    "teacher all missing": (
        lambda d: {"teacher_data": (d["teacher_data"][0] * np.nan, d["teacher_data"][1])},
        r"teacher_data\[0\] is missing in all of its 9 rows.*Leave teacher_data out",
    ),
    "teacher infinity": (
        lambda d: {"teacher_data": (changed(d["teacher_data"][0], 3, "x", np.inf), d["teacher_data"][1])},
        r"infinity: 1 values in column 'x' of teacher_data\[0\].*put an imputer",
    ),
    "teacher labels missing": (
        lambda d: {"teacher_data": (d["teacher_data"][0], [0, 1, None] * 3)},
        r"teacher_data\[1\] holds 3 missing labels .* among 9 rows",
    ),
    "teacher labels in another order": (
        lambda d: {"teacher_data": (d["teacher_data"][0], pd.Series(d["teacher_data"][1]).iloc[::-1])},
        r"rows of teacher_data\[1\] carry the same labels as those of teacher_data\[0\] in another order",
    ),
    "no class in common": (
        lambda d: {"teacher_data": (d["teacher_data"][0], np.array(["a", "b", "c"] * 3))},
        r"no class in common: y has \[0, 1, 2\] and teacher_data\[1\] has \['a', 'b', 'c'\].*same names in both",
    ),
    "one class": (
        lambda d: {"teacher_data": (d["teacher_data"][0], np.ones(9, dtype=int))},
        r"teacher_data\[1\] holds one class only, 1; a teacher needs rows of at least two",
    ),
    "unlabeled in a list": (lambda d: {"unlabeled": list(d["unlabeled"])}, r"tuple \(X_unlabeled,\), got a list"),
    "unlabeled table": (lambda d: {"unlabeled": d["unlabeled"][0]}, "unlabeled.*got a DataFrame"),
    "unlabeled pair": (lambda d: {"unlabeled": d["unlabeled"] * 2}, "got a tuple of 2"),
    "unlabeled order": (
        lambda d: {"unlabeled": (d["unlabeled"][0][list("cab")],)},
        r"unlabeled\[0\] must have the columns of X: they are in another order",
    ),
    "unlabeled names": (
        lambda d: {"unlabeled": (d["unlabeled"][0].rename(columns={"a": "z"}),)},
        r"unlabeled\[0\] must have the columns of X: it lacks 'a' and X lacks 'z'",
    ),
    "unlabeled kind": (
        lambda d: {"unlabeled": (d["unlabeled"][0].to_numpy(),)},
        r"X is a DataFrame and unlabeled\[0\] is a ndarray: give both alike",
    ),
    "unlabeled infinity": (
        lambda d: {"unlabeled": (changed(d["unlabeled"][0], 1, "a", np.inf),)},
        r"1 values in column 'a' of unlabeled\[0\]",
    ),
    "bridge in a list": (lambda d: {"bridge": list(d["bridge"])}, r"\(X_bridge, X_teacher_bridge\), got a list"),
    "half a bridge": (lambda d: {"bridge": d["bridge"][:1]}, "got a tuple of 1"),
    "bridge lengths": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1][:3])},
        r"bridge\[1\] has 3 rows and bridge\[0\] has 4: give one row",
    ),
    "bridge order": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1].sample(frac=1, random_state=0))},
        r"rows of bridge\[1\] carry the same labels as those of bridge\[0\] in another order",
    ),
    "bridge the wrong way round": (
        lambda d: {"bridge": d["bridge"][::-1]},
        r"bridge\[0\] must have the columns of X: it lacks 'a', 'c' and X lacks 'w', 'x', 'y'",
    ),
    "bridge columns of the teacher": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1][list("xwby")])},
        r"bridge\[1\] must have the columns of teacher_data\[0\]: they are in another order",
    ),
    "bridge infinity": (
        lambda d: {"bridge": (d["bridge"][0], changed(d["bridge"][1], 1, "w", -np.inf))},
        r"1 values in column 'w' of bridge\[1\]",
    ),
    "bridge without a teacher": (
        lambda d: {"teacher_data": None},
        r"bridge was given without teacher_data.*Give teacher_data=\(X_teacher, y_teacher\)",
    ),
    "linked columns without a teacher": (
        lambda d: {"teacher_data": None, "bridge": None, "linked_columns": "names"},
        "linked_columns was given without teacher_data",
    ),
}


FAILING_MODELS = {
    "teacher missing in part": (
        lambda d: {"teacher_data": (changed(d["teacher_data"][0], 3, "x", np.nan), d["teacher_data"][1])},
        r"teacher_data\[0\] contains NaN: 1 values, the first in column 'x'.*teacher=make_pipeline\(SimpleImputer",
    ),
    "teacher text": (
        lambda d: {"teacher_data": (d["teacher_data"][0].assign(sex="f"), d["teacher_data"][1]), "bridge": None},
        r"Column 'sex' of teacher_data\[0\].*'f', which is not a number.*teacher's pipeline",
    ),
    "unlabeled missing in part": (
        lambda d: {"unlabeled": (changed(d["unlabeled"][0], 1, "a", np.nan),)},
        r"unlabeled\[0\] contains NaN: 1 values.*student=make_pipeline\(SimpleImputer",
    ),
    "unlabeled text": (
        lambda d: {"unlabeled": (d["unlabeled"][0].assign(a="low"),)},
        r"Column 'a' of unlabeled\[0\].*'low', which is not a number.*student's pipeline",
    ),
    "bridge missing in part": (
        lambda d: {"bridge": (d["bridge"][0], changed(d["bridge"][1], 1, "w", np.nan))},
        r"bridge\[1\] contains NaN: 1 values, the first in column 'w', and the teacher",
    ),
    "bridge text": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1].assign(w="high"))},
        r"Column 'w' of bridge\[1\].*'high', which is not a number",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_bad_tables(tables, change, message):
    with pytest.raises(ValueError, match=message):
        check_unpaired_data(**{**tables, **change(tables)})


@pytest.mark.parametrize(("change", "message"), FAILING_MODELS.values(), ids=FAILING_MODELS)
def test_tables_that_the_models_cannot_take(tables, change, message):
    """The model raises, and the error names the column and the remedy."""
    arguments = {name: tables[name] for name in ("X", "y", "teacher_data", "unlabeled", "bridge")} | change(tables)
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, alignment="self_training", check_alignment=False, cv=2)
    with pytest.raises(ValueError, match=message):
        distiller.fit(**arguments)


def test_models_with_an_imputer_take_rows_missing_in_part(tables):
    T, y = tables["teacher_data"]
    (U,), (B, TB) = tables["unlabeled"], tables["bridge"]
    model = make_pipeline(SimpleImputer(), LOGISTIC)
    distiller = UnpairedDistiller(model, model, alignment="self_training", check_alignment=False, cv=2)
    distiller.fit(
        tables["X"],
        tables["y"],
        teacher_data=(changed(T, 0, "w", np.nan), y),
        unlabeled=(changed(U, 0, "a", np.nan),),
        bridge=(changed(B, 1, "b", np.nan), changed(TB, 2, "y", np.nan)),
    )
    assert np.isfinite(distiller.predict_proba(tables["X"])).all()


def test_label_among_the_teachers_columns_is_refused(tables):
    X_teacher, y_teacher = tables["teacher_data"]
    tables["teacher_data"] = (X_teacher.assign(diagnosis=y_teacher), y_teacher)
    with pytest.raises(ValueError, match=r"Column 'diagnosis' of teacher_data\[0\] equals the label"):
        check_unpaired_data(**tables)


def test_groups_are_the_last_element_of_a_tuple(tables):
    """Those of the rows that were measured; missing groups are refused."""

    def numbered(name):
        return (*tables[name], np.arange(len(tables[name][0])))

    T = tables["teacher_data"][0].copy()
    T.iloc[0] = np.nan
    changed_tables = {
        **tables,
        "groups": np.arange(6),
        "teacher_data": (T, tables["teacher_data"][1], np.arange(len(T))),
        "unlabeled": numbered("unlabeled"),
        "bridge": numbered("bridge"),
    }
    result = check_unpaired_data(**changed_tables)
    np.testing.assert_array_equal(result.teacher_groups, np.arange(1, len(T)))
    np.testing.assert_array_equal(result.unlabeled_groups, np.arange(len(result.X_unlabeled)))
    np.testing.assert_array_equal(result.bridge_groups, np.arange(len(result.X_bridge)))
    assert check_unpaired_data(**tables).teacher_groups is None
    groups = np.r_[np.nan, np.arange(len(tables["bridge"][0]) - 1)]
    with pytest.raises(ValueError, match=r"bridge\[2\] holds 1 missing"):
        check_unpaired_data(**{**tables, "bridge": (*tables["bridge"], groups)})


def test_groups_mean_the_same_in_all_tables(tables):
    """Rows of a table without groups count as groups of their own."""
    groups = np.array(list("aabbcc"))
    data = check_unpaired_data(**{**tables, "groups": groups, "unlabeled": (*tables["unlabeled"], list("bcdde"))})
    numbers = dict(zip(groups, data.groups, strict=True))
    assert len(set(data.groups)) == 3
    assert data.unlabeled_groups[:2].tolist() == [numbers["b"], numbers["c"]]
    assert data.unlabeled_groups[2] == data.unlabeled_groups[3]
    everything = np.concatenate([data.groups, data.unlabeled_groups, data.bridge_groups])
    assert len(np.unique(everything)) == 5 + len(tables["bridge"][0])


@pytest.mark.parametrize("name", ["unlabeled", "bridge"])
def test_groups_without_groups_of_x_are_refused(tables, name):
    tables[name] = (*tables[name], np.arange(len(tables[name][0])))
    with pytest.raises(ValueError, match=rf"{name}\[\d\] names groups, and X has none to compare them with"):
        check_unpaired_data(**tables)


def test_classes_that_one_cohort_lacks_are_named():
    with pytest.warns(UserWarning, match=r"\['b'\] are missing in the teacher's cohort .*; \['z'\] are missing in y"):
        warn_of_unshared_classes(np.array(list("ab")), np.array(list("az")))
    warn_of_unshared_classes(np.array(list("ab")), np.array(list("ab")))
