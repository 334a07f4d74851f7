"""Many small pieces of work, one after the other or in several processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController

# The number of threads is one for the whole process: who comes first sets it, who leaves last puts it back.
_LOCK = threading.Lock()
_inside: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Linear algebra on one thread, also where several threads of Python are inside at once."""
    with _LOCK:
        _inside.append(_threadpools().limit(limits=1, user_api="blas") if not _inside else _inside[0])
    try:
        yield
    finally:
        with _LOCK:
            last = _inside.pop()
            if not _inside:
                last.restore_original_limits()


def run_each(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    total: int,
    *,
    n_jobs: int | None,
    description: str,
    show: bool,
) -> list[Any]:
    """What the function gives for the arguments of each call, in their order, with a progress bar if ``show``.

    Matrices of a few hundred rows gain nothing from several threads, and threads that wait for each other on a busy
    machine cost ten times the work.
    """
    with one_blas_thread():
        values = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(function)(*call) for call in calls)
        return list(track(values, total, description, show=show))


@cache
def _threadpools() -> ThreadpoolController:
    """Looked for once: a search of all loaded libraries takes longer than many a small fit."""
    return ThreadpoolController()


T = TypeVar("T")


def track(items: Iterable[T], total: int, description: str, *, show: bool) -> Iterator[T]:
    """Pass the items on, with a bar if ``show``."""
    if not show:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description, total=total, console=Console(stderr=True))
