"""Reports on a risk at a horizon, in several benchmarks."""

from dataclasses import dataclass
from functools import cache

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skcmkd import PairedDistiller, SurvivalReport
from skcmkd.datasets import load_adrenal_carcinoma


@dataclass(frozen=True)
class SurvivalCohort:
    """A student's and a teacher's table, and the time to an event; ``horizon`` is in the unit of the times."""

    X: pd.DataFrame
    X_teacher: pd.DataFrame
    time: pd.Series
    event: pd.Series
    horizon: float


@cache
def carcinoma_survival() -> SurvivalCohort:
    """Death of 90 adrenocortical carcinomas with copy number, 77 of them with RNA, within three years."""
    carcinoma = load_adrenal_carcinoma(label="vital_status")
    cnv, rna = (carcinoma.modalities[name] for name in ("cnv", "rna"))
    measured = carcinoma.data[cnv].notna().all(axis=1)
    clinical = carcinoma.clinical[measured]
    data = carcinoma.data[measured]
    return SurvivalCohort(data[cnv], data[rna], clinical["time_days"], clinical["event"], 3 * 365)


def make_linear(penalty: float) -> BaseEstimator:
    """A logistic regression of imputed and standardized columns."""
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=penalty, max_iter=1000))


def report_on(
    cohort: SurvivalCohort,
    penalty: float,
    weight: str | float,
    *,
    teacher_penalty: float | None = None,
    n_repeats: int = 4,
) -> pd.DataFrame:
    """All models of a report, a row a model: five folds, linear models, and one teacher's weight.

    The teacher and the model of both tables have the student's penalty unless another is given.
    """
    teacher = make_linear(penalty if teacher_penalty is None else teacher_penalty)
    report = SurvivalReport.from_estimator(
        PairedDistiller(make_linear(penalty), teacher, student_columns=list(cohort.X), alpha=weight),
        pd.concat([cohort.X, cohort.X_teacher], axis=1),
        cohort.time,
        cohort.event,
        horizon=cohort.horizon,
        n_repeats=n_repeats,
        random_state=0,
    )
    return report.to_frame().assign(C=penalty, weight=weight, **report.counts_).reset_index()
