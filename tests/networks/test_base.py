import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris

from skcmkd import NetworkClassifier


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def network(iris):
    return NetworkClassifier(max_epochs=20, random_state=0).fit(*iris)


def test_pickle_keeps_predictions(iris, network):
    copied = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(copied.predict_proba(iris[0]), network.predict_proba(iris[0]))


def test_transform_is_the_representation_that_the_head_reads(iris):
    X, _ = iris
    network = NetworkClassifier(max_epochs=20, linear_weight=0, random_state=0).fit(*iris)
    representation = network.transform(X)
    assert representation.shape == (150, 64)
    head = network.net_.module_.head
    logits = representation @ head.weight.detach().numpy().astype(float).T + head.bias.detach().numpy()
    np.testing.assert_array_equal(logits.argmax(axis=1), network.classes_.searchsorted(network.predict(X)))
    assert len(network.get_feature_names_out()) == 64


def test_the_linear_part_does_not_change_the_representation(iris, network):
    hidden_only = NetworkClassifier(max_epochs=20, linear_weight=0, random_state=0).fit(*iris)
    np.testing.assert_array_equal(network.transform(iris[0]), hidden_only.transform(iris[0]))
    assert (network.predict_proba(iris[0]) != hidden_only.predict_proba(iris[0])).any()


def test_a_state_of_before_the_linear_part_is_a_network_without_one(iris):
    hidden_only = NetworkClassifier((4,), max_epochs=2, linear_weight=0, random_state=0).fit(*iris)
    state = hidden_only.__getstate__()
    del state["linear_weight"]
    restored = NetworkClassifier.__new__(NetworkClassifier)
    restored.__setstate__(state)
    assert restored.get_params() == hidden_only.get_params()
    np.testing.assert_array_equal(restored.predict_proba(iris[0]), hidden_only.predict_proba(iris[0]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes=\(\) must name at least one layer"),
        ({"learning_rate": -1.0}, "'learning_rate' parameter of NetworkClassifier must be a float"),
        ({"batch_size": 0}, "'batch_size' parameter"),
    ],
)
def test_bad_parameters(iris, parameters, message):
    with pytest.raises(ValueError, match=message):
        NetworkClassifier(**parameters).fit(*iris)
