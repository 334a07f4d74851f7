import numpy as np
import pandas as pd

from skcmkd.datasets._bunch import make_bunch, modality_frame


def test_a_sample_without_a_modality_has_a_missing_row():
    tables = {
        "a": modality_frame("a", np.ones((2, 1)), ["gene"], pd.Index(["s1", "s2"])),
        "b": modality_frame("b", np.ones((1, 1)), ["gene"], pd.Index(["s2"])),
    }
    joined = make_bunch(tables, pd.Series([0, 1], index=["s2", "s1"]), "text", extra=1)
    assert list(joined.data.columns) == ["a_gene", "b_gene"]
    assert joined.data["b_gene"].isna().tolist() == [False, True]
    assert joined.extra == 1
