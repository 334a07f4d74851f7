"""The benchmark of paired distillation: its cells, methods and tables, and a grid that continues where it stopped."""

from argparse import Namespace
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, norm
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .scripts import modules_of

FOLDER = Path(__file__).parents[2] / "benchmarks" / "paired"
MODULES = ("truth", "cells", "learners", "coupled", "baselines", "peer", "methods", "tables", "page", "run")
SHARED = ("shared.summaries", "shared.storage")


@pytest.fixture(scope="module")
def bench():
    with modules_of(FOLDER, (*MODULES, *SHARED)) as modules:
        yield modules


def groups_of(samples):
    """The index labels of labeled, unlabeled and test samples."""
    unlabeled = set() if samples.unlabeled_pairs is None else set(samples.unlabeled_pairs[0].index)
    return set(samples.X.index), unlabeled, set(samples.X_test.index)


@pytest.mark.parametrize(
    ("family", "student", "teacher"),
    [
        ("digits", "zernike", "pixels"),
        ("carcinoma C1A.C1B", "cnv", "rna"),
        ("simulated", "weak", "strong"),
        ("simulated, continuous", "weak", "fair"),
        ("diabetes", "serum", "bedside"),
    ],
)
def test_settings_share_their_test_samples_and_are_nested(bench, family, student, teacher):
    c = bench["cells"]
    sizes = c.FAMILIES[family].sizes
    splits = [c.split_samples(c.Cell(family, student, teacher, *size, 3)) for size in sizes]
    for samples, (n_labeled, n_unlabeled) in zip(splits, sizes, strict=True):
        labeled, unlabeled, test = groups_of(samples)
        assert (len(labeled), len(unlabeled)) == (n_labeled, n_unlabeled)
        assert not labeled & unlabeled
        assert not labeled & test
        assert not unlabeled & test
        assert test == groups_of(splits[0])[2]
        assert list(samples.X.index) == list(samples.X_teacher.index) == list(samples.y.index)
        assert list(samples.X.index[: len(splits[0].X)]) == list(splits[0].X.index)
        if n_unlabeled:
            assert list(samples.unlabeled_pairs[0].index) == list(samples.unlabeled_pairs[1].index)
    other = c.split_samples(c.Cell(family, student, teacher, *sizes[0], 4))
    assert list(other.X.index) != list(splits[0].X.index) or not np.allclose(other.X, splits[0].X)


def test_there_is_a_cell_for_every_ordered_pair_and_setting(bench):
    c = bench["cells"]
    cells = list(c.all_cells("digits", 0))
    assert len({tuple(cell.key.values()) for cell in cells}) == len(cells) == 30 * 4
    assert {cell.n_labeled + cell.n_unlabeled for cell in cells} == {100, 300, 1000}


def test_too_few_samples_are_an_error(bench):
    c = bench["cells"]
    with pytest.raises(ValueError, match="76 complete samples, too few"):
        c.split_samples(c.Cell("carcinoma C1A.C1B", "cnv", "rna", 40, 40, 0))


def test_the_truth_of_the_simulated_classes_is_the_exact_posterior(bench):
    c = bench["cells"]
    samples = c.split_samples(c.Cell("simulated", "fair", "strong", 100, 0, 0))
    t = np.array([-1, 0, 1]) / np.sqrt(2 / 3)
    specific = c.SIMULATED["specific_signal"]["fair"]
    mean = np.zeros(26)
    mean[:3], mean[3:6] = 1 / np.sqrt(3), specific / np.sqrt(3)
    variance = np.array([1.25] * 3 + [1.0] * 23)
    density = np.column_stack([multivariate_normal(mean * value, np.diag(variance)).pdf(samples.X_test) for value in t])
    posterior = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(samples.truth.predict_proba(samples.X_test), posterior, atol=1e-9)
    # The expected loss of the truth is H(Y) - I(X; Y).
    loss = bench["run"].score(samples.truth, samples.X_test, samples.y_test, c.CLASSES)["log_loss"]
    mi = c.make_gaussian_modalities(10, n_classes=3, **c.SIMULATED).label_information["fair"]
    assert loss.mean() == pytest.approx(np.log(3) - mi, abs=4 * loss.std() / np.sqrt(len(loss)))


def test_the_truth_of_the_simulated_continuous_target_is_its_mean(bench):
    c = bench["cells"]
    samples = c.split_samples(c.Cell("simulated, continuous", "fair", "strong", 60, 0, 0))
    row = samples.X_test.iloc[:1]
    grid = np.linspace(-8, 8, 4001)
    loadings, deviation = samples.truth.loadings, np.sqrt(samples.truth.variances)
    density = norm.logpdf(row.to_numpy(), np.outer(grid, loadings), deviation).sum(axis=1) + norm.logpdf(grid)
    weight = np.exp(density - density.max())
    assert samples.truth.predict(row)[0] == pytest.approx(weight @ grid / weight.sum(), abs=1e-6)


@pytest.fixture
def tiny(bench, monkeypatch):
    """Cells of few samples, and networks that are trained for two epochs."""
    c = bench["cells"]
    families = {
        name: replace(c.FAMILIES[name], sizes=((30, 0), (30, 12)), n_test=60)
        for name in ("simulated", "simulated, continuous")
    }
    monkeypatch.setattr(c, "FAMILIES", families)
    monkeypatch.setitem(c.N_SIMULATED, "n_test", 60)
    monkeypatch.setitem(c.N_SIMULATED, "n_training", 60)
    monkeypatch.setattr(bench["run"], "_recalled", {})
    for name in ("NetworkClassifier", "NetworkRegressor", "CachedNetworkClassifier", "CachedNetworkRegressor"):
        network = getattr(bench["learners"], name)
        short = partial(network, (8,), max_epochs=2, linear_weight=0)
        monkeypatch.setattr(bench["learners"], name, short)
    for name in bench["learners"].TREES:
        monkeypatch.setitem(bench["learners"].TREES, name, make_small_tree)
    return c


def make_small_tree(label, seed):
    """A tree of classes or of a continuous target."""
    tree = DecisionTreeClassifier if label == "classes" else DecisionTreeRegressor
    return tree(max_depth=3, random_state=seed)


@pytest.mark.filterwarnings("ignore:Maximum number of iterations was reached before early stopping")
@pytest.mark.parametrize(
    ("family", "n_unlabeled"), [("simulated", 12), ("simulated", 0), ("simulated, continuous", 12)]
)
def test_every_method_runs(bench, tiny, family, n_unlabeled):
    cell = tiny.Cell(family, "weak", "strong", 30, n_unlabeled, 0)
    names = [name for name in bench["methods"].METHODS if bench["methods"].suits(name, cell)]
    rows = bench["run"].run_cell(cell, None, names).set_index("method")
    assert list(rows.index) == names
    assert rows["failure"].eq("").all()
    score = "accuracy" if family == "simulated" else "r2"
    assert np.isfinite(rows[[score, f"{score}_gain", f"{score}_gain_error", "seconds"]].to_numpy()).all()
    for name in ("alone", "linear: alone"):
        assert rows.loc[name, f"{score}_gain"] == 0
    # A cell that is run for one method alone compares it with the same student.
    again = bench["run"].run_cell(cell, None, ["linear: stacking"]).iloc[0]
    assert again[f"{score}_gain"] == rows.loc["linear: stacking", f"{score}_gain"]


def test_a_method_without_a_teacher_is_fitted_once_for_all_teachers(bench, tiny, monkeypatch):
    m, fitted = bench["methods"], []

    def fit(samples, seed, learner):
        fitted.append(samples.teacher)
        return m.fit_alone(samples, seed, learner)

    for name in ("alone", "stacking"):
        monkeypatch.setitem(m.METHODS, name, replace(m.METHODS[name], fit=fit))
    cells = [tiny.Cell("simulated", "weak", teacher, 30, 0, 0) for teacher in ("fair", "strong")]
    one, other = (bench["run"].run_cell(cell, None, ["alone", "stacking"]) for cell in cells)
    assert fitted == ["fair", "fair", "strong"]
    assert one["accuracy"].tolist() == other["accuracy"].tolist()
    assert (one["teacher_score"] != other["teacher_score"]).all()


def test_a_failure_is_kept(bench, tiny, monkeypatch):
    def fail(samples, seed, learner):
        raise ValueError("no convergence")

    m = bench["methods"]
    monkeypatch.setitem(m.METHODS, "stacking", m.Method(fail))
    rows = bench["run"].run_cell(tiny.Cell("simulated", "weak", "strong", 30, 0, 0), None, ["alone", "stacking"])
    assert rows["failure"].tolist() == ["", "no convergence"]
    assert rows["accuracy"].isna().tolist() == [False, True]


def test_a_cached_teacher_costs_nothing_and_reports_its_cost(bench):
    from shared.cached_networks import CachedNetworkClassifier, teacher_seconds, uncached_seconds

    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    seconds = [teacher_seconds()]
    networks = []
    for _ in range(2):
        begin = uncached_seconds()
        networks.append(CachedNetworkClassifier((8,), max_epochs=3, random_state=0).fit(X, y))
        seconds.append(teacher_seconds())
        assert uncached_seconds() - begin < seconds[1] - seconds[0] + 0.05
    assert seconds[2] - seconds[1] == pytest.approx(seconds[1] - seconds[0])
    assert networks[0].net_ is networks[1].net_


def test_the_stack_is_that_of_scikit_learn(bench):
    """With a teacher that is present in predict, too, both combine the same predictions of held-out rows."""
    from sklearn.ensemble import StackingClassifier
    from sklearn.linear_model import LogisticRegression

    c, r = bench["cells"], bench["baselines"]
    samples = c.split_samples(c.Cell("simulated", "fair", "strong", 100, 0, 0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(r, "fit_imputed_teacher", lambda part, seed, learner: LogisticRegression().fit(part.X, part.y))
        patch.setattr(r, "make_student", lambda samples, learner, seed: LogisticRegression(C=0.1))
        stack = r.fit_stack(samples, 0, "linear")
    reference = StackingClassifier([("a", LogisticRegression(C=0.1)), ("b", LogisticRegression())], cv=5)
    reference.fit(samples.X, samples.y)
    np.testing.assert_allclose(stack.predict_proba(samples.X_test), reference.predict_proba(samples.X_test), atol=1e-8)


def test_coupled_least_squares_are_the_minimum_of_the_objective(bench):
    rng = np.random.RandomState(0)
    X, Z, y = rng.normal(size=(30, 2)), rng.normal(size=(30, 3)), rng.normal(size=12)
    coef, intercept = bench["coupled"].coupled_least_squares(X, Z, y, 2.0, 0.7, weight=1.5)

    def objective(parameters):
        w, b, v, c = parameters[:2], parameters[2], parameters[3:6], parameters[6]
        f, g = X @ w + b, Z @ v + c
        pairs = ((g - f) ** 2).sum() + 2.0 * w @ w
        return ((y - g[:12]) ** 2).sum() + 0.7 * v @ v + 1.5 * 12 / 30 * pairs

    found = minimize(objective, np.zeros(7), tol=1e-12).x
    np.testing.assert_allclose(np.r_[coef, intercept], found[:3], atol=1e-5)


def test_coupled_training_of_classes_alternates(bench):
    """Two rounds by hand, each fit to rows that are repeated for every class."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.RandomState(0)
    y = np.arange(20) % 3
    Z = rng.normal(size=(50, 4))
    Z[:20, 0] += y
    X, labels = Z[:, :2], np.eye(3)[y]

    def fit(table, targets, C):
        rows, classes = np.nonzero(targets)
        return LogisticRegression(C=C, tol=1e-8, max_iter=2000).fit(table[rows], classes, targets[rows, classes])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench["coupled"], "ROUNDS", 2)
        found = bench["coupled"].alternate(X, Z, y, np.arange(3), 0.5, 0.2)
    rich = fit(Z[:20], labels, 0.2)
    student = fit(X, rich.predict_proba(Z), 0.5)
    drawn_to_student = 20 / 50 * student.predict_proba(X)
    rich = fit(Z, np.r_[labels, np.zeros((30, 3))] + drawn_to_student, 0.2)
    student = fit(X, rich.predict_proba(Z), 0.5)
    np.testing.assert_allclose(found.predict_proba(X), student.predict_proba(X), atol=5e-3)


def test_the_peers_loss_is_ours_on_labeled_rows(bench):
    pytest.importorskip("torchdistill", reason="torchdistill is optional")
    from skcmkd._losses._soft_targets import soft_target_divergence
    from skcmkd.networks._losses import cross_entropy

    p = bench["peer"]
    generator = torch.Generator().manual_seed(0)
    logits, teacher = (torch.randn(7, 3, generator=generator) for _ in range(2))
    labels, labeled = torch.arange(7) % 3, torch.arange(7) < 5
    ours = p.ALPHA * cross_entropy(logits, labels) * labeled
    ours = ours + (1 - p.ALPHA) * soft_target_divergence(logits, teacher.softmax(dim=1), p.TEMPERATURE)
    torch.testing.assert_close(p.PeerLoss()(logits, labels, labeled, teacher), ours.mean())


def fabricate(method, gain, *, seed=0, student="zernike", teacher_score=0.9, n_unlabeled=900, learner="network"):
    """A row of results whose student alone has accuracy 0.7 and whose standard error is 0.01."""
    row = {"family": "digits", "student": student, "teacher": "pixels", "n_labeled": 100, "n_unlabeled": n_unlabeled}
    row |= {"seed": seed, "learner": learner, "method": method, "alpha": 0.5 if gain else 0.0, "seconds": 1.0}
    row |= {"teacher_seconds": 2.0, "n_test": 1000, "teacher_score": teacher_score, "failure": np.nan}
    for score in ("accuracy", "log_loss", "brier"):
        row |= {score: 0.7 + gain, f"{score}_gain": gain, f"{score}_gain_error": 0.01}
    return row


@pytest.fixture
def results(bench, tmp_path):
    """Two students, two seeds: one teacher is the better one, the other the worse."""
    rows = []
    for seed in (0, 1):
        good, bad = {"seed": seed}, {"seed": seed, "student": "fourier", "teacher_score": 0.5}
        for method, gain, loss in (
            ("alone", 0, 0),
            ("auto", 0.08, -0.02 * seed),
            ("alpha 0.25", 0.04, -0.01),
            ("alpha 0.5", 0.07, -0.03),
            ("alpha 0.75", 0.10, -0.05),
            ("alpha 0.9", 0.09, -0.10),
            ("self-training, soft targets", 0.01, 0.01),
            ("self-training, confident", 0.02, -0.01),
            ("imputed teacher", 0.085, -0.2),
        ):
            rows += [fabricate(method, gain, **good), fabricate(method, loss, **bad)]
    bench["shared.storage"].write_table(pd.DataFrame(rows), tmp_path / "digits.csv.gz")
    return tmp_path


def test_tables_count_the_rows(bench, results):
    t = bench["tables"]
    cells = t.load_cells(results)
    harm = t.harm(cells).set_index("family")
    # Of four cells of the automatic weight one is worse by two standard errors; one stays with the student alone.
    assert harm.loc["all", "cells"] == 4
    assert harm.loc["digits", "accuracy, share worse"] == 0.25
    assert harm.loc["all", "share distilled"] == 0.75
    comparison = t.against_fixed(cells).iloc[0]
    # Mean gains of the fixed weights: 0.015, 0.02, 0.025, -0.005; of the automatic one 0.035.
    assert comparison["best fixed"] == "alpha 0.75"
    assert comparison["its gain"] == pytest.approx(0.025)
    assert comparison["auto less fixed"] == pytest.approx(0.01)
    proof = t.proof(cells)
    assert proof["student"].tolist() == ["zernike"]
    # Imputing the teacher's modality, at 0.785, lies between the automatic weight and the best fixed one.
    assert not proof["auto beats"].item()
    assert proof["fixed beats"].item()
    gains = t.gains(cells).set_index("method")
    assert (gains.loc["auto", "accuracy wins"], gains.loc["auto", "accuracy losses"]) == (2, 1)
    assert gains.loc["auto", "accuracy gain"] == pytest.approx(0.035)
    assert gains.loc["auto", "teacher_seconds"] == 2


def test_the_pages_tables_hold_the_gains(bench, results, capsys):
    bench["tables"].main(results)
    assert "auto beats every baseline in 0 of 1 pairs" in capsys.readouterr().out
    bench["page"].main(results)
    networks = pd.read_csv(results / "networks.csv").set_index("method")
    row = networks.loc["auto"]
    assert (row["table"], row["labels"], row["pairs"], row["models"]) == ("digits", 100, 900, "network")
    assert (row["runs"], row["splits"], row["runs, better teacher"]) == (4, 2, 2)
    assert row[["gain", "better teacher", "other teacher"]].tolist() == pytest.approx([0.035, 0.08, -0.01])
    assert (row["won"], row["level"], row["lost"], row["a point worse"]) == (2, 1, 1, 0.25)
    # Rows of other methods and of other learners are in other tables.
    assert "self-training, confident" not in networks.index
    assert pd.read_csv(results / "objectives.csv")["method"].tolist() == ["alpha 0.5"]


def test_methods_are_compared_in_splits_that_all_of_them_have(bench):
    page = bench["page"]
    rows = [fabricate(name, 0.1, seed=seed, student=s) for name in "ab" for seed in (0, 1) for s in ("x", "y")]
    rows.append(fabricate("a", 0.9, seed=2, student="x"))
    everywhere = page.whole_splits(pd.DataFrame(rows))
    assert sorted(everywhere["seed"].unique()) == [0, 1]
    # Without one run of b in the second split its other run is common, and the split is not whole.
    table = pd.DataFrame(rows[:-2] + rows[-1:])
    assert len(page.common_runs(table)) == 6
    assert page.whole_splits(table)["seed"].unique().tolist() == [0]


def test_a_rival_is_beside_the_default_in_the_same_runs(bench):
    learner = {"learner": "linear, linear teacher"}
    runs = [("default", 0.02, 0), ("default", 0.08, 1), ("coupled training", 0.01, 1), ("default, one round", 0.03, 2)]
    rows = pd.DataFrame([fabricate(name, gain, seed=seed, **learner) for name, gain, seed in runs])
    table = bench["page"].of_rivals(rows.assign(advantage=0.2))
    assert table["rival"].tolist() == ["coupled training"]
    row = table.iloc[0]
    assert (row["runs"], row["gain"], row["default, gain"], row["models"]) == (1, 0.01, 0.08, "linear")


def test_no_fixed_weight_is_better_than_none(bench, results):
    cells = bench["tables"].load_cells(results)
    comparison = bench["tables"].against_fixed(cells[cells["student"] == "fourier"]).iloc[0]
    assert comparison["best fixed"] == "alone"
    assert comparison["auto less fixed"] == pytest.approx(-0.01)


def test_repeated_rows_are_an_error(bench, results):
    cells = pd.read_csv(results / "digits.csv.gz")
    cells.to_csv(results / "again.csv.gz", index=False)
    with pytest.raises(ValueError, match="rows of the results are there twice"):
        bench["tables"].load_cells(results)


def test_the_grid_continues_where_it_was_stopped(bench, tmp_path):
    grid = replace(bench["run"].GRID, results=tmp_path / "results")
    options = Namespace(
        seeds=1,
        only=["digits"],
        methods=["alone", "auto", "self-training, confident"],
        where=[("student", "zernike"), ("teacher", "pixels"), ("n_labeled", "100")],
        breast_tcga=None,
    )
    first, second = (names for _, _, names in grid.todo(options))
    # Without unlabeled rows there is nothing to train on confident predictions of.
    assert (first, second) == (["alone", "auto"], ["alone", "auto", "self-training, confident"])
    grid.append(pd.DataFrame([fabricate("alone", 0), fabricate("auto", 0), fabricate("alone", 0, n_unlabeled=0)]))
    first, second = (names for _, _, names in grid.todo(options))
    assert (first, second) == (["auto"], ["self-training, confident"])
    options.seeds = 2
    assert len(list(grid.todo(options))) == 4


def test_tables_are_stored_under_the_names_of_earlier_measurements(bench, tmp_path):
    storage, path = bench["shared.storage"], tmp_path / "table.csv"
    table = pd.DataFrame({"family": ["simulated, continuous", "digits"], "n_labeled": [60, 100]})
    storage.write_table(table, path)
    assert path.read_text().splitlines() == ["family,n_labelled", "simulated quantity,60", "digits,100"]  # stored name
    pd.testing.assert_frame_equal(storage.read_table(path), table)
    assert storage.read_table(path, ["n_labeled"]).columns.tolist() == ["n_labeled"]


def test_the_stored_tables_are_those_of_the_stored_cells(bench):
    """The names in the code give the tables beside the measurements, byte for byte."""
    tables, storage = bench["tables"], bench["shared.storage"]
    stored = storage.read_table(tables.RESULTS / "harm.csv")
    computed = tables.harm(tables.load_cells())
    pd.testing.assert_frame_equal(computed, stored, rtol=1e-3)
