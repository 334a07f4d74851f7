"""Multimodal tables: shipped (``load_*``), downloaded (``fetch_*``), simulated (``make_*``), converted (``from_*``)."""

from ._breast import fetch_breast_tcga
from ._mudata import from_mudata
from ._shipped import load_adrenal_carcinoma, load_blood_cells, load_cell_lines, load_digit_views
from ._simulated import make_gaussian_modalities, make_joint_gaussian
from ._simulated_survival import make_survival_modalities

__all__ = [
    "fetch_breast_tcga",
    "from_mudata",
    "load_adrenal_carcinoma",
    "load_blood_cells",
    "load_cell_lines",
    "load_digit_views",
    "make_gaussian_modalities",
    "make_joint_gaussian",
    "make_survival_modalities",
]
