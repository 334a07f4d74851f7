import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skcmkd import NetworkClassifier
from skcmkd._model_selection._pipelines import final_estimator, fit_accepts, fit_final_estimator, fit_with_metadata


@pytest.fixture
def data():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=30)
    return rng.normal(size=(30, 2)) + y[:, None], y, rng.uniform(size=30)


def test_final_step():
    model = LogisticRegression()
    assert final_estimator(make_pipeline(StandardScaler(), model)) is final_estimator(model) is model


def test_parameters_of_a_pipelines_last_step():
    assert fit_accepts(make_pipeline(StandardScaler(), LogisticRegression()), "sample_weight")
    assert not fit_accepts(make_pipeline(StandardScaler(), KNeighborsClassifier()), "sample_weight")
    assert fit_accepts(NetworkClassifier(), "groups")


@pytest.mark.parametrize("steps", [[StandardScaler()], [FunctionTransformer(), StandardScaler()], []])
def test_weighted_pipeline_is_scikit_learns(data, steps):
    X, y, weight = data
    found = fit_with_metadata(make_pipeline(*steps, LogisticRegression()), X, y, weight)
    direct = make_pipeline(*steps, LogisticRegression()).fit(X, y, logisticregression__sample_weight=weight)
    np.testing.assert_array_equal(found.predict_proba(X), direct.predict_proba(X))


def test_what_a_model_does_not_take_is_not_given(data):
    X, y, weight = data
    assert fit_with_metadata(KNeighborsClassifier(), X, y, weight, y).n_samples_fit_ == 30
    ready = LogisticRegression().fit(X, y)
    coef = ready.coef_.copy()
    fit_with_metadata(FrozenEstimator(ready), X, 1 - y, weight)
    np.testing.assert_array_equal(ready.coef_, coef)


def test_groups_reach_the_model(data):
    class Witness(BaseEstimator):
        def fit(self, X, y, groups=None):
            self.groups_ = groups
            return self

    X, y, _ = data
    assert fit_with_metadata(Witness(), X, y, None, y).groups_ is y
    assert fit_with_metadata(make_pipeline(StandardScaler(), Witness()), X, y, None, y)[-1].groups_ is y


def test_last_step_may_be_replaced(data):
    X, y, _ = data
    other = LogisticRegression(C=7)

    def fit(model, X_in, further):
        assert isinstance(model, KNeighborsClassifier)
        np.testing.assert_allclose(X_in.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(further, StandardScaler().fit(X).transform(X[:3]))
        return other.fit(X_in, y)

    pipeline = Pipeline([("scale", StandardScaler()), ("last", KNeighborsClassifier())])
    found = fit_final_estimator(pipeline, X, y, X[:3], fit)
    assert found["last"] is other
    assert found.predict(X).shape == (30,)
