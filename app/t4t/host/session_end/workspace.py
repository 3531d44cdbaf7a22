"""macOS' own part, by PyObjC: the notices of NSWorkspace, and sudden termination forbidden while there is work to save. Written by the book, never run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

if sys.platform == "darwin":
    import AppKit
    import Foundation

    NAMES: Final = {
        "power_off": AppKit.NSWorkspaceWillPowerOffNotification,
        "sleep": AppKit.NSWorkspaceWillSleepNotification,
        "wake": AppKit.NSWorkspaceDidWakeNotification,
        "away": AppKit.NSWorkspaceSessionDidResignActiveNotification,
        "back": AppKit.NSWorkspaceSessionDidBecomeActiveNotification,
    }
    _SUDDEN_TERMINATION_DISABLED: Final = 1 << 14
    _AUTOMATIC_TERMINATION_DISABLED: Final = 1 << 15
    """From NSProcessInfo.h; neither keeps the computer awake."""

    class SharedWorkspace:
        """`t4t.host.session_end.macos.Workspace` for real."""

        def __init__(self) -> None:
            """Nothing is observed yet."""
            self._observers: list[object] = []
            self._activity: object | None = None

        def observe(self, on_notice: Callable[[str], None]) -> None:
            """See `Workspace`."""
            center = AppKit.NSWorkspace.sharedWorkspace().notificationCenter()

            def observer(notice: str) -> Callable[[object], None]:
                return lambda _: on_notice(notice)

            for notice, name in NAMES.items():
                self._observers.append(center.addObserverForName_object_queue_usingBlock_(name, None, None, observer(notice)))

        def forget(self) -> None:
            """See `Workspace`."""
            center = AppKit.NSWorkspace.sharedWorkspace().notificationCenter()
            for observer in self._observers:
                center.removeObserver_(observer)
            self._observers.clear()

        def block(self, reason: str) -> None:
            """See `Workspace`."""
            self.unblock()
            options = _SUDDEN_TERMINATION_DISABLED | _AUTOMATIC_TERMINATION_DISABLED
            self._activity = Foundation.NSProcessInfo.processInfo().beginActivityWithOptions_reason_(options, reason)

        def unblock(self) -> None:
            """See `Workspace`."""
            if self._activity is not None:
                Foundation.NSProcessInfo.processInfo().endActivity_(self._activity)
                self._activity = None

        def pump(self) -> None:
            """See `Workspace`."""
            Foundation.NSRunLoop.mainRunLoop().runMode_beforeDate_(Foundation.NSDefaultRunLoopMode, Foundation.NSDate.date())
