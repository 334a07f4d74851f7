"""Students of several benchmarks."""

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd.information import make_default_classifier


def make_linear_student(X: pd.DataFrame, y: pd.Series) -> BaseEstimator:
    """A logistic regression whose penalty is chosen for the student alone; it is kept when the student is distilled."""
    penalty = make_default_classifier().fit(X, y)[-1].C_
    return make_pipeline(
        SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=penalty, max_iter=1000, tol=1e-3)
    )
