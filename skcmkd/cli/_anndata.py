"""Files of the scverse, ``.h5mu`` and ``.h5ad``, as a table and its modalities."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..datasets import from_mudata
from ..datasets._mudata import READERS, get_reader, obs_column
from ._errors import DataError
from ._text import quote

NO_LABEL = "skcmkd: no label"


def is_annotated(path: Path) -> bool:
    """Whether the file is one of these by its name."""
    return path.suffix in READERS


def read_annotated(
    path: Path, columns: Mapping[str, str], names: Sequence[str] | None, split_by: str
) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """One table of the named modalities, or of all, and the columns of each.

    ``columns`` are those of ``obs`` that stand beside the modalities, by what they are, such as label or groups.
    """
    if not path.is_file():
        raise DataError(f"there is no file {quote(path, 200)}.")
    read = get_reader(path)
    try:
        data = _ignore_warnings(read, path)
    except (OSError, KeyError, TypeError, ValueError) as error:  # a broken file raises what its reader met
        raise DataError(f"{quote(path, 200)} cannot be read as {path.suffix}: {error}") from error
    data.obs[NO_LABEL] = 0
    bunch = _ignore_warnings(
        from_mudata,
        data,
        NO_LABEL,
        modalities=names,
        split_by=split_by if path.suffix == ".h5ad" else None,
    )
    samples = bunch.data.index
    beside = {name: obs_column(data, name, role, samples) for role, name in columns.items()}
    return pd.concat([bunch.data, pd.DataFrame(beside, index=samples)], axis=1), dict(bunch.modalities)


def _ignore_warnings(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function without the warnings of packages, which are for programmers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)
