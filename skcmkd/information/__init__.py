"""Mutual information, in nats: one estimator a file, pure functions on arrays."""

from .._linear_model._logistic import make_label_classifier
from .._model_selection._probabilities import log_ratio_coordinates
from ._cca import cca
from ._classifier import class_information, classifier, label_information
from ._gaussian import gaussian
from ._infonce import infonce
from ._ksg import ksg
from ._latent import latent
from ._mine import mine
from ._mutual_information import ESTIMATORS, MutualInformation, mutual_information

__all__ = [
    "ESTIMATORS",
    "MutualInformation",
    "cca",
    "class_information",
    "classifier",
    "gaussian",
    "infonce",
    "ksg",
    "label_information",
    "latent",
    "log_ratio_coordinates",
    "make_label_classifier",
    "mine",
    "mutual_information",
]
