"""Time to an event: labels at a horizon, pseudo-observations, Kaplan-Meier curves, scores under censoring."""

from ._horizon import HorizonLabels, horizon_labels
from ._kaplan_meier import KaplanMeier, kaplan_meier, kaplan_meier_of_censoring
from ._outcome import time_and_event
from ._plot import KaplanMeierDisplay
from ._pseudo import pseudo_observations
from ._risks import HorizonRisks
from ._scores import concordance_index, cumulative_dynamic_auc, ipcw_brier_score, ipcw_concordance_index

__all__ = [
    "HorizonLabels",
    "HorizonRisks",
    "KaplanMeier",
    "KaplanMeierDisplay",
    "concordance_index",
    "cumulative_dynamic_auc",
    "horizon_labels",
    "ipcw_brier_score",
    "ipcw_concordance_index",
    "kaplan_meier",
    "kaplan_meier_of_censoring",
    "pseudo_observations",
    "time_and_event",
]
