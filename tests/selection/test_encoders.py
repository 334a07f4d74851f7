import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd.selection._encoders import ModalityData, encode_out_of_fold
from skcmkd.selection._representations import REPRESENTATIONS, Embedding, Predictions


def make_data(n=90, n_unlabeled=0, n_classes=3):
    rng = np.random.RandomState(0)
    y = rng.randint(n_classes, size=n)
    X = rng.normal(size=(n + n_unlabeled, 4))
    X[np.arange(n), y] += 1
    tables = {"a": X, "b": X[:, ::-1] + 1}
    observed = {name: np.ones(len(X), dtype=bool) for name in tables}
    return ModalityData(tables, observed, y, np.arange(n_classes), np.arange(n + n_unlabeled) % 3)


def splits_of(fold_ids):
    return [(np.flatnonzero(fold_ids != fold), np.flatnonzero(fold_ids == fold)) for fold in np.unique(fold_ids)]


def test_class_probabilities_are_those_of_cross_val_predict():
    data = make_data()
    encoder = LogisticRegression()
    encodings = encode_out_of_fold(data, {"a": encoder, "b": encoder}, Predictions())
    for name, encoding in encodings.items():
        expected = cross_val_predict(
            encoder, data.tables[name], data.y, cv=splits_of(data.fold_ids), method="predict_proba"
        )
        np.testing.assert_allclose(encoding.predictions, expected)
        assert encoding.embedding is None


def test_a_continuous_target_is_predicted_out_of_fold():
    data = make_data()
    continuous = ModalityData(data.tables, data.observed, data.tables["a"][:, 0] * 2 + 1, None, data.fold_ids)
    encoding = encode_out_of_fold(continuous, {"b": Ridge()}, Predictions())["b"]
    expected = cross_val_predict(Ridge(), data.tables["b"], continuous.y, cv=splits_of(data.fold_ids))
    np.testing.assert_allclose(encoding.predictions[:, 0], expected)


def test_rows_without_a_label_are_encoded_by_one_folds_encoder():
    data = make_data(n_unlabeled=10)
    encoder = LogisticRegression()
    encoding = encode_out_of_fold(data, {"a": encoder}, Predictions())["a"]
    for row in (90, 95):
        train = np.flatnonzero(data.fold_ids[:90] != data.fold_ids[row])
        model = LogisticRegression().fit(data.tables["a"][train], data.y[train])
        np.testing.assert_allclose(encoding.predictions[row], model.predict_proba(data.tables["a"][[row]])[0])


def test_rows_that_were_not_measured_have_no_encoding():
    data = make_data()
    data.observed["a"][:7] = False
    encoding = encode_out_of_fold(data, {"a": Predictions().default_encoder(data.classes)}, Predictions())["a"]
    assert np.isnan(encoding.predictions[:7]).all()
    assert np.isfinite(encoding.predictions[7:]).all()


def test_a_class_of_one_row_is_improbable_and_not_impossible():
    data = make_data()
    y = data.y.copy()
    y[4] = 3
    rare = ModalityData(data.tables, data.observed, y, np.arange(4), data.fold_ids)
    encoding = encode_out_of_fold(rare, {"a": LogisticRegression()}, Predictions())["a"]
    n_train = (data.fold_ids != data.fold_ids[4]).sum()
    np.testing.assert_allclose(encoding.predictions[4, 3], 1 / (n_train + 1))
    np.testing.assert_allclose(encoding.predictions.sum(axis=1), 1)


def test_a_modality_of_one_fold_names_itself():
    data = make_data()
    data.observed["b"][data.fold_ids != 1] = False
    continuous = ModalityData(data.tables, data.observed, data.tables["a"][:, 0], None, data.fold_ids)
    with pytest.raises(ValueError, match="Modality 'b' was measured in 0 labeled rows outside fold 1"):
        encode_out_of_fold(continuous, {"b": Ridge()}, Predictions())


def test_embeddings_come_from_the_network_of_the_fold():
    data = make_data()
    network = NetworkClassifier((8, 3), max_epochs=3, linear_weight=0, random_state=0)
    encoding = encode_out_of_fold(data, {"a": make_pipeline(StandardScaler(), network)}, Embedding())["a"]
    assert encoding.embedding.shape == (90, 3)
    train = data.fold_ids != 2
    model = make_pipeline(StandardScaler(), network).fit(data.tables["a"][train], data.y[train])
    np.testing.assert_allclose(encoding.embedding[~train], model.transform(data.tables["a"][~train]))
    np.testing.assert_allclose(encoding.predictions[~train], model.predict_proba(data.tables["a"][~train]))


def test_data_of_some_rows():
    data = make_data(n_unlabeled=6)
    part = data.take(np.array([1, 4, 89, 92]))
    assert part.n_labeled == 3
    np.testing.assert_array_equal(part.y, data.y[[1, 4, 89]])
    np.testing.assert_array_equal(part.tables["b"], data.tables["b"][[1, 4, 89, 92]])
    np.testing.assert_array_equal(part.fold_ids, data.fold_ids[[1, 4, 89, 92]])


@pytest.mark.parametrize("classes", [None, np.arange(2)])
@pytest.mark.parametrize("representation", REPRESENTATIONS.values(), ids=REPRESENTATIONS)
def test_default_encoders_have_the_required_methods(representation, classes):
    encoder = representation.default_encoder(classes)
    assert hasattr(encoder, "predict" if classes is None else "predict_proba")
    assert hasattr(encoder, representation.required_method(classes))
