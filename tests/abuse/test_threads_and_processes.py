"""Fits in threads, workers and other processes give the bits of a single fit."""

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone
from threadpoolctl import threadpool_info

from .tables import (
    cohort,
    mutual,
    network,
    network_regressor,
    paired,
    paired_regressor,
    selector,
    two_tables,
    unpaired,
)

ROOT = Path(__file__).parents[2]


def fit(estimator, n_classes=2):
    """The estimator, fitted to the small cohort."""
    if hasattr(estimator, "modalities"):
        return estimator.fit(*cohort(n_classes)[:2])
    S, T, y = two_tables(n_classes)
    if hasattr(estimator, "linked_columns"):
        return estimator.fit(S[::2], y[::2], teacher_data=(T[1::2], y[1::2]), bridge=(S[:9], T[:9]))
    return estimator.fit(S, y, X_teacher=T) if hasattr(estimator, "teacher") else estimator.fit(S, y)


def outputs(estimator):
    """Predictions; of a selector its metrics and columns."""
    if hasattr(estimator, "modalities"):
        return estimator.results_.select_dtypes("number").to_numpy(), estimator.transform(cohort()[0]).to_numpy()
    S = two_tables()[0]
    return (estimator.predict_proba(S) if hasattr(estimator, "predict_proba") else estimator.predict(S),)


ESTIMATORS = {
    "paired": paired(alpha="auto", random_state=0),
    "paired network": paired(student=network(), teacher=network(), alpha="auto", random_state=0),
    "paired regressor": paired_regressor(alpha="auto", random_state=0),
    "mutual": mutual(),
    "unpaired network": unpaired(student=network(), teacher=network(), alignment="feature", random_state=0),
    "selector": selector(n_repeats=2),
    "network": network(dropout=0.2, linear_weight=0.5),
    "network regressor": network_regressor(),
}


def assert_same(arrays, expected):
    for array, reference in zip(arrays, expected, strict=True):
        np.testing.assert_array_equal(array, reference)


def states():
    """Global states that a fit must not change."""
    pools = {(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()}
    return str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads(), pools


@pytest.fixture(scope="module")
def alone():
    """Outputs of each estimator after a single fit."""
    return {name: outputs(fit(clone(estimator))) for name, estimator in ESTIMATORS.items()}


def test_fits_in_threads(alone):
    before = states()
    names = [name for name in ESTIMATORS for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda name: outputs(fit(clone(ESTIMATORS[name]))), names))
    for name, result in zip(names, results, strict=True):
        assert_same(result, alone[name])
    assert states() == before


def test_one_fitted_estimator_in_several_threads(alone):
    fitted = {name: fit(clone(ESTIMATORS[name])) for name in ("paired", "network")}
    with ThreadPoolExecutor(4) as pool:
        for name, estimator in fitted.items():
            for result in pool.map(outputs, [estimator] * 8):
                assert_same(result, alone[name])


def test_fits_with_two_workers(alone):
    before = states()
    with parallel_config("loky"):
        for name in ("paired", "selector"):
            assert_same(outputs(fit(clone(ESTIMATORS[name]).set_params(n_jobs=2))), alone[name])
    with parallel_config("threading"):
        for name in ("paired", "paired network", "selector"):
            assert_same(outputs(fit(clone(ESTIMATORS[name]).set_params(n_jobs=2))), alone[name])
    assert states() == before


def test_fits_inside_a_worker(alone):
    S, T, y = two_tables()

    def fit_here(estimator):
        # A worker starts no workers: n_jobs changes nothing.
        return estimator.set_params(n_jobs=2).fit(S, y, X_teacher=T)

    names = ("paired", "paired network")
    fitted = Parallel(2, "loky")(delayed(fit_here)(clone(ESTIMATORS[name])) for name in names)
    for name, estimator in zip(names, fitted, strict=True):
        assert_same(outputs(estimator), alone[name])


READ = """
import pickle, sys
import numpy as np
S, X, fitted = pickle.load(open(sys.argv[1], "rb"))
results = {}
for name, estimator in fitted.items():
    if name == "selector":
        results[name] = estimator.transform(X).to_numpy()
    else:
        results[name] = estimator.predict_proba(S) if hasattr(estimator, "predict_proba") else estimator.predict(S)
np.savez(sys.argv[2], **results)
"""


def test_pickles_are_read_in_another_process(tmp_path, alone):
    fitted = {name: fit(clone(estimator)) for name, estimator in ESTIMATORS.items()}
    pickled, results = tmp_path / "fitted.pickle", tmp_path / "results.npz"
    pickled.write_bytes(pickle.dumps((two_tables()[0], cohort()[0], fitted)))
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-W", "error", "-c", READ, str(pickled), str(results)], check=True, env=environment)
    with np.load(results) as arrays:
        assert set(arrays) == set(ESTIMATORS)
        for name in ESTIMATORS:
            np.testing.assert_array_equal(arrays[name], alone[name][-1])


def test_a_student_alone_is_read_without_the_teacher(tmp_path):
    student = fit(clone(ESTIMATORS["paired network"])).student_
    assert_same(outputs(pickle.loads(pickle.dumps(student))), outputs(student))
