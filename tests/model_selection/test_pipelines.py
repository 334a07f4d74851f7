import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skcmkd import MutualDistiller, NetworkClassifier, PairedDistiller, UnpairedDistiller
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
    result = fit_with_metadata(make_pipeline(*steps, LogisticRegression()), X, y, weight)
    direct = make_pipeline(*steps, LogisticRegression()).fit(X, y, logisticregression__sample_weight=weight)
    np.testing.assert_array_equal(result.predict_proba(X), direct.predict_proba(X))


def test_parameters_that_a_model_lacks_are_not_passed(data):
    X, y, weight = data
    assert fit_with_metadata(KNeighborsClassifier(), X, y, weight, y).n_samples_fit_ == 30
    fitted = LogisticRegression().fit(X, y)
    coef = fitted.coef_.copy()
    fit_with_metadata(FrozenEstimator(fitted), X, 1 - y, weight)
    np.testing.assert_array_equal(fitted.coef_, coef)


def test_groups_reach_the_model(data):
    class RecordsGroups(BaseEstimator):
        def fit(self, X, y, groups=None):
            self.groups_ = groups
            return self

    X, y, _ = data
    assert fit_with_metadata(RecordsGroups(), X, y, None, y).groups_ is y
    assert fit_with_metadata(make_pipeline(StandardScaler(), RecordsGroups()), X, y, None, y)[-1].groups_ is y


def test_last_step_may_be_replaced(data):
    """The transformers are fitted to the labeled rows alone, which come first."""
    X, y, _ = data
    replacement = LogisticRegression(C=7)

    def fit(model, X_all):
        assert isinstance(model, KNeighborsClassifier)
        np.testing.assert_allclose(X_all, StandardScaler().fit(X[:20]).transform(X))
        return replacement.fit(X_all[:20], y[:20])

    pipeline = Pipeline([("scale", StandardScaler()), ("last", KNeighborsClassifier())])
    result = fit_final_estimator(pipeline, X, y[:20], fit)
    assert result["last"] is replacement
    assert result.predict(X).shape == (30,)


class Sampler(BaseEstimator):
    """A step as of imbalanced-learn: it has ``fit_resample`` and no ``transform``."""

    def fit(self, X, y):
        return self

    def fit_resample(self, X, y):
        return X[::2], y[::2]


class SamplerPipeline(Pipeline):
    """A pipeline as of imbalanced-learn: ``fit_transform`` gives the resampled rows, ``transform`` all of them."""

    def _validate_steps(self):
        pass

    def _resample(self, X, y):
        for _, step in self.steps[:-1]:
            X, y = step.fit_resample(X, y) if hasattr(step, "fit_resample") else (step.fit_transform(X, y), y)
        return X, y

    def fit(self, X, y):
        self.steps[-1][1].fit(*self._resample(X, y))
        return self

    def fit_transform(self, X, y=None, **params):
        return self.steps[-1][1].fit_transform(*self._resample(X, y))

    def transform(self, X):
        return X

    def predict_proba(self, X):
        return self.steps[-1][1].predict_proba(X)


def sampled(*steps):
    names = [f"{type(step).__name__.lower()}" for step in steps]
    return SamplerPipeline(list(zip(names, steps, strict=True)))


@pytest.mark.parametrize(
    ("pipeline", "named"),
    [
        (sampled(Sampler(), StandardScaler(), LogisticRegression()), "'sampler'"),
        (sampled(StandardScaler(), Sampler(), LogisticRegression()), "'sampler'"),
        (sampled(Sampler(), LogisticRegression()), "'sampler'"),
        (Pipeline([("inner", sampled(Sampler(), StandardScaler())), ("m", LogisticRegression())]), "'inner__sampler'"),
    ],
    ids=["first", "middle", "before the model", "nested"],
)
def test_steps_that_change_rows_are_refused(pipeline, named, data):
    X, y, weight = data
    message = f"step {named} of the pipeline, a Sampler, resamples the rows.*class_weight"
    with pytest.raises(ValueError, match=message):
        fit_with_metadata(clone(pipeline), X, y, weight)
    for distiller in (
        PairedDistiller(pipeline, LogisticRegression(), alpha=0.5, cv=3),
        PairedDistiller(pipeline, LogisticRegression(), teacher_weights="equal", cv=3),
        PairedDistiller(LogisticRegression(), pipeline, alpha=0.5, class_weight="balanced", cv=3),
    ):
        with pytest.raises(ValueError, match=message):
            distiller.fit(X, y, X_teacher=X + np.random.RandomState(1).normal(size=X.shape))
    unpaired = UnpairedDistiller(pipeline, LogisticRegression(), alignment="none", cv=3)
    with pytest.raises(ValueError, match=message):
        unpaired.fit(X, y, teacher_data=(X + 0.1, y), bridge=(X + 0.2, X + 0.3))
    network = clone(pipeline)
    network.steps[-1] = ("network", NetworkClassifier())
    with pytest.raises(ValueError, match=message):
        MutualDistiller(network, NetworkClassifier()).fit(X, y, X_teacher=X + 0.1)


def test_a_sampler_is_used_where_the_pipeline_stays_whole(data):
    """A teacher without weights is fitted by the pipeline's own fit, which resamples."""
    X, y, _ = data
    teacher = sampled(Sampler(), LogisticRegression())
    distiller = PairedDistiller(LogisticRegression(), teacher, alpha=0.5, cv=3).fit(X, y, X_teacher=X + 0.1)
    direct = LogisticRegression().fit(X[::2] + 0.1, y[::2])
    np.testing.assert_array_equal(distiller.teacher_.predict_proba(X), direct.predict_proba(X))


def test_steps_that_return_fewer_rows_are_refused(data):
    X, y, weight = data
    pipeline = Pipeline([("half", FunctionTransformer(lambda X: X[::2])), ("model", LogisticRegression())])
    with pytest.raises(ValueError, match="'half' of the pipeline return 15 rows for 30"):
        fit_with_metadata(pipeline, X, y, weight)
