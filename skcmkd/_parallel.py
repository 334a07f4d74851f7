"""Many small pieces of work, one after the other or in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController

from ._progress import track


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
    with _threadpools().limit(limits=1, user_api="blas"):
        values = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(function)(*call) for call in calls)
        return list(track(values, total, description, show=show))


@cache
def _threadpools() -> ThreadpoolController:
    """Looked for once: a search of all loaded libraries takes longer than many a small fit."""
    return ThreadpoolController()
