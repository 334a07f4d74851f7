"""The same numbers on a Dask cluster as in one process."""

import importlib
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller, UnpairedDistiller
from skcmkd.datasets import make_gaussian_modalities

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
    ) as cluster:
        with distributed.Client(cluster) as client:
            # Loading torch takes longer than any of the fits.
            client.run(importlib.import_module, "torch")
        yield cluster


@pytest.fixture
def on_cluster(cluster):
    with distributed.Client(cluster) as client, joblib.parallel_config("dask"):
        yield client


@pytest.fixture(scope="module")
def drawn():
    bunch = make_gaussian_modalities(90, specific_signal={"student": 0.4, "teacher": 0.9}, n_noise=1, random_state=0)
    return bunch, *(bunch.data[bunch.modalities[name]] for name in ("student", "teacher")), bunch.target


def fit_selector(bunch, X, T, y):
    selector = CCHSelector(
        bunch.modalities, "student", encoder=LogisticRegression(), n_subsamples=3, cv=3, random_state=0
    )
    return selector.fit(bunch.data, y).results_.select_dtypes("number")


def fit_paired(bunch, X, T, y):
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=3, random_state=0)
    return distiller.fit(X, y, X_teacher=T).predict_proba(X)


def fit_unpaired(bunch, X, T, y):
    network = NetworkClassifier((4,), max_epochs=3, linear_weight=0)
    distiller = UnpairedDistiller(network, LogisticRegression(), cv=2, random_state=0)
    return distiller.fit(X[:60], y[:60], teacher_data=(T[60:], y[60:])).predict_proba(X)


def fit_search(bunch, X, T, y):
    with sklearn.config_context(enable_metadata_routing=True):
        distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=3, random_state=0)
        search = GridSearchCV(distiller.set_fit_request(X_teacher=True), {"alpha": [0.3, "auto"]}, cv=2)
        search.fit(X, y, X_teacher=T)
    return np.array([search.cv_results_[f"split{fold}_test_score"] for fold in range(2)])


@pytest.mark.parametrize("fit", [fit_selector, fit_paired, fit_unpaired, fit_search])
def test_estimators_and_searches(drawn, on_cluster, fit):
    with joblib.parallel_config("sequential"):
        expected = fit(*drawn)
    before = on_cluster.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter)
    result = fit(*drawn)
    # The fits ran on the cluster: the scheduler moved some tasks.
    assert on_cluster.run_on_scheduler(lambda dask_scheduler: dask_scheduler.transition_counter) > before + 5
    np.testing.assert_allclose(result, expected, rtol=1e-12)


def test_benchmark_grid(drawn, cluster, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent.parent / "benchmarks"))
    from shared.grid import Grid

    _, X, _, y = drawn

    class Cell:
        def __init__(self, seed):
            self.key = {"family": "drawn", "seed": seed}

    def run_cell(cell, folder, names):
        seed = cell.key["seed"]
        models = [LogisticRegression(C=float(name)).fit(X[seed:], y[seed:]) for name in names]
        rows = zip(names, models, strict=True)
        return pd.DataFrame([{**cell.key, "method": name, "score": model.coef_[0, 0]} for name, model in rows])

    def all_cells(family, seed, folder):
        yield Cell(seed)

    tables = {}
    for name, options in (("local", []), ("cluster", ["--scheduler", cluster.scheduler_address])):
        grid = Grid(tmp_path / name, ["drawn"], ["0.1", "1"], all_cells, lambda name, cell: True, run_cell)
        monkeypatch.setattr(sys, "argv", ["run", "--seeds", "3", *options])
        grid.run(None)
        tables[name] = pd.read_csv(grid.file_of("drawn")).sort_values(["seed", "method"], ignore_index=True)
    assert len(tables["local"]) == 6
    pd.testing.assert_frame_equal(tables["local"], tables["cluster"])
