"""Tables of results on disk: measurements keep the names that they were stored under, the code has its own words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

# Name in the code -> name in the files.
COLUMNS = {
    "n_labeled": "n_labelled",  # stored name
    "share distilled": "share taught",  # stored name
}
ALIGNMENTS = ("none", "self_training", "prototypes", "classwise", "feature", "joint", "bilevel", "fused_gromov")
VALUES = {
    "family": {"simulated, continuous": "simulated quantity"},  # stored name
    "label": {"continuous": "a quantity"},  # stored name
    "pairs": {
        "labeled pairs only": "labelled pairs only",  # stored name
        "with unlabeled pairs": "with unlabelled pairs",  # stored name
    },
    "setting": {"linked columns, not declared": "linked columns, not told"},  # stored name
    "chosen": {f"{name}, bridge": f"{name}, tied" for name in ALIGNMENTS},  # stored name
}


def stored_value(column: str, value: str) -> str:
    """The value of a column as it stands in the files."""
    return VALUES.get(column, {}).get(value, value)


def read_table(path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table of results, with the names of the code."""
    usecols = None if columns is None else [COLUMNS.get(name, name) for name in columns]
    table = pd.read_csv(path, usecols=usecols).rename(columns={stored: name for name, stored in COLUMNS.items()})
    for column in set(VALUES) & set(table.columns):
        table[column] = table[column].replace({stored: value for value, stored in VALUES[column].items()})
    return table


def write_table(table: pd.DataFrame, path: Path, **options: Any) -> None:
    """Write a table of results with the names of the files; options are those of ``DataFrame.to_csv``."""
    table = table.replace({column: VALUES[column] for column in VALUES if column in table})
    table.rename(columns=COLUMNS).to_csv(path, index=False, **options)
