"""A student as an ONNX graph, which runs without Python: the networks' converters for skl2onnx."""

from __future__ import annotations

from importlib import import_module
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._linear_model._ridge import LeaveOutRidge
from .._validation._array_checks import check_columns_of_fit
from .._validation._columns import select_student_columns
from .._validation._dataframes import is_frame
from .._validation._failures import explain_failure
from .._validation._tables import Table, as_table
from ..networks._mlp import NetworkClassifier, NetworkRegressor
from ._onnx_check import check_graph, first_step_without_converter
from ._onnx_rows import graph_input
from ._skops import extract_student

# What onnx.TensorProto calls single precision.
FLOAT = 1


def student_to_onnx(student: BaseEstimator, X: Table) -> Any:
    """Convert a fitted student to ONNX, a graph that needs neither this package nor Python.

    A network becomes relu(W_l ... relu(W_1 z + b_1) ...) + b_l and its linear model, with z = (x - mean) / scale the
    standardized columns.

    Parameters
    ----------
    student : estimator
        A fitted model or pipeline of scikit-learn, a network, or a distiller, of which ``student_`` is taken.
    X : DataFrame or array-like of shape (n_samples, n_features)
        Rows of the student's table, or of a table of both modalities, of which the student's columns are taken. They
        become one input of single precision. Where the student begins with a ColumnTransformer, which asks for columns
        by name, each column of a DataFrame becomes an input: numbers of any type in single precision, all else as text.
        The graph is tried on these rows: give some hundred, with missing values if the student is to meet such.

    Returns
    -------
    onnx.ModelProto
        The graph. Its outputs are the labels and the probabilities (n_samples, n_classes), or the predicted numbers.
        ``SerializeToString()`` gives the bytes of a ``.onnx`` file.

    Raises
    ------
    ImportError
        If skl2onnx is missing: ``pip install "skcmkd[onnx]"``.
    sklearn.exceptions.NotFittedError
        If the student is not fitted.
    ValueError
        If X lacks columns of the student, if skl2onnx cannot convert a step, or if the graph predicts otherwise than
        the student: by more than 0.001 of a probability, or of the standard deviation of predicted numbers. The message
        names row, values and step.

    Warns
    -----
    UserWarning
        If onnxruntime is missing, so that the graph could not be compared; if the graph differs on missing values or
        unknown categories that X does not hold.

    Notes
    -----
    The graph computes in single precision: probabilities agree with ``predict_proba`` to about five decimals, and a row
    that lies on the border of two classes may get the other one. skl2onnx converts some steps without an error to
    graphs that predict otherwise, such as ``SimpleImputer(add_indicator=True)`` before a linear model. So the graph is
    run on 200 rows of X, as they are, with half of the values missing, and with an unknown category, as far as the
    student predicts from such rows. A row counts only as far as rounding errors do not change the student's own
    prediction.
    Probabilities scaled by ``calibrate=True`` are not converted.

    References
    ----------
    ONNX operators Sub, Div, Gemm, Relu, Softmax, ArgMax: onnx.ai/onnx/operators.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skcmkd import NetworkClassifier, student_to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> network = NetworkClassifier((8,), max_epochs=5, random_state=0).fit(X, y)
    >>> [output.name for output in student_to_onnx(network, X).graph.output]
    ['label', 'probabilities']
    """
    try:
        skl2onnx = import_module("skl2onnx")
    except ImportError as error:
        raise ImportError(
            'Students are converted to ONNX with the package skl2onnx: pip install "skcmkd[onnx]".'
        ) from error
    student = extract_student(student)
    check_is_fitted(student)
    _register_networks(skl2onnx)
    _register_ridge(skl2onnx)
    for step in [step for _, step in student.steps] if isinstance(student, Pipeline) else [student]:
        # A class of a package beside this one brings its converter.
        if hasattr(step, "_register_onnx_converter"):
            step._register_onnx_converter(skl2onnx)
    by_name = is_frame(X) and isinstance(_first_step(student), ColumnTransformer)
    X = _columns_of_fit(student, as_table(X))
    row = graph_input(X[:1], by_name)
    with explain_failure(student, "student", lambda: {"X": X}):
        student.predict(X[:2])  # some models of scikit-learn take no single row

    def convert(model: BaseEstimator) -> Any:
        try:  # otherwise a graph gives a dict of probabilities for each row
            return skl2onnx.to_onnx(model, row, options={"zipmap": False} if is_classifier(model) else None)
        except NameError:  # a converter without that option, which gives no dicts
            return skl2onnx.to_onnx(model, row)

    try:
        graph = convert(student)
    except Exception as error:  # skl2onnx raises exceptions of many kinds
        raise ValueError(
            f"skl2onnx cannot convert the student {student.__class__.__name__}: {shorten(str(error), 250)} The "
            f"first step that it cannot convert is {first_step_without_converter(student, convert)}. Take another in "
            "its place, or keep the student with save_student."
        ) from error
    check_graph(graph, student, X, by_name, convert)
    return graph


def _columns_of_fit(student: BaseEstimator, X: Table) -> Table:
    """The student's columns of a table that may hold more, with the names of fit."""
    names = getattr(student, "feature_names_in_", None)
    if names is not None:
        selected = select_student_columns(X, names)
        if selected is None and X.shape[1] == len(names):
            selected = pd.DataFrame(X, columns=names)
        X = X if selected is None else selected
    if hasattr(student, "n_features_in_"):
        check_columns_of_fit(student, X)
    return X


def _first_step(model: BaseEstimator) -> BaseEstimator:
    return _first_step(model[0]) if isinstance(model, Pipeline) else model


def _register_networks(skl2onnx: Any) -> None:
    shapes = import_module("skl2onnx.common.shape_calculator")
    options = {"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]}
    skl2onnx.update_registered_converter(
        NetworkClassifier,
        "SkcmkdNetworkClassifier",
        shapes.calculate_linear_classifier_output_shapes,
        _convert_classifier,
        options=options,
    )
    skl2onnx.update_registered_converter(
        NetworkRegressor,
        "SkcmkdNetworkRegressor",
        shapes.calculate_linear_regressor_output_shapes,
        _convert_regressor,
    )


def _register_ridge(skl2onnx: Any) -> None:
    skl2onnx.update_registered_converter(LeaveOutRidge, "SkcmkdLeaveOutRidge", _set_ridge_shape, _convert_ridge)


def _onnx_ops() -> Any:
    return import_module("skl2onnx.algebra.onnx_ops")


def _last_layer(network: Any, operator: Any, container: Any) -> Any:
    """The network's last layer in the graph."""
    from ..networks._state import network_to_arrays

    ops, opset = _onnx_ops(), container.target_opset
    state = network_to_arrays(network.net_)
    values = ops.OnnxCast(operator.inputs[0], to=FLOAT, op_version=opset)
    values = ops.OnnxSub(values, network.scaler_.mean_.astype(np.float32), op_version=opset)
    standardized = values = ops.OnnxDiv(values, network.scaler_.scale_.astype(np.float32), op_version=opset)
    last = len(state["weights"]) - 1
    for number, (weight, intercept) in enumerate(zip(state["weights"], state["intercepts"], strict=True)):
        values = ops.OnnxGemm(values, weight.T.copy(), intercept, op_version=opset)
        values = values if number == last else ops.OnnxRelu(values, op_version=opset)
    if "linear" in state:
        linear, share = state["linear"], np.float32(state["linear"]["share"])
        of_columns = ops.OnnxGemm(standardized, linear["weights"].T.copy(), linear["intercepts"], op_version=opset)
        parts = ((values, 1 - share), (of_columns, share))
        scaled = [ops.OnnxMul(part, np.array([weight], dtype=np.float32), op_version=opset) for part, weight in parts]
        values = ops.OnnxAdd(*scaled, op_version=opset)
    return values


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    ops, network, opset = _onnx_ops(), operator.raw_operator, container.target_opset
    label, proba = (output.full_name for output in operator.outputs)
    scores = _last_layer(network, operator, container)
    best = ops.OnnxArgMax(scores, axis=1, keepdims=0, op_version=opset)
    classes = network.classes_
    # A label that is a number is a whole one, whatever its type.
    classes = classes.astype(np.int64) if classes.dtype.kind in "iubf" else classes.astype(str).astype(object)
    named = ops.OnnxArrayFeatureExtractor(classes, best, op_version=opset)
    one_axis = np.array([-1], dtype=np.int64)
    ops.OnnxReshape(named, one_axis, op_version=opset, output_names=[label]).add_to(scope, container)
    ops.OnnxSoftmax(scores, axis=1, op_version=opset, output_names=[proba]).add_to(scope, container)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    ops, network, opset = _onnx_ops(), operator.raw_operator, container.target_opset
    scale, mean = (getattr(network.target_scaler_, name).astype(np.float32) for name in ("scale_", "mean_"))
    scaled = ops.OnnxMul(_last_layer(network, operator, container), scale, op_version=opset)
    ops.OnnxAdd(scaled, mean, op_version=opset, output_names=[operator.outputs[0].full_name]).add_to(scope, container)


def _set_ridge_shape(operator: Any) -> None:
    types, coef = import_module("skl2onnx.common.data_types"), operator.raw_operator.coef_
    n_outputs = coef.reshape(len(coef), -1).shape[1]
    operator.outputs[0].type = types.FloatTensorType([operator.inputs[0].get_first_dimension(), n_outputs])


def _convert_ridge(scope: Any, operator: Any, container: Any) -> None:
    ops, ridge, opset = _onnx_ops(), operator.raw_operator, container.target_opset
    median, mean, scale = (getattr(ridge, name).astype(np.float32) for name in ("median_", "mean_", "scale_"))
    coef = ridge.coef_.reshape(len(ridge.coef_), -1).astype(np.float32)
    intercept = np.atleast_1d(ridge.intercept_).astype(np.float32)
    values = ops.OnnxCast(operator.inputs[0], to=FLOAT, op_version=opset)
    values = ops.OnnxWhere(ops.OnnxIsNaN(values, op_version=opset), median, values, op_version=opset)
    values = ops.OnnxDiv(ops.OnnxSub(values, mean, op_version=opset), scale, op_version=opset)
    output = [operator.outputs[0].full_name]
    ops.OnnxGemm(values, coef, intercept, op_version=opset, output_names=output).add_to(scope, container)
