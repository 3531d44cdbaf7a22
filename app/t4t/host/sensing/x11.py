"""X11: when the user last did something (the MIT-SCREEN-SAVER extension), his going and coming (an alarm of SYNC's IDLETIME), and full-screen windows.

The alarm makes polling needless: the server calls once when the user is away and once when he is back. Facts: the protocol of SYNC 3.1, "IDLETIME" of the
X.Org server, and the Extended Window Manager Hints.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any, Final, cast

from t4t.domain.readings import Readings, Screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

if sys.platform == "linux":
    import xcffib
    import xcffib.screensaver
    import xcffib.sync
    import xcffib.xproto
    from xcffib.xproto import CW, EventMask, GetPropertyType

    _NAMES: Final = ("_NET_ACTIVE_WINDOW", "_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN")
    _POSITIVE, _NEGATIVE = xcffib.sync.TESTTYPE.PositiveTransition, xcffib.sync.TESTTYPE.NegativeTransition
    _ALARM: Final = (
        xcffib.sync.CA.Counter | xcffib.sync.CA.ValueType | xcffib.sync.CA.Value | xcffib.sync.CA.TestType | xcffib.sync.CA.Delta | xcffib.sync.CA.Events
    )
    _SYNC_VERSION: Final = (3, 1)
    _LONG: Final = 64

    _open: Final[Any] = xcffib.connect
    """The library's names are made when it is loaded: it has types for few of them."""

    class _Counters(xcffib.Reply):
        """SYNC's system counters: their ids by name."""

        xge = False

        def __init__(self, unpacker: Any) -> None:  # noqa: ANN401 - xcffib's
            """Read the reply of ListSystemCounters: each counter is its id, its resolution and its name, padded to 4 bytes."""
            super().__init__(unpacker)  # type: ignore[no-untyped-call] # as above
            (count,) = unpacker.unpack("=xx2x4xI20x")
            self.by_name: dict[str, int] = {}
            for _ in range(count):
                counter, length = unpacker.unpack("=I8xH")
                (name,) = unpacker.unpack(f"={length}s{-(length + 2) % 4}x")
                self.by_name[name.decode("ascii", errors="replace")] = counter
            self.bufsize = unpacker.offset

    class X11:
        """A `t4t.host.sensing.listening.Line` to an X server."""

        def __init__(self, display: str | None = None, *, idle: bool = True) -> None:
            """``idle`` False where the server sees a part of the input only (Xwayland). Raises `OSError`."""
            with _as_os_error():
                self._x = _open(display)
            self._idle = idle
            self._counter: int | None = None
            self._alarms: list[int] = []
            self._active = 0
            with _as_os_error():
                self._root = self._x.get_setup().roots[self._x.pref_screen].root
                self._atoms = {name: self._x.core.InternAtom(False, len(name), name).reply().atom for name in _NAMES}  # noqa: FBT003 - the protocol's
                self._x.core.ChangeWindowAttributes(self._root, CW.EventMask, [EventMask.PropertyChange])
                if idle:
                    self._saver = self._x(xcffib.screensaver.key)
                    self._sync = self._x(xcffib.sync.key)
                    self._counter = self._idle_counter()
                self._x.flush()
            self.tells = not idle or self._counter is not None

        def fileno(self) -> int:
            """See `Line`."""
            return int(self._x.get_file_descriptor())

        def receive(self) -> None:
            """See `Line`: polling for events receives."""

        def drain(self) -> bool:
            """See `Line`: an alarm, or another window in front, or another state of that."""
            worth = False
            with _as_os_error():
                while (event := self._next()) is not None:
                    if isinstance(event, xcffib.sync.AlarmNotifyEvent):
                        worth = True
                    elif isinstance(event, xcffib.xproto.PropertyNotifyEvent):
                        worth |= event.atom in {self._atoms["_NET_ACTIVE_WINDOW"], self._atoms["_NET_WM_STATE"]}
                self._x.invalid()
            return worth

        def _next(self) -> object:
            """The next event; an error is an answer to what was asked of a window that is gone."""
            while True:
                with contextlib.suppress(xcffib.Error):
                    return cast("object", self._x.poll_for_event())

        def expect(self, away_after_s: float) -> None:
            """See `Line`."""
            if self._counter is None:
                return
            with _as_os_error():
                for alarm in self._alarms:
                    self._sync.DestroyAlarm(alarm)
                self._alarms = [self._alarm(test, max(1, round(1000 * away_after_s))) for test in (_POSITIVE, _NEGATIVE)]
                self._x.flush()

        def ask(self) -> Readings:
            """See `Line`."""
            with _as_os_error():
                idle_s = self._saver.QueryInfo(self._root).reply().ms_since_user_input / 1000.0 if self._idle else None
                screen, name = self._screen()
            return Readings(idle_s=idle_s, screen=screen, screen_by=name)

        def close(self) -> None:
            """See `Line`."""
            self._x.disconnect()

        def _idle_counter(self) -> int | None:
            self._sync.Initialize(*_SYNC_VERSION).reply()
            asked = self._sync.ListSystemCounters()
            # QUIRK(xcffib 1.13): its own class of this reply knows nothing of the padding between counters, and fails.
            asked.reply_type = _Counters
            return cast("_Counters", asked.reply()).by_name.get("IDLETIME")

        def _alarm(self, test: int, milliseconds: int) -> int:
            alarm = self._x.generate_id()
            value = (milliseconds >> 32, milliseconds & 0xFFFFFFFF)
            self._sync.CreateAlarm(alarm, _ALARM, [self._counter, xcffib.sync.VALUETYPE.Absolute, value, test, (0, 0), 1])
            return int(alarm)

        def _screen(self) -> tuple[Screen, str]:
            """Whether the window in front fills the screen, and whose it is. A window that goes away meanwhile fills nothing."""
            try:
                windows = self._property(self._root, "_NET_ACTIVE_WINDOW")
                active = windows[0] if windows else 0
                if active != self._active and active:
                    self._x.core.ChangeWindowAttributes(active, CW.EventMask, [EventMask.PropertyChange])
                self._active = active
                if not active or self._atoms["_NET_WM_STATE_FULLSCREEN"] not in self._property(active, "_NET_WM_STATE"):
                    return Screen.NOTHING, ""
                return Screen.FULL_SCREEN, self._class(active)
            except xcffib.Error:
                self._active = 0
                return Screen.NOTHING, ""

        def _property(self, window: int, name: str) -> list[int]:
            reply = self._x.core.GetProperty(False, window, self._atoms[name], GetPropertyType.Any, 0, _LONG).reply()  # noqa: FBT003 - the protocol's
            return list(reply.value.to_atoms()) if reply.format == 32 else []  # noqa: PLR2004 - bits

        def _class(self, window: int) -> str:
            """The name of the program, from WM_CLASS."""
            reply = self._x.core.GetProperty(False, window, xcffib.xproto.Atom.WM_CLASS, GetPropertyType.Any, 0, _LONG).reply()  # noqa: FBT003 - as above
            return _text(reply.value).rstrip("\0").rpartition("\0")[2]

    def _text(letters: Iterable[bytes]) -> str:
        return b"".join(letters).decode("utf-8", errors="replace")

    @contextlib.contextmanager
    def _as_os_error() -> Iterator[None]:
        """A connection that is lost is an `OSError`, as elsewhere."""
        try:
            yield
        except (xcffib.ConnectionException, xcffib.XcffibException) as error:
            raise ConnectionError(str(error) or type(error).__name__) from error
