"""Losses that compare the rows of a batch: pure torch functions, the student's output first, then the target.

Each returns one loss for each row, the mean over the other rows, so that the caller weights the rows. The feature sizes
of student and teacher may differ wherever only relations among rows are compared. Where lengths do not matter, features
are rescaled before any square is formed: features of any scale give finite values and gradients.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .._transport._plan import transport
from ..networks._losses import MIN_PROBABILITY, info_nce_loss
from ._alignment_terms import pairwise_cost

# Features below this are zero: their direction is rounding.
MIN_FEATURE = 1e-20
# Sinkhorn's iterations in each training step: the plan's columns are then off by less than a hundredth of their sum.
MAX_PLAN_ITER = 50


def rkd_distance_loss(features: Tensor, teacher_features: Tensor) -> Tensor:
    """Loss mean_{j != i} H(d_ij / mean d, D_ij / mean D) of each row, H the Huber loss.

    d and D are Euclidean distances among the student's and among the teacher's rows (Park et al. 2019, "Relational
    knowledge distillation", CVPR, section 3.2.1). It is 0 where one is the other rotated, moved and rescaled.
    """
    return _off_diagonal_mean(_huber(_relative_distances(features), _relative_distances(teacher_features)))


def rkd_angle_loss(features: Tensor, teacher_features: Tensor) -> Tensor:
    """Loss mean_{j, k} H(cos a_jik, cos A_jik) of each row i, H the Huber loss.

    a_jik is the angle at row i of the triangle with two other rows j and k, among the student's rows; A_jik among the
    teacher's (Park et al. 2019, section 3.2.2). Two equal rows have no direction: their cosines are 0.
    Memory grows as the cube of the number of rows.
    """
    n = len(features)
    same = torch.eye(n, dtype=torch.bool, device=features.device)
    # i, j and k all differ.
    triple = ~(same[:, :, None] | same[:, None, :] | same[None, :, :])
    loss = _huber(_cosines_at_rows(features), _cosines_at_rows(teacher_features))
    return (loss * triple).sum(dim=(1, 2)) / max((n - 1) * (n - 2), 1)


def sp_loss(features: Tensor, teacher_features: Tensor) -> Tensor:
    """Loss sum_j (g_ij - G_ij)^2 / n of each row, g and G the Gram matrices with rows of length one.

    Tung, Mori 2019, "Similarity-preserving knowledge distillation", ICCV, section 3.
    """
    difference = _normalize_rows(_gram(features)) - _normalize_rows(_gram(teacher_features))
    return difference.square().sum(dim=1) / len(features)


def cc_loss(features: Tensor, teacher_features: Tensor, *, gamma: float = 0.4) -> Tensor:
    """Loss mean_j (k_ij - K_ij)^2 of each row, with the Gaussian kernel k_ij = exp(-2 gamma (1 - cos(f_i, f_j))).

    That is exp(-gamma |u_i - u_j|^2) between rows u of length one (Peng et al. 2019, "Correlation congruence for
    knowledge distillation", ICCV, section 3). This is the exact kernel, not its Taylor expansion of order 2.
    """
    student_similarity, teacher_similarity = (
        torch.exp(-2 * gamma * (1 - _cosines(rows, rows))) for rows in (features, teacher_features)
    )
    return (student_similarity - teacher_similarity).square().mean(dim=1)


def crd_loss(projected: Tensor, teacher_features: Tensor, *, temperature: float = 0.1) -> Tensor:
    """Loss -log(exp(cos(m_i, t_i) / tau) / mean_j exp(cos(m_i, t_j) / tau)) of each row, in nats.

    The other rows of the batch are the row's negatives; the mean is minus the InfoNCE bound of I(m; t), from -log n
    up (van den Oord et al. 2018, arXiv 1807.03748; Tian et al. 2020, "Contrastive representation distillation",
    ICLR, who draw negatives from a memory of all rows).
    """
    return info_nce_loss(_cosines(projected, teacher_features) / temperature)


def amid_loss(embedding: Tensor, teacher_embedding: Tensor, auxiliary_embedding: Tensor) -> Tensor:
    """Loss C(s, t) + C(t, a) of each row, in nats, C the loss ``crd_loss`` of embeddings of one size.

    The first term alone is small for a teacher's embedding as poor as the student's; the second preserves the auxiliary
    modality's information in it (Chen et al. 2023, "Enhanced multimodal representation learning with cross-modal KD",
    arXiv 2306.07646, without its adversarial term).
    """
    return crd_loss(embedding, teacher_embedding) + crd_loss(teacher_embedding, auxiliary_embedding)


def shared_specific_loss(shared: Tensor, specific: Tensor, teacher_shared: Tensor, teacher_specific: Tensor) -> Tensor:
    """Loss C(s, S) + cos(s, p)^2 + cos(S, P)^2 of each row: shared parts s, S agree, specific ones p, P stand apart.

    C is ``crd_loss``, which a constant shared part does not minimize. It replaces the published modality discriminator
    behind a reversed gradient, an adversarial game for which a batch of 32 rows is small (Ienco, Dantas 2024,
    "DisCoM-KD", arXiv 2408.07080).
    """
    apart = _row_cosine(shared, specific).square() + _row_cosine(teacher_shared, teacher_specific).square()
    return crd_loss(shared, teacher_shared) + apart


def ckd_loss(logits: Tensor, teacher_proba: Tensor, temperature: float) -> Tensor:
    """Error tau^2 mean_{j != i} |(log p_i - log p_j) - (log q_i - log q_j)|^2 / K of each row, K classes.

    p and q are softened by the temperature tau (Wilf et al. 2023, "Comparative knowledge distillation", arXiv
    2311.02253). It is 0 where log p - log q is the same in all rows.
    """
    log_p = F.log_softmax(logits / temperature, dim=1)
    log_q = F.log_softmax(teacher_proba.clamp_min(MIN_PROBABILITY).log() / temperature, dim=1)
    n = len(logits)
    # About their mean, sum_j |r_i - r_j|^2 = n |r_i|^2 + sum_j |r_j|^2: no table of pairs is needed.
    log_ratio = log_p - log_q
    squares = (log_ratio - log_ratio.mean(dim=0)).square().mean(dim=1)
    return temperature**2 * (n * squares + squares.sum()) / max(n - 1, 1)


def pkdot_loss(
    features: Tensor, teacher_features: Tensor, confidence: Tensor, *, n_anchors: int = 16, reg: float = 0.0
) -> Tensor:
    """Loss n sum_j P_ij C_ij of each row, P the transport of student rows to teacher rows at the costs C.

    C_ij = sum_a (s_ia - S_ja)^2 / k compares the cosines s_i of student row i with the k anchors with those of teacher
    row j; anchors are the rows with the teacher's most confident predictions. P is held fixed: by the envelope theorem
    that gives the gradient of the transport's value (Aslam et al. 2024, "Distilling privileged multimodal information
    for expression recognition using optimal transport", arXiv 2401.15489). It is 0 where the cosines agree. The
    published transport is entropic, ``reg`` above 0: that is never 0, spreads each row's mass over others, and takes
    thirty times as long.
    """
    n = len(features)
    anchors = confidence.topk(min(n_anchors, n)).indices
    student_similarity, teacher_similarity = (_cosines(rows, rows[anchors]) for rows in (features, teacher_features))
    cost = (student_similarity[:, None] - teacher_similarity[None, :]).square().mean(dim=2)
    plan = transport(cost.detach().cpu().numpy(), reg=reg, max_iter=MAX_PLAN_ITER).plan
    return n * (torch.as_tensor(plan, dtype=cost.dtype, device=cost.device) * cost).sum(dim=1)


def _huber(value: Tensor, target: Tensor) -> Tensor:
    return F.huber_loss(value, target, reduction="none")


def _off_diagonal_mean(values: Tensor) -> Tensor:
    """Mean of each row without its diagonal entry; 0 for a single row."""
    n = len(values)
    off_diagonal = ~torch.eye(n, dtype=torch.bool, device=values.device)
    return (values * off_diagonal).sum(dim=1) / max(n - 1, 1)


def _rescale(rows: Tensor, largest: Tensor) -> Tensor:
    """Rows divided by the largest entry, which has no gradient; zeros where that is below rounding."""
    return rows / largest.detach().where(largest > MIN_FEATURE, torch.inf)


def _normalize_rows(rows: Tensor) -> Tensor:
    """Vectors of length one along the last dimension; a vector of zeros stays, with a gradient of 0."""
    rows = _rescale(rows, rows.abs().amax(dim=-1, keepdim=True))
    length = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return rows / (length + (length == 0))


def _cosines(rows: Tensor, columns: Tensor) -> Tensor:
    """Cosine of each row of one table with each row of another."""
    return _normalize_rows(rows) @ _normalize_rows(columns).T


def _row_cosine(rows: Tensor, partners: Tensor) -> Tensor:
    """Cosine of each row with the row at the same position."""
    return (_normalize_rows(rows) * _normalize_rows(partners)).sum(dim=1)


def _gram(features: Tensor) -> Tensor:
    features = _rescale(features, features.abs().amax())
    return features @ features.T


def _relative_distances(features: Tensor) -> Tensor:
    """Distances between rows over their mean; 0 where all rows are equal."""
    features = _rescale(features, features.abs().amax())
    distance = pairwise_cost(features, features, "euclidean")
    mean = _off_diagonal_mean(distance).mean()
    return distance / (mean + (mean == 0))


def _cosines_at_rows(features: Tensor) -> Tensor:
    """Cosine at row i of the angle between rows j and k, at index (i, j, k)."""
    features = _rescale(features, features.abs().amax())
    directions = _normalize_rows(features[None, :, :] - features[:, None, :])
    return directions @ directions.mT
