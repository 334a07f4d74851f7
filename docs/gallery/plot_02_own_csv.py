"""
From your own CSV to a student
==============================

A table on disk, with a modality that some samples lack and labels that most of them lack:
decide which modality should teach, train a student, compare it with the student alone, and
predict for new samples from the cheap panel alone.
"""

# %%
# A table on disk
# ---------------
# So that the page runs anywhere, we first write such a table, made from the digits that come
# with the package. **You start at the next section**, with your own file.
#
# The panel (``zernike_0`` to ``zernike_46``) is cheap. ``profile_...`` and ``shape_...`` are
# expensive: every fifth sample has no profile. A few cells of the panel are empty. 100 of 600
# samples have a label. The other digits are the "new" samples, in a second file.

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skcmkd.datasets import load_digit_views

digits = load_digit_views()
names = {
    "zernike": "zernike",
    "profile_correlations": "profile",
    "morphology": "shape",
}
parts = [
    digits.data[digits.modalities[name]].set_axis(
        [f"{prefix}_{i}" for i in range(len(digits.modalities[name]))], axis=1
    )
    for name, prefix in names.items()
]
written = pd.concat(parts, axis=1).sample(frac=1, random_state=0)
truth = ("digit " + digits.target.astype(str))[written.index]
written.index = [f"sample_{i}" for i in range(len(written))]
truth.index = written.index

random = np.random.RandomState(0)
written.loc[
    random.rand(len(written)) < 0.2, written.filter(like="profile_").columns
] = np.nan
panel = written.filter(like="zernike_").columns
written[panel] = written[panel].mask(
    random.rand(len(written), len(panel)) < 0.01
)

folder = TemporaryDirectory()
written[:600].assign(label=truth[:100]).round(4).to_csv(
    Path(folder.name) / "cohort.csv"
)
written.loc["sample_600":, panel].round(4).to_csv(
    Path(folder.name) / "new_samples.csv"
)

# %%
# Read it
# -------
# One row a sample, the first column its name. The columns of a modality begin with the same
# prefix, here ``zernike_``, ``profile_`` and ``shape_``. A sample in which a modality was not
# measured has **all** its cells empty. Columns in none of the modalities, such as an age or a
# date, are ignored.
#
# A label that is text is best. Numbers with empty cells would come back from a CSV as 1.0, 2.0,
# and so would the predictions.

table = pd.read_csv(Path(folder.name) / "cohort.csv", index_col=0)
modalities = {
    prefix: [column for column in table if column.startswith(prefix + "_")]
    for prefix in ("zernike", "profile", "shape")
}
labeled = table["label"].notna()
X, y = table[labeled], table["label"][labeled]
X_unlabeled = table[~labeled]

measured = pd.DataFrame(
    {
        name: table[columns].notna().any(axis=1)
        for name, columns in modalities.items()
    }
)
print(f"{len(X)} labeled rows, {len(X_unlabeled)} without a label")
measured.groupby(labeled.map({True: "labeled", False: "unlabeled"})).sum()

# %%
# Look at what was measured before anything else. Each column of the figure is a sample. Rows
# with a label come first.

figure, ax = plt.subplots(figsize=(8, 1.9), layout="constrained")
ax.imshow(
    measured.T,
    aspect="auto",
    cmap="Blues",
    vmin=-0.3,
    vmax=1.3,
    interpolation="none",
)
ax.axvline(len(X) - 0.5, color="#D55E00")
ax.set_yticks(range(3), measured.columns)
ax.set_xlabel("sample (left of the line: with a label; pale: not measured)")
plt.show()

# %%
# Decide
# ------
# ``student`` names the modality that new samples will have.

# sphinx_gallery_thumbnail_path = "_static/thumbnails/own_csv.svg"
from skcmkd import CCHDisplay, CCHSelector

selector = CCHSelector(modalities, student="zernike", random_state=0)
selector.fit(X, y, unlabeled_pairs=(X_unlabeled,))
selector.results_[
    ["n_rows", "added", "added_lower", "added_upper", "decision"]
].round(2)

# %%
CCHDisplay.from_estimator(selector)
plt.show()

# %%
# A view gets the decision ``distil`` if what it adds to the panel is shown to be above 0.01 nats.
# Of these views, the one that adds most is the teacher. If no view gets it,
# ``selector.teachers_`` is empty and you can stop here: train the panel alone. ``fit`` below would
# do that by itself. The report needs a teacher: put it behind ``if selector.teachers_:``.
#
# Train
# -----
# The steps that a modality needs (here: fill cells, scale) belong in the pipeline of its
# model. ``transform`` leaves the panel and the chosen teacher. Unlabeled samples go in as a
# tuple of one table. Mind the comma.

from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller

model = make_pipeline(
    SimpleImputer(), StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
)
distiller = PairedDistiller(
    model, model, student_columns=modalities["zernike"], random_state=0
)
X_chosen, pairs = selector.transform(X), (selector.transform(X_unlabeled),)
distiller.fit(X_chosen, y, unlabeled_pairs=pairs)
print("teacher's weight:", distiller.alpha_)

# %%
# ``alpha_`` is the weight of the soft targets: by default n_unlabeled / (n_labeled + n_unlabeled),
# where only unlabeled pairs with a measured teacher count. 0 means that there are none, or that
# the selector kept no teacher: the student was trained alone.
#
# Was it worth it?
# ----------------
# The report cross-validates the student alone, the distilled student, and a control whose
# teacher's rows are permuted, beside the largest class. Its verdict says what to do, and why.

from skcmkd import DistillationReport

report = DistillationReport.from_estimator(
    distiller, X_chosen, y, unlabeled_pairs=pairs, fused=None, random_state=0
)
print(report.verdict())
report.plot()
plt.show()
report.to_frame()[["accuracy", "accuracy_gain", "brier", "brier_gain"]].round(2)

# %%
# Look at the interval of the row *distilled*. In accuracy it contains zero: with 100 labeled rows
# a gain of a few points is within the noise. The Brier score depends on the probabilities, too, and
# there the interval lies above zero. The verdict goes by this score. The shuffled teacher
# gains part of it without any knowledge of the samples, since soft targets steady a student with few labels.
# What the distilled student gains beyond it comes from the true teacher. Do not read the single
# classes: there are about ten rows in each.
#
# The teacher was chosen from all labeled rows, before these folds.
# :doc:`plot_03_grid_search` has the pipeline that chooses it inside each fold.
#
# New samples
# -----------
# They bring the panel and nothing else.

new = pd.read_csv(Path(folder.name) / "new_samples.csv", index_col=0)
predicted = pd.Series(distiller.predict(new), index=new.index, name="predicted")
probability = distiller.predict_proba(new).max(axis=1)
predicted.to_frame().assign(probability=probability.round(2)).head()

# %%
# Because these samples are made from shipped data, their labels can be looked up. You could not
# do that with yours, and it is one draw: more than a thousand new samples, but one choice of
# the hundred labeled ones.

alone = model.fit(X[modalities["zernike"]], y)
for name, labels in (("alone", alone.predict(new)), ("distilled", predicted)):
    print(f"{name:10} {np.mean(labels == truth[new.index]):.2f}")
folder.cleanup()

# %%
# With your own file
# ------------------
# Change the file's name, the prefixes, the name of the student's modality and the name of the
# label's column. Then look, in this order: is each modality measured in the rows you think;
# what is the decision; is ``alpha_`` above 0; does the report's interval lie above zero.
# :doc:`plot_08_deploy_the_student` shows how to keep the student.
