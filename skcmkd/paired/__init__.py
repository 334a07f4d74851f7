"""Distillation with samples that have both modalities."""

from ._classifier import PairedDistiller
from ._mutual import MutualDistiller
from ._predicted_features import PredictedTeacherFeatures
from ._regressor import PairedDistillerRegressor

__all__ = ["MutualDistiller", "PairedDistiller", "PairedDistillerRegressor", "PredictedTeacherFeatures"]
