import builtins
import time
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from skcmkd._utils._parallel import _progress_console, one_blas_thread, parallel_map, progress


def _power(base, exponent):
    return base**exponent


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_results_are_in_the_order_of_the_calls(n_jobs):
    calls = [(2, 3), (3, 2), (5, 1)]
    assert parallel_map(_power, calls, 3, n_jobs=n_jobs, description="", verbose=False) == [8, 9, 5]
    assert parallel_map(_power, [], 0, n_jobs=n_jobs, description="", verbose=False) == []


def test_one_thread_inside_and_the_former_number_outside():
    def blas_threads():
        np.ones((2, 2)) @ np.ones((2, 2))
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = blas_threads()
    inside = parallel_map(blas_threads, [()], 1, n_jobs=None, description="", verbose=False)[0]
    assert set(inside) == {1}
    assert blas_threads() == before


def test_blas_threads_are_restored_after_several_were_inside_at_once():
    from threadpoolctl import ThreadpoolController, threadpool_limits

    def counts():
        return [pool["num_threads"] for pool in ThreadpoolController().info() if pool["user_api"] == "blas"]

    with threadpool_limits(2, user_api="blas"):
        before = counts()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        assert counts() == [1] * len(before)
        # The first to enter leaves first: the second must not restore the single thread of the first.
        first.__exit__(None, None, None)
        assert counts() == [1] * len(before)
        second.__exit__(None, None, None)
        assert counts() == before


def test_items_pass_through_in_silence(capfd):
    assert list(progress(iter([3, 1, 2]), 3, "work", verbose=False)) == [3, 1, 2]
    assert capfd.readouterr() == ("", "")


def test_bar_goes_to_standard_error(capfd):
    assert list(progress([3, 1], 2, "work", verbose=True)) == [3, 1]
    out, err = capfd.readouterr()
    assert out == ""
    assert "work" in err


def _grow(megabytes):
    """Keep memory, as a worker does that loads torch."""
    _grow.kept = np.ones(megabytes << 17)
    time.sleep(1.1 if megabytes > 1 else 0.1)  # loky measures once a second
    return megabytes


def test_a_worker_that_grows_is_replaced_without_a_warning():
    """loky takes growth by 300 MB for a leak where psutil is installed; the values come all the same."""
    pytest.importorskip("psutil")
    filters = list(warnings.filters)
    calls = [(1,), (1,), (400,), (400,), (1,)]
    assert parallel_map(_grow, calls, 5, n_jobs=2, description="", verbose=False) == [call[0] for call in calls]
    assert warnings.filters == filters


@pytest.fixture
def notebook(monkeypatch):
    """A kernel of a notebook, as rich recognizes it."""
    kernel = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setattr(builtins, "get_ipython", lambda: kernel, raising=False)


def test_bar_in_a_notebook_without_ipywidgets(notebook, monkeypatch, capfd):
    monkeypatch.setattr("skcmkd._utils._parallel.find_spec", lambda name: None)
    assert list(progress([3, 1], 2, "work", verbose=True)) == [3, 1]  # rich would warn
    out, err = capfd.readouterr()
    assert out == ""
    assert "work" in err
    assert "100%" in err
    assert "\r" in err


def test_bar_in_a_notebook_with_ipywidgets(notebook, monkeypatch):
    monkeypatch.setattr("skcmkd._utils._parallel.find_spec", lambda name: object())
    assert _progress_console().is_jupyter
