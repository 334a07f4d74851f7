"""Metrics of every candidate teacher, by which each rule decides, from the same training rows as the gains.

Mutual information, advantage, residual criterion and risk come from ``CCHSelector``; the others are out-of-fold
accuracies and the gain that a linear smoother predicts.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from gains import RESULTS, TASK, append, arguments, resume, tasks
from joblib import Parallel, delayed
from remembering import Remembering, forget
from sklearn.impute import SimpleImputer
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from smoothers import fit_student, predicted_gain
from tables import Split, Table, load_tables, split

from skcmkd import CCHSelector, NetworkClassifier, cch_matrix
from skcmkd._linear_model._logistic import make_default_classifier

ALPHA = 0.5
# The gains are means over more splits than the rules are applied to.
N_SPLITS = 4
FEWEST_FOR_ERRORS = 20
# Halves of fewer labeled rows, for embeddings within each of two folds, are too few for the estimator.
FEWEST_ROWS = {"cca predictions": 40, "cca embedding": 60, "ksg embedding": 40, "gaussian embedding": 40}
CANDIDATE = ["student", "teacher", "n_unlabeled"]


@dataclass(frozen=True)
class Setting:
    """Estimator and representation of ``CCHSelector``, and the number of half-samples for its errors."""

    mutual_information: str
    representation: str
    n_subsamples: int

    @property
    def name(self) -> str:
        """Estimator and representation."""
        return f"{self.mutual_information} {self.representation}"

    def has_enough_rows(self, n_labeled: int) -> bool:
        """Whether the labeled rows are enough for the estimator."""
        return n_labeled >= FEWEST_ROWS.get(self.name, 0)

    def encoder(self, seed: int) -> Remembering:
        """The model of one modality, fitted once for all students and estimators."""
        if self.representation == "predictions":
            return Remembering(make_default_classifier())
        return Remembering(make_pipeline(SimpleImputer(strategy="median"), NetworkClassifier(random_state=seed)))


# The published criterion is computed from embeddings of networks. Its estimator, "latent", is trained for each term of
# mutual information: 2.4 seconds on 150 rows, against a thousandth of it for "ksg", too much for 2304 comparisons.
SETTINGS = (
    Setting("classifier", "predictions", 40),
    Setting("ksg", "predictions", 20),
    Setting("gaussian", "predictions", 20),
    Setting("cca", "predictions", 2),
    Setting("ksg", "embedding", 2),
    Setting("gaussian", "embedding", 2),
    Setting("cca", "embedding", 2),
)


def measure(table: Table, rows: Split, n_unlabeled: int, setting: Setting, seed: int) -> pd.DataFrame:
    """The selector's metrics of every ordered pair."""
    labeled, unlabeled = table.data.iloc[rows.labeled], table.data.iloc[rows.unlabeled[:n_unlabeled]]
    selector = CCHSelector(
        table.modalities,
        next(iter(table.modalities)),
        criterion="advantage",
        mutual_information=setting.mutual_information,
        representation=setting.representation,
        encoder=setting.encoder(seed),
        n_repeats=1,
        n_subsamples=setting.n_subsamples,
        random_state=seed,
    )
    results = cch_matrix(
        selector, labeled, table.target.iloc[rows.labeled], unlabeled_pairs=(unlabeled,) if n_unlabeled else None
    )
    # Residual criterion and risk do not depend on the estimator of mutual information.
    metrics = ("gap", "advantage", "residual", "risk_reduction") if setting == SETTINGS[0] else ("gap", "advantage")
    ends = ("", "_standard_error") if setting.n_subsamples >= FEWEST_FOR_ERRORS else ("",)
    # The stored tables have this name.
    results = results.rename(columns=lambda name: name.replace("residual_criterion", "residual"))
    kept = results[[f"{metric}{end}" for metric in metrics for end in ends]]
    return kept.reset_index().assign(n_unlabeled=n_unlabeled)


def other_metrics(table: Table, rows: Split) -> Iterator[dict]:
    """Out-of-fold accuracies, and the gain that a linear smoother predicts at alpha 1/2, for every ordered pair."""
    y = table.target.iloc[rows.labeled]
    labels = (y.to_numpy()[:, None] == np.unique(y)).astype(float)
    proba, unlabeled_proba = {}, {}
    for name, columns in table.modalities.items():
        X = table.data[columns]
        classifier = Remembering(make_default_classifier())
        proba[name] = cross_val_predict(classifier, X.iloc[rows.labeled], y, method="predict_proba")
        unlabeled_proba[name] = np.empty((0, labels.shape[1]))
        if len(rows.unlabeled):
            unlabeled_proba[name] = classifier.fit(X.iloc[rows.labeled], y).predict_proba(X.iloc[rows.unlabeled])
    accuracy = {name: np.mean(labels[np.arange(len(y)), q.argmax(axis=1)]) for name, q in proba.items()}
    for student, columns in table.modalities.items():
        X = table.data[columns].to_numpy(dtype=float)
        for n_unlabeled in sorted({0, len(rows.unlabeled)}):
            smoothers = fit_student(X[rows.labeled], X[rows.unlabeled[:n_unlabeled]], labels, ALPHA)
            for teacher in table.modalities:
                if teacher != student:
                    yield {
                        "student": student,
                        "teacher": teacher,
                        "n_unlabeled": n_unlabeled,
                        "accuracy_advantage": accuracy[teacher] - accuracy[student],
                    } | predicted_gain(smoothers, labels, proba[teacher], unlabeled_proba[teacher][:n_unlabeled])


def run_task(table: Table, rows: Split, seed: int, settings: list[Setting | None]) -> dict[str, pd.DataFrame]:
    """The metrics of one split by each setting, None being those of ``other_metrics``.

    A row for each ordered pair of modalities, with and without unlabeled pairs.
    """
    task = {"family": table.family, "table": table.name, "n_labeled": len(rows.labeled), "seed": seed}
    parts = {}
    for setting in settings:
        begin = time.process_time()
        if setting is None:
            part = pd.DataFrame(other_metrics(table, rows))
        else:
            sizes = sorted({0, len(rows.unlabeled)})
            part = pd.concat([measure(table, rows, n_unlabeled, setting, seed) for n_unlabeled in sizes])
        part = part.assign(**task, seconds=(time.process_time() - begin) / len(part))
        keys = [*task, *CANDIDATE]
        parts[file_name(setting)] = part[[*keys, *part.columns.difference(keys, sort=False)]]
    forget()
    return parts


def file_name(setting: Setting | None) -> str:
    """File of the stored metrics of a setting."""
    return f"figures_{'scores' if setting is None else setting.name.replace(' ', '_')}.csv.gz"


def main() -> None:
    """Compute the metrics that are not yet in the results."""
    parser = arguments(__doc__)
    parser.add_argument("--only", help="predictions or embedding; default: both")
    options = parser.parse_args()
    chosen = [s for s in SETTINGS if options.only in (None, s.representation)]
    done = {setting: resume(RESULTS / file_name(setting), TASK) for setting in (None, *chosen)}
    todo = []
    for table, n_labeled, n_unlabeled, seed in tasks(list(load_tables(options.breast_tcga)), "linear"):
        key = (table.name, n_labeled, seed)
        settings = [s for s in done if key not in done[s] and (s is None or s.has_enough_rows(n_labeled))]
        if settings and seed < N_SPLITS:
            todo.append((table, split(table, n_labeled, n_unlabeled, seed), seed, settings))
    parts = Parallel(n_jobs=options.jobs, return_as="generator_unordered", verbose=5)(
        delayed(run_task)(*task) for task in todo
    )
    for task in parts:
        for name, part in task.items():
            append(RESULTS / name, part)


if __name__ == "__main__":
    main()
