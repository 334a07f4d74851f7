"""Samples of one patient are never split between training and validation, by whichever estimator."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, PredefinedSplit, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline

from skcmkd import (
    CCHSelector,
    DistillationReport,
    MutualDistiller,
    NetworkClassifier,
    PairedDistiller,
    PairedDistillerRegressor,
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


class GroupRecorder(LogisticRegression):
    """Records the groups of each of its fits."""

    fits = []  # noqa: RUF012 - clones share it on purpose

    def fit(self, X, y, groups=None):
        self.fits.append(None if groups is None else set(groups))
        return super().fit(X, y)

    def transform(self, X):
        return self.decision_function(X)[:, None]


def repeated(table):
    """Each patient three times, in an order that is independent of the patients."""
    rows = table.iloc[PATIENT] if hasattr(table, "iloc") else table[PATIENT]
    return rows.reset_index(drop=True) if hasattr(rows, "index") else rows


def select(X, y, groups=None, **settings):
    selector = CCHSelector(DRAWN.modalities, "student", **({"n_subsamples": 60, "random_state": 0} | settings))
    return selector.fit(X, y, groups=groups)


CONTINUOUS = pd.Series(DRAWN.data.iloc[:, ::5].sum(axis=1) + 3 * np.random.RandomState(2).normal(size=N_PATIENTS))


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("label", ["classes", "continuous"])
def test_intervals_are_those_of_patients_with_one_row(label, refit):
    """The same folds, and penalties times three for three times the rows: every encoder is the same."""
    y = DRAWN.target if label == "classes" else CONTINUOUS
    encoders = [LogisticRegression(C=0.03, tol=1e-8), LogisticRegression(C=0.01, tol=1e-8)]
    if label == "continuous":
        encoders = [Ridge(30), Ridge(90)]
    fold_ids = make_fold_ids(4, np.asarray(y), classes=label == "classes")
    settings = {"refit": refit, "n_subsamples": 16 if refit else 120}
    once, thrice = (
        settings | {"encoder": encoder, "cv": list(PredefinedSplit(folds).split())}
        for encoder, folds in zip(encoders, (fold_ids, fold_ids[PATIENT]), strict=True)
    )
    expected = select(DRAWN.data, y, **once).results_
    grouped = select(repeated(DRAWN.data), repeated(y), PATIENT, **thrice).results_
    ungrouped = select(repeated(DRAWN.data), repeated(y), **thrice).results_
    for metric in ("gap", "advantage"):
        np.testing.assert_allclose(grouped[metric], expected[metric], rtol=1e-3)
        ratio = {
            name: (results[f"{metric}_standard_error"] / expected[f"{metric}_standard_error"]).mean()
            for name, results in (("with", grouped), ("without", ungrouped))
        }
        assert 0.8 < ratio["with"] < 1.25
        assert ratio["without"] < 0.75


def test_default_encoder_and_residual_criterion_count_patients_once():
    """The penalties are chosen again, so values are close but not the same."""
    once = select(DRAWN.data, CONTINUOUS, refit=False).results_
    X3, y3 = repeated(DRAWN.data), repeated(CONTINUOUS)
    grouped, ungrouped = (select(X3, y3, groups, refit=False).results_ for groups in (PATIENT, None))
    metric, error = "residual_criterion", "residual_criterion_standard_error"
    np.testing.assert_allclose(grouped[metric], once[metric], atol=0.1)
    assert (ungrouped[metric] < once[metric] - 0.05).all()
    assert (grouped[error] > 0.8 * once[error]).all()
    assert (ungrouped[error] < 0.65 * once[error]).all()


@pytest.mark.parametrize("cv", [4, GroupKFold(4)])
@pytest.mark.parametrize(
    "settings", [{}, {"refit": True}, {"representation": "embedding", "mutual_information": "cca"}]
)
def test_no_fit_of_an_encoder_splits_a_patient(cv, settings):
    GroupRecorder.fits.clear()
    fitted = select(
        repeated(DRAWN.data),
        repeated(DRAWN.target),
        PATIENT,
        encoder=GroupRecorder(),
        cv=cv,
        n_subsamples=2,
        **settings,
    )
    assert all(fit is not None for fit in GroupRecorder.fits)
    per_modality = np.reshape(GroupRecorder.fits[:12], (3, 4))
    for fits in per_modality:
        assert sum(map(len, fits)) == 3 * N_PATIENTS
        for patient in range(N_PATIENTS):
            assert sum(patient not in fit for fit in fits) == 1
    assert fitted.results_["n_rows"].tolist() == [3 * N_PATIENTS] * 2


def test_gain_of_a_second_teacher_is_validated_by_patients():
    """Split between training and validation, copies of a patient make a useless teacher seem to add information."""
    settings = {"max_teachers": None, "on_undecided": "keep", "criterion": lambda candidate: 1.0, "n_subsamples": 20}
    grouped, ungrouped = (
        select(repeated(DRAWN.data), repeated(DRAWN.target), g, **settings).results_.loc["weak"]
        for g in (PATIENT, None)
    )
    assert grouped["added"] < ungrouped["added"] - 0.03
    assert grouped["added_to_kept"] < 0 < ungrouped["added_to_kept"]
    assert grouped["added_to_kept_standard_error"] > 3 * ungrouped["added_to_kept_standard_error"]


def test_every_student_is_validated_with_groups():
    encoder = LogisticRegression(C=0.03)
    selector = CCHSelector(DRAWN.modalities, "student", encoder=encoder, n_repeats=1, n_subsamples=4, random_state=0)
    X, y = repeated(DRAWN.data), repeated(DRAWN.target)
    matrix = cch_matrix(selector, X, y, groups=PATIENT)
    fitted = selector.fit(X, y, groups=PATIENT).results_
    pd.testing.assert_frame_equal(matrix.loc["student"], fitted[matrix.columns])
    assert not np.allclose(matrix.loc["student"]["gap"], cch_matrix(selector, X, y).loc["student"]["gap"])


def test_network_encoders_hold_out_whole_patients():
    rows = np.arange(60)
    encoder = NetworkClassifier((4,), max_epochs=2, linear_weight=0)
    settings = {"representation": "embedding", "mutual_information": "cca", "encoder": encoder, "n_subsamples": 2}
    X, y, patients = repeated(DRAWN.data).iloc[rows], repeated(DRAWN.target).iloc[rows], PATIENT[rows]
    grouped = select(X, y, patients, **settings).results_
    assert not np.allclose(grouped["gap"], select(X, y, **settings).results_["gap"])


def test_groups_reach_a_pipeline_by_routing():
    GroupRecorder.fits.clear()
    X, y = repeated(DRAWN.data), repeated(DRAWN.target)
    selector = CCHSelector(DRAWN.modalities, "student", encoder=GroupRecorder(), n_subsamples=5, n_repeats=1)
    distiller = PairedDistiller(LogisticRegression(), GroupRecorder(), student_columns=DRAWN.modalities["student"])
    with sklearn.config_context(enable_metadata_routing=True):
        steps = [("select", selector), ("distill", distiller.set_params(random_state=0))]
        pipeline = Pipeline([(name, step.set_fit_request(groups=True)) for name, step in steps])
        scores = cross_val_score(pipeline, X, y, cv=GroupKFold(3), params={"groups": PATIENT})
    assert np.isfinite(scores).all()
    assert all(fit is not None for fit in GroupRecorder.fits)
    assert len(GroupRecorder.fits) == 3 * 3 * 5  # splits, modalities and folds


@pytest.mark.parametrize(
    ("groups", "cv", "message"),
    [
        (PATIENT[:-1], 5, "groups has 239 rows and X has 240"),
        (np.where(PATIENT == 3, np.nan, PATIENT), 5, "groups holds 3 missing labels"),
        (PATIENT % 2, 5, "5 folds need at least 3 groups, but groups holds 2 in 240 rows"),
        (PATIENT, list(KFold(3).split(PATIENT)), r"puts rows of group \d+ into several folds"),
        (pd.Series(PATIENT, index=np.arange(240)[::-1]), 5, "The rows of groups carry the same labels"),
    ],
)
def test_bad_groups(groups, cv, message):
    with pytest.raises(ValueError, match=message):
        select(repeated(DRAWN.data), repeated(DRAWN.target), groups, cv=cv)


def test_analytic_alpha_counts_patients():
    columns = DRAWN.modalities
    distiller = PairedDistiller(
        LogisticRegression(C=0.01),
        LogisticRegression(C=0.003),
        student_columns=columns["student"],
        teacher_weights="equal",
        alpha="analytic",
    )
    X3, y3 = repeated(DRAWN.data), repeated(DRAWN.target)
    once = clone(distiller).set_params(teacher__C=0.009).fit(DRAWN.data, DRAWN.target).alpha_
    grouped, ungrouped = (clone(distiller).fit(X3, y3, groups=groups).alpha_ for groups in (PATIENT, None))
    assert abs(grouped - once) < 0.1
    assert abs(ungrouped - once) > 0.2


# Cohorts without common samples

PANEL, OMICS = (DRAWN.data[DRAWN.modalities[name]].to_numpy() for name in ("student", "strong"))


class OverlapRecorder(LogisticRegression):
    """Records for each prediction the number of rows, and of patients (first column) that it was fitted to."""

    n_rows, n_repeats = [], []

    def fit(self, X, y, sample_weight=None, groups=None):
        self.patients_ = set(X[:, 0])
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self.n_rows.append(len(X))
        self.n_repeats.append(len(self.patients_ & set(X[:, 0])))
        return super().predict_proba(X)


def cohorts(n=40):
    """Labeled rows, a bridge and unlabeled rows of the same patients, and a teacher's cohort; patients come first."""
    labeled = n > PATIENT
    X = np.column_stack([PATIENT / N_PATIENTS, PANEL[PATIENT]])
    T = OMICS[PATIENT]
    y = DRAWN.target.to_numpy()[PATIENT]
    once = np.flatnonzero(labeled)[::2]
    aux = {
        "teacher_data": (T[~labeled], y[~labeled], PATIENT[~labeled]),
        "bridge": (X[once], T[once], PATIENT[once]),
        "unlabeled": (X[once] + 1e-3 * (np.arange(X.shape[1]) > 0), PATIENT[once]),
    }
    return X[labeled], y[labeled], PATIENT[labeled], aux


@pytest.mark.parametrize("split", [False, True])
def test_no_student_is_validated_on_a_patient_of_its_training_rows(split):
    X, y, patients, aux = cohorts()
    if split:
        patients, aux = None, {name: tables[:-1] for name, tables in aux.items()}
    OverlapRecorder.n_rows.clear()
    OverlapRecorder.n_repeats.clear()
    fitted = UnpairedDistiller(OverlapRecorder(), LogisticRegression(), cv=4, random_state=0).fit(
        X, y, groups=patients, **aux
    )
    # A fold has about 30 rows; for pseudo-labels of self-training 45 unlabeled ones or more are predicted.
    in_validation = np.array(OverlapRecorder.n_rows) < 40
    # Each candidate on the folds that were held out, the control on the first; the student's own models predict the
    # folds, four for the student that is kept and for each validation the other three.
    n_folds = round(fitted.candidate_scores_["n_rows"].iloc[0] / len(X) * 4)
    assert in_validation.sum() == len(fitted.candidate_scores_) * n_folds + 1 + 4 + (n_folds + 1) * 3
    assert (np.array(OverlapRecorder.n_repeats)[in_validation] > 0).any() == split


def test_the_teachers_cohort_is_validated_by_patient():
    """A forest memorizes its rows, and copies of them."""
    X, _, patients, aux = cohorts()
    chance = np.random.RandomState(3).randint(2, size=N_PATIENTS)
    T, _, teacher_patients = aux["teacher_data"]
    y, settings = chance[PATIENT[PATIENT < 40]], {"teacher": RandomForestClassifier(20), "alignment": "none", "cv": 4}
    errors = [
        UnpairedDistiller(LogisticRegression(), **settings, random_state=0)
        .fit(X, y, groups=patients, teacher_data=(T, chance[teacher_patients], *groups), bridge=aux["bridge"])
        .alignment_metrics_.loc["alone", "teacher_error"]
        for groups in ((teacher_patients,), ())
    ]
    assert errors[0] > 0.35
    assert errors[1] < 0.1


def test_network_student_with_groups_of_all_tables():
    X, y, patients, aux = cohorts(20)
    network = NetworkClassifier((4,), max_epochs=3, linear_weight=0)
    fitted = [
        UnpairedDistiller(network, LogisticRegression(), cv=2, random_state=0).fit(X, y, groups=groups, **tables)
        for groups, tables in ((patients, aux), (None, {name: tables[:-1] for name, tables in aux.items()}))
    ]
    assert not np.allclose(fitted[0].candidate_scores_["brier"], fitted[1].candidate_scores_["brier"])


def test_groups_reach_the_unpaired_distiller_by_routing():
    X, y, patients, aux = cohorts()
    OverlapRecorder.n_repeats.clear()
    with sklearn.config_context(enable_metadata_routing=True):
        distiller = UnpairedDistiller(LogisticRegression(), GroupRecorder(), alignment="none", cv=3, random_state=0)
        distiller.set_fit_request(groups=True, teacher_data=True)
        params = {"groups": patients, "teacher_data": aux["teacher_data"]}
        scores = cross_val_score(distiller, X, y, cv=GroupKFold(3), params=params)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda groups, aux: (None, aux), r"unlabeled\[1\] names groups, and X has none"),
        (lambda groups, aux: (None, {"teacher_data": aux["teacher_data"], "bridge": aux["bridge"]}), r"bridge\[2\]"),
        (lambda groups, aux: (groups[1:], aux), "groups has 119 rows and X has 120"),
        (lambda groups, aux: (groups % 2, aux), "3 folds need at least 3 groups, but groups holds 2 in 120 rows"),
        (
            lambda groups, aux: (groups, {"teacher_data": (*aux["teacher_data"][:2], groups[:7])}),
            r"teacher_data\[2\] has 7 rows and teacher_data\[0\] has 120",
        ),
        (
            lambda groups, aux: (groups, {"teacher_data": (*aux["teacher_data"][:2], groups * 0)}),
            "2 folds need at least 2 groups, but groups holds 1 in 120 rows",
        ),
    ],
)
def test_bad_groups_without_pairs(change, message):
    X, y, groups, aux = cohorts()
    groups, aux = change(groups, aux)
    with pytest.raises(ValueError, match=message):
        UnpairedDistiller(LogisticRegression(), LogisticRegression(), cv=3).fit(X, y, groups=groups, **aux)


class NoOverlap(LogisticRegression):
    """Raises on a patient (first column) that it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.patients_ = set(X[:, 0])
        return super().fit(X[:, 1:], y, sample_weight)

    def predict_proba(self, X):
        assert not self.patients_ & set(X[:, 0]), "a patient of the training rows"
        return super().predict_proba(X[:, 1:])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


@pytest.fixture
def patient_tables():
    """Two samples of each patient with a label, a third one and some other patients without."""
    labeled, unlabeled = np.arange(240) % 3 < 2, np.arange(240) % 3 == 2
    patient = np.append(np.repeat(np.arange(40), 3), np.repeat(np.arange(100, 140), 3))
    labeled &= patient < 100
    tables = []
    for name in ("student", "strong"):
        columns = DRAWN.data[DRAWN.modalities[name]].to_numpy()
        tables.append(np.column_stack([patient, np.repeat(columns, 3, axis=0)]))
    y = np.repeat(DRAWN.target.to_numpy(), 3)[labeled]
    return (
        *(table[labeled] for table in tables),
        y,
        patient[labeled],
        *(t[unlabeled] for t in tables),
        patient[unlabeled],
    )


@pytest.mark.parametrize("settings", [{"alpha": "auto"}, {"alpha": 0.5, "calibrate": True}])
def test_unlabeled_pairs_follow_their_patient(patient_tables, settings):
    X, T, y, groups, X_u, T_u, pair_groups = patient_tables
    distiller = PairedDistiller(NoOverlap(), NoOverlap(), cv=4, **settings)
    distiller.fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u, pair_groups))
    # Folds follow the order of the names.
    names = [f"patient {number:03}" for number in groups], [f"patient {number:03}" for number in pair_groups]
    again = clone(distiller).fit(X, y, groups=names[0], X_teacher=T, unlabeled_pairs=(X_u, T_u, names[1]))
    new_patients = np.column_stack([np.full(len(X), -1), X[:, 1:]])
    np.testing.assert_array_equal(again.predict_proba(new_patients), distiller.predict_proba(new_patients))
    with pytest.raises(AssertionError, match="a patient of the training rows"):
        clone(distiller).fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u))


def test_pairs_in_one_table_have_groups_too(patient_tables):
    X, T, y, groups, X_u, T_u, pair_groups = patient_tables
    both, both_u = np.hstack([X, T[:, 1:]]), np.hstack([X_u, T_u[:, 1:]])
    distiller = PairedDistiller(LogisticRegression(), alpha=0.5, student_columns=list(range(X.shape[1])), cv=4)
    # One round: the columns are not scaled, and a second one would take more iterations.
    distiller.set_params(teacher=LogisticRegression(), n_rounds=1)
    one = clone(distiller).fit(both, y, groups=groups, unlabeled_pairs=(both_u, pair_groups))
    two = clone(distiller).set_params(student_columns=None)
    two.fit(X, y, groups=groups, X_teacher=T[:, 1:], unlabeled_pairs=(X_u, T_u[:, 1:], pair_groups))
    np.testing.assert_allclose(one.student_.coef_, two.student_.coef_)


@pytest.mark.parametrize("one_table", [False, True])
def test_groups_of_pairs_need_groups_of_the_rows(patient_tables, one_table):
    X, T, y, _, X_u, T_u, pair_groups = patient_tables
    tables = {"X_teacher": T, "unlabeled_pairs": (X_u, T_u, pair_groups)}
    distiller, name = PairedDistiller(LogisticRegression(), LogisticRegression()), r"unlabeled_pairs\[2\]"
    if one_table:
        X, tables = np.hstack([X, T]), {"unlabeled_pairs": (np.hstack([X_u, T_u]), pair_groups)}
        distiller.student_columns, name = [0, 1], r"unlabeled_pairs\[1\]"
    with pytest.raises(ValueError, match=name + r" names groups and X has none.*Give groups=, too, or leave them out"):
        distiller.fit(X, y, **tables)


def test_the_report_leaves_out_pairs_of_a_held_out_patient(patient_tables):
    X, T, y, groups, X_u, T_u, pair_groups = patient_tables
    # Without the patient's column: the control permutes the teacher's rows.
    T, T_u = T[:, 1:], T_u[:, 1:]
    distiller = PairedDistiller(NoOverlap(), LogisticRegression(), alpha=0.5, cv=3)
    tables = {"X_teacher": T, "groups": groups, "cv": 3, "fused": None, "random_state": 0}
    report = DistillationReport.from_estimator(distiller, X, y, unlabeled_pairs=(X_u, T_u, pair_groups), **tables)
    assert report.to_frame()["n_rows"].eq(len(y)).all()
    with pytest.raises(AssertionError, match="a patient of the training rows"):
        DistillationReport.from_estimator(distiller, X, y, unlabeled_pairs=(X_u, T_u), **tables)


class BySite(KFold):
    """Holds out one site after the other, the first letter of the patient's name."""

    def __init__(self):
        super().__init__(3)

    def split(self, X, y=None, groups=None):
        site = np.array([name[0] for name in groups])
        for held_out in "ABC":
            yield np.flatnonzero(site != held_out), np.flatnonzero(site == held_out)


def test_folds_do_not_depend_on_the_groups_of_pairs(patient_tables):
    X, T, y, groups, X_u, T_u, pair_groups = patient_tables
    names, new_patients = np.array([f"{'ABC'[n % 3]}{n}" for n in groups]), [f"Z{n}" for n in pair_groups]
    for cv in (4, BySite()):
        distiller = PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5, cv=cv)
        tables = {"groups": names, "X_teacher": T[:, 1:]}
        plain, named = (
            clone(distiller).fit(X[:, 1:], y, unlabeled_pairs=pairs, **tables)
            for pairs in ((X_u[:, 1:], T_u[:, 1:]), (X_u[:, 1:], T_u[:, 1:], new_patients))
        )
        np.testing.assert_array_equal(plain.student_.coef_, named.student_.coef_)


def test_groups_of_pairs_are_of_the_type_of_those_of_the_rows(patient_tables):
    X, T, y, groups, X_u, T_u, pair_groups = patient_tables
    distiller = PairedDistiller(LogisticRegression(), LogisticRegression())
    with pytest.raises(
        ValueError, match=r"names groups by text, such as '\d+', and groups by numbers.*Name them alike"
    ):
        distiller.fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u, pair_groups.astype(str)))
    tables = (X[:, 1:], y), {"X_teacher": T[:, 1:], "unlabeled_pairs": (X_u[:, 1:], T_u[:, 1:], None)}
    none = clone(distiller).set_params(alpha=0.5).fit(*tables[0], **tables[1])
    assert none.alpha_ == 0.5
    for mutual in (MutualDistiller(), MutualDistiller(alpha=0)):
        with pytest.raises(ValueError, match=r"names groups by text, such as '\d+', and groups by numbers"):
            mutual.fit(X, y, groups=groups, X_teacher=T, unlabeled_pairs=(X_u, T_u, pair_groups.astype(str)))


# Ten subjects, with both classes in each: few groups remain in the training parts of nested searches.

SUBJECT = np.arange(120) % 10
TEN = make_gaussian_modalities(120, specific_signal={"student": 0.5, "strong": 2.5, "weak": 0.3}, random_state=3)
TEN_TABLES = [TEN.data[TEN.modalities[name]] for name in ("student", "strong")]


@pytest.mark.parametrize("kind", [PairedDistiller, PairedDistillerRegressor])
def test_nested_searches_over_groups_fit_every_candidate(kind):
    X, teacher = TEN_TABLES
    is_classifier = kind is PairedDistiller
    model = LogisticRegression() if is_classifier else Ridge()
    y = TEN.target if is_classifier else TEN.data.iloc[:, ::5].sum(axis=1)
    with sklearn.config_context(enable_metadata_routing=True):
        distiller = kind(model, model, random_state=0).set_fit_request(groups=True, X_teacher=True)
        search = GridSearchCV(
            distiller, {"alpha": [0.0, 0.25, "auto", "analytic"]}, cv=GroupKFold(3), error_score="raise"
        )
        params = {"groups": SUBJECT, "X_teacher": teacher}
        outer = cross_validate(
            search, X, y, cv=GroupKFold(3), params=params, return_estimator=True, error_score="raise"
        )
    assert np.isfinite(outer["test_score"]).all()
    for fitted in outer["estimator"]:
        assert np.isfinite(fitted.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(("n_groups", "n_folds"), [(3, 3), (4, 4), (10, 5)])
def test_an_integer_cv_adapts_to_the_groups_of_every_estimator(n_groups, n_folds):
    X, teacher = TEN_TABLES
    y, groups = TEN.target, SUBJECT % n_groups
    linear = LogisticRegression()
    paired = PairedDistiller(linear, linear, alpha=0.5).fit(X, y, groups=groups, X_teacher=teacher)
    regressor = PairedDistillerRegressor(Ridge(), Ridge(), alpha=0.5)
    regressor.fit(X, TEN.data.iloc[:, :2].sum(axis=1), groups=groups, X_teacher=teacher)
    unpaired = UnpairedDistiller(linear, linear, cv=5, check_alignment=False)
    cohort = (teacher[60:], y[60:], groups[60:])
    unpaired.fit(X[:60], y[:60], groups=groups[:60], teacher_data=cohort, bridge=(X[100:], teacher[100:]))
    selector = CCHSelector(TEN.modalities, "student", n_subsamples=2, random_state=0).fit(TEN.data, y, groups=groups)
    assert {each.n_folds_ for each in (paired, regressor, unpaired, selector)} == {n_folds}


def test_number_of_folds_where_no_fold_was_held_out():
    X, teacher = TEN_TABLES
    linear = LogisticRegression()
    assert PairedDistiller(linear, linear).fit(X, TEN.target).n_folds_ is None
    assert PairedDistiller(linear, linear, alpha=0.5, cv=KFold(4)).fit(X, TEN.target, X_teacher=teacher).n_folds_ == 4
    assert UnpairedDistiller(linear, linear).fit(X, TEN.target).n_folds_ is None
