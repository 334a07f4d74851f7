"""
Several teachers, and rows that lack one
========================================

RNA was measured in some samples and protein in the others. Each can teach the rows that it was
measured on.
"""

# %%
# Who has what
# ------------
# Simulated. All samples have the panel. A random half of them has RNA, the other half protein,
# and both tell as much about the label. 60 rows have a label, 340 do not, 1200 are kept for
# testing.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller
from skcmkd.datasets import make_gaussian_modalities

model = make_pipeline(
    SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
)


def draw(seed):
    drawn = make_gaussian_modalities(
        1600,
        n_noise=20,
        specific_signal={"panel": 0.0, "rna": 1.5, "protein": 1.5},
        random_state=seed,
    )
    lacks_rna = np.random.RandomState(seed).rand(1600) < 0.5
    table = drawn.data.copy()
    table.loc[lacks_rna, drawn.modalities["rna"]] = np.nan
    table.loc[~lacks_rna, drawn.modalities["protein"]] = np.nan
    return drawn.modalities, table, drawn.target


modalities, table, y = draw(0)
figure, ax = plt.subplots(figsize=(8, 1.9), layout="constrained")
measured = pd.DataFrame(
    {
        name: table[columns].notna().all(axis=1)
        for name, columns in modalities.items()
    }
)
ax.imshow(
    measured[:400].T,
    aspect="auto",
    cmap="Blues",
    vmin=-0.3,
    vmax=1.3,
    interpolation="none",
)
ax.axvline(59.5, color="#D55E00")
ax.set_yticks(range(3), measured.columns)
ax.set_xlabel("sample (left of the line: with a label; pale: not measured)")
plt.show()

# %%
# One teacher each
# ----------------
# ``teacher_columns`` as a dict makes one teacher for each modality. A row's soft target is the
# weighted mean over the teachers whose modality was measured; nothing is imputed.
# ``teacher_weights_`` has the weight of each.

X, X_unlabeled = table[:60], table[60:400]
distiller = PairedDistiller(
    model,
    model,
    student_columns=modalities["panel"],
    teacher_columns={name: modalities[name] for name in ("rna", "protein")},
    teacher_weights="learned",
    random_state=0,
).fit(X, y[:60], unlabeled_pairs=(X_unlabeled,))
print("weight of the teachers together:", distiller.alpha_)
{
    name: round(float(weight), 2)
    for name, weight in distiller.teacher_weights_.items()
}

# %%
# Is it better than one teacher?
# ------------------------------
# Against it stand each modality alone, and a single teacher of both tables side by side, with
# the missing half filled by column means. Twenty draws, the weight fixed so that only the
# teachers differ.

rows = []
for seed in range(20):
    modalities, table, y = draw(seed)
    panel, rna, protein = (
        modalities[name] for name in ("panel", "rna", "protein")
    )
    X, X_unlabeled, X_test = table[:60], table[60:400], table[400:]
    alone = model.fit(X[panel], y[:60]).score(X_test[panel], y[400:])
    teachers = {
        "RNA alone": rna,
        "protein alone": protein,
        "one teacher of both, imputed": rna + protein,
        "one teacher each": {"rna": rna, "protein": protein},
    }
    for name, columns in teachers.items():
        distiller = PairedDistiller(
            model,
            model,
            student_columns=panel,
            teacher_columns=columns,
            teacher_weights="equal",
            alpha=0.5,
            random_state=0,
        ).fit(X, y[:60], unlabeled_pairs=(X_unlabeled,))
        rows.append(
            (
                seed,
                name,
                100 * (distiller.score(X_test[panel], y[400:]) - alone),
            )
        )
results = pd.DataFrame(rows, columns=["draw", "teacher", "gain"])
gains = results.pivot_table(index="draw", columns="teacher", values="gain")
order = list(teachers)

# sphinx_gallery_thumbnail_path = "_static/thumbnails/several_teachers.svg"
figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.errorbar(
    gains[order].mean(),
    range(4),
    xerr=gains[order].sem(),
    linestyle="none",
    marker="o",
    markersize=8,
    capsize=4,
    color="#0072B2",
)
ax.axvline(0, color="black", linewidth=0.8)
ax.set_yticks(range(4), order)
ax.set_ylim(3.5, -0.5)
ax.set_xlabel("gain in test accuracy over the student alone, points")
ax.set_title("Mean and standard error of twenty draws", loc="left")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The same draws, compared one by one with one teacher each:

gains.rsub(gains["one teacher each"], axis=0).agg(["mean", "sem"]).T.round(2)

# %%
# Every teacher helps. One each is better than protein alone; against RNA alone the difference
# is within noise. The single teacher that was given filled cells is better by about half a
# point, which is more than noise.
#
# What not to conclude
# --------------------
# A second teacher need not help: half of the pairs were nearly enough here. Nor is filling cells
# always the better way: here both tables share a part and the columns are few.
# With one teacher each nothing has to be imputed, each can be another
# model (``teacher`` may be a dict), and one of them may come ready from another cohort
# (``FrozenEstimator``).
