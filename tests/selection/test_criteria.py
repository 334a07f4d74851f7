import numpy as np
import pytest
from scipy.special import softmax

from skcmkd._utils._decisions import DISTIL, DO_NOT_DISTIL, UNDECIDED, sign_of_interval
from skcmkd.information import cca, label_mutual_information, prediction_mutual_information
from skcmkd.selection._criteria import MutualInformations, generic_estimators, proba_estimators


@pytest.fixture
def scores():
    rng = np.random.RandomState(0)
    codes = rng.randint(3, size=90)
    teacher, student = (softmax(rng.normal(size=(90, 3)) + w * np.eye(3)[codes], axis=1) for w in (3, 1))
    return teacher, student, codes


def test_gap_and_advantage():
    found = MutualInformations(teacher_student=0.5, student_label=0.2, teacher_label=0.6)
    assert found.gap == pytest.approx(0.3)
    assert found.advantage == pytest.approx(0.4)


def test_all_three_mutual_informations_come_from_one_family(scores):
    t, s, y = scores
    found = proba_estimators().estimate(t, s, y, np.zeros(90, dtype=int))
    expected = prediction_mutual_information(t, s), label_mutual_information(s, y), label_mutual_information(t, y)
    np.testing.assert_allclose((found.teacher_student, found.student_label, found.teacher_label), expected)
    found = generic_estimators(cca, seed=0).estimate(t, s, y, np.zeros(90, dtype=int))
    expected = tuple(cca(a, b, random_state=0) for a, b in ((t, s), (s, y), (t, y)))
    np.testing.assert_allclose((found.teacher_student, found.student_label, found.teacher_label), expected)


def test_rows_without_a_label_count_between_the_modalities_only(scores):
    t, s, y = scores
    found = proba_estimators().estimate(t, s, y[:40], np.zeros(90, dtype=int))
    np.testing.assert_allclose(found.teacher_student, prediction_mutual_information(t, s))
    np.testing.assert_allclose(found.student_label, label_mutual_information(s[:40], y[:40]))


def test_blocks_are_measured_apart_and_averaged_by_their_rows(scores):
    t, s, y = scores
    block_of = np.repeat([0, 1], [30, 60])
    found = proba_estimators().estimate(t, s, y, block_of)
    expected = (prediction_mutual_information(t[:30], s[:30]) + 2 * prediction_mutual_information(t[30:], s[30:])) / 3
    np.testing.assert_allclose(found.teacher_student, expected)
    expected = (label_mutual_information(t[:30], y[:30]) + 2 * label_mutual_information(t[30:], y[30:])) / 3
    np.testing.assert_allclose(found.teacher_label, expected)


def test_joined_scores_know_what_both_know():
    rng = np.random.RandomState(0)
    codes = rng.randint(4, size=300)
    first = np.where((np.arange(4) // 2)[None] == codes[:, None] // 2, 0.45, 0.05)
    second = np.where((np.arange(4) % 2)[None] == codes[:, None] % 2, 0.45, 0.05)
    family = proba_estimators()
    both = family.label_mi(family.concatenate([first, second], codes), codes)
    alone = family.label_mi(family.concatenate([first], codes), codes)
    np.testing.assert_allclose(alone, np.log(2), atol=0.1)
    np.testing.assert_allclose(both, np.log(4), atol=0.15)


def test_an_estimator_must_give_a_number():
    family = generic_estimators(lambda X, Y, *, random_state: np.nan, seed=0)
    with pytest.raises(ValueError, match="gave nan for 5 rows"):
        family.mi(np.zeros((5, 1)), np.zeros((5, 1)))


@pytest.mark.parametrize(
    ("lower", "upper", "decision"),
    [(0.1, 0.2, DISTIL), (-0.2, -0.1, DO_NOT_DISTIL), (-0.1, 0.1, UNDECIDED), (1e-9, 1e-8, UNDECIDED)],
)
def test_three_valued_decision(lower, upper, decision):
    assert sign_of_interval(lower, upper) == decision
