"""What distilling brings for the risk at a horizon, by the share of rows that are censored before it.

Simulated modalities whose true risk is known (`make_survival_modalities`), 300 rows, linear students and teachers with
`alpha="auto"` and with 0.75, `SurvivalReport` with five folds. The penalty is the one of five that is best for the
student alone on new rows: a student with too weak a penalty gains from any soft targets. A row for each draw: the gain
over the student alone in the IPCW Brier score, that of the control with a shuffled teacher, and, since the draw knows
the outcome of censored rows too, the gain in the Brier score without any weights.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from skcmkd import PairedDistiller, SurvivalReport
from skcmkd.datasets import make_survival_modalities
from skcmkd.survival import horizon_labels

RESULTS = Path(__file__).parent / "results"
# Share of rows censored before the horizon, how it depends on the student's columns, and the inverse penalty.
SETTINGS = [(0.0, 0.0, 0.03), (0.3, 0.0, 0.03), (0.5, 0.0, 0.03), (0.7, 0.0, 0.01), (0.5, 1.0, 0.03)]
WEIGHTS = ("auto", 0.75)
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
N_ROWS = 300


def tune_alone(censoring, n_draws=20):
    """Mean Brier score of the student alone on 3000 new rows by inverse penalty: what the settings' were chosen by."""
    new = make_survival_modalities(3000, censoring=0, random_state=999)
    scores = []
    for seed in range(n_draws):
        drawn = make_survival_modalities(N_ROWS, censoring=censoring, random_state=seed)
        columns, n_training = drawn.modalities["student"], N_ROWS * 4 // 5
        labels = horizon_labels(drawn.time[:n_training], drawn.event[:n_training], drawn.horizon)
        params = labels.fit_params(drawn.data[columns][:n_training])
        params.pop("unlabeled_pairs", None)
        risks = [
            LogisticRegression(C=C, max_iter=1000).fit(**params).predict_proba(new.data[columns])[:, 1]
            for C in PENALTIES
        ]
        scores.append([((new.target - risk) ** 2).mean() for risk in risks])
    return dict(zip(PENALTIES, np.mean(scores, axis=0).round(4).tolist(), strict=True))


def report_on_draw(censoring, dependence, penalty, weight, seed):
    """Gains of one draw."""
    drawn = make_survival_modalities(
        N_ROWS, censoring=censoring, censoring_dependence=dependence, event_rate=0.3, random_state=seed
    )
    model = LogisticRegression(C=penalty, max_iter=1000)
    distiller = PairedDistiller(model, model, student_columns=drawn.modalities["student"], alpha=weight)
    report = SurvivalReport.from_estimator(
        distiller, drawn.data, drawn.time, drawn.event, horizon=drawn.horizon, random_state=seed
    )
    frame = report.to_frame()
    truth = {name: ((drawn.target - report.risks_[name]) ** 2).mean() for name in ("student alone", "distilled")}
    return {
        "censoring": censoring,
        "dependence": dependence,
        "C": penalty,
        "weight": weight,
        "draw": seed,
        **report.counts_,
        "alpha": frame.loc["distilled", "alpha"],
        "brier_alone": frame.loc["student alone", "brier"],
        "brier_kaplan_meier": frame.loc["Kaplan-Meier", "brier"],
        "brier_gain": frame.loc["distilled", "brier_gain"],
        "brier_lower": frame.loc["distilled", "brier_lower"],
        "brier_upper": frame.loc["distilled", "brier_upper"],
        "auc_gain": frame.loc["distilled", "auc_gain"],
        "shuffled_brier_gain": frame.loc["shuffled teacher", "brier_gain"],
        "true_brier_gain": truth["student alone"] - truth["distilled"],
    }


def summarize(draws):
    """Means over draws with their standard errors, a row a setting."""
    groups = draws.groupby(["censoring", "dependence", "C", "weight"])
    table = {"n_draws": groups.size(), "censored": groups["censored"].mean(), "alpha": groups["alpha"].mean()}
    for name in ("brier_gain", "shuffled_brier_gain", "true_brier_gain", "auc_gain"):
        table[name] = groups[name].mean()
        table[f"{name}_error"] = groups[name].sem()
    return pd.DataFrame(table).reset_index()


def main():
    """Run every draw of every setting, and write the rows and their means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--tune", action="store_true", help="print the student alone by penalty, and stop")
    arguments = parser.parse_args()
    if arguments.tune:
        print(pd.DataFrame({censoring: tune_alone(censoring) for censoring in (0.0, 0.3, 0.5, 0.7)}).to_string())
        return
    rows = []
    for setting, weight in product(SETTINGS, WEIGHTS):
        rows += [report_on_draw(*setting, weight, seed) for seed in range(arguments.draws)]
        RESULTS.mkdir(exist_ok=True)
        draws = pd.DataFrame(rows)
        draws.round(6).to_csv(RESULTS / "simulated_draws.csv", index=False)
        summary = summarize(draws.astype({"weight": str}))
        summary.round(5).to_csv(RESULTS / "simulated.csv", index=False)
        print(f"censored {setting[0]}, weight {weight}", flush=True)
    print(summary.round(4).to_string())


if __name__ == "__main__":
    main()
