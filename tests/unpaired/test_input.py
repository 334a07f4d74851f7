import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skcmkd.unpaired._input import check_side_data, find_links

LOGISTIC = LogisticRegression()


@pytest.fixture
def tables():
    """Two cohorts of 6 and 9 rows that share the column "b", further rows of the first, and 4 rows with both."""
    rng = np.random.RandomState(0)

    def own(n):
        return pd.DataFrame(rng.normal(size=(n, 3)), columns=list("abc"))

    def other(n):
        return pd.DataFrame(rng.normal(size=(n, 4)), columns=list("wxby"))

    return {
        "X": own(6),
        "y": np.array([0, 1, 2] * 2),
        "teacher_data": (other(9), np.array([0, 1, 2] * 3)),
        "unlabeled": (own(5),),
        "bridge": (own(4), other(4)),
        "linked_columns": None,
        "student": LOGISTIC,
        "teacher": LOGISTIC,
    }


def changed(table, row, column, value):
    table = table.copy()
    table.loc[row, column] = value
    return table


def test_sound_data_come_through_unchanged(tables):
    side = check_side_data(**tables)
    for found, given in (
        (side.X_teacher, tables["teacher_data"][0]),
        (side.X_unlabeled, tables["unlabeled"][0]),
        (side.X_bridge, tables["bridge"][0]),
        (side.X_teacher_bridge, tables["bridge"][1]),
    ):
        pd.testing.assert_frame_equal(found, given)
    np.testing.assert_array_equal(side.y_teacher, tables["teacher_data"][1])
    assert side.links is None


def test_rows_that_were_not_measured_are_dropped(tables):
    T, y = tables["teacher_data"]
    U, (B, TB) = tables["unlabeled"][0], tables["bridge"]
    T, U = changed(T, [1, 4], slice(None), np.nan), changed(U, 0, slice(None), np.nan)
    B, TB = changed(B, 0, slice(None), np.nan), changed(TB, 2, slice(None), np.nan)
    side = check_side_data(**{**tables, "teacher_data": (T, y), "unlabeled": (U,), "bridge": (B, TB)})
    assert side.X_teacher.index.tolist() == [0, 2, 3, 5, 6, 7, 8]
    assert side.y_teacher.tolist() == [0, 2, 0, 2, 0, 1, 2]
    assert side.X_unlabeled.index.tolist() == [1, 2, 3, 4]
    assert side.X_bridge.index.tolist() == side.X_teacher_bridge.index.tolist() == [1, 3]


def test_tables_of_unmeasured_rows_are_as_good_as_none(tables):
    (U,), (B, TB) = tables["unlabeled"], tables["bridge"]
    side = check_side_data(**{**tables, "unlabeled": (U * np.nan,), "bridge": (B * np.nan, TB)})
    assert side.X_unlabeled is side.X_bridge is side.X_teacher_bridge is None


def test_without_a_teacher_only_the_unlabeled_rows_remain(tables):
    side = check_side_data(**{**tables, "teacher_data": None, "bridge": None})
    assert side.X_teacher is side.y_teacher is None
    assert len(side.X_unlabeled) == 5


def test_partly_missing_rows_are_the_imputers_business(tables):
    T, y = tables["teacher_data"]
    (U,) = tables["unlabeled"]
    imputing = make_pipeline(SimpleImputer(), LOGISTIC)
    given = {"teacher_data": (changed(T, 0, "w", np.nan), y), "unlabeled": (changed(U, 0, "a", np.nan),)}
    side = check_side_data(**{**tables, **given, "student": imputing, "teacher": imputing})
    assert len(side.X_teacher) == 9
    assert len(side.X_unlabeled) == 5


@pytest.mark.parametrize("convert", [np.asarray, csr_array, lambda table: table.to_numpy().tolist()])
def test_other_kinds_of_tables(tables, convert):
    given = {name: tuple(convert(table) for table in tables[name]) for name in ("unlabeled", "bridge")}
    given["teacher_data"] = (convert(tables["teacher_data"][0]), tables["teacher_data"][1].tolist())
    X = convert(tables["X"])
    side = check_side_data(**{**tables, **given, "X": np.asarray(X) if isinstance(X, list) else X})
    assert (side.X_teacher.shape, side.X_unlabeled.shape, side.X_bridge.shape) == ((9, 4), (5, 3), (4, 3))


# Linked columns


def test_links_by_name_and_by_pairs_agree(tables):
    X, T = tables["X"], tables["teacher_data"][0]
    for links in ("names", [("b", "b")], [(1, 2)], [["b", "b"]]):
        own, other = find_links(X, T, links)
        assert (own.tolist(), other.tolist()) == ([1], [2])
    own, other = find_links(X, T, [("a", "x"), ("c", "w")])
    assert (own.tolist(), other.tolist()) == ([0, 2], [1, 0])
    own, other = find_links(X.to_numpy(), T.to_numpy(), [(2, 0), (0, 3)])
    assert (own.tolist(), other.tolist()) == ([2, 0], [0, 3])


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ("name", "linked_columns='name' must be 'names' or a list of pairs"),
        ([], r"linked_columns=\[\] must be 'names' or a list of pairs"),
        ([("a", "b", "c")], r"must be 'names' or a list of pairs \(student's column, teacher's\)"),
        (["ab"], r"linked_columns=\['ab'\] must be 'names' or a list of pairs"),
        (5, "linked_columns=5 must be 'names' or a list of pairs"),
        ([("z", "b")], "linked_columns names 1 columns that X does not have: 'z'"),
        ([("a", "z")], r"linked_columns names 1 columns that teacher_data\[0\] does not have: 'z'"),
        ([("a", "b"), ("a", "w")], "linked_columns names a column of X twice"),
        ([("a", 9)], r"does not fit teacher_data\[0\] with 4 columns"),
    ],
)
def test_bad_links(tables, links, message):
    with pytest.raises(ValueError, match=message):
        check_side_data(**{**tables, "linked_columns": links})


def test_linked_column_without_a_value(tables):
    imputing = make_pipeline(SimpleImputer(keep_empty_features=True), LOGISTIC)
    given = {**tables, "student": imputing, "teacher": imputing, "linked_columns": "names"}
    X, (T, y), (U,) = tables["X"], tables["teacher_data"], tables["unlabeled"]
    for changed, message in (
        (
            {"X": X.assign(b=np.nan)},
            "Column 'b' of X is linked and missing in all of its 6 rows. Leave it",
        ),
        ({"teacher_data": (T.assign(b=np.nan), y)}, r"Column 'b' of teacher_data\[0\] is linked and missing"),
        ({"unlabeled": (U.assign(b=np.nan),)}, r"Column 'b' of unlabeled\[0\] is linked and missing in all of its 5"),
    ):
        with pytest.raises(ValueError, match=message):
            check_side_data(**{**given, **changed})


@pytest.mark.parametrize("as_array", [False, True])
def test_no_shared_names(tables, as_array):
    X, T = tables["X"].rename(columns={"b": "B"}), tables["teacher_data"][0]
    if as_array:
        X, T = tables["X"].to_numpy(), T.to_numpy()
    with pytest.raises(ValueError, match=r"found no column of the same name in X and teacher_data\[0\].*list of pairs"):
        find_links(X, T, "names")


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
    "teacher missing in part": (
        lambda d: {"teacher_data": (changed(d["teacher_data"][0], 3, "x", np.nan), d["teacher_data"][1])},
        r"teacher_data\[0\] contains NaN: 1 values, the first in column 'x'.*teacher=make_pipeline\(SimpleImputer",
    ),
    "teacher text": (
        lambda d: {"teacher_data": (d["teacher_data"][0].assign(sex="f"), d["teacher_data"][1])},
        r"Column 'sex' of teacher_data\[0\].*'f', which is not a number.*teacher's pipeline",
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
    "unlabelled in a list": (lambda d: {"unlabeled": list(d["unlabeled"])}, r"tuple \(X_unlabeled,\), got a list"),
    "unlabelled table": (lambda d: {"unlabeled": d["unlabeled"][0]}, "unlabeled.*got a DataFrame"),
    "unlabelled pair": (lambda d: {"unlabeled": d["unlabeled"] * 2}, "got a tuple of 2"),
    "unlabelled order": (
        lambda d: {"unlabeled": (d["unlabeled"][0][list("cab")],)},
        r"unlabeled\[0\] must have the columns of X; they are in another order",
    ),
    "unlabelled names": (
        lambda d: {"unlabeled": (d["unlabeled"][0].rename(columns={"a": "z"}),)},
        r"unlabeled\[0\] must have the columns of X; not in both: 'a', 'z'",
    ),
    "unlabelled kind": (
        lambda d: {"unlabeled": (d["unlabeled"][0].to_numpy(),)},
        r"X is a DataFrame and unlabeled\[0\] is a ndarray: give both alike",
    ),
    "unlabelled infinity": (
        lambda d: {"unlabeled": (changed(d["unlabeled"][0], 1, "a", np.inf),)},
        r"1 values in column 'a' of unlabeled\[0\]",
    ),
    "unlabelled missing in part": (
        lambda d: {"unlabeled": (changed(d["unlabeled"][0], 1, "a", np.nan),)},
        r"unlabeled\[0\] contains NaN: 1 values.*student=make_pipeline\(SimpleImputer",
    ),
    "unlabelled text": (
        lambda d: {"unlabeled": (d["unlabeled"][0].assign(a="low"),)},
        r"Column 'a' of unlabeled\[0\].*'low', which is not a number.*student's pipeline",
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
        r"bridge\[0\] must have the columns of X; not in both: 'a', 'c', 'w', 'x', 'y'",
    ),
    "bridge columns of the teacher": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1][list("xwby")])},
        r"bridge\[1\] must have the columns of teacher_data\[0\]; they are in another order",
    ),
    "bridge infinity": (
        lambda d: {"bridge": (d["bridge"][0], changed(d["bridge"][1], 1, "w", -np.inf))},
        r"1 values in column 'w' of bridge\[1\]",
    ),
    "bridge missing in part": (
        lambda d: {"bridge": (d["bridge"][0], changed(d["bridge"][1], 1, "w", np.nan))},
        r"bridge\[1\] contains NaN: 1 values, the first in column 'w', and the teacher",
    ),
    "bridge text": (
        lambda d: {"bridge": (d["bridge"][0], d["bridge"][1].assign(w="high"))},
        r"Column 'w' of bridge\[1\].*'high', which is not a number",
    ),
    "bridge without a teacher": (
        lambda d: {"teacher_data": None},
        r"bridge was given without teacher_data.*Give teacher_data=\(X_teacher, y_teacher\)",
    ),
    "links without a teacher": (
        lambda d: {"teacher_data": None, "bridge": None, "linked_columns": "names"},
        "linked_columns was given without teacher_data",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD.values(), ids=BAD)
def test_bad_tables(tables, change, message):
    with pytest.raises(ValueError, match=message):
        check_side_data(**{**tables, **change(tables)})


def test_label_left_in_the_teachers_table(tables):
    X_teacher, y_teacher = tables["teacher_data"]
    tables["teacher_data"] = (X_teacher.assign(diagnosis=y_teacher), y_teacher)
    with pytest.raises(ValueError, match=r"Column 'diagnosis' of teacher_data\[0\] equals the label"):
        check_side_data(**tables)


def test_groups_travel_as_one_more_element(tables):
    """Of rows that were measured; a table where groups belong is refused."""

    def numbered(name):
        return (*tables[name], np.arange(len(tables[name][0])))

    T = tables["teacher_data"][0].copy()
    T.iloc[0] = np.nan
    changed_tables = {
        **tables,
        "teacher_data": (T, tables["teacher_data"][1], np.arange(len(T))),
        "unlabeled": numbered("unlabeled"),
        "bridge": numbered("bridge"),
    }
    found = check_side_data(**changed_tables)
    np.testing.assert_array_equal(found.teacher_groups, np.arange(1, len(T)))
    np.testing.assert_array_equal(found.unlabeled_groups, np.arange(len(found.X_unlabeled)))
    np.testing.assert_array_equal(found.bridge_groups, np.arange(len(found.X_bridge)))
    assert check_side_data(**tables).teacher_groups is None
    groups = np.r_[np.nan, np.arange(len(tables["bridge"][0]) - 1)]
    with pytest.raises(ValueError, match=r"bridge\[2\] holds 1 missing"):
        check_side_data(**{**tables, "bridge": (*tables["bridge"], groups)})
