"""Every ordered pair of modalities, judged like the candidates of a selector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import clone

from .._validation._sklearn import ArrayLike
from .._validation._tables import Table
from ._candidates import make_candidates
from ._prepare import prepare_selection
from ._ranking import rank_candidates

if TYPE_CHECKING:
    from ._selector import CCHSelector


def cch_matrix(
    selector: CCHSelector,
    X: Table,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    unlabeled_pairs: tuple[Table, ...] | None = None,
) -> pd.DataFrame:
    """Judge every ordered pair of modalities: each as the student, each other as its teacher.

    Parameters
    ----------
    selector : CCHSelector
        The modalities and how to judge them; its ``student`` plays no part. It is not fitted or changed.
    X : DataFrame or array-like of shape (n_samples, n_features)
        All modalities side by side.
    y : array-like of shape (n_samples,)
        Class labels, or a quantity.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never split, as in ``CCHSelector.fit``.
    unlabeled_pairs : tuple, default=None
        As in ``CCHSelector.fit``.

    Returns
    -------
    DataFrame of shape (n_modalities * (n_modalities - 1), n_columns)
        Index ``student``, ``teacher``; columns as in ``CCHSelector.results_`` up to ``best_alpha``; informations and
        gaps in nats.

    Raises
    ------
    ValueError
        As ``CCHSelector.fit``.

    Notes
    -----
    Each modality is encoded once, so this costs little more than one selector; with ``refit`` each half of the rows is
    encoded once for each student.

    References
    ----------
    Xie, Xu, Sanguinetti. Information-Theoretic Criteria for Knowledge Distillation in Multimodal Learning. arXiv
    2510.13182 (the gap).

    Examples
    --------
    >>> from skcmkd import CCHSelector, cch_matrix
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> drawn = make_gaussian_modalities(200, random_state=0)
    >>> selector = CCHSelector(drawn.modalities, student="student", n_subsamples=50, random_state=0)
    >>> matrix = cch_matrix(selector, drawn.data, drawn.target)
    >>> float(matrix.loc[("student", "teacher"), "advantage"].round(1))
    0.3
    """
    if not hasattr(selector, "modalities"):
        raise ValueError(
            f"cch_matrix takes the modalities from a CCHSelector, and got a {type(selector).__name__}. Give "
            "CCHSelector(modalities, student=...)."
        )
    selector = clone(selector)
    data = prepare_selection(selector, X, y, unlabeled_pairs, groups)
    return pd.concat(
        {
            student: rank_candidates(
                make_candidates(data.repeats, student, data.settings),
                data.repeats,
                student,
                data.encoders,
                data.settings,
                np.random.RandomState(data.seed),
                n_jobs=selector.n_jobs,
                verbose=bool(selector.verbose),
            )
            for student in data.positions
        },
        names=["student"],
    )
