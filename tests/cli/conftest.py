from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest

from skcmkd import CCHSelector
from skcmkd.cli import _pipeline
from skcmkd.datasets import make_survival_modalities


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


def draw_follow_up(n_rows=120, seed=0):
    """A panel, a strong RNA, days to death or to censoring; ten rows without an outcome, eight without RNA."""
    drawn = make_survival_modalities(
        n_rows, n_signal=2, n_noise=1, signal={"rna": 4.0, "panel": 2.0}, log_hazard_ratio=3.0, random_state=seed
    )
    table = drawn.data.assign(os_days=(1000 * drawn.time).round(1), died=drawn.event.astype(float))
    table.loc[table.index[-10:], ["os_days", "died"]] = np.nan
    table.loc[table.index[20:28], drawn.modalities["rna"]] = np.nan
    return table.rename_axis("sample").set_axis([f"S{row:03d}" for row in range(n_rows)])


@contextmanager
def quick_selector():
    """The selector of the command line with one repeat of two folds: what it decides is not tested here."""

    def make(data, n_folds, seed, n_jobs=None, verbose=0):
        return CCHSelector(data.modalities, data.student, cv=2, n_repeats=1, n_subsamples=10, random_state=seed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_pipeline, "make_selector", make)
        yield


@pytest.fixture
def follow_up_table():
    return draw_follow_up()


@pytest.fixture(scope="session")
def follow_up_path(tmp_path_factory):
    """The table of times to an event as a file."""
    path = tmp_path_factory.mktemp("tables") / "follow_up.csv"
    draw_follow_up().to_csv(path, index_label="sample")
    return path


@pytest.fixture
def table():
    return draw_table()


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """The table as a file."""
    path = tmp_path_factory.mktemp("tables") / "cohort.csv"
    draw_table().to_csv(path, index_label="sample")
    return path
