"""
Patients, rare classes, probabilities
=====================================

Three things that most cohorts need: several samples of a patient stay together, a rare class
counts as much as a common one, and a predicted probability of 30 % means 30 %.
"""

# %%
# The cohort
# ----------
# Simulated: about a hundred patients with three samples each, which differ by measurement error
# only. About a fifth of the patients are ill. Several hundred further patients are kept for
# testing. Five such cohorts.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss
from sklearn.model_selection import (
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller
from skcmkd.datasets import make_gaussian_modalities


def draw(seed):
    drawn = make_gaussian_modalities(
        1500,
        n_noise=20,
        specific_signal={"panel": 0.0, "omics": 1.5},
        random_state=seed,
    )
    random = np.random.RandomState(seed)
    healthy = drawn.target == 0
    kept = np.flatnonzero(healthy | (random.rand(1500) < 0.25))
    patients = np.repeat(kept, 3)
    table = drawn.data.loc[patients].reset_index(drop=True)
    table += 0.3 * random.randn(*table.shape)
    label = drawn.target[patients].map({0: "healthy", 1: "ill"}).to_numpy()
    return drawn.modalities["panel"], table, label, patients


panel, table, label, patients = draw(0)
training = patients < 160
print(
    len(np.unique(patients[training])), "patients,", training.sum(), "samples"
)
pd.Series(label[training]).value_counts(normalize=True).round(2)

# %%
# Patients
# --------
# The student alone, evaluated three ways: by folds that separate samples of a patient, by folds
# that keep them together, and by new patients. The model is regularized too little on purpose, as
# happens easily.

model = make_pipeline(StandardScaler(), LogisticRegression(C=10, max_iter=5000))
ways = {}
for seed in range(5):
    panel, table, label, patients = draw(seed)
    training = patients < 160
    X, y = table.loc[training, panel], label[training]
    torn = StratifiedKFold(5, shuffle=True, random_state=0).split(X, y)
    whole = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    together = whole.split(X, y, groups=patients[training])
    score = "balanced_accuracy"
    predicted = model.fit(X, y).predict(table.loc[~training, panel])
    ways[seed] = {
        "patients torn apart": cross_val_score(
            model, X, y, cv=torn, scoring=score
        ).mean(),
        "patients together": cross_val_score(
            model, X, y, cv=together, scoring=score
        ).mean(),
        "new patients": balanced_accuracy_score(label[~training], predicted),
    }
ways = 100 * pd.DataFrame(ways)

figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
ax.plot(ways, range(3), "o", color="#0072B2", alpha=0.5)
ax.plot(
    ways.mean(axis=1),
    range(3),
    "|",
    color="black",
    markersize=20,
    markeredgewidth=3,
)
ax.set_yticks(range(3), ways.index)
ax.set_ylim(2.5, -0.5)
ax.set_xlabel("balanced accuracy, %")
ax.set_title("Five cohorts (dots) and their mean (bar)", loc="left")
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# Folds that separate samples of a patient promise much more than new patients give: the model was
# fitted on the same patients. So do the internal folds of a distiller, which make the teacher's
# out-of-fold predictions and choose its weight. **Give** ``groups`` **to** ``fit``; in a Pipeline
# or a grid search by metadata routing.
#
# Rare classes and probabilities
# ------------------------------
# ``class_weight="balanced"`` lets both classes weigh the same. ``calibrate=True`` scales the
# student's probabilities by one number, chosen on held-out patients.

settings = {
    "plain": {},
    "balanced": {"class_weight": "balanced"},
    "calibrated": {"calibrate": True},
}
rows, predictions = [], {name: [] for name in settings}
for seed in range(5):
    panel, table, label, patients = draw(seed)
    training = patients < 160
    truth = label[~training] == "ill"
    for name, setting in settings.items():
        distiller = PairedDistiller(
            model,
            model,
            student_columns=panel,
            alpha=0.25,
            random_state=0,
            **setting,
        ).fit(table[training], label[training], groups=patients[training])
        risk = distiller.predict_proba(table.loc[~training, panel])[:, 1]
        predictions[name].append((truth, risk))
        rows.append(
            {
                "student": name,
                "ill found, %": 100 * np.mean(risk[truth] > 0.5),
                "healthy cleared, %": 100 * np.mean(risk[~truth] <= 0.5),
                "log-loss, nats": log_loss(truth, risk),
            }
        )
pd.DataFrame(rows).groupby("student", sort=False).mean().round(2)

# %%
# On the dotted line a predicted risk comes true.

# sphinx_gallery_thumbnail_number = 2
figure, ax = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
ax.plot([0, 100], [0, 100], color="black", linewidth=0.8, linestyle=":")
for (name, parts), color, marker in zip(
    predictions.items(), ("#0072B2", "#D55E00", "#009E73"), "osD", strict=True
):
    truth, risk = (np.concatenate(part) for part in zip(*parts, strict=True))
    share, mean_risk = calibration_curve(
        truth, risk, n_bins=8, strategy="quantile"
    )
    ax.plot(
        100 * mean_risk, 100 * share, marker=marker, color=color, label=name
    )
ax.set_xlabel("predicted risk, %")
ax.set_ylabel("ill among them, %")
ax.set_title("New patients of five cohorts, pooled", loc="left")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="upper left")
plt.show()

# %%
# The plain student is overconfident: of the patients with a high predicted risk, far fewer are
# ill. Calibrating brings the curve nearer to the dotted line and lowers the log-loss; who is
# predicted ill does not change. Balanced weights find more of the ill, at the price of more
# healthy ones called ill, and their probabilities are no frequencies any more.
#
# What not to conclude
# --------------------
# So do not ask one model for both: take balanced weights when the classes are what counts,
# calibrated probabilities when the risk is. The means are over five cohorts; a single one
# differs from them by several points. This page shows settings, not what distilling gains.
