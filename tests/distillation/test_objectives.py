"""What is meant by an objective, and what is no objective."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from skcmkd._distillation._fit_network import loss_of_objective
from skcmkd._distillation._objectives import COMPOSITES, DEFAULT_WEIGHTS, LOGIT_OBJECTIVES, resolve_objective
from skcmkd._distillation._teacher_features import modality_focus_weights
from skcmkd._losses._objective import OBJECTIVE_TERMS
from skcmkd._losses._soft_targets import DistillationLoss


def squared_norm(student_logits, student_features, teacher_proba, teacher_features):
    return student_features.square().sum(dim=1)


def test_every_name_is_a_term_or_made_of_terms():
    assert set(DEFAULT_WEIGHTS) == set(OBJECTIVE_TERMS) | set(COMPOSITES)
    for name, weight in DEFAULT_WEIGHTS.items():
        terms = resolve_objective(name).terms
        assert {single for single, _ in terms} <= set(OBJECTIVE_TERMS)
        assert weight > 0
        if name not in COMPOSITES:
            assert terms == ((name, weight),)


def test_names_pairs_and_callables():
    assert resolve_objective(["soft_targets", ("hints", 3)]).terms == (("soft_targets", 1.0), ("hints", 3.0))
    assert resolve_objective(squared_norm).terms == ((squared_norm, 1.0),)
    assert resolve_objective([(squared_norm, 0.5), "sp"]).terms == ((squared_norm, 0.5), ("sp", DEFAULT_WEIGHTS["sp"]))
    assert resolve_objective((("dkd", np.float32(2)),)).terms == (("dkd", 2.0),)


def test_both_relations_are_distances_and_twice_the_angles():
    assert resolve_objective([("rkd", 5.0)]).terms == (("rkd_distance", 5.0), ("rkd_angle", 10.0))


def test_an_objective_is_itself_and_pickles():
    objective = resolve_objective(["soft_targets", (squared_norm, 2.0)])
    assert resolve_objective(objective) is objective
    assert pickle.loads(pickle.dumps(objective)) == objective


def test_only_plain_soft_targets_are_plain():
    assert resolve_objective("soft_targets").is_soft_targets
    assert not resolve_objective([("soft_targets", 2.0)]).is_soft_targets
    assert not resolve_objective(["soft_targets", "dkd"]).is_soft_targets


def test_representations_are_needed_by_all_but_objectives_of_probabilities():
    for name in DEFAULT_WEIGHTS:
        assert resolve_objective(name).needs_features == (name not in LOGIT_OBJECTIVES)
    assert resolve_objective(["soft_targets", "cc"]).needs_features
    assert resolve_objective(squared_norm).needs_features


@pytest.mark.parametrize(
    ("given", "message"),
    {
        "name": ("soft_target", "'soft_target', which is unknown. Choose among soft_targets, dkd"),
        "name in a list": (["hints", "nothing"], "holds 'nothing'"),
        "nothing": ([], "asks for nothing"),
        "None": (None, "holds None"),
        "a pair that is no list of pairs": (("dkd", 2.0), r"holds 2.0.*\[\(\"soft_targets\", 1.0\)"),
        "three": ([("dkd", 2.0, 1.0)], "which is unknown"),
        "an array as a name": ([(np.zeros(3), 1.0)], "which is unknown"),
        "zero": ([("dkd", 0.0)], "weight of 'dkd'.*must be a positive number"),
        "negative": ([("dkd", -1)], "positive"),
        "infinite": ([("dkd", np.inf)], "positive"),
        "not a number": ([("dkd", np.nan)], "positive"),
        "text": ([("dkd", "2")], "positive"),
        "truth": ([("dkd", True)], "positive"),
    }.values(),
)
def test_errors_name_the_value_and_the_choices(given, message):
    with pytest.raises(ValueError, match=message):
        resolve_objective(given)


def test_naming_an_objective_does_not_import_torch():
    code = (
        "import sys; from skcmkd._distillation._objectives import resolve_objective; resolve_objective('rkd'); "
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def make_targets(n=12, n_classes=3):
    rng = np.random.RandomState(0)
    proba = rng.dirichlet(np.ones(n_classes), size=n).astype(np.float32)
    return [rng.permutation(np.arange(n) % n_classes), (np.arange(n) < 8) * 0.5, proba, (np.arange(n) > 2) * 0.5]


def test_features_without_a_teacher_become_zero_and_are_never_read():
    targets, features = make_targets(), np.random.RandomState(1).normal(size=(12, 4))
    features[:3] = np.nan
    loss, found = loss_of_objective(resolve_objective("hints"), DistillationLoss(2.0, None), None, targets, features, 5)
    assert (found[:3] == 0).all()
    np.testing.assert_array_equal(found[3:], features[3:].astype(np.float32))
    assert loss.terms[0].map.weight.shape == (4, 5)


def test_weights_of_the_modality_focus_are_of_the_taught_rows_and_the_teachers_pseudo_label():
    targets, rng = make_targets(), np.random.RandomState(1)
    X, features = rng.normal(size=(12, 3)), rng.normal(size=(12, 4)).astype(np.float32)
    features[:, 0] += X[:, 0]
    loss, _ = loss_of_objective(
        resolve_objective(["hints", "mfh"]), DistillationLoss(2.0, None), X, targets, features, 5
    )
    codes, label_weight, proba, _ = targets
    guess = [code if weight else row.argmax() for code, weight, row in zip(codes, label_weight, proba, strict=True)]
    expected = modality_focus_weights(X[3:], np.array(guess)[3:], features[3:])
    assert loss.terms[0].feature_weights is None
    np.testing.assert_allclose(loss.terms[1].feature_weights, expected, rtol=1e-6)


def test_an_objective_of_representations_needs_those_of_the_teacher():
    with pytest.raises(ValueError, match="give teacher_features"):
        loss_of_objective(resolve_objective("sp"), DistillationLoss(2.0, None), None, make_targets(), None, 5)
    loss, found = loss_of_objective(
        resolve_objective("dkd"), DistillationLoss(2.0, None), None, make_targets(), None, 5
    )
    assert found.shape == (12, 0)
    assert not list(loss.parameters())
