"""The documented mutual information against numerical integrals, covariances and Monte Carlo."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
from skcmkd.datasets._simulated import class_mean_mi


@pytest.mark.parametrize("means", [[-1.0, 1.0], [0.0, 0.5, 3.0], [-4.0, 4.0], [0.0, 0.0]])
def test_class_mean_mi_is_the_difference_of_entropies(means):
    """I = h(mixture) - h(normal), the entropy integrated by adaptive quadrature."""

    def density(u):
        return np.mean([norm.pdf(u - mean) for mean in means])

    entropy, _ = quad(lambda u: -density(u) * np.log(density(u)), min(means) - 10, max(means) + 10, limit=200)
    np.testing.assert_allclose(class_mean_mi(np.array(means)), entropy - norm.entropy(), atol=1e-6)


def gaussian_information_of(X, Y):
    """1/2 log (det Cov(X) det Cov(Y) / det Cov(X, Y)), from a sample."""
    parts = [np.linalg.slogdet(np.cov(Z.T).reshape(Z.shape[1], -1))[1] for Z in (X, Y, np.column_stack([X, Y]))]
    return 0.5 * (parts[0] + parts[1] - parts[2])


def test_joint_gaussian_has_the_stated_mutual_information():
    data = make_joint_gaussian(200_000, n_teacher_features=3, n_student_features=2, random_state=0)
    table = {name: data.data[columns].to_numpy() for name, columns in data.modalities.items()}
    y = data.target.to_numpy()[:, None]
    estimate = gaussian_information_of(table["teacher"], table["student"])
    np.testing.assert_allclose(estimate, data.shared_information["teacher", "student"], atol=0.01)
    for name, nats in data.label_information.items():
        np.testing.assert_allclose(gaussian_information_of(table[name], y), nats, atol=0.01)


def test_impossible_correlations():
    with pytest.raises(ValueError, match=r"teacher_label=-0.9.*not positive definite.*teacher_student"):
        make_joint_gaussian(teacher_student=0.9, student_label=0.9, teacher_label=-0.9)


def test_continuous_modalities_have_the_stated_mutual_information():
    data = make_gaussian_modalities(300_000, n_shared=2, n_specific=1, n_noise=0, n_classes=None, random_state=0)
    table = {name: data.data[columns].to_numpy() for name, columns in data.modalities.items()}
    y = data.target.to_numpy()[:, None]
    estimate = gaussian_information_of(table["teacher"], table["student"])
    np.testing.assert_allclose(estimate, data.shared_information["teacher", "student"], atol=0.01)
    for name, nats in data.label_information.items():
        np.testing.assert_allclose(gaussian_information_of(table[name], y), nats, atol=0.01)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_class_modalities_have_the_stated_mutual_information(n_classes):
    """By Monte Carlo over the model's densities, written out: log of a ratio of mixtures of normals."""
    strengths = {"teacher": 1.5, "student": 0.4}
    data = make_gaussian_modalities(
        100_000,
        n_shared=1,
        n_specific=1,
        n_noise=0,
        shared_signal=0.8,
        specific_signal=strengths,
        n_classes=n_classes,
        random_state=0,
    )
    line = np.arange(n_classes) - (n_classes - 1) / 2
    line = line / line.std()
    columns = [f"{name}_{kind}_0" for name in strengths for kind in ("shared", "specific")]
    Z = data.data[columns].to_numpy()
    shared_variance = 1.25
    covariance = np.eye(4)
    covariance[[0, 2], [0, 2]] = shared_variance
    covariance[0, 2] = covariance[2, 0] = 1.0
    mean = line[:, None] * np.array([0.8, 1.5, 0.8, 0.4])

    def log_density(coordinates):
        precision = np.linalg.inv(covariance[np.ix_(coordinates, coordinates)])
        difference = Z[:, None, coordinates] - mean[None][:, :, coordinates]
        exponent = -0.5 * np.einsum("nki,ij,nkj->nk", difference, precision, difference)
        scale = 0.5 * np.linalg.slogdet(2 * np.pi * covariance[np.ix_(coordinates, coordinates)])[1]
        return exponent - scale

    def mixture(log_densities):
        return np.log(np.exp(log_densities).mean(axis=1))

    both, teacher, student = (log_density(c) for c in ([0, 1, 2, 3], [0, 1], [2, 3]))
    label_index = np.arange(len(Z)), data.target.to_numpy()
    for name, part in (("teacher", teacher), ("student", student)):
        np.testing.assert_allclose((part[label_index] - mixture(part)).mean(), data.label_information[name], atol=0.01)
    shared = (mixture(both) - mixture(teacher) - mixture(student)).mean()
    np.testing.assert_allclose(shared, data.shared_information["teacher", "student"], atol=0.02)


def test_same_seed_same_table():
    a, b = (make_gaussian_modalities(20, random_state=3).data for _ in range(2))
    assert a.equals(b)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"measurement_noise": 0.0}, "measurement_noise=0.0 must be positive"),
        ({"n_classes": 1}, "n_classes=1"),
        ({"n_shared": 0}, "n_shared=0"),
        ({"specific_signal": {}}, "specific_signal={}"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_gaussian_modalities(20, **parameters)
