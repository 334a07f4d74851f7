"""Mistakes with students in files."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.cluster import Birch
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skcmkd import load_student, save_student, student_to_onnx

from .bad_inputs import BadInput
from .tables import paired, two_tables

S, T, Y = two_tables()
MISSING = S.mask(np.arange(S.size).reshape(S.shape) % 4 == 0)


def double(table):
    """A function of a user's."""
    return 2 * table


def pipeline(*steps, X=S):
    """A fitted pipeline that ends in a logistic regression."""
    return make_pipeline(*steps, LogisticRegression()).fit(X, Y)


def save(student):
    """Write a student to a file that is thrown away."""
    with TemporaryDirectory() as folder:
        save_student(student, Path(folder) / "student.skops")


def load(content):
    """Read a file of this content, in the folder of the process so that the message names no other."""
    path = Path("student.skops")
    with TemporaryDirectory() as folder:
        file = Path(folder) / path
        file.write_bytes(content)
        try:
            load_student(file)
        except ValueError as error:
            raise ValueError(str(error).replace(str(file), str(path))) from error


KEEPING = [
    BadInput("A function of one's own", lambda: save(pipeline(FunctionTransformer(double))), "double.*can be saved"),
    BadInput("A step that skops cannot write", lambda: save(pipeline(Birch(n_clusters=2))), "Birch.*can be saved"),
    BadInput(
        "A pipeline that ends in a distiller",
        lambda: save(make_pipeline(StandardScaler(), paired())),
        r"ends in a PairedDistiller.*save_student\(pipeline\[-1\], path\)",
    ),
    BadInput("A file of another program", lambda: load(b"pickle"), r"student\.skops is not a file of save_student"),
    BadInput(
        "An ONNX graph that predicts otherwise",
        lambda: student_to_onnx(pipeline(SimpleImputer(add_indicator=True), X=MISSING), MISSING),
        r"differs from the student on rows of X: .*'simpleimputer', SimpleImputer\(add_indicator=True\)\. Take another",
    ),
    BadInput(
        "An ONNX graph of a function",
        lambda: student_to_onnx(pipeline(FunctionTransformer(double)), S),
        "cannot convert the student Pipeline: .*'functiontransformer'.* keep the student with save_student",
    ),
    BadInput(
        "An ONNX graph without the student's columns",
        lambda: student_to_onnx(pipeline(), S.iloc[:, :2]),
        r"X lacks 1 of the student's 3 columns: 'student_noise_0'\. Give the columns",
    ),
]
