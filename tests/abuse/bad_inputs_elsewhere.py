"""Mistakes with selection, mutual information, reports, displays and data sets."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skcmkd import CCHDisplay, DistillationReport, GainDisplay, cch_matrix, mutual_information
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
from skcmkd.information import ksg

from .bad_inputs import BadInput, with_cell
from .tables import cohort, network, paired, selector, two_tables


def select(spoil=lambda X, y: (X, y), **parameters):
    """Fit a selector to a table that ``spoil`` changes."""
    X, y, _ = cohort()
    return selector(**parameters).fit(*spoil(X, y))


def modalities(**changed):
    """The modalities, some of them changed."""
    return {**cohort()[2], **changed}


def returns_nothing(metrics):
    """A criterion without a return statement."""


def measure(spoil=lambda X, Y: (X, Y), **parameters):
    """Estimate the mutual information of two tables."""
    S, T, _ = two_tables()
    return mutual_information(*spoil(S, T), **{"n_subsamples": 0, "random_state": 0, **parameters})


def report(distiller=None, **options):
    """A report of a paired distiller."""
    S, T, y = two_tables()
    distiller = paired() if distiller is None else distiller
    return DistillationReport.from_estimator(distiller, S, y, **{"X_teacher": T, "cv": 3, "random_state": 0, **options})


CHOOSING = [
    BadInput("An unknown student", lambda: select(student="panel"), "'panel' is not among the modalities: teacher"),
    BadInput(
        "One modality",
        lambda: select(modalities={"student": ["student_shared_0"]}),
        r"dict of at least two modalities.*got \{'student'",
    ),
    BadInput("A list of modalities", lambda: select(modalities=["a", "b"]), r"must be a dict .*got \['a', 'b'\]"),
    BadInput(
        "Modalities that overlap",
        lambda: select(modalities=modalities(teacher=["student_shared_0", "teacher_shared_0"])),
        "'student_shared_0' belongs to both 'teacher' and 'student'. Give each column to one",
    ),
    BadInput(
        "A prefix in place of columns",
        lambda: select(modalities=modalities(teacher="teacher_")),
        r"modalities\['teacher'\] names 1 column that X does not have: 'teacher_'\. X has 6 columns",
    ),
    BadInput("A modality without columns", lambda: select(modalities=modalities(teacher=[])), "none.*at least one"),
    BadInput(
        "No columns named", lambda: select(modalities=modalities(teacher=None)), "None is a NoneType: give a list"
    ),
    BadInput("An unknown criterion", lambda: select(criterion="best"), r"\{'added', 'advantage'.* Got 'best'"),
    BadInput(
        "A metric as the criterion", lambda: select(criterion="gap"), "'gap' is a metric; .* decides by it is 'cch'"
    ),
    BadInput(
        "A criterion that gives nothing", lambda: select(criterion=returns_nothing), "gave None.*always a finite number"
    ),
    BadInput(
        "Class probabilities of a continuous target",
        lambda: select(lambda X, y: (X, y + np.arange(40) / 7), mutual_information="classifier"),
        "'classifier' takes class probabilities only; .*choose 'auto'",
    ),
    BadInput(
        "An encoder of an unknown modality",
        lambda: select(encoder={"rna": LogisticRegression()}),
        "encoder names 'rna', which is not among the modalities: teacher, student",
    ),
    BadInput(
        "An encoder without probabilities",
        lambda: select(encoder=LinearSVC()),
        "LinearSVC of 'teacher' has no predict_proba.*Give another encoder",
    ),
    BadInput(
        "A missing value for an encoder that takes none",
        lambda: select(lambda X, y: (with_cell(X, np.nan), y), encoder=LogisticRegression()),
        "'teacher_shared_0', and the encoder LogisticRegression takes none. Put an imputer first",
    ),
    BadInput("Confidence in per cent", lambda: select(confidence=90), r"'confidence'.* range \(0\.0, 1\.0\)\. Got 90"),
    BadInput(
        "A continuous target that does not vary",
        lambda: select(lambda X, y: (X, y * 0 + 0.5)),
        r"y is 0\.5 in all rows.*Give a label that varies",
    ),
    BadInput(
        "A modality that was never measured",
        lambda: select(lambda X, y: (X.assign(**dict.fromkeys(modalities()["teacher"], np.nan)), y)),
        "'teacher' is missing in all 40 rows.*Leave it out of modalities",
    ),
    BadInput(
        "Modalities never measured together",
        lambda: select(lambda X, y: (X.mask((np.arange(40) < 20)[:, None] ^ X.columns.str.startswith("teacher")), y)),
        "Only 0 labeled rows have both.*Leave it out of modalities",
    ),
    BadInput(
        "A sparse table",
        lambda: selector(modalities={"student": [0], "teacher": [1]}).fit(csr_matrix(np.eye(40)), cohort()[1]),
        r"Sparse data was passed for X.*Use '\.toarray\(\)'",
        TypeError,
    ),
    BadInput(
        "A matrix of a distiller",
        lambda: cch_matrix(paired(), *cohort()[:2]),
        "got a PairedDistiller. Give CCHSelector",
    ),
]

MEASURING = [
    BadInput("An unknown estimator", lambda: measure(estimator="kraskov"), "'kraskov' must be one of 'cca'"),
    BadInput("Tables of unequal length", lambda: measure(lambda X, Y: (X, Y[:30])), "Y has 30 rows and X has 40: give"),
    BadInput("Tables in another order", lambda: measure(lambda X, Y: (X, Y[::-1])), r"with Y\.loc\[X\.index\]"),
    BadInput("A missing value", lambda: measure(lambda X, Y: (X, with_cell(Y, np.nan))), "'teacher_shared_0'.*Impute"),
    BadInput("Complex numbers", lambda: measure(lambda X, Y: (X + 1j, Y)), r"\(40, 3\).*real numbers.*Give"),
    BadInput("A number", lambda: measure(lambda X, Y: (X, 4)), r"Y is 4, a int.*Give a DataFrame"),
    BadInput(
        "Names of the rows as a column",
        lambda: measure(lambda X, Y: (X.assign(patient=[f"P{i}" for i in range(40)]), Y)),
        "'patient' of X holds 40 different texts in 40 rows.*Leave it out",
    ),
    BadInput("Four rows", lambda: measure(lambda X, Y: (X[:4], Y[:4])), "at least 10 rows, got 4. Add rows"),
    BadInput(
        "Too few rows for an interval",
        lambda: measure(lambda X, Y: (X[:11], Y[:11]), n_subsamples=5),
        "11 rows.*Set n_subsamples=0 to do without",
    ),
    BadInput(
        "An estimator that gives NaN",
        lambda: measure(estimator=lambda X, Y, random_state: np.nan),
        "gave nan for 40 rows; (take|use) one",
    ),
    BadInput("No neighbors", lambda: ksg(*two_tables()[:2], n_neighbors=0), "n_neighbors=0 must be .* at least 1"),
    BadInput(
        "Tables for the classifier",
        lambda: measure(estimator="classifier"),
        "Y is a table or .*Give text or whole numbers, or take another estimator",
    ),
]

REPORTS = [
    BadInput(
        "A report of another model",
        lambda: report(make_pipeline(LogisticRegression())),
        r"LogisticRegression has no parameter 'student'\. Give a PairedDistiller.*Pipeline that ends in one",
    ),
    BadInput("A report of a class", lambda: report(type(paired())), "got the class PairedDistiller: write brackets"),
    BadInput("A report without a teacher", lambda: report(X_teacher=None), "no teacher's table.*Give X_teacher"),
    BadInput(
        "A report behind a selector that kept no teacher",
        lambda: report(paired(student_columns=slice(None)), X_teacher=None),
        "the selector before it kept no teacher.*Train the student alone",
    ),
    BadInput("More folds than rows", lambda: report(cv=100), r"cv=100 must be .*Change cv, or add rows"),
    BadInput("An unknown fused model", lambda: report(fused="both"), "fused='both' must be an estimator, 'teacher'"),
    BadInput(
        "A display of a distiller",
        lambda: CCHDisplay.from_estimator(paired()),
        "got a PairedDistiller. Give the selector",
    ),
    BadInput("A display before fitting", lambda: CCHDisplay.from_estimator(selector()), "not fitted.*Call 'fit'"),
    BadInput(
        "Gains of unequal length",
        lambda: GainDisplay.from_predictions([1.0, 2.0], [1.0, 2.0, 3.0]),
        "gain has 3 rows and predicted has 2: give one",
    ),
    BadInput("No rows drawn", lambda: make_gaussian_modalities(0), "n_samples=0 must be a whole number of at least 1"),
    BadInput(
        "Correlations that cannot be",
        lambda: make_joint_gaussian(teacher_student=0.9, student_label=0.9, teacher_label=-0.9),
        r"teacher_label=-0\.9: .*Bring teacher_label nearer to",
    ),
    BadInput("A network fitted to text", lambda: network().fit([["a"]] * 9, range(9)), "'a'.*Encode it"),
]
