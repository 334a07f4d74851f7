"""Estimators of mutual information, in nats, as functions of two arrays."""

from .._linear_model._logistic import make_default_classifier
from .._model_selection._probabilities import centered_log_ratio
from ._cca import cca
from ._classifier import classifier, label_mutual_information, prediction_mutual_information
from ._gaussian import gaussian
from ._infonce import infonce
from ._ksg import ksg
from ._latent import latent
from ._mine import mine
from ._mutual_information import ESTIMATORS, MutualInformationEstimate, mutual_information

__all__ = [
    "ESTIMATORS",
    "MutualInformationEstimate",
    "cca",
    "centered_log_ratio",
    "classifier",
    "gaussian",
    "infonce",
    "ksg",
    "label_mutual_information",
    "latent",
    "make_default_classifier",
    "mine",
    "mutual_information",
    "prediction_mutual_information",
]
