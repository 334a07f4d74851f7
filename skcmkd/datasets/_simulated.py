"""Simulated modalities with known mutual information, in nats."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from scipy.stats import ortho_group
from sklearn.utils import Bunch, check_random_state

from ._bunch import check_count, check_finite, make_bunch, modality_frame

RandomState = int | np.random.RandomState | None
QUADRATURE_NODES = 200


def gaussian_information(correlation: float) -> float:
    """Mutual information -1/2 log(1 - r^2) of two jointly normal variables, in nats."""
    return float(-0.5 * np.log1p(-(correlation**2)))


def class_mean_mi(means: np.ndarray) -> float:
    """I(U; K) in nats, U = means[K] + N(0, 1), all classes K equally likely.

    I = log K - 1/K sum_j E_e log sum_k exp(-(m_j - m_k + e)^2 / 2 + e^2 / 2), by Gauss-Hermite quadrature.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(QUADRATURE_NODES)
    distance = means[:, None, None] - means[None, :, None] + nodes
    log_ratio = logsumexp(-(distance**2) / 2 + nodes**2 / 2, axis=1)
    return float(np.log(len(means)) - (log_ratio @ weights).mean() / np.sqrt(2 * np.pi))


def make_joint_gaussian(
    n_samples: int = 200,
    *,
    teacher_student: float = 0.8,
    student_label: float = 0.5,
    teacher_label: float = 0.7,
    n_teacher_features: int = 20,
    n_student_features: int = 20,
    random_state: RandomState = None,
) -> Bunch:
    """Draw a teacher's table, a student's table and a continuous target that are jointly normal.

    One direction of the teacher's columns, one of the student's and the target have the given correlations; all
    other directions are independent noise, and both tables are rotated at random. So
    I(X_T; X_S) = -1/2 log(1 - teacher_student^2), and likewise for the target: the setting of the paper's theorem.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.
    teacher_student, student_label, teacher_label : float in (-1, 1), default=0.8, 0.5, 0.7
        Correlations; the matrix must be positive semidefinite.
    n_teacher_features, n_student_features : int, default=20
        Number of columns.
    random_state : int, RandomState or None, default=None
        Seed.

    Returns
    -------
    Bunch
        ``data`` (DataFrame), ``modalities`` ("teacher", "student": their columns), ``target`` (Series, mean 0,
        variance 1), ``label_information`` (dict, modality to I(X; Y) in nats), ``shared_information`` (dict, pair
        of modalities to I(X_T; X_S) in nats), ``DESCR``.

    Raises
    ------
    ValueError
        If no normal distribution has these correlations.

    References
    ----------
    Xie, Xu, Sanguinetti. Information-Theoretic Criteria for Knowledge Distillation in Multimodal Learning.
    arXiv 2510.13182, the joint Gaussian theorem.

    Examples
    --------
    >>> from skcmkd.datasets import make_joint_gaussian
    >>> data = make_joint_gaussian(100, teacher_student=0.8, student_label=0.5, random_state=0)
    >>> gap = data.shared_information["teacher", "student"] - data.label_information["student"]
    >>> round(gap, 3)
    0.367
    """
    rng = check_random_state(random_state)
    counts = {
        "n_samples": n_samples,
        "n_teacher_features": n_teacher_features,
        "n_student_features": n_student_features,
    }
    correlations = {
        "teacher_student": teacher_student,
        "student_label": student_label,
        "teacher_label": teacher_label,
    }
    for name, count in counts.items():
        check_count(name, count, 1)
    for name, value in correlations.items():
        check_finite(name, value)
    correlation = np.array(
        [
            [1.0, teacher_student, teacher_label],
            [teacher_student, 1.0, student_label],
            [teacher_label, student_label, 1.0],
        ]
    )
    if np.abs(correlation[np.triu_indices(3, 1)]).max() >= 1 or np.linalg.eigvalsh(correlation)[0] < 0:
        raise ValueError(
            f"No normal distribution has teacher_student={teacher_student}, student_label={student_label} and "
            f"teacher_label={teacher_label}: the correlation matrix is not positive definite. Bring "
            f"teacher_label nearer to teacher_student * student_label = {teacher_student * student_label:.3g}."
        )
    signal = rng.multivariate_normal(np.zeros(3), correlation, size=n_samples)
    tables = {}
    for name, position, n_features in (
        ("teacher", 0, n_teacher_features),
        ("student", 1, n_student_features),
    ):
        columns = np.column_stack([signal[:, position], rng.standard_normal((n_samples, n_features - 1))])
        if n_features > 1:
            columns = columns @ ortho_group.rvs(n_features, random_state=rng)
        tables[name] = modality_frame(name, columns, range(n_features), pd.RangeIndex(n_samples))
    return make_bunch(
        tables,
        pd.Series(signal[:, 2], name="label"),
        make_joint_gaussian.__doc__ or "",
        label_information={
            "teacher": gaussian_information(teacher_label),
            "student": gaussian_information(student_label),
        },
        shared_information={("teacher", "student"): gaussian_information(teacher_student)},
    )


def make_gaussian_modalities(
    n_samples: int = 200,
    *,
    n_shared: int = 3,
    n_specific: int = 3,
    n_noise: int = 10,
    shared_signal: float = 1.0,
    specific_signal: Mapping[str, float] | None = None,
    measurement_noise: float = 0.5,
    n_classes: int | None = 2,
    random_state: RandomState = None,
) -> Bunch:
    """Draw modalities with shared, specific and noise columns, and a class label or a continuous target.

    With t the target scaled to variance 1 (classes lie in order on a line)::

        shared column    z_j + s e,   z_j = shared_signal t / sqrt(n_shared) + N(0, 1), the same z in every modality
        specific column  specific_signal[modality] t / sqrt(n_specific) + N(0, 1)
        noise column     N(0, 1)

    where s is ``measurement_noise`` and e ~ N(0, 1) is drawn for each modality.

    Parameters
    ----------
    n_samples : int, default=200
        Number of rows.
    n_shared, n_specific, n_noise : int, default=3, 3, 10
        Number of columns of each kind in each modality; n_noise may be 0.
    shared_signal : float, default=1.0
        Effect of t on the shared part, in standard deviations.
    specific_signal : dict of str to float, default={"teacher": 1.5, "student": 0.0}
        Names of the modalities, and the effect of t on the specific part of each.
    measurement_noise : float > 0, default=0.5
        Standard deviation of the independent error of each modality on the shared columns.
    n_classes : int or None, default=2
        Number of equally likely classes; None gives a normal target.
    random_state : int, RandomState or None, default=None
        Seed.

    Returns
    -------
    Bunch
        ``data`` (DataFrame), ``modalities`` (dict, name to its columns), ``target`` (Series),
        ``label_information`` (dict, modality to I(X; Y) in nats), ``shared_information`` (dict, pair of
        modalities to I(X_a; X_b) in nats), ``DESCR``.

    Raises
    ------
    ValueError
        If ``measurement_noise`` is not positive (the mutual information would be infinite), or fewer than two
        classes, one modality, or one shared or specific column are requested.

    Notes
    -----
    A sufficient statistic of a modality for t is one number d t + N(0, 1), with
    d^2 = shared_signal^2 / (1 + s^2) + specific_signal^2, so I(X; Y) is one-dimensional. Given the label the
    columns are normal, hence I(X_a; X_b) = I(X_a; X_b | Y) + I(X_a; Y) + I(X_b; Y) - I(X_a, X_b; Y) with all
    terms known.

    Examples
    --------
    >>> from skcmkd.datasets import make_gaussian_modalities
    >>> data = make_gaussian_modalities(100, random_state=0)
    >>> {name: round(nats, 3) for name, nats in data.label_information.items()}
    {'teacher': 0.589, 'student': 0.289}
    """
    rng = check_random_state(random_state)
    if specific_signal is not None and not isinstance(specific_signal, Mapping):
        raise ValueError(f"specific_signal={specific_signal!r} must be a dict, such as {{'rna': 1.5, 'panel': 0.0}}.")
    signal = {"teacher": 1.5, "student": 0.0} if specific_signal is None else dict(specific_signal)
    counts = {"n_samples": (n_samples, 1), "n_shared": (n_shared, 1), "n_specific": (n_specific, 1)}
    counts |= {"n_noise": (n_noise, 0)} | ({} if n_classes is None else {"n_classes": (n_classes, 2)})
    for name, (count, minimum) in counts.items():
        check_count(name, count, minimum)
    strengths = {f"specific_signal[{name!r}]": strength for name, strength in signal.items()}
    strengths |= {"shared_signal": shared_signal, "measurement_noise": measurement_noise}
    for name, strength in strengths.items():
        check_finite(name, strength)
    if not signal:
        raise ValueError(f"specific_signal={signal} must name at least one modality.")
    if not measurement_noise > 0:
        raise ValueError(
            f"measurement_noise={measurement_noise} must be positive: without error the modalities have equal columns, "
            "and their mutual information is infinite."
        )
    if n_classes is None:
        label = rng.standard_normal(n_samples)
        position = label
    else:
        label = rng.randint(n_classes, size=n_samples)
        line = np.arange(n_classes) - (n_classes - 1) / 2
        line /= line.std()
        position = line[label]

    def mi(squared_signal: float) -> float:
        if n_classes is None:
            return float(0.5 * np.log1p(squared_signal))
        return class_mean_mi(np.sqrt(squared_signal) * line)

    shared = shared_signal / np.sqrt(n_shared) * position[:, None] + rng.standard_normal((n_samples, n_shared))
    tables = {}
    for name, strength in signal.items():
        columns = np.column_stack(
            [
                shared + measurement_noise * rng.standard_normal(shared.shape),
                strength / np.sqrt(n_specific) * position[:, None] + rng.standard_normal((n_samples, n_specific)),
                rng.standard_normal((n_samples, n_noise)),
            ]
        )
        kinds = [("shared", n_shared), ("specific", n_specific), ("noise", n_noise)]
        names = [f"{kind}_{i}" for kind, count in kinds for i in range(count)]
        tables[name] = modality_frame(name, columns, names, pd.RangeIndex(n_samples))
    variance = measurement_noise**2
    label_mi = {name: mi(shared_signal**2 / (1 + variance) + strength**2) for name, strength in signal.items()}
    conditional_mi = n_shared * gaussian_information(1 / (1 + variance))
    modality_mi = {}
    for a, b in combinations(signal, 2):
        joint_mi = mi(2 * shared_signal**2 / (2 + variance) + signal[a] ** 2 + signal[b] ** 2)
        modality_mi[a, b] = conditional_mi + label_mi[a] + label_mi[b] - joint_mi
    return make_bunch(
        tables,
        pd.Series(label, name="label"),
        make_gaussian_modalities.__doc__ or "",
        label_information=label_mi,
        shared_information=modality_mi,
    )
