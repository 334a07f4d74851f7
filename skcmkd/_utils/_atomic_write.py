"""Writing a file completely or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary file beside ``path`` to write to; it replaces ``path`` if the block raises no error."""
    tmp_path = path.with_name(f".{path.stem[:40]}-{uuid4().hex[:8]}{path.suffix}")
    tmp_path.touch(exist_ok=False)
    try:
        yield tmp_path
        tmp_path.replace(path)
    finally:
        tmp_path.unlink(missing_ok=True)
