import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import MutualDistiller, NetworkClassifier
from skcmkd.datasets import load_digit_views, make_gaussian_modalities

NETWORK = NetworkClassifier((8, 4), max_epochs=6, linear_weight=0)


@pytest.fixture(scope="module")
def drawn():
    """150 rows: 70 to fit, 50 unlabeled pairs, 30 to predict."""
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
    fitted = distiller().fit(drawn.X, drawn.y)
    assert fitted.teacher_ is None
    alone = clone(NETWORK).set_params(random_state=0).fit(drawn.X, drawn.y)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), alone.predict_proba(drawn.X))


LONG = clone(NETWORK).set_params(max_epochs=80, patience=3, learning_rate=0.02)


def test_at_alpha_zero_each_network_is_alone_bit_for_bit(drawn):
    """Whatever the other table and the unlabeled pairs."""
    fitted = fit_pair(drawn, student=LONG, teacher=LONG, alpha=0)
    alone = clone(LONG).set_params(random_state=0)
    for network, table in ((fitted.student_, drawn.X), (fitted.teacher_, drawn.T)):
        expected = alone.fit(table[:70], drawn.y[:70]).predict_proba(table)
        np.testing.assert_array_equal(network.predict_proba(table), expected)
    other = distiller(student=LONG, alpha=0).fit(drawn.X[:70], drawn.y[:70], X_teacher=-drawn.T[:70])
    np.testing.assert_array_equal(other.predict_proba(drawn.X), fitted.predict_proba(drawn.X))


def test_at_alpha_zero_each_network_is_its_fit_with_weights_and_groups(drawn):
    T = drawn.T.copy()
    T.iloc[:20] = np.nan
    weight, groups = np.random.RandomState(0).uniform(0, 2, size=70) * (np.arange(70) % 5 > 0), np.arange(70) // 4
    fitted = distiller(student=LONG, teacher=LONG, alpha=0).fit(
        drawn.X[:70], drawn.y[:70], weight, groups=groups, X_teacher=T[:70]
    )
    alone = clone(LONG).set_params(random_state=0)
    for network, table, rows in (
        (fitted.student_, drawn.X, np.arange(70)),
        (fitted.teacher_, drawn.T, np.arange(20, 70)),
    ):
        alone.fit(table.iloc[rows], drawn.y.iloc[rows], weight[rows], groups=groups[rows])
        np.testing.assert_array_equal(network.predict_proba(table), alone.predict_proba(table))
    student_alone = distiller(student=LONG).fit(drawn.X[:70], drawn.y[:70], weight, groups=groups)
    np.testing.assert_array_equal(student_alone.predict_proba(drawn.X), fitted.predict_proba(drawn.X))


def test_weights_and_groups_change_both_networks(drawn):
    weight, groups = np.random.RandomState(0).uniform(size=150), np.arange(150) // 4
    plain, weighted, grouped = (
        distiller(student=LONG).fit(drawn.X, drawn.y, X_teacher=drawn.T, **values)
        for values in ({}, {"sample_weight": weight}, {"groups": groups})
    )
    for changed in (weighted, grouped):
        assert not np.allclose(changed.predict_proba(drawn.X), plain.predict_proba(drawn.X))
        assert not np.allclose(changed.teacher_.predict_proba(drawn.T), plain.teacher_.predict_proba(drawn.T))


def test_rows_of_weight_zero_are_absent(drawn):
    X, T, y = drawn.X.to_numpy(), drawn.T.to_numpy(), drawn.y.to_numpy()
    keep = np.arange(150) % 4 > 0
    pairs = {"unlabeled_pairs": (X[:30], T[:30])}
    weighted = distiller(student=LONG).fit(X, y, keep.astype(float), X_teacher=T, **pairs)
    absent = distiller(student=LONG).fit(X[keep], y[keep], X_teacher=T[keep], **pairs)
    np.testing.assert_array_equal(weighted.predict_proba(X), absent.predict_proba(X))
    np.testing.assert_array_equal(weighted.teacher_.predict_proba(T), absent.teacher_.predict_proba(T))


def test_groups_of_unlabeled_pairs(drawn):
    """Names compare with those of the rows, in either form; groups that no row has change nothing."""
    groups, pair_groups = np.arange(70) // 4, np.arange(50) % 18
    student = clone(LONG).set_params(refit=False)
    tables = {"X_teacher": drawn.T[:70], "groups": groups}
    pair = drawn.X[70:120], drawn.T[70:120]
    same, none, other = (
        distiller(student=student).fit(drawn.X[:70], drawn.y[:70], unlabeled_pairs=pairs, **tables)
        for pairs in ((*pair, pair_groups), pair, (*pair, 100 + np.arange(50)))
    )
    np.testing.assert_array_equal(none.predict_proba(drawn.X), other.predict_proba(drawn.X))
    assert not np.allclose(none.predict_proba(drawn.X), same.predict_proba(drawn.X))
    one = distiller(student=student, student_columns=drawn.modalities["student"]).fit(
        drawn.data[:70], drawn.y[:70], groups=groups, unlabeled_pairs=(drawn.data[70:120], pair_groups)
    )
    np.testing.assert_array_equal(one.predict_proba(drawn.X), same.predict_proba(drawn.X))


def test_rows_without_a_teacher_are_not_imputed(drawn):
    """A row missing throughout is left out of the teacher's scaler as of its training."""
    T = drawn.T.copy()
    T.iloc[:50] = np.nan
    fitted = distiller().fit(drawn.X, drawn.y, X_teacher=T)
    np.testing.assert_allclose(fitted.teacher_.scaler_.mean_, T[50:].mean(axis=0), atol=1e-12)
    assert fitted.teacher_.scaler_.n_samples_seen_ == 100
    assert fitted.student_.scaler_.n_samples_seen_ == 150


def test_pairs_that_lack_a_modality_are_left_out(drawn):
    T = drawn.T.copy()
    T.iloc[90:120] = np.nan
    fitted = distiller().fit(drawn.X[:70], drawn.y[:70], X_teacher=T[:70], unlabeled_pairs=(drawn.X[70:120], T[70:120]))
    expected = fit_pair(drawn, unlabeled=slice(70, 90))
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), expected.predict_proba(drawn.X))


def test_unlabeled_pairs_count_whatever_their_number(drawn):
    """Equal lengths hide slicing faults."""
    none, equal, unequal = (fit_pair(drawn, unlabeled=u) for u in (None, slice(70, 140), slice(70, 139)))
    proba = [fitted.predict_proba(drawn.X) for fitted in (none, equal, unequal)]
    assert (proba[0] != proba[1]).any()
    assert 0 < np.abs(proba[1] - proba[2]).max() < 0.2


def test_rows_missing_in_part_go_to_the_teachers_imputer(drawn):
    T = drawn.T.mask(np.random.RandomState(0).uniform(size=drawn.T.shape) < 0.1)
    fitted = distiller(teacher=make_pipeline(SimpleImputer(), NETWORK)).fit(drawn.X, drawn.y, X_teacher=T)
    assert np.isfinite(fitted.teacher_.predict_proba(T)).all()


def test_both_are_deployed_alone(drawn):
    fitted = fit_pair(drawn, teacher=clone(NETWORK).set_params(hidden_layer_sizes=(32,)))
    student, teacher = (pickle.loads(pickle.dumps(part)) for part in (fitted.student_, fitted.teacher_))
    np.testing.assert_array_equal(student.predict_proba(drawn.X), fitted.predict_proba(drawn.X))
    np.testing.assert_array_equal(teacher.predict_proba(drawn.T), fitted.teacher_.predict_proba(drawn.T))
    assert list(teacher.feature_names_in_) == drawn.modalities["teacher"]
    assert teacher.transform(drawn.T).shape == (150, 32)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(drawn.X), fitted.classes_[fitted.predict_proba(drawn.X).argmax(axis=1)])
    for part in (student, teacher):
        table = drawn.X if part is student else drawn.T
        refitted = clone(part).fit(table, drawn.y)
        direct = clone(NETWORK).set_params(**part.get_params()).fit(table, drawn.y)
        np.testing.assert_array_equal(refitted.predict_proba(table), direct.predict_proba(table))


def test_pipelines(drawn):
    scaled = make_pipeline(StandardScaler(), NETWORK)
    fitted = fit_pair(drawn, student=scaled, teacher=scaled)
    plain = fit_pair(drawn)
    # Networks standardize their columns: a scaler before them changes rounding alone.
    np.testing.assert_allclose(fitted.predict_proba(drawn.X), plain.predict_proba(drawn.X), atol=1e-3)
    np.testing.assert_allclose(fitted.teacher_.predict_proba(drawn.T), plain.teacher_.predict_proba(drawn.T), atol=1e-3)


def test_string_labels(drawn):
    y = drawn.y.map({0: "control", 1: "case"})
    fitted = distiller().fit(drawn.X, y, X_teacher=drawn.T)
    assert list(fitted.classes_) == list(fitted.teacher_.classes_) == ["case", "control"]
    assert set(fitted.teacher_.predict(drawn.T)) <= {"case", "control"}


# Routing


def test_routed_search_over_alpha(drawn):
    X, y, T = drawn.X[:70].to_numpy(), drawn.y[:70].to_numpy(), drawn.T[:70].to_numpy()
    pairs = (drawn.X[70:120].to_numpy(), drawn.T[70:120].to_numpy())
    with sklearn.config_context(enable_metadata_routing=True):
        model = distiller().set_fit_request(X_teacher=True, unlabeled_pairs=True)
        search = GridSearchCV(model, {"alpha": [0.0, 0.25, 0.5]}, cv=2, error_score="raise")
        search.fit(X, y, X_teacher=T, unlabeled_pairs=pairs)
        params = {"X_teacher": T, "unlabeled_pairs": pairs}
        result = cross_validate(model, X, y, params=params, cv=2, return_estimator=True, return_indices=True)
    direct = distiller(**search.best_params_).fit(X, y, X_teacher=T, unlabeled_pairs=pairs)
    np.testing.assert_array_equal(search.best_estimator_.predict_proba(X), direct.predict_proba(X))
    for fitted, rows in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller().fit(X[rows], y[rows], X_teacher=T[rows], unlabeled_pairs=pairs)
        np.testing.assert_array_equal(fitted.predict_proba(X), direct.predict_proba(X))


def test_weights_and_groups_are_routed(drawn):
    X, y, T = drawn.X.to_numpy(), drawn.y.to_numpy(), drawn.T.to_numpy()
    weight, groups = np.random.RandomState(0).uniform(size=150), np.arange(150) // 4
    params = {"X_teacher": T, "sample_weight": weight, "groups": groups}
    with sklearn.config_context(enable_metadata_routing=True):
        model = distiller(student=LONG).set_fit_request(X_teacher=True, sample_weight=True, groups=True)
        model.set_score_request(sample_weight=False)
        result = cross_validate(
            model, X, y, params=params, cv=GroupKFold(2), return_estimator=True, return_indices=True
        )
    for fitted, rows in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller(student=LONG).fit(X[rows], y[rows], weight[rows], groups=groups[rows], X_teacher=T[rows])
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
        proba = [getattr(fitted, part).predict_proba(table) for fitted in (first, second, other)]
        np.testing.assert_array_equal(proba[0], proba[1])
        assert (proba[0] != proba[2]).any()


def test_silent_unless_asked(drawn, capfd):
    fit_pair(drawn)
    assert capfd.readouterr() == ("", "")
    fit_pair(drawn, verbose=1)
    assert "valid_loss" in capfd.readouterr().out


def test_digit_views_both_directions():
    """Two views that predict about equally well: with unlabeled pairs both networks improve."""
    digits = load_digit_views()
    order = np.random.RandomState(0).permutation(2000)
    labeled, unlabeled, test = order[:100], order[100:600], order[1000:]
    X, T = (digits.data[digits.modalities[name]].to_numpy() for name in ("zernike", "fourier"))
    y = digits.target.to_numpy()
    # Mutual distillation trains the hidden layers alone.
    network = NetworkClassifier(linear_weight=0, max_epochs=40)
    fitted = MutualDistiller(network, network, random_state=0).fit(
        X[labeled], y[labeled], X_teacher=T[labeled], unlabeled_pairs=(X[unlabeled], T[unlabeled])
    )
    for part, table in ((fitted.student_, X), (fitted.teacher_, T)):
        alone = clone(network).set_params(random_state=0).fit(table[labeled], y[labeled])
        assert part.score(table[test], y[test]) > alone.score(table[test], y[test]) + 0.03


# Bad input


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"X_teacher": d.T[:149]}, "X_teacher has 149 rows and X has 150"),
        (lambda d: {"X_teacher": d.T.sample(frac=1, random_state=0)}, r"another order: .*X_teacher.loc\[X.index\]"),
        (lambda d: {"X_teacher": d.T * np.nan}, "missing in all 150 rows"),
        (lambda d: {"X_teacher": d.T.assign(sex="f")}, "Column 'sex' of X_teacher.*'f', which is not a number"),
        (lambda d: {"X_teacher": d.T.assign(code=d.y)}, "Column 'code' of the teacher's table equals the label"),
        (lambda d: {"X_teacher": d.T.mask(d.T > 2)}, r"teacher=make_pipeline\(SimpleImputer\(\), NetworkClassifier"),
        (lambda d: {"X": d.X.assign(student_noise_0=np.nan)}, "150 values, the first in column 'student_noise_0'"),
        (lambda d: {"y": np.zeros(150, dtype=int)}, "y holds one class only, 0"),
        (lambda d: {"unlabeled_pairs": (d.X,)}, "got a tuple of 1"),
        (lambda d: {"sample_weight": np.ones(149)}, "sample_weight must hold a finite number of 0 or more for each of"),
        (lambda d: {"sample_weight": -np.ones(150)}, "Negative values"),
        (lambda d: {"sample_weight": np.zeros(150)}, r"sample_weight must hold .* not all 0|Give some rows a weight"),
        (lambda d: {"groups": np.arange(149)}, "groups has 149 rows and X has 150"),
        (lambda d: {"groups": np.where(np.arange(150) == 3, np.nan, 1)}, "groups holds 1 missing labels"),
        (
            lambda d: {"unlabeled_pairs": (d.X, d.T, np.arange(150))},
            r"unlabeled_pairs\[2\] names groups and X has none",
        ),
        (
            lambda d: {"unlabeled_pairs": (d.X, d.T, np.arange(9)), "groups": np.arange(150)},
            r"unlabeled_pairs\[2\] has 9 rows and unlabeled_pairs\[0\] has 150",
        ),
        (lambda d: {"unlabeled_pairs": (d.X, d.T), "X_teacher": None}, "given without X_teacher"),
    ],
)
def test_bad_tables(drawn, change, message):
    tables = {"X": drawn.X, "y": drawn.y, "X_teacher": drawn.T, **change(drawn)}
    with pytest.raises(ValueError, match=message):
        distiller().fit(tables.pop("X"), tables.pop("y"), **tables)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"student": LogisticRegression()}, "The student LogisticRegression cannot be trained together.*PairedDist"),
        ({"teacher": FrozenEstimator(NETWORK)}, "The teacher FrozenEstimator cannot be trained together"),
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
    fitted = fit_pair(drawn)
    before = fitted.predict_proba(drawn.X), fitted.teacher_.predict_proba(drawn.T)
    with pytest.raises(ValueError, match="missing in all"):
        fitted.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T * np.nan)
    fitted.set_params(student__learning_rate=1e30)
    with pytest.raises(ValueError, match="Lower learning_rate"):
        fitted.fit(drawn.X.iloc[:, :3], drawn.y, X_teacher=drawn.T)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X), before[0])
    np.testing.assert_array_equal(fitted.teacher_.predict_proba(drawn.T), before[1])
    assert fitted.n_features_in_ == 16
