import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier
from skcmkd.selection._encoders import ModalityData, encode_out_of_fold, make_encoder


def draw(n=90, n_unlabeled=0, n_classes=3):
    rng = np.random.RandomState(0)
    y = rng.randint(n_classes, size=n)
    X = rng.normal(size=(n + n_unlabeled, 4))
    X[np.arange(n), y] += 1
    tables = {"a": X, "b": X[:, ::-1] + 1}
    measured = {name: np.ones(len(X), dtype=bool) for name in tables}
    return ModalityData(tables, measured, y, np.arange(n_classes), np.arange(n + n_unlabeled) % 3)


def splits_of(fold_of):
    return [(np.flatnonzero(fold_of != k), np.flatnonzero(fold_of == k)) for k in np.unique(fold_of)]


def test_class_scores_are_those_of_cross_val_predict():
    cohort = draw()
    encoder = LogisticRegression()
    views = encode_out_of_fold(cohort, {"a": encoder, "b": encoder}, "predictions")
    for name, view in views.items():
        expected = cross_val_predict(
            encoder, cohort.tables[name], cohort.y, cv=splits_of(cohort.fold_ids), method="predict_proba"
        )
        np.testing.assert_allclose(view.predictions, expected)
        assert view.embedding is None


def test_a_continuous_target_is_predicted_out_of_fold():
    cohort = draw()
    numbers = ModalityData(cohort.tables, cohort.observed, cohort.tables["a"][:, 0] * 2 + 1, None, cohort.fold_ids)
    view = encode_out_of_fold(numbers, {"b": Ridge()}, "predictions")["b"]
    expected = cross_val_predict(Ridge(), cohort.tables["b"], numbers.y, cv=splits_of(cohort.fold_ids))
    np.testing.assert_allclose(view.predictions[:, 0], expected)


def test_rows_without_a_label_are_seen_by_one_folds_encoder():
    cohort = draw(n_unlabeled=10)
    encoder = LogisticRegression()
    view = encode_out_of_fold(cohort, {"a": encoder}, "predictions")["a"]
    labelled = np.arange(90)
    for row in (90, 95):
        train = labelled[cohort.fold_ids[:90] != cohort.fold_ids[row]]
        model = LogisticRegression().fit(cohort.tables["a"][train], cohort.y[train])
        np.testing.assert_allclose(view.predictions[row], model.predict_proba(cohort.tables["a"][[row]])[0])


def test_rows_that_were_not_measured_are_not_seen():
    cohort = draw()
    cohort.observed["a"][:7] = False
    view = encode_out_of_fold(cohort, {"a": make_encoder("predictions", cohort.classes)}, "predictions")["a"]
    assert np.isnan(view.predictions[:7]).all()
    assert np.isfinite(view.predictions[7:]).all()


def test_a_class_of_one_row_is_improbable_and_not_impossible():
    cohort = draw()
    y = cohort.y.copy()
    y[4] = 3
    rare = ModalityData(cohort.tables, cohort.observed, y, np.arange(4), cohort.fold_ids)
    view = encode_out_of_fold(rare, {"a": LogisticRegression()}, "predictions")["a"]
    n_training = (cohort.fold_ids != cohort.fold_ids[4]).sum()
    np.testing.assert_allclose(view.predictions[4, 3], 1 / (n_training + 1))
    np.testing.assert_allclose(view.predictions.sum(axis=1), 1)


def test_a_modality_of_one_fold_names_itself():
    cohort = draw()
    cohort.observed["b"][cohort.fold_ids != 1] = False
    numbers = ModalityData(cohort.tables, cohort.observed, cohort.tables["a"][:, 0], None, cohort.fold_ids)
    with pytest.raises(ValueError, match="Modality 'b' was measured in 0 labelled rows outside fold 1"):
        encode_out_of_fold(numbers, {"b": Ridge()}, "predictions")


def test_embeddings_come_from_the_network_of_the_fold():
    cohort = draw()
    network = NetworkClassifier((8, 3), max_epochs=3, random_state=0)
    view = encode_out_of_fold(cohort, {"a": make_pipeline(StandardScaler(), network)}, "embedding")["a"]
    assert view.embedding.shape == (90, 3)
    train = cohort.fold_ids != 2
    alone = make_pipeline(StandardScaler(), network).fit(cohort.tables["a"][train], cohort.y[train])
    np.testing.assert_allclose(view.embedding[~train], alone.transform(cohort.tables["a"][~train]))
    np.testing.assert_allclose(view.predictions[~train], alone.predict_proba(cohort.tables["a"][~train]))


def test_part_of_a_cohort():
    cohort = draw(n_unlabeled=6)
    part = cohort.take(np.array([1, 4, 89, 92]))
    assert part.n_labeled == 3
    np.testing.assert_array_equal(part.y, cohort.y[[1, 4, 89]])
    np.testing.assert_array_equal(part.tables["b"], cohort.tables["b"][[1, 4, 89, 92]])
    np.testing.assert_array_equal(part.fold_ids, cohort.fold_ids[[1, 4, 89, 92]])


@pytest.mark.parametrize("classes", [None, np.arange(2)])
@pytest.mark.parametrize("representation", ["predictions", "embedding"])
def test_default_encoders_do_what_is_asked(representation, classes):
    encoder = make_encoder(representation, classes)
    assert hasattr(encoder, "predict" if classes is None else "predict_proba")
    if representation == "embedding":
        assert hasattr(encoder, "transform")
