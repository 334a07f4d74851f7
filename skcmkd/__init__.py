"""Cross-modal knowledge distillation for tables, as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

# Loaded on first use: importing skcmkd costs nothing, and torch is loaded only when a network is trained.
_HOMES = {
    "AlignmentDisplay": ".unpaired",
    "CCHDisplay": ".selection",
    "CCHMatrixDisplay": ".selection",
    "CCHSelector": ".selection",
    "DistillationReport": ".evaluation",
    "GainDisplay": ".selection",
    "MutualDistiller": ".paired",
    "MutualInformationEstimate": ".information",
    "NetworkClassifier": ".networks",
    "NetworkRegressor": ".networks",
    "PairedDistiller": ".paired",
    "PairedDistillerRegressor": ".paired",
    "PredictedTeacherFeatures": ".paired",
    "SurvivalReport": ".evaluation",
    "UnpairedDistiller": ".unpaired",
    "cch_matrix": ".selection",
    "check_cohort": ".evaluation",
    "datasets": ".datasets",
    "information": ".information",
    "load_student": ".persistence",
    "mutual_information": ".information",
    "save_student": ".persistence",
    "student_to_onnx": ".persistence",
    "survival": ".survival",
}

__all__ = [
    "AlignmentDisplay",
    "CCHDisplay",
    "CCHMatrixDisplay",
    "CCHSelector",
    "DistillationReport",
    "GainDisplay",
    "MutualDistiller",
    "MutualInformationEstimate",
    "NetworkClassifier",
    "NetworkRegressor",
    "PairedDistiller",
    "PairedDistillerRegressor",
    "PredictedTeacherFeatures",
    "SurvivalReport",
    "UnpairedDistiller",
    "cch_matrix",
    "check_cohort",
    "datasets",
    "information",
    "load_student",
    "mutual_information",
    "save_student",
    "student_to_onnx",
    "survival",
]

if TYPE_CHECKING:
    from . import datasets, information, survival
    from .evaluation import DistillationReport, SurvivalReport, check_cohort
    from .information import MutualInformationEstimate, mutual_information
    from .networks import NetworkClassifier, NetworkRegressor
    from .paired import MutualDistiller, PairedDistiller, PairedDistillerRegressor, PredictedTeacherFeatures
    from .persistence import load_student, save_student, student_to_onnx
    from .selection import CCHDisplay, CCHMatrixDisplay, CCHSelector, GainDisplay, cch_matrix
    from .unpaired import AlignmentDisplay, UnpairedDistiller


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skcmkd' has no attribute {name!r}")
    home = import_module(_HOMES[name], __name__)
    value = home if name in ("datasets", "information", "survival") else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
