"""Explaining why a model failed on a user's table: let it raise, then name the column and the remedy."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from ._sklearn import InvalidParameterError
from ._table_checks import describe_empty_column, describe_infinity, describe_missing_values, describe_text
from ._tables import Table

VALIDATION = str(Path(__file__).parent) + os.sep
PACKAGE = str(Path(__file__).parents[1]) + os.sep
# Marks an explanation, also one of a worker process, so that blocks around the first one do not explain it again.
EXPLAINED = "_explained_by_skcmkd"


@contextmanager
def explain_failure(
    model: BaseEstimator,
    role: str,
    tables: Callable[[], Mapping[str, Table]],
    labels: Mapping[str, np.ndarray] | None = None,
) -> Iterator[None]:
    """Raise a clearer error where the block fails and a table, or else the labels, hold what many models cannot take.

    Other errors go through as they are: those of parameters, of a model that is not fitted, those that this package
    raised with a message of its own, and those that an inner block of this kind has explained.

    Parameters
    ----------
    model : estimator
        The user's model that the block fits or asks for predictions.
    role : str
        Its parameter, such as "student".
    tables : callable
        Gives the tables that the model reads, by the name that the user knows them by; called after a failure only.
    labels : dict of str to ndarray of shape (n_samples,), default=None
        The labels that the block fits the model to, by the name that the user knows them by.
    """
    try:
        yield
    except (InvalidParameterError, NotFittedError):
        raise
    except (ValueError, TypeError) as error:
        if hasattr(error, EXPLAINED) or _is_raised_by_package(error.__traceback__):
            raise
        explanation = _explain(error, model, role, tables(), labels or {})
        if explanation is None:
            raise
        explained = ValueError(explanation)
        setattr(explained, EXPLAINED, True)
        raise explained from error


def may_be_refused(model: BaseEstimator, tables: Mapping[str, Table]) -> bool:
    """Whether a table holds text, or missing values that the model does not declare to take."""
    if any(describe_text(table, name, "", categories=True) for name, table in tables.items()):
        return True
    allows_missing = get_tags(model).input_tags.allow_nan
    return not allows_missing and any(describe_missing_values(X, model, name, "") for name, X in tables.items())


def _is_raised_by_package(traceback: TracebackType | None) -> bool:
    """Whether this package raised the error, outside its checks of tables."""
    file = ""
    while traceback is not None:
        file, traceback = traceback.tb_frame.f_code.co_filename, traceback.tb_next
    return file.startswith(PACKAGE) and not file.startswith(VALIDATION)


def _explain(
    error: Exception, model: BaseEstimator, role: str, tables: Mapping[str, Table], labels: Mapping[str, np.ndarray]
) -> str | None:
    # A model that holds others may prepare text and missing values itself, and fail for another reason.
    composite = any(hasattr(part, "fit") or hasattr(part, "transform") for part in model.get_params().values())
    allows_missing = get_tags(model).input_tags.allow_nan
    for name, table in tables.items():
        reason = describe_text(table, name, role, categories=hasattr(model, "categorical_features"))
        reason = reason or describe_infinity(table, name)
        certain = not composite and (reason is not None or not allows_missing)
        reason = reason or describe_empty_column(table, name)
        if reason is None and (composite or not allows_missing):
            reason = describe_missing_values(table, model, name, role, certain=certain)
        if reason is not None:
            return reason if certain else f"{reason} The model's own message: {error}"
    for name, y in labels.items():
        if y.dtype.kind in "OSU":
            return (
                f"{error} (The {role} {model.__class__.__name__} was fitted to labels of text, such as "
                f"{y.tolist()[0]!r}. If it takes whole numbers only, give {name} as such: "
                f"LabelEncoder().fit_transform({name}).)"
            )
    return None
