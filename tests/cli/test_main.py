import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from skcmkd import save_student
from skcmkd.cli import _demo, main
from skcmkd.cli._pipeline import make_student


def start(*arguments, **options):
    environment = os.environ | options.pop("env", {})
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", "skcmkd", *arguments], env=environment, **streams, **options)


@pytest.mark.parametrize("arguments", [[], ["--seed", "3"], ["demo", "--seed", "3"]], ids=str)
def test_without_a_sub_command_the_demo_runs(monkeypatch, arguments):
    seen = []
    monkeypatch.setattr(_demo, "run_demo", lambda options: seen.append((options.repeats, options.seed)) or 0)
    assert main(arguments) == 0
    assert seen == [(3, 3 if arguments else 0)]


def test_a_real_process(tmp_path):
    """Errors are one line, without a traceback, on an ASCII terminal too."""
    table = tmp_path / "größe.csv"
    table.write_text("id,label,p_1,t_1\na,b,1,2\n", encoding="utf-8")
    arguments = ["advise", str(table), "--label", "ä", "--student", "p"]
    process = start(*arguments, env={"PYTHONIOENCODING": "ascii"})
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert err == "skcmkd: --label '\\xe4' is no column of the table. There are 'label', 'p_1', 't_1'.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_no_half_report(path, tmp_path):
    report = tmp_path / "report.html"
    process = start(
        *("advise", str(path), "--label", "diagnosis", "--student", "panel", "--repeats", "500", "--jobs", "1"),
        *("--report", str(report)),
    )
    # Notes are printed when the table is read; tables follow when all is computed.
    while process.poll() is None and "In no modality" not in (process.stderr.readline()):
        time.sleep(0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "skcmkd: interrupted."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_goes_away_is_no_error(tmp_path, table):
    """A few predictions wait in the buffer until the end; the pipe is closed by then."""
    columns = ["panel_0", "panel_1"]
    y = np.arange(72) // 2 % 2
    save_student(make_student("linear", True, 0).fit(table[columns], y), tmp_path / "s")
    table[columns].to_csv(tmp_path / "t.csv", index_label="sample")
    process = start("predict", str(tmp_path / "t.csv"), "--model", str(tmp_path / "s"))
    process.stdout.close()
    with process.stderr as stream:
        assert stream.read() == ""
    assert process.wait(timeout=60) == 1
