"""Fits in threads, in workers and in other processes give what one fit alone gives, bit for bit."""

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

from .material import (
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
    """The estimator, fitted to the small cohort in its own form."""
    if hasattr(estimator, "modalities"):
        return estimator.fit(*cohort(n_classes)[:2])
    S, T, y = two_tables(n_classes)
    if hasattr(estimator, "linked_columns"):
        return estimator.fit(S[::2], y[::2], teacher_data=(T[1::2], y[1::2]), bridge=(S[:9], T[:9]))
    return estimator.fit(S, y, X_teacher=T) if hasattr(estimator, "teacher") else estimator.fit(S, y)


def answer(estimator):
    """Its predictions, or, of a selector, its figures and columns."""
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
    "selector": selector(),
    "network": network(dropout=0.2),
    "network regressor": network_regressor(),
}


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def states():
    """What a fit must leave as it found it."""
    pools = {(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()}
    return str(np.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads(), pools


@pytest.fixture(scope="module")
def alone():
    """What each estimator says after a fit alone."""
    return {name: answer(fit(clone(estimator))) for name, estimator in ESTIMATORS.items()}


def test_two_fits_at_once_are_each_as_alone(alone):
    before = states()
    names = [name for name in ESTIMATORS for _ in range(2)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: answer(fit(clone(ESTIMATORS[name]))), names))
    for name, one in zip(names, found, strict=True):
        assert_same(one, alone[name])
    assert states() == before


def test_one_fitted_estimator_answers_several_threads(alone):
    fitted = {name: fit(clone(ESTIMATORS[name])) for name in ("paired", "network")}
    with ThreadPoolExecutor(4) as pool:
        for name, estimator in fitted.items():
            for found in pool.map(answer, [estimator] * 8):
                assert_same(found, alone[name])


def test_two_workers_give_what_one_process_gives(alone):
    before = states()
    with parallel_config("loky"):
        for name in ("paired", "selector"):
            assert_same(answer(fit(clone(ESTIMATORS[name]).set_params(n_jobs=2))), alone[name])
    with parallel_config("threading"):
        for name in ("paired", "paired network", "selector"):
            assert_same(answer(fit(clone(ESTIMATORS[name]).set_params(n_jobs=2))), alone[name])
    assert states() == before


def test_fits_inside_a_worker(alone):
    S, T, y = two_tables()

    def fit_here(estimator):
        # Workers in a worker are not started: n_jobs changes nothing.
        return estimator.set_params(n_jobs=2).fit(S, y, X_teacher=T)

    names = ("paired", "paired network")
    fitted = Parallel(2, "loky")(delayed(fit_here)(clone(ESTIMATORS[name])) for name in names)
    for name, estimator in zip(names, fitted, strict=True):
        assert_same(answer(estimator), alone[name])


READ = """
import pickle, sys
import numpy as np
S, X, fitted = pickle.load(open(sys.argv[1], "rb"))
found = {}
for name, estimator in fitted.items():
    if name == "selector":
        found[name] = estimator.transform(X).to_numpy()
    else:
        found[name] = estimator.predict_proba(S) if hasattr(estimator, "predict_proba") else estimator.predict(S)
np.savez(sys.argv[2], **found)
"""


def test_pickles_are_read_in_another_process(tmp_path, alone):
    fitted = {name: fit(clone(estimator)) for name, estimator in ESTIMATORS.items()}
    given, found = tmp_path / "fitted.pickle", tmp_path / "found.npz"
    given.write_bytes(pickle.dumps((two_tables()[0], cohort()[0], fitted)))
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-W", "error", "-c", READ, str(given), str(found)], check=True, env=environment)
    with np.load(found) as answers:
        assert set(answers) == set(ESTIMATORS)
        for name in ESTIMATORS:
            np.testing.assert_array_equal(answers[name], alone[name][-1])


def test_a_student_alone_is_read_without_the_teacher(tmp_path):
    student = fit(clone(ESTIMATORS["paired network"])).student_
    assert_same(answer(pickle.loads(pickle.dumps(student))), answer(student))
