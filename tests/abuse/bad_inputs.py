"""Mistakes of users, in code, and a pattern of each error message: the value, then the remedy."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from .tables import (
    WholeNumbersOnly,
    WithoutWeights,
    cohort,
    mutual,
    network,
    paired,
    paired_regressor,
    two_tables,
    unpaired,
)


@dataclass(frozen=True)
class BadInput:
    """A mistake in words and in code, a pattern of the message (value, then remedy), and the type of the error."""

    mistake: str
    act: Callable[[], Any]
    pattern: str
    error: type[Exception] = ValueError


def fit_two(spoil=lambda S, T, y: (S, T, y), **parameters):
    """Fit a paired distiller to two tables, one of which ``spoil`` changes."""
    S, T, y = spoil(*two_tables())
    return paired(**parameters).fit(S, y, X_teacher=T)


def fit_one(spoil=lambda X, y: (X, y), **parameters):
    """Fit a paired distiller to one table of both modalities."""
    X, y, modalities = cohort()
    X, y = spoil(X, y)
    return paired(**{"student_columns": modalities["student"], **parameters}).fit(X, y)


def fit_with(**metadata):
    """Fit a paired distiller to two tables with row data or pairs."""
    S, T, y = two_tables()
    return paired().fit(S, y, X_teacher=T, **metadata)


def fit_regressor(change):
    """Fit a regressor to a changed target."""
    S, T, y = two_tables()
    return paired_regressor().fit(S, change(y), X_teacher=T)


def fit_frozen(change):
    """Fit with a frozen teacher that was fitted to changed data."""
    S, T, y = two_tables()
    return paired(teacher=FrozenEstimator(LogisticRegression().fit(*change(T, y)))).fit(S, y, X_teacher=T)


def fit_network(**parameters):
    """Fit a network alone."""
    S, _, y = two_tables()
    return network(**parameters).fit(S, y)


def fit_unpaired(make_data, **parameters):
    """Fit an unpaired distiller; ``make_data`` gives the data beside X and y."""
    S, T, y = two_tables()
    return unpaired(**parameters).fit(S, y, **make_data(S, T, y))


def predict(change):
    """Predict from a changed table."""
    S, T, y = two_tables()
    return paired().fit(S, y, X_teacher=T).predict(change(S))


def predict_one(change):
    """Predict from a changed table after a fit to one table of both modalities."""
    X, y, modalities = cohort()
    return paired(student_columns=modalities["student"]).fit(X, y).predict(change(X))


def with_cell(table, value):
    """The table with ``value`` in the fourth row of the first column."""
    table = table.astype(object) if isinstance(value, str) else table.copy()
    table.iloc[3, 0] = value
    return table


def with_label(y, value, dtype=object):
    """The labels with ``value`` as the third."""
    y = y.astype(dtype)
    y.iloc[2] = value
    return y


def repeat_first_column(table):
    """The table with its first column once more at the end."""
    return pd.concat([table, table.iloc[:, :1]], axis=1)


COLUMNS = [
    BadInput(
        "A student's column is misspelt",
        lambda: fit_one(student_columns=["student_shared_0", "student_nois_0"]),
        r"does not have: 'student_nois_0'\. X has 6 columns: 'teacher_shared_0'",
    ),
    BadInput("A position beyond the table", lambda: fit_one(student_columns=[0, 99]), r"\[0, 99\].* in \[0, 5\]"),
    BadInput(
        "Names for an array, which has none",
        lambda: fit_one(lambda X, y: (X.to_numpy(), y)),
        r"'student_shared_0'.*array of 6 columns without names\. Give a DataFrame, or positions",
    ),
    BadInput("No column", lambda: fit_one(student_columns=[]), r"selects none.*n_features=6\); name at least one"),
    BadInput("The same column twice", lambda: fit_one(student_columns=[0, 0]), "student_columns names a column.*once"),
    BadInput("A number with a fraction", lambda: fit_one(student_columns=3.5), r"=3\.5 is a float: give a list"),
    BadInput("A dict of modalities", lambda: fit_one(student_columns={"rna": [0]}), "a dict: give a list"),
    BadInput("A mask that is too short", lambda: fit_one(student_columns=[True, False]), "mask of 2.*has 6 columns"),
    BadInput(
        "Names and positions mixed",
        lambda: fit_one(student_columns=["student_shared_0", 1]),
        r"\['student_shared_0', 1\].*list or slice of all integers or all strings",
    ),
    BadInput(
        "Numbers as column names",
        lambda: fit_one(lambda X, y: (X.set_axis(range(10, 16), axis=1), y), student_columns=[10, 11]),
        r"such as 10,.*X\.columns = X\.columns\.astype\(str\)",
    ),
    BadInput(
        "Numbers and text as column names",
        lambda: fit_two(lambda S, T, y: (S.rename(columns={"student_shared_0": 0}), T, y)),
        r"\['int', 'str'\].*X\.columns = X\.columns\.astype\(str\)",
        TypeError,
    ),
    BadInput(
        "Two columns of one name",
        lambda: fit_two(lambda S, T, y: (repeat_first_column(S), T, y)),
        r"X has 2 columns named 'student_shared_0'.*Rename them, or keep the first",
    ),
    BadInput(
        "Two columns of one name, in the teacher's table",
        lambda: fit_two(lambda S, T, y: (S, repeat_first_column(T), y)),
        r"X_teacher has 2 columns named 'teacher_shared_0'.*Rename them",
    ),
    BadInput(
        "A column for teacher and student",
        lambda: fit_one(teacher_columns=["student_shared_0"]),
        "teacher_columns and student_columns share.*give each column to one",
    ),
    BadInput(
        "A teacher's column that is not there",
        lambda: fit_two(teacher_columns=["rna_1"]),
        r"does not have: 'rna_1'\. X_teacher has 3 columns",
    ),
    BadInput(
        "One of two teachers misspelt",
        lambda: fit_one(teacher_columns={"rna": ["teacher_shared_0"], "protein": ["protein_1"]}),
        r"teacher_columns\['protein'\] names 1 column that X does not have: 'protein_1'",
    ),
    BadInput(
        "X_teacher beside student_columns",
        lambda: paired(student_columns=[0]).fit(two_tables()[0], two_tables()[2], X_teacher=two_tables()[1]),
        "X_teacher was given although student_columns.*Give one of the two",
    ),
]

LABELS = [
    BadInput(
        "A missing label",
        lambda: fit_two(lambda S, T, y: (S, T, with_label(y, np.nan, float))),
        "y holds 1 missing labels .* among 40 rows. Keep only labeled rows",
    ),
    BadInput("None as a label", lambda: fit_two(lambda S, T, y: (S, T, with_label(y, None))), "1 missing.*Keep only"),
    BadInput(
        "Text among numbers",
        lambda: fit_two(lambda S, T, y: (S, T, with_label(y, "control"))),
        r"'control' \(str\).*y\.astype\(str\)",
    ),
    BadInput(
        "An infinite label",
        lambda: fit_two(lambda S, T, y: (S, T, with_label(y, np.inf, float))),
        "infinity.*1 of 40 labels are infinite: keep only",
    ),
    BadInput("One class", lambda: fit_two(lambda S, T, y: (S, T, y * 0)), "one class only, 0;.*at least two classes"),
    BadInput(
        "A table of indicators as y",
        lambda: fit_two(lambda S, T, y: (S, T, np.eye(2)[y])),
        r"\(40, 2\)\. Give one column.*idxmax",
    ),
    BadInput(
        "The label's name in place of the label",
        lambda: fit_two(lambda S, T, y: (S, T, "label")),
        r"'label', a str\. Give one column",
    ),
    BadInput("No label", lambda: fit_two(lambda S, T, y: (S, T, None)), "requires y to be passed"),
    BadInput(
        "A continuous target for a classifier",
        lambda: fit_two(lambda S, T, y: (S, T, y + np.arange(40) / 7)),
        r"y is continuous, such as .*take PairedDistillerRegressor, or turn it into classes",
    ),
    BadInput(
        "Dates as labels",
        lambda: fit_two(lambda S, T, y: (S, T, pd.Series(pd.date_range("2020-01-01", periods=40)))),
        r"such as 2020-01-01.*astype\(str\)",
    ),
    BadInput(
        "Bytes as labels",
        lambda: fit_two(lambda S, T, y: (S, T, y.map({0: b"a", 1: b"b"}))),
        r"b'a' \(bytes\).*astype\(str\)",
    ),
    BadInput(
        "Fewer labels than rows",
        lambda: fit_two(lambda S, T, y: (S, T, y[:30])),
        "y has 30 rows and X has 40: give one for each row of X",
    ),
    BadInput(
        "Text for a regressor",
        lambda: fit_regressor(lambda y: y.map({0: "low", 1: "high"})),
        "'low'.*for classes take PairedDistiller",
    ),
    BadInput(
        "A missing target",
        lambda: fit_regressor(lambda y: with_label(y, np.nan, float)),
        r"Input y contains NaN\. Keep only rows",
    ),
]

TABLES = [
    BadInput(
        "A shorter teacher's table",
        lambda: fit_two(lambda S, T, y: (S, T[:30], y)),
        "30 rows and X has 40: give one row of X_teacher for each row of X",
    ),
    BadInput(
        "A teacher's table in another order",
        lambda: fit_two(lambda S, T, y: (S, T[::-1], y)),
        r"another order: reorder them with X_teacher\.loc\[X\.index\]",
    ),
    BadInput(
        "A teacher's table of other samples",
        lambda: fit_two(lambda S, T, y: (S.add_prefix("P", axis=0), T.set_axis([f"P{i + 3}" for i in y.index]), [*y])),
        r"'P0' of X is not in X_teacher.*X_teacher\.reindex\(X\.index\)",
    ),
    BadInput(
        "A teacher's table with row labels of another kind",
        lambda: fit_two(lambda S, T, y: (S.add_prefix("P", axis=0), T[::-1].add_prefix("rna_P", axis=0), [*y])),
        r"No row label of X_teacher is one of X: the first is 'rna_P39' in X_teacher and 'P0' in X.*reset_index",
    ),
    BadInput(
        "Row labels of text in one table and of numbers in the other",
        lambda: fit_two(lambda S, T, y: (S.set_axis(S.index.astype(str)), T[::-1].set_axis(T.index[::-1] + 0), [*y])),
        r"labels of X are text and those of X_teacher are not.*X_teacher\.index\.astype\(str\)",
    ),
    BadInput(
        "No rows",
        lambda: fit_two(lambda S, T, y: (S[:0], T[:0], y[:0])),
        "y holds no value: there are 0 rows to learn from. Check the selection of rows",
    ),
    BadInput(
        "No columns",
        lambda: fit_two(lambda S, T, y: (S[[]], T, y)),
        r"X has no columns \(shape=\(40, 0\)\): name at least one",
    ),
    BadInput(
        "Five rows",
        lambda: fit_two(lambda S, T, y: (S[:5], T[:5], y[:5]), cv=5),
        r"5 label+ed rows \(0: 2, 1: 3\)\. Lower cv, or add rows",
    ),
    BadInput(
        "One column in place of a table",
        lambda: fit_two(lambda S, T, y: (S.iloc[:, 0], T, y)),
        r"X has shape \(40,\).*X\.to_frame\(\)",
    ),
    BadInput(
        "A file's name in place of a table",
        lambda: fit_two(lambda S, T, y: ("panel.csv", T, y)),
        r"'panel\.csv', a str.*pandas\.read_csv",
    ),
    BadInput(
        "A dict of columns",
        lambda: fit_two(lambda S, T, y: ({"a": 1}, T, y)),
        r"\{'a': 1\}, a dict.*pandas\.DataFrame",
    ),
    BadInput(
        "An infinite value",
        lambda: fit_two(lambda S, T, y: (with_cell(S, np.inf), T, y)),
        "1 values in column 'student_shared_0' of X. Replace them",
    ),
    BadInput(
        "A missing value for a model that takes none",
        lambda: fit_two(lambda S, T, y: (with_cell(S, np.nan), T, y)),
        r"'student_shared_0', and the student LogisticRegression takes none\. Put an imputer first",
    ),
    BadInput(
        "A missing value for a teacher that takes none",
        lambda: fit_two(lambda S, T, y: (S, with_cell(T, np.nan), y)),
        r"'teacher_shared_0', and the teacher LogisticRegression takes none\. Put an imputer first",
    ),
    BadInput(
        "A column without values",
        lambda: fit_two(lambda S, T, y: (S.assign(age=np.nan), T, y)),
        "contains NaN: 40 values.*Column 'age' is missing in all of its 40 rows.*Leave it out",
    ),
    BadInput(
        "A cell of text",
        lambda: fit_two(lambda S, T, y: (with_cell(S, "n/a"), T, y)),
        "'student_shared_0' of X.*holds 'n/a'.*Encode it, .* or leave it out",
    ),
    BadInput(
        "A cell of text in an array",
        lambda: fit_two(lambda S, T, y: (S, with_cell(T, "n/a").to_numpy(), [*y])),
        "Column 0 of X_teacher.*holds 'n/a'.*Encode it",
    ),
    BadInput(
        "A column of categories",
        lambda: fit_two(lambda S, T, y: (S.assign(ward=pd.Categorical(["A"] * 40)), T, y)),
        "'ward' of X has dtype category and holds 'A'.*Encode it",
    ),
    BadInput(
        "A column of dates",
        lambda: fit_two(lambda S, T, y: (S.assign(day=pd.Timestamp("2020-01-01")), T, y)),
        "'day' of X has dtype datetime64.*days since a fixed day, or leave it out",
    ),
    BadInput(
        "Complex numbers",
        lambda: fit_two(lambda S, T, y: (S + 1j, T, y)),
        "X holds complex numbers. Give real ones",
    ),
    BadInput(
        "A teacher's table without values",
        lambda: fit_two(lambda S, T, y: (S, T * np.nan, y)),
        "X_teacher is missing in all 40 rows.*Leave them out",
    ),
    BadInput(
        "The label under another coding among the teacher's columns",
        lambda: fit_two(lambda S, T, y: (S, T.assign(outcome=np.where(y == y[0], "well", "ill")), y)),
        "Column 'outcome' of the teacher's table is the label under another coding, such as 'well' for .*Leave it out",
    ),
    BadInput(
        "A row label twice in one table and once in the other",
        lambda: fit_two(
            lambda S, T, y: (S.set_axis([f"p{max(i, 1)}" for i in S.index]), T.set_axis("p" + T.index.astype(str)), y)
        ),
        "The row label 'p1' of X appears twice.*no label says which rows belong together. Give each row a label",
    ),
    BadInput(
        "The label among the teacher's columns",
        lambda: fit_two(lambda S, T, y: (S, T.assign(label=y), y)),
        "Column 'label' of the teacher's table equals the label.*Leave it out",
    ),
    BadInput(
        "The label among the student's columns",
        lambda: fit_two(lambda S, T, y: (S.assign(label=y), T, y)),
        "Column 'label' of X equals the label.*the student would copy it.*Leave it out",
    ),
    BadInput(
        "A sparse table for a network",
        lambda: network().fit(csr_matrix(two_tables()[0].to_numpy()), two_tables()[2]),
        r"Sparse data was passed for X.*Use '\.toarray\(\)'",
        TypeError,
    ),
]

MODELS = [
    BadInput(
        "A student that takes no row weights",
        lambda: fit_two(student=WithoutWeights()),
        "WithoutWeights cannot be trained on soft targets.*Use one that does, such as LogisticRegression",
    ),
    BadInput(
        "Nearest neighbors as the student",
        lambda: fit_two(student=KNeighborsClassifier()),
        "KNeighborsClassifier cannot be trained on soft targets.*Use one that does",
    ),
    BadInput(
        "Labels of text for a student that takes whole numbers",
        lambda: fit_two(lambda S, T, y: (S, T, y.map({0: "well", 1: "ill"})), student=WholeNumbersOnly()),
        r"Invalid classes.*WholeNumbersOnly was fitted to labels of text, such as 'well'.*LabelEncoder",
    ),
    BadInput(
        "A teacher without probabilities",
        lambda: fit_two(teacher=LinearSVC()),
        "LinearSVC has no predict_proba.*wrap it in CalibratedClassifierCV",
    ),
    BadInput(
        "A frozen teacher that was never fitted",
        lambda: fit_two(teacher=FrozenEstimator(LogisticRegression())),
        "LogisticRegression instance is not fitted yet. Call 'fit'",
    ),
    BadInput(
        "A frozen teacher of other columns",
        lambda: fit_frozen(lambda T, y: (T.add_prefix("rna_"), y)),
        "'rna_teacher_shared_0'.*Name the columns as they were named then",
    ),
    BadInput(
        "A frozen teacher of other classes",
        lambda: fit_frozen(lambda T, y: (T, y + 5)),
        r"\[5, 6\] and y has \[0, 1\]: none in common\. Give",
    ),
    BadInput(
        "A class in place of an estimator",
        lambda: fit_two(student=LogisticRegression),
        r"Expected an estimator instance \(LogisticRegression\(\)\)|LogisticRegression.* missing 1 .* 'self'",
        TypeError,
    ),
    BadInput(
        "A name in place of an estimator",
        lambda: fit_two(student="logistic"),
        "'student'.* must be an object implementing 'fit' and 'predict' or None. Got 'logistic'",
    ),
    BadInput(
        "A regressor for classes",
        lambda: fit_two(student=Ridge()),
        "Ridge is a regressor and y holds classes. Give a classifier",
    ),
    BadInput(
        "A dict of teachers without a dict of columns",
        lambda: fit_two(teacher={"rna": LogisticRegression()}),
        "dict of 'rna'; it needs teacher_columns as a dict",
    ),
    BadInput(
        "A weight below 0 for a teacher",
        lambda: fit_two(teacher_weights={"rna": -1, "dna": 2}, teacher_columns={"rna": [0], "dna": [1]}),
        r"\{'rna': -1, 'dna': 2\} must be finite, not negative",
    ),
    BadInput(
        "Mutual learning without networks",
        lambda: mutual(student=LogisticRegression()).fit(two_tables()[0], two_tables()[2], X_teacher=two_tables()[1]),
        "LogisticRegression cannot be trained together.*must be a NetworkClassifier",
    ),
    BadInput(
        "A network's objective for another student",
        lambda: fit_two(objective="dkd"),
        r"\['dkd'\] needs a network.*LogisticRegression is none\. Use NetworkClassifier",
    ),
    BadInput(
        "An unknown objective",
        lambda: fit_two(objective="dkdd", student=network()),
        r"'dkdd', which is unknown\. Choose among soft_targets",
    ),
    BadInput(
        "Calibration of a student without probabilities",
        lambda: fit_two(student=LinearSVC(), calibrate=True),
        "LinearSVC has no predict_proba. Use one that has, or set calibrate to False",
    ),
]

OPTIONS = [
    BadInput("alpha above 1", lambda: fit_two(alpha=2), r"'alpha'.* range \[0\.0, 1\.0\].* Got 2"),
    BadInput("alpha misspelt", lambda: fit_two(alpha="outo"), r"\{'analytic', 'auto'\}\. Got 'outo'"),
    BadInput("temperature of 0", lambda: fit_two(temperature=0), r"'temperature'.* range \(0\.0, inf\)\. Got 0"),
    BadInput("One fold", lambda: fit_two(cv=1), r"'cv'.* must be an int in the range \[2, inf\).* Got 1"),
    BadInput("More folds than rows", lambda: fit_two(cv=50), r"50 folds.*40 label+ed rows.*Lower cv, or add rows"),
    BadInput(
        "Two folds to choose alpha",
        lambda: fit_two(cv=2, alpha="auto", teacher_weights="equal"),
        "at least 3 folds.*gives 2. Raise cv",
    ),
    BadInput(
        "A splitter that draws rows",
        lambda: fit_two(cv=ShuffleSplit(1, test_size=0.5, random_state=0)),
        "ShuffleSplit.*never holds some rows out; give a splitter that holds each row out once",
    ),
    BadInput(
        "A class weight for another class",
        lambda: fit_two(class_weight={"ill": 2.0}),
        r"\{'ill': 2\.0\} must give the classes of y, \[0, 1\], finite weights",
    ),
    BadInput(
        "A class weight below 0",
        lambda: fit_two(class_weight={0: -1.0, 1: 1.0}),
        r"\{0: -1\.0, 1: 1\.0\} must give .* of 0 or more",
    ),
    BadInput("No processes", lambda: fit_two(n_jobs=0), r"'n_jobs'.* range \[1, inf\).* Got 0"),
    BadInput("A text as seed", lambda: fit_two(random_state="seed"), "'random_state'.* must be an int.* Got 'seed'"),
    BadInput(
        "A network without layers",
        lambda: fit_network(hidden_layer_sizes=()),
        r"hidden_layer_sizes=\(\) must name at least one layer",
    ),
    BadInput("Half a unit", lambda: fit_network(hidden_layer_sizes=(4.5,)), r"\(4\.5,\) must .* whole numbers such as"),
    BadInput("An unknown device", lambda: fit_network(device="gpu"), r"device='gpu' is not a torch device\. Take"),
    BadInput(
        "Steps that are far too large",
        lambda: fit_network(learning_rate=1e30, max_epochs=9),
        r"loss became nan.*Lower learning_rate \(now 1e\+30\)",
    ),
]

ROW_DATA = [
    BadInput(
        "Groups of other length", lambda: fit_with(groups=[1] * 30), "groups has 30 rows and X has 40: give the group"
    ),
    BadInput("The groups' name", lambda: fit_with(groups="patient"), r"'patient', a str\. Give one column"),
    BadInput("A missing group", lambda: fit_with(groups=[np.nan] * 40), "40 missing labels.*Leave out those rows"),
    BadInput(
        "Groups of pairs, and none of rows",
        lambda: fit_with(unlabeled_pairs=(*two_tables()[:2], [1] * 40)),
        r"unlabeled_pairs\[2\] names groups and X has none to compare them with\. Give groups=, too",
    ),
    BadInput("One group", lambda: fit_with(groups=["P1"] * 40), "groups holds 1 in 40 rows. Lower cv, or add groups"),
    BadInput("Weights of other length", lambda: fit_with(sample_weight=[1] * 30), r"each of the 40 rows.*\(30,\)"),
    BadInput("A negative weight", lambda: fit_with(sample_weight=[-1] * 40), "0 or more.*Negative values"),
    BadInput("Weights that are all 0", lambda: fit_with(sample_weight=[0] * 40), "not all 0|Give some rows a weight"),
    BadInput(
        "The teacher's table as third argument",
        lambda: paired().fit(two_tables()[0], two_tables()[2], two_tables()[1]),
        r"pass a teacher\'s table by name, X_teacher=.*(got|must be) .D array",
    ),
]

SIDE_DATA = [
    BadInput(
        "Pairs as a list",
        lambda: fit_with(unlabeled_pairs=list(two_tables()[:2])),
        "must be a tuple .*got a list. Cross-validation splits lists and tables, and never tuples",
    ),
    BadInput(
        "Pairs of one table", lambda: fit_with(unlabeled_pairs=two_tables()[:1]), r"\(X_unlabeled, X_tea.*tuple of 1"
    ),
    BadInput(
        "Pairs swapped",
        lambda: fit_with(unlabeled_pairs=two_tables()[1::-1]),
        r"unlabeled_pairs\[0\] must have the columns of X: it lacks 'student_shared_0'",
    ),
    BadInput(
        "Pairs with more columns than a selector has left in X",
        lambda: paired(student_columns=["student_shared_0"]).fit(
            two_tables()[0].iloc[:, :2], two_tables()[2], unlabeled_pairs=(two_tables()[0],)
        ),
        r"X lacks 'student_noise_0'.*set transform_input=\['unlabeled_pairs'\] in the Pipeline",
    ),
    BadInput(
        "Pairs of unequal length",
        lambda: fit_with(unlabeled_pairs=(two_tables()[0], two_tables()[1][:9])),
        r"\[1\] has 9 rows and .*\[0\] has 40: give one row",
    ),
    BadInput(
        "Text in an unlabeled row",
        lambda: fit_with(unlabeled_pairs=(with_cell(two_tables()[0], "n/a"), two_tables()[1])),
        r"'student_shared_0' of unlabeled_pairs\[0\].*'n/a'.*Encode it",
    ),
    BadInput(
        "Pairs without a teacher's table",
        lambda: paired().fit(two_tables()[0], two_tables()[2], unlabeled_pairs=two_tables()[:2]),
        "unlabeled_pairs were given without X_teacher.*Give X_teacher, or set student_columns",
    ),
    BadInput(
        "The teacher's table without its labels",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": T}),
        r"tuple \(X_teacher, y_teacher\), got a DataFrame",
    ),
    BadInput(
        "Labels before the table",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (y, T)}),
        r"teacher_data\[0\] has shape \(40,\), and must be a table.*teacher_data\[0\]\.to_frame",
    ),
    BadInput(
        "Fewer labels than rows in the teacher's cohort",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y[:3])}),
        r"teacher_data\[1\] has 3 rows and teacher_data\[0\] has 40: give one",
    ),
    BadInput(
        "One class in the teacher's cohort",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y * 0)}),
        r"one class only, 0; a teacher needs rows of at least two",
    ),
    BadInput(
        "Classes named otherwise in the teacher's cohort",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y.astype(str))}),
        r"y has \[0, 1\] and teacher_data\[1\] has \['0', '1'\]\. Give the same classes the same names",
    ),
    BadInput(
        "A bridge of unequal length",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y), "bridge": (S, T[:7])}),
        r"bridge\[1\] has 7 rows and bridge\[0\] has 40: give one row",
    ),
    BadInput(
        "A bridge without a teacher",
        lambda: fit_unpaired(lambda S, T, y: {"bridge": (S, T)}),
        r"bridge was given without teacher_data.*Give\s+teacher_data=\(X_teacher, y_teacher\)",
    ),
    BadInput(
        "Unlabeled rows with other columns",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y), "unlabeled": (S.assign(age=1),)}),
        r"unlabeled\[0\] must have the columns of X: X lacks 'age'",
    ),
    BadInput(
        "Linked columns of no common name",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y)}, linked_columns="names"),
        "'names' found no column of the same name.*or a list of pairs",
    ),
    BadInput(
        "An alignment for a student without representation",
        lambda: fit_unpaired(lambda S, T, y: {"teacher_data": (T, y)}, alignment="prototypes"),
        "'prototypes'.*LogisticRegression. Use NetworkClassifier",
    ),
]

PREDICTING = [
    BadInput(
        "Predicting before fitting",
        lambda: paired().predict(two_tables()[0]),
        "not fitted yet.*Call 'fit'",
    ),
    BadInput(
        "A column is missing",
        lambda: predict(lambda S: S.iloc[:, :2]),
        r"(?s)missing:.*student_noise_0.*Give X\[fitted\.feature_names_in_\]",
    ),
    BadInput(
        "Only the student's columns, after a fit to both modalities without student_columns",
        lambda: paired(alpha="auto").fit(*cohort()[:2]).predict(cohort()[0].iloc[:, :3]),
        r"(?s)Give X\[fitted\.feature_names_in_\].*student_columns, or give the teacher's as X_teacher",
    ),
    BadInput(
        "Columns in another order",
        lambda: predict(lambda S: S.iloc[:, ::-1]),
        r"(?s)same order as they were in fit.*Give X\[fitted\.feature_names_in_\]",
    ),
    BadInput(
        "A column too many",
        lambda: predict(lambda S: S.assign(age=1)),
        r"(?s)at fit time:.*age.*Give X\[fitted\.feature_names_in_\]",
    ),
    BadInput(
        "A column is missing from a table of both modalities",
        lambda: predict_one(lambda X: X.drop(columns="student_shared_0")),
        "lacks 1 of the student's 3 columns: 'student_shared_0'. Give the columns named in feature_names_in_",
    ),
    BadInput("One row as a list", lambda: predict(lambda S: [1.0, 2.0, 3.0]), r"(?s)\[1\. 2\. 3\.\].*reshape\(1, -1\)"),
    BadInput(
        "A missing value",
        lambda: predict(lambda S: with_cell(S, np.nan)),
        "1 values, the first in column 'student_shared_0'.*Put an imputer first",
    ),
    BadInput("A cell of text", lambda: predict(lambda S: with_cell(S, "n/a")), "'student_shared_0'.*'n/a'.*Encode it"),
    BadInput(
        "An infinite value", lambda: predict(lambda S: with_cell(S, np.inf)), "'student_shared_0' of X. Replace them"
    ),
    BadInput(
        "Probabilities of a student without them",
        partial(getattr, paired(student=LinearSVC()), "predict_proba"),
        "'PairedDistiller' has no attribute 'predict_proba'",
        AttributeError,
    ),
]
