"""What a teacher adds to the student: identities, and an independent computation by scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline

from skcmkd import CCHDisplay, CCHSelector, PairedDistiller, cch_matrix
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian
from skcmkd.selection._added import AddedInformation, pool_losses

from .selecting import FAST, fast_selector, make_modalities

NO_PAIRS = "no unlabeled pairs: there no rule beats never distilling"


@pytest.fixture(scope="module")
def drawn():
    return make_modalities()


@pytest.fixture(scope="module")
def predictions():
    """Probabilities of a student, of a teacher that knows something else, and the codes, for 300 rows."""
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=300)
    student = softmax(np.outer(y == 0, [2, 0, 0]) + rng.normal(size=(300, 3)), axis=1)
    teacher = softmax(np.outer(y == 1, [0, 2, 0]) + rng.normal(size=(300, 3)), axis=1)
    return student, teacher, y, np.arange(300) % 5


def added_of(members, y, fold_ids, of_classes=True):
    added = AddedInformation(members, y, fold_ids, of_classes)
    return float(added.of_means(added.row_losses.mean(axis=0)))


def splits_of(fold_ids):
    return [(np.flatnonzero(fold_ids != k), np.flatnonzero(fold_ids == k)) for k in np.unique(fold_ids)]


def pooled_log_loss(members, y, fold_ids):
    """Log-loss of the pool, its weights by a general optimizer on the other folds, with the penalty |w - e_1|^2 / 2."""
    log_q = np.log(np.stack(members))
    pooled = np.empty(members[0].shape)
    for train, test in splits_of(fold_ids):

        def loss(w, train=train):
            log_pool = log_softmax(np.tensordot(w, log_q[:, train], 1), axis=1)
            return -log_pool[np.arange(len(train)), y[train]].sum() + ((w - np.eye(len(w))[0]) ** 2).sum() / 2

        w = minimize(loss, np.full(len(members), 0.5), bounds=[(0, None)] * len(members)).x
        pooled[test] = softmax(np.tensordot(w, log_q[:, test], 1), axis=1)
    return log_loss(y, pooled)


def test_the_metric_is_the_difference_of_two_cross_validated_log_losses(drawn):
    encoder, y = LogisticRegression(C=0.1), drawn.target.to_numpy()
    fold_ids = make_fold_ids(5, y)
    proba = {
        name: cross_val_predict(encoder, drawn.data[columns], y, cv=splits_of(fold_ids), method="predict_proba")
        for name, columns in drawn.modalities.items()
    }
    results = fast_selector(drawn, encoder=encoder).fit(drawn.data, y).results_
    for teacher in ("strong", "weak"):
        alone, both = (pooled_log_loss(members, y, fold_ids) for members in (
            [proba["student"]], [proba["student"], proba[teacher]]
        ))  # fmt: skip
        assert results.loc[teacher, "added"] == pytest.approx(alone - both, abs=1e-4)
    assert results.loc["strong", "added"] > 0.2


def test_a_complementary_teacher_adds_its_true_information():
    """Predictions that are the true posteriors of two independent modalities given the class: theirs is the pool."""
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=4000)
    signal = 2 * y - 1
    logits = [2 * (signal + rng.normal(scale=1.0, size=4000)) for _ in range(2)]
    student, teacher = (softmax(np.column_stack([0 * x, x]), axis=1) for x in logits)
    both = softmax(np.column_stack([0 * logits[0], logits[0] + logits[1]]), axis=1)
    truth = log_loss(y, student) - log_loss(y, both)
    assert truth > 0.1
    assert added_of([student, teacher], y, np.arange(4000) % 5) == pytest.approx(truth, abs=0.005)


def test_a_copy_of_the_students_table_adds_nothing(drawn):
    """And is refused, also where everything else of it is as good as the student."""
    copy = drawn.data[drawn.modalities["student"]].add_prefix("copy_")
    X = pd.concat([drawn.data, copy], axis=1)
    selector = fast_selector(drawn, modalities={**drawn.modalities, "copy": list(copy)}, n_subsamples=50)
    row = selector.fit(X, drawn.target).results_.loc["copy"]
    assert abs(row["added"]) < 0.001
    assert row["decision"] == "do not distil"


def test_a_teacher_that_is_independent_of_everything_adds_nothing_within_its_error(drawn):
    rng = np.random.RandomState(0)
    noise = pd.DataFrame(rng.normal(size=(240, 16)), drawn.data.index).add_prefix("noise_")
    X = pd.concat([drawn.data, noise], axis=1)
    selector = fast_selector(drawn, modalities={**drawn.modalities, "noise": list(noise)}, n_subsamples=50)
    row = selector.fit(X, drawn.target).results_.loc["noise"]
    assert row["added"] < 0.01
    assert row["added_lower"] < 0
    assert row["decision"] != "distil"


def test_a_constant_teacher_leaves_the_students_calibrated_model(predictions):
    student, _, y, fold_ids = predictions
    constant = np.full_like(student, 1 / 3)
    assert added_of([student, constant], y, fold_ids) == pytest.approx(0, abs=1e-6)
    overconfident = softmax(5 * np.log(student), axis=1)
    assert pool_losses([overconfident], y, fold_ids, True).mean() < log_loss(y, overconfident) - 0.1


def test_weights_have_not_seen_the_row(predictions):
    """Other labels in a fold change the losses of that fold's rows as labels do, with the same pooled probabilities."""
    student, teacher, y, fold_ids = predictions
    fold = fold_ids == 2
    other = np.where(fold, (y + 1) % 3, y)
    total = np.zeros(fold.sum())
    for code in range(3):  # the probabilities of a row's pool add up to 1 when no label of its fold has a part in them
        total += np.exp(-pool_losses([student, teacher], np.where(fold, code, y), fold_ids, True)[fold])
    np.testing.assert_allclose(total, 1, atol=1e-9)
    changed = pool_losses([student, teacher], other, fold_ids, True)
    assert not np.allclose(changed[~fold], pool_losses([student, teacher], y, fold_ids, True)[~fold])


def test_row_order_and_class_names_change_nothing(predictions):
    student, teacher, y, fold_ids = predictions
    expected = added_of([student, teacher], y, fold_ids)
    rows = np.random.RandomState(1).permutation(len(y))
    assert added_of([student[rows], teacher[rows]], y[rows], fold_ids[rows]) == pytest.approx(expected, abs=1e-6)
    order = np.array([2, 0, 1])  # the class with code k is now order[k]
    renamed = np.argsort(order)
    assert added_of([student[:, renamed], teacher[:, renamed]], order[y], fold_ids) == pytest.approx(expected, abs=1e-6)
    assert added_of([student, teacher], y, 4 - fold_ids) == pytest.approx(expected, abs=1e-12)


def test_the_second_step_is_the_same_function():
    """What a second teacher adds to the student and the first: the difference of the two pools' log-losses."""
    signals = {"student": 0.3, "first": 2.0, "second": 1.8}
    drawn = make_gaussian_modalities(300, n_classes=3, specific_signal=signals, random_state=0)
    y, encoder = drawn.target.to_numpy(), FAST["encoder"]
    selector = fast_selector(drawn, max_teachers=None, n_subsamples=10).fit(drawn.data, y)
    names = selector.teachers_
    assert sorted(names) == ["first", "second"]
    fold_ids = make_fold_ids(5, y)
    cv = splits_of(fold_ids)
    first, second, student = (
        cross_val_predict(encoder, drawn.data[drawn.modalities[name]], y, cv=cv, method="predict_proba")
        for name in (*names, "student")
    )
    row = selector.results_.loc[names[1]]
    assert row["added"] == pytest.approx(added_of([student, second], y, fold_ids), abs=1e-9)
    assert row["added_to_kept"] == pytest.approx(added_of([student, first, second], y, fold_ids), abs=1e-9)
    alone, both = (pooled_log_loss(members, y, fold_ids) for members in ([student, first], [student, first, second]))
    assert row["added_to_kept"] == pytest.approx(alone - both, abs=1e-4)


def test_a_continuous_target_has_the_information_of_normal_errors():
    drawn = make_joint_gaussian(400, teacher_student=0.1, student_label=0.2, teacher_label=0.4, random_state=0)
    encoder, y = Ridge(10.0), drawn.target.to_numpy()
    settings = {**FAST, "encoder": encoder, "n_subsamples": 20}
    row = CCHSelector(drawn.modalities, "student", **settings).fit(drawn.data, y).results_.loc["teacher"]
    fold_ids = make_fold_ids(5, y, classes=False)
    student, teacher = (
        cross_val_predict(encoder, drawn.data[drawn.modalities[name]], y, cv=splits_of(fold_ids))
        for name in ("student", "teacher")
    )
    pooled = {
        names: cross_val_predict(Ridge(1e-6), np.column_stack(parts), y, cv=splits_of(fold_ids))
        for names, parts in {"alone": [student], "both": [student, teacher]}.items()
    }
    mse = {names: np.mean((y - prediction) ** 2) for names, prediction in pooled.items()}
    assert row["added"] == pytest.approx(np.log(mse["alone"] / mse["both"]) / 2, abs=0.01)
    assert row["added_lower"] < row["added"] < row["added_upper"]
    assert row["decision"] == "distil"


def test_without_unlabeled_pairs_nobody_teaches_unless_a_criterion_is_named(drawn):
    """The metrics are those of the named criterion all the same, and a distiller behind it does not warn."""
    auto = fast_selector(drawn, criterion="auto", n_subsamples=10).fit(drawn.data, drawn.target)
    named = fast_selector(drawn, n_subsamples=10).fit(drawn.data, drawn.target)
    said = ["p_value", "p_value_holm", "decision", "reason", "kept"]
    pd.testing.assert_frame_equal(auto.results_.drop(columns=said), named.results_.drop(columns=said))
    assert set(auto.results_["reason"]) == {NO_PAIRS}
    assert auto.results_[["p_value", "p_value_holm"]].isna().all(axis=None)
    assert set(auto.results_["decision"]) == {"do not distil"}
    assert auto.teachers_ == []
    assert named.teachers_ == ["strong"]
    assert named.results_.loc["strong", "reason"].startswith("added is above 0.01 beyond chance (p-value ")
    distiller = PairedDistiller(FAST["encoder"], FAST["encoder"], student_columns=drawn.modalities["student"])
    pipeline = Pipeline([("select", fast_selector(drawn, criterion="auto")), ("distill", distiller)])
    assert pipeline.fit(drawn.data, drawn.target)["distill"].teacher_ is None
    matrix = cch_matrix(auto, drawn.data, drawn.target)
    assert set(matrix["decision"]) == {"do not distil"}


def test_pairs_decide_for_each_candidate(drawn):
    """A candidate that no pair has measured is refused; the others are decided by what they add."""
    pairs = make_modalities(60, random_state=1).data
    selector = fast_selector(drawn, criterion="auto", n_subsamples=10)
    assert selector.fit(drawn.data, drawn.target, unlabeled_pairs=(pairs,)).teachers_ == ["strong"]
    pairs[drawn.modalities["strong"]] = np.nan
    results = selector.set_params(encoder=None).fit(drawn.data, drawn.target, unlabeled_pairs=(pairs,)).results_
    assert results.loc["strong", "reason"] == NO_PAIRS
    assert results.loc["weak", "reason"] != NO_PAIRS


def test_the_figure_has_the_decision_of_the_selector(drawn):
    named, auto = (fast_selector(drawn, criterion=name, n_subsamples=10) for name in ("added", "auto"))
    axes = [CCHDisplay.from_estimator(each.fit(drawn.data, drawn.target)).ax_ for each in (named, auto)]
    legends = [[text.get_text() for text in ax.get_legend().get_texts()] for ax in axes]
    assert "distil" in legends[0]
    assert legends[1] == ["do not distil"]
    assert "no unlabeled pairs" in axes[1].get_title(loc="left") + axes[1].get_title()
