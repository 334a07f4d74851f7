"""Distillation from another cohort, in which another modality was measured."""

from ._classifier import UnpairedDistiller
from ._plot import AlignmentDisplay

__all__ = ["AlignmentDisplay", "UnpairedDistiller"]
