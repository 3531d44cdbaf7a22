from collections.abc import Mapping, Sequence
from typing import Any

kCGEventSourceStateCombinedSessionState: int
kCGWindowListOptionOnScreenOnly: int
kCGWindowListExcludeDesktopElements: int
kCGNullWindowID: int
kCGWindowOwnerName: str
kCGWindowLayer: str
kCGWindowBounds: str

class _Point:
    x: float
    y: float

class _Size:
    width: float
    height: float

class _Rect:
    origin: _Point
    size: _Size

def CGEventSourceSecondsSinceLastEventType(state: int, kind: int) -> float: ...
def CGSessionCopyCurrentDictionary() -> Mapping[str, object] | None: ...
def CGWindowListCopyWindowInfo(options: int, window: int) -> Sequence[Mapping[str, Any]] | None: ...
def CGGetActiveDisplayList(most: int, displays: None, count: None) -> tuple[int, Sequence[int], int]: ...
def CGDisplayBounds(display: int) -> _Rect: ...
