"""A student in a file of its own, which runs nothing when it is read: skops, never pickle."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import sklearn
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import skcmkd

from .._distillation._delegate import StudentMixin
from .._utils._atomic_write import atomic_write
from ._archive import HEADER, SCHEMA, check_expansion, read_header, replace_members
from ._cycles import without_cycles
from ._names import FORMAT, read_file_names, write_file_names
from ._trusted import TRUSTED, UNSAFE_COMPILED, misused_names

# Ends the messages of what cannot be written.
REMEDY = (
    "The page 'Other packages' of the documentation lists what can be saved of scikit-learn: take such parts, or "
    "store the student in another format."
)


def save_student(student: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted student to a ``.skops`` file, which holds arrays and numbers and no code.

    Parameters
    ----------
    student : estimator
        A fitted scikit-learn model, network, or pipeline of them, such as a distiller's ``student_``. Of a fitted
        distiller ``student_`` alone is written, never the teacher; of a search such as GridSearchCV its best
        estimator.
    path : str or path
        Where to write; an existing file is replaced.

    Raises
    ------
    ImportError
        If skops is missing: ``pip install "skcmkd[skops]"``.
    ValueError
        If the student holds something that ``load_student`` would refuse, such as a function of your own, or if it is
        a pipeline that ends in a distiller: steps before a distiller read the teacher's columns.
    sklearn.exceptions.NotFittedError
        If the student is not fitted.

    See Also
    --------
    load_student : Reads the file.

    Notes
    -----
    The file also holds a format number and the versions of skcmkd and scikit-learn that wrote it; later versions of
    skcmkd read earlier formats. It is a zip archive without compression. Networks give the same predictions to the last
    bit on the same machine and versions.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skcmkd import PairedDistiller, load_student, save_student
    >>> iris = load_iris()
    >>> X, X_teacher = iris.data[:, :2], iris.data[:, 2:]
    >>> distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), random_state=0)
    >>> distiller = distiller.fit(X, iris.target, X_teacher=X_teacher)
    >>> path = Path(mkdtemp()) / "student.skops"
    >>> save_student(distiller, path)
    >>> bool((load_student(path).predict(X) == distiller.predict(X)).all())
    True
    """
    skops_io = _import_skops()
    student = extract_student(student)
    check_is_fitted(student)
    try:
        data = skops_io.dumps(without_cycles(student))
        with ZipFile(io.BytesIO(data)) as archive:
            schema = json.loads(archive.read(SCHEMA))
        refused = set(skops_io.get_untrusted_types(data=data)) - {*TRUSTED, *UNSAFE_COMPILED} | misused_names(schema)
    except Exception as error:
        raise ValueError(
            f"The student {student.__class__.__name__} cannot be written without pickle: {_error_message(error)}. "
            f"{REMEDY}"
        ) from error
    if refused:
        raise ValueError(
            f"The student {student.__class__.__name__} holds {', '.join(sorted(refused))}, which load_student would "
            f"refuse to read. {REMEDY}"
        )
    write_file_names(schema)
    header = {"format": FORMAT, "skcmkd": skcmkd.__version__, "scikit-learn": sklearn.__version__}
    data = replace_members(data, {SCHEMA: json.dumps(schema), HEADER: json.dumps(header)})
    with atomic_write(Path(path)) as tmp_path:
        tmp_path.write_bytes(data)


def load_student(path: str | os.PathLike[str], *, trusted: Sequence[str] = ()) -> BaseEstimator:
    """Read a student that ``save_student`` wrote; nothing in the file is run.

    Parameters
    ----------
    path : str or path
        The file.
    trusted : sequence of str, default=()
        Names of further types to read. Decision trees and forests, gradient boosting, nearest neighbors, splines and
        sparse projections need it: the error names the types. Their compiled parts use the positions in the file
        unchecked, so that a forged file can end the process. Name them for files of your own or of people you trust.

    Returns
    -------
    estimator
        The fitted student. It predicts from the student's columns alone.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError
        If skops is missing: ``pip install "skcmkd[skops]"``.
    ValueError
        If the file was not written by ``save_student``, is damaged, comes from a newer version, or holds a type that is
        not trusted.

    See Also
    --------
    save_student : Writes the file, with an example.

    Notes
    -----
    Only types that skops trusts by default, this package's students, and listed classes and functions of scikit-learn
    are read; a function, such as the score of SelectKBest, is only named in a file and not called.
    scikit-learn warns when another of its versions wrote the file.

    Examples
    --------
    >>> from skcmkd import load_student
    >>> load_student("no_such_file.skops")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no_such_file.skops'
    """
    skops_io = _import_skops()
    if isinstance(trusted, str):
        raise ValueError(f"trusted={trusted!r} must be a list of names of types: trusted=[{trusted!r}].")
    data = Path(path).read_bytes()
    try:
        header, schema = read_header(data)
    except (BadZipFile, ValueError, KeyError, NotImplementedError, OSError, RuntimeError) as error:
        raise ValueError(
            f"{path} is not a file of save_student, or is damaged ({_error_message(error)}). Pickles are never read: "
            "save the student with skcmkd.save_student."
        ) from error
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by skcmkd {header.get('skcmkd')} in format {header['format']}; "
            f"skcmkd {skcmkd.__version__} reads formats up to {FORMAT}. Update skcmkd."
        )
    try:
        schema = json.loads(schema)
        check_expansion(schema)
        unknown = read_file_names(schema, header["format"]) | misused_names(schema)
        data = replace_members(data, {SCHEMA: json.dumps(schema)})
        refused = (unknown | set(skops_io.get_untrusted_types(data=data)) - {*TRUSTED}) - {*trusted}
        if not refused:
            student = skops_io.loads(data, trusted=[*TRUSTED, *trusted])
            check_is_fitted(student)
    except Warning:
        raise
    except Exception as error:  # A forged file can break anywhere in the reading.
        raise ValueError(f"{path} is damaged: {_error_message(error)}") from error
    if refused:
        _raise_untrusted(path, refused)
    return student


def _import_skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise ImportError('Students are saved with the package skops: pip install "skcmkd[skops]".') from error
    return skops.io


def extract_student(model: BaseEstimator) -> BaseEstimator:
    """The model that predicts from the student's columns alone."""
    if hasattr(model, "best_estimator_"):
        return extract_student(model.best_estimator_)
    if isinstance(model, Pipeline) and isinstance(model.steps[-1][1], StudentMixin):
        raise ValueError(
            f"The pipeline ends in a {model.steps[-1][1].__class__.__name__}, and its earlier steps read the teacher's "
            "columns. Save the student alone, save_student(pipeline[-1], path), and put the steps that prepare the "
            "student's columns into the student's own pipeline."
        )
    if isinstance(model, StudentMixin):
        check_is_fitted(model)
        return model.student_
    return model


def _raise_untrusted(path: str | os.PathLike[str], refused: set[str]) -> None:
    names = ", ".join(sorted(refused))
    if refused <= set(UNSAFE_COMPILED):
        raise ValueError(
            f"{path} holds {names}, compiled code that uses the positions in the file unchecked. If the file is your "
            f"own or comes from people you trust, read it with trusted={sorted(refused)!r}."
        )
    raise ValueError(f"{path} holds {names}, which no file of save_student holds. It was not read: do not trust it.")


def _error_message(error: BaseException) -> str:
    return str(error).rstrip(".") or error.__class__.__name__
