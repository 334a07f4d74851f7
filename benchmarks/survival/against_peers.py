"""Curves, weights and scores beside those of lifelines and hazardous, both MIT, on the same rows.

Needs both: `pip install --no-deps lifelines hazardous autograd autograd-gamma formulaic interface_meta wrapt` into an
environment of its own (lifelines asks for an older pandas than this package allows). Prints the largest absolute
difference of each; no two times are equal here, because both estimate the censoring with censored rows before the
events of the same time.
"""

import warnings

import numpy as np
import pandas as pd

from skcmkd.survival import concordance_index, ipcw_brier_score, kaplan_meier, kaplan_meier_of_censoring

warnings.filterwarnings("ignore", category=DeprecationWarning)


def differences(seed):
    """Largest absolute difference of each estimate on one draw."""
    from hazardous.metrics import brier_score_survival
    from lifelines import KaplanMeierFitter
    from lifelines.utils import concordance_index as peer_concordance

    rng = np.random.default_rng(seed)
    events, censorings = rng.exponential(5, 300), rng.exponential(12, 300)
    time, event = np.minimum(events, censorings), events <= censorings
    risk = rng.random(300).round(2)
    fitted = KaplanMeierFitter().fit(time, event)
    curve = kaplan_meier(time, event)
    ends = np.column_stack(curve.interval())
    peer_ends = fitted.confidence_interval_.loc[curve.time].to_numpy()
    censoring = KaplanMeierFitter().fit(time, ~event)
    ours = kaplan_meier_of_censoring(time, event)
    outcome = pd.DataFrame({"event": event.astype(int), "duration": time})
    score = brier_score_survival(outcome, outcome, (1 - risk)[:, None], np.array([4.0]))
    return {
        "Kaplan-Meier": np.abs(curve.at(time) - fitted.predict(time).to_numpy()).max(),
        "its interval": np.abs(ends - peer_ends)[curve.survival > 0].max(),
        "of censoring": np.abs(ours.at(time) - censoring.predict(time).to_numpy()).max(),
        "Harrell's C": abs(concordance_index(time, event, risk) - peer_concordance(time, -risk, event)),
        "IPCW Brier score": abs(ipcw_brier_score(time, event, risk, 4.0) - float(np.ravel(score)[0])),
    }


if __name__ == "__main__":
    print(pd.DataFrame([differences(seed) for seed in range(20)]).max().to_string())
