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
_active_limits: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Linear algebra on one thread, also where several threads of Python are inside at once."""
    with _LOCK:
        _active_limits.append(
            _threadpools().limit(limits=1, user_api="blas") if not _active_limits else _active_limits[0]
        )
    try:
        yield
    finally:
        with _LOCK:
            last = _active_limits.pop()
            if not _active_limits:
                last.restore_original_limits()


def parallel_map(
    function: Callable[..., Any],
    calls: Iterable[tuple[Any, ...]],
    total: int,
    *,
    n_jobs: int | None,
    description: str,
    verbose: bool,
) -> list[Any]:
    """What the function gives for the arguments of each call, in their order, with a progress bar if ``verbose``.

    Matrices of a few hundred rows gain nothing from several threads, and threads that wait for each other on a busy
    machine cost ten times the work.
    """
    with one_blas_thread():
        values = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(function)(*call) for call in calls)
        return list(progress(values, total, description, verbose=verbose))


@cache
def _threadpools() -> ThreadpoolController:
    """Looked for once: a search of all loaded libraries takes longer than many a small fit."""
    return ThreadpoolController()


T = TypeVar("T")


def progress(items: Iterable[T], total: int, description: str, *, verbose: bool) -> Iterator[T]:
    """Pass the items on, with a bar if ``verbose``."""
    if not verbose:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description, total=total, console=Console(stderr=True))
