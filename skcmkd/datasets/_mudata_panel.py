"""A panel of genes as a modality of its own."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

PANEL = "panel"


def split_panel(tables: Mapping[str, pd.DataFrame], parts: Mapping[str, Any], panel: Any) -> dict[str, pd.DataFrame]:
    """The tables with the columns of a panel apart, first."""
    if not isinstance(panel, Mapping):
        if len(parts) > 1:
            raise ValueError(
                f"panel={reprlib.repr(panel)} does not say which of the modalities {list_names(parts)} it belongs to. "
                f"Give a dict, such as panel={{{next(iter(parts))!r}: [...]}}."
            )
        panel = {next(iter(parts)): panel}
    if len(panel) != 1 or PANEL in parts:
        raise ValueError(
            f"panel takes columns of one modality and makes them {PANEL!r}; it names {len(panel)}, and there is "
            f"{list_names(parts)}."
        )
    ((name, columns),) = panel.items()
    part = get_modality(parts, name, "panel")
    chosen = _panel_mask(part, name, columns)
    if chosen.all() or not chosen.any():
        raise ValueError(
            f"The panel has {int(chosen.sum())} of the {len(chosen)} columns of {name!r}: give some, and leave some "
            "for the teacher."
        )
    names = [f"{PANEL}:{column}" for column in part.var_names[chosen]]
    return {PANEL: tables[name].loc[:, chosen].set_axis(names, axis=1), **tables, name: tables[name].loc[:, ~chosen]}


def _panel_mask(part: Any, name: str, columns: str | Sequence[str]) -> np.ndarray:
    if isinstance(columns, str):
        if columns not in part.var:
            raise ValueError(f"panel={columns!r} is not a column of var, which has {list_names(part.var.columns)}.")
        flags = part.var[columns]
        if not pd.api.types.is_bool_dtype(flags) or flags.isna().any():
            raise ValueError(
                f"The column {columns!r} of var has dtype {flags.dtype}, and a panel takes a Boolean one without "
                "missing values; give a list of var_names, or var[...].eq(value)."
            )
        return flags.to_numpy(dtype=bool)
    unknown = [column for column in columns if column not in part.var_names]
    if unknown:
        raise ValueError(
            f"panel names {unknown[0]!r}, which {name!r} does not have among its {part.n_vars} var_names"
            + (f", and {len(unknown) - 1} more of its {len(columns)} names." if len(unknown) > 1 else ".")
        )
    return part.var_names.isin(list(columns))


def get_modality(parts: Mapping[str, Any], name: str, parameter: str = "modalities") -> Any:
    """A modality by its name, which a parameter gives."""
    if name not in parts:
        raise ValueError(f"{parameter} names {name!r}, and there is {list_names(parts)}.")
    return parts[name]


def list_names(names: Any) -> str:
    """Names in a message."""
    return ", ".join(map(repr, names)) or "none"
