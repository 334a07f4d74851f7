"""Label transfer between two cohorts of the same cells with their pairs hidden: RNA teaches chromatin.

    python benchmarks/cohorts/transfer.py [--splits 3]

The cell lines, where the pairs are known. The teacher's cohort is 300 cells with RNA and labels. The student's cohort
has chromatin: a few labeled cells of the others, and as unlabeled rows the very cells of the teacher's cohort, whose
pairs no method is given. Each method labels these:

- ``accuracy`` of the labels; ``mass``, the mean probability of the true line, or the transported mass on it;
- ``partner``, the mean share of the teacher's cells that are nearer than the true partner: 0 is best, 1/2 is chance.

Beside ``UnpairedDistiller`` stand the student alone, Gromov-Wasserstein transport between geodesic distances as in SCOT
(Demetci et al. 2022), which uses no label of the student's cohort, and chance.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import ot
import pandas as pd
import torch
from class_tasks import cell_line_tables, stratified_order
from scipy.sparse.csgraph import shortest_path
from sklearn.neighbors import kneighbors_graph

from skcmkd import NetworkClassifier, UnpairedDistiller

RESULTS = Path(__file__).parent / "results" / "transfer.csv"
N_TEACHER = 300
N_LABELED = (20, 60)
ALIGNMENTS = ("auto", "prototypes", "fused_gromov")
# Nearest neighbors of the graph in which distances are measured: a tenth of the cells, and a quarter.
N_NEIGHBORS = (30, 75)


def geodesic_distances(X: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Lengths of the shortest paths in the graph of nearest neighbors, over the largest one.

    Parts that no path joins are as far from each other as the farthest rows of one part.
    """
    graph = kneighbors_graph(X, n_neighbors, mode="connectivity", metric="correlation")
    distances = shortest_path(graph, directed=False, unweighted=True)
    largest = distances[np.isfinite(distances)].max()
    return np.minimum(distances, largest) / largest


def gromov_plan(X: np.ndarray, T: np.ndarray, n_neighbors: int) -> np.ndarray:
    """Gromov-Wasserstein plan between the geodesic distances of two cohorts; rows are those of X.

    Exact, by conditional gradients: the entropic one of SCOT does not converge here at small regularizations.
    """
    C, D = geodesic_distances(X, n_neighbors), geodesic_distances(T, n_neighbors)
    p, q = np.full(len(X), 1 / len(X)), np.full(len(T), 1 / len(T))
    return ot.gromov.gromov_wasserstein(C, D, p, q, "square_loss", max_iter=1000)


def rank_of_partner(distance: np.ndarray) -> float:
    """Mean share of the teacher's cells that are nearer than the true partner, which has the same position."""
    return float((distance < np.diag(distance)[:, None]).mean())


def score_labels(proba: np.ndarray, classes: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """Accuracy of the likeliest class, and the mean probability of the true one."""
    true = y[:, None] == classes
    return {"accuracy": float((classes[proba.argmax(axis=1)] == y).mean()), "mass": float(proba[true].mean())}


def transfer_by_gromov(X: np.ndarray, T: np.ndarray, y: np.ndarray, n_neighbors: int) -> dict[str, float]:
    """Labels of the student's cells by the transported mass of each class; y are those of the teacher's cells."""
    plan = gromov_plan(X, T, n_neighbors)
    share = plan / plan.sum(axis=1, keepdims=True)
    classes = np.unique(y)
    proba = share @ (y[:, None] == classes)
    # Each cell lies at the mean of the teacher's cells that its mass goes to.
    placed = share @ T
    return score_labels(proba, classes, y) | {"partner": rank_of_partner(ot.dist(placed, T))}


def run_split(seed: int) -> list[dict[str, Any]]:
    """A row for each method and number of labeled cells."""
    tables, target = cell_line_tables()
    order = stratified_order(np.ones(len(target), bool), target.to_numpy(), seed)
    shared, others = order[:N_TEACHER], order[N_TEACHER:]
    X, T, y = (part.iloc[shared].to_numpy() for part in (tables["chromatin"], tables["rna"], target))
    chance = pd.Series(y).value_counts(normalize=True)
    rows = [
        {"method": "chance", "n_labeled": 0, "accuracy": chance.max(), "mass": (chance**2).sum(), "partner": 0.5},
    ]
    for n_neighbors in N_NEIGHBORS:
        row = {"method": f"Gromov-Wasserstein, {n_neighbors} neighbors", "n_labeled": 0}
        rows.append(row | transfer_by_gromov(X, T, y, n_neighbors))
    for n_labeled in N_LABELED:
        few = others[:n_labeled]
        labeled = tables["chromatin"].iloc[few].to_numpy(), target.iloc[few].to_numpy()
        alone = NetworkClassifier(random_state=seed).fit(*labeled)
        rows.append(
            {"method": "student alone", "n_labeled": n_labeled}
            | score_labels(alone.predict_proba(X), alone.classes_, y)
        )
        for alignment in ALIGNMENTS:
            distiller = UnpairedDistiller(alignment=alignment, check_alignment=False, random_state=seed)
            distiller.fit(*labeled, teacher_data=(T, y), unlabeled=(X,))
            row = {
                "method": f"UnpairedDistiller, {alignment}",
                "n_labeled": n_labeled,
                "mode": distiller.training_mode_,
            }
            rows.append(row | score_labels(distiller.predict_proba(X), distiller.classes_, y))
    return [row | {"seed": seed} for row in rows]


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Means over splits, and the standard error of the accuracy."""
    groups = table.groupby(["method", "n_labeled"], sort=False)
    means = groups[["accuracy", "mass", "partner"]].mean()
    return means.assign(standard_error=groups["accuracy"].sem(), splits=groups.size()).reset_index()


def page_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table of the page, as texts."""
    means = summarize(table)
    partner = means["partner"].map("{:.2f}".format).replace("nan", "")
    return pd.DataFrame(
        {
            "method": means["method"],
            "labeled": means["n_labeled"].astype(str),
            "accuracy": means["accuracy"].map("{:.2f}".format),
            "its standard error": means["standard_error"].map("{:.2f}".format),
            "mass": means["mass"].map("{:.2f}".format),
            "partner": partner,
        }
    )


def main() -> None:
    """Run the splits that are not yet stored, and write the table of the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame({"seed": []})
    for seed in range(options.splits):
        if seed not in set(done["seed"]):
            done = pd.concat([done, pd.DataFrame(run_split(seed))])
            done.to_csv(RESULTS, index=False, float_format="%.5g")
    page_table(done).to_csv(RESULTS.with_name("transfer_table.csv"), index=False)
    print(page_table(done).to_string(index=False))


if __name__ == "__main__":
    main()
