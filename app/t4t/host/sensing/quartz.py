"""macOS' own calls for `t4t.host.sensing.macos`, by PyObjC. Written by the book, never run."""

from __future__ import annotations

import sys

if sys.platform == "darwin":
    from typing import TYPE_CHECKING, Final

    import Foundation
    import Quartz

    if TYPE_CHECKING:
        from collections.abc import Mapping, Sequence

        from t4t.host.sensing.macos import Bounds

    _ANY_INPUT: Final = 0xFFFFFFFF
    """kCGAnyInputEventType."""
    _MOST_DISPLAYS: Final = 16

    def _bounds(of: Mapping[str, float]) -> Bounds:
        return float(of["X"]), float(of["Y"]), float(of["Width"]), float(of["Height"])

    class RealMac:
        """`t4t.host.sensing.macos.MacApi` on this computer."""

        def idle_s(self) -> float | None:
            """See `MacApi`."""
            return float(Quartz.CGEventSourceSecondsSinceLastEventType(Quartz.kCGEventSourceStateCombinedSessionState, _ANY_INPUT))

        def locked(self) -> bool | None:
            """See `MacApi`: the key is there only while it is locked."""
            session = Quartz.CGSessionCopyCurrentDictionary()
            return None if session is None else bool(session.get("CGSSessionScreenIsLocked", False))

        def windows(self) -> Sequence[tuple[str, int, Bounds]]:
            """See `MacApi`."""
            options = Quartz.kCGWindowListOptionOnScreenOnly | Quartz.kCGWindowListExcludeDesktopElements
            found = Quartz.CGWindowListCopyWindowInfo(options, Quartz.kCGNullWindowID) or ()
            return [
                (
                    str(one.get(Quartz.kCGWindowOwnerName, "")),
                    int(one.get(Quartz.kCGWindowLayer, 0)),
                    _bounds(one[Quartz.kCGWindowBounds]),
                )
                for one in found
            ]

        def displays(self) -> Sequence[Bounds]:
            """See `MacApi`."""
            failed, displays, _ = Quartz.CGGetActiveDisplayList(_MOST_DISPLAYS, None, None)
            bounds = [] if failed else [Quartz.CGDisplayBounds(display) for display in displays]
            return [(one.origin.x, one.origin.y, one.size.width, one.size.height) for one in bounds]

        def thermal_state(self) -> int | None:
            """See `MacApi`."""
            return int(Foundation.NSProcessInfo.processInfo().thermalState())

        def low_power(self) -> bool | None:
            """See `MacApi`."""
            return bool(Foundation.NSProcessInfo.processInfo().isLowPowerModeEnabled())
