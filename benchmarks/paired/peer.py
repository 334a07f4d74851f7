"""torchdistill's KD loss on the student's network, trained as all others are.

torchdistill (MIT) is no part of this project: ``pip install --no-deps torchdistill==1.1.3`` to run its rows.
"""

from importlib.util import find_spec

import numpy as np
import pandas as pd
from cells import Samples
from learners import make_student, make_teacher
from sklearn.base import BaseEstimator
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.utils.validation import validate_data
from torch import Tensor, nn

from skcmkd._model_selection._folds import make_fold_ids
from skcmkd._validation._target_checks import encode_labels
from skcmkd.networks._fit import fit_network

ALPHA, TEMPERATURE, FOLDS = 0.5, 2.0, 5
SMALLEST_PROBABILITY = 1e-7
AVAILABLE = find_spec("torchdistill") is not None


class PeerLoss(nn.Module):
    """torchdistill's ``KDLoss``, every row of a batch with the same weight.

    The package's loss takes batches of labelled rows. An unlabelled row has its second part alone, weighted as there:
    without labels the package gives the bare divergence.
    """

    def __init__(self) -> None:
        super().__init__()
        from torchdistill.losses.mid_level import KDLoss

        self.loss = KDLoss("student", "output", "teacher", "output", temperature=TEMPERATURE, alpha=ALPHA)

    def _ask(self, logits: Tensor, teacher_logits: Tensor, labels: Tensor | None) -> Tensor:
        student, teacher = {"student": {"output": logits}}, {"teacher": {"output": teacher_logits}}
        return self.loss(student, teacher, labels)

    def forward(self, logits: Tensor, labels: Tensor, labelled: Tensor, teacher_logits: Tensor) -> Tensor:
        """The batch's mean loss."""
        share = labelled.float().mean()
        total = logits.sum() * 0
        if labelled.any():
            total = total + share * self._ask(logits[labelled], teacher_logits[labelled], labels[labelled])
        if not labelled.all():
            divergence = self._ask(logits[~labelled], teacher_logits[~labelled], None)
            total = total + (1 - share) * self.loss.beta * TEMPERATURE**2 * divergence
        return total


def fit_peer(samples: Samples, seed: int, learner: str, *, seen: bool) -> BaseEstimator:
    """Train the student's network; ``seen`` teachers judge the rows they learnt from, as the package's do."""
    teacher = make_teacher(samples, learner, seed)
    X_teacher, y = samples.X_teacher, samples.y
    fitted = make_teacher(samples, learner, seed).fit(X_teacher, y)
    proba = fitted.predict_proba(X_teacher)
    if not seen:
        proba = cross_val_predict(teacher, X_teacher, y, cv=PredefinedSplit(make_fold_ids(FOLDS, y)), method="predict_proba")
    X = samples.X
    labelled = np.ones(len(y), dtype=bool)
    if samples.unlabeled_pairs is not None:
        further, T = samples.unlabeled_pairs
        X = pd.concat([X, further])
        proba = np.concatenate([proba, fitted.predict_proba(T)])
        labelled = np.arange(len(X)) < len(y)
        # Any class will do: these labels are not looked at.
        y = np.append(y, np.full(len(T), y.iloc[0]))
    network = make_student(samples, learner, seed)
    X, y = validate_data(network, X, y, dtype=np.float64)
    network.classes_, codes = encode_labels(y)
    logits = np.log(proba.clip(min=SMALLEST_PROBABILITY)).astype(np.float32)
    strata = np.where(labelled, codes, -1)
    # Every call of the loss meets whole rows, so its scalar is the batch's mean already.
    fit_network(network, X, PeerLoss(), (codes, labelled, logits), len(network.classes_), strata)
    return network


def explain_absence() -> str:
    """What to say where the package is not installed."""
    return "torchdistill is not installed: its rows are left out (pip install --no-deps torchdistill==1.1.3)."
