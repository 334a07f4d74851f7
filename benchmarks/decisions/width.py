"""What a wider interval and counted candidates cost the advantage in regret, beside the error at a tie that they avoid.

Regret is that of ``rules.py``, in points of accuracy, for linear students at weight 1/2. The stored metrics are of one
repeat. The size is how often the interval of one candidate lies above zero where it knows as much as the student: mean
and highest over the cells of ``interval_coverage`` with three repeats.
"""

from math import sqrt

import pandas as pd
from gains import RESULTS
from regret import DECISION, Rule, evaluate
from rules import ADVANTAGE, DEFAULT, LEVEL, load_cells
from scipy.stats import norm

from skcmkd._model_selection._choices import holm

COVERAGE = RESULTS.parents[1] / "interval_coverage" / "results" / "coverage.csv.gz"
# The factor of the standard error, and the interval of the other benchmark that has it.
WIDTHS = {
    "rows": (1.0, "wald"),
    "repeats": (sqrt(1 / 3 + 5 / 4), "corrected rows"),
    "full": (1.5, "fully corrected rows"),
}
PARTS = {
    "regret": "harm-weighted regret",
    "excess": "excess regret",
    "excess_lower": "excess regret, lower",
    "excess_upper": "excess regret, upper",
    "harmful": "harmful",
    "accepts": "says yes",
}


def sizes() -> pd.DataFrame:
    """Mean and highest share of intervals above zero at a tie, a row a method."""
    table = pd.read_csv(COVERAGE, keep_default_na=False, na_values=[""])
    drawn = table[(table["gain"] == "tie") & (table["score"] == "advantage") & (table["estimand"] == "expected")]
    above = drawn[drawn["n_repeats"] == 3].groupby("method")["above_threshold"]
    return pd.DataFrame({"size": above.mean(), "highest_size": above.max()})


def main() -> None:
    """A row for each width, without and with Holm's adjustment for all candidates of a decision, and each regime."""
    cells, rules, keys = load_cells("linear", "0.5", "accuracy"), [], []
    for width, (factor, method) in WIDTHS.items():
        error = factor * cells[f"{ADVANTAGE}_standard_error"]
        p_values = pd.Series(norm.sf(cells[ADVANTAGE] / error), cells.index)
        for counted in (False, True):
            adjusted = p_values.groupby([cells[key] for key in DECISION]).transform(holm) if counted else p_values
            name = f"{width}, {'counted' if counted else 'single'}"
            cells[name] = LEVEL - adjusted
            rules.append(Rule(name, ADVANTAGE, name))
            keys.append({"rule": name, "method": method})
    parts = []
    for regime, rows in {"both": cells["n_unlabeled"] >= 0, "pairs": cells["n_unlabeled"] > 0}.items():
        found = evaluate(cells[rows], [DEFAULT, *rules], DEFAULT).set_index("rule")
        parts.append(pd.DataFrame({f"{part}_{regime}": 100 * found[column] for part, column in PARTS.items()}))
    table = pd.DataFrame(keys).join(pd.concat(parts, axis=1), on="rule").join(100 * sizes(), on="method")
    table.to_csv(RESULTS / "width.csv", index=False, float_format="%.4g")
    print(table.round(2).to_string(index=False))


if __name__ == "__main__":
    main()
