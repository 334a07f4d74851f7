"""The projected covariance measure, a test of whether the mean of y depends on T beyond S.

Lundborg, Kim, Shah, Samworth. The projected covariance measure for assumption-lean variable significance testing.
Annals of Statistics 52 (2024), algorithm 1; Kook and Lundborg (Briefings in Bioinformatics 2024) for modalities. Half
of the rows find a function f of both tables that has to do with y beyond S; the other half test whether the residual
of y given S covaries with the residual of f given S. Here all regressions are ridge, as in the models compared.
"""

import numpy as np
from scipy.stats import norm
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

PENALTIES = np.logspace(-1, 4, 11)
# The variance of a class indicator with a mean beyond these is that at them.
LEAST_SHARE = 0.05


def _fit(X: np.ndarray, y: np.ndarray) -> RidgeCV:
    return make_pipeline(StandardScaler(), RidgeCV(PENALTIES)).fit(X, y)


def pcm_statistic(T: np.ndarray, S: np.ndarray, y: np.ndarray, random_state: np.random.RandomState) -> float:
    """Statistic of one split into halves, standard normal where E[y | S, T] = E[y | S]; large values speak against it.

    Parameters
    ----------
    T, S : ndarray of shape (n_rows, n_columns)
    y : ndarray of shape (n_rows,)
        0 or 1.
    random_state : RandomState
        Splits the rows.
    """
    first, second = np.array_split(random_state.permutation(len(y)), 2)
    both = np.hstack([S, T])
    g = _fit(both[first], y[first])
    g_first, g_second = g.predict(both[first]), g.predict(both[second])
    projection = _fit(S[first], g_first)
    beyond_first, beyond_second = g_first - projection.predict(S[first]), g_second - projection.predict(S[second])
    sign = np.sign(((y[first] - projection.predict(S[first])) * beyond_first).mean()) or 1.0
    share = np.clip(g_second, LEAST_SHARE, 1 - LEAST_SHARE)
    f = sign * beyond_second / (share * (1 - share))
    y_residual = y[second] - _fit(S[second], y[second]).predict(S[second])
    f_residual = f - _fit(S[second], f).predict(S[second])
    products = y_residual * f_residual
    spread = products.std()
    return float(np.sqrt(len(products)) * products.mean() / spread) if spread > 0 else 0.0


def pcm_p_value(T: np.ndarray, S: np.ndarray, y: np.ndarray, n_splits: int, seed: int) -> float:
    """One-sided p-value of the mean statistic over random splits, taken as standard normal (it varies less)."""
    rng = np.random.RandomState(seed)
    return float(norm.sf(np.mean([pcm_statistic(T, S, y, rng) for _ in range(n_splits)])))
