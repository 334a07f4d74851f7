"""Calls of a function, one after the other or in several processes."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any, TypeVar

from joblib import effective_n_jobs
from sklearn.utils.parallel import Parallel, delayed
from threadpoolctl import ThreadpoolController


@cache
def _threadpools() -> ThreadpoolController:
    """The loaded libraries with thread pools; cached, because the search takes longer than a small fit."""
    return ThreadpoolController()


class _Shared:
    """A setting of the whole process: the first thread to come in makes it, the last to leave restores what was."""

    def __init__(self, make: Callable[[], AbstractContextManager[Any]]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._n_inside = 0
        self._setting = ExitStack()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            if self._n_inside == 0:
                self._setting.enter_context(self._make())
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                if self._n_inside == 0:
                    self._setting.close()


@contextmanager
def _ignore_replaced_workers() -> Iterator[None]:
    """Without the warning of loky that it replaced a worker whose memory grew by 300 MB after the first call.

    It takes that for a leak, but a worker grows so once, when it loads torch. The calls of the old worker are done.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"joblib\.externals\.loky\.process_executor")
        yield


one_blas_thread = _Shared(lambda: _threadpools().limit(limits=1, user_api="blas"))
_silent_replacement = _Shared(_ignore_replaced_workers)


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
    with ExitStack() as settings:
        settings.enter_context(one_blas_thread())
        if effective_n_jobs(n_jobs) > 1:
            settings.enter_context(_silent_replacement())
        values = Parallel(n_jobs=n_jobs, return_as="generator")(delayed(function)(*call) for call in calls)
        return list(progress(values, total, description, verbose=verbose))


T = TypeVar("T")


def progress(items: Iterable[T], total: int, description: str, *, verbose: bool) -> Iterator[T]:
    """Yield the items, with a progress bar on standard error if ``verbose``."""
    if not verbose:
        yield from items
        return
    from rich.progress import track as rich_track

    yield from rich_track(items, description, total=total, console=_progress_console())


def _progress_console() -> Any:
    """Standard error; in a notebook the widget of ipywidgets or, without that package, a line that is rewritten."""
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter and find_spec("ipywidgets") is None:
        return Console(stderr=True, force_jupyter=False, force_terminal=True)
    return console
