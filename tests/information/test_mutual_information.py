import subprocess
import sys
from functools import partial
from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from skcmkd import mutual_information
from skcmkd.information import ESTIMATORS, cca, ksg


def normal(n, nats, seed=0):
    rng = np.random.RandomState(seed)
    r = np.sqrt(1 - np.exp(-2 * nats))
    x = rng.normal(size=n)
    return x, r * x + np.sqrt(1 - r**2) * rng.normal(size=n)


@pytest.mark.parametrize("name", sorted(set(ESTIMATORS) - {"classifier"}))
def test_estimators_by_name(name):
    x, y = normal(120, 0.5)
    result = mutual_information(x, y, name, n_subsamples=0, random_state=0)
    assert result.estimator == name
    assert result.n_samples == 120
    assert np.isfinite(result.value)
    assert np.isnan(result.standard_error)
    assert np.isnan(result.p_value)
    assert float(result) == result.value


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_every_estimator_takes_text_labels(name):
    rng = np.random.RandomState(0)
    y = np.array(["healthy", "ill"])[rng.randint(2, size=120)]
    X = pd.DataFrame({"a": (y == "ill") * 2.0 + rng.normal(size=120), "same": 1.0})
    result = mutual_information(X, y, name, n_subsamples=0, random_state=0)
    assert 0 < result.value < 1


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_a_constant_table_has_no_information(name):
    labels = np.tile([0, 1], 30)
    assert mutual_information(np.ones((60, 2)), labels, name, n_subsamples=0, random_state=0).value == 0.0


def test_interval_covers_the_truth():
    covered = 0
    for seed in range(60):
        x, y = normal(150, 0.3, seed)
        result = mutual_information(x, y, "cca", n_subsamples=20, random_state=0)
        covered += result.lower <= 0.3 <= result.upper
    assert covered >= 49


def test_p_value_and_bias_are_those_of_permuted_rows():
    x, y = normal(60, 1.0)
    result = mutual_information(x, y, "ksg", n_subsamples=0, n_permutations=19, random_state=0)
    corrected = mutual_information(x, y, "ksg", n_subsamples=0, n_permutations=19, bias_correction=True, random_state=0)
    assert result.p_value == pytest.approx(1 / 20)
    np.testing.assert_allclose(corrected.value, result.value - result.bias)
    nothing = mutual_information(x, normal(60, 1.0, 1)[0], "ksg", n_permutations=19, n_subsamples=0, random_state=0)
    assert nothing.p_value > 0.05


def binned(X, Y, *, random_state=None):
    """Mutual information of 8 by 8 cells: far too high with few rows."""
    cells = [np.digitize(variable[:, 0], np.linspace(-2, 2, 7)) for variable in (X, Y)]
    return mutual_info_score(*cells)


def test_bias_correction_of_independent_variables_is_near_zero():
    x, y = normal(60, 0.0)
    plain, corrected = (
        mutual_information(x, y, binned, n_permutations=50, bias_correction=correct, random_state=0)
        for correct in (False, True)
    )
    assert plain.value > 0.3
    assert abs(corrected.value) < plain.value / 2
    np.testing.assert_allclose(corrected.upper - corrected.lower, plain.upper - plain.lower)


def test_same_result_for_any_number_of_processes():
    x, y = normal(80, 0.5)
    results = [
        mutual_information(x, y, "ksg", n_subsamples=8, n_permutations=8, random_state=0, n_jobs=n) for n in (None, 2)
    ]
    assert results[0] == results[1]


def test_a_callable_with_its_own_settings():
    x, y = normal(80, 0.5)
    result = mutual_information(x, y, partial(ksg, n_neighbors=7), n_subsamples=0, random_state=0)
    assert result.value != mutual_information(x, y, "ksg", n_subsamples=0, random_state=0).value
    assert mutual_information(x, y, cca, n_subsamples=0).estimator == "cca"


def test_progress_only_when_asked(capfd):
    x, y = normal(40, 0.5)
    mutual_information(x, y, n_subsamples=2)
    assert capfd.readouterr() == ("", "")
    mutual_information(x, y, n_subsamples=2, verbose=1)
    assert "cca" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"estimator": "npeet"}, "estimator='npeet' must be one of 'cca', 'classifier'"),
        ({"bias_correction": True}, "n_permutations=0 makes none"),
        ({"n_subsamples": 1}, "n_subsamples=1 must be 0"),
        ({"confidence": 90}, "confidence=90 must lie between 0 and 1"),
        ({"n_permutations": -1}, "n_permutations=-1 must be a whole number of 0 or more"),
        ({"X": np.arange(12.0), "Y": np.arange(12.0)}, "but not halves of them.*cca with cv=5.*Set n_subsamples=0"),
        ({"estimator": partial(cca, cv=1)}, "cv=1 must be at least 2"),
        ({"X": [[np.nan]] * 40}, "Input X contains NaN: 40 values"),
        ({"Y": np.zeros(7)}, "one for each row of"),
        ({"estimator": "classifier"}, "classifier measures information about a class label"),
    ],
)
def test_bad_input(changed, message):
    x, y = normal(40, 0.5)
    with pytest.raises(ValueError, match=message):
        mutual_information(**{"X": x, "Y": y, **changed})


def test_estimators_without_networks_import_no_torch():
    code = """
import sys
import numpy as np
from skcmkd import mutual_information
x = np.random.RandomState(0).normal(size=(60, 2))
for name in ("cca", "gaussian", "ksg"):
    mutual_information(x, x + 1.0, name, n_subsamples=2)
mutual_information(x, np.arange(60) % 2, "classifier", n_subsamples=2)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["gaussian", "cca", "ksg"])
def test_class_names_change_no_estimate(name):
    """Every order of three classes of different sizes, in a table and as the other label."""
    rng = np.random.RandomState(0)
    x = rng.normal(size=(300, 4))
    codes = np.digitize(x[:, 0] + 0.5 * rng.normal(size=300), [0.0, 1.0])
    third = np.digitize(x[:, 0], [-1.0, 0.5])
    for variable in (x, third):
        estimates = [
            ESTIMATORS[name](variable, np.array(names)[codes], random_state=0) for names in permutations("abc")
        ]
        np.testing.assert_allclose(estimates, estimates[0], atol=1e-9)


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_no_estimate_of_a_label_passes_its_entropy(name):
    """Classes far apart in many columns: the nearest neighbors of a class alone give more than its entropy."""
    rng = np.random.RandomState(0)
    y = rng.permutation(np.repeat([0, 1, 2], [40, 6, 2]))
    X = 50 * np.eye(20)[y] + rng.normal(size=(48, 20))
    entropy = -sum(p * np.log(p) for p in np.bincount(y) / 48)
    assert ESTIMATORS[name](X, y, random_state=0) <= entropy
