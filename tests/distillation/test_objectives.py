"""Values of the parameter ``objective``, the records behind the names, and the loss of a network student."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from skcmkd._distillation._fit_network import make_objective_loss
from skcmkd._distillation._objectives import resolve_objective
from skcmkd._distillation._teacher_features import modality_focus_weights
from skcmkd._losses import _objective_terms
from skcmkd._losses._objective_records import OBJECTIVES
from skcmkd._losses._soft_targets import DistillationLoss


def squared_norm(student_logits, student_features, teacher_proba, teacher_features):
    return student_features.square().sum(dim=1)


def test_every_record_builds_a_term_or_sums_records_that_do():
    config = _objective_terms.TermConfig(4, 5, 3, 2.0)
    for name, record in OBJECTIVES.items():
        assert record.name == name
        assert record.default_weight > 0
        assert bool(record.builder) != bool(record.parts)
        if record.builder:
            assert isinstance(getattr(_objective_terms, record.builder)(config), torch.nn.Module)
            assert resolve_objective(name).terms == ((name, record.default_weight),)
        else:
            assert all(OBJECTIVES[part].builder for part, _ in record.parts)


def test_every_builder_has_a_record():
    terms = {name for name in vars(_objective_terms) if name.endswith(("_term", "Term")) and not name.startswith("_")}
    assert terms - {"FunctionTerm"} == {record.builder for record in OBJECTIVES.values()} - {""}


def make_batch(seed, *, spoil=()):
    """A batch of seven rows, with some of its parts drawn by another seed."""
    parts = {}
    for name, size in (("logits", 3), ("features", 4), ("teacher_proba", 3), ("teacher_features", 5)):
        drawn = torch.tensor(np.random.RandomState(seed + 9 * (name in spoil)).normal(size=(7, size))).float()
        parts[name] = drawn.softmax(dim=1) if name == "teacher_proba" else drawn
    return _objective_terms.TeacherBatch(labels=torch.arange(7) % 3, **parts)


@pytest.mark.parametrize("name", [name for name, record in OBJECTIVES.items() if record.builder])
def test_records_name_the_representations_that_terms_depend_on(name):
    """Other representations change the losses if and only if the record says so; class scores, if it does not."""
    record, config = OBJECTIVES[name], _objective_terms.TermConfig(4, 5, 3, 2.0)
    term = getattr(_objective_terms, record.builder)(config)
    for parameter in term.parameters():
        parameter.data.copy_(torch.linspace(-1, 1, parameter.numel()).reshape(parameter.shape))
    losses = term(make_batch(0))
    assert losses.shape == (7,)
    features, logits = (
        not torch.equal(losses, term(make_batch(0, spoil=parts)))
        for parts in (("features", "teacher_features"), ("logits",))
    )
    assert (features, logits) == (record.uses_features, not record.uses_features)


def test_names_pairs_and_callables():
    assert resolve_objective(["soft_targets", ("hints", 3)]).terms == (("soft_targets", 1.0), ("hints", 3.0))
    assert resolve_objective(squared_norm).terms == ((squared_norm, 1.0),)
    assert resolve_objective([(squared_norm, 0.5), "sp"]).terms == (
        (squared_norm, 0.5),
        ("sp", OBJECTIVES["sp"].default_weight),
    )
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
    for name in OBJECTIVES:
        assert resolve_objective(name).needs_features == (name not in ("soft_targets", "dkd", "ckd"))
    assert resolve_objective(["soft_targets", "cc"]).needs_features
    assert resolve_objective(squared_norm).needs_features


def test_objectives_of_representations_alone_ignore_the_class_scores():
    for name in OBJECTIVES:
        objective = resolve_objective(name)
        assert objective.ignores_logits == objective.needs_features
    assert not resolve_objective(["soft_targets", "cc"]).ignores_logits
    assert not resolve_objective(squared_norm).ignores_logits


@pytest.mark.parametrize(
    ("value", "message"),
    {
        "name": ("soft_target", "'soft_target', which is unknown. Choose among soft_targets, dkd"),
        "name in a list": (["hints", "nothing"], "holds 'nothing'"),
        "nothing": ([], "names no term"),
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
def test_errors_name_the_value_and_the_choices(value, message):
    with pytest.raises(ValueError, match=message):
        resolve_objective(value)


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


def test_features_without_a_teacher_become_zero():
    targets, features = make_targets(), np.random.RandomState(1).normal(size=(12, 4))
    features[:3] = np.nan
    loss, result = make_objective_loss(
        resolve_objective("hints"), DistillationLoss(2.0, None), None, targets, features, 5
    )
    assert (result[:3] == 0).all()
    np.testing.assert_array_equal(result[3:], features[3:].astype(np.float32))
    assert loss.terms[0].map.weight.shape == (4, 5)


def test_weights_of_the_modality_focus_use_rows_with_a_teacher_and_its_class_in_place_of_a_label():
    targets, rng = make_targets(), np.random.RandomState(1)
    X, features = rng.normal(size=(12, 3)), rng.normal(size=(12, 4)).astype(np.float32)
    features[:, 0] += X[:, 0]
    loss, _ = make_objective_loss(
        resolve_objective(["hints", "mfh"]), DistillationLoss(2.0, None), X, targets, features, 5
    )
    codes, label_weight, proba, _ = targets
    labels = np.where(label_weight > 0, codes, proba.argmax(axis=1))
    expected = modality_focus_weights(X[3:], labels[3:], features[3:])
    assert loss.terms[0].feature_weights is None
    np.testing.assert_allclose(loss.terms[1].feature_weights, expected, rtol=1e-6)


def test_an_objective_of_representations_needs_those_of_the_teacher():
    with pytest.raises(ValueError, match="give teacher_features"):
        make_objective_loss(resolve_objective("sp"), DistillationLoss(2.0, None), None, make_targets(), None, 5)
    loss, result = make_objective_loss(
        resolve_objective("dkd"), DistillationLoss(2.0, None), None, make_targets(), None, 5
    )
    assert result.shape == (12, 0)
    assert not list(loss.parameters())
