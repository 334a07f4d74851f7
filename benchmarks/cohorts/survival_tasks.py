"""Real cohorts with a time to an event: the carcinoma, and the tables of SurvSet where it is installed."""

from collections.abc import Iterator
from pathlib import Path

from gene_survival import ABSENT, AVAILABLE, PANELS, load_gene_survival
from shared.survival import SurvivalCohort, carcinoma_survival

CARCINOMA, SURVIVAL = "carcinoma", "event by the horizon"
# The reports on the carcinoma are stored there.
CARCINOMA_REPORTS = Path(__file__).parents[1] / "survival" / "results" / "carcinoma.csv"
TEXTS = {
    CARCINOMA: "carcinoma, death within 3 years: cnv taught by rna",
    "gse1992": "GSE1992, event within 24 months: clinic taught by 500 genes",
    "gse4335": "GSE4335, event within 36 months: clinic taught by 500 genes",
    "gse3143": "GSE3143, event within 60 months: ER and 20 genes taught by 500",
    "dataOvarian1": "ovarian tumors, event within 3 years: debulking and 10 genes taught by 148",
}


def survival_cohorts(only: list[str]) -> Iterator[tuple[str, SurvivalCohort]]:
    """Each survival table by name."""
    if CARCINOMA in only:
        yield CARCINOMA, carcinoma_survival()
    wanted = [name for name in PANELS if name in only]
    if wanted and not AVAILABLE:
        print(ABSENT)
        return
    yield from ((name, load_gene_survival(name)) for name in wanted)
