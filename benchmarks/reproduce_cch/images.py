"""Digits on colored photographs, with teachers of the same digits, clean and then more and more blurred.

The paper has MNIST-M for the student and MNIST for the teacher. Here the student's input is |patch of a photograph -
digit| in 8 x 8 pixels and three colors, as MNIST-M is made, and the teacher's the 8 x 8 digit, blurred and rounded to
the gray levels of the digits (without the rounding a blur could be undone). The claim: blurring lowers I(H_T; H_S), and
distilling gains as long as it is above I(H_S; Y).
"""

import numpy as np
import pandas as pd
from common import BLUE, GRAY, ORANGE, crossing, new_figure, save_figure, save_table
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from sklearn.datasets import load_digits, load_sample_images

from skcmkd import CCHSelector, NetworkClassifier, PairedDistiller
from skcmkd.information import cca, ksg

BLURS = (0.0, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
N_SEEDS = 5
N_LABELED, N_TRAINING = 200, 1000
ALPHA = 0.5
PIXELS_PER_PIXEL = 2  # of the photograph
KINDS = {  # representation and estimator of mutual information
    "ksg": "embeddings, nearest neighbors",
    "cca": "embeddings, canonical correlations",
    "scores": "class scores",
}
REGIMES = {"labeled pairs": False, "800 pairs more": True}


def on_photographs(images, rng):
    """|patch - digit| for each digit in [0, 1], each on its own patch: (n, 192)."""
    photographs = [photograph / 255 for photograph in load_sample_images().images]
    side = images.shape[1] * PIXELS_PER_PIXEL
    drawn = []
    for image in images:
        photograph = photographs[rng.randint(len(photographs))]
        top, left = (rng.randint(length - side) for length in photograph.shape[:2])
        patch = photograph[top : top + side, left : left + side]
        patch = patch.reshape(len(image), PIXELS_PER_PIXEL, len(image), PIXELS_PER_PIXEL, 3).mean(axis=(1, 3))
        drawn.append(np.abs(patch - image[..., None]).ravel())
    return np.array(drawn)


def blurred(images, sigma):
    """The digits blurred, in whole gray levels: (n, 64)."""
    return np.round([gaussian_filter(image, sigma) for image in images]).reshape(len(images), -1)


def embedding_metrics(student, teacher, X, T, y, seed):
    """Mutual information of embeddings and label on rows that no network was fitted to, each by one estimator.

    "ksg" are nearest neighbors of the whole embeddings with Ross's form for the label, as published; "cca" held-out
    canonical correlations, with the label as indicators.
    """
    H_S, H_T, classes = student.transform(X), teacher.transform(T), y.astype(str)
    metrics = {}
    for name, estimator, label in (("ksg", ksg, classes), ("cca", cca, np.eye(10)[y])):
        shared, student_label, teacher_label = (
            estimator(*sides, random_state=seed) for sides in ((H_T, H_S), (H_S, label), (H_T, label))
        )
        values = {"teacher_student": shared, "student_label": student_label, "teacher_label": teacher_label}
        values |= {"gap": shared - student_label, "advantage": teacher_label - student_label}
        metrics |= {f"{name} {key}": value for key, value in values.items()}
    return metrics


def run_seed(seed):
    """All blur levels on one split and one set of backgrounds; a row each."""
    digits = load_digits()
    rng = np.random.RandomState(seed)
    X = on_photographs(digits.images / 16, rng)
    labeled, unlabeled, test = np.split(rng.permutation(len(X)), [N_LABELED, N_TRAINING])
    y = digits.target
    teachers = {sigma: blurred(digits.images, sigma) for sigma in BLURS}
    tables = {"student": X} | {f"blur {sigma}": T for sigma, T in teachers.items()}
    ends = np.cumsum([table.shape[1] for table in tables.values()])
    modalities = {
        name: slice(end - table.shape[1], end) for (name, table), end in zip(tables.items(), ends, strict=True)
    }
    selector = CCHSelector(modalities, "student", encoder=NetworkClassifier(), n_repeats=1, random_state=seed)
    results = selector.fit(np.hstack(list(tables.values()))[labeled], y[labeled]).results_
    alone = NetworkClassifier(random_state=seed).fit(X[labeled], y[labeled])
    accuracy = alone.score(X[test], y[test])
    rows = []
    for sigma, T in teachers.items():
        teacher = NetworkClassifier(random_state=seed).fit(T[labeled], y[labeled])
        row = {"blur": sigma, "seed": seed, "student accuracy": accuracy}
        row["teacher accuracy"] = teacher.score(T[test], y[test])
        for name in ("teacher_student", "student_label", "teacher_label", "gap", "advantage"):
            row[f"scores {name}"] = results.loc[f"blur {sigma}", name]
        row |= embedding_metrics(alone, teacher, X[unlabeled], T[unlabeled], y[unlabeled], seed)
        for regime, with_unlabeled in REGIMES.items():
            distiller = PairedDistiller(teacher_weights="equal", alpha=ALPHA, random_state=seed)
            pairs = (X[unlabeled], T[unlabeled]) if with_unlabeled else None
            distiller.fit(X[labeled], y[labeled], X_teacher=T[labeled], unlabeled_pairs=pairs)
            row[f"gain, {regime}"] = distiller.score(X[test], y[test]) - accuracy
        rows.append(row)
    return rows


def evaluate_rules(table):
    """Blur at which each metric and gain turns negative, agreement of signs, and rank correlation with the gain."""
    mean = table.groupby("blur").mean()
    rows = []
    for regime in REGIMES:
        gain = f"gain, {regime}"
        for metric in (f"{kind} {name}" for kind in KINDS for name in ("gap", "advantage")):
            row = {"regime": regime, "figure": metric}
            row["gain turns negative at blur"] = -crossing(-mean.index, mean[gain])
            row["figure turns negative at blur"] = -crossing(-mean.index, mean[metric])
            row["says yes"] = (table[metric] > 0).mean()
            row["same sign"] = ((table[metric] > 0) == (table[gain] > 0)).mean()
            row["mean gain if yes"] = table[gain][table[metric] > 0].mean()
            row["mean gain if no"] = table[gain][table[metric] <= 0].mean()
            row["spearman with gain"] = spearmanr(table[metric], table[gain]).statistic
            rows.append(row)
    return pd.DataFrame(rows)


def draw_figure(table):
    """Mutual information, and gain, over the blur."""
    figure, axes = new_figure(2, n_rows=2)
    groups = table.groupby("blur")
    mean, error = groups.mean(), groups.sem()
    for ax, (kind, title) in zip(axes, KINDS.items(), strict=False):
        for name, label, color in (
            ("teacher_student", "I(teacher; student)", BLUE),
            ("student_label", "I(student; label)", GRAY),
            ("teacher_label", "I(teacher; label)", ORANGE),
        ):
            column = f"{kind} {name}"
            ax.errorbar(mean.index, mean[column], error[column], marker="o", markersize=4, color=color, label=label)
        ax.set_ylabel("mutual information, nats")
        ax.set_ylim(bottom=0)
        ax.set_title(title, loc="left", fontsize=10)
    axes[1].legend(frameon=False)
    for regime, color in zip(REGIMES, (BLUE, ORANGE), strict=True):
        column = f"gain, {regime}"
        axes[3].errorbar(
            mean.index, 100 * mean[column], 100 * error[column], marker="o", markersize=4, color=color, label=regime
        )
    axes[3].axhline(0, color="black", linewidth=0.8)
    axes[3].set_ylabel("gain in test accuracy, points")
    axes[3].set_title(f"distilling at alpha = {ALPHA}", loc="left")
    axes[3].legend(frameon=False)
    for ax in axes:
        ax.set_xlabel("blur of the teacher's digit, pixels")
    save_figure(figure, "images")


def draw_examples(n=8):
    """The student's input, and the teacher's at four blur levels."""
    images = load_digits().images[:n]
    student = on_photographs(images / 16, np.random.RandomState(0)).reshape(n, 8, 8, 3)
    rows = [student, *(blurred(images, sigma).reshape(n, 8, 8) for sigma in (0, 1, 2, 4))]
    figure, axes = new_figure(n, n_rows=len(rows), width=1.1, height=1.1)
    for ax, image in zip(axes, (image for row in rows for image in row), strict=True):
        ax.imshow(image, cmap="gray", vmin=0, vmax=16 if image.ndim == 2 else None)
        ax.axis("off")
    save_figure(figure, "images_examples")


def main(_options):
    """Run all seeds."""
    table = pd.DataFrame([row for seed in range(N_SEEDS) for row in run_seed(seed)])
    rules = evaluate_rules(table)
    save_table(table, "images")
    save_table(rules, "images_rules")
    draw_figure(table)
    draw_examples()
    print(table.groupby("blur").mean().drop(columns="seed").T.round(3).to_string())
    print(rules.to_string(index=False, float_format="%.3f"))
