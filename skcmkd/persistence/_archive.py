"""The zip archive of skops, which may be forged: its sizes and references are checked before it is read."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any
from zipfile import ZIP_STORED, ZipFile

HEADER = "skcmkd.json"
SCHEMA = "schema.json"
# skops visits a part as often as others refer to it: this many visits for each part of a file are let through.
MAX_EXPANSION = 1000


def read_header(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The file's header and its schema; raises where the parts of the file are larger than the file."""
    with ZipFile(io.BytesIO(data)) as archive:
        members = archive.infolist()
        if any(member.compress_type != ZIP_STORED for member in members):
            raise ValueError("its parts are compressed, which save_student never does")
        unpacked = sum(member.file_size for member in members)
        if unpacked > len(data):
            raise ValueError(f"its parts claim {unpacked} bytes in a file of {len(data)}")
        header = json.loads(archive.read(HEADER))
        if not isinstance(header, dict) or type(header.get("format")) is not int or header["format"] < 1:
            raise ValueError(f"{HEADER} in it names no format")
        return header, archive.read(SCHEMA)


def replace_members(data: bytes, contents: Mapping[str, str]) -> bytes:
    """The archive with some of its members replaced or added, without compression."""
    with ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, content in {**members, **contents}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def check_expansion(schema: Any) -> None:
    """Raise where parts refer to each other again and again: skops visits each as often, which may be without end."""
    children: dict[Any, Counter[Any]] = {}
    n_parts = 0

    def count_children(part: Any) -> Counter[Any]:
        """How often ``part``, if numbered, or else what is directly below it, refers to each number; None: the rest."""
        nonlocal n_parts
        n_parts += 1
        below: Counter[Any] = Counter()
        for value in part.values() if isinstance(part, dict) else part:
            if isinstance(value, (dict, list)):
                below.update(count_children(value))
        number = part.get("__id__") if isinstance(part, dict) else None
        if number:
            children.setdefault(number, Counter()).update(below)
            return Counter([number])
        below[None] += 1
        return below

    top = count_children(schema)
    sizes: dict[Any, int] = {None: 1}

    def size_of(number: Any) -> int:
        if number not in sizes:
            sizes[number] = 0
            sizes[number] = 1 + sum(times * size_of(child) for child, times in children[number].items())
        elif sizes[number] == 0:
            raise ValueError("a part of it holds itself")
        return sizes[number]

    if sum(times * size_of(child) for child, times in top.items()) > MAX_EXPANSION * n_parts:
        raise ValueError("its parts refer to each other again and again")
