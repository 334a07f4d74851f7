"""Baselines for samples with both modalities: impute the missing one, stack, or train on own predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from cells import CLASSES, Samples, make_ridge
from learners import make_student, make_teacher
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

FOLDS = 5


@dataclass
class ImputedTeacher:
    """The teacher on its modality as imputed from the student's columns."""

    imputer: BaseEstimator
    teacher: BaseEstimator
    columns: Sequence[str]

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        return self.teacher.classes_

    def _impute(self, X: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(self.imputer.predict(X), index=X.index, columns=self.columns)

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Class probabilities."""
        return self.teacher.predict_proba(self._impute(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Continuous target."""
        return self.teacher.predict(self._impute(X))


def fit_imputed_teacher(samples: Samples, seed: int, learner: str) -> ImputedTeacher:
    """A ridge regression from the student's columns to the teacher's on all pairs, and the teacher of labeled rows."""
    imputer = TransformedTargetRegressor(make_ridge(), transformer=StandardScaler())
    teacher = make_teacher(samples, learner, seed).fit(samples.X_teacher, samples.y)
    return ImputedTeacher(imputer.fit(*samples.all_pairs), teacher, samples.X_teacher.columns)


@dataclass
class Stack:
    """Models of the student's columns, and a linear model of their predictions."""

    models: Sequence[Any]
    combiner: BaseEstimator
    has_classes: bool

    @property
    def classes_(self) -> np.ndarray:
        """Class labels."""
        return self.combiner.classes_

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        """Class probabilities."""
        return self.combiner.predict_proba(predictions_of(self.models, X, self.has_classes))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Continuous target."""
        return self.combiner.predict(predictions_of(self.models, X, self.has_classes))


def predictions_of(models: Sequence[Any], X: pd.DataFrame, has_classes: bool) -> np.ndarray:
    """Predictions of the models side by side: of two classes the second, as in scikit-learn's stacking."""
    if not has_classes:
        return np.column_stack([model.predict(X) for model in models])
    probas = [model.predict_proba(X) for model in models]
    return np.hstack([proba[:, 1:] if proba.shape[1] == 2 else proba for proba in probas])


def fit_stack(samples: Samples, seed: int, learner: str) -> Stack:
    """The student alone and the imputed teacher, combined by a model fitted to their predictions of held-out rows.

    The folds and the final models are those of scikit-learn's StackingClassifier and StackingRegressor, which cannot
    have a modality that is absent in predict.
    """
    has_classes = samples.label == CLASSES

    def fit_models(part: Samples) -> list[Any]:
        student = make_student(samples, learner, seed).fit(part.X, part.y)
        return [student, fit_imputed_teacher(part, seed, learner)]

    folds = (StratifiedKFold if has_classes else KFold)(FOLDS).split(samples.X, samples.y)
    predictions, rows = [], []
    for train, test in folds:
        part = replace(samples, **{name: getattr(samples, name).iloc[train] for name in ("X", "X_teacher", "y")})
        predictions.append(predictions_of(fit_models(part), samples.X.iloc[test], has_classes))
        rows.append(test)
    combiner = LogisticRegression() if has_classes else RidgeCV()
    combiner.fit(np.concatenate(predictions), samples.y.iloc[np.concatenate(rows)])
    return Stack(fit_models(samples), combiner, has_classes)


def fit_confident(samples: Samples, seed: int, learner: str) -> BaseEstimator:
    """scikit-learn's self-training: predictions with a probability above 0.75 become labels, again and again."""
    student = SelfTrainingClassifier(make_student(samples, learner, seed))
    X, y = samples.all_pairs[0], np.full(len(samples.all_pairs[0]), -1)
    y[: len(samples.y)] = samples.y
    return student.fit(X, y)
