"""``skcmkd demo``: the main job on the shipped tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from sklearn.base import BaseEstimator, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from .._utils._parallel import parallel_map
from .._utils._plotting import row_axes
from ..datasets import load_adrenal_carcinoma, load_digit_views
from ..networks._mlp import NetworkClassifier
from ..paired._classifier import PairedDistiller
from ..selection._plot import CCHDisplay
from ..selection._selector import CCHSelector
from ._console import print_table
from ._errors import UsageError
from ._text_tables import TextTable, decision_table, modality_table


def plot_scores(scores: pd.DataFrame, title: str, xlabel: str, ax: Any = None) -> Any:
    """Draw mean scores with one standard error; index the models, columns ``mean`` and ``standard_error``."""
    scores = scores.iloc[::-1]
    ax = row_axes(ax, list(scores.index), title, xlabel)
    ax.errorbar(
        scores["mean"].to_numpy(),
        range(len(scores)),
        xerr=scores["standard_error"].to_numpy(),
        linestyle="none",
        marker="o",
        markersize=8,
        capsize=4,
        color="#0072B2",
    )
    return ax


ALONE, DISTILLED = "student alone", "distilled"
Scored = tuple[float, float | None]  # balanced accuracy, and the teacher's weight where there is one


def run_demo(options: argparse.Namespace) -> int:
    """Say which modality should teach, distil, and show by cross-validation what it gained, twice."""
    if options.repeats < 2:
        raise UsageError(f"--repeats {options.repeats}: at least 2 are needed for a standard error.")
    console = Console(width=108, highlight=False)

    console.rule("Adrenocortical carcinoma: transcriptome class from copy number", align="left")
    selector, carcinoma_scores = run_carcinoma(console, options)
    console.rule("Handwritten digits: Zernike moments, 100 labelled rows and 900 pairs without a label", align="left")
    digit_scores = run_digits(console, options)
    if options.figures:
        save_figures(options.figures, selector, carcinoma_scores, digit_scores)
        console.print(f"Figures: {options.figures / 'selection.png'}, {options.figures / 'gain.png'}")
    return 0


def run_carcinoma(console: Console, options: argparse.Namespace) -> tuple[CCHSelector, pd.DataFrame]:
    """Few patients, all labelled: selection and distillation inside each fold."""
    data = load_adrenal_carcinoma()
    student = "cnv"
    rows = data.data[data.modalities[student]].notna().any(axis=1)
    X, y = data.data[rows], data.target[rows]
    print_table(console, modality_table(X, y, data.modalities, student))
    selector = CCHSelector(data.modalities, student, random_state=options.seed, n_jobs=options.jobs).fit(X, y)
    print_table(console, decision_table(selector))

    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    teacher = selector.results_.index[0]
    models = {
        ALONE: (model, data.modalities[student]),
        DISTILLED: (
            Pipeline(
                [
                    # Twenty selections are many deals of the folds already.
                    ("select", CCHSelector(data.modalities, student, n_repeats=1, random_state=options.seed)),
                    ("distill", PairedDistiller(model, model, student_columns=data.modalities[student])),
                ]
            ),
            list(X.columns),
        ),
        f"teacher ({teacher})": (model, data.modalities[teacher]),
    }
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=options.repeats, random_state=options.seed)
    calls = [
        (models[name], X.iloc[train], y.iloc[train], X.iloc[test], y.iloc[test])
        for train, test in folds.split(X, y)
        for name in models
    ]
    results = parallel_map(score, calls, len(calls), n_jobs=options.jobs, description="carcinoma", verbose=True)
    # Folds of repeated cross-validation share rows: Nadeau and Bengio (2003) correct the variance of the mean.
    scores = summarize(results, list(models), 1 / (5 * options.repeats) + 1 / 4)
    print_scores(console, scores, results, f"Balanced accuracy, 5 folds x {options.repeats}, selection in each fold")
    return selector, scores


def run_digits(console: Console, options: argparse.Namespace) -> pd.DataFrame:
    """Few labels and many pairs without one."""
    digits = load_digit_views()
    student, teacher = "zernike", "profile_correlations"
    draws = [sample_digits(digits, options.seed + repeat) for repeat in range(options.repeats)]
    X, y = draws[0].labelled
    pair = {name: digits.modalities[name] for name in (student, teacher)}
    print_table(console, modality_table(X, y, pair, student))
    selector = CCHSelector(pair, student, random_state=options.seed, n_jobs=options.jobs).fit(X, y)
    print_table(console, decision_table(selector))
    columns = pair[student]
    calls = [
        (sample, name, columns, pair[teacher], options.seed) for sample in draws for name in (ALONE, DISTILLED, teacher)
    ]
    results = parallel_map(score_digits, calls, len(calls), n_jobs=options.jobs, description="digits", verbose=True)
    scores = summarize(results, [ALONE, DISTILLED, f"teacher ({teacher})"], 1 / options.repeats)
    print_scores(
        console, scores, results, f"Balanced accuracy on 1000 test rows, {options.repeats} draws of the same 2000 rows"
    )
    return scores


def sample_digits(digits: Bunch, seed: int) -> Bunch:
    """100 labelled rows, 900 pairs without a label and 1000 test rows."""
    rows, test = train_test_split(np.arange(2000), test_size=1000, stratify=digits.target, random_state=seed)
    labeled, unlabeled = train_test_split(rows, train_size=100, stratify=digits.target[rows], random_state=seed)
    X, y = digits.data, digits.target
    return Bunch(
        labelled=(X.iloc[labeled], y.iloc[labeled]),
        unlabeled=X.iloc[unlabeled],
        test=(X.iloc[test], y.iloc[test]),
    )


def score_digits(sample: Bunch, name: str, student: list[str], teacher: list[str], seed: int) -> Scored:
    """Balanced accuracy of one model on one draw, and the teacher's weight."""
    X, y = sample.labelled
    if name == DISTILLED:
        both = [*student, *teacher]
        model = PairedDistiller(student_columns=student, cv=3, random_state=seed)
        model.fit(X[both], y, unlabeled_pairs=(sample.unlabeled[both],))
        columns = student
    else:
        columns = student if name == ALONE else teacher
        model = NetworkClassifier(random_state=seed).fit(X[columns], y)
    X_test, y_test = sample.test
    accuracy = balanced_accuracy_score(y_test, model.predict(X_test[columns]))
    return accuracy, getattr(model, "alpha_", None)


def score(
    task: tuple[BaseEstimator, list[str]],
    X: pd.DataFrame,
    y: pd.Series,
    X_test: pd.DataFrame,
    y_test: pd.Series,
) -> Scored:
    """Balanced accuracy of a model of some columns on rows not fitted to, and the teacher's weight."""
    model, columns = task
    fitted = clone(model).fit(X[columns], y)
    distiller = getattr(fitted, "named_steps", {}).get("distill")
    accuracy = balanced_accuracy_score(y_test, fitted.predict(X_test[columns]))
    return accuracy, getattr(distiller, "alpha_", None)


def summarize(results: list[Scored], models: list[str], variance_factor: float) -> pd.DataFrame:
    """Mean and standard error of each model, and of its paired gain over the student alone."""
    accuracies = np.reshape([accuracy for accuracy, _ in results], (-1, len(models)))
    table = pd.DataFrame(accuracies, columns=models)
    gain = table.sub(table[ALONE], axis=0)
    return pd.DataFrame(
        {
            "mean": table.mean(),
            "standard_error": table.std(ddof=1) * np.sqrt(variance_factor),
            "gain": gain.mean(),
            "gain_standard_error": gain.std(ddof=1) * np.sqrt(variance_factor),
        }
    )


def print_scores(console: Console, scores: pd.DataFrame, results: list[Scored], title: str) -> None:
    """Print means, gains, their standard errors and the weights that were chosen."""
    rows = []
    for name, row in scores.iterrows():
        gain = ("", "") if name == ALONE else (f"{row['gain']:+.3f}", f"{row['gain_standard_error']:.3f}")
        rows.append((str(name), f"{row['mean']:.3f}", f"{row['standard_error']:.3f}", *gain))
    print_table(console, TextTable(title, ("model", "mean", "s.e.", "gain", "s.e. of gain"), rows))
    weights = pd.Series([alpha for _, alpha in results if alpha is not None]).value_counts().sort_index()
    chosen = ", ".join(f"{alpha:g} ({count} times)" for alpha, count in weights.items())
    console.print(f"Teacher's weight chosen by cross-validation: {chosen}\n", style="italic")


def save_figures(folder: Path, selector: CCHSelector, carcinoma: pd.DataFrame, digits: pd.DataFrame) -> None:
    """Write selection.png and gain.png."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    display = CCHDisplay.from_estimator(selector)
    display.figure_.savefig(folder / "selection.png", dpi=150)
    figure, axes = plt.subplots(2, 1, figsize=(7, 5), layout="constrained")
    label = "balanced accuracy, mean and standard error"
    plot_scores(carcinoma, "Carcinoma: class from copy number", label, ax=axes[0])
    plot_scores(digits, "Digits: 100 labels, 900 pairs without", label, ax=axes[1])
    figure.savefig(folder / "gain.png", dpi=150)
    plt.close("all")
