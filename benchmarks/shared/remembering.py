"""Networks that are fitted once for the same rows: the teacher, which all methods of a cell have in common."""

from __future__ import annotations

import time
from typing import Any

import joblib
import numpy as np

from skcmkd import NetworkClassifier, NetworkRegressor

# Enough for all teachers of a seed and their folds.
MOST_KEPT = 400
_fitted: dict[str, dict[str, Any]] = {}
_cost: dict[str, float] = {}
_spent = {"now": 0.0, "worth": 0.0}


def own_seconds() -> float:
    """Processor time of this process without that of fitting remembered networks."""
    return time.process_time() - _spent["now"]


def teacher_seconds() -> float:
    """Processor time that all fits asked for would have taken, had none been remembered."""
    return _spent["worth"]


class Remembering:
    """Makes a network take the weights which this process has fitted to the very same table, labels and seed."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Remembering:
        """Fit, or remember."""
        values = (np.asarray(X), np.asarray(y), sample_weight)
        key = joblib.hash((type(self).__name__, self.get_params(), list(getattr(X, "columns", [])), *values))
        if key not in _fitted:
            if len(_fitted) == MOST_KEPT:
                del _fitted[next(iter(_fitted))]
            begin = time.process_time()
            super().fit(X, y, sample_weight)
            _cost[key] = time.process_time() - begin
            _spent["now"] += _cost[key]
            _fitted[key] = {name: value for name, value in vars(self).items() if name.endswith("_") or name[0] == "_"}
        _spent["worth"] += _cost[key]
        vars(self).update(_fitted[key])
        return self


class RememberingNetwork(Remembering, NetworkClassifier):
    """A classifier that remembers."""


class RememberingRegressor(Remembering, NetworkRegressor):
    """A regressor that remembers."""
