"""Metrics of every ordered pair of modalities."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import validate_data

from .._validation._sklearn import ArrayLike
from .._validation._tables import Table, as_table
from ._candidates import make_candidates
from ._ranking import rank_candidates
from ._selector import CCHSelector


def cch_matrix(
    selector: CCHSelector,
    X: Table,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    unlabeled_pairs: tuple[Table, ...] | None = None,
) -> pd.DataFrame:
    """Compute the metrics of every ordered pair of modalities, one as the student and one as its teacher.

    A row holds, among others, ``gap = I(H_T; H_S) - I(H_S; Y)`` and ``advantage = I(H_T; Y) - I(H_S; Y)`` of its pair,
    in nats, with ``added`` and the intervals and the decision that a ``CCHSelector`` for that student would report.

    Parameters
    ----------
    selector : CCHSelector
        The modalities and how to score them; its ``student`` is not used. It is neither fitted nor changed.
    X : DataFrame or array-like of shape (n_samples, n_features)
        All modalities side by side.
    y : array-like of shape (n_samples,)
        Class labels, or a continuous target.
    groups : array-like of shape (n_samples,), default=None
        Rows of one group are never split, as in ``CCHSelector.fit``.
    unlabeled_pairs : tuple, default=None
        As in ``CCHSelector.fit``.

    Returns
    -------
    DataFrame of shape (n_modalities * (n_modalities - 1), n_columns)
        Index ``student``, ``teacher``; columns as in ``CCHSelector.results_`` up to ``best_alpha``.

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
    selector._validate_params()
    X = as_table(X, estimator=selector, sparse=False)
    validate_data(selector, X, y, skip_check_array=True)
    columns, repeats, settings = selector._encode(X, y, groups, unlabeled_pairs)
    return pd.concat(
        {
            student: rank_candidates(
                make_candidates(repeats, student, settings),
                repeats,
                student,
                settings,
                np.random.RandomState(settings.seed),
            )
            for student in columns
        },
        names=["student"],
    )
