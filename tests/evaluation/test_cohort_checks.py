import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency, f_oneway

from skcmkd import check_cohort
from skcmkd.datasets import make_gaussian_modalities


@pytest.fixture(scope="module")
def cohort():
    return make_gaussian_modalities(160, n_noise=2, random_state=0)


def lose(cohort, rows, name="teacher"):
    """The table without a modality in some rows."""
    table = cohort.data.copy()
    table.loc[rows, cohort.modalities[name]] = np.nan
    return table


def checks_of(cohort, table=None, y=None, **options):
    return check_cohort(
        cohort.data if table is None else table,
        cohort.target if y is None else y,
        cohort.modalities,
        random_state=0,
        **options,
    )


def test_effects_equal_those_of_scipy(cohort):
    rng = np.random.RandomState(0)
    batch = np.where(rng.rand(160) < 0.5, rng.randint(3, size=160), 2 * cohort.target)
    observed = rng.rand(160) < 0.3 + 0.4 * cohort.target
    checks = checks_of(cohort, lose(cohort, ~observed), batch=batch)
    for (check, subject), pair in {
        ("missing by label", "teacher"): (observed, cohort.target),
        ("missing by batch", "teacher"): (observed, batch),
        ("batch by label", "batch"): (batch, cohort.target),
    }.items():
        chi2 = chi2_contingency(pd.crosstab(*pair), correction=False)
        row = checks.loc[(check, subject)]
        np.testing.assert_allclose(row["effect"], np.sqrt(chi2.statistic / 160))
        assert abs(row["p_value"] - chi2.pvalue) < 0.02
        assert row["concern"] == (row["p_value"] <= 0.01)
        assert bool(row["advice"]) == row["concern"]
    assert checks.loc[("missing by label", "teacher"), "concern"]


def test_of_a_continuous_label_the_effect_is_the_correlation_ratio(cohort):
    rng = np.random.RandomState(1)
    y = rng.randn(160)
    observed = rng.rand(160) < 1 / (1 + np.exp(-2 * y))
    row = checks_of(cohort, lose(cohort, ~observed), y=y).loc[("missing by label", "teacher")]
    f = f_oneway(y[observed], y[~observed])
    np.testing.assert_allclose(row["effect"], np.sqrt(f.statistic / (f.statistic + 158)))
    assert row["concern"]
    assert f"{y[observed].mean():.3g} on average" in row["advice"]


def test_nothing_to_say_of_a_clean_cohort(cohort):
    rng = np.random.RandomState(2)
    checks = checks_of(
        cohort,
        lose(cohort, rng.rand(160) < 0.3)[:100],
        cohort.target[:100],
        batch=rng.randint(2, size=100),
        X_unlabeled=cohort.data[100:],
    )
    assert set(checks.index.get_level_values("check")) == {
        "missing by label",
        "missing by batch",
        "batch by label",
        "unlabeled",
    }
    assert not checks["concern"].any()
    assert (checks["advice"] == "").all()
    assert checks.loc["unlabeled", "effect"].between(0.3, 0.65).all()


def test_p_values_are_uniform_without_an_effect(cohort):
    """One in ten below 0.1, but for the error of 60 draws."""
    rng = np.random.RandomState(3)
    p_values = [
        check_cohort(
            lose(cohort, rng.rand(160) < 0.3),
            cohort.target,
            cohort.modalities,
            n_permutations=99,
            random_state=seed,
        )["p_value"].iloc[0]
        for seed in range(60)
    ]
    assert 0.01 < np.mean(np.array(p_values) <= 0.1) < 0.22


def test_unlabeled_rows_from_elsewhere_are_found(cohort):
    shifted = cohort.data[100:].copy()
    shifted[cohort.modalities["teacher"]] += 1.0
    checks = checks_of(cohort, cohort.data[:100], cohort.target[:100], X_unlabeled=shifted)
    assert checks["concern"].to_dict() == {("unlabeled", "teacher"): True, ("unlabeled", "student"): False}
    assert checks.loc[("unlabeled", "teacher"), "effect"] > 0.75
    assert "with and without" in checks.loc[("unlabeled", "teacher"), "advice"]


def test_batches_of_one_class_are_beyond_repair(cohort):
    row = checks_of(cohort, batch=np.where(cohort.target == 1, "Rome", "Oslo")).loc[("batch by label", "batch")]
    assert row["effect"] == pytest.approx(1)
    assert "no method can tell batch and label apart" in row["advice"]


def test_arrays_and_rows_without_a_modality(cohort):
    rows = np.arange(160) < 40
    table = lose(cohort, rows).to_numpy()
    positions = {"teacher": slice(0, 8), "student": slice(8, 16)}
    checks = check_cohort(table[:100], cohort.target[:100], positions, X_unlabeled=table[100:], random_state=0)
    assert checks.loc[("unlabeled", "teacher"), "n_rows"] == 120
    assert checks.loc[("unlabeled", "student"), "n_rows"] == 160


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 0}, r"level=0 must lie between"),
        ({"n_permutations": 50}, r"n_permutations=50 gives p-values of 1 / 51 at least.*Give 100"),
        ({"batch": [1, 2]}, r"batch has 2 rows and X has 160"),
        ({"y": [0, 1]}, r"y has 2 rows and X has 160"),
    ],
)
def test_bad_input(cohort, options, message):
    with pytest.raises(ValueError, match=message):
        checks_of(cohort, **options)
