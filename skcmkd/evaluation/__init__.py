"""What distilling brought, by cross-validation."""

from ._report import DistillationReport
from ._survival_report import SurvivalReport

__all__ = ["DistillationReport", "SurvivalReport"]
