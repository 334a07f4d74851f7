"""
A teacher that harms, and is refused
====================================

Not every other modality helps. Some make the student worse. Here is one of each kind, at fixed
weights and with a weight chosen on held-out rows.
"""

# %%
# Two pairs
# ---------
# Handwritten digits in three views: 216 profile correlations, 47 Zernike moments, 6 numbers of
# morphology. 100 rows have a label, 200 further rows have all views and no label, 1000 are kept
# for testing.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHDisplay, CCHSelector, PairedDistiller
from skcmkd.datasets import load_digit_views

digits = load_digit_views()
modalities = {
    name: digits.modalities[name]
    for name in ("zernike", "profile_correlations", "morphology")
}
model = make_pipeline(
    StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
)


def draw(split):
    X, X_test, y, y_test = train_test_split(
        digits.data,
        digits.target,
        test_size=1000,
        stratify=digits.target,
        random_state=split,
    )
    X, rest, y, _ = train_test_split(
        X, y, train_size=100, stratify=y, random_state=split
    )
    return X, rest[:200], X_test, y, y_test


# %%
# The selector's decision
# -----------------------
# The student of profile correlations is already good. Should one of the two weaker views teach
# it?

X, X_pairs, X_test, y, y_test = draw(0)
selector = CCHSelector(
    modalities,
    student="profile_correlations",
    criterion="advantage",
    random_state=0,
)
selector.fit(X, y)
CCHDisplay.from_estimator(selector)
plt.show()
print("kept:", selector.teachers_)

# %%
# Both intervals lie below zero: *do not distil*. In a pipeline the selector would now pass on
# the student's columns alone, and the student would be trained without a teacher.
#
# Without the selector
# --------------------
# We take the soft targets of this teacher alone, ``teacher_weights="equal"``: by default the
# student's own model has a part in them, which keeps a student from such harm. We force the
# weight ``alpha`` on the student, from 0 (labels only) to 1 (teacher only), and let
# ``alpha="auto"`` choose in the same splits. For comparison the other way round: the good
# view teaches the weaker one.

weights = [0.25, 0.5, 0.75, 1.0]
pairs = {
    "morphology teaches profile correlations": (
        "morphology",
        "profile_correlations",
    ),
    "profile correlations teach Zernike": ("profile_correlations", "zernike"),
}
rows = []
for split in range(3):
    X, X_pairs, X_test, y, y_test = draw(split)
    for title, (teacher, student) in pairs.items():
        columns, teacher_columns = modalities[student], modalities[teacher]
        alone = model.fit(X[columns], y).score(X_test[columns], y_test)
        rows.append((title, split, 0.0, 0.0, False))
        for alpha in [*weights, "auto"]:
            distiller = PairedDistiller(
                model,
                model,
                teacher_weights="equal",
                alpha=alpha,
                random_state=0,
            )
            distiller.fit(
                X[columns],
                y,
                X_teacher=X[teacher_columns],
                unlabeled_pairs=(X_pairs[columns], X_pairs[teacher_columns]),
            )
            gain = 100 * (distiller.score(X_test[columns], y_test) - alone)
            rows.append((title, split, distiller.alpha_, gain, alpha == "auto"))
results = pd.DataFrame(rows, columns=["pair", "split", "alpha", "gain", "auto"])

# %%
# Thin lines are splits, the thick line is their mean, circles are what ``alpha="auto"`` chose.

figure, axes = plt.subplots(
    1, 2, figsize=(9, 4), layout="constrained", sharex=True
)
for ax, (title, rows) in zip(
    axes, results.groupby("pair", sort=False), strict=True
):
    fixed = rows[~rows["auto"]].pivot_table(
        index="alpha", columns="split", values="gain"
    )
    auto = rows[rows["auto"]]
    ax.plot(fixed.index, fixed, color="#0072B2", linewidth=1, alpha=0.4)
    ax.plot(fixed.index, fixed.mean(axis=1), color="#0072B2", linewidth=3)
    ax.scatter(
        auto["alpha"],
        auto["gain"],
        s=90,
        facecolor="none",
        edgecolor="#D55E00",
        linewidth=2,
        zorder=3,
        label='alpha="auto"',
    )
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_xlabel("teacher's weight alpha")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("gain in test accuracy, points")
axes[0].legend(frameon=False, loc="lower left")
plt.show()

# %%
# Left: every weight costs accuracy, a small one about a point, and a student trained on the
# teacher alone loses about 25 points. ``alpha="auto"`` chose 0 in all three splits: the
# student is the one trained alone, and nothing is lost. Right: every weight helps, and "auto"
# took 0.5. It tries one weight against none and does not look for the best one.
#
# What not to conclude
# --------------------
# Two guards refused this teacher, each by itself: the selector beforehand, ``alpha="auto"``
# while fitting. Both use a hundred labeled rows. They protect within the noise of that, not
# absolutely; :doc:`/paired_evidence` counts how often. And a teacher that is weaker *alone* need not
# harm: given enough pairs it may predict what the student cannot.

# sphinx_gallery_thumbnail_path = "_static/thumbnails/teacher_that_harms.svg"
