"""Downloads that go wrong, from a server of this process: a clear error each, and no half file left behind."""

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from skcmkd.datasets import _breast, fetch_breast_tcga

pytest.importorskip("rdata")
ROOT = Path(__file__).parents[2]
SMALL = (ROOT / "tests" / "datasets" / "breast_small.rda").read_bytes()
SHA256 = hashlib.sha256(SMALL).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the file, whole or spoiled, by the path of the address."""

    def do_GET(self):
        if self.path == "/missing":
            return self.send_error(404)
        body = {"/whole": SMALL, "/other": b"<html>Please log in</html>"}.get(self.path, SMALL[: len(SMALL) // 2])
        self.send_response(200)
        # A broken connection: the header announces more bytes than are sent.
        self.send_header("Content-Length", str(len(SMALL) if self.path == "/broken" else len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.server.served += 1
        return None

    def log_message(self, *args):
        """Print nothing."""


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.served = 0
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def pinned(monkeypatch, server):
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(_breast, "SHA256", SHA256)
    monkeypatch.setattr(_breast, "URL", address(server, "/whole"))


def address(server, path):
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_good_download(tmp_path, server):
    served = server.served
    for _ in range(2):
        assert fetch_breast_tcga(data_home=tmp_path / "new").data.shape == (5, 4)
    assert server.served == served + 1
    assert os.listdir(tmp_path / "new") == [_breast.FILE_NAME]


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/other", ValueError, "pinned sha256.*Nothing was kept. Try again, or put the file from http://127"),
        ("/cut", ValueError, "cut short.*Nothing was kept"),
        ("/broken", OSError, "could not be downloaded: .*Try again when there is a connection, or put the file"),
        ("/missing", OSError, "could not be downloaded: 404.*or put the file"),
    ],
)
def test_a_spoiled_download_leaves_nothing(tmp_path, server, monkeypatch, path, error, message):
    monkeypatch.setattr(_breast, "URL", address(server, path))
    with pytest.raises(error, match=message):
        fetch_breast_tcga(data_home=tmp_path)
    assert os.listdir(tmp_path) == []
    monkeypatch.setattr(_breast, "URL", address(server, "/whole"))
    assert fetch_breast_tcga(data_home=tmp_path).data.shape == (5, 4)


def test_no_network(tmp_path, monkeypatch):
    # No server listens at this port.
    monkeypatch.setattr(_breast, "URL", "http://127.0.0.1:9/breast.TCGA.rda")
    with pytest.raises(OSError, match=r"http://127\.0\.0\.1:9/breast\.TCGA\.rda could not be downloaded"):
        fetch_breast_tcga(data_home=tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_cache_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o555)
    # The superuser may write anywhere but in the system's own tree.
    home = tmp_path if os.geteuid() else Path("/sys/skcmkd")
    if not os.geteuid() and not home.parent.is_dir():
        pytest.skip("There is no folder here that the superuser may not write.")
    with pytest.raises(OSError, match=r"cannot be written: .*Give a folder that you may write as data_home"):
        fetch_breast_tcga(data_home=home)
    tmp_path.chmod(0o755)
    assert os.listdir(tmp_path) == []


def test_a_file_in_the_folders_place(tmp_path):
    home = tmp_path / "cache"
    home.write_text("notes")
    with pytest.raises(OSError, match=r"else than a folder of this name is there. Give a folder"):
        fetch_breast_tcga(data_home=home)
    assert home.read_text() == "notes"


def test_a_folder_in_the_files_place(tmp_path):
    (tmp_path / _breast.FILE_NAME).mkdir()
    with pytest.raises(OSError, match=r"else than a file of this name is there. Give a folder"):
        fetch_breast_tcga(data_home=tmp_path)


FETCH = """
import sys
from skcmkd.datasets import _breast
_breast.URL, _breast.SHA256 = sys.argv[1:3]
for number in range(20):
    _breast.retrieve(_breast.Path(sys.argv[3]) / str(number))
"""


def test_two_processes_at_once(tmp_path, server):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", FETCH, address(server, "/whole"), SHA256, str(tmp_path)]
    running = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
    for process in running:
        errors = process.communicate(timeout=120)[1].decode()
        assert process.returncode == 0, errors
    for number in range(20):
        assert os.listdir(tmp_path / str(number)) == [_breast.FILE_NAME]
        assert fetch_breast_tcga(data_home=tmp_path / str(number), download=False).data.shape == (5, 4)
