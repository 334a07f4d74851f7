"""What distilling brought, by cross-validation."""

from ._cohort_checks import check_cohort
from ._report import DistillationReport
from ._survival_report import SurvivalReport

__all__ = ["DistillationReport", "SurvivalReport", "check_cohort"]
