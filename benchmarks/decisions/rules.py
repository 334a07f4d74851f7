"""Every rule on every gain: which one chooses best."""

from math import inf

import pandas as pd
from figures import PLACE, SETTINGS, file_name
from gains import COSTLY_SPLITS, RESULTS
from regret import DECISION, Rule, evaluate

CELL = ["family", "table", "n_labelled", *PLACE]
# Rules that were measured on the first splits only are compared there, beside all others.
ALMOST_ALL = 0.8


def named_rules(columns: pd.Index) -> list[Rule]:
    """Every rule whose figures are there."""
    rules = []
    for setting in SETTINGS:
        for figure, title in (("gap", "CCH"), ("advantage", "advantage")):
            column = f"{setting.name} {figure}"
            rules.append(Rule(f"{title}, {setting.name}", column, column))
            rules.append(Rule(f"{title}, {setting.name}, when sure", column, f"{column}_lower"))
    for figure, title in (("residual", "residual ratio"), ("risk_reduction", "predicted risk at 1/2")):
        rules.append(Rule(title, figure, figure))
        rules.append(Rule(f"{title}, when sure", figure, f"{figure}_lower"))
    rules += [
        Rule("teacher more accurate", "accuracy_advantage", "accuracy_advantage"),
        Rule("always the most accurate teacher", "accuracy_advantage", "accuracy_advantage", -inf),
        Rule("never", "accuracy_advantage", "accuracy_advantage", inf),
        Rule("rows left out of a smoother", "left_out_gain", "left_out_gain"),
        Rule("rows left out of a smoother, when sure", "left_out_gain", "left_out_gain_lower"),
        Rule("cross-validation of the student", "cross_validated", "cross_validated"),
        Rule("cross-validation of the student, when sure", "cross_validated", "cross_validated_lower"),
    ]
    return [rule for rule in rules if rule.figure in columns and rule.accepts in columns]


def load_cells(students: str, weight: str, score: str) -> pd.DataFrame:
    """A row for each split of each cell: ``gain`` (the cell's mean), ``own_gain`` (the split's), and all figures."""
    gains = pd.read_csv(RESULTS / f"gains_{students}.csv.gz")
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
            figures = pd.read_csv(path).drop(columns=["seconds"])
            if setting is not None:
                own = [c for c in figures if c.startswith(("gap", "advantage"))]
                figures = figures.rename(columns={c: f"{setting.name} {c}" for c in own})
            cells = cells.merge(figures, on=keys, how="left", validate="one_to_one")
    cells = cells.join(automatic[["cross_validated", "cross_validated_error"]], on=keys)
    # One-sided 95 % bounds, as the lower ends of the selector's 90 % intervals.
    cells["left_out_gain_lower"] = cells["left_out_gain"] - 1.645 * cells["left_out_error"]
    cells["cross_validated_lower"] = cells["cross_validated"] - 1.645 * cells["cross_validated_error"]
    return cells


def main() -> None:
    """Evaluate all rules on all gains; write one table."""
    parts = []
    for students, weight in (("linear", "0.5"), ("linear", "0.25"), ("linear", "auto"), ("network", "0.5")):
        for score in ("accuracy", "log_loss"):
            cells = load_cells(students, weight, score)
            costly = cells["seed"] < cells["family"].map(COSTLY_SPLITS)
            splits = {"all": cells, "first": cells[costly]} if weight == "0.5" else {"all": cells}
            for which, some in splits.items():
                rules = named_rules(some.columns)
                if which == "all":
                    rules = [rule for rule in rules if some[rule.figure].notna().mean() > ALMOST_ALL]
                regimes = {"labelled pairs": some["n_unlabeled"] == 0, "with unlabelled pairs": some["n_unlabeled"] > 0}
                for regime, rows in {"both": some["n_unlabeled"] >= 0, **regimes}.items():
                    place = {"students": students, "weight": weight, "score": score, "splits": which, "regime": regime}
                    found = evaluate(some[rows], rules)
                    found = found.assign(**place, n_decisions=some[rows].groupby(DECISION).ngroups)
                    parts.append(found[[*place, "n_decisions", *found.columns.drop([*place, "n_decisions"])]])
    pd.concat(parts).to_csv(RESULTS / "rules.csv", index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
