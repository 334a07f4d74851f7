"""Parameters of estimators, and the only home of scikit-learn's private helpers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from numbers import Integral
from typing import Any, TypeVar, cast

import numpy as np
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

ArrayLike = Any  # what scikit-learn takes for one; numpy's own type does not follow it through validation
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


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise unless the value is one of a closed set."""
    if value not in choices:
        raise ValueError(f"{name}={value!r} must be one of {', '.join(map(repr, choices))}.")


def check_tuple(given: object, name: str, expected: str, length: int) -> None:
    """Raise unless side data come as a tuple of the expected length."""
    if not isinstance(given, tuple) or len(given) != length:
        got = f"a tuple of {len(given)}" if isinstance(given, tuple) else f"a {type(given).__name__}"
        raise ValueError(
            f"{name} must be a tuple {expected}, got {got}. A tuple, unlike a list or a table, is never cut by "
            "cross-validation."
        )


def draw_seed(random_state: np.random.RandomState) -> int:
    """A seed for a generator that does not take numpy's state."""
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
