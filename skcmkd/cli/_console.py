"""The terminal: tables that stay readable when it is narrow, without markup, colours only where they are wanted."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ._text import shorten
from ._text_tables import Sheet

PIPED_WIDTH = 108


def make_console() -> Console:
    """The console of standard output; names from a table are never read as markup."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def complain(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"skcmkd: {shorten(message, 1000)}\n")


def show(console: Console, sheet: Sheet) -> None:
    """Print a table, first column to the left; where it is too wide for the terminal, a block of lines a row."""
    console.print(f"\n{sheet.title}", style="bold")
    table = _as_table(sheet)
    if Measurement.get(console, console.options.update(max_width=10_000), table).maximum <= console.width:
        console.print(table)
        return
    for row in sheet.rows:
        console.print(row[0], style="underline")
        for heading, value in zip(sheet.headings[1:], row[1:], strict=True):
            if value:
                console.print(f"  {heading.strip()}: {value.strip()}")


def _as_table(sheet: Sheet) -> Table:
    layout: dict[str, Any] = {"box": box.HORIZONTALS, "show_edge": False, "pad_edge": False, "padding": (0, 1, 0, 0)}
    table = Table(**layout)
    for position, heading in enumerate(sheet.headings):
        table.add_column(heading, justify="right" if position else "left", no_wrap=True)
    for row in sheet.rows:
        table.add_row(*row)
    return table
