"""Mutual information, in nats: one estimator a file, pure functions on arrays."""

from ._cca import cca
from ._classifier import class_information, label_information, log_ratio_coordinates, make_label_classifier

__all__ = ["cca", "class_information", "label_information", "log_ratio_coordinates", "make_label_classifier"]
