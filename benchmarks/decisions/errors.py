"""How often the selector says "distil": at a tie, where a teacher adds nothing, and where distilling gains some points.

100 labeled rows; one candidate, and that one beside two more: at a tie all know as much as the student, in the other
cases the two add nothing. Three rules on the same draws: "before", the interval without a correction for training sets
that share rows; "interval", with it; and "decision", the selector's: Holm's adjustment of p-values, with the correction
of all metrics but what is added. About five minutes of one
core::

    python benchmarks/decisions/errors.py
"""

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from gains import RESULTS
from simulated_views import STUDENT, STUDENT_NOISE, Views, draw_views
from sklearn.linear_model import LogisticRegression

from skcmkd import CCHSelector, PairedDistiller
from skcmkd._model_selection._intervals import Interval, make_interval, wald_interval
from skcmkd._model_selection._row_scores import log_loss
from skcmkd._model_selection._standard_errors import standard_error_of_mean
from skcmkd.selection._candidates import TeacherCandidate, make_candidates
from skcmkd.selection._criteria import threshold_of
from skcmkd.selection._ranking import rank_candidates

N_LABELED, N_PAIRS, N_TEST = 100, 300, 2000
METRICS = ("advantage", "added")


@dataclass(frozen=True)
class Case:
    """The first teacher and the two others, as ``draw_views`` takes them, columns of a modality, and draws."""

    first: float | str
    others: float | str
    n_columns: int
    n_draws: int

    def draw(self, n_rows: int, seed: int) -> Views:
        """One draw of the student and three teachers."""
        return draw_views(
            n_rows, seed, {"first": self.first, "second": self.others, "third": self.others}, self.n_columns
        )


CASES = {
    "tie": Case(STUDENT_NOISE, STUDENT_NOISE, 6, 200),
    "copy": Case("copy", "copy", 6, 60),
    "gain": Case(STUDENT_NOISE, "copy", 20, 60),
}


def row_differences(candidate: TeacherCandidate, metric: str) -> np.ndarray:
    """Out-of-fold differences of log-loss whose mean is the metric, (n_repeats, n_rows)."""
    if metric == "added":
        return np.stack([each.added.row_losses @ [1, -1] for each in candidate.repeats])
    losses = [(log_loss(each.student, candidate.y), log_loss(each.teacher, candidate.y)) for each in candidate.repeats]
    return np.stack([of_student - of_teacher for of_student, of_teacher in losses])


def interval_before(differences: np.ndarray, confidence: float) -> Interval:
    """The interval of the earlier rule: se^2 = se_rows^2 + s_repeats^2 / R."""
    rows = wald_interval(differences, confidence)
    error = np.hypot(rows.standard_error, standard_error_of_mean(differences.mean(axis=1)))
    return make_interval(rows.value, error, rows.dof, confidence, method="before", estimand=rows.estimand)


def decide_all(views: Views) -> Iterator[dict[str, object]]:
    """A row for each metric and for one candidate and all: whether at least one is accepted, by each rule."""
    selector = CCHSelector(views.modalities, STUDENT, criterion="added", n_subsamples=100, random_state=0)
    _, repeats, settings = selector._encode(views.X, views.y, None, None)
    candidates = make_candidates(repeats, STUDENT, settings)
    for metric in METRICS:
        settings, threshold = replace(settings, metric=metric), threshold_of(metric)
        for some in (candidates[:1], candidates):
            results = rank_candidates(some, repeats, STUDENT, settings, np.random.RandomState(settings.seed))
            before = [interval_before(row_differences(each, metric), settings.confidence) for each in some]
            yield {
                "metric": metric,
                "candidates": len(some),
                "before": any(each.lower > threshold for each in before),
                "interval": bool((results[f"{metric}_lower"] > threshold).any()),
                "decision": bool((results["decision"] == "distil").any()),
            }


def gain(case: Case, seed: int) -> float:
    """Points of accuracy that distilling with the first teacher and unlabeled pairs gains over the student alone."""
    views = case.draw(N_LABELED + N_PAIRS + N_TEST, 10_000 + seed)
    labeled, pairs, test = slice(N_LABELED), slice(N_LABELED, N_LABELED + N_PAIRS), slice(N_LABELED + N_PAIRS, None)
    model, both = LogisticRegression(), (STUDENT, "first")
    distiller = PairedDistiller(model, model, student_columns=views.modalities[STUDENT], random_state=0)
    distiller.fit(views.take(labeled, *both), views.y[labeled], unlabeled_pairs=(views.take(pairs, *both),))
    alone = LogisticRegression().fit(views.take(labeled, STUDENT), views.y[labeled])
    X, y = views.take(test, STUDENT), views.y[test]
    return 100 * (distiller.score(X, y) - alone.score(X, y))


def summarize(decisions: pd.DataFrame, gains: pd.DataFrame) -> pd.DataFrame:
    """Share of the draws in which each rule accepts a teacher, and the mean gain of distilling with the first."""
    table = decisions.drop(columns="seed").groupby(["case", "metric", "candidates"], sort=False).mean()
    table.insert(0, "draws", decisions.groupby(["case", "metric", "candidates"], sort=False).size())
    by_case = gains.groupby("case")["gain"]
    means = pd.DataFrame({"gain, points": by_case.mean(), "its standard error": by_case.sem()})
    return table.join(means)


def main() -> None:
    """Draw, decide, store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gain-draws", type=int, default=40)
    options = parser.parse_args()
    warnings.simplefilter("ignore", UserWarning)
    gains = pd.DataFrame(
        [
            {"case": name, "seed": s, "gain": gain(case, s)}
            for name, case in CASES.items()
            for s in range(options.gain_draws)
        ]
    )
    rows = []
    for name, case in CASES.items():
        for seed in range(case.n_draws):
            rows += [{"case": name, "seed": seed} | row for row in decide_all(case.draw(N_LABELED, seed))]
        summary = summarize(pd.DataFrame(rows), gains)
        summary.round(4).to_csv(RESULTS / "errors.csv")
        print(summary.round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
