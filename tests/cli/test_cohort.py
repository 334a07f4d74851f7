import numpy as np
import pandas as pd

from skcmkd import check_cohort
from skcmkd.cli._cohort import check_data
from skcmkd.cli._input import make_data

from .conftest import draw_table


def concerns(table, groups=None, **names):
    options = {"groups": groups, "batch": "site" if "site" in table else None}
    data = make_data(table, "diagnosis", "panel", ["rna"], n_folds=2, **options)
    return check_data(data, data.y, (data.unlabeled, data.unlabeled_groups), **options, seed=0)


def test_a_sound_cohort_has_no_concern():
    assert concerns(draw_table(144).assign(site=[*"AB"] * 72)) == []
    assert concerns(draw_table(144).dropna(subset=["rna_0"]).dropna(subset=["diagnosis"])) == []  # nothing to check


def test_each_concern_is_one_line_with_what_to_do():
    table = draw_table(144)
    malignant = (table["diagnosis"] == "malignant").to_numpy()
    mixed = np.arange(144) % 20 == 2
    lacking = table.assign(**{name: table[name].mask(malignant & ~mixed) for name in ("rna_0", "rna_1")})
    line = concerns(lacking)[0]
    assert line.startswith("'rna' is measured in 9")
    assert line.endswith("of malignant: ask why, and do not read its absence as a result.")
    of_label = table.assign(site=np.where(malignant & ~mixed, "A", "B"))
    (line,) = concerns(of_label)
    assert "batches differ in the label (effect 0." in line
    assert line.endswith("so that whole batches are held out: --groups 'site'.")
    (line,) = concerns(table.assign(site=np.where(malignant, "A", None)))  # rows without a batch are one of their own
    assert line.startswith("each batch holds one class alone")
    elsewhere = table["diagnosis"].isna().to_numpy()
    shifted = table.assign(panel_0=table["panel_0"] + 5 * elsewhere)
    (line,) = concerns(shifted)
    assert line.startswith("'panel' tells unlabeled rows from labeled ones (AUC 1.00)")
    assert line.endswith("Compare distillation with and without them.")


def test_batches_that_are_the_groups_are_held_out_already():
    table = draw_table(144)
    malignant = (table["diagnosis"] == "malignant").to_numpy()
    site = np.where(malignant, np.arange(144) % 9, np.arange(144) % 30)
    data = make_data(table.assign(site=site), "diagnosis", "panel", ["rna"], groups="site", batch="site", n_folds=2)
    assert (data.batch.to_numpy() == data.groups).all()
    lines = check_data(data, data.y, (data.unlabeled, None), batch="site", groups="site", seed=0)
    assert all("(--groups 'site' does that here)" in line for line in lines if "batch as groups" in line)


def test_of_each_group_one_row_counts():
    """Ten copies of each row make every difference sure."""
    table = draw_table(48)
    random = np.random.RandomState(0)
    table["site"] = np.where(random.uniform(size=48) < np.where(table["diagnosis"] == "benign", 0.3, 0.6), "A", "B")
    copied = pd.concat([table] * 10).assign(patient=np.tile(np.arange(48), 10)).reset_index(drop=True)
    data = make_data(copied, "diagnosis", "panel", ["rna"], batch="site", n_folds=2)
    every = check_cohort(data.X, data.y, data.modalities, batch=data.batch.to_numpy().astype(str), random_state=0)
    assert every["concern"].any()
    batches = [line for line in concerns(copied, groups="patient") if "batch" in line]
    assert batches == []


def test_a_batch_is_no_feature_and_may_be_missing_without_a_label():
    table = draw_table(144).assign(panel_site=[*"AB"] * 72)
    table.loc[table["diagnosis"].isna(), "panel_site"] = None
    data = make_data(table, "diagnosis", "panel", batch="panel_site", n_folds=2)
    assert "panel_site" not in data.X
    assert data.batch.isin(["A", "B"]).all()
