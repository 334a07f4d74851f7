"""A student on its own in a file that runs nothing when it is read: skops, never pickle."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import sklearn
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

import skcmkd

from .._distillation._delegate import StudentMixin
from .._utils._atomic_write import atomic_write

# Raised when a file of today could not be read by the version before.
FORMAT = 1
HEADER = "skcmkd.json"
SCHEMA = "schema.json"
# Beside what skops trusts: classes in plain Python that run nothing named in the file.
TRUSTED = [
    "numpy.dtype",
    "numpy.number",
    "skcmkd.paired._temperature_scaling.TemperatureScaled",
    "skcmkd.networks._mlp.NetworkClassifier",
    "skcmkd.networks._mlp.NetworkRegressor",
    "skcmkd._linear_model._ridge.LeaveOutRidge",
    "skcmkd._linear_model._logistic.GroupLogisticRegressionCV",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
]
# How many times as many parts as a file holds the reading may pass by, parts that are named again counted each time.
MAX_EXPANSION = 1000
# Compiled classes that follow the positions in a file without looking whether they exist.
UNSAFE_COMPILED = [
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
]


def save_student(student: BaseEstimator, path: str | os.PathLike[str]) -> None:
    """Write a fitted student to a ``.skops`` file, which holds arrays and numbers and no code.

    Parameters
    ----------
    student : estimator
        A fitted scikit-learn model, network, or pipeline of them, such as a distiller's ``student_``. Of a fitted
        distiller ``student_`` alone is written, never the teacher; of a search such as GridSearchCV its best
        estimator.
    path : str or path
        Where to write; a file that is there is replaced.

    Raises
    ------
    ImportError
        If skops is missing: ``pip install "skcmkd[skops]"``.
    ValueError
        If the student holds something that ``load_student`` would refuse, such as a function of your own, or if it is
        a pipeline that ends in a distiller: steps before a distiller see the teacher's columns.
    sklearn.exceptions.NotFittedError
        If the student is not fitted.

    See Also
    --------
    load_student : Reads the file.

    Notes
    -----
    The file also names the versions of skcmkd and scikit-learn that wrote it. It is a zip archive without compression.
    Networks give the same predictions to the last bit on the same machine and versions.

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
        data = skops_io.dumps(student)
        refused = set(skops_io.get_untrusted_types(data=data)) - {*TRUSTED, *UNSAFE_COMPILED}
    except Exception as error:
        raise ValueError(
            f"The student {student.__class__.__name__} cannot be written without pickle: {error}"
        ) from error
    if refused:
        raise ValueError(
            f"The student {student.__class__.__name__} holds {', '.join(sorted(refused))}, which load_student would "
            "refuse to read. Take transformers and models of scikit-learn or skcmkd instead, or keep the student in a "
            "format of your own choice."
        )
    buffer = io.BytesIO(data)
    with ZipFile(buffer, "a", ZIP_STORED) as archive:
        header = {"format": FORMAT, "skcmkd": skcmkd.__version__, "scikit-learn": sklearn.__version__}
        archive.writestr(HEADER, json.dumps(header))
    with atomic_write(Path(path)) as tmp_path:
        tmp_path.write_bytes(buffer.getvalue())


def load_student(path: str | os.PathLike[str], *, trusted: Sequence[str] = ()) -> BaseEstimator:
    """Read a student that ``save_student`` wrote; nothing in the file is run.

    Parameters
    ----------
    path : str or path
        The file.
    trusted : sequence of str, default=()
        Names of further types to read. Decision trees and forests, gradient boosting and nearest neighbours need it:
        the error names the types. Their compiled parts follow the positions in the file unchecked, so that a forged
        file can end the process. Name them for files of your own or of people you trust.

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
        If the file is none of ``save_student``'s, is damaged, comes from a newer version, or holds a type that is not
        trusted.

    See Also
    --------
    save_student : Writes the file, with an example.

    Notes
    -----
    Only types that skops trusts by default, this package's students and some plain classes of scikit-learn are read.
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
        header, schema = _read_header(data)
    except (BadZipFile, ValueError, KeyError, NotImplementedError, OSError, RuntimeError) as error:
        raise ValueError(
            f"{path} is not a file of save_student, or is damaged ({_error_message(error)}). Pickles are never read: save the "
            "student with skcmkd.save_student."
        ) from error
    if header["format"] > FORMAT:
        raise ValueError(
            f"{path} was written by skcmkd {header.get('skcmkd')} in format {header['format']}; "
            f"skcmkd {skcmkd.__version__} reads formats up to {FORMAT}. Update skcmkd."
        )
    try:
        _check_expansion(json.loads(schema))
        refused = set(skops_io.get_untrusted_types(data=data)) - {*TRUSTED, *trusted}
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
    """What predicts from the student's columns alone."""
    if hasattr(model, "best_estimator_"):
        return extract_student(model.best_estimator_)
    if isinstance(model, Pipeline) and isinstance(model.steps[-1][1], StudentMixin):
        raise ValueError(
            f"The pipeline ends in a {model.steps[-1][1].__class__.__name__}, and its earlier steps see the teacher's "
            "columns. Save the student alone, save_student(pipeline[-1], path), and put what prepares the student's "
            "columns into the student's own pipeline."
        )
    if isinstance(model, StudentMixin):
        check_is_fitted(model)
        return model.student_
    return model


def _read_header(data: bytes) -> tuple[dict[str, Any], bytes]:
    """What the file says of itself, and the student's schema; raises where it unpacks to more than its own size."""
    with ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.compress_type != ZIP_STORED for member in members):
            raise ValueError("its parts are compressed, which save_student never does")
        unpacked = sum(member.file_size for member in members)
        if unpacked > len(data):
            raise ValueError(f"its parts claim {unpacked} bytes in a file of {len(data)}")
        header = json.loads(archive.read(HEADER))
        if not isinstance(header, dict) or type(header.get("format")) is not int:
            raise ValueError(f"{HEADER} in it names no format")
        return header, archive.read(SCHEMA)


def _check_expansion(schema: Any) -> None:
    """Raise where parts name each other again and again: skops looks into each as often, which may be without end."""
    children: dict[Any, Counter[Any]] = {}
    n_parts = 0

    def count_children(part: Any) -> Counter[Any]:
        """How often each numbered part stands right below, a part itself among them, and None for all others."""
        nonlocal n_parts
        n_parts += 1
        below: Counter[Any] = Counter()
        for value in part.values() if isinstance(part, dict) else part:
            if isinstance(value, (dict, list)):
                below.update(count_children(value))
        number = part.get("__id__") if isinstance(part, dict) else None
        if number:
            children.setdefault(number, Counter()).update(below)
            return Counter([number])
        below[None] += 1
        return below

    top = count_children(schema)
    sizes: dict[Any, int] = {None: 1}

    def size_of(number: Any) -> int:
        if number not in sizes:
            sizes[number] = 0
            sizes[number] = 1 + sum(times * size_of(child) for child, times in children[number].items())
        elif sizes[number] == 0:
            raise ValueError("a part of it holds itself")
        return sizes[number]

    if sum(times * size_of(child) for child, times in top.items()) > MAX_EXPANSION * n_parts:
        raise ValueError("its parts name each other again and again")


def _raise_untrusted(path: str | os.PathLike[str], refused: set[str]) -> None:
    names = ", ".join(sorted(refused))
    if refused <= set(UNSAFE_COMPILED):
        raise ValueError(
            f"{path} holds {names}, compiled code that follows the file unchecked. If the file is your own or comes "
            f"from people you trust, read it with trusted={sorted(refused)!r}."
        )
    raise ValueError(f"{path} holds {names}, which no file of save_student holds. It was not read: do not trust it.")


def _error_message(error: BaseException) -> str:
    return str(error).rstrip(".") or error.__class__.__name__
