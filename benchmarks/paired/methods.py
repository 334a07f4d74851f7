"""What is compared: a name, and a function that fits a model of the student's table to a cell's samples.

The student is the same for all methods of a learner, with the same batches, epochs at most, held-out rows and early
stopping. None of them sees a test row. Methods that this version of the package or this machine lacks are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import Any

import peer
from cells import CLASSES, QUANTITY, Cell, Samples
from learners import LINEAR, NETWORK, make_student, make_teacher
from rivals import fit_confident, fit_imputed_teacher, fit_stack
from sklearn.base import BaseEstimator

import skcmkd
from skcmkd import PairedDistiller

ALONE, AUTO = "alone", "auto"
ALPHAS = (0.25, 0.5, 0.75, 0.9)
FIXED = tuple(f"alpha {alpha}" for alpha in ALPHAS)
MUTUAL, BEST = "mutual", "best possible"
SELF_TRAINING, CONFIDENT = "self-training, soft targets", "self-training, confident"
IMPUTED, STACKED = "imputed teacher", "stacking"
PEER, PEER_UNSEEN = "torchdistill", "torchdistill, teacher out of fold"
# Options of the distiller: the parameter, its value, and whether it is about unlabelled pairs alone.
OPTIONS = {
    "teacher sees both": ("teacher_input", "both", False),
    "calibrated": ("calibrate", True, False),
    "confident pairs": ("unlabeled_weight", "confidence", True),
}
# None where this version of the package has none.
PairedDistillerRegressor = getattr(skcmkd, "PairedDistillerRegressor", None)
MutualDistiller = getattr(skcmkd, "MutualDistiller", None)


@dataclass(frozen=True)
class Method:
    """How a student is fitted, ``fit(samples, seed, learner)``, and in which cells this means anything.

    What asks no teacher is fitted once for all teachers of a student.
    """

    fit: Callable[[Samples, int, str], Any]
    learner: str = NETWORK
    labels: tuple[str, ...] = (CLASSES,)
    needs_unlabeled: bool = False
    asks_teacher: bool = True


def fit_alone(samples: Samples, seed: int, learner: str) -> BaseEstimator:
    """The student without a teacher."""
    return make_student(samples, learner, seed).fit(samples.X, samples.y)


def distil(samples: Samples, seed: int, learner: str, **settings: Any) -> BaseEstimator:
    """The paired distiller of classes or of a quantity."""
    distiller = PairedDistiller if samples.label == CLASSES else PairedDistillerRegressor
    model = distiller(
        make_student(samples, learner, seed), make_teacher(samples, learner, seed), random_state=seed, **settings
    )
    return model.fit(samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs)


def teach_oneself(samples: Samples, seed: int, learner: str, alpha: float) -> BaseEstimator:
    """The student's own opinions of rows it has not seen, as soft targets: it is its own teacher."""
    distiller = PairedDistiller if samples.label == CLASSES else PairedDistillerRegressor
    further = samples.unlabeled_pairs and (samples.unlabeled_pairs[0],) * 2
    teacher = make_student(samples, learner, seed)
    model = distiller(make_student(samples, learner, seed), teacher, alpha=alpha, random_state=seed)
    return model.fit(samples.X, samples.y, X_teacher=samples.X, unlabeled_pairs=further)


def fit_mutual(samples: Samples, seed: int, learner: str) -> BaseEstimator:
    """Student and teacher teach each other."""
    networks = (make_student(samples, learner, seed) for _ in range(2))
    return MutualDistiller(*networks, random_state=seed).fit(
        samples.X, samples.y, X_teacher=samples.X_teacher, unlabeled_pairs=samples.unlabeled_pairs
    )


def ask_truth(samples: Samples, seed: int, learner: str) -> Any:
    """The best possible model."""
    return samples.truth


def objective_methods() -> dict[str, Method]:
    """Every objective alone at half of the weight, and those of features beside soft targets."""
    if "objective" not in signature(PairedDistiller).parameters:
        return {}
    from skcmkd._distillation._objectives import COMPOSITES, DEFAULT_WEIGHTS, resolve_objective

    # Soft targets alone are a fixed weight, and distances and angles are looked at together.
    left_out = {"soft_targets", *(part for parts in COMPOSITES.values() for part, _ in parts)}
    names = [name for name in DEFAULT_WEIGHTS if name not in left_out]
    found = {name: name for name in names}
    beside = [name for name in names if resolve_objective(name).needs_features]
    found |= {f"soft targets + {name}": ["soft_targets", name] for name in beside}
    return {f"objective {label}": Method(partial(distil, alpha=0.5, objective=given)) for label, given in found.items()}


def list_methods() -> dict[str, Method]:
    """All methods by name; those of a linear student say so."""
    both = (CLASSES, QUANTITY)
    taught = (CLASSES,) if PairedDistillerRegressor is None else both
    alone = {ALONE: Method(fit_alone, labels=both, asks_teacher=False)}
    weighed = {AUTO: Method(partial(distil, alpha="auto"), labels=taught)}
    weighed |= {name: Method(partial(distil, alpha=a), labels=taught) for name, a in zip(FIXED, ALPHAS, strict=True)}
    if QUANTITY in taught:
        weighed["analytic"] = Method(partial(distil, alpha="analytic"), labels=(QUANTITY,))
    further = objective_methods()
    if MutualDistiller is not None:
        further[MUTUAL] = Method(fit_mutual)
    for option, (parameter, value, needs_unlabeled) in OPTIONS.items():
        if parameter in signature(PairedDistiller).parameters:
            for name in (AUTO, "alpha 0.5"):
                fit = partial(weighed[name].fit, **{parameter: value})
                further[f"{name}, {option}"] = Method(fit, needs_unlabeled=needs_unlabeled)
    own = {SELF_TRAINING: Method(partial(teach_oneself, alpha=0.5), labels=taught, asks_teacher=False)}
    confident = {CONFIDENT: Method(fit_confident, needs_unlabeled=True, asks_teacher=False)}
    imputed, stacked = {IMPUTED: Method(fit_imputed_teacher, labels=both)}, {STACKED: Method(fit_stack, labels=both)}
    # The teacher of a linear student of classes is a network as well: imputed, it is the same.
    imputed_linear = {IMPUTED: Method(fit_imputed_teacher, labels=(QUANTITY,))}
    linear = alone | weighed | own | imputed_linear | stacked
    return {
        **alone,
        **weighed,
        **further,
        **own,
        **confident,
        **imputed,
        **stacked,
        **peer_methods(),
        BEST: Method(ask_truth, labels=both),
        **{f"{LINEAR}: {name}": replace(method, learner=LINEAR) for name, method in linear.items()},
    }


def peer_methods() -> dict[str, Method]:
    """The other package's loss, where the package is installed."""
    if not peer.AVAILABLE:
        return {}
    return {PEER: Method(partial(peer.fit_peer, seen=True)), PEER_UNSEEN: Method(partial(peer.fit_peer, seen=False))}


METHODS = list_methods()


def suits(name: str, cell: Cell) -> bool:
    """Whether a method means anything in a cell."""
    method = METHODS[name]
    if name == BEST:
        return cell.family.startswith("simulated")
    return cell.label in method.labels and (cell.n_unlabeled > 0 or not method.needs_unlabeled)


def alone_of(name: str) -> str:
    """The student alone that a method is held against."""
    return ALONE if METHODS[name].learner == NETWORK else f"{LINEAR}: {ALONE}"
