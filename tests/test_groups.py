"""Several samples of one patient are never split between training and judging, by whichever estimator."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, cross_val_score
from sklearn.pipeline import Pipeline

from skcmkd import (
    CCHSelector,
    DistillationReport,
    MutualDistiller,
    NetworkClassifier,
    PairedDistiller,
    UnpairedDistiller,
    cch_matrix,
)
from skcmkd._model_selection._folds import make_fold_ids
from skcmkd.datasets import make_gaussian_modalities

N_PATIENTS = 80
PATIENT = np.random.RandomState(1).permutation(np.repeat(np.arange(N_PATIENTS), 3))
DRAWN = make_gaussian_modalities(
    N_PATIENTS, specific_signal={"student": 0.5, "strong": 2.5, "weak": 0.3}, random_state=0
)


class Witness(LogisticRegression):
    """Keeps the groups of each of its fits."""

    seen = []  # noqa: RUF012 - clones share it on purpose

    def fit(self, X, y, groups=None):
        self.seen.append(None if groups is None else set(groups))
        return super().fit(X, y)

    def transform(self, X):
        return self.decision_function(X)[:, None]


def repeated(table):
    """Each patient three times, in an order that says nothing of patients."""
    rows = table.iloc[PATIENT] if hasattr(table, "iloc") else table[PATIENT]
    return rows.reset_index(drop=True) if hasattr(rows, "index") else rows


def select(X, y, groups=None, **settings):
    selector = CCHSelector(DRAWN.modalities, "student", **({"n_subsamples": 60, "random_state": 0} | settings))
    return selector.fit(X, y, groups=groups)


QUANTITY = pd.Series(DRAWN.data.iloc[:, ::5].sum(axis=1) + 3 * np.random.RandomState(2).normal(size=N_PATIENTS))


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("label", ["classes", "quantity"])
def test_intervals_are_those_of_patients_seen_once(label, refit):
    """The same folds, and penalties times three for three times the rows: every encoder is the same."""
    y = DRAWN.target if label == "classes" else QUANTITY
    encoders = [LogisticRegression(C=0.03, tol=1e-8), LogisticRegression(C=0.01, tol=1e-8)]
    if label == "quantity":
        encoders = [Ridge(30), Ridge(90)]
    fold_of = make_fold_ids(4, np.asarray(y), classes=label == "classes")
    settings = {"refit": refit, "n_subsamples": 16 if refit else 120}
    once, thrice = (
        settings | {"encoder": encoder, "cv": list(PredefinedSplit(folds).split())}
        for encoder, folds in zip(encoders, (fold_of, fold_of[PATIENT]), strict=True)
    )
    expected = select(DRAWN.data, y, **once).results_
    grouped = select(repeated(DRAWN.data), repeated(y), PATIENT, **thrice).results_
    ungrouped = select(repeated(DRAWN.data), repeated(y), **thrice).results_
    for figure in ("gap", "advantage"):
        np.testing.assert_allclose(grouped[figure], expected[figure], rtol=1e-3)
        ratio = {
            name: (found[f"{figure}_standard_error"] / expected[f"{figure}_standard_error"]).mean()
            for name, found in (("with", grouped), ("without", ungrouped))
        }
        assert 0.8 < ratio["with"] < 1.25
        assert ratio["without"] < 0.75


def test_default_encoder_and_residuals_see_patients_once():
    """The penalties are chosen anew, so figures are alike but not the same."""
    once = select(DRAWN.data, QUANTITY, refit=False).results_
    X3, y3 = repeated(DRAWN.data), repeated(QUANTITY)
    grouped, ungrouped = (select(X3, y3, groups, refit=False).results_ for groups in (PATIENT, None))
    for figure in ("residual_criterion", "risk_reduction"):
        np.testing.assert_allclose(grouped[figure], once[figure], atol=0.1)
        assert (ungrouped[figure] < once[figure] - 0.05).all()
    error = "residual_standard_error"
    assert (grouped[error] > 0.8 * once[error]).all()
    assert (ungrouped[error] < 0.65 * once[error]).all()


@pytest.mark.parametrize("cv", [4, GroupKFold(4)])
@pytest.mark.parametrize(
    "settings", [{}, {"refit": True}, {"representation": "embedding", "mutual_information": "cca"}]
)
def test_no_fit_of_an_encoder_parts_a_patient(cv, settings):
    Witness.seen.clear()
    found = select(
        repeated(DRAWN.data), repeated(DRAWN.target), PATIENT, encoder=Witness(), cv=cv, n_subsamples=2, **settings
    )
    assert all(seen is not None for seen in Witness.seen)
    per_modality = np.reshape(Witness.seen[:12], (3, 4))
    for fits in per_modality:
        assert sum(map(len, fits)) == 3 * N_PATIENTS
        for patient in range(N_PATIENTS):
            assert sum(patient not in seen for seen in fits) == 1
    assert found.results_["n_rows"].tolist() == [3 * N_PATIENTS] * 2


def test_what_a_further_teacher_adds_is_validated_by_patients():
    """Split between training and judging, copies of a patient make a useless teacher seem to add something surely."""
    settings = {"max_teachers": None, "on_undecided": "keep", "criterion": lambda found: 1.0, "n_subsamples": 40}
    grouped, ungrouped = (
        select(repeated(DRAWN.data), repeated(DRAWN.target), g, **settings).results_.loc["weak"]
        for g in (PATIENT, None)
    )
    assert grouped["added"] < 0 < ungrouped["added_lower"]
    assert grouped["added_standard_error"] > 3 * ungrouped["added_standard_error"]


def test_every_student_is_validated_with_groups():
    selector = CCHSelector(DRAWN.modalities, "student", n_subsamples=10, random_state=0)
    X, y = repeated(DRAWN.data), repeated(DRAWN.target)
    matrix = cch_matrix(selector, X, y, groups=PATIENT)
    found = selector.fit(X, y, groups=PATIENT).results_
    pd.testing.assert_frame_equal(matrix.loc["student"], found[matrix.columns])
    assert not np.allclose(matrix.loc["student"]["gap"], cch_matrix(selector, X, y).loc["student"]["gap"])


def test_network_encoders_hold_out_whole_patients():
    rows = np.arange(60)
    encoder = NetworkClassifier((4,), max_epochs=2)
    settings = {"representation": "embedding", "mutual_information": "cca", "encoder": encoder, "n_subsamples": 2}
    X, y, patients = repeated(DRAWN.data).iloc[rows], repeated(DRAWN.target).iloc[rows], PATIENT[rows]
    grouped = select(X, y, patients, **settings).results_
    assert not np.allclose(grouped["gap"], select(X, y, **settings).results_["gap"])


def test_groups_reach_a_pipeline_by_routing():
    Witness.seen.clear()
    X, y = repeated(DRAWN.data), repeated(DRAWN.target)
    selector = CCHSelector(DRAWN.modalities, "student", encoder=Witness(), n_subsamples=5, random_state=0)
    distiller = PairedDistiller(LogisticRegression(), Witness(), student_columns=DRAWN.modalities["student"])
    with sklearn.config_context(enable_metadata_routing=True):
        steps = [("select", selector), ("distill", distiller.set_params(random_state=0))]
        pipeline = Pipeline([(name, step.set_fit_request(groups=True)) for name, step in steps])
        scores = cross_val_score(pipeline, X, y, cv=GroupKFold(3), params={"groups": PATIENT})
    assert np.isfinite(scores).all()
    assert all(seen is not None for seen in Witness.seen)
    assert len(Witness.seen) > 3 * 3 * 5


@pytest.mark.parametrize(
    ("groups", "cv", "message"),
    [
        (PATIENT[:-1], 5, "groups has 239 rows and X has 240"),
        (np.where(PATIENT == 3, np.nan, PATIENT), 5, "groups holds 3 missing labels"),
        (PATIENT % 4, 5, "5 folds need at least 5 groups, but groups holds 4 in 240 rows"),
        (PATIENT, list(KFold(3).split(PATIENT)), r"puts rows of group \d+ into several folds"),
        (pd.Series(PATIENT, index=np.arange(240)[::-1]), 5, "The rows of groups carry the same labels"),
    ],
)
def test_bad_groups(groups, cv, message):
    with pytest.raises(ValueError, match=message):
        select(repeated(DRAWN.data), repeated(DRAWN.target), groups, cv=cv)


def test_analytic_weight_counts_patients():
    columns = DRAWN.modalities
    distiller = PairedDistiller(
        LogisticRegression(C=0.01), LogisticRegression(C=0.003), student_columns=columns["student"], alpha="analytic"
    )
    X3, y3 = repeated(DRAWN.data), repeated(DRAWN.target)
    once = clone(distiller).set_params(teacher__C=0.009).fit(DRAWN.data, DRAWN.target).alpha_
    grouped, ungrouped = (clone(distiller).fit(X3, y3, groups=groups).alpha_ for groups in (PATIENT, None))
    assert abs(grouped - once) < 0.1
    assert abs(ungrouped - once) > 0.2


# Cohorts without common samples

PANEL, OMICS = (DRAWN.data[DRAWN.modalities[name]].to_numpy() for name in ("student", "strong"))


class Careful(LogisticRegression):
    """Counts who was asked about a patient, whose code is the first column, after it had learned from the same."""

    asked, repeats = [], []

    def fit(self, X, y, sample_weight=None, groups=None):
        self.patients_ = set(X[:, 0])
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self.asked.append(len(X))
        self.repeats.append(len(self.patients_ & set(X[:, 0])))
        return super().predict_proba(X)


def cohorts(n=40):
    """Labelled rows, a bridge and unlabelled rows of the same patients, and a teacher's cohort; codes come first."""
    labelled = n > PATIENT
    X = np.column_stack([PATIENT / N_PATIENTS, PANEL[PATIENT]])
    T = OMICS[PATIENT]
    y = DRAWN.target.to_numpy()[PATIENT]
    once = np.flatnonzero(labelled)[::2]
    side = {
        "teacher_data": (T[~labelled], y[~labelled], PATIENT[~labelled]),
        "bridge": (X[once], T[once], PATIENT[once]),
        "unlabeled": (X[once] + 1e-3 * (np.arange(X.shape[1]) > 0), PATIENT[once]),
    }
    return X[labelled], y[labelled], PATIENT[labelled], side


@pytest.mark.parametrize("parted", [False, True])
def test_no_student_is_validated_on_a_patient_it_has_met(parted):
    X, y, patients, side = cohorts()
    if parted:
        patients, side = None, {name: given[:-1] for name, given in side.items()}
    Careful.asked.clear()
    Careful.repeats.clear()
    found = UnpairedDistiller(Careful(), LogisticRegression(), cv=4, random_state=0).fit(X, y, groups=patients, **side)
    # A fold has about 30 rows; self-training asks its guesser about 45 unlabelled ones or more.
    judged = np.array(Careful.asked) < 40
    assert judged.sum() == (len(found.candidate_scores_) + 1) * 4
    assert (np.array(Careful.repeats)[judged] > 0).any() == parted


def test_teachers_own_rows_are_validated_by_patient():
    """A forest knows a copy of a row by heart."""
    X, _, patients, side = cohorts()
    chance = np.random.RandomState(3).randint(2, size=N_PATIENTS)
    T, _, others = side["teacher_data"]
    y, given = chance[PATIENT[PATIENT < 40]], {"teacher": RandomForestClassifier(20), "alignment": "none", "cv": 4}
    errors = [
        UnpairedDistiller(LogisticRegression(), **given, random_state=0)
        .fit(X, y, groups=patients, teacher_data=(T, chance[others], *own), bridge=side["bridge"])
        .alignment_metrics_.loc["alone", "teacher_error"]
        for own in ((others,), ())
    ]
    assert errors[0] > 0.35
    assert errors[1] < 0.1


def test_network_student_with_groups_and_every_side():
    X, y, patients, side = cohorts(20)
    network = NetworkClassifier((4,), max_epochs=3)
    found = [
        UnpairedDistiller(network, LogisticRegression(), cv=2, random_state=0).fit(X, y, groups=g, **given)
        for g, given in ((patients, side), (None, {name: one[:-1] for name, one in side.items()}))
    ]
    assert not np.allclose(found[0].candidate_scores_["brier"], found[1].candidate_scores_["brier"])


def test_groups_reach_the_unpaired_distiller_by_routing():
    X, y, patients, side = cohorts()
    Careful.repeats.clear()
    with sklearn.config_context(enable_metadata_routing=True):
        distiller = UnpairedDistiller(LogisticRegression(), Witness(), alignment="none", cv=3, random_state=0)
        distiller.set_fit_request(groups=True, teacher_data=True)
        params = {"groups": patients, "teacher_data": side["teacher_data"]}
        scores = cross_val_score(distiller, X, y, cv=GroupKFold(3), params=params)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda groups, side: (None, side), r"unlabeled\[1\] names groups and X has none"),
        (lambda groups, side: (None, {"teacher_data": side["teacher_data"], "bridge": side["bridge"]}), r"bridge\[2\]"),
        (lambda groups, side: (groups[1:], side), "groups has 119 rows and X has 120"),
        (lambda groups, side: (groups % 2, side), "3 folds need at least 3 groups, but groups holds 2 in 120 rows"),
        (
            lambda groups, side: (groups, {"teacher_data": (*side["teacher_data"][:2], groups[:7])}),
            r"teacher_data\[2\] has 7 rows and teacher_data\[0\] has 120",
        ),
        (
            lambda groups, side: (groups, {"teacher_data": (*side["teacher_data"][:2], groups % 2)}),
            "3 folds need at least 3 groups, but groups holds 2 in 120 rows",
        ),
    ],
)
def test_bad_groups_without_pairs(change, message):
    X, y, groups, side = cohorts()
    groups, side = change(groups, side)
    with pytest.raises(ValueError, match=message):
        UnpairedDistiller(LogisticRegression(), LogisticRegression(), cv=3).fit(X, y, groups=groups, **side)


class Honest(LogisticRegression):
    """Its first column is the patient: it refuses to judge one that it has seen."""

    def fit(self, X, y, sample_weight=None):
        self.patients_ = set(X[:, 0])
        return super().fit(X[:, 1:], y, sample_weight)

    def predict_proba(self, X):
        assert not self.patients_ & set(X[:, 0]), "a patient was seen before"
        return super().predict_proba(X[:, 1:])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.fixture
def honest_tables():
    """Two samples of each patient with a label, a third one and some other patients without."""
    labelled, further = np.arange(240) % 3 < 2, np.arange(240) % 3 == 2
    patient = np.append(np.repeat(np.arange(40), 3), np.repeat(np.arange(100, 140), 3))
    labelled &= patient < 100
    tables = []
    for name in ("student", "strong"):
        columns = DRAWN.data[DRAWN.modalities[name]].to_numpy()
        tables.append(np.column_stack([patient, np.repeat(columns, 3, axis=0)]))
    y = np.repeat(DRAWN.target.to_numpy(), 3)[labelled]
    return *(table[labelled] for table in tables), y, patient[labelled], *(t[further] for t in tables), patient[further]


@pytest.mark.parametrize("settings", [{"alpha": "auto"}, {"alpha": 0.5, "calibrate": True}])
def test_pairs_without_a_label_follow_their_patient(honest_tables, settings):
    X, T, y, groups, X_u, T_u, further = honest_tables
    distiller = PairedDistiller(Honest(), Honest(), cv=4, **settings)
    distiller.fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u, further))
    # Folds follow the order of the names.
    names = [f"patient {number:03}" for number in groups], [f"patient {number:03}" for number in further]
    again = clone(distiller).fit(X, y, groups=names[0], X_teacher=T, unlabeled_pairs=(X_u, T_u, names[1]))
    strangers = np.column_stack([np.full(len(X), -1), X[:, 1:]])
    np.testing.assert_array_equal(again.predict_proba(strangers), distiller.predict_proba(strangers))
    with pytest.raises(AssertionError, match="was seen before"):
        clone(distiller).fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u))


def test_pairs_in_one_table_have_groups_too(honest_tables):
    X, T, y, groups, X_u, T_u, further = honest_tables
    both, both_u = np.hstack([X, T[:, 1:]]), np.hstack([X_u, T_u[:, 1:]])
    distiller = PairedDistiller(LogisticRegression(), alpha=0.5, student_columns=list(range(X.shape[1])), cv=4)
    distiller.teacher = LogisticRegression()
    one = clone(distiller).fit(both, y, groups=groups, unlabeled_pairs=(both_u, further))
    two = clone(distiller).set_params(student_columns=None)
    two.fit(X, y, groups=groups, X_teacher=T[:, 1:], unlabeled_pairs=(X_u, T_u[:, 1:], further))
    np.testing.assert_allclose(one.student_.coef_, two.student_.coef_)


@pytest.mark.parametrize("one_table", [False, True])
def test_groups_of_pairs_need_those_of_the_rows(honest_tables, one_table):
    X, T, y, _, X_u, T_u, further = honest_tables
    given = {"X_teacher": T, "unlabeled_pairs": (X_u, T_u, further)}
    distiller, name = PairedDistiller(LogisticRegression(), LogisticRegression()), r"unlabeled_pairs\[2\]"
    if one_table:
        X, given = np.hstack([X, T]), {"unlabeled_pairs": (np.hstack([X_u, T_u]), further)}
        distiller.student_columns, name = [0, 1], r"unlabeled_pairs\[1\]"
    with pytest.raises(ValueError, match=name + r" names groups and X has none.*Give groups=, too, or leave them out"):
        distiller.fit(X, y, **given)


def test_the_report_keeps_pairs_of_a_held_out_patient_away(honest_tables):
    X, T, y, groups, X_u, T_u, further = honest_tables
    # Without the patient's column: the control shuffles the teacher's rows.
    T, T_u = T[:, 1:], T_u[:, 1:]
    distiller = PairedDistiller(Honest(), LogisticRegression(), alpha=0.5, cv=3)
    given = {"X_teacher": T, "groups": groups, "cv": 3, "fused": None, "random_state": 0}
    report = DistillationReport.from_estimator(distiller, X, y, unlabeled_pairs=(X_u, T_u, further), **given)
    assert report.to_frame()["n_rows"].eq(len(y)).all()
    with pytest.raises(AssertionError, match="was seen before"):
        DistillationReport.from_estimator(distiller, X, y, unlabeled_pairs=(X_u, T_u), **given)


class BySite(KFold):
    """Holds out one site after the other; a patient's name begins with it."""

    def __init__(self):
        super().__init__(3)

    def split(self, X, y=None, groups=None):
        site = np.array([name[0] for name in groups])
        for held_out in "ABC":
            yield np.flatnonzero(site != held_out), np.flatnonzero(site == held_out)


def test_splitters_and_folds_know_nothing_of_the_groups_of_pairs(honest_tables):
    X, T, y, groups, X_u, T_u, further = honest_tables
    names, strangers = np.array([f"{'ABC'[n % 3]}{n}" for n in groups]), [f"Z{n}" for n in further]
    for cv in (4, BySite()):
        distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=cv)
        given = {"groups": names, "X_teacher": T[:, 1:]}
        plain, named = (
            clone(distiller).fit(X[:, 1:], y, unlabeled_pairs=pairs, **given)
            for pairs in ((X_u[:, 1:], T_u[:, 1:]), (X_u[:, 1:], T_u[:, 1:], strangers))
        )
        np.testing.assert_array_equal(plain.student_.coef_, named.student_.coef_)


def test_groups_of_pairs_are_named_as_those_of_the_rows(honest_tables):
    X, T, y, groups, X_u, T_u, further = honest_tables
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression())
    with pytest.raises(
        ValueError, match=r"names groups by text, such as '\d+', and groups by numbers.*Name them alike"
    ):
        distiller.fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u, further.astype(str)))
    tables = (X[:, 1:], y), {"X_teacher": T[:, 1:], "unlabeled_pairs": (X_u[:, 1:], T_u[:, 1:], None)}
    none = clone(distiller).set_params(alpha=0.5).fit(*tables[0], **tables[1])
    assert none.alpha_ == 0.5
    with pytest.raises(ValueError, match=r"names groups, and MutualDistiller takes none\. Leave them out"):
        MutualDistiller().fit(X, y, X_teacher=T, unlabeled_pairs=(X_u, T_u, further))
