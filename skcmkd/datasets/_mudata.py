"""MuData and AnnData as multimodal tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils import Bunch

from ._bunch import make_bunch
from ._mudata_panel import get_modality, list_names, split_panel

READERS = {".h5mu": ("mudata", "read_h5mu"), ".h5ad": ("anndata", "read_h5ad")}


def from_mudata(
    mdata: Any,
    label: str,
    *,
    modalities: Sequence[str] | None = None,
    layer: str | Mapping[str, str | None] | None = None,
    split_by: str | None = None,
    panel: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
    groups: str | None = None,
    unannotated: Sequence[str] = (),
) -> Bunch:
    """Join the modalities of a MuData or AnnData in one table.

    A sample without a modality has missing values in all of its columns, which the estimators treat as not measured.
    Values are not transformed: normalize and select genes before, or better inside a pipeline.

    Parameters
    ----------
    mdata : MuData, AnnData or path
        The samples are its observations. A path is that of a ``.h5mu`` or ``.h5ad`` file.
    label : str
        Column of ``obs`` that is the target. A column of a modality's ``obs`` is named like "rna:cell_type"; the prefix
        is needed when several modalities and not the common ``obs`` have the column.
    modalities : sequence of str, default=None
        Modalities to take, in this order; all when None. Samples without any of them are left out.
    layer : str or dict, default=None
        Layer of the values, the same for all or one for each modality; ``.X`` when None. ``.raw`` is never read: give
        ``adata.raw.to_adata()`` for it.
    split_by : str, default=None
        For AnnData: the column of ``var`` with the modality of each column, such as "feature_types". When None all
        columns are one modality, named by ``modalities`` or "X".
    panel : str, sequence of str, or dict of one of them, default=None
        The genes of a small assay, which become the modality "panel" and leave their own: a list of ``var_names``, or
        the name of a Boolean column of ``var``. With several modalities a dict names theirs, ``{"rna": ["CD4"]}``.
    groups : str, default=None
        Column of ``obs`` with the group of each sample, such as the patient; named like ``label``.
    unannotated : sequence of str, default=()
        Values of the label that mark a sample without one, such as "unknown": its target is missing then, and it can
        be an unlabeled pair.

    Returns
    -------
    Bunch
        ``data`` (DataFrame of shape (n_samples, n_columns), columns named "rna:GENE"), ``modalities`` (dict, name to
        its column names), ``target`` (Series, missing where a sample has no label), ``DESCR`` (shapes of the
        modalities) and ``groups`` (Series) if it is given. Rows are in the order of ``mdata.obs_names``.

    Raises
    ------
    ImportError
        If the package that reads the file is missing: ``pip install "skcmkd[mudata]"``.
    TypeError
        If ``mdata`` is of another type.
    ValueError
        If a name does not exist or is ambiguous, a panel has no or all columns of its modality, names of samples or
        columns repeat, the modalities share columns instead of samples, or values are not numbers.

    Notes
    -----
    Sparse values become dense, and single precision is kept: 10 000 cells and 20 000 genes take 0.8 GB then.
    Select genes before, ``mdata.mod["rna"][:, selected]``. Files opened for reading from disk (``backed``) are read
    into memory, one modality after the other; a view of such a file that ``split_by`` splits is read at once.

    References
    ----------
    Bredikhin, Kats, Stegle (2022). MUON: multimodal omics analysis framework. Genome Biology 23, 42.
    Virshup, Rybakov, Theis, Angerer, Wolf. anndata: annotated data. bioRxiv 2021.12.16.473007.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> from skcmkd.datasets import from_mudata
    >>> adata = AnnData(np.eye(4, 3, dtype="float32"))
    >>> adata.obs["state"] = ["ill", "well", "ill", "well"]
    >>> adata.var["feature_types"] = ["rna", "rna", "protein"]
    >>> tables = from_mudata(adata, "state", split_by="feature_types")
    >>> tables.modalities
    {'rna': ['rna:0', 'rna:1'], 'protein': ['protein:2']}
    >>> tables.data.shape, tables.target.tolist()
    ((4, 3), ['ill', 'well', 'ill', 'well'])

    A panel of one gene is the student, and the rest of the transcriptome the teacher:

    >>> tables = from_mudata(adata, "state", modalities=["rna"], panel=["1"], unannotated=["well"])
    >>> tables.modalities
    {'panel': ['panel:1'], 'rna': ['rna:0', 'rna:2']}
    >>> tables.target.isna().tolist()
    [False, True, False, True]
    """
    if isinstance(mdata, (str, os.PathLike)):
        mdata = get_reader(Path(mdata))(Path(mdata))
    parts = _split_modalities(mdata, modalities, split_by)
    if modalities is not None:
        parts = {name: get_modality(parts, name) for name in modalities}
    samples = _sample_index(mdata, parts)
    tables = {name: _to_frame(name, part, _layer_of(layer, name)) for name, part in parts.items()}
    if panel is not None:
        tables = split_panel(tables, parts, panel)
    shapes = ", ".join(f"{name} {table.shape[0]} x {table.shape[1]}" for name, table in tables.items())
    more = {} if groups is None else {"groups": obs_column(mdata, groups, "groups", samples)}
    description = f"{type(mdata).__name__} of {len(samples)} samples: {shapes}."
    target = obs_column(mdata, label, "label", samples)
    if isinstance(unannotated, str):
        raise ValueError(f"unannotated={unannotated!r} must be a list of labels: [{unannotated!r}].")
    return make_bunch(tables, target.mask(target.isin(list(unannotated))), description, **more)


def get_reader(path: Path) -> Callable[[Path], Any]:
    """Reader of files of this suffix."""
    if path.suffix not in READERS:
        raise ValueError(f"{path} must end in {' or '.join(READERS)}.")
    package, reader = READERS[path.suffix]
    try:
        return getattr(import_module(package), reader)
    except ImportError as error:
        raise ImportError(
            f'{path.suffix} files are read with the package {package}: pip install "skcmkd[mudata]".'
        ) from error


def _split_modalities(mdata: Any, modalities: Sequence[str] | None, split_by: str | None) -> dict[str, Any]:
    """AnnData of each modality."""
    if isinstance(modalities, str):
        raise ValueError(f"modalities={modalities!r} must be a list of names: [{modalities!r}].")
    if not hasattr(mdata, "obs_names"):
        raise TypeError(f"mdata must be a MuData, an AnnData or the path of a file; got a {type(mdata).__name__}.")
    if hasattr(mdata, "mod"):
        if split_by is not None:
            raise ValueError(f"split_by={split_by!r} is for AnnData; a MuData has its modalities already.")
        if mdata.axis != 0:
            raise ValueError(
                f"The modalities of this MuData share {'columns' if mdata.axis == 1 else 'samples and columns'} "
                f"(axis={mdata.axis}), not samples alone. Give a MuData of axis 0, or one table of them as AnnData."
            )
        nested = [name for name, part in mdata.mod.items() if hasattr(part, "mod")]
        if nested:
            raise ValueError(f"The modality {nested[0]!r} is a MuData itself: give its modalities one by one.")
        return dict(mdata.mod)
    if split_by is None:
        name = "X" if modalities is None else modalities[0]
        return {name: mdata}
    if split_by not in mdata.var:
        raise ValueError(f"split_by={split_by!r} is not a column of var, which has {list_names(mdata.var.columns)}.")
    kinds = mdata.var[split_by]
    if kinds.isna().any():
        raise ValueError(
            f"split_by={split_by!r} is missing for {kinds.isna().sum()} columns, such as "
            f"{kinds.index[kinds.isna()][0]!r}."
        )
    if mdata.isbacked and mdata.is_view:
        # anndata makes no view of a view of a file.
        mdata = mdata.to_memory()
    return {str(kind): mdata[:, (kinds == kind).to_numpy()] for kind in kinds.unique()}


def _layer_of(layer: str | Mapping[str, str | None] | None, name: str) -> str | None:
    return layer.get(name) if isinstance(layer, Mapping) else layer


def _sample_index(mdata: Any, parts: Mapping[str, Any]) -> pd.Index:
    """Samples with some modality, in the order of ``mdata``, then those that only a modality has."""
    for name, part in parts.items():
        for axis, names in (("obs", part.obs_names), ("var", part.var_names)):
            if not names.is_unique:
                raise ValueError(
                    f"{axis}_names of {name!r} holds {names[names.duplicated()][0]!r} more than once: call "
                    f"{axis}_names_make_unique() on it."
                )
    samples = pd.Index([]).append([part.obs_names for part in parts.values()]).unique()
    ordered = mdata.obs_names[mdata.obs_names.isin(samples)]
    return ordered.append(samples.difference(ordered, sort=False)).rename("sample")


def _to_frame(name: str, part: Any, layer: str | None) -> pd.DataFrame:
    """Dense table of a modality, columns prefixed with its name unless they are already."""
    if part.isbacked:
        part = part.to_memory()
    if layer is not None and layer not in part.layers:
        raise ValueError(f"The modality {name!r} has no layer {layer!r}; it has {list_names(part.layers)}.")
    values = part.X if layer is None else part.layers[layer]
    if values is None:
        raise ValueError(f"The modality {name!r} has no .X. Name a layer: {list_names(part.layers)}.")
    if values.dtype.kind not in "fiub":
        raise ValueError(f"The values of the modality {name!r} are of dtype {values.dtype}; numbers are needed.")
    values = values.toarray() if issparse(values) else np.asarray(values)
    values = values.astype(np.result_type(values.dtype, np.float32), copy=False)
    names = part.var_names.astype(str)
    prefix = f"{name}:"
    columns = names if names.str.startswith(prefix).all() else prefix + names
    return pd.DataFrame(values, index=part.obs_names, columns=list(columns))


def obs_column(mdata: Any, column: str, parameter: str, samples: pd.Index) -> pd.Series:
    """A column of the common obs, or of the only modality that has it; text and categories as objects."""
    parts = getattr(mdata, "mod", {})
    matches = {"": mdata.obs[column]} if column in mdata.obs else {}
    if not matches:
        matches = {f"{name}:{column}": part.obs[column] for name, part in parts.items() if column in part.obs}
    if not matches:
        modality, _, name = column.partition(":")
        if modality in parts and name in parts[modality].obs:
            matches = {column: parts[modality].obs[name]}
    if not matches:
        everywhere = [*mdata.obs.columns, *(f"{modality}:{name}" for modality in parts for name in parts[modality].obs)]
        raise ValueError(
            f"{parameter}={column!r} is not a column of obs, which has {list_names(dict.fromkeys(everywhere))}."
        )
    if len(matches) > 1:
        raise ValueError(
            f"{parameter}={column!r} is in the obs of several modalities and not in the common one: say which, "
            f"{parameter}={' or '.join(map(repr, matches))}."
        )
    (values,) = matches.values()
    if not values.index.is_unique:
        raise ValueError(
            f"obs_names holds {values.index[values.index.duplicated()][0]!r} more than once: call "
            "obs_names_make_unique()."
        )
    plain = values.astype(object).where(values.notna(), np.nan).reindex(samples)
    numbers = pd.api.types.infer_dtype(plain, skipna=True) in ("integer", "floating", "mixed-integer-float", "boolean")
    return (plain.infer_objects() if numbers else plain).rename(column)
