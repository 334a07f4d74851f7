"""Cross-validation of candidate trainings, against a plain loop."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import NetworkClassifier, PairedDistiller, PairedDistillerRegressor, UnpairedDistiller
from skcmkd._distillation._select import ValidationScores, cross_validate_trainings, without_refit
from skcmkd._distillation._targets import ClassificationTarget, RegressionTarget
from skcmkd._model_selection._standard_errors import standard_error_of_mean
from skcmkd.networks import _fit

C = (0.01, 1.0, 100.0)


@pytest.fixture
def table():
    rng = np.random.RandomState(0)
    y = rng.permutation(np.arange(60) % 3)
    return rng.normal(size=(60, 4)) + y[:, None], y, np.arange(60) % 4


class Training:
    """Fits a student with one value of a parameter to the rows outside a fold."""

    def __init__(self, X, y, rows, **params):
        self.X, self.y, self.rows, self.params = X, y, rows, params

    def __call__(self, student):
        return student.set_params(**self.params).fit(self.X[self.rows], self.y[self.rows])


def validate(table, student=None, target=None, candidates=C, val_folds=(0, 2), parameter="C", n_jobs=None, **settings):
    X, y, fold_ids = table
    return cross_validate_trainings(
        LogisticRegression() if student is None else student,
        candidates,
        lambda fold: [Training(X, y, fold_ids != fold, **{parameter: value}) for value in candidates],
        X,
        y,
        fold_ids,
        val_folds,
        ClassificationTarget(np.unique(y)) if target is None else target,
        description="",
        n_jobs=n_jobs,
        verbose=False,
        **settings,
    )


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_scores_are_those_of_a_plain_loop(table, n_jobs):
    X, y, fold_ids = table
    usable = np.arange(60) % 5 > 0
    weight, groups = np.random.RandomState(1).uniform(size=60), np.arange(60) // 3
    scores = validate(table, usable=usable, sample_weight=weight, groups=groups, n_jobs=n_jobs)
    rows = np.flatnonzero(usable & np.isin(fold_ids, [0, 2]))
    losses = np.empty((len(rows), len(C)))
    for column, value in enumerate(C):
        for i, row in enumerate(rows):
            train = fold_ids != fold_ids[row]
            proba = LogisticRegression(C=value).fit(X[train], y[train]).predict_proba(X[[row]])[0]
            losses[i, column] = ((proba - np.eye(3)[y[row]]) ** 2).sum() * weight[row] / weight[rows].mean()
    np.testing.assert_array_equal(scores.rows, rows)
    np.testing.assert_array_equal(scores.y, y[rows])
    np.testing.assert_allclose(scores.losses, losses)
    scores_table = scores.table()
    assert list(scores_table.columns) == ["brier", "difference", "standard_error"]
    np.testing.assert_allclose(scores_table["brier"], losses.mean(axis=0))
    np.testing.assert_allclose(scores_table["difference"], losses.mean(axis=0) - losses[:, 0].mean(), atol=1e-12)
    expected = [standard_error_of_mean(column - losses[:, 0], groups[rows]) for column in losses.T]
    np.testing.assert_allclose(scores_table["standard_error"], expected)
    assert scores_table.loc[0, "difference"] == scores_table.loc[0, "standard_error"] == 0


def test_continuous_targets_are_validated_by_squared_error(table):
    X, _, fold_ids = table
    y = X[:, 0] + np.random.RandomState(1).normal(size=60)
    scores = validate((X, y, fold_ids), Ridge(), RegressionTarget(1), parameter="alpha")
    error = np.empty(60)
    for fold in (0, 2):
        train, test = fold_ids != fold, fold_ids == fold
        error[test] = (Ridge(C[1]).fit(X[train], y[train]).predict(X[test]) - y[test]) ** 2
    np.testing.assert_allclose(scores.losses[:, 1], error[scores.rows])
    assert scores.in_training.all()
    assert list(scores.table().columns) == ["squared_error", "difference", "standard_error"]


def make_scores(losses, groups=None):
    """Scores of a continuous target whose squared errors are the given losses."""
    predictions = np.sqrt(np.asarray(losses, dtype=float)).T[:, :, None]
    n_candidates, n_rows, _ = predictions.shape
    return ValidationScores(
        tuple(range(n_candidates)),
        RegressionTarget(1),
        np.arange(n_rows),
        np.zeros(n_rows),
        predictions,
        np.ones(n_rows, dtype=bool),
        None,
        groups,
        [[] for _ in range(n_candidates)],
    )


def test_best_by_the_least_mean_and_by_the_standard_error():
    noise = np.random.RandomState(0).uniform(0.5, 1.5, size=40)
    slight = make_scores(np.column_stack([noise, noise - 0.01 + 0.3 * (np.arange(40) % 2 - 0.5)]))
    assert slight.best("min") == 1
    assert slight.best("one_standard_error") == 0
    clear = make_scores(np.column_stack([noise, noise - 0.3]))
    assert clear.best("min") == clear.best("one_standard_error") == 1
    worse = make_scores(np.column_stack([noise, noise + 0.3]))
    assert worse.best("min") == worse.best("one_standard_error") == 0


def test_scores_of_folds_joined_are_those_of_all_folds(table):
    groups, weight = np.arange(60) // 2, np.linspace(1, 2, 60)
    options = {"groups": groups, "sample_weight": weight, "measure": lambda model, rows, prediction: len(rows)}
    together = validate(table, val_folds=(0, 1, 3), **options)
    joined = validate(table, val_folds=(3,), **options).join(validate(table, val_folds=(0, 1), **options))
    for name in ("rows", "y", "predictions", "in_training", "groups", "sample_weight"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(together, name))
    assert joined.metrics == [[15, 15, 15]] * 3


@pytest.mark.parametrize(
    ("differences", "settled"),
    [
        ((-0.15, 0.05), True),
        ((-0.15, -0.05), True),
        ((-0.05, 0.15), False),
        ((0.15, 0.11), True),
        ((0.15, 0.05), False),
        ((0.0, 0.0), False),
    ],
)
def test_the_first_candidate_is_settled_by_a_standard_error(differences, settled):
    """Worse than the best, or better than all; the standard error of each difference is 0.1."""
    noise = np.random.RandomState(0).normal(size=25)
    noise = 0.5 * (noise - noise.mean()) / noise.std(ddof=1)
    first = np.random.RandomState(1).uniform(1, 2, size=25)
    scores = make_scores(np.column_stack([first, *(first + difference + noise for difference in differences)]))
    assert scores.settles_first() == settled


def test_the_standard_error_counts_groups():
    """Four copies of each row are no more evidence than one."""
    rng = np.random.RandomState(0)
    first = rng.uniform(1, 2, size=12)
    second = first - 0.1 + 0.4 * (np.arange(12) % 2 - 0.5)
    losses = np.repeat(np.column_stack([first, second]), 4, axis=0)
    groups = np.repeat(np.arange(12), 4)
    assert make_scores(losses).best("one_standard_error") == 1
    ungrouped, grouped = (make_scores(losses, g).table()["standard_error"][1] for g in (None, groups))
    assert grouped > 1.8 * ungrouped


def test_a_class_absent_from_the_training_rows_has_a_small_probability_and_is_marked(table):
    X, y, fold_ids = table
    y = np.where(np.isin(np.arange(60), [4, 8]), 3, y)
    scores = validate((X, y, fold_ids), candidates=(1.0,))
    rare = np.isin(scores.rows, [4, 8])
    np.testing.assert_array_equal(scores.in_training, ~rare)
    assert scores.predictions.shape == (1, 30, 4)
    np.testing.assert_allclose(scores.predictions.sum(axis=2), 1)
    in_first = fold_ids[scores.rows] == 0
    np.testing.assert_allclose(scores.predictions[0, in_first, 3], 1 / 46)
    assert np.isfinite(scores.losses).all()


def test_folds_without_usable_rows_and_metrics(table):
    X, _, fold_ids = table

    def measure(student, rows, prediction):
        np.testing.assert_allclose(prediction, student.predict_proba(X[rows]))
        return student.score(X[rows], table[1][rows]), len(rows)

    scores = validate(table, usable=fold_ids != 0, measure=measure)
    assert (fold_ids[scores.rows] == 2).all()
    for index, value in enumerate(C):
        empty, (accuracy, n_rows) = scores.metrics[index]
        assert empty is None
        student = LogisticRegression(C=value).fit(X[fold_ids != 2], table[1][fold_ids != 2])
        assert (accuracy, n_rows) == (student.score(X[fold_ids == 2], table[1][fold_ids == 2]), 15)


class NoRefitNetwork(NetworkClassifier):
    """A network without the parameter."""

    def __init__(self, max_epochs=3):
        super().__init__(max_epochs=max_epochs)


def test_networks_are_validated_without_their_refit(table):
    network = NetworkClassifier((8,), max_epochs=20, patience=3, linear_weight=0.0, random_state=0)
    for student, prefix in ((network, ""), (make_pipeline(StandardScaler(), network), "networkclassifier__")):
        losses = []
        for refit in (True, False):
            one = clone(student).set_params(**{f"{prefix}refit": refit})
            losses.append(validate(table, one, candidates=(0.0, 0.3), parameter=f"{prefix}dropout").losses)
            assert one.get_params()[f"{prefix}refit"] == refit
        np.testing.assert_array_equal(losses[0], losses[1])
    assert isinstance(without_refit(NoRefitNetwork()), NoRefitNetwork)
    # The refit of a search is another parameter: without it there is no model to predict with.
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]})
    assert without_refit(search).refit


@pytest.mark.parametrize("distiller", [PairedDistiller, UnpairedDistiller])
def test_distillers_refit_the_student_on_all_rows_alone(table, distiller, monkeypatch):
    """One rule for both: every network in validation is fitted without ``refit``, the last one with it."""
    X, y, _ = table
    fits = []
    train = _fit.train_with_early_stopping

    def spy(network, build_module, row_loss, X, *args):
        fits.append((network.refit, len(X)))
        return train(network, build_module, row_loss, X, *args)

    monkeypatch.setattr(_fit, "train_with_early_stopping", spy)
    network = NetworkClassifier((4,), max_epochs=2, linear_weight=0.0)
    teacher = {"X_teacher": X[:, ::-1]} if distiller is PairedDistiller else {"teacher_data": (X[:50, :3], y[:50])}
    model = distiller(network, LogisticRegression(), cv=3, random_state=0)
    if distiller is PairedDistiller:
        model.set_params(teacher_weights="equal")
    model.fit(X, y, **teacher)
    assert len(fits) > 3
    assert fits[-1] == (True, 60)
    assert all(refit == (n_rows == 60) for refit, n_rows in fits)


def test_score_tables_of_all_distillers_have_the_same_columns(table):
    X, y, _ = table
    paired = PairedDistiller(LogisticRegression(), LogisticRegression(), teacher_weights="equal", cv=3)
    paired.fit(X, y, X_teacher=X[:, ::-1])
    assert list(paired.alpha_scores_.columns) == ["brier", "difference", "standard_error"]
    continuous = PairedDistillerRegressor(Ridge(), Ridge(), teacher_weights="equal", cv=3)
    continuous.fit(X[:, :3], X[:, 3], X_teacher=X[:, :2])
    assert list(continuous.alpha_scores_.columns) == ["squared_error", "difference", "standard_error"]
    unpaired = UnpairedDistiller(LogisticRegression(), LogisticRegression(), cv=3)
    unpaired.fit(X, y, teacher_data=(X[:50, :3], y[:50]), unlabeled=(X[:30],))
    assert list(unpaired.candidate_scores_.columns[-3:]) == list(paired.alpha_scores_.columns)
    for scores in (paired.alpha_scores_, continuous.alpha_scores_, unpaired.candidate_scores_):
        assert len(scores) > 1
        assert scores["difference"].iloc[0] == scores["standard_error"].iloc[0] == 0
