"""Every ordered pair of modalities of two tumor cohorts: mutual information, and the gain by repeated cross-validation.

The claim: the teacher with the largest gap gives the student the largest gain, and a positive gap a gain at all.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from common import BLUE, GREEN, ORANGE, new_figure, save_figure, save_table
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector, PairedDistiller
from skcmkd._model_selection._standard_errors import standard_error_of_mean
from skcmkd.datasets import fetch_breast_tcga, load_adrenal_carcinoma

N_FOLDS, N_REPEATS = 5, 5
ALPHA = 0.5
SHARE_LABELED = 0.4
REGIMES = ("all labeled", "40 % labeled")
MODALITIES = ("mirna", "mrna", "protein")
RULES = (
    "embeddings, ksg: gap",
    "scores, cca: gap",
    "scores, classifier: gap",
    "embeddings, ksg: advantage",
    "scores, cca: advantage",
    "scores, classifier: advantage",
)


def load_breast(folder):
    """The 150 tumors with all three modalities, from Parquet files or the fetched file; None if neither is there."""
    if folder is not None and (Path(folder) / "y.parquet").exists():
        tables = {name: pd.read_parquet(Path(folder) / f"{name}.parquet") for name in MODALITIES}
        target = pd.read_parquet(Path(folder) / "y.parquet")["y"]
    else:
        try:
            breast = fetch_breast_tcga(data_home=folder, download=False)
        except (ImportError, FileNotFoundError) as error:
            print(f"omics: breast cancer left out. {error}")
            return None
        tables = {name: breast.data[breast.modalities[name]] for name in MODALITIES}
        target = breast.target
    complete = tables["protein"].dropna().index
    return {name: table.loc[complete].add_prefix(f"{name} ") for name, table in tables.items()}, target[complete]


def load_cohorts(folder):
    """Name of each cohort to its tables and label."""
    cohorts = {}
    if (breast := load_breast(folder)) is not None:
        cohorts["breast, subtype"] = breast
    for label in ("C1A.C1B", "vital_status"):
        carcinoma = load_adrenal_carcinoma(label=label)
        tables = {name: carcinoma.data[columns] for name, columns in carcinoma.modalities.items()}
        cohorts[f"carcinoma, {label}"] = (tables, carcinoma.target)
    return cohorts


def make_model():
    """Student and teacher alike."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=1000))


def selectors():
    """Settings of the selectors: the published form on embeddings, and class scores of the model that is distilled."""
    return {
        "embeddings, ksg": {"representation": "embedding", "mutual_information": "ksg"},
        "scores, cca": {"encoder": make_model(), "mutual_information": "cca"},
        "scores, classifier": {"encoder": make_model(), "mutual_information": "classifier"},
    }


def true_class(model, X, y):
    """Whether each row's class was predicted, and its log-probability."""
    proba = model.predict_proba(X)
    label_proba = np.clip(proba[np.arange(len(y)), np.searchsorted(model.classes_, y)], 1e-12, 1)
    return np.column_stack([model.classes_[proba.argmax(axis=1)] == y, np.log(label_proba)])


def gains(X, teachers, y, regime):
    """For each teacher the gain of each row in accuracy and log-probability, mean over repeats; and accuracy alone."""
    splitter = RepeatedStratifiedKFold(n_splits=N_FOLDS, n_repeats=N_REPEATS, random_state=0)
    total = {name: np.zeros((len(y), 2)) for name in ("alone", *teachers)}
    complete = np.all([T.notna().all(axis=1) for T in teachers.values()], axis=0)
    strata = y.astype(str) + np.where(complete, " with all teachers", "")
    if strata.value_counts().min() < 2 * N_FOLDS:
        strata = y
    for split, (train, test) in enumerate(splitter.split(X, y)):
        labeled, unlabeled = train, train[:0]
        if regime != REGIMES[0]:
            labeled, unlabeled = train_test_split(
                train, train_size=SHARE_LABELED, stratify=strata.iloc[train], random_state=split
            )
        X_test, y_test = X.iloc[test], y.iloc[test].to_numpy()
        alone = make_model().fit(X.iloc[labeled], y.iloc[labeled])
        total["alone"][test] += true_class(alone, X_test, y_test)
        for name, T in teachers.items():
            distiller = PairedDistiller(make_model(), make_model(), teacher_weights="equal", alpha=ALPHA)
            measured = unlabeled[T.iloc[unlabeled].notna().all(axis=1).to_numpy()]
            pairs = (X.iloc[measured], T.iloc[measured]) if len(measured) else None
            distiller.fit(X.iloc[labeled], y.iloc[labeled], X_teacher=T.iloc[labeled], unlabeled_pairs=pairs)
            total[name][test] += true_class(distiller, X_test, y_test)
    alone = total.pop("alone") / N_REPEATS
    return {name: correct / N_REPEATS - alone for name, correct in total.items()}, alone[:, 0].mean()


def run_student(cohort, tables, y, student):
    """A row for each teacher of one student."""
    measured = tables[student].notna().all(axis=1)
    tables, y = {name: table[measured] for name, table in tables.items()}, y[measured]
    teachers = {name: table for name, table in tables.items() if name != student}
    rows = {
        name: {"cohort": cohort, "student": student, "teacher": name, "rows": int(table.notna().all(axis=1).sum())}
        for name, table in teachers.items()
    }
    for name, settings in selectors().items():
        modalities = {key: list(table.columns) for key, table in tables.items()}
        selector = CCHSelector(modalities, student, n_repeats=1, n_subsamples=2, random_state=0, **settings)
        results = selector.fit(pd.concat(tables.values(), axis=1), y).results_
        for teacher, row in rows.items():
            for metric in ("teacher_student", "student_label", "teacher_label", "gap", "advantage", "risk_reduction"):
                row[f"{name}: {metric}"] = results.loc[teacher, metric]
    for regime in REGIMES:
        row_gains, accuracy = gains(tables[student], teachers, y, regime)
        for name, gain in row_gains.items():
            error = [standard_error_of_mean(column) for column in gain.T]
            row = {"alone": accuracy, "gain": gain[:, 0].mean(), "gain se": error[0]}
            row |= {"log-loss gain": gain[:, 1].mean(), "log-loss gain se": error[1]}
            rows[name] |= {f"{regime}: {key}": value for key, value in row.items()}
    return list(rows.values())


def evaluate_rules(table):
    """How often each rule picks the teacher with the largest gain, what its pick gains, and rank correlations."""
    rows = []
    for regime in REGIMES:
        for measure in ("gain", "log-loss gain"):
            gain = f"{regime}: {measure}"
            for rule in RULES:
                picks = [
                    (part.loc[part[rule].idxmax(), gain], part[gain].max(), part[gain].mean(), len(part))
                    for _, part in table.groupby(["cohort", "student"])
                ]
                picked, best, mean, number = np.array(picks).T
                row = {"regime": regime, "measure": measure, "rule": rule, "students": len(picks)}
                row |= {"right": int((picked == best).sum()), "by chance": (1 / number).sum()}
                row |= {"picked": picked.mean(), "best": best.mean(), "any": mean.mean()}
                row["says yes"] = (table[rule] > 0).mean()
                row["gains"] = (table[gain] > 0).mean()
                row["same sign"] = ((table[rule] > 0) == (table[gain] > 0)).mean()
                row["spearman"] = np.mean(
                    [spearmanr(part[rule], part[gain]).statistic for _, part in table.groupby("cohort")]
                )
                rows.append(row)
    return pd.DataFrame(rows)


def draw_figure(table):
    """Gain in accuracy over gap and over advantage, a point for each ordered pair."""
    figure, axes = new_figure(2, n_rows=2, sharey=True)
    panels = [
        (rule, regime) for regime in REGIMES for rule in ("embeddings, ksg: gap", "scores, classifier: advantage")
    ]
    for ax, (rule, regime) in zip(axes, panels, strict=True):
        for (cohort, part), color, marker in zip(
            table.groupby("cohort"), (BLUE, ORANGE, GREEN), ("o", "s", "D"), strict=False
        ):
            ax.errorbar(
                part[rule],
                100 * part[f"{regime}: gain"],
                100 * part[f"{regime}: gain se"],
                linestyle="none",
                marker=marker,
                markersize=5,
                color=color,
                elinewidth=0.8,
                label=cohort,
            )
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(0, color="black", linewidth=0.8, linestyle="--")
        ax.set_xlabel(f"{rule}, nats")
        ax.set_ylabel("gain in test accuracy, points")
        ax.set_title(f"{regime}, {len(table)} pairs", loc="left")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    save_figure(figure, "omics")


def main(options):
    """Run every cohort."""
    table = pd.DataFrame(
        [
            row
            for cohort, (tables, y) in load_cohorts(options.breast).items()
            for student in tables
            for row in run_student(cohort, tables, y, student)
        ]
    )
    rules = evaluate_rules(table)
    save_table(table, "omics")
    save_table(rules, "omics_rules")
    draw_figure(table)
    print(table.round(3).to_string(index=False))
    print(rules.round(3).to_string(index=False))
