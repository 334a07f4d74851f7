"""Docstrings of public names: numpydoc's form, shapes, defaults, fitted attributes, units, sources and examples."""

import ast
import doctest
import inspect
import re
from functools import cache, partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils import Bunch

import skcmkd
from skcmkd import datasets, information, survival

pytest.importorskip("numpydoc")
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate

MODULES = (skcmkd, datasets, information, survival)
# See-also lists and longer summaries are optional; examples and sources are tested below.
NOT_REQUIRED = {"ES01", "SA01", "EX01"}
# numpydoc takes the first word of this summary for a verb in the wrong form.
EXEMPT = {("skcmkd.CCHSelector.get_feature_names_out", "SS05")}
# Names that give mutual information, beside those of the module information.
INFORMATION = {"CCHSelector", "CCHDisplay", "CCHMatrixDisplay", "cch_matrix", "mutual_information"}
NO_INFORMATION = {"skcmkd.information.centered_log_ratio", "skcmkd.information.make_default_classifier"}
# The download itself is no example for an offline run.
NEEDS_THE_NETWORK = {"skcmkd.datasets.fetch_breast_tcga"}
# An immutable mapping as default.
CHANGEABLE = {"signal", "specific_signal"}
WITHOUT_SOURCE = {
    "skcmkd.AlignmentDisplay": "draws results of UnpairedDistiller",
    "skcmkd.CCHDisplay": "draws results of CCHSelector",
    "skcmkd.CCHMatrixDisplay": "draws results of cch_matrix",
    "skcmkd.GainDisplay": "draws its arguments",
    "skcmkd.MutualInformationEstimate": "holds an estimate",
    "skcmkd.datasets.make_gaussian_modalities": "simulates by the formula in its docstring",
    "skcmkd.survival.HorizonLabels": "holds labels",
    "skcmkd.survival.HorizonRisks": "holds students",
    "skcmkd.survival.KaplanMeier": "holds a curve",
    "skcmkd.survival.KaplanMeierDisplay": "draws curves",
    "skcmkd.load_student": "reads a file",
    "skcmkd.save_student": "writes a file",
    "skcmkd.information.make_default_classifier": "a pipeline of models of scikit-learn",
}
# Attributes that other settings, or another method, give.
WITH_OTHER_SETTINGS: dict[str, set[str]] = {}
# Their only arguments are where to draw, or they have none.
RAISES_NOTHING = {
    "skcmkd.CCHDisplay.plot",
    "skcmkd.CCHMatrixDisplay.plot",
    "skcmkd.DistillationReport.plot",
    "skcmkd.DistillationReport.to_frame",
    "skcmkd.GainDisplay.plot",
    "skcmkd.SurvivalReport.to_frame",
    "skcmkd.SurvivalReport.verdict",
    "skcmkd.survival.HorizonRisks.fit",
    "skcmkd.survival.KaplanMeier.at",
    "skcmkd.survival.KaplanMeier.before",
    "skcmkd.survival.KaplanMeier.count_at_risk",
    "skcmkd.survival.KaplanMeierDisplay.plot",
    "skcmkd.datasets.load_blood_cells",
    "skcmkd.datasets.load_cell_lines",
    "skcmkd.datasets.load_digit_views",
    "skcmkd.information.make_default_classifier",
}


def public_objects():
    """Classes and functions by full name; one that two modules export has the first name."""
    found = {}
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                found.setdefault(id(value), (f"{module.__name__}.{name}", value))
    return dict(found.values())


def package_methods(owner):
    """Public methods of this package, without those that are inherited from scikit-learn."""
    for name, method in inspect.getmembers(owner, callable):
        if not name.startswith("_") and inspect.unwrap(method).__module__.startswith("skcmkd"):
            yield name, method


OBJECTS = public_objects()
METHODS = {
    f"{n}.{m}": method for n, owner in OBJECTS.items() if inspect.isclass(owner) for m, method in package_methods(owner)
}
EVERY_DOCSTRING = OBJECTS | METHODS


def gives_information(name):
    part = name.split(".")[1]
    return part in INFORMATION or (part == "information" and name not in NO_INFORMATION)


def parsed(value):
    return ClassDoc(value) if inspect.isclass(value) else FunctionDoc(value)


@pytest.mark.parametrize("name", EVERY_DOCSTRING)
def test_form(name):
    errors = [(code, message) for code, message in validate(name)["errors"] if code not in NOT_REQUIRED]
    assert [error for error in errors if (name, error[0]) not in EXEMPT] == []


def documented(part):
    """Type of each name of a section; ``a, b : type`` documents both."""
    return {name.strip(): entry.type for entry in part for name in entry.name.split(",")}


def documented_default(name, entries):
    """The default of a parameter in a section; ``a, b : int, default=1, 2`` documents two."""
    for entry in entries:
        names = [one.strip() for one in entry.name.split(",")]
        if name in names and "default=" in entry.type:
            default = ast.literal_eval(entry.type.split("default=")[1])
            is_of_all = isinstance(default, tuple) and len(names) == len(default) > 1
            return default[names.index(name)] if is_of_all else default
    return "nothing"


@pytest.mark.parametrize("name", EVERY_DOCSTRING)
def test_parameters_have_shape_and_default(name):
    value = EVERY_DOCSTRING[name]
    doc = parsed(value)
    types = documented(doc["Parameters"])
    for parameter in inspect.signature(value).parameters.values():
        if parameter.name not in {"self", "cls"}:
            if re.search(r"\barray|\bndarray", types[parameter.name]):
                assert "of shape" in types[parameter.name], f"{parameter.name} : {types[parameter.name]}"
            if parameter.default is not inspect.Parameter.empty and parameter.name not in CHANGEABLE:
                assert documented_default(parameter.name, doc["Parameters"]) == parameter.default


@pytest.mark.parametrize("name", EVERY_DOCSTRING)
def test_returns_and_attributes_have_a_shape(name):
    doc = parsed(EVERY_DOCSTRING[name])
    for part in (*doc["Returns"], *doc["Attributes"]):
        if re.search(r"\barray|\bndarray", part.type):
            assert "of shape" in part.type, f"{part.name} : {part.type}"


@pytest.mark.parametrize("name", [name for name in OBJECTS if gives_information(name)])
def test_mutual_information_is_in_nats(name):
    assert re.search(r"\bnats\b", inspect.getdoc(OBJECTS[name]))


@pytest.mark.parametrize("name", OBJECTS)
def test_every_name_has_a_source_or_a_reason(name):
    has_source = bool(parsed(OBJECTS[name])["References"])
    assert has_source != (name in WITHOUT_SOURCE)


@pytest.mark.parametrize("name", OBJECTS)
def test_every_name_has_an_example_that_is_run(name):
    """The test run includes the docstrings of all modules."""
    examples = doctest.DocTestParser().get_examples("\n".join(parsed(OBJECTS[name])["Examples"]))
    assert examples
    assert any(doctest.SKIP in example.options for example in examples) == (name in NEEDS_THE_NETWORK)
    assert any(example.want for example in examples) or name in NEEDS_THE_NETWORK


# Fitted attributes


@cache
def small_tables():
    drawn = datasets.make_gaussian_modalities(60, n_shared=1, n_specific=1, n_noise=1, random_state=0)
    X, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    return Bunch(X=X, T=T, y=drawn.target, both=drawn.data, modalities=drawn.modalities)


NETWORK = {"max_epochs": 2, "random_state": 0}
TIME, EVENT = np.arange(1.0, 61), np.arange(60) % 3 < 2


@cache
def fitted(name):
    d = small_tables()
    linear, y_continuous = LogisticRegression(), d.y + 0.5
    if name == "CCHSelector":
        return skcmkd.CCHSelector(d.modalities, "student", n_subsamples=20, refit=False, random_state=0).fit(
            d.both, d.y
        )
    if name == "PairedDistiller":
        return skcmkd.PairedDistiller(linear, linear).fit(d.X, d.y, X_teacher=d.T)
    if name == "PairedDistillerRegressor":
        return skcmkd.PairedDistillerRegressor(Ridge(), Ridge()).fit(d.X, y_continuous, X_teacher=d.T)
    if name == "PredictedTeacherFeatures":
        return skcmkd.PredictedTeacherFeatures().fit(d.X, d.y, X_teacher=d.T)
    if name == "UnpairedDistiller":
        network, cohort = skcmkd.NetworkClassifier(**NETWORK), (d.T[:30], d.y[:30])
        distiller = skcmkd.UnpairedDistiller(
            network, linear, alignment="prototypes", check_alignment=False, random_state=0
        )
        return distiller.fit(d.X[30:], d.y[30:], teacher_data=cohort)
    if name == "MutualDistiller":
        network = skcmkd.NetworkClassifier(**NETWORK)
        return skcmkd.MutualDistiller(network, network, random_state=0).fit(d.X, d.y, X_teacher=d.T)
    return getattr(skcmkd, name)(**NETWORK).fit(d.X, y_continuous if name == "NetworkRegressor" else d.y)


@cache
def drawn_display(name):
    d = small_tables()
    if name == "CCHDisplay":
        return skcmkd.CCHDisplay.from_estimator(fitted("CCHSelector"))
    if name == "CCHMatrixDisplay":
        return skcmkd.CCHMatrixDisplay.from_estimator(fitted("CCHSelector"), d.both, d.y)
    if name == "GainDisplay":
        return skcmkd.GainDisplay.from_predictions([0.1, 0.2, 0.4], [0.0, 0.1, 0.1])
    if name == "AlignmentDisplay":
        cohort = d.T[:30], d.y[:30]
        return skcmkd.AlignmentDisplay.from_estimator(
            fitted("UnpairedDistiller"), d.X[30:], d.y[30:], teacher_data=cohort
        )
    distiller = skcmkd.PairedDistiller(LogisticRegression(), LogisticRegression(), alpha=0.5)
    if name == "SurvivalReport":
        return skcmkd.SurvivalReport.from_estimator(
            distiller, d.X, TIME, EVENT, horizon=30, X_teacher=d.T, cv=2, random_state=0
        ).plot()
    return skcmkd.DistillationReport.from_estimator(distiller, d.X, d.y, X_teacher=d.T, cv=2, random_state=0).plot()


ESTIMATORS = [name for name in skcmkd.__all__ if hasattr(getattr(skcmkd, name), "fit")]
DISPLAYS = [name for name in skcmkd.__all__ if hasattr(getattr(skcmkd, name), "plot")]


@pytest.mark.parametrize("name", [*ESTIMATORS, *DISPLAYS])
def test_fitted_attributes_are_documented(name):
    made = fitted(name) if name in ESTIMATORS else drawn_display(name)
    found = {attribute for attribute in vars(made) if attribute.endswith("_") and not attribute.startswith("_")}
    assert found == set(documented(ClassDoc(type(made))["Attributes"])) - WITH_OTHER_SETTINGS.get(name, set())


# Errors


def wrong_calls():
    """A call of each public function and method that must fail."""
    d, gap = small_tables(), np.full((60, 2), np.nan)
    calls = {}
    for name in ESTIMATORS:
        made = fitted(name)
        for method in ("predict", "predict_proba", "decision_function", "transform"):
            if hasattr(made, method):
                calls[f"{name}.{method}"] = partial(getattr(made, method), d.X.add_prefix("other_"))
        calls[f"{name}.fit"] = partial(clone(made).fit, d.both, d.y[:7])
    selector, chosen = fitted("CCHSelector"), fitted("UnpairedDistiller")
    features = fitted("PredictedTeacherFeatures")
    calls |= {
        "PredictedTeacherFeatures.fit_transform": partial(clone(features).fit_transform, d.X, None, X_teacher=d.T),
        "PredictedTeacherFeatures.get_feature_names_out": partial(features.get_feature_names_out, ["one"]),
        "PredictedTeacherFeatures.set_output": partial(clone(features).set_output, transform="none"),
        "CCHSelector.get_feature_names_out": partial(selector.get_feature_names_out, ["one"]),
        "CCHSelector.set_output": partial(clone(selector).set_output, transform="none"),
        "load_student": partial(skcmkd.load_student, "nowhere.skops"),
        "save_student": partial(skcmkd.save_student, LogisticRegression(), "nowhere.skops"),
        "student_to_onnx": partial(skcmkd.student_to_onnx, LogisticRegression(), d.X),
        "CCHSelector.get_support": clone(selector).get_support,
        "CCHDisplay.from_estimator": partial(skcmkd.CCHDisplay.from_estimator, selector, metric="none"),
        "CCHMatrixDisplay.from_estimator": partial(
            skcmkd.CCHMatrixDisplay.from_estimator, selector, d.both, d.y, metric="none"
        ),
        "GainDisplay.from_predictions": partial(skcmkd.GainDisplay.from_predictions, [1.0, 2.0], [1.0]),
        "AlignmentDisplay.from_estimator": partial(
            skcmkd.AlignmentDisplay.from_estimator, clone(chosen), d.X, d.y, teacher_data=(d.T, d.y)
        ),
        "AlignmentDisplay.plot": partial(drawn_display("AlignmentDisplay").plot, axes=[None]),
        "DistillationReport.from_estimator": partial(
            skcmkd.DistillationReport.from_estimator, fitted("PairedDistiller"), d.X, d.y
        ),
        "DistillationReport.compare": partial(drawn_display("DistillationReport").compare, "nobody", "teacher"),
        "DistillationReport.verdict": without_baseline(drawn_display("DistillationReport")).verdict,
        "check_cohort": partial(skcmkd.check_cohort, d.both, d.y[:7], d.modalities),
        "cch_matrix": partial(skcmkd.cch_matrix, selector, d.both, d.y[:7]),
        "mutual_information": partial(skcmkd.mutual_information, gap, d.y),
        "datasets.fetch_breast_tcga": partial(datasets.fetch_breast_tcga, data_home="nowhere", download=False),
        "datasets.from_mudata": partial(datasets.from_mudata, d.both, label="y"),
        "datasets.load_adrenal_carcinoma": partial(datasets.load_adrenal_carcinoma, label="age"),
        "datasets.make_gaussian_modalities": partial(datasets.make_gaussian_modalities, measurement_noise=0),
        "datasets.make_joint_gaussian": partial(datasets.make_joint_gaussian, teacher_student=2),
        "datasets.make_survival_modalities": partial(datasets.make_survival_modalities, event_rate=2),
        "SurvivalReport.from_estimator": partial(
            skcmkd.SurvivalReport.from_estimator, fitted("PairedDistiller"), d.X, TIME, EVENT, horizon=100
        ),
        "SurvivalReport.compare": partial(drawn_display("SurvivalReport").compare, "nobody"),
        "SurvivalReport.plot": partial(drawn_display("SurvivalReport").plot, "accuracy"),
        "SurvivalReport.plot_risk_groups": partial(drawn_display("SurvivalReport").plot_risk_groups, "nobody"),
        "survival.HorizonLabels.fit_params": partial(survival.horizon_labels(TIME, EVENT, 30).fit_params, d.X[:7]),
        "survival.HorizonRisks.predict": partial(
            survival.HorizonRisks([fitted("PairedDistiller").student_], [2, 1]).predict, d.X
        ),
        "survival.KaplanMeier.interval": partial(survival.kaplan_meier(TIME, EVENT).interval, 95),
        "survival.KaplanMeierDisplay.from_estimator": partial(
            survival.KaplanMeierDisplay.from_estimator, fitted("PairedDistiller"), d.X, TIME, EVENT, n_groups=0
        ),
        "survival.KaplanMeierDisplay.from_predictions": partial(
            survival.KaplanMeierDisplay.from_predictions, TIME, EVENT, TIME[:7]
        ),
        "survival.concordance_index": partial(survival.concordance_index, TIME, EVENT, TIME[:7]),
        "survival.horizon_labels": partial(survival.horizon_labels, TIME, EVENT, 100),
        "survival.kaplan_meier": partial(survival.kaplan_meier, -TIME, EVENT),
        "survival.kaplan_meier_of_censoring": partial(survival.kaplan_meier_of_censoring, -TIME, EVENT),
        "survival.pseudo_observations": partial(survival.pseudo_observations, TIME, EVENT, 100),
        "survival.time_and_event": partial(survival.time_and_event, (-TIME, EVENT)),
    }
    for name in ("cca", "classifier", "gaussian", "infonce", "ksg", "latent", "mine"):
        calls[f"information.{name}"] = partial(getattr(information, name), gap, d.y)
    for name in ("cumulative_dynamic_auc", "ipcw_brier_score", "ipcw_concordance_index"):
        calls[f"survival.{name}"] = partial(getattr(survival, name), TIME, EVENT, TIME / 60, 100)
    for name in ("prediction_mutual_information", "label_mutual_information"):
        calls[f"information.{name}"] = partial(getattr(information, name), gap, gap[:, 0])
    calls["information.centered_log_ratio"] = partial(information.centered_log_ratio, np.full(3, np.nan))
    return {f"skcmkd.{name}": call for name, call in calls.items()}


def without_baseline(report):
    """The report, made by hand from the scores of the other models."""
    rows = report.row_scores_.drop(columns="majority class", level="model")
    return skcmkd.DistillationReport(rows, report.row_agreement, report.alphas_, report.y, classes=report.classes)


def test_raised_errors_are_documented():
    calls = wrong_calls()
    functions = {name: value for name, value in EVERY_DOCSTRING.items() if not inspect.isclass(value)}
    called = {inspect.unwrap(functions[name]) for name in calls}
    assert {name for name, value in functions.items() if inspect.unwrap(value) not in called} == RAISES_NOTHING
    for name, call in calls.items():
        with pytest.raises((ValueError, TypeError, OSError, ImportError)) as caught:
            call()
        raised = {kind.__name__ for kind in type(caught.value).__mro__}
        documented_errors = {
            kind.split(".")[-1] for entry in FunctionDoc(functions[name])["Raises"] for kind in entry.type.split(", ")
        }
        assert documented_errors & raised, f"{name} raises {type(caught.value).__name__}"
