"""The benchmark of real cohorts: its splits, models, summary and label transfer, and a run that continues."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score

from skcmkd import PairedDistiller
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.information import make_default_classifier

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "cohorts"
MODULES = ("class_tasks", "gene_survival", "survival_tasks", "models", "run", "summary", "transfer")

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the benchmarks are in the repository")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, MODULES) as modules:
        yield modules


@pytest.fixture
def simulated(bench, monkeypatch):
    """Two tasks of a simulated cohort, with pairs and without, and a linear teacher in place of the network."""
    c = bench["class_tasks"]
    drawn = make_gaussian_modalities(
        200, specific_signal={"panel": 0.0, "omics": 2.0}, n_noise=8, n_classes=3, random_state=0
    )
    tables = {name: drawn.data[columns] for name, columns in drawn.modalities.items()}
    monkeypatch.setitem(c.LOADERS, "simulated", lambda folder, label: (tables, drawn.target))
    quick = partial(PairedDistiller, teacher=make_default_classifier())
    monkeypatch.setattr(bench["models"], "PairedDistiller", quick)
    tasks = tuple(c.Task("simulated", "class", "panel", "omics", 40, n, 60, 2) for n in (80, 0))
    monkeypatch.setattr(c, "TASKS", tasks)
    return tasks


def test_a_split_has_each_sample_once_and_pairs_row_for_row(bench, simulated):
    c = bench["class_tasks"]
    one, other = (c.draw(simulated[0], None, seed) for seed in (0, 1))
    parts = [one.X, one.pairs[0], one.X_test]
    assert [len(part) for part in parts] == [40, 80, 60]
    assert len(set(pd.concat(parts).index)) == 180
    for left, right in ((one.X, one.X_teacher), one.pairs, (one.X_test, one.X_teacher_test)):
        assert list(left.index) == list(right.index)
    assert one.y.value_counts().min() >= 12
    assert set(one.X_test.index) != set(other.X_test.index)
    assert c.draw(simulated[1], None, 0).pairs is None


def test_too_few_samples_are_an_error(bench, simulated):
    c = bench["class_tasks"]
    with pytest.raises(ValueError, match="200 complete samples, too few"):
        c.draw(c.Task("simulated", "class", "panel", "omics", 100, 80, 60, 1), None, 0)


def test_shipped_cohorts_have_the_samples_of_their_tasks(bench):
    c = bench["class_tasks"]
    for task in c.TASKS:
        if task.cohort not in c.FETCHED:
            split = c.draw(task, None, 0)
            assert (len(split.y), len(split.y_test)) == (task.n_labeled, task.n_test)


def test_the_mean_of_balanced_hits_is_the_balanced_accuracy(bench):
    y, predicted = pd.Series([0, 0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 0, 1, 0, 2])
    hits = (y == predicted).to_numpy(float)
    assert bench["run"].balanced_hits(hits, y).mean() == pytest.approx(balanced_accuracy_score(y, predicted))


def test_models_with_pairs(bench, simulated):
    m = bench["models"]
    rows = pd.DataFrame(bench["run"].run_models(bench["class_tasks"].draw(simulated[0], None, 0), 0)).set_index("model")
    assert (rows.loc[m.ALONE, ["brier_gain", "accuracy_gain"]] == 0).all()
    assert m.FORCED not in rows.index
    assert rows.loc[m.DISTILLED, "alpha"] == pytest.approx(80 / 120)
    # The teacher in place of the default is the linear one.
    assert rows.loc[m.DISTILLED, "brier"] == rows.loc[m.LINEAR_TEACHER, "brier"]
    assert rows.loc[m.FUSED, "brier"] < rows.loc[m.ALONE, "brier"] < rows.loc[m.BASELINE, "brier"]
    assert rows.loc[m.DISTILLED, "brier_gain"] > max(0, rows.loc[m.PERMUTED, "brier_gain"])


def test_without_pairs_the_default_is_the_student_alone_and_half_a_weight_is_what_it_refuses(bench, simulated):
    m = bench["models"]
    rows = pd.DataFrame(bench["run"].run_models(bench["class_tasks"].draw(simulated[1], None, 0), 0)).set_index("model")
    assert rows.loc[m.DISTILLED, "brier"] == rows.loc[m.ALONE, "brier"]
    assert (rows.loc[[m.FORCED, m.PERMUTED, m.LINEAR_TEACHER], "alpha"] == 0.5).all()
    assert rows.loc[m.FORCED, "brier"] != rows.loc[m.ALONE, "brier"]


def test_a_permuted_teacher_has_the_same_rows_under_other_samples(bench, simulated):
    split = bench["class_tasks"].draw(simulated[0], None, 0)
    permuted = bench["models"].permute(split, 0)
    for one, other in ((split.X_teacher, permuted.X_teacher), (split.pairs[1], permuted.pairs[1])):
        assert list(one.index) == list(other.index)
        assert not np.allclose(one, other)
        np.testing.assert_array_equal(np.sort(one.iloc[:, 0]), np.sort(other.iloc[:, 0]))
    assert permuted.X is split.X


def test_a_run_continues_where_it_was_stopped(bench, simulated, monkeypatch, tmp_path):
    r, ran = bench["run"], []

    def run_models(split, seed):
        ran.append((0 if split.pairs is None else len(split.pairs[0]), seed))
        return [{"model": name, "brier": len(ran)} for name in ("student alone", "distilled")]

    monkeypatch.setattr(r, "run_models", run_models)
    monkeypatch.setattr(r, "decide", lambda *tables: {"decision": "distil"})
    r.run_classes(tmp_path, None, ["simulated"])
    assert ran == [(80, 0), (80, 1), (0, 0), (0, 1)]
    rows = pd.read_csv(tmp_path / "classes.csv")
    assert rows["brier"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    # The rows of one split are lost: it alone is run again.
    rows[rows["brier"] != 2].to_csv(tmp_path / "classes.csv", index=False)
    r.run_classes(tmp_path, None, ["simulated"])
    assert ran[4:] == [(80, 1)]
    assert pd.read_csv(tmp_path / "classes.csv")["brier"].tolist() == [1, 1, 3, 3, 4, 4, 5, 5]


def test_the_decision_is_that_of_the_selector(bench, simulated):
    m, c = bench["models"], bench["class_tasks"]
    decisions = [
        m.decide(split.X, split.X_teacher, split.y, split.pairs) for split in (c.draw(t, None, 0) for t in simulated)
    ]
    assert [decision["decision"] for decision in decisions] == ["distil", "do not distil"]
    assert decisions[0]["added_lower"] > 0.01
    assert "no unlabeled pairs" in decisions[1]["reason"]


def test_a_cohort_that_is_not_there_is_left_out_with_a_message(bench, monkeypatch, tmp_path, capsys):
    c = bench["class_tasks"]
    monkeypatch.setattr(c, "TASKS", (c.Task("nutrimouse", "diet", "gene", "lipid", 25, 5, 10, 3),))
    bench["run"].run_classes(tmp_path, None, ["nutrimouse"])
    assert capsys.readouterr().out == ("nutrimouse is left out: nutrimouse is read from the folder given as --data.\n")
    monkeypatch.setattr(bench["survival_tasks"], "AVAILABLE", False)
    assert list(bench["survival_tasks"].survival_cohorts(["gse1992"])) == []
    assert "SurvSet is not installed" in capsys.readouterr().out


def test_a_gene_table_is_split_without_its_outcome(bench):
    g = bench["gene_survival"]
    rng = np.random.RandomState(0)
    scales = {"num_LOW": 0.1, "num_HIGH": 9.0, "num_MID": 3.0, "num_OTHER": 1.0}
    table = pd.DataFrame({name: scale * rng.randn(30) for name, scale in scales.items()})
    table = table.assign(
        num_HOLES=np.where(table.index < 2, np.nan, 99.0 * rng.randn(30)), num_age=rng.randint(30, 80, 30)
    )
    table = table.assign(fac_grade=["1", "2", "na"] * 10, pid=0, event=rng.randint(0, 2, 30), time=rng.rand(30))
    cohort = g.split_table(table, g.Panel(("num_age", "fac_grade"), 1, 0.5))
    assert list(cohort.X) == ["num_age", "fac_grade", "num_HIGH"]
    assert list(cohort.X_teacher) == ["num_MID", "num_OTHER", "num_LOW"]
    assert cohort.X["fac_grade"].isna().sum() == 10
    assert cohort.X.drop(columns="fac_grade").notna().all(axis=None)


def fabricate(model, gain, *, seed=0, brier=0.5, n_pairs=80):
    row = {"cohort": "simulated", "label": "class", "student": "panel", "teacher": "omics"}
    row |= {"n_labeled": 40, "n_pairs": n_pairs, "seed": seed, "model": model, "alpha": 0.5, "n_test": 60}
    for score in ("accuracy", "balanced_accuracy", "log_loss", "brier"):
        row |= {score: brier, f"{score}_gain": gain, f"{score}_gain_error": 0.01}
    return row


def test_a_task_is_summarized_over_its_splits(bench):
    s, m = bench["summary"], bench["models"]
    rows = []
    for seed, gain in enumerate((0.04, 0.08)):
        rows += [fabricate(name, 0.0, seed=seed) for name in (m.ALONE, m.TEACHER)]
        rows += [fabricate(m.FUSED, 0.1, seed=seed, brier=0.4), fabricate(m.BASELINE, -0.3, seed=seed, brier=0.8)]
        rows += [fabricate(m.DISTILLED, gain, seed=seed), fabricate(m.LINEAR_TEACHER, gain, seed=seed)]
        rows += [fabricate(m.PERMUTED, -0.01, seed=seed)]
    row = s.class_row(pd.DataFrame(rows))
    # A gain of 0.06 with a standard error of 0.02, on a score of 0.5; the 95 % quantile of t with one degree: 6.314.
    assert row["gain"] == pytest.approx(12)
    assert row["gain_upper"] == pytest.approx(12 + 100 * 6.3138 * 0.02 / 0.5, abs=1e-3)
    assert row["permuted"] == pytest.approx(-2)
    assert row["brier_gain_error"] == pytest.approx(0.02)
    keys = {key: rows[0][key] for key in s.KEYS}
    added = {"added": 0.1, "added_lower": 0.0, "added_upper": 0.2}
    made = pd.DataFrame([keys | added | {"decision": name} for name in ("distil", "undecided", "distil")])
    decided = s.decisions_of(made).iloc[0]
    assert (decided["decision"], decided["n_decided"]) == ("distil", 2)
    without = pd.DataFrame([{**r, "n_pairs": 0} for r in rows] + [fabricate(m.FORCED, -0.02, seed=i) for i in (0, 1)])
    assert s.class_row(without)["gain"] == pytest.approx(-4)


@pytest.mark.parametrize(
    ("decision", "lower", "upper", "permuted", "fused", "verdict"),
    [
        ("distil", 1, 5, 0, 0.3, "distil: it helps"),
        ("distil", 1, 5, 2, 0.3, "distil: no clear gain"),
        ("distil", -1, 5, -9, 0.3, "distil: no clear gain"),
        ("distil", -5, -1, 0, 0.3, "distil: it harms"),
        ("undecided", -1, 5, 0, 0.3, "refused, rightly"),
        ("do not distil", -5, -1, 0, 0.3, "refused, rightly"),
        ("do not distil", 1, 5, 0, 0.3, "refused: a gain missed"),
        ("do not distil", 1, 5, 4, 0.3, "refused, rightly"),
        ("distil", 1, 5, 0, 0.495, "nobody predicts"),
    ],
)
def test_verdicts(bench, decision, lower, upper, permuted, fused, verdict):
    row = {"decision": decision, "gain_lower": lower, "gain_upper": upper, "permuted": permuted}
    row |= {"majority_brier": 0.5, "student alone_brier": 0.495, "teacher_brier": 0.6, "fused_brier": fused}
    assert bench["summary"].make_verdict(pd.Series(row)) == verdict


def test_the_stored_tables_are_those_of_the_stored_rows(bench):
    s = bench["summary"]
    table = s.load_results()
    stored = pd.read_csv(s.RESULTS / "cohorts.csv")
    pd.testing.assert_frame_equal(stored, table, rtol=1e-3, atol=1e-3, check_dtype=False)
    pd.testing.assert_frame_equal(pd.read_csv(s.RESULTS / "table.csv"), s.page_table(table), check_dtype=False)


def test_the_stored_table_of_transfer_is_that_of_its_rows(bench):
    t = bench["transfer"]
    stored = pd.read_csv(t.RESULTS.with_name("transfer_table.csv"), dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(stored, t.page_table(pd.read_csv(t.RESULTS)), check_dtype=False)


def test_geodesic_distances_follow_the_path(bench):
    angle = np.linspace(0, 3, 12)
    X = np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)])
    distances = bench["transfer"].geodesic_distances(X, n_neighbors=2)
    assert distances[0, -1] == distances.max() == 1
    np.testing.assert_allclose(distances, distances.T)


def test_a_copy_with_errors_is_transferred_to_its_classes(bench):
    t = bench["transfer"]
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], [30, 18, 12])
    X = np.array([[5.0, 0, 0, 1], [0, 5, 0, -1], [0, 2, 6, 0]])[y] + 0.4 * rng.randn(60, 4)
    found = t.transfer_by_gromov(X, X + 0.05 * rng.randn(60, 4), y, n_neighbors=15)
    assert found["accuracy"] > 0.9
    assert 0.9 < found["mass"] <= 1
    assert found["partner"] < 0.3


def test_ranks_and_mass(bench):
    t = bench["transfer"]
    assert t.rank_of_partner(np.array([[0.0, 1, 2], [1, 5, 2], [3, 2, 1]])) == pytest.approx(2 / 9)
    scores = t.score_labels(np.array([[0.8, 0.2], [0.6, 0.4]]), np.array(["a", "b"]), np.array(["a", "b"]))
    assert (scores["accuracy"], scores["mass"]) == (0.5, pytest.approx(0.6))
