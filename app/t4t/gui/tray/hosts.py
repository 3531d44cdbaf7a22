"""Which trays there are, and when one comes or goes: panels start late, crash, and are restarted."""

from __future__ import annotations

import sys
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

if sys.platform == "linux":
    from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

WATCHER: Final = "org.kde.StatusNotifierWatcher"
_SETTLE_MS: Final = 300
"""A panel that has just put up its watcher takes a moment until it serves it; one that is restarted goes and comes within this."""
_PATIENCE_MS: Final = 60_000
"""A panel that has not come this long after login will not come."""


class TrayHosts(QObject):
    """Watches for trays. Only Linux needs it: elsewhere Qt puts the icon up again by itself.

    XEmbed trays need no help either: the icon docks when one appears. A StatusNotifier tray is found only by an icon made while its watcher runs.
    """

    changed = Signal()
    """A StatusNotifier tray came or went: the icon must be made anew."""
    late = Signal()
    """The time after which a missing tray will stay missing."""

    def __init__(self, parent: QObject | None = None, *, patience_ms: int = _PATIENCE_MS) -> None:
        """Watches from now on."""
        super().__init__(parent)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self.changed)
        QTimer.singleShot(patience_ms, self, self.late.emit)
        self._watch()

    if sys.platform == "linux":

        def _watch(self) -> None:
            bus = QDBusConnection.sessionBus()
            if not bus.isConnected():
                return
            mode = QDBusServiceWatcher.WatchModeFlag.WatchForOwnerChange
            self._watcher = QDBusServiceWatcher(WATCHER, bus, mode, self)
            self._watcher.serviceRegistered.connect(self._came_or_went)
            self._watcher.serviceUnregistered.connect(self._came_or_went)

        def _came_or_went(self, _service: str) -> None:
            self._settle.start()

    else:

        def _watch(self) -> None:
            """Nothing to watch."""
