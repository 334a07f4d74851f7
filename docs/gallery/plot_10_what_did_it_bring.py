"""
What did distilling bring?
==========================

A student that got better with a teacher may have got better for another reason. The report
compares six models on the same folds. One of them is a control: a teacher whose rows were
permuted, so that its predictions do not belong to the sample. Another is the largest class.
"""

# %%
# With unlabeled pairs
# --------------------
# Digits: 100 labeled rows, 300 unlabeled pairs, Zernike moments with profile correlations
# as the teacher.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import DistillationReport, PairedDistiller
from skcmkd.datasets import load_adrenal_carcinoma, load_digit_views

digits = load_digit_views()
zernike = digits.modalities["zernike"]
both = zernike + digits.modalities["profile_correlations"]
X, rest, y, _ = train_test_split(
    digits.data[both],
    digits.target,
    train_size=100,
    stratify=digits.target,
    random_state=0,
)
model = make_pipeline(
    StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
)
distiller = PairedDistiller(
    model, model, student_columns=zernike, random_state=0
)
report = DistillationReport.from_estimator(
    distiller, X, y, unlabeled_pairs=(rest[:300],), random_state=0
)
print(report.verdict())

# %%
# The first line is what to do, the others why: all by the Brier score and its 95 % intervals.

report.plot()
plt.show()

# %%
# Above: each model's gain over the student alone, with its interval. In accuracy the interval
# of the distilled student may contain zero, with 100 rows; in the Brier score it does not. The
# shuffled teacher gains little. So soft targets as such are not what helps here; the
# teacher's predictions for the sample are. The difference to the control has intervals of its own:

report.compare("distilled", "shuffled teacher")[
    ["gain", "lower", "upper"]
].round(2)

# %%
# Below in the figure: the same by class. There are ten rows in each, so read no single class.
#
# The teacher and the fused model use the costly modality of the sample. They are no competitors,
# but show how much there was to gain.
#
# With labeled pairs alone
# -------------------------
# Tumors: copy number with RNA as the teacher, every row has a label. A fixed weight, and a weight
# chosen on held-out rows.

carcinoma = load_adrenal_carcinoma()
cnv = carcinoma.modalities["cnv"]
has_cnv = carcinoma.data[cnv].notna().all(axis=1)
table = carcinoma.data.loc[has_cnv, cnv + carcinoma.modalities["rna"]]
label = carcinoma.target[has_cnv]
model = make_pipeline(
    StandardScaler(), LogisticRegression(C=0.01, max_iter=1000)
)

gains = {}
for alpha in (0.5, "auto"):
    distiller = PairedDistiller(
        model,
        model,
        student_columns=cnv,
        teacher_weights="equal",
        alpha=alpha,
        random_state=0,
    )
    tumors = DistillationReport.from_estimator(
        distiller, table, label, fused=None, n_repeats=2, random_state=0
    )
    gains[f"alpha={alpha!r}"] = tumors.differences_.loc["distilled"]
gains = pd.concat(gains, names=["weight"]).loc[
    (slice(None), ["accuracy", "log_loss"]), ["gain", "lower", "upper"]
]
gains.round(2)

# %%
# At the fixed weight the accuracy changes by no more than noise, and the log-loss gets
# **worse**: its interval lies below zero. With ``alpha="auto"`` the distiller gave the teacher no
# weight in any fold. Its gain is exactly zero, since it is the student alone.
#
# What not to conclude
# --------------------
# An interval that contains zero does not show that there is no gain. It shows that there are too
# few rows to decide. And the intervals count rows as independent: with several samples of a patient
# give ``groups`` (:doc:`plot_12_patients_classes_probabilities`).

# sphinx_gallery_thumbnail_path = "_static/thumbnails/what_did_it_bring.svg"
