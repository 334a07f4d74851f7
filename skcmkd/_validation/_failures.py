"""Explaining why a model failed on a user's table: let it raise, then name the column and the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sklearn.base import BaseEstimator
from sklearn.utils import get_tags

from ._sklearn import InvalidParameterError
from ._table_checks import describe_infinity, describe_missing_values, describe_text
from ._tables import Table

# A model that holds others may prepare text and missing values itself, and fail for another reason.
PARTS = ("steps", "estimator", "estimators", "transformers", "transformer_list")


@contextmanager
def explain_failure(model: BaseEstimator, role: str, tables: Callable[[], Mapping[str, Table]]) -> Iterator[None]:
    """Raise a clearer error where the block fails and a table holds what many models cannot take.

    Parameters
    ----------
    model : estimator
        The user's model that the block fits or asks for predictions.
    role : str
        Its parameter, such as "student".
    tables : callable
        Gives the tables that the model reads, by the name that the user knows them by; called after a failure only.
    """
    try:
        yield
    except InvalidParameterError:
        raise
    except (ValueError, TypeError) as error:
        composite = any(hasattr(model, part) for part in PARTS)
        for name, table in tables().items():
            reason = _reason(table, model, name, role, composite)
            if reason is not None:
                raise ValueError(f"{reason} The model's own message: {error}" if composite else reason) from error
        raise


def _reason(table: Table, model: BaseEstimator, name: str, role: str, composite: bool) -> str | None:
    text = describe_text(table, name, role, categories=hasattr(model, "categorical_features"))
    infinity = text or describe_infinity(table, name)
    if infinity or (not composite and get_tags(model).input_tags.allow_nan):
        return infinity
    return describe_missing_values(table, model, name, role)
