"""Conversion of a trained network to plain arrays and back, for its pickle and its file without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import skorch
import torch

from ._devices import is_available, parse_device
from ._linear_part import as_linear
from ._modules import MLP
from ._training import wrap_module


def network_to_arrays(net: skorch.NeuralNet) -> dict[str, Any]:
    """The state of a trained network as arrays and numbers.

    Returns
    -------
    dict
        ``weights``: list of ndarray of shape (n_units, n_inputs), one a layer; ``intercepts``: list of ndarray of shape
        (n_units,); ``dropout``: float; ``history``: dict of ndarray of shape (n_epochs,). With a linear part also
        ``linear``: dict of its ``weights`` and ``intercepts``, and of its ``share`` of the output.
    """
    module = net.module_
    layers = [layer for layer in [*module.represent, module.head] if isinstance(layer, torch.nn.Linear)]
    history = net.history
    metrics = [name for name in (history[0] if len(history) else {}) if name != "batches"]
    state = {
        "weights": [_as_array(layer.weight) for layer in layers],
        "intercepts": [_as_array(layer.bias) for layer in layers],
        "dropout": next(float(layer.p) for layer in module.represent if isinstance(layer, torch.nn.Dropout)),
        "history": {name: np.array([epoch[name] for epoch in history]) for name in metrics},
    }
    if module.linear is not None:
        state["linear"] = {
            "weights": _as_array(module.linear.weight),
            "intercepts": _as_array(module.linear.bias),
            "share": module.linear_weight,
        }
    return state


def network_from_arrays(state: Mapping[str, Any], device: str) -> skorch.NeuralNet:
    """The network of a state, on the given device, or on the CPU where that is not available.

    The global random state is not used.
    """
    weights, intercepts = (
        [torch.from_numpy(np.array(layer, dtype=np.float32)) for layer in state[part]]
        for part in ("weights", "intercepts")
    )
    sizes = [len(weight) for weight in weights]
    # On the meta device the module draws no initial weights.
    with torch.device("meta"):
        module = MLP(weights[0].shape[1], sizes[:-1], sizes[-1], float(state["dropout"]))
    names = [name.removesuffix(".weight") for name in module.state_dict() if name.endswith(".weight")]
    tensors = {f"{name}.weight": weight for name, weight in zip(names, weights, strict=True)}
    tensors |= {f"{name}.bias": intercept for name, intercept in zip(names, intercepts, strict=True)}
    module.load_state_dict(tensors, assign=True)
    # Files of earlier versions hold networks without a linear part.
    if "linear" in state:
        linear = state["linear"]
        parts = (torch.from_numpy(np.array(linear[name], dtype=np.float32)) for name in ("weights", "intercepts"))
        module.linear, module.linear_weight = as_linear(*parts), float(linear["share"])
    metrics = {name: values.tolist() for name, values in state["history"].items()}
    history = [dict(zip(metrics, epoch, strict=True)) for epoch in zip(*metrics.values(), strict=True)]
    where = parse_device(device)
    return wrap_module(module, where if is_available(where) else torch.device("cpu"), history)


def _as_array(values: torch.Tensor) -> np.ndarray:
    return values.detach().cpu().numpy()
