import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, PredefinedSplit, StratifiedKFold, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skcmkd import NetworkClassifier, UnpairedDistiller
from skcmkd._distillation._fit_student import fit_student
from skcmkd._distillation._select import ValidationScores
from skcmkd._distillation._student_loss import StudentLoss
from skcmkd._distillation._training_data import UNLABELED, TrainingData
from skcmkd._model_selection._folds import stratified_folds
from skcmkd.unpaired._class_priors import fit_class_offsets
from skcmkd.unpaired._classifier import ALIGNMENTS

LOGISTIC = LogisticRegression()
NETWORK = NetworkClassifier((8, 4), max_epochs=4, linear_weight=0)
WITH_COHORT = sorted(set(ALIGNMENTS) - {"auto", "none", "self_training"})


class Drawn:
    """Three classes; 60 labeled and 40 unlabeled rows of 5 columns, a cohort of 80 with 7, a bridge of 20 samples."""

    def __init__(self):
        rng = np.random.RandomState(0)
        means, teacher_means = np.eye(3, 5), np.eye(3, 7)

        def draw(n, k):
            y = np.arange(n) % k
            z = rng.normal(size=(n, 1))
            X = rng.normal(size=(n, 5)) + 2.5 * means[y] + z
            return X, rng.normal(size=(n, 7)) + 3 * teacher_means[y] - z, y

        self.X, _, self.y = draw(60, 3)
        _, self.T, self.y_teacher = draw(80, 3)
        self.U, _, _ = draw(40, 3)
        self.bridge = draw(20, 3)[:2]
        self.X_test, _, self.y_test = draw(300, 3)

    @property
    def tables(self):
        return {"teacher_data": (self.T, self.y_teacher), "unlabeled": (self.U,), "bridge": self.bridge}


@pytest.fixture(scope="module")
def drawn():
    return Drawn()


def distiller(**changed):
    parameters = {"student": NETWORK, "teacher": LOGISTIC, "cv": 3, "check_alignment": False, "random_state": 0}
    return UnpairedDistiller(**{**parameters, **changed})


def proba_of(model, drawn, X=None, y=None, **changed):
    """Test probabilities of a clone fitted to the drawn data, some of it changed; a table of None is left out."""
    tables = {name: table for name, table in {**drawn.tables, **changed}.items() if table is not None}
    fitted = clone(model).fit(drawn.X if X is None else X, drawn.y if y is None else y, **tables)
    return fitted.predict_proba(drawn.X_test)


def oof_weights(T, y):
    """Factors exp(b_k) with which the out-of-fold probabilities of the teacher have the least log-loss."""
    folds = PredefinedSplit(stratified_folds(y, 2))
    return np.exp(fit_class_offsets(cross_val_predict(LOGISTIC, T, y, cv=folds, method="predict_proba"), y))


# The student alone


@pytest.mark.parametrize("student", [LOGISTIC, NETWORK, make_pipeline(StandardScaler(), NETWORK)])
@pytest.mark.parametrize("alignment", ["auto", "none", "self_training", "prototypes"])
def test_without_a_teacher_the_student_is_trained_alone(drawn, student, alignment):
    fitted = distiller(student=student, alignment=alignment, check_alignment=True).fit(drawn.X, drawn.y)
    alone = distiller(student=student).student
    alone = clone(alone).set_params(**{k: 0 for k in alone.get_params() if k.endswith("random_state")})
    alone.fit(drawn.X, drawn.y)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), alone.predict_proba(drawn.X_test))
    np.testing.assert_array_equal(fitted.predict(drawn.X_test), alone.predict(drawn.X_test))
    assert fitted.teacher_ is None
    assert not fitted.used_bridge_


def test_cohort_changes_nothing_without_an_alignment_or_soft_targets(drawn):
    alone = clone(NETWORK).set_params(random_state=0).fit(drawn.X, drawn.y).predict_proba(drawn.X_test)
    none = proba_of(distiller(alignment="none"), drawn, unlabeled=None, bridge=None)
    np.testing.assert_array_equal(none, alone)
    np.testing.assert_array_equal(proba_of(distiller(alignment="none", alpha=0), drawn), alone)
    bridge_of_nothing = (drawn.bridge[0], drawn.bridge[1] * np.nan)
    with pytest.warns(UserWarning, match="None of the 20 samples of bridge has both modalities"):
        without = proba_of(distiller(alignment="none"), drawn, bridge=bridge_of_nothing)
    np.testing.assert_array_equal(without, alone)


def test_auto_leaves_a_harmful_teacher(drawn):
    """A cohort whose classes are noise, and a bridge whose samples show the teacher the next class."""
    rng = np.random.RandomState(1)
    # Beside a linear part, prototypes of noise regularize the hidden layers and do no harm (test log-loss .27 for .31).
    network = NetworkClassifier((16, 8), max_epochs=40, learning_rate=1e-2, validation_fraction=0, linear_weight=0)
    next_class = [np.flatnonzero(drawn.y_teacher == (k + 1) % 3)[0] for k in drawn.y_test[:60]]
    for harmful in (
        {"teacher_data": (rng.normal(size=(80, 7)), drawn.y_teacher)},
        {"teacher_data": (drawn.T, drawn.y_teacher), "bridge": (drawn.X_test[:60], drawn.T[next_class])},
    ):
        fitted = distiller(student=network, alignment="auto").fit(drawn.X, drawn.y, **harmful)
        assert fitted.candidate_scores_["brier"].idxmin() == 0
        assert (fitted.best_alignment_, fitted.used_bridge_) == ("none", False)
        alone = clone(network).set_params(random_state=0).fit(drawn.X, drawn.y)
        np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), alone.predict_proba(drawn.X_test))


@pytest.mark.parametrize("student", [LOGISTIC, clone(NETWORK).set_params(random_state=0)])
def test_bridge_without_an_alignment_is_trained_on_as_unlabeled_pairs_are(drawn, student):
    """With equal class frequencies no priors are corrected: each bridge sample weighs as much as a label."""
    T, y_teacher = drawn.T[:78], drawn.y_teacher[:78]
    rows = np.concatenate([np.flatnonzero(y_teacher == k)[:20] for k in range(3)])
    cohort = (T[rows], y_teacher[rows])
    proba = LogisticRegression().fit(*cohort).predict_proba(drawn.bridge[1]) * oof_weights(*cohort)
    proba /= proba.sum(axis=1, keepdims=True)
    X, soft_targets = np.concatenate([drawn.X, drawn.bridge[0]]), np.concatenate([np.full((60, 3), np.nan), proba])
    data = TrainingData(X, np.concatenate([drawn.y, np.full(20, UNLABELED)]), soft_targets, np.arange(3))
    direct = fit_student(clone(student), data, StudentLoss(20 / 80))
    result = proba_of(
        distiller(student=student, alignment="none", soft_targets="teacher"), drawn, teacher_data=cohort, unlabeled=None
    )
    np.testing.assert_allclose(result, direct.predict_proba(drawn.X_test), atol=1e-5)


# scikit-learn's machinery


def test_clone_and_pickle(drawn):
    model = distiller(alignment="classwise", linked_columns=[(0, 0)])
    assert clone(model).get_params().keys() == model.get_params().keys()
    fitted = model.fit(drawn.X, drawn.y, **drawn.tables)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(drawn.X_test), fitted.predict_proba(drawn.X_test))


@pytest.mark.parametrize("alignment", ["prototypes", "bilevel", "none"])
def test_student_is_deployed_without_the_teachers_cohort(drawn, alignment):
    """A cohort ten times as large leaves the student's pickle as it is."""
    sizes = []
    for times in (1, 10):
        rng = np.random.RandomState(0)
        T = np.repeat(drawn.T, times, axis=0) + 0.1 * rng.normal(size=(80 * times, 7))
        cohort = (T, np.repeat(drawn.y_teacher, times))
        network = NetworkClassifier((8, 4), max_epochs=4, validation_fraction=0, linear_weight=0)
        model = distiller(alignment=alignment, student=network)
        fitted = model.fit(drawn.X, drawn.y, **{**drawn.tables, "teacher_data": cohort})
        dumped = pickle.dumps(fitted.student_)
        sizes.append(len(dumped))
        assert cohort[0].tobytes()[:64] not in dumped
        student = pickle.loads(dumped)
        np.testing.assert_array_equal(student.predict_proba(drawn.X_test), fitted.predict_proba(drawn.X_test))
    assert abs(sizes[1] - sizes[0]) < 100


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


REQUEST = {"teacher_data": True, "unlabeled": True, "bridge": True}


def test_grid_search_over_alignment_and_cost(drawn, routing):
    grid = {"alignment": ["none", "prototypes"], "cost": ["cosine", "euclidean"]}
    model = distiller().set_fit_request(**REQUEST)
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss", error_score="raise")
    search.fit(drawn.X, drawn.y, **drawn.tables)
    direct = distiller(**search.best_params_).fit(drawn.X, drawn.y, **drawn.tables)
    np.testing.assert_array_equal(search.predict_proba(drawn.X_test), direct.predict_proba(drawn.X_test))
    assert len(search.cv_results_["params"]) == 4


def test_pipeline_around_the_distiller(drawn, routing):
    pipeline = make_pipeline(StandardScaler(), distiller(alignment="none").set_fit_request(**REQUEST))
    pipeline.fit(drawn.X, drawn.y, **drawn.tables)
    scaled = StandardScaler().fit(drawn.X).transform(drawn.X)
    direct = distiller(alignment="none").fit(scaled, drawn.y, **drawn.tables)
    np.testing.assert_array_equal(pipeline[-1].predict_proba(scaled), direct.predict_proba(scaled))


class CountingTeacher(LogisticRegression):
    """Records the number of rows of each fit."""

    n_rows = None

    def fit(self, X, y):
        CountingTeacher.n_rows.append(len(X))
        return super().fit(X, y)


class CountingStudent(LogisticRegression):
    """Records the number of rows of each fit."""

    n_rows = None

    def fit(self, X, y, sample_weight=None):
        CountingStudent.n_rows.append(len(X))
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("n", [60, 80], ids=["length of X", "other length"])
def test_tuples_are_never_cut(drawn, routing, n):
    """Neither when their tables have as many rows as X."""
    rows = np.arange(n) % 60
    tables = {
        "teacher_data": (drawn.T[:n], drawn.y_teacher[:n]),
        "bridge": (drawn.X[rows], drawn.T[:n]),
    }
    CountingTeacher.n_rows, CountingStudent.n_rows = [], []
    options = {"alignment": "none", "soft_targets": "teacher"}
    model = distiller(student=CountingStudent(), teacher=CountingTeacher(), **options)
    model.set_fit_request(teacher_data=True, bridge=True)
    result = cross_validate(
        model, drawn.X, drawn.y, params=tables, cv=2, return_estimator=True, return_indices=True, error_score="raise"
    )
    # Each teacher of all rows, then those of its two halves, for the offsets of the classes.
    assert CountingTeacher.n_rows == [n, n / 2, n / 2] * 2
    # 30 labeled rows and each sample of the bridge once per class.
    assert CountingStudent.n_rows == [30 + 3 * n] * 2
    for fitted, train in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller(student=CountingStudent(), **options).fit(drawn.X[train], drawn.y[train], **tables)
        np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), direct.predict_proba(drawn.X_test))


def test_unlabeled_rows_of_the_length_of_x_are_not_cut(drawn, routing):
    tables = {"teacher_data": (drawn.T, drawn.y_teacher), "unlabeled": (drawn.X_test[:60],)}
    model = distiller(alignment="prototypes").set_fit_request(teacher_data=True, unlabeled=True)
    result = cross_validate(model, drawn.X, drawn.y, params=tables, cv=2, return_estimator=True, return_indices=True)
    for fitted, train in zip(result["estimator"], result["indices"]["train"], strict=True):
        direct = distiller(alignment="prototypes").fit(drawn.X[train], drawn.y[train], **tables)
        np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), direct.predict_proba(drawn.X_test))


@pytest.mark.parametrize(
    ("alignment", "check", "n_student", "n_teacher"),
    [("none", False, 4, 3), ("none", True, 6, 3), ("auto", False, 5, 3), ("auto", True, 6, 3)],
)
def test_number_of_fits_over_a_bridge(drawn, monkeypatch, alignment, check, n_student, n_teacher):
    """Own models of three folds, which are the student alone on these; the chosen on one fold, its control, the last.

    The teacher is fitted to its cohort and to two halves of it.
    """
    monkeypatch.setattr(ValidationScores, "settles_first", lambda scores: True)
    monkeypatch.setattr(ValidationScores, "best", lambda scores, rule: 1)
    CountingTeacher.n_rows, CountingStudent.n_rows = [], []
    model = distiller(student=CountingStudent(), teacher=CountingTeacher(), alignment=alignment, check_alignment=check)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # twenty held-out rows are too few to show that the teacher helps
        fitted = model.fit(drawn.X, drawn.y, teacher_data=(drawn.T, drawn.y_teacher), bridge=drawn.bridge)
    assert fitted.training_mode_ == "soft targets"
    assert len(CountingStudent.n_rows) == n_student
    assert len(CountingTeacher.n_rows) == n_teacher
    # Each own model on two thirds of the labels; soft targets count every bridge sample once a class.
    assert CountingStudent.n_rows[:3] == [40, 40, 40]
    assert set(CountingStudent.n_rows[3:]) <= {40 + 60, 60 + 60}


# Repetition


@pytest.mark.parametrize(
    "parameters",
    [
        {"alignment": "auto", "check_alignment": True, "teacher": NETWORK, "cv": 2},
        {"alignment": "feature"},
        {"alignment": "published", "random_state": np.random.RandomState(5)},
    ],
    ids=["auto", "feature", "published"],
)
def test_same_seed_same_bits_and_global_states_untouched(drawn, parameters):
    import torch

    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()
    model = distiller(**parameters)
    np.testing.assert_array_equal(proba_of(model, drawn), proba_of(model, drawn))
    assert torch.equal(torch.random.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])


def test_seed_changes_the_student(drawn):
    models = [distiller(alignment="feature", random_state=seed) for seed in (0, 1)]
    assert (proba_of(models[0], drawn) != proba_of(models[1], drawn)).any()


def test_number_of_processes_changes_nothing(drawn):
    model = distiller(alignment="auto", check_alignment=True, student=LOGISTIC)
    fits = [clone(model).set_params(n_jobs=n).fit(drawn.X, drawn.y, **drawn.tables) for n in (1, 2)]
    np.testing.assert_array_equal(*(fitted.predict_proba(drawn.X_test) for fitted in fits))
    pd.testing.assert_frame_equal(*(fitted.alignment_metrics_ for fitted in fits))
    pd.testing.assert_frame_equal(*(fitted.candidate_scores_ for fitted in fits))


def test_seed_reaches_parts_that_have_none(drawn):
    forest = RandomForestClassifier(5)
    fitted = distiller(student=forest, teacher=forest, alignment="none", random_state=7, representation="predict_proba")
    fitted.fit(drawn.X, drawn.y, **drawn.tables)
    assert (fitted.student_.random_state, fitted.teacher_.random_state) == (7, 7)


def test_nothing_is_printed_unless_verbose(drawn, capfd):
    distiller(alignment="auto", check_alignment=True).fit(drawn.X, drawn.y, **drawn.tables)
    assert capfd.readouterr() == ("", "")
    distiller(alignment="auto", verbose=1, student=LOGISTIC).fit(drawn.X, drawn.y, **drawn.tables)
    assert "alignment" in capfd.readouterr().err


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_failed_fit_leaves_the_earlier_fit(drawn, error):
    class Failing(LogisticRegression):
        def fit(self, X, y):
            raise error("stop")

    fitted = distiller(alignment="prototypes").fit(drawn.X, drawn.y, **drawn.tables)
    before, history = fitted.predict_proba(drawn.X_test), fitted.history_
    fitted.set_params(teacher=Failing())
    with pytest.raises(error, match="stop"):
        fitted.fit(drawn.X[:, :3], drawn.y, teacher_data=drawn.tables["teacher_data"])
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), before)
    assert fitted.n_features_in_ == 5
    assert fitted.history_ is history


# Students, teachers, alignments


@pytest.mark.parametrize("student", [NETWORK, make_pipeline(StandardScaler(), NETWORK)], ids=["network", "pipeline"])
@pytest.mark.parametrize("alignment", WITH_COHORT)
def test_every_alignment(drawn, alignment, student):
    fitted = distiller(alignment=alignment, student=student, linked_columns=[(0, 0)])
    fitted.fit(drawn.X, drawn.y, **drawn.tables)
    assert (fitted.best_alignment_, fitted.used_bridge_) == (alignment, True)
    assert np.isfinite(fitted.predict_proba(drawn.X_test)).all()
    assert len(fitted.history_) == (fitted.student_[-1] if student is not NETWORK else fitted.student_).n_iter_
    assert np.isfinite(fitted.history_[["train_alignment", "train_distillation"]]).all(axis=None)
    assert fitted.alignment_metrics_ is fitted.candidate_scores_ is None


@pytest.mark.parametrize("cost", ["cosine", "euclidean", "cityblock", "chordal"])
@pytest.mark.parametrize("reg", [0.0, 0.1])
def test_every_transport(drawn, cost, reg):
    network = NetworkClassifier((4,), max_epochs=1, linear_weight=0)
    model = distiller(alignment="classwise", cost=cost, student=network, reg=reg)
    fitted = model.fit(drawn.X, drawn.y, **drawn.tables)
    assert np.isfinite(fitted.history_["train_alignment"]).all()
    assert np.isfinite(fitted.predict_proba(drawn.X_test)).all()


@pytest.mark.parametrize("alignment", ["auto", "none", "self_training"])
@pytest.mark.parametrize("student", [LOGISTIC, RandomForestClassifier(5), make_pipeline(StandardScaler(), LOGISTIC)])
def test_students_without_a_representation(drawn, alignment, student):
    fitted = distiller(alignment=alignment, student=student, check_alignment=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it helps does not matter here
        fitted.fit(drawn.X, drawn.y, **drawn.tables)
    assert fitted.history_ is None
    assert np.isfinite(fitted.predict_proba(drawn.X_test)).all()
    assert fitted.alignment_metrics_["feature_alignment"].isna().all()
    assert np.isfinite(fitted.alignment_metrics_[["error", "log_loss", "brier", "teacher_error"]]).all(axis=None)


@pytest.mark.parametrize("alignment", ["prototypes", "joint"])
@pytest.mark.parametrize(
    ("teacher", "representation", "width"),
    [
        (make_pipeline(StandardScaler(), NETWORK), "transform", 4),
        (NetworkClassifier((16, 11), max_epochs=4, linear_weight=0), "auto", 11),
        (LOGISTIC, "decision_function", 3),
        (LOGISTIC, "predict_proba", 2),
        (RandomForestClassifier(10), "auto", 2),
        (make_pipeline(SimpleImputer(), LinearSVC()), "auto", 3),
    ],
)
def test_teachers_and_their_representations(drawn, alignment, teacher, representation, width):
    """Whatever the size of the teacher's features, the student's are mapped to it."""
    tables = {name: table for name, table in drawn.tables.items() if name != "bridge"}
    fitted = distiller(alignment=alignment, teacher=teacher, representation=representation)
    fitted.fit(drawn.X, drawn.y, **tables)
    assert np.isfinite(fitted.history_["train_alignment"]).all()
    assert np.isfinite(fitted.predict_proba(drawn.X_test)).all()
    method = next(m for m in ("transform", "decision_function", "predict_proba") if hasattr(fitted.teacher_, m))
    if representation != "predict_proba" and method != "predict_proba":
        assert getattr(fitted.teacher_, method)(drawn.T).shape == (80, width)


@pytest.mark.parametrize("model", [NETWORK, LOGISTIC], ids=["network", "logistic"])
def test_frozen_teacher_is_used_as_it_is(drawn, model):
    fitted = clone(model).fit(drawn.T[::2], drawn.y_teacher[::2])
    before = fitted.predict_proba(drawn.T)
    distilled = distiller(alignment="prototypes", teacher=FrozenEstimator(fitted), check_alignment=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether four epochs of alignment help does not matter here
        distilled.fit(drawn.X, drawn.y, **drawn.tables)
    np.testing.assert_array_equal(distilled.teacher_.predict_proba(drawn.T), before)
    wrong = (fitted.classes_[before.argmax(axis=1)] != drawn.y_teacher).mean()
    assert distilled.alignment_metrics_.loc["alone", "teacher_error"] == pytest.approx(wrong)


def test_unlabeled_rows_are_used_by_alignments_and_not_by_none(drawn):
    far = (drawn.U + 3,)
    models = [distiller(alignment=alignment) for alignment in WITH_COHORT if alignment != "published"]
    # "published" aligns labeled rows only.
    for model in [*models, distiller(alignment="self_training", student=LOGISTIC)]:
        assert (proba_of(model, drawn, bridge=None) != proba_of(model, drawn, bridge=None, unlabeled=far)).any()
    model = distiller(alignment="none")
    np.testing.assert_array_equal(proba_of(model, drawn), proba_of(model, drawn, unlabeled=far))


def test_linked_columns_change_the_student(drawn):
    frames = {
        "X": pd.DataFrame(drawn.X, columns=list("abcde")),
        "teacher_data": (pd.DataFrame(drawn.T, columns=list("auvwxye"[:7])), drawn.y_teacher),
    }
    fits = [
        distiller(alignment="none", linked_columns=links, student=LOGISTIC).fit(
            frames["X"], drawn.y, teacher_data=frames["teacher_data"]
        )
        for links in ("names", [("a", "a"), ("e", "e")], [(0, 0), (4, 6)], None)
    ]
    for by_pairs in fits[1:3]:
        np.testing.assert_array_equal(by_pairs.student_.coef_, fits[0].student_.coef_)
    assert fits[0].used_bridge_
    assert (fits[3].student_.coef_ != fits[0].student_.coef_).any()


# Classes


@pytest.mark.parametrize("alignment", ["none", *WITH_COHORT])
def test_classes_that_one_cohort_lacks(drawn, alignment):
    names = np.array(["a", "b", "c"])
    y, y_teacher = names[drawn.y], np.where(drawn.y_teacher == 1, "d", names[drawn.y_teacher])
    network = NetworkClassifier((16, 8), max_epochs=15, learning_rate=1e-2, validation_fraction=0, linear_weight=0)
    model = distiller(alignment=alignment, student=network, alignment_weight=0.3)
    message = r"\['b'\] are missing in the teacher's cohort and are learned from labels alone; \['d'\] are missing in y"
    with pytest.warns(UserWarning, match=message):
        model.fit(drawn.X, y, teacher_data=(drawn.T, y_teacher))
    assert model.shared_classes_.tolist() == ["a", "c"]
    assert model.classes_.tolist() == ["a", "b", "c"]
    predicted = model.predict(drawn.X_test)
    assert set(predicted) == {"a", "b", "c"}
    assert (predicted == "b")[drawn.y_test == 1].mean() > 0.2


def test_soft_targets_are_corrected_to_the_students_class_priors(drawn):
    """The soft target of a student at alpha = 1 is q_k exp(b_k) priors_k / source_priors_k, by Bayes."""
    kept = np.r_[np.flatnonzero(drawn.y == 0), np.flatnonzero(drawn.y == 1)[:5], np.flatnonzero(drawn.y == 2)[:10]]
    X, y = drawn.X[kept], drawn.y[kept]
    exact = LogisticRegression(tol=1e-10, max_iter=5000)
    fitted = distiller(alignment="none", student=exact, alpha=1.0, soft_targets="teacher")
    fitted.fit(X, y, teacher_data=(drawn.T, drawn.y_teacher), bridge=drawn.bridge)
    teacher = LogisticRegression().fit(drawn.T, drawn.y_teacher)
    proba = teacher.predict_proba(drawn.bridge[1]) * np.bincount(y) / np.bincount(drawn.y_teacher)
    proba *= oof_weights(drawn.T, drawn.y_teacher)
    proba /= proba.sum(axis=1, keepdims=True)
    direct = clone(exact).fit(np.repeat(drawn.bridge[0], 3, axis=0), np.tile([0, 1, 2], 20), proba.ravel())
    np.testing.assert_allclose(fitted.predict_proba(drawn.X_test), direct.predict_proba(drawn.X_test), atol=1e-5)


NAMES = (np.array(["ant", "bee", "cow"]), np.array([-1, 5, 70]), np.array(["x", "y", "z"], dtype=object))


@pytest.mark.parametrize("alignment", ["none", *WITH_COHORT])
def test_renaming_classes_changes_nothing(drawn, alignment):
    """All names without an alignment, and those of one kind with each: alignments see positions of classes."""
    model = distiller(alignment=alignment)
    reference = proba_of(model, drawn)
    for names in NAMES if alignment == "none" else NAMES[WITH_COHORT.index(alignment) % 3 :][:1]:
        cohort = (drawn.T, names[drawn.y_teacher])
        np.testing.assert_array_equal(proba_of(model, drawn, y=names[drawn.y], teacher_data=cohort), reference)


def test_two_classes_and_truth_values(drawn):
    y, y_teacher = drawn.y == 0, drawn.y_teacher == 0
    for alignment in ("none", *WITH_COHORT):
        model = distiller(alignment=alignment)
        result = proba_of(model, drawn, y=y, teacher_data=(drawn.T, y_teacher))
        as_numbers = proba_of(model, drawn, y=y.astype(int), teacher_data=(drawn.T, y_teacher.astype(int)))
        assert result.shape == (300, 2)
        np.testing.assert_array_equal(result, as_numbers)
    fitted = distiller(alignment="none").fit(drawn.X, y, teacher_data=(drawn.T, y_teacher))
    assert fitted.predict(drawn.X_test).dtype == bool


@pytest.mark.parametrize("alignment", sorted({"none", *WITH_COHORT} - {"published"}))
def test_order_of_rows_does_not_matter_in_full_batches(drawn, alignment):
    """But for the folds, which follow it: they move the soft targets of a product a little."""
    network = NetworkClassifier((8, 4), max_epochs=5, batch_size=500, validation_fraction=0, linear_weight=0)
    model = distiller(alignment=alignment, student=network)
    if alignment == "bilevel":
        model.set_params(inner_learning_rate=1e-3)
    reference = proba_of(model, drawn)
    rng = np.random.RandomState(3)
    rows, teacher_rows, samples = rng.permutation(60), rng.permutation(80), rng.permutation(20)
    for changed in (
        {"X": drawn.X[rows], "y": drawn.y[rows]},
        {"teacher_data": (drawn.T[teacher_rows], drawn.y_teacher[teacher_rows])},
        {"bridge": (drawn.bridge[0][samples], drawn.bridge[1][samples]), "unlabeled": (drawn.U[::-1],)},
    ):
        np.testing.assert_allclose(proba_of(model, drawn, **changed), reference, atol=2e-3)


# Degenerate data


def degenerate(name, drawn):
    X, T, y, y_teacher = drawn.X, drawn.T, drawn.y, drawn.y_teacher
    if name == "three rows a class":
        rows, teacher_rows = (np.concatenate([np.flatnonzero(c == k)[:3] for k in range(3)]) for c in (y, y_teacher))
        return X[rows], y[rows], T[teacher_rows], y_teacher[teacher_rows], 1
    if name == "a batch larger than the cohort":
        return X, y, T[:20], y_teacher[:20], 1
    if name == "duplicated rows":
        rows = np.repeat(np.arange(12), 5)
        return X[rows], y[rows], T[rows], y_teacher[rows], 1
    if name == "constant columns":
        X, T = X.copy(), T.copy()
        X[:, 2], T[:, 3] = 5.0, -1.0
        return X, y, T, y_teacher, 1
    if name == "equal rows":
        return np.ones_like(X), y, T, y_teacher, 1
    return X, y, T, y_teacher, float(name)


@pytest.mark.parametrize("alignment", ["none", *WITH_COHORT])
@pytest.mark.parametrize(
    "name",
    [
        "three rows a class",
        "a batch larger than the cohort",
        "duplicated rows",
        "constant columns",
        "equal rows",
        "1e6",
        "1e-6",
    ],
)
def test_degenerate_data(drawn, alignment, name):
    X, y, T, y_teacher, scale = degenerate(name, drawn)
    teacher = NetworkClassifier((8, 4), max_epochs=3, validation_fraction=0, linear_weight=0)
    # The linear part of a student is fitted to the same rows whatever the alignment.
    student = clone(teacher).set_params(linear_weight=0.5 if alignment == "none" else 0)
    fitted = distiller(alignment=alignment, student=student, teacher=teacher, linked_columns=[(0, 0)])
    fitted.fit(
        scale * X,
        y,
        teacher_data=(scale * T, y_teacher),
        unlabeled=(scale * drawn.U,),
        bridge=tuple(scale * table for table in drawn.bridge),
    )
    assert np.isfinite(fitted.predict_proba(scale * drawn.X_test)).all()
    losses = fitted.history_["train_loss"]
    assert np.isfinite(losses).all()
    assert losses.iloc[-1] != losses.iloc[0]


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_units_of_the_columns_do_not_matter(drawn, scale):
    """The network standardizes its columns, the distiller the teacher's features."""
    model = distiller(alignment="prototypes", teacher=NETWORK)
    reference = proba_of(model, drawn)
    fitted = clone(model).fit(
        scale * drawn.X,
        drawn.y,
        teacher_data=(scale * drawn.T, drawn.y_teacher),
        unlabeled=(scale * drawn.U,),
        bridge=tuple(scale * table for table in drawn.bridge),
    )
    np.testing.assert_allclose(fitted.predict_proba(scale * drawn.X_test), reference, atol=1e-3)


# Alignment metrics and selection


def bridge_of_a_good_teacher(drawn):
    """A bridge of 150 samples, each with a row of the teacher's cohort that has its class."""
    rng = np.random.RandomState(0)
    same_class = [rng.choice(np.flatnonzero(drawn.y_teacher == k)) for k in drawn.y_test[:150]]
    return drawn.X_test[:150], drawn.T[same_class]


@pytest.mark.parametrize("cv", [3, StratifiedKFold(3)], ids=["number", "splitter"])
def test_alignment_metrics(drawn, cv):
    """Against cross-validation of the teacher, and a student fitted to all folds but the first."""
    fitted = distiller(alignment="prototypes", check_alignment=True, cv=cv, alignment_weight=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(drawn.X, drawn.y, **drawn.tables)
    table = fitted.alignment_metrics_
    assert table.index.tolist() == ["alone", "aligned", "shuffled teacher"]
    predicted = cross_val_predict(LOGISTIC, drawn.T, drawn.y_teacher, cv=StratifiedKFold(2))
    np.testing.assert_allclose(table["teacher_error"], (predicted != drawn.y_teacher).mean())
    # A number of folds is checked on the first, a splitter on all.
    splits = list(StratifiedKFold(3).split(drawn.X, drawn.y))[: 1 if cv == 3 else 3]
    network = clone(NETWORK).set_params(random_state=0, refit=False)
    proba = np.concatenate([clone(network).fit(drawn.X[a], drawn.y[a]).predict_proba(drawn.X[b]) for a, b in splits])
    truth = np.concatenate([drawn.y[b] for _, b in splits])
    assert table.loc["alone", "error"] == pytest.approx((proba.argmax(axis=1) != truth).mean())
    assert table.loc["alone", "log_loss"] == pytest.approx(log_loss(truth, proba))
    assert np.isfinite(table).all(axis=None)
    assert fitted.candidate_scores_ is None


def test_permuted_teacher_is_worse(drawn):
    """Soft targets of other rows do not separate the classes."""
    fitted = distiller(alignment="none", student=LOGISTIC, check_alignment=True, alpha=0.8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # twenty held-out rows are too few to show that the true teacher helps
        fitted.fit(drawn.X, drawn.y, teacher_data=(drawn.T, drawn.y_teacher), bridge=bridge_of_a_good_teacher(drawn))
    losses = fitted.alignment_metrics_["log_loss"]
    assert losses["shuffled teacher"] > max(losses["alone"], losses["soft targets"]) + 0.1


def test_warning_of_a_harmful_teacher(drawn):
    """A bridge whose soft targets are wrong, and weigh more than the labels."""
    rng = np.random.RandomState(0)
    rows = rng.randint(60, size=200)
    wrong = drawn.T[[np.flatnonzero(drawn.y_teacher == (k + 1) % 3)[0] for k in drawn.y[rows]]]
    model = distiller(alignment="none", student=LOGISTIC, alpha=0.9, check_alignment=True)
    tables = {"teacher_data": (drawn.T, drawn.y_teacher), "bridge": (drawn.X[rows], wrong)}
    with pytest.warns(
        UserWarning, match="Trained with soft targets, the student is worse than alone on 20 held-out rows"
    ) as w:
        model.fit(drawn.X, drawn.y, **tables)
    assert w[0].filename == __file__
    auto = distiller(alignment="auto", student=LOGISTIC, alpha=0.9).fit(drawn.X, drawn.y, **tables)
    assert not auto.used_bridge_


def test_auto_uses_a_good_bridge(drawn):
    """Twelve labels, and 150 bridge samples of a teacher that predicts almost without error."""
    fitted = distiller(alignment="auto", student=LOGISTIC, check_alignment=True).fit(
        drawn.X[:12],
        drawn.y[:12],
        teacher_data=(drawn.T, drawn.y_teacher),
        bridge=bridge_of_a_good_teacher(drawn),
    )
    assert fitted.candidate_scores_["used_bridge"].tolist() == [False, True]
    assert fitted.used_bridge_
    alone = clone(LOGISTIC).fit(drawn.X[:12], drawn.y[:12])
    losses = [log_loss(drawn.y_test[150:], model.predict_proba(drawn.X_test[150:])) for model in (fitted, alone)]
    assert losses[0] < losses[1]


@pytest.mark.parametrize("alignment", ["none", "self_training", "auto"])
def test_nothing_is_called_aligned_where_nothing_was_aligned(drawn, alignment):
    fitted = distiller(alignment=alignment, student=LOGISTIC, check_alignment=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(drawn.X, drawn.y, **drawn.tables)
    assert "aligned" not in fitted.alignment_metrics_.index
    expected = ["alone"]
    if fitted.training_mode_ != "labels alone":
        expected += [fitted.training_mode_, "shuffled teacher"]
    assert fitted.alignment_metrics_.index.tolist() == expected
    if alignment != "auto":
        words = {"none": "soft targets", "self_training": "self_training and soft targets"}
        assert fitted.training_mode_ == words[alignment]


def test_scores_of_auto(drawn):
    distilled = distiller(alignment="auto", check_alignment=True, cv=StratifiedKFold(3))
    fitted = distilled.fit(drawn.X, drawn.y, **drawn.tables)
    scores = fitted.candidate_scores_
    assert list(scores.columns) == [
        "training_mode",
        "alignment",
        "used_bridge",
        "n_rows",
        "brier",
        "difference",
        "standard_error",
    ]
    assert (scores["n_rows"] == 60).all()
    assert list(zip(scores["alignment"], scores["used_bridge"], strict=True)) == [
        ("none", False),
        ("none", True),
        ("prototypes", True),
        ("self_training", True),
    ]
    best = scores.loc[scores["brier"].idxmin()]
    assert (fitted.best_alignment_, fitted.used_bridge_) == (best["alignment"], best["used_bridge"])
    row = "aligned" if fitted.best_alignment_ == "prototypes" else fitted.training_mode_
    np.testing.assert_allclose(fitted.alignment_metrics_.loc[row, "brier"], best["brier"])
    assert fitted.training_mode_ == best["training_mode"]
    assert scores["training_mode"].tolist() == [
        "labels alone",
        "soft targets",
        "prototypes and soft targets",
        "self_training and soft targets",
    ]
    # Networks are validated without their refit.
    alone = clone(NETWORK).set_params(random_state=0, refit=False)
    proba = cross_val_predict(alone, drawn.X, drawn.y, cv=StratifiedKFold(3), method="predict_proba")
    np.testing.assert_allclose(scores["brier"][0], ((proba - np.eye(3)[drawn.y]) ** 2).sum(axis=1).mean())


# Bad input


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"student": LOGISTIC, "alignment": "prototypes"},
            r"'prototypes' aligns a network's representation.*is a LogisticRegression. Use NetworkClassifier",
        ),
        ({"student": RandomForestClassifier(3), "alignment": "bilevel"}, "or one of the alignments 'none'"),
        (
            {"teacher": LOGISTIC, "representation": "transform"},
            "LogisticRegression has no transform.*it has decision_fu",
        ),
        ({"alignment": "sinkhorn"}, "'alignment' parameter of UnpairedDistiller must be a str among"),
        ({"cost": "l1"}, "'cost' parameter"),
        ({"alpha": 1.5}, "'alpha' parameter"),
        ({"reg": -1.0}, "'reg' parameter"),
        ({"temperature": 0.0}, "'temperature' parameter"),
        ({"linked_columns": "names"}, "found no column of the same name"),
        ({"linked_columns": [(0, 9)]}, r"does not fit teacher_data\[0\] with 7 columns"),
        ({"cv": 30, "alignment": "auto"}, "30 folds need at least 30 rows of the largest class"),
    ],
)
def test_bad_parameters(drawn, parameters, message):
    with pytest.raises(ValueError, match=message):
        distiller(**{"alignment": "prototypes", **parameters}).fit(drawn.X, drawn.y, **drawn.tables)


def test_student_that_takes_no_weights(drawn):
    class Weightless(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X))

    with pytest.raises(ValueError, match=r"The student Weightless .*fit takes no sample_weight"):
        distiller(student=Weightless(), alignment="none").fit(drawn.X, drawn.y, **drawn.tables)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"y": np.zeros(60)}, "y holds one class only, 0.0"),
        (lambda d: {"y": [None, *d.y[1:]]}, "y holds 1 missing labels"),
        (lambda d: {"y": d.y[:9]}, "one for each row of"),
        (
            lambda d: {"X": np.where(d.X > 3, np.nan, d.X)},
            r"Input X contains NaN.*student=make_pipeline\(SimpleImputer",
        ),
        (lambda d: {"X": np.where(d.X > 3, np.inf, d.X)}, "Input X contains infinity"),
        (lambda d: {"teacher_data": (d.T, np.zeros(80, dtype=int))}, r"teacher_data\[1\] holds one class only"),
        (lambda d: {"teacher_data": (d.T, d.y_teacher + 5)}, "no class in common"),
        (lambda d: {"teacher_data": [d.T, d.y_teacher]}, r"tuple \(X_teacher, y_teacher\), got a list"),
        (lambda d: {"bridge": (d.bridge[0], d.bridge[1][:9])}, r"bridge\[1\] has 9 rows and bridge\[0\] has 20"),
        (lambda d: {"unlabeled": (d.T,)}, r"unlabeled\[0\] has 7 columns and X has 5"),
    ],
)
def test_bad_tables(drawn, change, message):
    arguments = {"X": drawn.X, "y": drawn.y, **drawn.tables, **change(drawn)}
    with pytest.raises(ValueError, match=message):
        distiller(alignment="none", check_alignment=True).fit(arguments.pop("X"), arguments.pop("y"), **arguments)


@pytest.mark.parametrize("alignment", ["auto", "prototypes"])
def test_five_rows(drawn, alignment):
    model = distiller(alignment=alignment, check_alignment=True, cv=5)
    with pytest.raises(ValueError, match=r"5 folds need at least 5 rows.*5 labell?ed rows.*Lower cv, or add rows"):
        model.fit(drawn.X[:5], [0, 0, 1, 1, 1], teacher_data=(drawn.T, drawn.y_teacher % 2))


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"student": LinearSVC(), "alignment": "self_training"}, "LinearSVC"),
        ({"student": LinearSVC(), "alignment": "auto"}, "LinearSVC"),
        ({"student": LOGISTIC, "teacher": LinearSVC(), "alignment": "none"}, "LinearSVC"),
    ],
)
def test_models_without_probabilities(drawn, parameters, name):
    with pytest.raises(ValueError, match=rf"{name} has no predict_proba.*CalibratedClassifierCV"):
        distiller(**parameters).fit(drawn.X, drawn.y, **drawn.tables)


def test_missing_column_at_predict(drawn):
    X = pd.DataFrame(drawn.X, columns=list("abcde"))
    fitted = distiller(alignment="prototypes").fit(X, drawn.y, teacher_data=(drawn.T, drawn.y_teacher))
    assert list(fitted.feature_names_in_) == list("abcde")
    with pytest.raises(ValueError, match="now missing:\n- c"):
        fitted.predict(X.drop(columns="c"))


# Former faults


@pytest.mark.parametrize("alignment", ["none", "self_training"])
@pytest.mark.parametrize("student", [LOGISTIC, NETWORK], ids=["logistic", "network"])
def test_class_that_the_teacher_lacks_is_still_predicted(drawn, alignment, student):
    """Soft targets of bridge samples of that class do not assign them to another one."""
    known = drawn.y_teacher != 1
    alone = clone(student).set_params(random_state=0).fit(drawn.X, drawn.y)
    tables = {"teacher_data": (drawn.T[known], drawn.y_teacher[known]), "bridge": drawn.bridge}
    fitted = distiller(alignment=alignment, student=student)
    with pytest.warns(UserWarning, match="learned from labels alone"):
        fitted.fit(drawn.X, drawn.y, unlabeled=(drawn.X_test,), **tables)
    assert fitted.used_bridge_
    rows = drawn.y_test == 1
    recall = [(model.predict(drawn.X_test[rows]) == 1).mean() for model in (alone, fitted)]
    assert recall[1] > recall[0] - 0.2


@pytest.mark.parametrize("cost", ["cosine", "chordal"])
def test_teacher_with_one_score_can_align(drawn, cost):
    """Of two classes: the direction of a single number has no gradient."""
    two, teacher_two = drawn.y < 2, drawn.y_teacher < 2
    fitted = distiller(alignment="prototypes", cost=cost, alignment_weight=10).fit(
        drawn.X[two], drawn.y[two], teacher_data=(drawn.T[teacher_two], drawn.y_teacher[teacher_two])
    )
    alone = clone(NETWORK).set_params(random_state=0).fit(drawn.X[two], drawn.y[two])
    assert np.abs(fitted.predict_proba(drawn.X_test) - alone.predict_proba(drawn.X_test)).max() > 1e-3


def test_fold_without_a_shared_class_trains_the_student_alone(drawn):
    """One row of the only shared class: while it is held out there is nothing to align."""
    y = np.where(drawn.y == 0, 0, 5)
    y[np.flatnonzero(drawn.y == 0)[1:]] = 7
    y_teacher = np.where(drawn.y_teacher == 0, 0, 1)
    fitted = distiller(alignment="prototypes", check_alignment=True, cv=StratifiedKFold(3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted.fit(drawn.X, y, teacher_data=(drawn.T, y_teacher))
    assert np.isfinite(fitted.alignment_metrics_["log_loss"]).all()


def test_alpha_of_zero_trains_on_labels_alone(drawn):
    fitted = distiller(alignment="none", alpha=0, student=LOGISTIC).fit(drawn.X, drawn.y, **drawn.tables)
    assert not fitted.used_bridge_
    alone = clone(LOGISTIC).fit(drawn.X, drawn.y)
    np.testing.assert_array_equal(fitted.predict_proba(drawn.X_test), alone.predict_proba(drawn.X_test))
