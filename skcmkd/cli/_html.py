"""A report in one file that needs nothing else: figures inside, every name escaped, no scripts."""

from __future__ import annotations

import base64
import hashlib
import io
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jinja2 import Environment, StrictUndefined

import skcmkd

from ..evaluation._plot import plot_report
from ..evaluation._report import DistillationReport
from ..selection._criteria import decisive_metric
from ..selection._plot import CCHDisplay
from ..selection._selector import CCHSelector
from ._text import plot_safe
from ._text_tables import TextTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure


ZERO_TOLERANCE = 1e-9
PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "torch")


@dataclass(frozen=True)
class Section:
    """A table of the report, a sentence on how to read it, and a figure as PNG in base64."""

    table: TextTable
    text: str = ""
    figure: str = ""
    caption: str = ""


def render_report(
    title: str,
    subtitle: str,
    conclusion: Sequence[str],
    sections: Sequence[Section],
    notes: Sequence[str],
    command: str,
    origin: Sequence[tuple[str, str]],
) -> str:
    """The whole page."""
    template = files("skcmkd.cli").joinpath("report.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    return page.render(
        title=title,
        subtitle=subtitle,
        conclusion=conclusion,
        sections=sections,
        notes=notes,
        command=command,
        provenance=origin,
    )


def provenance(table: Path, seed: int) -> list[tuple[str, str]]:
    """The table's checksum, the seed, and the versions of what computed."""
    with table.open("rb") as stream:
        checksum = hashlib.file_digest(stream, "sha256").hexdigest()
    return [
        ("table", str(table)),
        ("SHA-256", checksum),
        ("seed", str(seed)),
        ("skcmkd", skcmkd.__version__),
        ("Python", platform.python_version()),
        *((name, version(name)) for name in PACKAGES),
    ]


def decision_figure(selector: CCHSelector) -> str:
    """The candidates' metrics with their intervals."""
    results = selector.results_.rename(index=plot_safe)
    display = CCHDisplay(
        results, decisive_metric(selector.criterion), plot_safe(selector.student), selector.results_["decision"]
    )
    return _as_png(display.plot().figure_)


def gain_figure(report: DistillationReport) -> str:
    """Gains over the student alone, for classes each class's too."""
    per_class: pd.DataFrame | None = report.per_class_
    if per_class is not None:
        per_class = per_class.rename(index=plot_safe, level="class")
    axes = plot_report(report.to_frame(), per_class, report.confidence, None)
    for ax in axes.flat:
        if np.abs(ax.dataLim.intervalx).max() < ZERO_TOLERANCE:  # the axis of nothing but zeros would show rounding
            ax.set_xlim(-1, 1)
    return _as_png(axes.flat[0].figure)


def _as_png(figure: Figure) -> str:
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=130, bbox_inches="tight")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
