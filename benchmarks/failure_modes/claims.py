"""The table of claims."""

import pandas as pd


def table() -> pd.DataFrame:
    """Claims."""
    return pd.DataFrame({"Command": []})
