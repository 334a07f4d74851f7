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
from skcmkd.networks._base import training_settings
from skcmkd.networks._fit import early_stopping_mask, fit_network

ALPHA, TEMPERATURE, FOLDS = 0.5, 2.0, 5
MIN_PROBABILITY = 1e-7
AVAILABLE = find_spec("torchdistill") is not None


class PeerLoss(nn.Module):
    """torchdistill's ``KDLoss``, every row of a batch with the same weight.

    The package's loss takes batches of labeled rows. An unlabeled row has its second part alone, weighted as there:
    without labels the package gives the bare divergence.
    """

    def __init__(self) -> None:
        super().__init__()
        from torchdistill.losses.mid_level import KDLoss

        self.loss = KDLoss("student", "output", "teacher", "output", temperature=TEMPERATURE, alpha=ALPHA)

    def _loss(self, logits: Tensor, teacher_logits: Tensor, labels: Tensor | None) -> Tensor:
        student, teacher = {"student": {"output": logits}}, {"teacher": {"output": teacher_logits}}
        return self.loss(student, teacher, labels)

    def forward(self, logits: Tensor, labels: Tensor, labeled: Tensor, teacher_logits: Tensor) -> Tensor:
        """The batch's mean loss."""
        fraction = labeled.float().mean()
        total = logits.sum() * 0
        if labeled.any():
            total = total + fraction * self._loss(logits[labeled], teacher_logits[labeled], labels[labeled])
        if not labeled.all():
            divergence = self._loss(logits[~labeled], teacher_logits[~labeled], None)
            total = total + (1 - fraction) * self.loss.beta * TEMPERATURE**2 * divergence
        return total


def fit_peer(samples: Samples, seed: int, learner: str, *, out_of_fold: bool) -> BaseEstimator:
    """Train the student's network; without ``out_of_fold`` the teacher predicts its training rows, as is usual."""
    teacher = make_teacher(samples, learner, seed)
    X_teacher, y = samples.X_teacher, samples.y
    fitted = make_teacher(samples, learner, seed).fit(X_teacher, y)
    proba = fitted.predict_proba(X_teacher)
    if out_of_fold:
        folds = PredefinedSplit(make_fold_ids(FOLDS, y))
        proba = cross_val_predict(teacher, X_teacher, y, cv=folds, method="predict_proba")
    X = samples.X
    labeled = np.ones(len(y), dtype=bool)
    if samples.unlabeled_pairs is not None:
        X_unlabeled, T = samples.unlabeled_pairs
        X = pd.concat([X, X_unlabeled])
        proba = np.concatenate([proba, fitted.predict_proba(T)])
        labeled = np.arange(len(X)) < len(y)
        # Any class will do: these labels are not used.
        y = np.append(y, np.full(len(T), y.iloc[0]))
    network = make_student(samples, learner, seed)
    X, y = validate_data(network, X, y, dtype=np.float64)
    network.classes_, codes = encode_labels(y)
    logits = np.log(proba.clip(min=MIN_PROBABILITY)).astype(np.float32)
    settings = training_settings(network)
    strata = np.where(labeled, codes, -1)
    held_out = early_stopping_mask(strata, len(codes), settings.validation_fraction, settings.seed)
    # The loss is the mean over a batch already.
    targets = (codes, labeled, logits)
    network._set_trained(
        fit_network(settings, X, PeerLoss(), targets, len(network.classes_), held_out, linear_loss=None)
    )
    return network


def explain_absence() -> str:
    """Message where the package is not installed."""
    return "torchdistill is not installed: its rows are left out (pip install --no-deps torchdistill==1.1.3)."
