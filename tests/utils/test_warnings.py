"""A warning names the line of the user's file, however many calls of libraries lie between."""

import linecache
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller, UnpairedDistiller
from skcmkd._utils._warnings import warn_user

X = np.random.RandomState(0).normal(size=(60, 3))
Y = np.arange(60) % 3
# The cohort lacks a class of the student's.
COHORT = X[Y < 2], Y[Y < 2]
LOGISTIC = LogisticRegression()


def unpaired():
    distiller = UnpairedDistiller(LOGISTIC, LOGISTIC, alignment="none", check_alignment=False)
    return distiller.set_fit_request(teacher_data=True)


@pytest.fixture(autouse=True)
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def lines_of(call, category=UserWarning):
    """Source lines that the warnings of a call point at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert caught
    assert all(warning.filename == __file__ for warning in caught if warning.category is category)
    return [
        linecache.getline(warning.filename, warning.lineno).strip()
        for warning in caught
        if warning.category is category
    ]


def fit_directly():
    unpaired().fit(X, Y, teacher_data=COHORT)  # the user's line


def fit_in_a_pipeline():
    make_pipeline(StandardScaler(), unpaired()).fit(X, Y, teacher_data=COHORT)  # the user's line


def fit_a_clone_of_a_pipeline():
    clone(make_pipeline(make_pipeline(unpaired()))).fit(X, Y, teacher_data=COHORT)  # the user's line


def fit_in_a_grid_search():
    search = GridSearchCV(unpaired(), {"temperature": [1.0, 2.0]}, cv=2, error_score="raise")
    search.fit(X, Y, teacher_data=COHORT)  # the user's line


def fit_in_cross_validation():
    cross_val_score(unpaired(), X, Y, params={"teacher_data": COHORT}, cv=2)  # the user's line


def fit_in_a_helper(distiller=None):
    def helper(model):
        return model.fit(X, Y, teacher_data=COHORT)  # the user's line

    return helper(unpaired())


class UsersEstimator(ClassifierMixin, BaseEstimator):
    """An estimator of the user's around a distiller."""

    def fit(self, X, y):
        self.distiller_ = unpaired().fit(X, y, teacher_data=COHORT)  # the user's line
        return self


def fit_an_estimator_of_the_users():
    make_pipeline(UsersEstimator()).fit(X, Y)


@pytest.mark.parametrize(
    ("call", "n_fits"),
    [
        (fit_directly, 1),
        (fit_in_a_pipeline, 1),
        (fit_a_clone_of_a_pipeline, 1),
        (fit_in_a_grid_search, 2 * 2 + 1),
        (fit_in_cross_validation, 2),
        (fit_in_a_helper, 1),
        (fit_an_estimator_of_the_users, 1),
    ],
)
def test_warning_of_a_fit_points_at_the_users_line(call, n_fits):
    lines = lines_of(call)
    assert len(lines) == n_fits
    assert all(line.endswith("# the user's line") for line in lines)


def fit_an_unfinished_student():
    student = LogisticRegression(max_iter=1)
    distiller = PairedDistiller(student, LOGISTIC, teacher_weights="equal", alpha=0.5, n_jobs=1)
    distiller.fit(X, Y, X_teacher=X + 1)  # the user's line


def test_convergence_warning_of_soft_targets_points_at_the_users_line():
    (line,) = set(lines_of(fit_an_unfinished_student, ConvergenceWarning))
    assert line.endswith("# the user's line")


def test_line_that_calls_the_function_itself():
    with pytest.warns(ConvergenceWarning, match="as it is") as caught:
        warn_user("as it is", ConvergenceWarning)
    assert caught[0].filename == __file__


def test_worker_processes_can_warn():
    """They hold no line of the user's; the fit is as it was."""
    search = GridSearchCV(unpaired(), {"temperature": [1.0]}, cv=2, n_jobs=2, refit=False, error_score="raise")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(X, Y, teacher_data=COHORT)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
