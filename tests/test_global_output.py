"""``sklearn.set_config(transform_output=...)`` changes what a user's transformers return, and no number."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skcmkd import (
    AlignmentDisplay,
    CCHSelector,
    DistillationReport,
    MutualDistiller,
    NetworkClassifier,
    NetworkRegressor,
    PairedDistiller,
    PairedDistillerRegressor,
    PredictedTeacherFeatures,
    SurvivalReport,
    UnpairedDistiller,
    cch_matrix,
    check_cohort,
    load_student,
    mutual_information,
    save_student,
)
from skcmkd.cli import _demo, main
from skcmkd.datasets import make_gaussian_modalities
from skcmkd.information import ESTIMATORS, make_default_classifier

DRAWN = make_gaussian_modalities(60, random_state=0)
S, T = (DRAWN.data[DRAWN.modalities[name]].iloc[:, :4] for name in ("student", "teacher"))
Y, TARGET = DRAWN.target, DRAWN.data.iloc[:, ::5].sum(axis=1)
L, U = slice(0, 40), slice(40, 60)
BOTH = pd.concat([S, T], axis=1)


def network(kind=NetworkClassifier, **settings):
    return kind((3,), max_epochs=2, random_state=0, **{"linear_weight": 0} | settings)


def pipeline(model=None):
    """A user's pipeline: its transformers follow the setting."""
    return make_pipeline(StandardScaler(), PCA(2), LogisticRegression() if model is None else model)


def paired(student, teacher, distiller=PairedDistiller, y=Y, method="predict_proba", **settings):
    distiller = distiller(student, teacher, random_state=0, **settings)
    weight = np.linspace(0.5, 1.5, 40)
    distiller.fit(S[L], y[L], sample_weight=weight, X_teacher=T[L], unlabeled_pairs=(S[U], T[U]))
    return getattr(distiller, method)(S)


def predicted_features(predicted, **settings):
    features = PredictedTeacherFeatures(predicted, random_state=0, cv=3, **settings)
    return features.fit_transform(S[L], Y[L], X_teacher=T[L], unlabeled_pairs=(S[U], T[U]))


def unpaired(student, teacher, **settings):
    distiller = UnpairedDistiller(student, teacher, check_alignment=False, cv=2, random_state=0, **settings)
    cohort = T.iloc[20:], Y[20:]
    distiller.fit(S[:20], Y[:20], teacher_data=cohort, unlabeled=(S[20:30],), bridge=(S[30:40], T[30:40]))
    return distiller.predict_proba(S)


def aligned_display():
    distiller = UnpairedDistiller(network(), network(), alignment="prototypes", check_alignment=False, random_state=0)
    distiller.fit(S[:20], Y[:20], teacher_data=(T[20:], Y[20:]))
    return AlignmentDisplay.from_estimator(distiller, S[:20], Y[:20], teacher_data=(T[20:], Y[20:])).after


def selected(**settings):
    modalities = {"student": list(S), "teacher": list(T)}
    selector = CCHSelector(modalities, "student", n_repeats=1, n_subsamples=4, cv=2, random_state=0, **settings)
    return selector.fit(BOTH, Y).results_.select_dtypes("number")


def report():
    distiller = PairedDistiller(pipeline(), pipeline(), alpha=0.5, cv=2, student_columns=list(S), random_state=0)
    return DistillationReport.from_estimator(distiller, BOTH, Y, cv=2, random_state=0).row_scores_


def survival_report():
    distiller = PairedDistiller(pipeline(), pipeline(), alpha=0.5, cv=2, student_columns=list(S), random_state=0)
    time, event = 1.0 + np.arange(len(S)) % 7, np.arange(len(S)) % 3 > 0
    return SurvivalReport.from_estimator(distiller, BOTH, time, event, horizon=4, cv=2, random_state=0).held_out_


def matrix():
    selector = CCHSelector(
        {"student": list(S), "teacher": list(T)}, "student", n_repeats=1, n_subsamples=4, cv=2, random_state=0
    )
    return cch_matrix(selector, BOTH, Y).select_dtypes("number")


def saved(tmp_path):
    student = make_pipeline(StandardScaler(), network()).fit(S, Y)
    save_student(student, tmp_path / "student.skops")
    return load_student(tmp_path / "student.skops").predict_proba(S)


def brief(name):
    """The name of an estimator of mutual information, or a function with few epochs where networks are trained."""
    return partial(ESTIMATORS[name], max_epochs=5) if name in ("latent", "mine", "infonce") else name


CASES = {
    "NetworkClassifier": lambda: network(linear_weight="auto").fit(S, Y).predict_proba(S),
    "NetworkClassifier.transform": lambda: network().fit(S, Y).transform(S),
    "NetworkRegressor": lambda: network(NetworkRegressor, linear_weight="auto").fit(S, TARGET).predict(S),
    "PairedDistiller of networks": lambda: paired(network(), network()),
    "PairedDistiller of network features": lambda: paired(network(), network(), objective="rkd", alpha=0.5),
    "PairedDistiller of pipelines": lambda: paired(pipeline(), pipeline()),
    "PairedDistiller of a pipeline of a tree": lambda: paired(
        pipeline(DecisionTreeClassifier(max_depth=2)), pipeline()
    ),
    "PairedDistiller of a pipeline of a network": lambda: paired(pipeline(network()), pipeline(), alpha=0.5),
    "PairedDistiller of a teacher's transform": lambda: paired(
        network(), make_pipeline(StandardScaler(), network()), objective="hints", alpha=0.5
    ),
    "PairedDistiller calibrated": lambda: paired(pipeline(), pipeline(), calibrate=True, alpha=0.5),
    "PairedDistillerRegressor of networks": lambda: paired(
        network(NetworkRegressor), network(NetworkRegressor), PairedDistillerRegressor, TARGET, "predict"
    ),
    "PairedDistillerRegressor of pipelines": lambda: paired(
        pipeline(Ridge()), pipeline(Ridge()), PairedDistillerRegressor, TARGET, "predict", alpha="analytic"
    ),
    "PredictedTeacherFeatures of scores": lambda: predicted_features("scores", standardize=True),
    "PredictedTeacherFeatures of columns by pipelines": lambda: predicted_features(
        "columns", predictor=pipeline(Ridge())
    ),
    "PredictedTeacherFeatures of components": lambda: predicted_features("components", n_components=2),
    "MutualDistiller": lambda: paired(network(), make_pipeline(StandardScaler(), network()), MutualDistiller),
    "UnpairedDistiller": lambda: unpaired(network(), network()),
    "UnpairedDistiller aligned": lambda: unpaired(pipeline(network()), pipeline(), alignment="classwise"),
    "UnpairedDistiller of pipelines": lambda: unpaired(pipeline(), pipeline()),
    "AlignmentDisplay": aligned_display,
    "CCHSelector": selected,
    "CCHSelector of embeddings": lambda: selected(
        representation="embedding", mutual_information="gaussian", encoder=pipeline(network())
    ),
    "cch_matrix": matrix,
    "DistillationReport": report,
    "SurvivalReport": survival_report,
    "check_cohort": lambda: check_cohort(
        BOTH, Y, {"student": list(S), "teacher": list(T)}, batch=Y, X_unlabeled=BOTH, random_state=0
    )["effect"],
    "make_default_classifier": lambda: make_default_classifier().fit(S, Y).predict_proba(S),
    **{
        f"mutual_information {name}": lambda name=name: float(
            mutual_information(S, T if name != "classifier" else Y, brief(name), n_subsamples=0, random_state=0)
        )
        for name in sorted(ESTIMATORS)
    },
}


@pytest.fixture(scope="module")
def expected():
    """The results with scikit-learn's default setting, each computed once."""
    results = {}

    def result(name):
        if name not in results:
            results[name] = np.asarray(CASES[name](), dtype=float)
        return results[name]

    return result


@pytest.mark.filterwarnings("ignore:With alignment|alignment='classwise' brought")
@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("name", CASES)
def test_global_output_settings_change_no_number(name, output, expected):
    right = expected(name)
    with sklearn.config_context(transform_output=output):
        # DataFrames of a user's transformers lie in memory by columns: sums over them are rounded otherwise.
        np.testing.assert_allclose(np.asarray(CASES[name](), dtype=float), right, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_saved_students_predict_under_global_output_settings(output, tmp_path):
    right = saved(tmp_path)
    with sklearn.config_context(transform_output=output):
        np.testing.assert_array_equal(saved(tmp_path), right)


def test_the_command_line_reads_no_global_output_setting(monkeypatch):
    outputs = []
    run = lambda options: outputs.append(type(StandardScaler().fit_transform(np.eye(2)))) or 0  # noqa: E731
    monkeypatch.setattr(_demo, "run_demo", run)
    with sklearn.config_context(transform_output="pandas"):
        assert main([]) == 0
        assert isinstance(StandardScaler().fit_transform(np.eye(2)), pd.DataFrame)
    assert outputs == [np.ndarray]
