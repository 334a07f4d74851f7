"""Several logistic regressions of one table at once, each on rows of its own, by Newton's method."""

from __future__ import annotations

import numpy as np

MAX_ITER = 100
# Newton's decrement, in nats summed over rows: the step that reaches it leaves an error of about its square.
TOLERANCE = 1e-9
# Added to the intercepts' second derivatives, which vanish where all probabilities are 0 or 1.
MIN_CURVATURE = 1e-8


def newton_logistic(
    X: np.ndarray, target: np.ndarray, weights: np.ndarray, C: float, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Minimize sum_i w_i CE(t_i, softmax(W x_i + b)) + |W|^2 / (2 C), the objective of scikit-learn, for each row of w.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features + 1)
        With a last column of ones.
    target : ndarray of shape (n_scores, n_rows)
        Indicators of the classes; of two classes the second alone, and the score of the first is 0.
    weights : ndarray of shape (n_models, n_rows)
    C : float
    start : ndarray of shape (n_models, n_scores, n_features + 1)
        Where to start; the intercept is last.

    Returns
    -------
    parameters : ndarray of shape (n_models, n_scores, n_features + 1)
    proba : ndarray of shape (n_models, n_scores, n_rows)
        Probabilities of the classes in ``target``, of all rows.
    """
    ridge = np.full(X.shape[1], 1 / C)
    ridge[-1] = 0.0
    W = start
    loss, proba = _loss(X, target, weights, ridge, W)
    for _ in range(MAX_ITER):
        gradient = (weights[:, None] * (proba - target)) @ X + ridge * W
        step = np.stack([_newton_step(X, *each, ridge) for each in zip(weights, proba, gradient, strict=True)])
        decrement = (gradient * step).sum(axis=(1, 2))
        # Far from the minimum a full step can raise the loss.
        fraction = np.ones(len(W))
        while True:
            new_W = W - fraction[:, None, None] * step
            new_loss, new_proba = _loss(X, target, weights, ridge, new_W)
            worse = new_loss > loss - 1e-4 * fraction * decrement + 1e-12 * np.abs(loss)
            if not worse.any() or fraction.min() < 1e-9:
                break
            fraction[worse] /= 2
        W, loss, proba = new_W, new_loss, new_proba
        if decrement.max() < TOLERANCE:
            break
    return W, proba


def _loss(
    X: np.ndarray, target: np.ndarray, weights: np.ndarray, ridge: np.ndarray, W: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Objective of each model, (n_models,), and the probabilities of all rows, (n_models, n_scores, n_rows)."""
    scores = (W.reshape(-1, X.shape[1]) @ X.T).reshape(*W.shape[:2], len(X))
    is_binary = len(target) == 1
    top = np.maximum(scores[:, 0], 0) if is_binary else scores.max(axis=1)
    proba = np.exp(scores - top[:, None])
    total = proba.sum(axis=1)
    if is_binary:
        total += np.exp(-top)
    cross_entropy = top + np.log(total) - (target * scores).sum(axis=1)
    loss = (weights * cross_entropy).sum(axis=1) + (ridge * W**2).sum(axis=(1, 2)) / 2
    return loss, proba / total[:, None]


def _newton_step(
    X: np.ndarray, weight: np.ndarray, proba: np.ndarray, gradient: np.ndarray, ridge: np.ndarray
) -> np.ndarray:
    """Inverse Hessian of one model times its gradient, of shape (n_scores, n_features + 1)."""
    n_scores, width = gradient.shape
    hessian = np.zeros((n_scores, width, n_scores, width))
    for k in range(n_scores):
        for other in range(k + 1):
            curvature = weight * proba[k] * ((k == other) - proba[other])
            hessian[k, :, other] = hessian[other, :, k] = (X.T * curvature) @ X
        hessian[k, range(width), k, range(width)] += ridge
        hessian[k, -1, k, -1] += MIN_CURVATURE
    if n_scores > 1:
        # A constant added to all intercepts changes no probability.
        hessian[:, -1, :, -1] += 1.0
    size = n_scores * width
    return np.linalg.solve(hessian.reshape(size, size), gradient.ravel()).reshape(gradient.shape)
