"""
A whole pipeline in a grid search
=================================

Choosing the teacher, its columns and its weight are all choices that use the labels. Inside a Pipeline they are made anew in each training fold, and ``GridSearchCV``
compares them honestly.
"""

# %%
# The table
# ---------
# 120 labeled digits and 300 unlabeled ones. The student sees Zernike moments,
# two other views are candidate teachers. 1000 rows are kept for the end.

from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import sklearn
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    train_test_split,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import CCHSelector, PairedDistiller
from skcmkd.datasets import load_digit_views

digits = load_digit_views()
modalities = {
    name: digits.modalities[name]
    for name in ("zernike", "profile_correlations", "morphology")
}
X, X_test, y, y_test = train_test_split(
    digits.data,
    digits.target,
    test_size=1000,
    stratify=digits.target,
    random_state=0,
)
X, rest, y, _ = train_test_split(
    X, y, train_size=120, stratify=y, random_state=0
)
X_unlabeled = rest[:300]

# %%
# The pipeline
# ------------
# The selector stands first. The filter of each modality stands in the pipeline of its model:
# the student's filter is fitted to the student's columns, the teacher's to the teacher's, both
# to the training rows alone.

student = make_pipeline(
    StandardScaler(),
    SelectKBest(k=47),
    LogisticRegression(C=0.1, max_iter=1000),
)
teacher = make_pipeline(
    StandardScaler(),
    SelectKBest(k=100),
    LogisticRegression(C=0.1, max_iter=1000),
)
selector = CCHSelector(
    modalities, student="zernike", n_subsamples=50, random_state=0
)
distiller = PairedDistiller(
    student,
    teacher,
    student_columns=modalities["zernike"],
    cv=3,
    random_state=0,
)

# %%
# Unlabeled pairs must reach both steps. Each requests them (this needs
# scikit-learn's metadata routing), and ``transform_input`` sends their table through the
# selector on the way to the distiller. ``memory`` keeps the fitted selector of a fold, which is
# the same for every point of the grid.

sklearn.set_config(enable_metadata_routing=True)
cache = TemporaryDirectory()
pipeline = Pipeline(
    [
        ("select", selector.set_fit_request(unlabeled_pairs=True)),
        ("distill", distiller.set_fit_request(unlabeled_pairs=True)),
    ],
    transform_input=["unlabeled_pairs"],
    memory=cache.name,
)

# %%
# The search
# ----------
# ``alpha=0`` is the student alone, so the baseline is part of the grid.

search = GridSearchCV(
    pipeline,
    {
        "distill__alpha": [0, 0.25, 0.5],
        "distill__student__selectkbest__k": [15, 30, 47],
    },
    cv=StratifiedKFold(3, shuffle=True, random_state=0),
    scoring="accuracy",
)
search.fit(X, y, unlabeled_pairs=(X_unlabeled,))
print(search.best_params_)

# %%
results = pd.DataFrame(search.cv_results_)
folds = results.filter(regex=r"split\d_test_score")
results["error"] = folds.std(axis=1, ddof=1) / np.sqrt(folds.shape[1])
shape = {
    "index": "param_distill__alpha",
    "columns": "param_distill__student__selectkbest__k",
}
mean = 100 * results.pivot_table(**shape, values="mean_test_score")
error = 100 * results.pivot_table(**shape, values="error")

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
image = ax.imshow(mean, cmap="Blues")
for i, j in np.ndindex(mean.shape):
    dark = mean.iloc[i, j] > mean.to_numpy().mean()
    ax.text(
        j,
        i,
        f"{mean.iloc[i, j]:.0f} ± {error.iloc[i, j]:.0f}",
        ha="center",
        va="center",
        color="white" if dark else "black",
    )
ax.set_xticks(range(mean.shape[1]), mean.columns)
ax.set_yticks(range(mean.shape[0]), mean.index)
ax.set_xlabel("columns that the student keeps (of 47)")
ax.set_ylabel("teacher's weight alpha")
figure.colorbar(image, ax=ax, label="accuracy on held-out rows, %")
plt.show()

# %%
# Each cell is the mean over three folds with its standard error. Read it with that error in
# mind: the rows with a teacher (0.25, 0.5) and the row without (0) differ by no more than about
# one standard error in each column, so this grid does **not** show that the teacher helps. It
# does show that filtering the student's columns costs accuracy here, by more than ten points.
# Folds share training rows, and the best of nine cells looks better than it is.
#
# At the end
# ----------
# Rows that no choice has used show how good the chosen pipeline is. This is one split.
# :doc:`plot_04_few_labels_many_pairs` repeats such a comparison over five.

best, columns = search.best_estimator_, modalities["zernike"]
alone = student.fit(X[columns], y)
print("teacher", best["select"].teachers_)
print(f"alone     {alone.score(X_test[columns], y_test):.2f}")
print(f"distilled {best.score(X_test[columns], y_test):.2f}")

cache.cleanup()
sklearn.set_config(enable_metadata_routing=False)
