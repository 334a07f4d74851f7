"""A student without references to itself, which skops cannot write; no prediction needs them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from types import MethodType
from typing import Any

from sklearn.base import BaseEstimator

PACKAGES = {"sklearn", "skcmkd"}


def without_cycles(student: BaseEstimator) -> BaseEstimator:
    """The student; where it refers to itself, a copy that does not.

    Since scikit-learn 1.9 a metadata request holds its owner, for display alone: the owner's class name takes its
    place. Gradient boosting that scores validation rows keeps one of its own methods as an attribute: it is left out.
    """
    if not any(_references(part) for part in _parts(student)):
        return student
    student = deepcopy(student)
    for part in list(_parts(student)):
        for name, value in _references(part).items():
            if name == "owner":
                part.owner = type(value).__name__
            else:
                delattr(part, name)
    return student


def _references(part: Any) -> dict[str, Any]:
    """The attributes that refer to the object itself or to the owner of a metadata request."""
    return {
        name: value
        for name, value in vars(part).items()
        if (isinstance(value, MethodType) and value.__self__ is part)
        or (name == "owner" and isinstance(value, BaseEstimator))
    }


def _parts(top: Any) -> Iterator[Any]:
    """The objects of scikit-learn and of this package that an estimator holds, each once."""
    found: set[int] = set()
    waiting = [top]
    while waiting:
        part = waiting.pop()
        if id(part) in found:
            continue
        found.add(id(part))
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
        elif type(part).__module__.split(".")[0] in PACKAGES and hasattr(part, "__dict__"):
            yield part
            waiting.extend(vars(part).values())
