"""What each rule has to go by: figures of every candidate teacher, from the same training rows as the gains.

Informations, advantage, residual and risk come from ``CCHSelector``; beside them stand the out-of-fold accuracies and
what a linear smoother foresees.
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
from smoothers import fit_student, foresee
from tables import Split, Table, load_tables, split

from skcmkd import CCHSelector, NetworkClassifier, cch_matrix
from skcmkd._linear_model._logistic import make_default_classifier

ALPHA = 0.5
# The gains are means over more splits than the rules are asked on.
N_SPLITS = 4
FEWEST_FOR_ERRORS = 20
# Halves of fewer labelled rows, for embeddings within each of two folds, are too few for the estimator.
FEWEST_ROWS = {"cca predictions": 40, "cca embedding": 60, "ksg embedding": 40, "gaussian embedding": 40}
PLACE = ["student", "teacher", "n_unlabeled"]


@dataclass(frozen=True)
class Setting:
    """How ``CCHSelector`` measures, and with how many halves for its errors."""

    mutual_information: str
    representation: str
    n_subsamples: int

    @property
    def name(self) -> str:
        """The estimator and the representation in one word each."""
        return f"{self.mutual_information} {self.representation}"

    def suits(self, n_labelled: int) -> bool:
        """Whether the labelled rows are enough for the estimator."""
        return n_labelled >= FEWEST_ROWS.get(self.name, 0)

    def encoder(self, seed: int) -> Remembering:
        """The model of one modality, fitted once for all students and estimators."""
        if self.representation == "predictions":
            return Remembering(make_default_classifier())
        return Remembering(make_pipeline(SimpleImputer(strategy="median"), NetworkClassifier(random_state=seed)))


# The published form measures embeddings of networks. Its own estimator, "latent", is trained anew for each information:
# 2.4 seconds on 150 rows, against a thousandth of it for "ksg", which is too much for 2304 comparisons.
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
    """The selector's figures of every ordered pair."""
    labelled, further = table.data.iloc[rows.labelled], table.data.iloc[rows.unlabeled[:n_unlabeled]]
    selector = CCHSelector(
        table.modalities,
        next(iter(table.modalities)),
        mutual_information=setting.mutual_information,
        representation=setting.representation,
        encoder=setting.encoder(seed),
        n_repeats=1,
        n_subsamples=setting.n_subsamples,
        random_state=seed,
    )
    results = cch_matrix(
        selector, labelled, table.target.iloc[rows.labelled], unlabeled_pairs=(further,) if n_unlabeled else None
    )
    # Residual and risk do not depend on the estimator of information.
    figures = ("gap", "advantage", "residual", "risk_reduction") if setting == SETTINGS[0] else ("gap", "advantage")
    ends = ("", "_standard_error") if setting.n_subsamples >= FEWEST_FOR_ERRORS else ("",)
    results = results.rename(
        columns=lambda name: name.replace("residual_criterion", "residual")
    )  # as in the stored tables
    kept = results[[f"{figure}{end}" for figure in figures for end in ends]]
    return kept.reset_index().assign(n_unlabeled=n_unlabeled)


def look_at_scores(table: Table, rows: Split) -> Iterator[dict]:
    """Out-of-fold accuracies, and what a linear smoother foresees at weight 1/2, for every ordered pair."""
    y = table.target.iloc[rows.labelled]
    labels = (y.to_numpy()[:, None] == np.unique(y)).astype(float)
    scores, further = {}, {}
    for name, columns in table.modalities.items():
        X = table.data[columns]
        classifier = Remembering(make_default_classifier())
        scores[name] = cross_val_predict(classifier, X.iloc[rows.labelled], y, method="predict_proba")
        further[name] = np.empty((0, labels.shape[1]))
        if len(rows.unlabeled):
            further[name] = classifier.fit(X.iloc[rows.labelled], y).predict_proba(X.iloc[rows.unlabeled])
    accuracy = {name: np.mean(labels[np.arange(len(y)), q.argmax(axis=1)]) for name, q in scores.items()}
    for student, columns in table.modalities.items():
        X = table.data[columns].to_numpy(dtype=float)
        for n_unlabeled in sorted({0, len(rows.unlabeled)}):
            learner = fit_student(X[rows.labelled], X[rows.unlabeled[:n_unlabeled]], labels, ALPHA)
            for teacher in table.modalities:
                if teacher != student:
                    yield {
                        "student": student,
                        "teacher": teacher,
                        "n_unlabeled": n_unlabeled,
                        "accuracy_advantage": accuracy[teacher] - accuracy[student],
                    } | foresee(learner, labels, scores[teacher], further[teacher][:n_unlabeled])


def run_task(table: Table, rows: Split, seed: int, wanted: list[Setting | None]) -> dict[str, pd.DataFrame]:
    """The figures of one split by each wanted setting, None being those of ``look_at_scores``.

    A row for each ordered pair of modalities, with and without unlabelled pairs.
    """
    place = {"family": table.family, "table": table.name, "n_labelled": len(rows.labelled), "seed": seed}
    found = {}
    for setting in wanted:
        begin = time.process_time()
        if setting is None:
            part = pd.DataFrame(look_at_scores(table, rows))
        else:
            sizes = sorted({0, len(rows.unlabeled)})
            part = pd.concat([measure(table, rows, n_unlabeled, setting, seed) for n_unlabeled in sizes])
        part = part.assign(**place, seconds=(time.process_time() - begin) / len(part))
        found[file_name(setting)] = part[[*place, *PLACE, *part.columns.difference([*place, *PLACE], sort=False)]]
    forget()
    return found


def file_name(setting: Setting | None) -> str:
    """Where the figures of a setting are kept."""
    return f"figures_{'scores' if setting is None else setting.name.replace(' ', '_')}.csv.gz"


def main() -> None:
    """Measure what is not yet in the results."""
    parser = arguments(__doc__)
    parser.add_argument("--only", help="predictions or embedding; default: both")
    given = parser.parse_args()
    settings = [s for s in SETTINGS if given.only in (None, s.representation)]
    done = {setting: resume(RESULTS / file_name(setting), TASK) for setting in (None, *settings)}
    todo = []
    for table, n_labelled, n_unlabeled, seed in tasks(list(load_tables(given.breast_tcga)), "linear"):
        key = (table.name, n_labelled, seed)
        wanted = [s for s in done if key not in done[s] and (s is None or s.suits(n_labelled))]
        if wanted and seed < N_SPLITS:
            todo.append((table, split(table, n_labelled, n_unlabeled, seed), seed, wanted))
    parts = Parallel(n_jobs=given.jobs, return_as="generator_unordered", verbose=5)(
        delayed(run_task)(*task) for task in todo
    )
    for found in parts:
        for name, part in found.items():
            append(RESULTS / name, part)


if __name__ == "__main__":
    main()
