"""Numbers and tables of the pages, read from the stored results: a role, a directive and the README's template.

``docs/results/*.toml`` names them. A group has a ``file`` below ``benchmarks`` and a ``query``. Before the query
``derive`` adds columns by expressions; after it ``aggregate`` ("mean", "median", ...) reduces the rows, those of each
value of ``by``, and counts them in ``count``; ``pivot`` makes values of a column to columns. A group has ``numbers``,
templates over the columns of its one row, which ``:result:`group.number``` writes, or ``columns``, templates over each
row, which ``.. result-table:: group`` writes; with ``key``, ``heading`` and ``rows`` it has those rows in order. An
unknown name, a query without its row and a template without its column stop the build. Where ``protocol.json`` beside a
file says that it was measured under an earlier rule, the page says so too.
"""

from __future__ import annotations

import json
import math
import re
import string
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective, SphinxRole

ROOT = Path(__file__).parents[2]
TEMPLATE, README = ROOT / "docs" / "README.md.in", ROOT / "README.md"


class ResultError(ExtensionError):
    """A page asks for a result that is not stored."""


class Formatter(string.Formatter):
    """``str.format`` with ``points``, a fraction as signed percentage points, and ``gain``, a signed number."""

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """A column, whose name may have a dot."""
        return (kwargs[field_name], field_name) if field_name in kwargs else super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        """Called for each field."""
        if isinstance(value, float) and math.isnan(value):
            return "\N{EN DASH}"
        if format_spec == "points":
            return signed(100 * value, 1)
        if format_spec.startswith("gain"):
            return signed(value, int(format_spec[4:] or 3))
        return super().format_field(value, format_spec)


def signed(value: float, digits: int) -> str:
    """A number with its sign, zero without one."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def flatten(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of several levels as one name."""
    if isinstance(table.columns, pd.MultiIndex):
        table.columns = [" ".join(map(str, column)) for column in table.columns]
    return table


def select_rows(table: pd.DataFrame, group: dict[str, Any]) -> pd.DataFrame:
    """The rows that a group is about."""
    for column, expression in group.get("derive", {}).items():
        table[column] = table.eval(expression, engine="python")
    if "query" in group:
        table = table.query(group["query"], engine="python")
    if "aggregate" in group:
        by = [table[name] for name in group.get("by", [])] or (lambda _: 0)
        parts = table.select_dtypes(["number", "bool"]).drop(columns=group.get("by", []), errors="ignore").groupby(by)
        table = flatten(parts.agg(group["aggregate"])).assign(count=parts.size()).reset_index()
    if "pivot" in group:
        table = flatten(table.pivot(**group["pivot"])).reset_index()  # noqa: PD010 - pivot_table would average twins
    return table


class StoredResults:
    """The named numbers and tables of one checkout."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._files: dict[Path, pd.DataFrame] = {}

    @cached_property
    def groups(self) -> dict[str, dict[str, Any]]:
        """All groups of ``docs/results``."""
        found: dict[str, dict[str, Any]] = {}
        for path in sorted((self.root / "docs" / "results").glob("*.toml")):
            for name, group in tomllib.loads(path.read_text(encoding="utf-8")).items():
                if name in found:
                    raise ResultError(f"{path.name} names the group {name!r} a second time.")
                found[name] = group
        return found

    def group(self, name: str) -> dict[str, Any]:
        """One group."""
        if name not in self.groups:
            raise ResultError(f"No group {name!r} in docs/results; there are {', '.join(self.groups)}.")
        return self.groups[name]

    def file_of(self, name: str) -> Path:
        """The stored table of a group."""
        return self.root / "benchmarks" / str(self.group(name)["file"])

    def earlier(self, name: str) -> str:
        """What was different when the file was measured, if the package's rule has moved on."""
        path = self.file_of(name)
        stamps = path.parent / "protocol.json"
        entries = json.loads(stamps.read_text(encoding="utf-8")) if stamps.exists() else {}
        return str(entries.get(path.name, {}).get("earlier", ""))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a group that its query finds."""
        if name not in self._rows:
            path = self.file_of(name)
            if path not in self._files:
                self._files[path] = pd.read_csv(path)
            rows = select_rows(self._files[path].copy(), self.group(name))
            if rows.empty:
                raise ResultError(f"No row of {path.relative_to(self.root)} is found by the query of {name!r}.")
            self._rows[name] = rows.to_dict("records")
        return self._rows[name]

    def dependencies(self, name: str) -> list[str]:
        """Files whose change builds a page anew."""
        path = self.file_of(name)
        definitions = sorted((self.root / "docs" / "results").glob("*.toml"))
        return [str(file) for file in (path, path.parent / "protocol.json", *definitions)]

    def number(self, key: str) -> str:
        """The text of ``group.number``."""
        name, _, number = key.partition(".")
        numbers = self.group(name).get("numbers", {})
        if number not in numbers:
            raise ResultError(f"No number {key!r} in docs/results; {name!r} has {', '.join(numbers) or 'none'}.")
        rows = self.rows(name)
        if len(rows) > 1:
            raise ResultError(f"The query of {name!r} finds {len(rows)} rows; a number needs one.")
        return self._write(numbers[number], rows[0], key)

    def table(self, name: str) -> tuple[list[str], list[list[str]]]:
        """Heading and rows of a group with ``columns``."""
        group, rows = self.group(name), self.rows(name)
        columns: dict[str, str] = group.get("columns", {})
        if not columns:
            raise ResultError(f"The group {name!r} has no columns.")
        heading = list(columns)
        if "key" not in group:
            return heading, [[self._write(cell, row, name) for cell in columns.values()] for row in rows]
        body = []
        for value, label in group["rows"]:
            found = [row for row in rows if str(row[group["key"]]) == value]
            if len(found) != 1:
                raise ResultError(f"{name!r}: {len(found)} rows have {group['key']} = {value!r}; one is needed.")
            body.append([label, *(self._write(cell, found[0], name) for cell in columns.values())])
        return [group["heading"], *heading], body

    @staticmethod
    def _write(template: str, row: dict[str, Any], key: str) -> str:
        try:
            return Formatter().vformat(template, (), row)
        except (KeyError, ValueError) as error:
            raise ResultError(f"{key!r}: {template!r} does not fit the stored row: {error}") from error

    def render(self, template: str) -> str:
        """A text with its slots filled in: ``{{group.number}}``, ``{{file PATH}}`` and a part of a file.

        ``{{file PATH until TEXT}}`` ends before the text, ``{{file PATH from TEXT}}`` begins with it.
        """

        def fill(found: re.Match[str]) -> str:
            if not found[1].startswith("file "):
                return self.number(found[1])
            name, word, mark = re.fullmatch(r"file (\S+)(?: (from|until) (.+))?", found[1]).groups()
            path = self.root / name
            if not path.exists():
                raise ResultError(f"There is no file {name}.")
            text = path.read_text(encoding="utf-8").strip()
            if mark and mark not in text:
                raise ResultError(f"{name} does not hold {mark!r}.")
            before, _, after = text.partition(mark or "\0")
            return {"from": f"{mark}{after}", "until": before.strip(), None: text}[word]

        return re.sub(r"\{\{(.+?)\}\}", fill, template)


class ResultRole(SphinxRole):
    """``:result:`group.number```, with the stored file in its tooltip."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Called by Sphinx."""
        results = stored(self.env)
        text = results.number(self.text)
        name = self.text.partition(".")[0]
        path = results.file_of(name)
        for file in results.dependencies(name):
            self.env.note_dependency(file)
        origin = path.relative_to(results.root).as_posix()
        if earlier := results.earlier(name):
            origin += f"; measured with {earlier}"
        shown = nodes.abbreviation(self.rawtext, text, explanation=origin)
        shown["classes"] += ["result"]
        return [shown], []


class ResultTable(SphinxDirective):
    """``.. result-table:: group``, with the stored file below it."""

    required_arguments = 1
    option_spec = {"widths": directives.unchanged, "class": directives.unchanged, "caption": directives.unchanged}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        """Called by Sphinx."""
        results = stored(self.env)
        name = self.arguments[0]
        heading, body = results.table(name)
        path = results.file_of(name)
        for file in results.dependencies(name):
            self.env.note_dependency(file)
        lines = [f".. list-table:: {self.options.get('caption', '')}".rstrip(), "   :header-rows: 1"]
        lines += [f"   :{option}: {self.options[option]}" for option in ("widths", "class") if option in self.options]
        lines.append("")
        for row in [heading, *body]:
            lines += [f"   {'  -' if place else '* -'} {cell}" for place, cell in enumerate(row)]
        lines += ["", f"Stored in ``{path.relative_to(results.root).as_posix()}``."]
        if earlier := results.earlier(name):
            lines[-1] += f" **Measured under an earlier rule**: {earlier}."
        return self.parse_text_to_nodes("\n".join(lines))


def stored(env: Any) -> StoredResults:
    """The results of this build, read once."""
    if not hasattr(env, "_stored_results"):
        env._stored_results = StoredResults(Path(env.config.stored_results_root))
    return env._stored_results


def forget(app: Sphinx, env: Any, *_: Any) -> None:
    """Every build reads the files anew."""
    vars(env).pop("_stored_results", None)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_config_value("stored_results_root", str(ROOT), "env")
    app.add_role("result", ResultRole())
    app.add_directive("result-table", ResultTable)
    app.connect("env-before-read-docs", forget)
    app.connect("env-updated", forget)  # it is not pickled
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    README.write_text(StoredResults().render(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
