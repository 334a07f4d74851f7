"""``python -m tests.abuse.write_errors``: writes the table of mistakes and messages into docs/errors.rst."""

import re
import warnings
from functools import cache
from importlib.metadata import version
from pathlib import Path

from skcmkd.cli._errors import DataError, UsageError

from . import bad_inputs, bad_inputs_commands, bad_inputs_elsewhere, bad_inputs_persistence

PAGE = Path(__file__).parents[2] / "docs" / "errors.rst"
SECTIONS = {
    "Columns": bad_inputs.COLUMNS,
    "Labels": bad_inputs.LABELS,
    "Tables": bad_inputs.TABLES,
    "Students and teachers": bad_inputs.MODELS,
    "Options": bad_inputs.OPTIONS,
    "Weights and groups": bad_inputs.ROW_DATA,
    "Data beside X and y": bad_inputs.SIDE_DATA,
    "Predicting": bad_inputs.PREDICTING,
    "Choosing a modality": bad_inputs_elsewhere.CHOOSING,
    "Mutual information": bad_inputs_elsewhere.MEASURING,
    "Reports, displays and data sets": bad_inputs_elsewhere.REPORTS,
    "Keeping a student": bad_inputs_persistence.KEEPING,
    "Command line": bad_inputs_commands.COMMANDS,
}
HEAD = """Error messages
==============

Common mistakes and their error messages. Each message names the value that is wrong and the remedy. A fit that fails
leaves an earlier fit unchanged. The tests make all of these mistakes and compare the messages with this page.
``InvalidParameterError`` is scikit-learn's; it is a ``ValueError`` and a ``TypeError``. ``skcmkd`` begins a
line that the program prints.
"""
VERSIONS = ", ".join(f"{package} {version(package)}" for package in ("numpy", "pandas", "scikit-learn"))


@cache
def message_of(case) -> tuple[str, str]:
    """The type and the message of the error that a mistake raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            case.act()
        except case.error as error:
            # Addresses of functions differ from run to run.
            kind = "skcmkd" if isinstance(error, (DataError, UsageError)) else type(error).__name__
            return kind, re.sub(r" at 0x[0-9a-f]+", "", str(error))
    raise AssertionError(f"{case.mistake}: nothing was raised.")


def table_of(section: str, cases) -> str:
    """A section of the page."""
    lines = [section, "-" * len(section), "", ".. list-table::", "   :header-rows: 1", "   :widths: 30 70", ""]
    lines += ["   * - Mistake", "     - Message"]
    for case in cases:
        kind, message = message_of(case)
        # Literals wrap in a cell, and nothing in them is markup.
        text = [f"``{line}``" for line in f"{kind}: {message}".splitlines() if line.strip()]
        lines += [f"   * - {case.mistake}", f"     - | {text[0]}", *(f"       | {line}" for line in text[1:])]
    return "\n".join(lines).rstrip() + "\n"


def make_page() -> str:
    """The whole page."""
    return "\n".join([HEAD, f"Written with {VERSIONS}.\n", *(table_of(*section) for section in SECTIONS.items())])


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
