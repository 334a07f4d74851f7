"""Cross-modal knowledge distillation for tables, as scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Loaded on first use: importing skcmkd costs nothing, and torch is loaded only when a network is trained.
_HOMES = {
    "AlignmentDisplay": "._alignment_display",
    "CCHDisplay": "._display",
    "CCHMatrixDisplay": "._display",
    "CCHSelector": "._selector",
    "DistillationReport": "._report",
    "GainDisplay": "._gain_display",
    "MutualDistiller": "._mutual",
    "MutualInformation": ".information",
    "NetworkClassifier": "._networks",
    "NetworkRegressor": "._networks",
    "PairedDistiller": "._paired",
    "PairedDistillerRegressor": "._paired_regressor",
    "UnpairedDistiller": "._unpaired",
    "cch_matrix": "._matrix",
    "datasets": ".datasets",
    "information": ".information",
    "load_student": "._persistence",
    "mutual_information": ".information",
    "save_student": "._persistence",
    "student_to_onnx": "._onnx",
}

__all__ = [
    "AlignmentDisplay",
    "CCHDisplay",
    "CCHMatrixDisplay",
    "CCHSelector",
    "DistillationReport",
    "GainDisplay",
    "MutualDistiller",
    "MutualInformation",
    "NetworkClassifier",
    "NetworkRegressor",
    "PairedDistiller",
    "PairedDistillerRegressor",
    "UnpairedDistiller",
    "cch_matrix",
    "datasets",
    "information",
    "load_student",
    "mutual_information",
    "save_student",
    "student_to_onnx",
]

if TYPE_CHECKING:
    from . import datasets, information
    from ._alignment_display import AlignmentDisplay
    from ._display import CCHDisplay, CCHMatrixDisplay
    from ._gain_display import GainDisplay
    from ._matrix import cch_matrix
    from ._mutual import MutualDistiller
    from ._networks import NetworkClassifier, NetworkRegressor
    from ._onnx import student_to_onnx
    from ._paired import PairedDistiller
    from ._paired_regressor import PairedDistillerRegressor
    from ._persistence import load_student, save_student
    from ._report import DistillationReport
    from ._selector import CCHSelector
    from ._unpaired import UnpairedDistiller
    from .information import MutualInformation, mutual_information


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'skcmkd' has no attribute {name!r}")
    home = import_module(_HOMES[name], __name__)
    value = home if name in ("datasets", "information") else getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
