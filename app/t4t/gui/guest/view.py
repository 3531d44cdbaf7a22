"""What shows the guest's pages: inside of the window, or in the system's browser where that can't be."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

_log = logging.getLogger(__name__)

_WITHOUT_NETWORK: Final = frozenset({"data", "blob"})


class GuestView(Protocol):
    """Shows one address of the guest at a time."""

    @property
    def widget(self) -> QWidget | None:
        """What is shown inside of the window; None where the pages are shown outside."""
        ...

    def show_port(self, port: int) -> None:
        """Show the pages at this port of 127.0.0.1; the same one again changes nothing."""
        ...

    def leave(self) -> None:
        """Show nothing: the guest is not there."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def address(port: int) -> str:
    """Where the guest's pages are."""
    return f"http://127.0.0.1:{port}/"


def allowed(url: QUrl, port: int) -> bool:
    """Whether a page of the guest at ``port`` may use ``url``."""
    if url.scheme() in _WITHOUT_NETWORK:
        return True
    return url.scheme() in {"http", "ws"} and url.host() == "127.0.0.1" and url.port() == port and not url.userInfo()


def open_outside(port: int) -> None:
    """Show the guest's pages in the system's browser."""
    QDesktopServices.openUrl(QUrl(address(port)))


class BrowserView:
    """The system's browser: it is opened by a click, never by itself."""

    widget = None

    def show_port(self, port: int) -> None:
        """The page offers the button."""

    def leave(self) -> None:
        """The browser is the volunteer's."""

    def close(self) -> None:
        """Nothing is held."""


def obstacle() -> str:
    """Why no page can be shown inside of the window; empty if nothing stands against it.

    Chromium's sandbox does not work for root, and is not given up for the sake of a picture.
    """
    if sys.platform != "win32" and os.geteuid() == 0 and not _sandbox_is_off():
        return "root"
    return ""


def _sandbox_is_off() -> bool:
    """By whoever started us; we never do that."""
    return os.environ.get("QTWEBENGINE_DISABLE_SANDBOX") == "1"


def choose(crashed: Callable[[], None]) -> GuestView:
    """The view inside of the window where it can be had, else the browser; ``crashed`` is called when a page's process ended."""
    against = obstacle()
    if not against:
        try:
            from t4t.gui.guest.embedded import EmbeddedView  # noqa: PLC0415 - 100 MB of Chromium, loaded only when the page is looked at

            return EmbeddedView(crashed)
        except ImportError as error:
            against = str(error)
    _log.info("the guest's pages are shown in the browser: %s", against)
    return BrowserView()
