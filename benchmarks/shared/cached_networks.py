"""Networks that are fitted once for the same rows: the teacher, which all methods of a cell have in common."""

from __future__ import annotations

import time
from typing import Any

import joblib
import numpy as np

from skcmkd import NetworkClassifier, NetworkRegressor

# Enough for all teachers of a seed and their folds.
MAX_CACHED = 400
_fitted: dict[str, dict[str, Any]] = {}
_cost: dict[str, float] = {}
_spent = {"fitting": 0.0, "requested": 0.0}


def uncached_seconds() -> float:
    """Processor time of this process without the fits of cached networks."""
    return time.process_time() - _spent["fitting"]


def teacher_seconds() -> float:
    """Processor time that all requested fits of cached networks would have taken without the cache."""
    return _spent["requested"]


class Cached:
    """Mixin of networks: ``fit`` copies the weights of an earlier fit to the same table, labels and parameters."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Cached:
        """Fit, or copy the earlier fit."""
        values = (np.asarray(X), np.asarray(y), sample_weight)
        key = joblib.hash((type(self).__name__, self.get_params(), list(getattr(X, "columns", [])), *values))
        if key not in _fitted:
            if len(_fitted) == MAX_CACHED:
                del _fitted[next(iter(_fitted))]
            begin = time.process_time()
            super().fit(X, y, sample_weight)
            _cost[key] = time.process_time() - begin
            _spent["fitting"] += _cost[key]
            _fitted[key] = {name: value for name, value in vars(self).items() if name.endswith("_") or name[0] == "_"}
        _spent["requested"] += _cost[key]
        vars(self).update(_fitted[key])
        return self


class CachedNetworkClassifier(Cached, NetworkClassifier):
    """A classifier that is fitted once for the same rows."""


class CachedNetworkRegressor(Cached, NetworkRegressor):
    """A regressor that is fitted once for the same rows."""
