"""A table in the form that the documentation is written in."""

import pandas as pd


def list_table(table: pd.DataFrame) -> str:
    """A reStructuredText list-table of a DataFrame of texts."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [table.columns, *table.astype(str).to_numpy()]:
        lines += [f"   {'* -' if i == 0 else '  -'} {cell}".rstrip() for i, cell in enumerate(row)]
    return "\n".join(lines) + "\n"
