"""The ONNX graph of PredictedTeacherFeatures: the student's columns beside the predictor's scaled output."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

# What onnx.TensorProto calls single precision.
FLOAT = 1


def set_output_shape(operator: Any) -> None:
    """Declare the shape of the output."""
    types = import_module("skl2onnx.common.data_types")
    features = operator.raw_operator
    n_columns = features.n_features_in_ + len(features.predicted_mean_)
    operator.outputs[0].type = types.FloatTensorType([operator.inputs[0].get_first_dimension(), n_columns])


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add [x, (f(x) - mean) * factor] to the graph."""
    features, opset = operator.raw_operator, container.target_opset
    ops = import_module("skl2onnx.algebra.onnx_ops")
    output = {"op_version": opset, "output_names": [operator.outputs[0].full_name]}
    table = operator.inputs[0]
    if features.scaler_ is not None:
        table = ops.OnnxSub(table, features.scaler_.mean_.astype(np.float32), op_version=opset)
        table = ops.OnnxDiv(table, features.scaler_.scale_.astype(np.float32), op_version=opset)
    if features.predictor_ is None:
        ops.OnnxIdentity(table, **output).add_to(scope, container)
        return
    block = import_module("skl2onnx.algebra.onnx_operator").OnnxSubEstimator(
        features.predictor_, table, op_version=opset
    )
    n_predicted = len(features.predicted_mean_)
    block = ops.OnnxReshape(block, np.array([-1, n_predicted], dtype=np.int64), op_version=opset)
    block = ops.OnnxSub(block, features.predicted_mean_.astype(np.float32), op_version=opset)
    block = ops.OnnxMul(block, np.array([features.predicted_factor_], dtype=np.float32), op_version=opset)
    # NaN where the table is missing throughout: the mean over columns of 1 for a missing value is then 1.
    is_missing = ops.OnnxCast(ops.OnnxIsNaN(operator.inputs[0], op_version=opset), to=FLOAT, op_version=opset)
    weights = np.full((features.n_features_in_, 1), 1 / features.n_features_in_, dtype=np.float32)
    share = ops.OnnxMatMul(is_missing, weights, op_version=opset)
    is_observed = ops.OnnxLess(share, np.array([1 - 0.5 / features.n_features_in_], np.float32), op_version=opset)
    block = ops.OnnxWhere(is_observed, block, np.array([np.nan], dtype=np.float32), op_version=opset)
    ops.OnnxConcat(table, block, axis=1, **output).add_to(scope, container)
