"""Output files: refused before the work where they cannot be written, and whole or not there at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._faults import UsageError
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


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside the wanted one, to be written; it takes the wanted one's place once all has gone well."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:40]}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        # mkstemp keeps the file to its owner; an ordinary file follows the user's mask.
        mask = os.umask(0)
        os.umask(mask)
        draft.chmod(0o666 & ~mask)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
