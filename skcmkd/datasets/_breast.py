"""Breast cancer of The Cancer Genome Atlas: fetched, because its license does not allow shipping it here."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.utils import Bunch

from ._bunch import make_bunch, read_description

FILE_NAME = "breast.TCGA.rda"
SHA256 = "0812db063ceee018470b59249a27289e8231909b9ec858c9b3e8fc9ead67af48"
URL = (
    "https://raw.githubusercontent.com/mixOmicsTeam/mixOmics/"
    "d732983ad52fdd7fb2496a7ca8ac1bec501a63ab/data/breast.TCGA.rda"
)
MODALITIES = ("mirna", "mrna", "protein")


def fetch_breast_tcga(*, data_home: str | PathLike[str] | None = None, download: bool = True) -> Bunch:
    """Fetch 220 breast tumors with microRNA, messenger RNA and protein (classification, 3 subtypes).

    The file (0.7 MB) is downloaded once from a pinned commit into the user's cache, and its sha256 is checked at every
    call. Reading it needs the package rdata: ``pip install "skcmkd[breast]"``.

    Parameters
    ----------
    data_home : path, default=None
        Folder of ``breast.TCGA.rda``; None is the user's cache folder.
    download : bool, default=True
        False raises instead of downloading when the file is not there.

    Returns
    -------
    Bunch
        ``data`` (DataFrame, 220 x 526; the 70 tumors of the test part lack protein), ``modalities`` (dict, name
        to its column names: mirna 184, mrna 200, protein 142), ``target`` (Series: Basal, Her2, LumA), ``split``
        (Series: train, test), ``DESCR``.

    Raises
    ------
    ImportError
        If rdata is not installed.
    FileNotFoundError
        If the file is not there and ``download=False``.
    ValueError
        If the file's sha256 is not the pinned one; such a download is deleted.
    OSError
        If the file cannot be downloaded, or the folder cannot be written.

    References
    ----------
    Singh, A. et al. (2019). DIABLO. Bioinformatics 35, 3055-3062.

    Examples
    --------
    >>> from skcmkd.datasets import fetch_breast_tcga
    >>> breast = fetch_breast_tcga()  # doctest: +SKIP
    >>> breast.target.value_counts().to_dict()  # doctest: +SKIP
    {'LumA': 110, 'Basal': 66, 'Her2': 44}
    """
    import pooch

    try:
        import rdata
    except ImportError as error:
        raise ImportError('Reading breast.TCGA.rda needs the package rdata: pip install "skcmkd[breast]".') from error
    home = Path(data_home) if data_home is not None else pooch.os_cache("skcmkd")
    path = home / FILE_NAME
    if path.is_file():
        # pooch would silently replace a local copy that differs; raise instead.
        sha256 = pooch.file_hash(path)
        if sha256 != SHA256:
            raise ValueError(
                f"{path} has sha256 {sha256}, not the pinned {SHA256}: it is another version or was cut short. "
                "Delete it to download it again."
            )
    elif not download:
        raise FileNotFoundError(f"{path} does not exist. Set download=True, or put the file there from {URL}.")
    else:
        retrieve(home)
    parts = rdata.read_rda(path)["breast.TCGA"]
    return as_bunch(parts)


def retrieve(home: Path) -> None:
    """Download the file into a folder, atomically, also when two processes fetch it at once."""
    import pooch

    by_hand = f"or put the file from {URL} into {home} yourself"
    try:
        for kind, there in (("file", (home / FILE_NAME).is_dir()), ("folder", home.is_file())):
            if there:
                raise FileExistsError(f"something else than a {kind} of this name is there")
        pooch.retrieve(URL, known_hash=f"sha256:{SHA256}", fname=FILE_NAME, path=home)
    except ValueError as error:
        raise ValueError(
            f"The download from {URL} does not have the pinned sha256 {SHA256}: it was cut short, or replaced on the "
            f"way by another file. Nothing was kept. Try again, {by_hand}."
        ) from error
    except (PermissionError, FileExistsError, NotADirectoryError, FileNotFoundError) as error:
        raise OSError(
            f"{home / FILE_NAME} cannot be written: {error}. Give a folder that you may write as data_home, or put the "
            f"file from {URL} into one."
        ) from error
    except OSError as error:
        raise OSError(
            f"{URL} could not be downloaded: {error}. Try again when there is a connection, {by_hand}."
        ) from error


def as_bunch(parts: dict[str, Any]) -> Bunch:
    """Bunch of the training and test parts of the R object; the test part has no protein."""
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in MODALITIES}
    targets, splits = [], []
    for split in ("train", "test"):
        part = parts[f"data.{split}"]
        samples = pd.Index(as_frame(part[MODALITIES[0]]).index, name="sample")
        targets.append(pd.Series([str(value) for value in part["subtype"]], samples, dtype=object))
        splits.append(pd.Series(split, samples, dtype=object))
        for name in MODALITIES:
            if name in part:
                tables[name].append(as_frame(part[name]).add_prefix(f"{name}_"))
    joined = {name: pd.concat(pieces).astype("float32") for name, pieces in tables.items()}
    return make_bunch(
        joined,
        pd.concat(targets).rename("subtype"),
        read_description("breast_tcga"),
        split=pd.concat(splits).rename("split"),
    )


def as_frame(matrix: Any) -> pd.DataFrame:
    """An R matrix with row and column names, which rdata reads as an xarray.DataArray."""
    rows, columns = (matrix.coords[dimension].to_numpy() for dimension in matrix.dims)
    return pd.DataFrame(matrix.to_numpy(), index=[str(row) for row in rows], columns=[str(c) for c in columns])
