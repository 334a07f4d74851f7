"""Tables that come with the package."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from ._bunch import load_npz, make_bunch, modality_frame, read_description

CARCINOMA_MODALITIES = ("cnv", "rna", "mirna", "protein")
SEQUENCED = ("rna", "mirna")
LABEL_PREFIX = "label_"
# Blood cells are stored as whole thousandths, exactly as they were published.
THOUSAND = 1000
CELL_LINES = {1: "H1", 2: "GM12878", 3: "BJ", 4: "K562"}


def load_digit_views() -> Bunch:
    """Load six views of 2000 handwritten digits (classification, 10 classes).

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 2000 x 649, single precision), ``modalities`` (dict, name to its column names:
        fourier 76, profile_correlations 216, karhunen_loeve 64, pixels 240, zernike 47, morphology 6),
        ``target`` (Series of digits 0 to 9, in class order: shuffle before splitting), ``DESCR`` (source, license
        CC BY 4.0, citation).

    References
    ----------
    Duin, R. (1998). Multiple Features. UCI Machine Learning Repository. doi:10.24432/C5HC70.

    Examples
    --------
    >>> from skcmkd.datasets import load_digit_views
    >>> digits = load_digit_views()
    >>> digits.data[digits.modalities["zernike"]].shape
    (2000, 47)
    """
    arrays = load_npz("digit_views")
    label = arrays.pop("label").astype(np.int64)
    index = pd.RangeIndex(len(label), name="digit")
    tables = {
        name: modality_frame(name, values.astype(np.float32), range(values.shape[1]), index)
        for name, values in arrays.items()
    }
    target = pd.Series(label, index=index, name="label")
    return make_bunch(tables, target, read_description("digit_views"))


def load_adrenal_carcinoma(*, label: str = "C1A.C1B", log_counts: bool = True) -> Bunch:
    """Load the adrenocortical carcinomas of The Cancer Genome Atlas (classification, 92 tumors).

    Parameters
    ----------
    label : str, default="C1A.C1B"
        Which label is the target: "C1A.C1B" (transcriptome class, 78 tumors), "vital_status", "MethyLevel",
        "mRNA_K4", "miRNA.cluster", "SCNA.cluster", "protein.cluster", "COC", "OncoSign", "pathologic_stage" or
        "gender". A label that was derived from a modality favors that modality as a teacher; ``DESCR`` lists them.
    log_counts : bool, default=True
        Return RNA and microRNA as log2(1 + count) instead of counts.

    Returns
    -------
    Bunch
        ``data`` (DataFrame of the tumors with the label; a modality that was not measured is missing in
        the whole row), ``modalities`` (dict, name to its column names: cnv 198, rna 198, mirna 471, protein 33),
        ``target`` (Series of str), ``clinical`` (DataFrame, row for row with ``data``: ``time_days`` from the diagnosis
        to death or last contact, ``event``, whether it was death, ``age_years``, ``pathologic_stage`` and ``gender``;
        with ``label="vital_status"`` of all 92 tumors), ``unlabeled`` (DataFrame of the other tumors; of the 14
        without a C1A.C1B label only one has RNA), ``DESCR`` (source, license Artistic-2.0, citation).

    Raises
    ------
    ValueError
        If ``label`` is unknown.

    References
    ----------
    Zheng, S. et al. (2016). Comprehensive pan-genomic characterization of adrenocortical carcinoma. Cancer Cell
    29, 723-736.

    Examples
    --------
    >>> from skcmkd.datasets import load_adrenal_carcinoma
    >>> carcinoma = load_adrenal_carcinoma()
    >>> carcinoma.target.value_counts().to_dict()
    {'C1A': 43, 'C1B': 35}
    >>> carcinoma.data[carcinoma.modalities["protein"]].notna().all(axis=1).sum().item()
    45
    """
    arrays = load_npz("adrenal_carcinoma")
    labels = {key.removeprefix(LABEL_PREFIX): value for key, value in arrays.items() if key.startswith(LABEL_PREFIX)}
    if label not in labels:
        raise ValueError(f"label={label!r} is not among the labels of this table: {', '.join(labels)}.")
    tables = {}
    for name in CARCINOMA_MODALITIES:
        values = arrays[name].astype(np.float32)
        if log_counts and name in SEQUENCED:
            values = np.log2(1 + values)
        tables[name] = modality_frame(name, values, arrays[f"{name}_columns"], arrays[f"{name}_samples"])
    samples = pd.Index(arrays["samples"], name="sample")
    target = pd.Series(labels[label], index=samples, name=label)
    description = read_description("adrenal_carcinoma")
    unlabeled = make_bunch(tables, target[target == ""], description).data
    target = target[target != ""].astype(object)
    clinical = _clinical_table(arrays, labels, samples).loc[target.index]
    return make_bunch(tables, target, description, unlabeled=unlabeled, clinical=clinical)


def _clinical_table(arrays: dict[str, np.ndarray], labels: dict[str, np.ndarray], samples: pd.Index) -> pd.DataFrame:
    stage = pd.Series(labels["pathologic_stage"], samples, dtype=object)
    return pd.DataFrame(
        {
            "time_days": arrays["time_days"].astype(float),
            "event": arrays["event"].astype(bool),
            "age_years": arrays["age_years"].astype(int),
            "pathologic_stage": stage.where(stage != "", np.nan),
            "gender": pd.Series(labels["gender"], samples, dtype=object),
        },
        index=samples,
    )


def load_blood_cells() -> Bunch:
    """Load blood cells with a panel of 20 genes and 480 other genes (classification, 660 cells, 7 types).

    The panel was drawn at random from the genes that vary most: a cheap assay that was not designed for these types.

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 660 x 500, logarithms of normalized counts, single precision), ``modalities`` (dict, name
        to its column names: panel 20, rna 480), ``target`` (Series of str, the cell type), ``DESCR`` (source; license
        CC BY 4.0, stated from memory; citation). The types were annotated from transcriptomes, which favors the
        teacher ``rna``; all cells come from one donor.

    References
    ----------
    Zheng, G. et al. (2017). Massively parallel digital transcriptional profiling of single cells. Nature
    Communications 8, 14049.

    Examples
    --------
    >>> from skcmkd.datasets import load_blood_cells
    >>> cells = load_blood_cells()
    >>> cells.data[cells.modalities["panel"]].shape, cells.target.nunique()
    ((660, 20), 7)
    """
    arrays = load_npz("blood_cells")
    samples = pd.Index(arrays["samples"], name="cell")
    tables = {
        name: modality_frame(name, (arrays[name] / THOUSAND).astype(np.float32), arrays[f"{name}_columns"], samples)
        for name in ("panel", "rna")
    }
    target = pd.Series(arrays["label"].astype(object), index=samples, name="cell_type")
    return make_bunch(tables, target, read_description("blood_cells"))


def load_cell_lines() -> Bunch:
    """Load cells of four lines with open chromatin and RNA of the same cell (classification, 1047 cells).

    Both modalities are components that the authors of SCOT computed. The pairs of cells are known, so that methods
    without pairs can be checked here.

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 1047 x 29, single precision), ``modalities`` (dict, name to its column names: chromatin 19,
        rna 10), ``target`` (Series of str, the cell line), ``DESCR`` (source, license MIT, citation). The lines were
        told apart by RNA, which favors it as a teacher.

    References
    ----------
    Chen, Lake, Zhang (2019). High-throughput sequencing of the transcriptome and chromatin accessibility in the same
    cell. Nature Biotechnology 37, 1452-1457.

    Examples
    --------
    >>> from skcmkd.datasets import load_cell_lines
    >>> load_cell_lines().target.value_counts().to_dict()
    {'H1': 379, 'GM12878': 324, 'BJ': 201, 'K562': 143}
    """
    arrays = load_npz("cell_lines")
    index = pd.RangeIndex(len(arrays["label"]), name="cell")
    tables = {
        name: modality_frame(name, arrays[name], range(arrays[name].shape[1]), index) for name in ("chromatin", "rna")
    }
    target = pd.Series([CELL_LINES[code] for code in arrays["label"].tolist()], index, dtype=object, name="cell_line")
    return make_bunch(tables, target, read_description("cell_lines"))
