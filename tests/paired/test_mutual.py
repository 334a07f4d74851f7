import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import MutualDistiller, NetworkClassifier
from skcmkd.datasets import load_digit_views, make_gaussian_modalities

NETWORK = NetworkClassifier((8, 4), max_epochs=6)


@pytest.fixture(scope="module")
def drawn():
    """150 rows, of which the last 30 stand in for tomorrow's samples and 50 for pairs without a label."""
    drawn = make_gaussian_modalities(150, random_state=0)
    drawn.X = drawn.data[drawn.modalities["student"]]
    drawn.T = drawn.data[drawn.modalities["teacher"]]
    drawn.y = drawn.target
    return drawn


def distiller(**changed):
    return MutualDistiller(**{"student": NETWORK, "teacher": NETWORK, "random_state": 0, **changed})


def fit_pair(drawn, rows=slice(0, 70), unlabeled=slice(70, 120), **changed):
    pairs = (drawn.X.iloc[unlabeled], drawn.T.iloc[unlabeled]) if unlabeled else None
    return distiller(**changed).fit(
        drawn.X.iloc[rows], drawn.y.iloc[rows], X_teacher=drawn.T.iloc[rows], unlabeled_pairs=pairs
    )


def test_one_table_and_two_tables_agree(drawn):
    two = fit_pair(drawn)
    one = distiller(student_columns=drawn.modalities["student"]).fit(
        drawn.data[:70], drawn.y[:70], unlabeled_pairs=(drawn.data[70:120],)
    )
    expected = two.predict_proba(drawn.X)
    spoiled = drawn.data.assign(**dict.fromkeys(drawn.modalities["teacher"], np.nan))
    for table in (drawn.X, drawn.data, drawn.X[drawn.X.columns[::-1]], spoiled):
        np.testing.assert_array_equal(one.predict_proba(table), expected)
    np.testing.assert_array_equal(one.teacher_.predict_proba(drawn.T), two.teacher_.predict_proba(drawn.T))
    assert list(one.feature_names_in_) == list(two.feature_names_in_) == drawn.modalities["student"]
    assert one.n_features_in_ == 16


def test_without_a_teachers_table_the_student_is_alone(drawn):
    found = distiller().fit(drawn.X, drawn.y)
    assert found.teacher_ is None
    alone = clone(NETWORK).set_params(random_state=0).fit(drawn.X, drawn.y)
    np.testing.assert_array_equal(found.predict_proba(drawn.X), alone.predict_proba(drawn.X))


def test_at_alpha_zero_each_network_is_alone_bit_for_bit(drawn):
    """Whatever the other table and the pairs without a label."""
    long = clone(NETWORK).set_params(max_epochs=80, patience=3, learning_rate=0.02)
    found = fit_pair(drawn, student=long, teacher=long, alpha=0)
    alone = clone(long).set_params(random_state=0)
    for network, table in ((found.student_, drawn.X), (found.teacher_, drawn.T)):
        expected = alone.fit(table[:70], drawn.y[:70]).predict_proba(table)
        np.testing.assert_array_equal(network.predict_proba(table), expected)
    other = distiller(student=long, alpha=0).fit(drawn.X[:70], drawn.y[:70], X_teacher=-drawn.T[:70])
    np.testing.assert_array_equal(other.predict_proba(drawn.X), found.predict_proba(drawn.X))


def test_values_of_rows_without_a_teacher_are_not_made_up(drawn):
    """A row missing throughout is left out of the teacher's side: of its scaler as of its training."""
    T = drawn.T.copy()
    T.iloc[:50] = np.nan
    found = distiller().fit(drawn.X, drawn.y, X_teacher=T)
    np.testing.assert_allclose(found.teacher_.scaler_.mean_, T[50:].mean(axis=0), atol=1e-12)
    assert found.teacher_.scaler_.n_samples_seen_ == 100
    assert found.student_.scaler_.n_samples_seen_ == 150


def test_pairs_that_lack_a_side_are_left_out(drawn):
    T = drawn.T.copy()
    T.iloc[90:120] = np.nan
    found = distiller().fit(drawn.X[:70], drawn.y[:70], X_teacher=T[:70], unlabeled_pairs=(drawn.X[70:120], T[70:120]))
    expected = fit_pair(drawn, unlabeled=slice(70, 90))
    np.testing.assert_array_equal(found.predict_proba(drawn.X), expected.predict_proba(drawn.X))


def test_unlabeled_pairs_count_whatever_their_number(drawn):
    """Equal lengths hide slicing faults."""
    none, equal, unequal = (fit_pair(drawn, unlabeled=u) for u in (None, slice(70, 140), slice(70, 139)))
    proba = [found.predict_proba(drawn.X) for found in (none, equal, unequal)]
    assert (proba[0] != proba[1]).any()
    assert 0 < np.abs(proba[1] - proba[2]).max() < 0.2


def test_rows_missing_in_part_go_to_the_teachers_imputer(drawn):
    T = drawn.T.mask(np.random.RandomState(0).uniform(size=drawn.T.shape) < 0.1)
    found = distiller(teacher=make_pipeline(SimpleImputer(), NETWORK)).fit(drawn.X, drawn.y, X_teacher=T)
    assert np.isfinite(found.teacher_.predict_proba(T)).all()


def test_both_are_deployed_alone(drawn):
    found = fit_pair(drawn, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(32,)))
    student, teacher = (pickle.loads(pickle.dumps(part)) for part in (found.student_, found.teacher_))
    np.testing.assert_array_equal(student.predict_proba(drawn.X), found.predict_proba(drawn.X))
    np.testing.assert_array_equal(teacher.predict_proba(drawn.T), found.teacher_.predict_proba(drawn.T))
    assert list(teacher.feature_names_in_) == drawn.modalities["teacher"]
    assert teacher.transform(drawn.T).shape == (150, 32)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict(drawn.X), found.classes_[found.predict_proba(drawn.X).argmax(axis=1)])
    for part in (student, teacher):
        table = drawn.X if part is student else drawn.T
        refitted = clone(part).fit(table, drawn.y)
        direct = clone(NETWORK).set_params(**part.get_params()).fit(table, drawn.y)
        np.testing.assert_array_equal(refitted.predict_proba(table), direct.predict_proba(table))


def test_pipelines(drawn):
    scaled = make_pipeline(StandardScaler(), NETWORK)
    found = fit_pair(drawn, student=scaled, teacher=scaled)
    plain = fit_pair(drawn)
    # Networks standardise their columns themselves: a scaler before them changes rounding alone.
    np.testing.assert_allclose(found.predict_proba(drawn.X), plain.predict_proba(drawn.X), atol=1e-3)
    np.testing.assert_allclose(found.teacher_.predict_proba(drawn.T), plain.teacher_.predict_proba(drawn.T), atol=1e-3)


def test_string_labels(drawn):
    y = drawn.y.map({0: "control", 1: "case"})
    found = distiller().fit(drawn.X, y, X_teacher=drawn.T)
    assert list(found.classes_) == list(found.teacher_.classes_) == ["case", "control"]
    assert set(found.teacher_.predict(drawn.T)) <= {"case", "control"}


# Routing


def test_routed_search_over_alpha(drawn):
    X, y, T = drawn.X[:70].to_numpy(), drawn.y[:70].to_numpy(), drawn.T[:70].to_numpy()
    more = (drawn.X[70:120].to_numpy(), drawn.T[70:120].to_numpy())
    with sklearn.config_context(enable_metadata_routing=True):
        model = distiller().set_fit_request(X_teacher=True, unlabeled_pairs=True)
        search = GridSearchCV(model, {"alpha": [0.0, 0.25, 0.5]}, cv=2, error_score="raise")
        search.fit(X, y, X_teacher=T, unlabeled_pairs=more)
        result = cross_validate(
            model, X, y, params={"X_teacher": T, "unlabeled_pairs": more}, cv=2, return_estimator=True,
            return_indices=True,
        )  # fmt: skip
    direct = distiller(**search.best_params_).fit(X, y, X_teacher=T, unlabeled_pairs=more)
    np.testing.assert_array_equal(search.best_estimator_.predict_proba(X), direct.predict_proba(X))
    for fitted, rows in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller().fit(X[rows], y[rows], X_teacher=T[rows], unlabeled_pairs=more)
        np.testing.assert_array_equal(fitted.predict_proba(X), direct.predict_proba(X))


# Repetition


def test_same_seed_same_bits_and_global_states_untouched(drawn):
    import torch

    dropout = clone(NETWORK).set_params(dropout=0.2)
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    first, second, other = (
        fit_pair(drawn, student=dropout, teacher=dropout, random_state=seed)
        for seed in (np.random.RandomState(5), np.random.RandomState(5), 6)
    )
    assert torch.equal(torch.random.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])
    for table, part in ((drawn.X, "student_"), (drawn.T, "teacher_")):
        proba = [getattr(found, part).predict_proba(table) for found in (first, second, other)]
        np.testing.assert_array_equal(proba[0], proba[1])
        assert (proba[0] != proba[2]).any()


def test_silent_unless_asked(drawn, capfd):
    fit_pair(drawn)
    assert capfd.readouterr() == ("", "")
    fit_pair(drawn, verbose=1)
    assert "valid_loss" in capfd.readouterr().out


def test_digit_views_both_directions():
    """Two views of about equal worth: with further pairs both networks gain."""
    digits = load_digit_views()
    order = np.random.RandomState(0).permutation(2000)
    labelled, unlabeled, test = order[:100], order[100:1000], order[1000:]
    X, T = (digits.data[digits.modalities[name]].to_numpy() for name in ("zernike", "fourier"))
    y = digits.target.to_numpy()
    network = NetworkClassifier(max_epochs=60)
    found = MutualDistiller(network, network, random_state=0).fit(
        X[labelled], y[labelled], X_teacher=T[labelled], unlabeled_pairs=(X[unlabeled], T[unlabeled])
    )
    for part, table in ((found.student_, X), (found.teacher_, T)):
        alone = clone(network).set_params(random_state=0).fit(table[labelled], y[labelled])
        assert part.score(table[test], y[test]) > alone.score(table[test], y[test]) + 0.03


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"X_teacher": d.T[:149]}, "X_teacher has 149 rows and X has 150"),
        (lambda d: {"X_teacher": d.T.sample(frac=1, random_state=0)}, r"another order: .*X_teacher.loc\[X.index\]"),
        (lambda d: {"X_teacher": d.T * np.nan}, "missing in all of its 150 rows"),
        (lambda d: {"X_teacher": d.T.assign(sex="f")}, "Column 'sex' of X_teacher.*'f', which is not a number"),
        (lambda d: {"X_teacher": d.T.assign(code=d.y)}, "Column 'code' of the teacher's table equals the label"),
        (lambda d: {"X_teacher": d.T.mask(d.T > 2)}, r"teacher=make_pipeline\(SimpleImputer\(\), NetworkClassifier"),
        (lambda d: {"X": d.X.assign(student_noise_0=np.nan)}, "150 values, the first in column 'student_noise_0'"),
        (lambda d: {"y": np.zeros(150, dtype=int)}, "y holds one class only, 0"),
        (lambda d: {"unlabeled_pairs": (d.X,)}, "got a tuple of 1"),
        (lambda d: {"unlabeled_pairs": (d.X, d.T), "X_teacher": None}, "given without X_teacher"),
    ],
)
def test_bad_tables(drawn, change, message):
    given = {"X": drawn.X, "y": drawn.y, "X_teacher": drawn.T, **change(drawn)}
    with pytest.raises(ValueError, match=message):
        distiller().fit(given.pop("X"), given.pop("y"), **given)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"student": LogisticRegression()}, "The student LogisticRegression cannot teach and be taught.*PairedDist"),
        ({"teacher": FrozenEstimator(NETWORK)}, "The teacher FrozenEstimator cannot teach and be taught"),
        ({"alpha": 1.0}, r"'alpha' parameter of MutualDistiller must be a float in the range \[0.0, 1.0\)"),
        ({"temperature": 0.0}, "'temperature' parameter"),
        ({"teacher": NetworkClassifier(())}, r"hidden_layer_sizes=\(\) must name at least one layer"),
        ({"teacher": NetworkClassifier(dropout=2.0)}, "'dropout' parameter of NetworkClassifier"),
        ({"student_columns": ["student_noise_0"]}, "X_teacher was given although student_columns"),
    ],
)
def test_bad_parameters(drawn, parameters, message):
    with pytest.raises(ValueError, match=message):
        distiller(**parameters).fit(drawn.X, drawn.y, X_teacher=drawn.T)


def test_failed_fit_leaves_the_earlier_fit(drawn):
    found = fit_pair(drawn)
    before = found.predict_proba(drawn.X), found.teacher_.predict_proba(drawn.T)
    with pytest.raises(ValueError, match="missing in all"):
        found.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T * np.nan)
    found.set_params(student__learning_rate=1e30)
    with pytest.raises(ValueError, match="Lower learning_rate"):
        found.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T)
    np.testing.assert_array_equal(found.predict_proba(drawn.X), before[0])
    np.testing.assert_array_equal(found.teacher_.predict_proba(drawn.T), before[1])
    assert found.n_features_in_ == 16
