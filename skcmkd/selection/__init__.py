"""Which modality should teach, if any."""

from ._matrix import cch_matrix
from ._plot import CCHDisplay, CCHMatrixDisplay, GainDisplay
from ._selector import CCHSelector

__all__ = ["CCHDisplay", "CCHMatrixDisplay", "CCHSelector", "GainDisplay", "cch_matrix"]
