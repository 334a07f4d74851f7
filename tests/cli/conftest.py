import numpy as np
import pandas as pd
import pytest


def draw_table(n_rows=72, seed=0):
    """A panel with a weak signal, an RNA with a strong one, two samples a patient, a third of the labels missing."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_rows) // 2 % 2
    table = pd.DataFrame({"diagnosis": np.where(y == 1, "malignant", "benign"), "patient": np.arange(n_rows) // 2})
    for name, signal in (("panel", 0.5), ("rna", 1.5)):
        for position in range(2):
            table[f"{name}_{position}"] = rng.normal(size=n_rows) + signal * y
    table.loc[n_rows * 2 // 3 :, "diagnosis"] = np.nan
    table.loc[[1, 4], ["rna_0", "rna_1"]] = np.nan
    return table.rename_axis("sample").set_axis([f"S{row:03d}" for row in range(n_rows)])


@pytest.fixture
def table():
    return draw_table()


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """The table as a file."""
    path = tmp_path_factory.mktemp("tables") / "cohort.csv"
    draw_table().to_csv(path, index_label="sample")
    return path
