"""Parameters of estimators, and the only module that imports scikit-learn's private helpers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from numbers import Integral
from typing import Any, TypeVar, cast

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing
from sklearn.utils._indexing import _get_column_indices
from sklearn.utils._param_validation import HasMethods as HasMethods
from sklearn.utils._param_validation import Interval as Interval
from sklearn.utils._param_validation import InvalidParameterError as InvalidParameterError
from sklearn.utils._param_validation import StrOptions as _StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _get_feature_names,
    _num_features,
    _num_samples,
)

ArrayLike = Any  # scikit-learn's sense of the word; numpy's type is not narrowed by validation
as_sample_weight = _check_sample_weight
check_feature_names_in = _check_feature_names_in
feature_names = _get_feature_names
get_column_indices = _get_column_indices
n_features = _num_features
n_samples = _num_samples
safe_indexing = _safe_indexing
# joblib has no meaning for 0.
N_JOBS = [Interval(Integral, 1, None, closed="left"), Interval(Integral, None, -1, closed="right"), None]


class StrOptions(_StrOptions):
    """A closed set of names that an error lists in alphabetical order, whatever the hash seed."""

    def __str__(self) -> str:
        return f"a str among {{{', '.join(map(repr, sorted(self.options)))}}}"


Fit = TypeVar("Fit", bound=Callable[..., Any])


def restore_on_error(fit: Fit) -> Fit:
    """Decorate ``fit``: a fitted estimator keeps its attributes when a later fit fails or is interrupted."""

    @wraps(fit)
    def restoring_fit(estimator: BaseEstimator, *args: Any, **kwargs: Any) -> Any:
        earlier = dict(vars(estimator))
        try:
            return fit(estimator, *args, **kwargs)
        except BaseException:
            vars(estimator).clear()
            vars(estimator).update(earlier)
            raise

    return cast(Fit, restoring_fit)


def default_output() -> AbstractContextManager[None]:
    """A context in which this package's transformers return arrays, whatever the user's ``transform_output`` is.

    Models of the user are fitted and asked outside it: they keep the user's setting.
    """
    return config_context(transform_output="default")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise unless the value is one of a closed set."""
    if value not in choices:
        raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


def check_confidence(confidence: float) -> None:
    """Raise unless the probability of an interval lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence!r} must lie between 0 and 1, such as 0.95.")


def check_tuple(value: object, name: str, expected: str, length: int) -> None:
    """Raise unless data beside X and y are a tuple of the expected length."""
    if not isinstance(value, tuple) or len(value) != length:
        got = f"a tuple of {len(value)}" if isinstance(value, tuple) else f"a {type(value).__name__}"
        raise ValueError(
            f"{name} must be a tuple {expected}, got {got}. Cross-validation splits lists and tables, and never tuples."
        )


def draw_seed(random_state: np.random.RandomState) -> int:
    """Draw a seed for a generator that does not take numpy's state."""
    return int(random_state.randint(np.iinfo(np.int32).max))


def set_random_states(estimator: BaseEstimator, seed: int | None) -> BaseEstimator:
    """Set every ``random_state`` of an estimator and its parts that is still None."""
    if seed is not None:
        unset = {
            name: seed
            for name, value in estimator.get_params(deep=True).items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        estimator.set_params(**unset)
    return estimator
