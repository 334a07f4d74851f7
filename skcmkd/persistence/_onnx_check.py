"""Does a graph predict what its student predicts? It is run on rows of the student's table."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib import import_module
from textwrap import shorten
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_classifier
from sklearn.pipeline import Pipeline

from .._utils._warnings import warn_user
from .._validation._tables import Table
from ._onnx_rows import graph_input, sample_rows, with_noise

# Of a probability, or of the standard deviation of predicted numbers.
TOLERANCE = 1e-3
N_NOISES = 16


def check_graph(graph: Any, student: BaseEstimator, X: Table, by_name: bool, convert: Callable[..., Any]) -> None:
    """Raise where the graph predicts otherwise than the student; warn where onnxruntime is missing.

    ``by_name`` says that each column is an input, and ``convert`` makes a graph of the first steps of the student.
    Values that X itself does not hold, such as missing ones in a forest that was fitted without, are a warning.
    """
    try:
        import_module("onnxruntime")
    except ImportError:
        warn_user(
            "The ONNX graph was not compared with the student, for onnxruntime is missing: pip install onnxruntime, or "
            "compare the predictions where the graph is used."
        )
        return
    samples = list(sample_rows(X, lambda rows: _outputs(student, rows)))
    if not samples:
        warn_user("The ONNX graph was not compared: each row of X lacks a text. Give rows without missing text.")
    for sample in samples:
        difference = _difference(graph, student, sample.rows, by_name)
        if difference is None:
            continue
        row, text = difference
        message = f"The ONNX graph differs from the student on rows of X{sample.kind}: {text}" + (
            "" if row is None else f", in row {sample.positions[row]}"
        )
        if not sample.is_present:
            warn_user(f"{message}. X holds no such values: give the graph none, either.")
            continue
        raise ValueError(
            f"{message}. The first step that differs is {_first_wrong_step(student, sample.rows, by_name, convert)}. "
            "Take another in its place, or keep the student with save_student."
        )


def first_step_without_converter(student: BaseEstimator, convert: Callable[..., Any]) -> str:
    """The first step of a student that skl2onnx cannot convert behind the steps before it."""
    return _first_step(student, lambda part: convert(part) is None)


def _first_wrong_step(student: BaseEstimator, rows: Table, by_name: bool, convert: Callable[..., Any]) -> str:
    return _first_step(student, lambda part: _difference(convert(part), part, rows, by_name) is not None)


def _first_step(student: BaseEstimator, is_wrong: Callable[[BaseEstimator], bool]) -> str:
    """The last step of the shortest part of a pipeline that is wrong or raises."""
    steps = student.steps if isinstance(student, Pipeline) else [("", student)]
    for length in range(1, len(steps)):
        try:
            found = is_wrong(student[:length])
        except Exception:  # skl2onnx and onnxruntime raise exceptions of many kinds
            found = True
        if found:
            return _describe_step(*steps[length - 1])
    return _describe_step(*steps[-1])


def _describe_step(name: str, step: Any) -> str:
    text = " ".join(repr(step).split())
    text = text if len(text) <= 200 else step.__class__.__name__
    return f"{name!r}, {text}" if name else text


def _difference(graph: Any, model: BaseEstimator, rows: Table, by_name: bool) -> tuple[int | None, str] | None:
    """The row that differs most between a graph and its model, and how; None where they agree.

    A row counts only as far as the difference exceeds what noise of the size of rounding errors does to the model.
    """
    expected = _outputs(model, rows)
    try:
        found = _run(graph, graph_input(rows, by_name), by_name)
    except Exception as error:  # onnxruntime has a class of exception for each code of its errors
        return None, f"onnxruntime cannot run it ({shorten(str(error), 250)})"
    excess = _distances(model, expected, found) - TOLERANCE
    if (excess > 0).any():
        excess -= 2 * _effects_of_noise(model, rows, expected)
    if not (excess > 0).any():
        return None
    row = int(np.argmax(excess))
    given, predicted = (_describe(values[: len(expected)], row) for values in (found, expected))
    return row, f"{given} where the student gives {predicted}"


def _describe(values: list[np.ndarray], row: int) -> str:
    """A row of each output, such as a class and its probabilities."""
    return " and ".join(
        np.array2string(np.squeeze(value[row]), precision=3, threshold=6, edgeitems=2, max_line_width=10_000)
        for value in values
    )


def _run(graph: Any, rows: Table, by_name: bool) -> list[np.ndarray]:
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1  # the exception says it already
    session = runtime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_inputs()]
    values = {name: rows[[name]].to_numpy() for name in names} if by_name else {names[0]: rows}
    return session.run(None, values)


def _outputs(model: BaseEstimator, rows: Table) -> list[np.ndarray]:
    """What the graph of a model gives: classes and probabilities, predicted numbers, or a transformed table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an unknown category is a warning
        if not hasattr(model, "predict"):
            table = model.transform(rows)
            return [np.asarray(table.toarray() if hasattr(table, "toarray") else table)]
        outputs = [np.asarray(model.predict(rows))]
        if is_classifier(model) and hasattr(model, "predict_proba") and outputs[0].ndim == 1:
            outputs.append(model.predict_proba(rows))
        return outputs


def _distances(model: BaseEstimator, expected: list[np.ndarray], found: list[np.ndarray]) -> np.ndarray:
    """How far two outputs are apart, for each row: in probability, or in standard deviations of predicted numbers."""
    n_rows = len(expected[0])
    if [np.size(values) for values in expected] != [np.size(values) for values in found[: len(expected)]]:
        return np.full(n_rows, np.inf)
    first, first_found = (np.asarray(values[0]).reshape(n_rows, -1) for values in (expected, found))
    if not is_classifier(model):
        return _distances_of_numbers(first, first_found)
    if len(expected) == 1:
        return (_as_text(first) != _as_text(first_found)).any(axis=1).astype(float)
    proba, found_proba = expected[1], np.asarray(found[1]).reshape(expected[1].shape)
    # Of two classes that are equally probable one is as good as the other.
    own, other = (_of_label(proba, model.classes_, labels) for labels in (first, first_found))
    return np.maximum(np.nan_to_num(np.abs(proba - found_proba), nan=np.inf).max(axis=1), np.abs(own - other))


def _of_label(proba: np.ndarray, classes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The probability of one label of each row; minus infinity for one that is no class."""
    is_label = _as_text(classes) == _as_text(labels)
    return np.where(is_label.any(axis=1), (proba * is_label).sum(axis=1), -np.inf)


def _distances_of_numbers(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    expected, found = expected.astype(float), found.astype(float)
    scale = np.maximum(np.nan_to_num(expected).std(axis=0), 0.01 * np.abs(expected))
    same = (expected == found) | (np.isnan(expected) & np.isnan(found))
    ratio = np.abs(expected - found) / np.where(scale > 0, scale, 1.0)
    return np.where(same, 0.0, np.nan_to_num(ratio, nan=np.inf)).max(axis=1)


def _as_text(labels: np.ndarray) -> np.ndarray:
    """Labels that can be compared: a graph says 1 for 1.0 and for True."""
    return labels.astype(float if labels.dtype.kind in "biuf" else str).astype(str)


def _effects_of_noise(model: BaseEstimator, rows: Table, expected: list[np.ndarray]) -> np.ndarray:
    """How far noise moves the model's own outputs, for each row."""
    random_state = np.random.RandomState(0)
    effects = np.zeros(len(expected[0]))
    for _ in range(N_NOISES):
        try:
            outputs = _outputs(model, with_noise(rows, random_state))
        except Exception:  # such as a number that is a category
            return effects
        effects = np.maximum(effects, _distances(model, expected, outputs))
    return effects
