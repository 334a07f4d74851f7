"""Calls of a function, one after the other or in several processes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController

# The number of BLAS threads holds for the whole process: the first to enter sets it, the last to leave restores it.
_LOCK = threading.Lock()
_active_limits: list[Any] = []


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run linear algebra on one thread, also if several Python threads are inside at once."""
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
    """Call the function with each tuple of arguments; the results are in the order of the calls.

    ``verbose`` shows a progress bar. Linear algebra runs on one thread: matrices of a few hundred rows gain nothing
    from several, and on a busy machine threads that wait for each other take ten times as long.
    """
    with one_blas_thread():
        values = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(function)(*call) for call in calls)
        return list(progress(values, total, description, verbose=verbose))


@cache
def _threadpools() -> ThreadpoolController:
    """The loaded libraries with thread pools; cached, because the search takes longer than a small fit."""
    return ThreadpoolController()


T = TypeVar("T")


def progress(items: Iterable[T], total: int, description: str, *, verbose: bool) -> Iterator[T]:
    """Yield the items, with a progress bar on standard error if ``verbose``."""
    if not verbose:
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    yield from rich_track(items, description, total=total, console=Console(stderr=True))
