"""What the program says of its screens (`t4t.bootstrap.self_check`): each function returns what it saw, or raises."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import qVersion
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from t4t.domain.session import TrayState
from t4t.gui.application import application
from t4t.gui.guest.view import obstacle
from t4t.gui.link import AgentLink
from t4t.gui.picture import render_png
from t4t.gui.session import Session
from t4t.gui.theme.icons import app_icon, tray_icon
from t4t.gui.theme.style import Theme
from t4t.gui.window.main import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.gui.window.services import WindowServices

_SECONDS: Final = 30.0
_PAGES: Final = ("home", "contribution", "community", "news", "help", "settings")
"""Those that ask nobody anything when they are looked at."""
_TITLE: Final = "the guest's page"
_PAGE: Final = f"<!doctype html><title>…</title><script>document.title = {_TITLE!r}</script>".encode()


def _application() -> QApplication:
    made = application(on_screen=False, web_pages=True)
    if made is None:
        raise RuntimeError("Qt made no application")
    return made


def picture(folder: Path) -> str:
    """A sheet of plots as a PNG file, with all icons rendered."""
    _application()
    for icon in (app_icon(), *(tray_icon(state, dark_panel=True) for state in TrayState)):
        if icon.isNull() or icon.pixmap(64, 64).isNull():
            raise RuntimeError("an icon is empty")
    place = folder / "picture.png"
    render_png([], place, title="Test4Theory")
    image = QImage(str(place))
    if image.isNull():
        raise RuntimeError("the picture can't be read again")
    return f"{image.width()} × {image.height()} pixels, {len(TrayState)} icons"


def window(folder: Path, services: WindowServices) -> str:
    """The window with its pages, on the screen that is there or on none."""
    made = _application()
    session = Session(AgentLink(folder / "nobody"))
    shown = Window(session, Theme(made), services)
    try:
        shown.show()
        for page in _PAGES:
            shown.show_page(page)
            made.processEvents()
            if shown.grab().isNull():
                raise RuntimeError(f"the page {page} shows nothing")
    finally:
        session.close()
        shown.close()
    return f"Qt {qVersion()}, platform {QApplication.platformName()}, {len(_PAGES)} pages"


class _Guest(http.server.BaseHTTPRequestHandler):
    """Serves one page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(_PAGE)

    def log_message(self, *_: object) -> None:
        """Nobody wants to read that."""


def web() -> str:
    """A guest's page in the web view, its script run; or why this copy shows it in the browser."""
    against = obstacle()
    if against:
        return f"not tried here: {against}"
    made = _application()
    try:
        from t4t.gui.guest.embedded import EmbeddedView  # noqa: PLC0415 - not every copy has it
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("PySide6.QtWebEngine"):
            raise
        return "not in this copy: the guest's pages are shown in the browser"
    view = EmbeddedView(lambda: None)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Guest)
    threading.Thread(target=server.serve_forever, name="guest", daemon=True).start()
    try:
        view.widget.show()
        view.show_port(server.server_port)
        _wait(made, lambda: view.widget.title() == _TITLE)
    finally:
        server.shutdown()
        server.server_close()
        view.close()
    return "a page was shown, its script ran"


def _wait(made: QApplication, check: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not check():
        made.processEvents()
        time.sleep(0.01)
        if time.monotonic() > end:
            raise TimeoutError(f"no page within {_SECONDS:.0f} s")
