"""Survival tables with genes, from the package SurvSet where it is installed: a cheap panel and the other genes.

``pip install --no-deps SurvSet==0.2.11``. Its license is GPL-3: nothing of it is shipped with this project, and nothing
but this benchmark uses it.
"""

from dataclasses import dataclass
from importlib.util import find_spec

import pandas as pd
from shared.survival import SurvivalCohort

AVAILABLE = find_spec("SurvSet") is not None
ABSENT = "SurvSet is not installed: its survival tables are left out (pip install --no-deps SurvSet==0.2.11)."
# The teacher has this many of the remaining genes, those of largest variance over all rows: no outcome has a part.
N_TEACHER_GENES = 500
CLINICAL_NUMBERS = ("num_age", "num_size", "num_grade", "num_erlev")


@dataclass(frozen=True)
class Panel:
    """What the student has: clinical columns, and the genes of largest variance; the horizon is in the table's unit."""

    clinical: tuple[str, ...]
    n_genes: int
    horizon: float


PANELS = {
    "gse1992": Panel(("num_age", "fac_er_positive", "fac_node_status", "fac_grade", "fac_size"), 0, 24),
    "gse4335": Panel(
        ("num_age", "fac_er_status", "fac_node_status", "fac_metastasis", "fac_tumor_size", "fac_grade"), 0, 36
    ),
    "gse3143": Panel(("fac_erlev",), 20, 60),
    "dataOvarian1": Panel(("fac_debulk",), 10, 1095),
}


def split_table(table: pd.DataFrame, panel: Panel) -> SurvivalCohort:
    """The panel and the teacher's genes of a table of SurvSet; grades are numbers, unknown ones missing."""
    genes = table[[name for name in table if name.startswith("num_") and name not in CLINICAL_NUMBERS]]
    genes = genes.loc[:, genes.notna().all()]
    ordered = genes.var().sort_values(ascending=False, kind="stable").index
    clinical = table[list(panel.clinical)].apply(pd.to_numeric, errors="coerce")
    student = pd.concat([clinical, genes[ordered[: panel.n_genes]]], axis=1).astype(float)
    teacher = genes[ordered[panel.n_genes : panel.n_genes + N_TEACHER_GENES]].astype(float)
    return SurvivalCohort(student, teacher, table["time"].astype(float), table["event"].astype(int), panel.horizon)


def load_gene_survival(name: str) -> SurvivalCohort:
    """A table by its name in SurvSet."""
    from SurvSet.data import SurvLoader

    return split_table(SurvLoader().load_dataset(ds_name=name)["df"], PANELS[name])
