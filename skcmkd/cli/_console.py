"""The terminal: tables that stay readable when it is narrow, without markup, colors only where they are wanted."""

from __future__ import annotations

import sys
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from ._text import truncate
from ._text_tables import TextTable

PIPED_WIDTH = 108


def make_console() -> Console:
    """The console of standard output; names from a table are never read as markup."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_error(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"skcmkd: {truncate(message, 1000)}\n")


def print_heading(console: Console, text: str) -> None:
    """The beginning of a part."""
    console.print()
    console.rule(text, align="left")


def print_table(console: Console, table: TextTable) -> None:
    """Print a table, first column to the left; where it is too wide for the terminal, a block of lines a row."""
    console.print(f"\n{table.title}", style="bold")
    rendered = _rich_table(table)
    if Measurement.get(console, console.options.update(max_width=10_000), rendered).maximum <= console.width:
        console.print(rendered)
        return
    for row in table.rows:
        console.print(row[0], style="underline")
        for heading, value in zip(table.headings[1:], row[1:], strict=True):
            if value:
                console.print(f"  {heading.strip()}: {value.strip()}")


def _rich_table(table: TextTable) -> Table:
    layout: dict[str, Any] = {"box": box.HORIZONTALS, "show_edge": False, "pad_edge": False, "padding": (0, 1, 0, 0)}
    rendered = Table(**layout)
    for position, heading in enumerate(table.headings):
        rendered.add_column(heading, justify="right" if position else "left", no_wrap=True)
    for row in table.rows:
        rendered.add_row(*row)
    return rendered
