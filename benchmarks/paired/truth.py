"""The best possible model of a simulated modality, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax

# The defaults of make_gaussian_modalities.
N_SHARED, N_SPECIFIC, SHARED_SIGNAL, MEASUREMENT_NOISE = 3, 3, 1.0, 0.5


@dataclass(frozen=True)
class Truth:
    """Label t given a row of ``make_gaussian_modalities``: columns are N(loading t, variance) given t.

    With u = sum_j loading_j x_j / variance_j and g = sum_j loading_j^2 / variance_j, the probability of a class at t is
    proportional to exp(u t - g t^2 / 2), and the mean of a normal label u / (1 + g).
    """

    loadings: np.ndarray
    variances: np.ndarray
    positions: np.ndarray | None

    @classmethod
    def of(cls, columns: Sequence[str], specific_signal: float, n_classes: int | None) -> Truth:
        """The truth about a modality with these columns."""
        loadings, variances = np.zeros(len(columns)), np.ones(len(columns))
        loadings[:N_SHARED] = SHARED_SIGNAL / np.sqrt(N_SHARED)
        variances[:N_SHARED] += MEASUREMENT_NOISE**2
        loadings[N_SHARED : N_SHARED + N_SPECIFIC] = specific_signal / np.sqrt(N_SPECIFIC)
        line = None if n_classes is None else np.arange(n_classes) - (n_classes - 1) / 2
        return cls(loadings, variances, None if line is None else line / line.std())

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        return np.arange(len(self.positions))

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Class probabilities of each row."""
        weighted = self.loadings / self.variances
        t = self.positions
        return softmax(np.outer(X.to_numpy() @ weighted, t) - self.loadings @ weighted * t**2 / 2, axis=1)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Mean of the target of each row."""
        weighted = self.loadings / self.variances
        return X.to_numpy() @ weighted / (1 + self.loadings @ weighted)
