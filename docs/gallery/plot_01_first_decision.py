"""
Should this modality teach?
===========================

92 tumors were measured in four ways. Copy number is there for every new sample; RNA, microRNA
and protein are not. Which of them, if any, should teach a classifier of copy number?
"""

# %%
# The table
# ---------
# One row a tumor, all modalities side by side, and a dict with the columns of each modality. A
# modality that was not measured is missing in the whole row. The label is the transcriptome class.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skcmkd import CCHDisplay, CCHSelector
from skcmkd.datasets import load_adrenal_carcinoma

carcinoma = load_adrenal_carcinoma()
pd.DataFrame(
    {
        name: {
            "columns": len(columns),
            "rows measured": carcinoma.data[columns].notna().all(axis=1).sum(),
        }
        for name, columns in carcinoma.modalities.items()
    }
).T

# %%
# The decision
# ------------
# The selector gets the table, the modalities and the name of the student's. All other
# modalities are candidate teachers. It measures how much the out-of-fold predictions of each
# tell about the label.

selector = CCHSelector(carcinoma.modalities, student="cnv", random_state=0)
selector.fit(carcinoma.data, carcinoma.target)
selector.results_[
    ["n_rows", "added", "added_lower", "added_upper", "decision", "reason"]
].round(2)

# %%
# ``added`` is the information about the label in the pooled predictions of student and teacher
# less that in the student's alone, in nats. Look at the interval first. Here every tumor has a
# label, and there no rule was better than never distilling: the decision is ``do not distil``
# whatever is added, and ``reason`` says so. A criterion that is asked for by name decides by its
# interval: ``distil`` above 0.01 nats, ``do not distil`` below, else ``undecided``.

selector.set_params(criterion="added").fit(carcinoma.data, carcinoma.target)
print(selector.results_["decision"])
CCHDisplay.from_estimator(selector)
plt.show()

# %%
# RNA and microRNA add clearly to copy number. Protein was measured in about half of the tumors
# and its interval is wide. Tumors with both modalities and no label would be worth collecting.
#
# What lies behind it
# -------------------
# Read the MI estimates themselves too. None can exceed the entropy of the label, the value of a
# perfect classifier. Each candidate is compared with the student on the rows that have both, so
# the student's bar differs from row to row.

results = selector.results_
share = carcinoma.target.value_counts(normalize=True)
entropy = -(share * np.log(share)).sum()

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
place = np.arange(len(results))
ax.barh(
    place - 0.2,
    results["student_label"],
    0.38,
    label="student: copy number",
    color="#767676",
)
ax.barh(
    place + 0.2,
    results["teacher_label"],
    0.38,
    label="teacher",
    color="#0072B2",
)
ax.axvline(entropy, color="black", linestyle=":", label="entropy of the label")
ax.set_yticks(
    place, [f"{name} ({rows} rows)" for name, rows in results["n_rows"].items()]
)
ax.invert_yaxis()
ax.set_xlabel("mutual information with the label, nats")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
plt.show()

# %%
# What is kept
# ------------
# ``transform`` keeps the student's columns and those of the chosen teacher. By default that is
# one teacher at most.

print(selector.teachers_, selector.transform(carcinoma.data).shape)

# %%
# What not to conclude
# --------------------
# *Distil* means that the teacher adds information about the label to the student's modality. It does
# not promise that the student gains. These tumors all have labels, and there are next to no
# unlabeled pairs; there distilling brings hardly anything (:doc:`/limits`). And this label was derived from RNA, which makes RNA
# a good teacher by construction. It is no evidence about a clinical outcome.

# sphinx_gallery_thumbnail_path = "_static/thumbnails/first_decision.svg"
