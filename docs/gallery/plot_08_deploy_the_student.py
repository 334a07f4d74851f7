"""
Deploying the student alone
===========================

The teacher and its modality are needed for training only. What is taken to the clinic is one
small model of the cheap panel.
"""

# %%
# Train
# -----
# Simulated: 80 labeled samples with a panel and RNA, 300 more with both and no label, and new
# ones that have the panel.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller, load_student, save_student
from skcmkd.datasets import make_gaussian_modalities

drawn = make_gaussian_modalities(
    1380,
    n_classes=3,
    specific_signal={"panel": 0.0, "rna": 1.5},
    random_state=0,
)
target = drawn.target.map({0: "mild", 1: "moderate", 2: "severe"})
panel = drawn.modalities["panel"]
rna = drawn.modalities["rna"]
X, X_unlabeled, X_new = drawn.data[:80], drawn.data[80:380], drawn.data[380:]

model = make_pipeline(
    StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
)
distiller = PairedDistiller(model, model, random_state=0)
distiller.fit(
    X[panel],
    target[:80],
    X_teacher=X[rna],
    unlabeled_pairs=(X_unlabeled[panel], X_unlabeled[rna]),
)
print("teacher's weight:", distiller.alpha_)

# %%
# The student
# -----------
# ``student_`` is a fitted model of the type that was given. It needs no part of the teacher.

distiller.student_

# %%
# Save and load
# -------------
# ``save_student`` writes a file of arrays and numbers. Loading it runs no code, unlike a
# pickle, so it may be sent to someone else. It needs the package skops: ``pip install
# "skcmkd[skops]"``.

folder = TemporaryDirectory()
path = Path(folder.name) / "student.skops"
save_student(distiller.student_, path)
student = load_student(path)
print(f"{path.stat().st_size / 1000:.0f} kB")

# %%
# The loaded student predicts the same as the distiller, to the last bit.

print(
    np.array_equal(
        student.predict_proba(X_new[panel]),
        distiller.predict_proba(X_new[panel]),
    )
)

# %%
# New samples
# -----------
# A loaded student needs exactly its own columns, in their order: ``table[student.feature_names_in_]``.
# It refuses further columns, such as an age or the RNA. The distiller and ``skcmkd predict`` pick
# the student's columns by name out of a larger table; the student itself does not.

try:
    student.predict(X_new)
except ValueError as error:
    print(error)

# %%
# So it does with the columns in another order.

try:
    student.predict(X_new[panel[::-1]])
except ValueError as error:
    print(error)

# %%
# ``feature_names_in_`` picks them and puts them in order.

new = X_new[student.feature_names_in_]
probability = student.predict_proba(new[:12])

figure, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
left = np.zeros(12)
for name, share, color in zip(
    student.classes_,
    probability.T,
    ("#56B4E9", "#E69F00", "#D55E00"),
    strict=True,
):
    ax.barh(range(12), share, left=left, label=name, color=color)
    left += share
ax.set_yticks(range(12), new.index[:12])
ax.invert_yaxis()
ax.set_xlabel("probability by the student")
ax.set_ylabel("new sample")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
plt.show()
folder.cleanup()
