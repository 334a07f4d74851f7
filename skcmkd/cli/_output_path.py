"""Output files, refused before the work where they cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

from ._errors import UsageError
from ._text import quote


def check_output(path: Path | None, option: str, inputs: list[Path]) -> None:
    """Raise unless a file could be written there, and is none of the inputs."""
    if path is None:
        return
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"{option} {quote(path, 200)}: there is no folder {quote(folder, 200)}. Make it first.")
    if path.is_dir():
        raise UsageError(f"{option} {quote(path, 200)} is a folder. Name a file.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{option} {quote(path, 200)} is no ordinary file, and would be replaced by one. Name a file.")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {quote(path, 200)}: the folder {quote(folder, 200)} cannot be written to.")
    if path.exists() and any(other.exists() and path.samefile(other) for other in inputs):
        raise UsageError(f"{option} {quote(path, 200)} is the file that is read. Name another.")
