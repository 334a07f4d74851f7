"""Every rule on every gain: which one chooses best."""

import argparse
from math import inf

import numpy as np
import pandas as pd
from gains import RESULTS, read_table
from metrics import CANDIDATE, SETTINGS, file_name
from regret import DECISION, Rule, by_family, decide, evaluate
from scipy.stats import norm

from skcmkd._model_selection._choices import holm

CELL = ["family", "table", "n_labeled", *CANDIDATE]
# Where the student was not cross-validated on most splits, that rule is compared on those where it was.
MOST = 0.5
# Of the selector's intervals at their default confidence, 90 per cent, and the one-sided p-value there.
LOWER_END, LEVEL = 1.645, 0.05
# Nadeau and Bengio's standard error over that of the rows, of one repeat of five folds, as the metrics were computed.
CORRECTION = 1.5
COUNTING = ("never", "advantage, when sure after Holm", "advantage, corrected, when sure after Holm")
ADVANTAGE = "classifier predictions advantage"
DEFAULT = Rule("advantage, classifier predictions, when sure", ADVANTAGE, f"{ADVANTAGE}_lower")


def named_rules(columns: pd.Index) -> list[Rule]:
    """Every rule whose metrics were computed."""
    rules = []
    for setting in SETTINGS:
        for metric, title in (("gap", "CCH"), ("advantage", "advantage")):
            column = f"{setting.name} {metric}"
            rules.append(Rule(f"{title}, {setting.name}", column, column))
            rules.append(Rule(f"{title}, {setting.name}, when sure", column, f"{column}_lower"))
    for metric, title in (("residual", "residual ratio"), ("risk_reduction", "predicted risk at 1/2")):
        rules.append(Rule(title, metric, metric))
        rules.append(Rule(f"{title}, when sure", metric, f"{metric}_lower"))
    rules += [
        Rule("teacher more accurate", "accuracy_advantage", "accuracy_advantage"),
        Rule("always the most accurate teacher", "accuracy_advantage", "accuracy_advantage", -inf),
        Rule("never", "accuracy_advantage", "accuracy_advantage", inf),
        Rule("rows left out of a smoother", "left_out_gain", "left_out_gain"),
        Rule("rows left out of a smoother, when sure", "left_out_gain", "left_out_gain_lower"),
        Rule("advantage, when sure at 99 %", ADVANTAGE, "surer"),
        Rule("advantage, when sure after Holm", ADVANTAGE, "sure_holm"),
        Rule("advantage, corrected, when sure after Holm", ADVANTAGE, "corrected_sure_holm"),
        Rule("advantage, when sure, with unlabeled pairs only", ADVANTAGE, "sure_and_unlabeled"),
        Rule("advantage, when sure, and CCH (ksg)", ADVANTAGE, "sure_and_cch"),
        Rule("advantage, when sure, and rows left out, when sure", ADVANTAGE, "sure_and_left_out"),
        Rule("cross-validation of the student", "cross_validated", "cross_validated"),
        Rule("cross-validation of the student, when sure", "cross_validated", "cross_validated_lower"),
    ]
    return [rule for rule in rules if rule.metric in columns and rule.accepts in columns]


def load_cells(students: str, weight: str, score: str) -> pd.DataFrame:
    """A row for each split of each cell: ``gain`` (the cell's mean), ``own_gain`` (the split's), and all metrics."""
    gains = read_table(RESULTS / f"gains_{students}.csv.gz")
    gains["weight"] = gains["weight"].astype(str)
    keys = [*CELL, "seed"]
    sign = 1 if score == "accuracy" else -1
    gains["own_gain"] = sign * (gains[score] - gains[f"{score}_alone"])
    automatic = gains[gains["weight"] == "auto"].set_index(keys)
    gains = gains[gains["weight"] == weight]
    gains["gain"] = gains.groupby(CELL)["own_gain"].transform("mean")
    cells = gains[[*keys, "gain", "own_gain"]]
    for setting in (None, *SETTINGS):
        path = RESULTS / file_name(setting)
        if path.exists():
            metrics = read_table(path).drop(columns=["seconds"])
            if setting is not None:
                names = [c for c in metrics if c.startswith(("gap", "advantage"))]
                metrics = metrics.rename(columns={c: f"{setting.name} {c}" for c in names})
            cells = cells.merge(
                metrics, on=keys, how="inner" if setting in (None, SETTINGS[0]) else "left", validate="one_to_one"
            )
    cells = cells.join(automatic[["cross_validated", "cross_validated_error"]], on=keys)
    cells = cells.rename(columns={f"{f}_error": f"{f}_standard_error" for f in ("left_out_gain", "cross_validated")})
    for error in [column for column in cells if column.endswith("_standard_error")]:
        metric = error.removesuffix("_standard_error")
        cells[f"{metric}_lower"] = cells[metric] - LOWER_END * cells[error]
    add_combinations(cells)
    return cells


def add_combinations(cells: pd.DataFrame) -> None:
    """Columns of the rules with more than one condition, each positive where all are met."""
    sure = cells[f"{ADVANTAGE}_lower"]
    # The lower end of an interval of 99 instead of 90 per cent confidence.
    cells["surer"] = cells[ADVANTAGE] - 2.576 * cells[f"{ADVANTAGE}_standard_error"]
    for name, factor in {"sure_holm": 1.0, "corrected_sure_holm": CORRECTION}.items():
        p_values = pd.Series(norm.sf(cells[ADVANTAGE] / (factor * cells[f"{ADVANTAGE}_standard_error"])), cells.index)
        cells[name] = LEVEL - p_values.groupby([cells[key] for key in DECISION]).transform(holm)
    cells["sure_and_unlabeled"] = sure.where(cells["n_unlabeled"] > 0, -inf)
    cells["sure_and_cch"] = np.minimum(sure, cells["ksg predictions gap"])
    cells["sure_and_left_out"] = np.minimum(sure, cells["left_out_gain_lower"])


def choose_elsewhere(cells: pd.DataFrame, rules: list[Rule]) -> pd.DataFrame:
    """For each family the rule with the least harm-weighted regret on the others, and its regret on this one."""
    regret = pd.DataFrame({rule.name: by_family(decide(cells, rule))["harm-weighted regret"] for rule in rules})
    chosen = {family: regret.drop(index=family).mean().idxmin() for family in regret.index}
    return pd.DataFrame(
        {"rule": chosen, "harm-weighted regret": {family: regret.loc[family, rule] for family, rule in chosen.items()}}
    )


def compare_counting() -> None:
    """What counting the candidates and the shared training rows costs in regret; linear students, alpha = 1/2."""
    parts = []
    for score in ("accuracy", "log_loss"):
        cells = load_cells("linear", "0.5", score)
        rules = [rule for rule in named_rules(cells.columns) if rule == DEFAULT or rule.name in COUNTING]
        for regime, rows in {
            "both": cells["n_unlabeled"] >= 0,
            "with unlabeled pairs": cells["n_unlabeled"] > 0,
        }.items():
            parts.append(evaluate(cells[rows], rules, DEFAULT).assign(score=score, regime=regime))
    table = pd.concat(parts)
    keys = ["score", "regime", "rule"]
    table[[*keys, *table.columns.drop(keys)]].to_csv(RESULTS / "counting.csv", index=False, float_format="%.4g")


def main() -> None:
    """Write one table, or two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counting", action="store_true", help="only the rules that count candidates: counting.csv")
    if parser.parse_args().counting:
        compare_counting()
    else:
        compare_all()


def compare_all() -> None:
    """Evaluate all rules on all gains."""
    parts, elsewhere = [], []
    for students, weight in (("linear", "0.5"), ("linear", "0.25"), ("linear", "auto"), ("network", "0.5")):
        for score in ("accuracy", "log_loss"):
            cells = load_cells(students, weight, score)
            splits = {"all": cells}
            if (students, weight) == ("linear", "0.5"):
                splits["cross-validated"] = cells[cells["cross_validated"].notna()]
            for which, some in splits.items():
                rules = named_rules(some.columns)
                if which == "all":
                    rules = [rule for rule in rules if some[rule.metric].notna().mean() > MOST]
                regimes = {"labeled pairs": some["n_unlabeled"] == 0, "with unlabeled pairs": some["n_unlabeled"] > 0}
                for regime, rows in {"both": some["n_unlabeled"] >= 0, **regimes}.items():
                    case = {"students": students, "weight": weight, "score": score, "splits": which, "regime": regime}
                    results = evaluate(some[rows], rules, DEFAULT)
                    results = results.assign(**case, n_decisions=some[rows].groupby(DECISION).ngroups)
                    if which == "all" and len(set(some["family"])) > 1:
                        elsewhere.append(choose_elsewhere(some[rows], rules).assign(**case).rename_axis("family"))
                    keys = [*case, "n_decisions"]
                    parts.append(results[[*keys, *results.columns.drop(keys)]])
    pd.concat(elsewhere).to_csv(RESULTS / "chosen_elsewhere.csv", float_format="%.4g")
    pd.concat(parts).to_csv(RESULTS / "rules.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
