"""A guest that wants out of its window: the real QtWebEngine in a process of its own, on a page that tries everything."""

from __future__ import annotations

import contextlib
import http.server
import importlib.util
import os
import queue
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import QUrl

from t4t.gui.guest.view import allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

WEB = pytest.mark.skipif(importlib.util.find_spec("PySide6.QtWebEngineWidgets") is None, reason="there is no QtWebEngine here")

EVIL = """<!DOCTYPE html><html><head><title>wait</title><link rel=stylesheet href="http://127.0.0.1:{other}/style"></head><body>
<img src="http://127.0.0.1:{other}/image"><img src="http://localhost:{other}/host"><iframe src="http://127.0.0.1:{other}/frame"></iframe>
<a id=file href="/file" download>file</a>
<script>
"use strict";
const found = [];
const tries = [
  fetch("http://127.0.0.1:{other}/fetch", {{mode: "no-cors"}}).then(() => "fetch", () => ""),
  fetch("http://[::1]:{other}/six", {{mode: "no-cors"}}).then(() => "six", () => ""),
  new Promise((done) => {{ const s = new WebSocket("ws://127.0.0.1:{other}/socket"); s.onopen = () => done("socket"); s.onerror = () => done(""); }}),
  new Promise((done) => navigator.geolocation ? navigator.geolocation.getCurrentPosition(() => done("place"), () => done("")) : done("")),
  fetch("/own").then((answer) => answer.ok ? "" : "own", () => "own"),
  Promise.resolve(confirm("Really?") ? "confirm" : ""),
  Promise.resolve(window.open("http://127.0.0.1:{other}/window") ? "window" : ""),
];
navigator.sendBeacon("http://127.0.0.1:{other}/beacon", "x");
document.getElementById("file").click();
Promise.all(tries).then((results) => {{
  location.href = "http://127.0.0.1:{other}/away";
  setTimeout(() => {{ document.title = "out: " + results.filter(Boolean).join(" "); }}, 100);
}});
</script></body></html>"""


class _Server(http.server.ThreadingHTTPServer):
    """Keeps what it was asked for."""

    page = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = self.server.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if self.path == "/file" else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that is looked for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def _serving(page: str) -> Iterator[_Server]:
    server = _Server()
    server.page = page
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Guest:
    """The process, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def kill_page(self) -> None:
        """End the process in which Chromium shows the page: forked off a helper of Chromium's, or started by us."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        helpers = {child.pid for child in children}
        for child in children:
            if child.ppid() in helpers or "--type=renderer" in child.cmdline():
                child.kill()

    def until(self, beginning: str) -> str:
        while not (line := self._lines.get(timeout=30)).startswith(beginning):
            pass
        return line


@pytest.fixture
def guest() -> Iterator[Guest]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
        "QT_QPA_PLATFORM": "offscreen",
        "QTWEBENGINE_DISABLE_SANDBOX": "1",  # tests run as root too; the product never sets it
    }
    command = [sys.executable, "-m", "support.guest_program"]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield Guest(process)
        process.terminate()


@WEB
@pytest.mark.timeout(120)
def test_a_guest_gets_nowhere(guest: Guest) -> None:
    with _serving("<title>caught</title>") as other, _serving("") as own:
        own.page = EVIL.format(other=other.server_port)
        guest.tell(str(own.server_port))
        assert guest.until("title out") == "title out:"
        assert other.asked == []
        assert own.asked[0] == "/"
        assert "/own" in own.asked
        own.page = "<title>second</title>"
        guest.tell("leave")
        guest.until("title about:blank")
        guest.tell(str(own.server_port))
        guest.until("title second")
        guest.kill_page()
        guest.until("crashed")
        own.page = "<title>third</title>"
        guest.tell(str(own.server_port))
        guest.until("title third")
        guest.tell("")
        assert int(guest.until("stopped").split()[1]) >= 6
        assert other.asked == []


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("http://127.0.0.1:8080/", True),
        ("http://127.0.0.1:8080/job/histograms.json?x=1", True),
        ("ws://127.0.0.1:8080/live", True),
        ("data:text/plain,x", True),
        ("blob:http://127.0.0.1:8080/1", True),
        ("http://127.0.0.1:8081/", False),
        ("http://127.0.0.1/", False),
        ("https://127.0.0.1:8080/", False),
        ("http://localhost:8080/", False),
        ("http://127.0.0.1.example.org:8080/", False),
        ("http://127.0.0.2:8080/", False),
        ("http://user@127.0.0.1:8080/", False),
        ("file:///etc/passwd", False),
        ("chrome://crash", False),
        ("qrc:///x", False),
        ("", False),
    ],
)
def test_what_a_page_may_use(url: str, *, may: bool) -> None:
    assert allowed(QUrl(url), 8080) is may
