"""What is compared: a name, and a function that fits a model of the student's table to a cell's samples.

The student is the same for all methods of a learner, with the same batches, epochs at most, held-out rows and early
stopping. None of them uses a test row. Methods of packages that are not installed are left out.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import peer
from baselines import fit_confident, fit_imputed_teacher, fit_stack
from cells import CLASSES, CONTINUOUS, Cell, Samples
from coupled import fit_coupled
from learners import LINEAR, LINEAR_TEACHER, NETWORK, TREES, make_student, make_teacher
from shared.samples import permute_rows
from sklearn.base import BaseEstimator

from skcmkd import MutualDistiller, PairedDistiller, PairedDistillerRegressor
from skcmkd._losses._objective_records import OBJECTIVES

# The default, and the control of it: the teacher's rows permuted.
DEFAULT, PERMUTED = "default", "default, permuted teacher"
# Soft targets without the second round, and with it where the default, with a network, has one.
ONE_ROUND, ONE_ROUND_PERMUTED = "default, one round", "default, one round, permuted teacher"
TWO_ROUNDS = "default, two rounds"
# Soft targets of the teacher alone, and their share by validation folds.
ALONE, AUTO = "alone", "auto"
ALPHAS = (0.25, 0.5, 0.75, 0.9)
FIXED = tuple(f"alpha {alpha}" for alpha in ALPHAS)
# The default's soft targets at a fixed weight, which labeled pairs then have as well.
POOLED = {f"default, alpha {alpha}": alpha for alpha in (0.25, 0.5)}
MUTUAL, BEST = "mutual", "best possible"
SELF_TRAINING, CONFIDENT = "self-training, soft targets", "self-training, confident"
IMPUTED, STACKED = "imputed teacher", "stacking"
PAST, COUPLED = "surrogate of both tables", "coupled training"
# The default on the student's columns beside the teacher's predicted scores, and its control.
FEATURES, FEATURES_PERMUTED = "default, predicted features", "default, predicted features, permuted teacher"
PEER, PEER_OUT_OF_FOLD = "torchdistill", "torchdistill, teacher out of fold"
# Options of the distiller: the parameter and its value.
OPTIONS = {
    "teacher sees both": ("teacher_input", "both"),
    "calibrated": ("calibrate", True),
}


@dataclass(frozen=True)
class Method:
    """How a student is fitted, ``fit(samples, seed, learner)``, and in which cells.

    A method that uses no teacher is fitted once for all teachers of a student.
    """

    fit: Callable[[Samples, int, str], Any]
    learner: str = NETWORK
    labels: tuple[str, ...] = (CLASSES,)
    needs_unlabeled: bool = False
    uses_teacher: bool = True


def fit_alone(samples: Samples, seed: int, learner: str) -> BaseEstimator:
    """The student without a teacher."""
    return make_student(samples, learner, seed).fit(samples.X, samples.y)


def distill(samples: Samples, seed: int, learner: str, **settings: Any) -> BaseEstimator:
    """The paired distiller of classes or of a continuous target."""
    distiller = PairedDistiller if samples.label == CLASSES else PairedDistillerRegressor
    model = distiller(
        make_student(samples, learner, seed), make_teacher(samples, learner, seed), random_state=seed, **settings
    )
    with warnings.catch_warnings():
        # The student is trained alone where all rows have a label.
        warnings.filterwarnings("ignore", "All rows have a label")
        return model.fit(samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs)


def distill_permuted(samples: Samples, seed: int, learner: str, **settings: Any) -> BaseEstimator:
    """The same with the teacher's rows in another order: what is gained without anything to learn from the teacher."""
    rng = np.random.RandomState(seed)
    X_teacher, pairs = permute_rows(samples.X_teacher, rng), samples.unlabeled_pairs
    pairs = pairs and (pairs[0], permute_rows(pairs[1], rng))
    return distill(replace(samples, X_teacher=X_teacher, unlabeled_pairs=pairs), seed, learner, **settings)


def distill_from_itself(samples: Samples, seed: int, learner: str, alpha: float) -> BaseEstimator:
    """The student's own out-of-fold predictions as soft targets: it is its own teacher."""
    distiller = PairedDistiller if samples.label == CLASSES else PairedDistillerRegressor
    pairs = samples.unlabeled_pairs and (samples.unlabeled_pairs[0],) * 2
    teacher = make_student(samples, learner, seed)
    student = make_student(samples, learner, seed)
    model = distiller(student, teacher, teacher_weights="equal", alpha=alpha, random_state=seed)
    return model.fit(samples.X, samples.y, X_teacher=samples.X, unlabeled_pairs=pairs)


def fit_mutual(samples: Samples, seed: int, learner: str) -> BaseEstimator:
    """Mutual distillation of student and teacher."""
    networks = (make_student(samples, learner, seed) for _ in range(2))
    return MutualDistiller(*networks, random_state=seed).fit(
        samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs
    )


def best_possible(samples: Samples, seed: int, learner: str) -> Any:
    """The best possible model."""
    return samples.truth


def objective_methods() -> dict[str, Method]:
    """Every objective alone at half of the weight, and those of features beside soft targets."""
    # Soft targets alone are a fixed weight, and distances and angles are measured together.
    excluded = {"soft_targets", *(name for record in OBJECTIVES.values() for name, _ in record.parts)}
    records = [record for name, record in OBJECTIVES.items() if name not in excluded]
    objectives: dict[str, Any] = {record.name: record.name for record in records}
    objectives |= {f"soft targets + {r.name}": ["soft_targets", r.name] for r in records if r.uses_features}
    at_half = partial(distill, teacher_weights="equal", alpha=0.5)
    return {f"objective {label}": Method(partial(at_half, objective=o)) for label, o in objectives.items()}


def list_methods() -> dict[str, Method]:
    """All methods by name; those of other learners than the network begin with the learner's name."""
    both = (CLASSES, CONTINUOUS)
    alone = {ALONE: Method(fit_alone, labels=both, uses_teacher=False)}
    default = {DEFAULT: Method(distill, labels=both), PERMUTED: Method(distill_permuted, labels=both)}
    one_round = {
        ONE_ROUND: Method(partial(distill, n_rounds=1), labels=both),
        ONE_ROUND_PERMUTED: Method(partial(distill_permuted, n_rounds=1), labels=both),
    }
    two_rounds = {TWO_ROUNDS: Method(partial(distill, n_rounds=2), labels=both)}
    pooled = {name: Method(partial(distill, alpha=alpha), labels=both) for name, alpha in POOLED.items()}
    average = partial(distill, teacher_weights="equal")
    weights = {AUTO: Method(partial(average, alpha="auto"), labels=both)}
    weights |= {name: Method(partial(average, alpha=a), labels=both) for name, a in zip(FIXED, ALPHAS, strict=True)}
    # Prediction aided by surrogate training, arXiv 2412.09364: the student is trained on what a model of both predicts.
    surrogate = {PAST: Method(partial(average, teacher_input="both", alpha=1.0), labels=both)}
    weights["analytic"] = Method(partial(average, alpha="analytic"), labels=(CONTINUOUS,))
    extra = objective_methods() | {MUTUAL: Method(fit_mutual)}
    for option, (parameter, value) in OPTIONS.items():
        for name in (AUTO, "alpha 0.5"):
            extra[f"{name}, {option}"] = Method(partial(weights[name].fit, **{parameter: value}))
    self_trained = {SELF_TRAINING: Method(partial(distill_from_itself, alpha=0.5), labels=both, uses_teacher=False)}
    confident = {CONFIDENT: Method(fit_confident, needs_unlabeled=True, uses_teacher=False)}
    imputed, stacked = {IMPUTED: Method(fit_imputed_teacher, labels=both)}, {STACKED: Method(fit_stack, labels=both)}
    # The teacher of a linear student of classes is a network as well: imputed, it is the same.
    imputed_linear = {IMPUTED: Method(fit_imputed_teacher, labels=(CONTINUOUS,))}
    on_features = {"student_features": "predicted_teacher"}
    features = {
        FEATURES: Method(partial(distill, **on_features), labels=both),
        FEATURES_PERMUTED: Method(partial(distill_permuted, **on_features), labels=both),
    }
    coupled = {COUPLED: Method(fit_coupled, labels=both, needs_unlabeled=True)}
    linear = alone | default | one_round | surrogate | weights | self_trained | imputed_linear | stacked
    return {
        **alone,
        **default,
        **two_rounds,
        **surrogate,
        **weights,
        **extra,
        **self_trained,
        **confident,
        **imputed,
        **stacked,
        **peer_methods(),
        BEST: Method(best_possible, labels=both),
        **by_learner(LINEAR, linear | coupled),
        **by_learner(LINEAR_TEACHER, linear | imputed | pooled | features | coupled),
        **{name: method for kind in TREES for name, method in by_learner(kind, alone | default).items()},
    }


def by_learner(learner: str, methods: dict[str, Method]) -> dict[str, Method]:
    """The methods with another learner, under its name."""
    return {f"{learner}: {name}": replace(method, learner=learner) for name, method in methods.items()}


def peer_methods() -> dict[str, Method]:
    """The other package's loss, where the package is installed."""
    if not peer.AVAILABLE:
        return {}
    fits = {PEER: False, PEER_OUT_OF_FOLD: True}
    return {name: Method(partial(peer.fit_peer, out_of_fold=value)) for name, value in fits.items()}


METHODS = list_methods()


def suits(name: str, cell: Cell) -> bool:
    """Whether a method applies to a cell."""
    method = METHODS[name]
    if name == BEST:
        return cell.family.startswith("simulated")
    return cell.label in method.labels and (cell.n_unlabeled > 0 or not method.needs_unlabeled)


def alone_of(name: str) -> str:
    """The student alone that a method is compared with."""
    learner = METHODS[name].learner
    return ALONE if learner == NETWORK else f"{learner}: {ALONE}"
