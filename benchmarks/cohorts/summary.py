"""One row for each task from the stored results, and what the measurements make of the selector's decision.

``results/cohorts.csv`` has the numbers, ``results/table.csv`` the table of the page. Gains of a task without pairs are
those at alpha 1/2, which the default refuses: there the distilled student is the student alone.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from class_tasks import KEYS
from models import ALONE, BASELINE, DISTILLED, FORCED, FUSED, LINEAR_TEACHER, PERMUTED, TEACHER
from scipy.stats import norm
from shared.summaries import CONFIDENCE, interval_over_splits
from survival_tasks import CARCINOMA, CARCINOMA_REPORTS, SURVIVAL, TEXTS

RESULTS = Path(__file__).parent / "results"
SCORES = ("accuracy", "balanced_accuracy", "log_loss", "brier")
# The models of a report on survival, by the names of this benchmark.
REPORTED = {"shuffled teacher": PERMUTED, "Kaplan-Meier": BASELINE}
DISTIL = "distil"
HELPS, NO_GAIN, HARMS = "distil: it helps", "distil: no clear gain", "distil: it harms"
RIGHT, MISSED, NOBODY = "refused, rightly", "refused: a gain missed", "nobody predicts"
# A baseline that no model beats by this share of its Brier score is as good as any.
MIN_SKILL = 0.02


def relative(gain: tuple[float, ...], alone: float) -> tuple[float, ...]:
    """Gains as percentages of the score of the student alone."""
    return tuple(100 * value / alone for value in gain)


def class_row(rows: pd.DataFrame) -> dict[str, Any]:
    """Scores of the models, and the gain of the distilled student and of its controls with intervals over splits."""
    of = {name: part.set_index("seed") for name, part in rows.groupby("model")}
    truth = of[FORCED] if FORCED in of else of[DISTILLED]
    alone = of[ALONE]["brier"].mean()
    row: dict[str, Any] = {"splits": len(truth)}
    row |= {f"{name}_brier": of[name]["brier"].mean() for name in (BASELINE, ALONE, TEACHER, FUSED)}
    for score in SCORES:
        gain = truth[f"{score}_gain"]
        row |= {f"{score}_gain": gain.mean(), f"{score}_gain_error": gain.sem()}
    for label, part in (("gain", truth), ("permuted", of[PERMUTED]), ("linear", of[LINEAR_TEACHER])):
        interval = interval_over_splits(part["brier_gain"], part.index.to_series())
        row |= dict(zip((label, f"{label}_lower", f"{label}_upper"), relative(interval, alone), strict=True))
    return row


def survival_row(reports: pd.DataFrame) -> dict[str, Any]:
    """The same of a report with the penalty that is best for the student alone; intervals over the rows."""
    alone = reports[reports["model"] == ALONE]
    penalty = alone.loc[alone["brier"].idxmin(), "C"]
    report = reports[reports["C"] == penalty].set_index(reports.loc[reports["C"] == penalty, "model"].replace(REPORTED))
    base = report.loc[ALONE, "brier"]
    row: dict[str, Any] = {"splits": 1, "uno_c_gain": report.loc[DISTILLED, "uno_c_gain"]}
    row |= {f"{name}_brier": report.loc[name, "brier"] for name in (BASELINE, ALONE, TEACHER, FUSED)}
    for label, name in (("gain", DISTILLED), ("permuted", PERMUTED)):
        gain, error = report.loc[name, ["brier_gain", "brier_standard_error"]].astype(float)
        half = norm.ppf(0.5 + CONFIDENCE / 2) * error
        interval = relative((gain, gain - half, gain + half), base)
        row |= dict(zip((label, f"{label}_lower", f"{label}_upper"), interval, strict=True))
    return row | {"brier_gain": report.loc[DISTILLED, "brier_gain"], "C": penalty}


def make_verdict(row: pd.Series) -> str:
    """What became of the decision, by the gain's interval and by whether any model beats the baseline.

    A gain is one where its interval lies above zero and above the mean of the control, which learns nothing from the
    teacher.
    """
    baseline = row[f"{BASELINE}_brier"]
    if min(row[f"{name}_brier"] for name in (ALONE, TEACHER, FUSED)) > (1 - MIN_SKILL) * baseline:
        return NOBODY
    gains = row["gain_lower"] > max(0, row["permuted"])
    if row["decision"] == DISTIL:
        return HELPS if gains else HARMS if row["gain_upper"] < 0 else NO_GAIN
    return MISSED if gains else RIGHT


def decisions_of(decisions: pd.DataFrame) -> pd.DataFrame:
    """The commonest decision of each task, how many splits it was made in, and the mean of what is added."""
    groups = decisions.groupby(KEYS, sort=False, dropna=False)
    table = groups["decision"].agg(lambda made: made.value_counts().index[0]).to_frame()
    table["n_decided"] = groups["decision"].agg(lambda made: made.value_counts().iloc[0])
    return table.join(groups[["added", "added_lower", "added_upper"]].mean()).reset_index()


def summarize(classes: pd.DataFrame, survival: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """A row for each task."""
    rows = [dict(zip(KEYS, key, strict=True)) | class_row(part) for key, part in classes.groupby(KEYS, sort=False)]
    counts = decisions[decisions["label"] == SURVIVAL].set_index("cohort")
    for cohort, reports in survival.groupby("cohort", sort=False):
        if cohort in counts.index:
            sizes = counts.loc[cohort, ["n_labeled", "n_pairs"]].to_dict()
            key = {"cohort": cohort, "label": SURVIVAL, "student": np.nan, "teacher": np.nan} | sizes
            rows.append(key | survival_row(reports))
    table = pd.DataFrame(rows).merge(decisions_of(decisions), on=KEYS, how="left")
    return table.assign(verdict=table.apply(make_verdict, axis=1))


def interval_text(row: pd.Series, label: str) -> str:
    """A gain with its interval, in percent."""
    return f"{row[label]:+.0f} ({row[f'{label}_lower']:+.0f} {row[f'{label}_upper']:+.0f})"


def name_task(row: pd.Series) -> str:
    """The cohort, what is predicted, and which table teaches which."""
    if row["label"] == SURVIVAL:
        return TEXTS[row["cohort"]]
    return f"{row['cohort']}, {row['label']}: {row['student']} taught by {row['teacher']}"


def page_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table of the page, as texts, the largest gain first."""
    table = order_rows(table)
    brier = [table[f"{name}_brier"].map("{:.2f}".format) for name in (BASELINE, ALONE, FUSED)]
    return pd.DataFrame(
        {
            "cohort": table.apply(name_task, axis=1),
            "labels + pairs": table["n_labeled"].astype(str) + " + " + table["n_pairs"].astype(str),
            "baseline, alone, both tables": brier[0] + ", " + brier[1] + ", " + brier[2],
            "gain, %": table.apply(interval_text, axis=1, label="gain"),
            "permuted, %": table.apply(interval_text, axis=1, label="permuted"),
            "decision": table["decision"]
            + ", "
            + table["n_decided"].astype(str)
            + " of "
            + table["splits"].astype(str),
            "verdict": table["verdict"],
        }
    )


def order_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The rows as page and figure have them."""
    return table.sort_values("gain", ascending=False, ignore_index=True)


def load_results(folder: Path = RESULTS) -> pd.DataFrame:
    """The summary of the stored results; the reports on the carcinoma are those of the benchmark of survival."""
    survival = pd.read_csv(folder / "survival.csv")
    carcinoma = pd.read_csv(CARCINOMA_REPORTS)
    reports = [carcinoma[carcinoma["weight"] == "auto"].assign(cohort=CARCINOMA), survival]
    return summarize(pd.read_csv(folder / "classes.csv"), pd.concat(reports), pd.read_csv(folder / "decisions.csv"))


def main() -> None:
    """Write the tables and print them."""
    table = load_results()
    table.to_csv(RESULTS / "cohorts.csv", index=False, float_format="%.4g")
    page_table(table).to_csv(RESULTS / "table.csv", index=False)
    print(page_table(table).to_string(index=False))
    gains = table[table["label"] != SURVIVAL]
    columns = [f"{score}_gain{part}" for score in SCORES[:3] for part in ("", "_error")]
    print(gains[[*KEYS, *columns, "linear", "linear_lower"]].round(3).to_string(index=False))


if __name__ == "__main__":
    main()
