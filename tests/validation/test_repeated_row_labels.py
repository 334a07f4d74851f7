"""Row labels repeated in one table and unique in the other: no advice may give a sample the values of another."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from skcmkd import (
    AlignmentDisplay,
    CCHSelector,
    DistillationReport,
    MutualDistiller,
    NetworkClassifier,
    PairedDistiller,
    PairedDistillerRegressor,
    UnpairedDistiller,
    cch_matrix,
    mutual_information,
)
from skcmkd._validation._tables import check_same_index, check_same_rows

RNG = np.random.RandomState(0)
UNIQUE = [f"p{row}" for row in range(20)]
REPEATED = ["p1", *UNIQUE[1:]]
LABEL = np.arange(20) % 2


def table(prefix, index=UNIQUE):
    return pd.DataFrame(RNG.normal(size=(20, 2)), index=index, columns=[f"{prefix}0", f"{prefix}1"])


def series(index, values=LABEL):
    return pd.Series(values, index=index)


def paired(kind=PairedDistiller, model=LogisticRegression, x=UNIQUE, y=UNIQUE, teacher=UNIQUE, pairs=(), **rows):
    further = {"unlabeled_pairs": (table("s", pairs[0]), table("t", pairs[1]))} if pairs else {}
    distiller = kind(model(), model())
    distiller.fit(table("s", x), series(y), X_teacher=table("t", teacher), **rows, **further)


def unpaired(x=UNIQUE, y=UNIQUE, cohort=(UNIQUE, UNIQUE), bridge=(UNIQUE, UNIQUE), **rows):
    cohort = (table("t", cohort[0]), series(cohort[1]), *rows.pop("cohort_groups", ()))
    bridge = (table("s", bridge[0]), table("t", bridge[1]), *rows.pop("bridge_groups", ()))
    distiller = UnpairedDistiller(LogisticRegression(), LogisticRegression())
    distiller.fit(table("s", x), series(y), teacher_data=cohort, bridge=bridge, **rows)


def select(x=UNIQUE, y=UNIQUE, groups=None, fit=lambda selector, *data, **rows: selector.fit(*data, **rows)):
    both = pd.concat([table("s"), table("t")], axis=1).set_axis(x)
    selector = CCHSelector({"student": ["s0", "s1"], "teacher": ["t0", "t1"]}, "student")
    fit(selector, both, series(y), groups=groups)


def report(x=UNIQUE, y=UNIQUE, teacher=UNIQUE):
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression())
    DistillationReport.from_estimator(distiller, table("s", x), series(y), X_teacher=table("t", teacher))


def draw(y):
    network = NetworkClassifier((2,), max_epochs=1, linear_weight=0, random_state=0)
    distiller = UnpairedDistiller(network, network, alignment="prototypes", check_alignment=False)
    X, cohort = table("s"), (table("t"), series(UNIQUE))
    AlignmentDisplay.from_estimator(distiller.fit(X, series(UNIQUE), teacher_data=cohort), X, y, teacher_data=cohort)


CASES = {
    "X against y": (lambda: paired(x=REPEATED), "X"),
    "y against X": (lambda: paired(y=REPEATED), "y"),
    "y of fewer rows": (
        lambda: CCHSelector({"a": [0], "b": [1]}, "a").fit(table("s", REPEATED), LABEL_OF_PATIENT),
        "X",
    ),
    "X_teacher against X": (lambda: paired(teacher=REPEATED), "X_teacher"),
    "X against X_teacher": (lambda: paired(x=REPEATED, y=REPEATED), "X"),
    "sample_weight": (lambda: paired(sample_weight=series(REPEATED)), "sample_weight"),
    "groups": (lambda: paired(groups=series(REPEATED)), "groups"),
    "unlabeled_pairs[0]": (lambda: paired(pairs=(REPEATED, UNIQUE)), r"unlabeled_pairs\[0\]"),
    "unlabeled_pairs[1]": (lambda: paired(pairs=(UNIQUE, REPEATED)), r"unlabeled_pairs\[1\]"),
    "regressor": (lambda: paired(PairedDistillerRegressor, Ridge, y=REPEATED), "y"),
    "mutual": (lambda: paired(MutualDistiller, NetworkClassifier, y=REPEATED), "y"),
    "unpaired X": (lambda: unpaired(x=REPEATED), "X"),
    "unpaired y": (lambda: unpaired(y=REPEATED), "y"),
    "teacher_data[0]": (lambda: unpaired(cohort=(REPEATED, UNIQUE)), r"teacher_data\[0\]"),
    "teacher_data[1]": (lambda: unpaired(cohort=(UNIQUE, REPEATED)), r"teacher_data\[1\]"),
    "teacher_data[2]": (lambda: unpaired(cohort_groups=(series(REPEATED),)), r"teacher_data\[2\]"),
    "bridge[0]": (lambda: unpaired(bridge=(REPEATED, UNIQUE)), r"bridge\[0\]"),
    "bridge[1]": (lambda: unpaired(bridge=(UNIQUE, REPEATED)), r"bridge\[1\]"),
    "selector X": (lambda: select(x=REPEATED), "X"),
    "selector y": (lambda: select(y=REPEATED), "y"),
    "selector groups": (lambda: select(groups=series(REPEATED)), "groups"),
    "matrix": (lambda: select(y=REPEATED, fit=cch_matrix), "y"),
    "report": (lambda: report(y=REPEATED), "y"),
    "report of X_teacher": (lambda: report(teacher=REPEATED), "X_teacher"),
    "display": (lambda: draw(series(REPEATED)), "y"),
    "mutual information": (lambda: mutual_information(table("s", REPEATED), table("t"), "ksg"), "X"),
}
LABEL_OF_PATIENT = series(UNIQUE[1:], LABEL[1:])


@pytest.mark.parametrize("case", CASES)
def test_repeated_row_labels_are_named_before_any_advice(case):
    act, name = CASES[case]
    with pytest.raises(ValueError, match=f"^The row label 'p1' of {name} appears twice") as error:
        act()
    assert ".loc[" not in str(error.value)
    assert "reindex" not in str(error.value)


def test_repeated_row_labels_that_match_pass():
    paired(x=REPEATED, y=REPEATED, teacher=REPEATED)


def test_labels_that_share_nothing_are_named_first():
    X, y = table("s", REPEATED), series([f"q{row}" for row in range(20)])
    with pytest.raises(ValueError, match="No row label of y is one of X"):
        check_same_rows(X, y, "y")
    check_same_index(X, series(range(20)), "y")


def test_repeated_labels_of_several_levels():
    index = pd.MultiIndex.from_tuples([("p", 0), ("p", 0), ("p", 0), ("q", 1)])
    other = pd.MultiIndex.from_tuples([("p", 0), ("q", 1), ("q", 2), ("q", 3)])
    X, y = pd.DataFrame({"a": range(4)}, index=index), pd.Series(range(4), index=other)
    with pytest.raises(ValueError, match=r"label \('p', 0\) of X appears 3 times"):
        check_same_index(X, y, "y")
