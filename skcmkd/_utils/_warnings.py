"""Warnings that point at the user's own line."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import joblib
import sklearn

# Any number of frames of these packages lie between the user's line and the line that warns.
LIBRARIES = tuple(
    str(Path(file).parent) + os.sep for file in (Path(__file__).parent, sklearn.__file__, joblib.__file__)
)


def warn_user(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the last line of the call stack outside this package, scikit-learn and joblib.

    In a worker process, which holds no line of the user's, that is the line that started it.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(LIBRARIES):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
