"""Files that are written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A file beside the wanted one, to be written; it takes the wanted one's place once all has gone well."""
    tmp_path = path.with_name(f".{path.stem[:40]}-{uuid4().hex[:8]}{path.suffix}")
    tmp_path.touch(exist_ok=False)
    try:
        yield tmp_path
        tmp_path.replace(path)
    finally:
        tmp_path.unlink(missing_ok=True)
