"""The guest's pages inside of the window, by QtWebEngine. The guest is not trusted: it gets its own origin and nothing else.

Every request to another place than the one port of 127.0.0.1 is stopped, on three levels: an interceptor of all requests, Chromium's resolver, which knows
no other host, and a page that goes nowhere else. Nothing is kept (an off-the-record profile), downloaded, allowed or opened. Chromium's own sandbox stays on.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

import shiboken6
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWebEngineCore import (
    QWebEngineDownloadRequest,
    QWebEnginePage,
    QWebEnginePermission,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlRequestInfo,
    QWebEngineUrlRequestInterceptor,
)
from PySide6.QtWebEngineWidgets import QWebEngineView

from t4t.gui.guest.view import address, allowed
from t4t.wording import window as words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PySide6.QtCore import QObject

_FLAGS: Final = "QTWEBENGINE_CHROMIUM_FLAGS"
_OURS: Final = (
    '--host-resolver-rules="MAP * ~NOTFOUND , EXCLUDE 127.0.0.1" --force-webrtc-ip-handling-policy=disable_non_proxied_udp --disable-background-networking'
)
_OFF: Final = (
    QWebEngineSettings.WebAttribute.JavascriptCanOpenWindows,
    QWebEngineSettings.WebAttribute.JavascriptCanAccessClipboard,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls,
    QWebEngineSettings.WebAttribute.LocalContentCanAccessFileUrls,
    QWebEngineSettings.WebAttribute.PluginsEnabled,
    QWebEngineSettings.WebAttribute.PdfViewerEnabled,
    QWebEngineSettings.WebAttribute.FullScreenSupportEnabled,
    QWebEngineSettings.WebAttribute.ScreenCaptureEnabled,
    QWebEngineSettings.WebAttribute.DnsPrefetchEnabled,
    QWebEngineSettings.WebAttribute.HyperlinkAuditingEnabled,
    QWebEngineSettings.WebAttribute.NavigateOnDropEnabled,
    QWebEngineSettings.WebAttribute.AllowGeolocationOnInsecureOrigins,
)


class _Interceptor(QWebEngineUrlRequestInterceptor):
    """Stops every request to another place."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.port = 0
        self.stopped = 0

    def interceptRequest(self, info: QWebEngineUrlRequestInfo) -> None:  # noqa: N802 - Qt's name
        if not allowed(info.requestUrl(), self.port):
            self.stopped += 1
            info.block(True)  # noqa: FBT003 - Qt's signature


class _Page(QWebEnginePage):
    """Goes nowhere else, opens nothing, asks nobody."""

    def __init__(self, profile: QWebEngineProfile, interceptor: _Interceptor, parent: QObject) -> None:
        super().__init__(profile, parent)
        self._interceptor = interceptor
        self.permissionRequested.connect(self._refuse)

    @staticmethod
    def _refuse(permission: QWebEnginePermission) -> None:
        permission.deny()

    def acceptNavigationRequest(self, url: QUrl | str, _kind: QWebEnginePage.NavigationType, _main: bool) -> bool:  # noqa: FBT001, N802 - Qt's signature
        asked = QUrl(url)
        return asked.toString() == "about:blank" or (asked.scheme() == "http" and allowed(asked, self._interceptor.port))

    def javaScriptAlert(self, _origin: QUrl | str, _text: str) -> None:  # noqa: N802 - Qt's name
        """A guest has no dialogs."""

    def javaScriptConfirm(self, _origin: QUrl | str, _text: str) -> bool:  # noqa: N802 - Qt's name
        return False

    def javaScriptConsoleMessage(self, _level: QWebEnginePage.JavaScriptConsoleMessageLevel, _text: str, _line: int, _source: str) -> None:  # noqa: N802 - Qt's name
        """What the guest writes there is not for our log."""


@contextlib.contextmanager
def _our_flags() -> Iterator[None]:
    """Chromium reads its flags from the environment when it begins, which our own children must not inherit."""
    before = os.environ.get(_FLAGS)
    os.environ[_FLAGS] = f"{before} {_OURS}" if before else _OURS
    try:
        yield
    finally:
        if before is None:
            del os.environ[_FLAGS]
        else:
            os.environ[_FLAGS] = before


class EmbeddedView:
    """`t4t.gui.guest.view.GuestView` by QtWebEngine."""

    def __init__(self, crashed: Callable[[], None]) -> None:
        """``crashed`` is called when the page's own process ended; nothing of ours ends with it."""
        self._view = QWebEngineView()
        self._view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._view.setAccessibleName(words.title("science"))
        with _our_flags():
            self._profile = QWebEngineProfile()  # without a name it keeps nothing
        self._interceptor = _Interceptor(self._profile)
        self._profile.setUrlRequestInterceptor(self._interceptor)
        self._profile.downloadRequested.connect(self._no_download)
        self._page = _Page(self._profile, self._interceptor, self._profile)
        for attribute in _OFF:
            self._page.settings().setAttribute(attribute, False)  # noqa: FBT003 - Qt's signature
        self._page.renderProcessTerminated.connect(lambda *_: self._ended(crashed))
        self._view.setPage(self._page)
        self._port = 0

    @property
    def widget(self) -> QWebEngineView:
        """See `GuestView`."""
        return self._view

    @property
    def stopped(self) -> int:
        """How many requests to other places were stopped."""
        return self._interceptor.stopped

    def show_port(self, port: int) -> None:
        """See `GuestView`."""
        if port != self._port:
            self._port = self._interceptor.port = port
            self._view.load(QUrl(address(port)))

    def leave(self) -> None:
        """See `GuestView`."""
        if self._port:
            self._port = self._interceptor.port = 0
            self._view.setUrl(QUrl("about:blank"))

    def close(self) -> None:
        """See `GuestView`. At once, and the page before its profile, as Qt wants it."""
        for part in (self._view, self._page, self._profile):
            shiboken6.delete(part)

    def _ended(self, crashed: Callable[[], None]) -> None:
        self._port = 0
        crashed()

    @staticmethod
    def _no_download(request: QWebEngineDownloadRequest) -> None:
        request.cancel()
