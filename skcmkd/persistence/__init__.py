"""A student in a file: without pickle, or as ONNX."""

from ._onnx import student_to_onnx
from ._skops import load_student, save_student

__all__ = ["load_student", "save_student", "student_to_onnx"]
