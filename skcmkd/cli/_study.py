"""What ``skcmkd advise`` found about a label, or about the risk at a horizon."""

from __future__ import annotations

from dataclasses import dataclass

from ..evaluation._report import DistillationReport
from ..evaluation._survival_report import SurvivalReport
from ..evaluation._verdict import Verdict
from ..selection._selector import CCHSelector
from ._input import CliData
from ._text_tables import TextTable


@dataclass(frozen=True)
class Study:
    """A question about a table, answered.

    Attributes
    ----------
    name : str
        What is predicted, in a heading.
    data : CliData
    selector : CCHSelector
        Fitted to all rows.
    report : DistillationReport or SurvivalReport
    verdict : Verdict
    reasons : list of str
    tables : list of TextTable
        Modalities, decisions, gains, of a risk its groups, and choices.
    notes : list of str
        What was left out and what looks wrong.
    """

    name: str
    data: CliData
    selector: CCHSelector
    report: DistillationReport | SurvivalReport
    verdict: Verdict
    reasons: list[str]
    tables: list[TextTable]
    notes: list[str]

    @property
    def horizon(self) -> float | None:
        """The horizon of a risk."""
        return self.report.horizon if isinstance(self.report, SurvivalReport) else None
