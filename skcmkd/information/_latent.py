"""Mutual information of low-dimensional latents that reconstruct both tables."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from .._model_selection._folds import stratified_folds
from .._validation._sklearn import ArrayLike
from ._inputs import check_pair, label_entropy
from ._ksg import ksg
from ._training import N_HIDDEN, scaled_components, train_network_small


def latent(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    n_latent: int = 16,
    n_neighbors: int = 3,
    max_epochs: int = 300,
    device: str = "auto",
    random_state: int | np.random.RandomState | None = None,
) -> float:
    """Mutual information of latents that reconstruct both tables (LMI), in nats.

    I = I(u; v) by `ksg`, where u = f(x) and v = g(y) minimize |x - a(u)|^2 + |y - b(u)|^2 + |y - c(v)|^2 +
    |x - d(v)|^2, each averaged over its columns, on one half of the rows. I(u; v) is estimated on the other half; the
    halves are swapped and the two estimates averaged. A label, or a table of at most ``n_latent`` columns, is used as
    its latent. If X and Y both are, nothing is trained and the estimate is that of `ksg` on all rows.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features_x) or (n_samples,)
        First variable, finite.
    Y : array-like of shape (n_samples, n_features_y) or (n_samples,)
        Second variable, or a class label: text, truth values, categories or whole numbers.
    n_latent : int, default=16
        Maximum dimension of a latent. The paper uses 8.
    n_neighbors : int, default=3
        Nearest neighbors of `ksg`.
    max_epochs : int, default=300
        Maximum number of epochs; the weights of the best epoch on a quarter of the training rows are kept.
    device : {"auto", "cpu", "cuda"} or str, default="auto"
        Torch device of the networks; "auto" is CUDA where there is one.
    random_state : int, RandomState or None, default=None
        Shuffles the rows into halves, initializes the weights, and seeds the jitter of `ksg`.

    Returns
    -------
    float
        Mutual information in nats, for a label at most its entropy; it can be slightly negative. 0 when X or Y is
        constant.

    Raises
    ------
    ValueError
        If X and Y differ in rows, hold NaN or infinity, or have fewer than 2 (n_neighbors + 1) rows.

    Notes
    -----
    Before training each table is standardized and reduced to at most 50 principal components of the training half. A
    label is predicted from u by cross-entropy instead of the middle terms above, and I(u; v) is Ross's estimate.

    Too low where the latents discard a shared part, such as one that is small in the leading components of both tables,
    or where many dimensions share a little each. Means over three draws, except where noted:

    - normal tables of 10 columns: 0.32 of 1 nat (250 rows), 0.81 of 2 (1000), 0.98 of 2 (5000, one draw); these are
      estimates of `ksg`, as nothing is trained. Of 20 columns: 0.06 of 1 nat (250 rows), 0.14 of 1 (1000), 0.36 of 2
      (5000, one draw), where `infonce` has 0.10, 0.38 and 1.37;
    - a signal of 4 dimensions in tables of 500 columns: 0.02 of 0, 0.53 of 1 and 1.02 of 2 nats (250 rows), 1.39 of 2
      (1000);
    - a label, 10 columns and 190 columns of noise: 0.29 of 0.5 nats (2 classes, 250 rows), 0.81 of 1 (5 classes in a
      line, 900 rows), 0.36 of 0.97 (5 classes in all directions, 900 rows); 0.05 after the label was permuted.

    Not checked beyond 5000 rows or 500 columns.

    References
    ----------
    Gowri, G., Lun, X.-K., Klein, A. M., Yin, P. (2024). Approximating mutual information of high-dimensional variables
    using learned representations. NeurIPS, arXiv 2409.02732.

    Examples
    --------
    >>> import numpy as np
    >>> from skcmkd.information import latent
    >>> rng = np.random.RandomState(0)
    >>> z = rng.normal(size=(200, 1))
    >>> X, Y = (z @ rng.normal(size=(1, 40)) + rng.normal(size=(200, 40)) for _ in range(2))
    >>> latent(X, Y, random_state=0) > 0.2
    True
    """
    X, Y, y_is_label = check_pair(
        X, Y, min_samples=2 * (n_neighbors + 1), estimator=f"latent with n_neighbors={n_neighbors}"
    )
    if X.shape[1] == 0 or (Y.max() == 0 if y_is_label else Y.shape[1] == 0):
        return 0.0
    rng = check_random_state(random_state)
    if not y_is_label and X.shape[1] < Y.shape[1]:
        X, Y = Y, X
    if X.shape[1] <= n_latent:
        return ksg(X, Y, n_neighbors=n_neighbors, random_state=rng)
    order = rng.permutation(len(X))
    half = stratified_folds(Y[order] if y_is_label else np.zeros(len(X), dtype=int), 2)
    first, second = order[half == 0], order[half == 1]
    estimates = []
    for train, test in ((first, second), (second, first)):
        u, v = _held_out_latents(X, Y, train, test, n_latent, max_epochs, device, rng)
        estimates.append(ksg(u, v, n_neighbors=n_neighbors, random_state=rng))
    max_mi = label_entropy(Y) if y_is_label else np.inf
    return min(float(np.mean(estimates)), max_mi)


def _held_out_latents(
    X: np.ndarray,
    Y: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    n_latent: int,
    max_epochs: int,
    device: str,
    rng: np.random.RandomState,
) -> tuple[np.ndarray, np.ndarray]:
    """Latents of the held-out rows, (n_test, n_latent) each; a label, or a table of few columns, is used as it is."""
    from ..networks._training import predict_in_batches
    from ._losses import cross_reconstruction_error, label_reconstruction_error, reconstruction_error
    from ._modules import CrossAutoencoder, LatentEncoder

    y_is_label = Y.ndim == 1
    X_train, X_test = scaled_components(X[train], X[test])
    Y_train, Y_test = (Y[train], Y[test]) if y_is_label else scaled_components(Y[train], Y[test])
    p, q = X_train.shape[1], int(Y.max()) + 1 if y_is_label else Y_train.shape[1]
    if p == 0 or q == 0:
        return np.zeros((len(test), 1)), np.zeros((len(test), 1))
    settings: dict[str, Any] = {
        "batch_size": 64,
        "learning_rate": 0.003,
        "max_epochs": max_epochs,
        "device": device,
        "rng": rng,
    }
    if y_is_label or Y.shape[1] <= n_latent:
        net = train_network_small(
            lambda: LatentEncoder(p, q, n_latent, N_HIDDEN),
            label_reconstruction_error if y_is_label else reconstruction_error,
            X_train,
            (X_train, Y_train),
            **settings,
        )
        return predict_in_batches(net, attrgetter("encode"), X_test), Y[test]
    net = train_network_small(
        lambda: CrossAutoencoder(p, q, n_latent, N_HIDDEN),
        cross_reconstruction_error,
        np.hstack([X_train, Y_train]),
        (X_train, Y_train),
        **settings,
    )
    u = predict_in_batches(net, attrgetter("from_x.encode"), X_test)
    v = predict_in_batches(net, attrgetter("from_y.encode"), Y_test)
    return u, v
