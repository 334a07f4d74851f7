"""``skcmkd demo``: selection, distillation and a report on the shipped tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedShuffleSplit, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from .._model_selection._standard_errors import standard_error_of_mean
from .._utils._plotting import row_axes
from ..datasets import load_adrenal_carcinoma, load_digit_views
from ..evaluation._cross_validate import DISTILLED, TEACHER
from ..evaluation._report import DistillationReport
from ..paired._classifier import PairedDistiller
from ..selection._plot import CCHDisplay
from ..selection._selector import CCHSelector
from ._console import print_table
from ._errors import UsageError
from ._text_tables import decision_table, describe_folds, gain_table, modality_table

N_FOLDS = 5
N_LABELED, N_PAIRS, N_TEST = 100, 900, 1000


def run_demo(options: argparse.Namespace) -> int:
    """Print which modality should teach, distill, and show by cross-validation what it gained, on two tables."""
    if options.repeats < 2:
        raise UsageError(f"--repeats {options.repeats}: at least 2 are needed for a standard error.")
    console = Console(width=108, highlight=False)
    console.rule("Handwritten digits: Zernike moments, 100 labeled rows and 900 unlabeled pairs", align="left")
    digits = run_digits(console, options)
    console.rule("Adrenocortical carcinoma, all labeled: transcriptome class from copy number", align="left")
    selector, carcinoma = run_carcinoma(console, options)
    if options.figures:
        save_figures(options.figures, selector, carcinoma, digits)
        console.print(f"Figures: {options.figures / 'selection.png'}, {options.figures / 'gain.png'}")
    return 0


def run_carcinoma(console: Console, options: argparse.Namespace) -> tuple[CCHSelector, pd.DataFrame]:
    """Few patients, all labeled: selection and distillation on the training rows of each fold."""
    data, student = load_adrenal_carcinoma(), "cnv"
    columns = data.modalities[student]
    rows = data.data[columns].notna().any(axis=1)
    X, y = data.data[rows], data.target[rows]
    print_table(console, modality_table(X, y, data.modalities, student))
    selector = CCHSelector(data.modalities, student, random_state=options.seed, n_jobs=options.jobs).fit(X, y)
    print_table(console, decision_table(selector))
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
    pipeline = Pipeline(
        [
            # Many splits repeat the selection already.
            ("select", CCHSelector(data.modalities, student, n_repeats=1, random_state=options.seed)),
            ("distill", PairedDistiller(model, model, student_columns=columns)),
        ]
    )
    report = DistillationReport.from_estimator(
        pipeline,
        X,
        y,
        fused=None,
        confidence=selector.confidence,
        cv=N_FOLDS,
        n_repeats=options.repeats,
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=1,
    )
    teachers = pd.DataFrame(report.selections_)["teacher"].value_counts().index
    title = describe_folds(N_FOLDS, options.repeats)
    return selector, print_report(console, report, f"teacher ({', '.join(teachers)})", title)


def run_digits(console: Console, options: argparse.Namespace) -> pd.DataFrame:
    """Few labels and many unlabeled pairs."""
    digits = load_digit_views()
    student, teacher = "zernike", "profile_correlations"
    modalities = {name: digits.modalities[name] for name in (student, teacher)}
    table = digits.data[[*modalities[student], *modalities[teacher]]]
    labeled, pairs = train_test_split(
        np.arange(len(table)), test_size=N_PAIRS, stratify=digits.target, random_state=options.seed
    )
    X, y = table.iloc[labeled], digits.target.iloc[labeled]
    splits = StratifiedShuffleSplit(options.repeats, train_size=N_LABELED, test_size=N_TEST, random_state=options.seed)
    first, _ = next(splits.split(X, y))
    print_table(console, modality_table(X.iloc[first], y.iloc[first], modalities, student))
    selector = CCHSelector(modalities, student, random_state=options.seed, n_jobs=options.jobs)
    pairs_table = (table.iloc[pairs],)
    print_table(console, decision_table(selector.fit(X.iloc[first], y.iloc[first], unlabeled_pairs=pairs_table)))
    report = DistillationReport.from_estimator(
        PairedDistiller(student_columns=modalities[student], cv=3, random_state=options.seed),
        X,
        y,
        unlabeled_pairs=pairs_table,
        fused=None,
        confidence=selector.confidence,
        cv=splits,
        n_jobs=options.jobs,
        random_state=options.seed,
        verbose=1,
    )
    title = f"{N_TEST} test rows for each of {options.repeats} draws of {N_LABELED} labeled rows"
    return print_report(console, report, f"teacher ({teacher})", title)


def print_report(console: Console, report: DistillationReport, teacher: str, title: str) -> pd.DataFrame:
    """Print the verdict, scores, gains and the weights that were chosen.

    Returns
    -------
    DataFrame
        Index the models; ``mean`` and ``standard_error`` of the accuracy.
    """
    console.print(f"\n{report.verdict().line}", style="bold")
    names = {TEACHER: teacher}
    table = gain_table(report, title)
    rows = [(names.get(str(name), str(name)), *cells) for name, *cells in table.rows]
    print_table(console, type(table)(table.title, table.headings, rows))
    weights = report.alphas_[DISTILLED].round(2).value_counts().sort_index()
    chosen = ", ".join(f"{alpha:g} ({count} times)" for alpha, count in weights.items())
    console.print(f"Teacher's weight: {chosen}\n", style="italic")
    accuracy = pd.DataFrame(report.row_scores_.xs("accuracy", axis=1, level="score")).rename(columns=names)
    return pd.DataFrame(
        {
            "mean": accuracy.mean(),
            "standard_error": {
                model: report.overlap_factor * standard_error_of_mean(rows.dropna().to_numpy())
                for model, rows in accuracy.items()
            },
        }
    ).loc[list(accuracy)]


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


def save_figures(folder: Path, selector: CCHSelector, carcinoma: pd.DataFrame, digits: pd.DataFrame) -> None:
    """Write selection.png and gain.png."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    display = CCHDisplay.from_estimator(selector)
    display.figure_.savefig(folder / "selection.png", dpi=150)
    figure, axes = plt.subplots(2, 1, figsize=(7, 5), layout="constrained")
    label = "accuracy, mean and standard error"
    plot_scores(carcinoma, "Carcinoma: class from copy number", label, ax=axes[0])
    plot_scores(digits, "Digits: 100 labels, 900 pairs without", label, ax=axes[1])
    figure.savefig(folder / "gain.png", dpi=150)
    plt.close("all")
