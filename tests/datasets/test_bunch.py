import numpy as np
import pandas as pd

from skcmkd.datasets._bunch import as_modality, bunch_of_modalities


def test_a_sample_without_a_modality_has_a_missing_row():
    tables = {
        "a": as_modality("a", np.ones((2, 1)), ["gene"], pd.Index(["s1", "s2"])),
        "b": as_modality("b", np.ones((1, 1)), ["gene"], pd.Index(["s2"])),
    }
    joined = bunch_of_modalities(tables, pd.Series([0, 1], index=["s2", "s1"]), "text", extra=1)
    assert list(joined.data.columns) == ["a_gene", "b_gene"]
    assert joined.data["b_gene"].isna().tolist() == [False, True]
    assert joined.extra == 1
