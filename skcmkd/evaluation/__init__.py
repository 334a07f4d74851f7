"""What distilling brought, by cross-validation."""

from ._report import DistillationReport

__all__ = ["DistillationReport"]
