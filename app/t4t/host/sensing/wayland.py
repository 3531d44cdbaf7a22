"""Wayland: the compositor tells when the user is away and when he is back (ext-idle-notify-v1: KDE, wlroots, COSMIC and others; GNOME has Mutter's D-Bus).

It never tells how long ago the last input was. Version 2 can tell of input alone; with version 1 a program that keeps the screen on keeps the user "there".
"""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final

from t4t.domain.readings import Readings

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform == "linux":
    from pywayland.client.display import Display
    from pywayland.protocol.ext_idle_notify_v1 import ExtIdleNotificationV1Proxy, ExtIdleNotifierV1, ExtIdleNotifierV1Proxy
    from pywayland.protocol.wayland import WlRegistryProxy, WlSeat, WlSeatProxy

    _INPUT_ONLY: Final = 2
    """The version that can tell of input alone."""

    class Wayland:
        """A `t4t.host.sensing.listening.Line` to a compositor."""

        tells = True

        def __init__(self, display: str | None = None) -> None:
            """Raises `OSError` where there is no compositor, or none that tells."""
            self._display = Display(display)
            self._notifier: ExtIdleNotifierV1Proxy | None = None
            self._version = 0
            self._seats: list[WlSeatProxy] = []
            self._watches: list[ExtIdleNotificationV1Proxy] = []
            self._away: list[ExtIdleNotificationV1Proxy] = []
            self._away_after_s = 0.0
            self._since = 0.0
            self._news = False
            with _as_os_error():
                self._display.connect()
                registry = self._display.get_registry()
                registry.dispatcher["global"] = self._on_global
                self._display.roundtrip()
            if not self._can_tell():
                self.close()
                raise ConnectionRefusedError("the compositor does not tell of input")

        def fileno(self) -> int:
            """See `Line`."""
            return self._display.get_fd()

        def drain(self) -> bool:
            """See `Line`."""
            with _as_os_error():
                self._display.dispatch(block=False)
                self._display.flush()
            news, self._news = self._news, False
            return news

        def receive(self) -> None:
            """See `Line`."""
            with _as_os_error():
                self._display.read()

        def expect(self, away_after_s: float) -> None:
            """See `Line`."""
            for watch in self._watches:
                watch.destroy()
            self._away.clear()
            self._away_after_s = away_after_s
            milliseconds = max(1, round(1000 * away_after_s))
            with _as_os_error():
                self._watches = [self._watch(milliseconds, seat) for seat in self._seats]
                self._display.roundtrip()

        def ask(self) -> Readings:
            """See `Line`. The user is away when he is away from every seat."""
            if len(self._away) < len(self._seats):
                return Readings(idle_s=0.0)
            return Readings(idle_s=self._away_after_s + time.monotonic() - self._since)

        def close(self) -> None:
            """See `Line`."""
            self._display.disconnect()

        def _can_tell(self) -> bool:
            return self._notifier is not None and bool(self._seats)

        def _on_global(self, registry: WlRegistryProxy, number: int, interface: str, version: int) -> None:
            if interface == ExtIdleNotifierV1.name:
                self._version = min(version, _INPUT_ONLY)
                self._notifier = registry.bind(number, ExtIdleNotifierV1, self._version)
            elif interface == WlSeat.name:
                self._seats.append(registry.bind(number, WlSeat, 1))

        def _watch(self, milliseconds: int, seat: WlSeatProxy) -> ExtIdleNotificationV1Proxy:
            notifier = self._notifier
            if notifier is None:
                raise ConnectionRefusedError
            ask = notifier.get_input_idle_notification if self._version >= _INPUT_ONLY else notifier.get_idle_notification
            watch = ask(milliseconds, seat)
            watch.dispatcher["idled"] = self._on_idled
            watch.dispatcher["resumed"] = self._on_resumed
            return watch

        def _on_idled(self, watch: ExtIdleNotificationV1Proxy) -> None:
            if watch not in self._away:
                self._away.append(watch)
                self._since, self._news = time.monotonic(), True

        def _on_resumed(self, watch: ExtIdleNotificationV1Proxy) -> None:
            if watch in self._away:
                self._away.remove(watch)
                self._news = True

    @contextlib.contextmanager
    def _as_os_error() -> Iterator[None]:
        """A connection that is lost, or that never was, is an `OSError`, as elsewhere."""
        try:
            yield
        except (RuntimeError, ValueError) as error:
            raise ConnectionError(str(error)) from error
