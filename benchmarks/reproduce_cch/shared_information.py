"""More and more information shared between teacher and student, at fixed mutual information with the label.

The claim: distilling begins to gain where I(H_T; H_S) passes I(H_S; Y). Two simulators with known mutual information,
two classes, logistic students and teachers. A teacher that predicts the class shares in every row is the control: its
gain comes from smoothing the labels.
"""

from functools import partial

import numpy as np
import pandas as pd
from common import BLUE, GRAY, GREEN, ORANGE, crossing, new_figure, save_figure, save_table
from joblib import Parallel, delayed
from scipy.special import entr
from scipy.stats import norm
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skcmkd import CCHSelector, PairedDistiller
from skcmkd.datasets import make_gaussian_modalities, make_joint_gaussian

N_LABELED, N_UNLABELED, N_TEST = 100, 400, 4000
N_SEEDS = 30
CORRELATIONS = {  # student with label: teacher with student, as far as the two leave it free
    0.3: (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8),
    0.5: (0.0, 0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    0.7: (0.15, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95),
}
TEACHER_LABEL = 0.8
NOISES = (8.0, 3.0, 2.0, 1.5, 1.2, 0.9, 0.6, 0.3)
SETTINGS = {  # name: weight, with unlabeled pairs
    "alpha 0.1": (0.1, False),
    "alpha 0.5": (0.5, False),
    "alpha 0.5, unlabeled pairs": (0.5, True),
}
FAMILIES = ("classifier", "cca")


def sign_information(correlation):
    """I(x; sign(y)) in nats for standard normal x, y: log 2 - E h(Phi(r x / sqrt(1 - r^2)))."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    p = norm.cdf(correlation * nodes / np.sqrt(1 - correlation**2))
    return np.log(2) - (entr(p) + entr(1 - p)) @ weights / np.sqrt(2 * np.pi)


def draw_joint_gaussian(student_label, teacher_student, seed):
    """Class = sign of the normal label; the three directions have the given correlations."""
    drawn = make_joint_gaussian(
        N_LABELED + N_UNLABELED + N_TEST,
        teacher_student=teacher_student,
        student_label=student_label,
        teacher_label=TEACHER_LABEL,
        random_state=seed,
    )
    drawn.target = (drawn.target > 0).astype(int)
    drawn.label_information = {
        "student": sign_information(student_label),
        "teacher": sign_information(TEACHER_LABEL),
    }
    return drawn


def draw_modalities(noise, seed):
    """Shared columns with some measurement noise; specific columns hold the mutual information with the label fixed."""
    signal = 1 / (1 + noise**2)
    return make_gaussian_modalities(
        N_LABELED + N_UNLABELED + N_TEST,
        measurement_noise=noise,
        specific_signal={"teacher": np.sqrt(3.25 - signal), "student": np.sqrt(1 - signal)},
        random_state=seed,
    )


SWEEPS = {
    f"joint Gaussian, student with label {student_label}": (partial(draw_joint_gaussian, student_label), levels)
    for student_label, levels in CORRELATIONS.items()
} | {"modalities with shared columns": (draw_modalities, NOISES)}


def run_cell(sweep, level, seed):
    """True and estimated metrics, and the gain of each setting, of one draw."""
    make, _ = SWEEPS[sweep]
    drawn = make(level, seed)
    labeled, unlabeled, test = np.split(np.arange(len(drawn.target)), [N_LABELED, N_LABELED + N_UNLABELED])
    X, T = (drawn.data[drawn.modalities[name]] for name in ("student", "teacher"))
    y = drawn.target
    shared, known = drawn.shared_information["teacher", "student"], drawn.label_information
    row = {"sweep": sweep, "level": level, "seed": seed, "true teacher_student": shared}
    row |= {"true student_label": known["student"], "true gap": shared - known["student"]}
    row["true advantage"] = known["teacher"] - known["student"]
    for family in FAMILIES:
        selector = CCHSelector(
            drawn.modalities,
            "student",
            encoder=LogisticRegression(),
            mutual_information=family,
            n_repeats=1,
            n_subsamples=2,
            random_state=seed,
        )
        results = selector.fit(drawn.data.iloc[labeled], y.iloc[labeled]).results_.loc["teacher"]
        row |= {f"{family} {name}": results[name] for name in ("gap", "advantage")}
    alone = LogisticRegression().fit(X.iloc[labeled], y.iloc[labeled])
    loss, accuracy = score(alone, X.iloc[test], y.iloc[test])
    row |= {"alone accuracy": accuracy, "alone log-loss": loss}
    for name, (alpha, with_unlabeled) in SETTINGS.items():
        pairs = (X.iloc[unlabeled], T.iloc[unlabeled]) if with_unlabeled else None
        gains = []
        for teacher in (LogisticRegression(), DummyClassifier()):
            distiller = PairedDistiller(LogisticRegression(), teacher, teacher_weights="equal", alpha=alpha)
            distiller.fit(X.iloc[labeled], y.iloc[labeled], X_teacher=T.iloc[labeled], unlabeled_pairs=pairs)
            new_loss, new_accuracy = score(distiller, X.iloc[test], y.iloc[test])
            gains.append((loss - new_loss, new_accuracy - accuracy))
        (row[f"{name}: log-loss gain"], row[f"{name}: accuracy gain"]), (control, _) = gains
        row[f"{name}: log-loss beyond silence gain"] = gains[0][0] - control
    return row


def score(model, X, y):
    """Log-loss and accuracy."""
    proba = model.predict_proba(X)
    return log_loss(y, proba), np.mean(proba.argmax(axis=1) == y)


def summarize(table):
    """Means over the seeds, and the standard errors of the gains."""
    groups = table.drop(columns="seed").groupby(["sweep", "level"])
    gains = [column for column in table if column.endswith("gain")]
    summary = groups.mean().join(groups[gains].sem().add_suffix(" se")).reset_index()
    return summary.sort_values(["sweep", "true teacher_student"])


def crossings(table):
    """Shared information at which each metric turns positive, with a 90 % interval over the seeds for the gains."""
    rng = np.random.RandomState(0)
    rows = []
    for sweep, part in table.groupby("sweep"):
        shared = part.groupby("level")["true teacher_student"].first()
        names = [column for column in part if column.endswith(("gap", "gain"))]
        for name in names:
            curves = part.pivot_table(index="level", columns="seed", values=name).loc[shared.index].to_numpy()
            resampled = [
                crossing(shared, curves[:, rng.randint(curves.shape[1], size=curves.shape[1])].mean(axis=1))
                for _ in range(500)
            ]
            mean = curves.mean(axis=1)
            row = {"sweep": sweep, "figure": name, "crossing": crossing(shared, mean)}
            row["share of levels positive"] = np.mean(mean > 0)
            row["share of draws with a crossing"] = np.mean(~np.isnan(resampled))
            if row["share of draws with a crossing"] > 0.5:
                row["lower"], row["upper"] = np.nanquantile(resampled, [0.05, 0.95])
            rows.append(row)
    return pd.DataFrame(rows)


def draw_figure(summary):
    """Gain in accuracy over the shared information; the dashed line is where the true gap is zero."""
    figure, axes = new_figure(2, n_rows=2, sharey=True)
    for ax, sweep in zip(axes, SWEEPS, strict=True):
        part = summary[summary.sweep == sweep]
        for name, color, marker in zip(SETTINGS, (GRAY, BLUE, ORANGE), "Dos", strict=True):
            column = f"{name}: accuracy gain"
            ax.errorbar(
                part["true teacher_student"],
                100 * part[column],
                100 * part[f"{column} se"],
                color=color,
                marker=marker,
                markersize=5,
                capsize=3,
                label=name,
            )
        ax.axhline(0, color="black", linewidth=0.8)
        zero = part["true student_label"].iloc[0]
        ax.axvline(zero, color=GREEN, linestyle="--", linewidth=1, label="true gap = 0")
        ax.set_xlabel("shared information, nats")
        ax.set_ylabel("gain in test accuracy, points")
        ax.set_title(sweep, loc="left", fontsize=10)
    axes[0].legend(frameon=False, fontsize=9, loc="lower right")
    save_figure(figure, "shared_information")


def main(_options):
    """Run both sweeps."""
    jobs = [
        (sweep, level, seed) for sweep, (_, levels) in SWEEPS.items() for level in levels for seed in range(N_SEEDS)
    ]
    table = pd.DataFrame(Parallel(n_jobs=1)(delayed(run_cell)(*job) for job in jobs))
    summary, crossed = summarize(table), crossings(table)
    save_table(summary, "shared_information")
    save_table(crossed, "shared_information_crossings")
    draw_figure(summary)
    print(summary.T.round(4).to_string())
    print(crossed.to_string(index=False, float_format="%.3f"))
