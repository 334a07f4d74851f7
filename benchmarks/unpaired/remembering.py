"""A network that is fitted once for the same rows: the teacher, which all methods of a cell have in common."""

from __future__ import annotations

import time
from typing import Any

import joblib
import numpy as np

from skcmkd import NetworkClassifier

# Enough for all teachers of a seed and their folds.
MOST_KEPT = 400
_fitted: dict[str, dict[str, Any]] = {}
_seconds: list[float] = []


def own_seconds() -> float:
    """Processor time of this process without that of fitting remembered networks."""
    return time.process_time() - sum(_seconds)


class RememberingNetwork(NetworkClassifier):
    """A network that takes the weights which this process has fitted to the very same table, labels and seed."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> RememberingNetwork:
        """Fit, or remember."""
        values = (np.asarray(X), np.asarray(y), sample_weight)
        key = joblib.hash((self.get_params(), list(getattr(X, "columns", [])), *values))
        if key not in _fitted:
            if len(_fitted) == MOST_KEPT:
                del _fitted[next(iter(_fitted))]
            begin = time.process_time()
            super().fit(X, y, sample_weight)
            _seconds.append(time.process_time() - begin)
            _fitted[key] = {name: value for name, value in vars(self).items() if name.endswith("_") or name[0] == "_"}
        vars(self).update(_fitted[key])
        return self
