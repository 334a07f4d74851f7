import numpy as np
import pytest
from scipy.special import softmax

from skcmkd._criteria import (
    DISTIL,
    DO_NOT_DISTIL,
    UNDECIDED,
    Informations,
    Interval,
    measure_informations,
    one_standard_error_choice,
    subsample,
    subsampling_interval,
)
from skcmkd.information import cca, class_information, label_information, log_ratio_coordinates


def test_gap_and_advantage():
    found = Informations(teacher_student=0.5, student_label=0.2, teacher_label=0.6)
    assert found.gap == pytest.approx(0.3)
    assert found.advantage == pytest.approx(0.4)


@pytest.mark.parametrize("family", ["classifier", "cca"])
def test_all_three_informations_come_from_one_family(family):
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=90)
    t, s = (softmax(rng.normal(size=(90, 3)) + w * np.eye(3)[codes], axis=1) for w in (3, 1))
    found = measure_informations(t, s, codes, family, seed=0, rows=np.arange(90))
    if family == "classifier":
        expected = class_information(t, s), label_information(s, codes), label_information(t, codes)
    else:
        x, z, y = log_ratio_coordinates(t), log_ratio_coordinates(s), np.eye(3)[codes]
        expected = tuple(cca(a, b, random_state=0) for a, b in ((x, z), (z, y), (x, y)))
    assert (found.teacher_student, found.student_label, found.teacher_label) == expected
    assert found.advantage > 0


@pytest.mark.parametrize("n_rows", [200, 201])
def test_standard_error_of_a_mean_is_the_textbook_one(n_rows):
    """Halves drawn without replacement have the error of the whole, s / sqrt(n), with no further factor."""
    values = np.random.RandomState(0).exponential(size=n_rows)
    halves = subsample(lambda rows: [values[rows].mean()], n_rows, 4000, np.random.RandomState(1))[:, 0]
    found = subsampling_interval(values.mean(), halves, n_rows, 0.9)
    np.testing.assert_allclose(found.standard_error, values.std(ddof=1) / np.sqrt(n_rows), rtol=0.04)
    assert found.probability_positive == 1.0


def test_interval_of_a_mean_covers_the_truth():
    rng = np.random.RandomState(0)
    covered = 0
    for _ in range(300):
        values = rng.normal(0.3, 1, size=60)
        halves = subsample(lambda rows, v=values: [v[rows].mean()], 60, 200, rng)[:, 0]
        found = subsampling_interval(values.mean(), halves, 60, 0.9)
        covered += found.lower <= 0.3 <= found.upper
    assert 0.85 <= covered / 300 <= 0.95


@pytest.mark.parametrize(
    ("lower", "upper", "decision"), [(0.1, 0.2, DISTIL), (-0.2, -0.1, DO_NOT_DISTIL), (-0.1, 0.1, UNDECIDED)]
)
def test_three_valued_decision(lower, upper, decision):
    assert Interval(0.0, 0.1, lower, upper, 0.5).decision == decision


def test_halves_have_no_row_twice():
    halves = subsample(lambda rows: rows, 11, 5, np.random.RandomState(0))
    assert halves.shape == (5, 5)
    assert all(len(set(rows)) == 5 for rows in halves.astype(int).tolist())


def test_one_standard_error_rule():
    rng = np.random.RandomState(0)
    base = rng.normal(size=400)
    better = base - 0.5 + 0.1 * rng.normal(size=400)
    hardly = base - 0.001 + 0.1 * rng.normal(size=400)
    assert one_standard_error_choice(np.column_stack([base, better])) == 1
    assert one_standard_error_choice(np.column_stack([base, hardly])) == 0
    assert one_standard_error_choice(np.column_stack([base, better, better - 1e-9])) == 2
    assert one_standard_error_choice(np.column_stack([base, base])) == 0
