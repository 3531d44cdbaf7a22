"""A Wayland compositor with a seat that tells of idleness, by libwayland's own server: ``compositor.py SOCKET VERSION``.

Its user is whoever writes ``idled`` or ``resumed`` to its standard input; what clients ask for stands on its standard output.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import Any, Final

from pywayland import lib
from pywayland.protocol.ext_idle_notify_v1 import ExtIdleNotificationV1Resource, ExtIdleNotifierV1
from pywayland.protocol.wayland import WlSeat
from pywayland.server.display import Display
from pywayland.server.eventloop import EventLoop

_KINDS: Final = {1: ("get_idle_notification",), 2: ("get_idle_notification", "get_input_idle_notification")}


class Compositor:
    """Everything that it has."""

    def __init__(self, socket: str, version: int) -> None:
        self._display = Display()
        self._display.add_socket(socket)
        self._version = version
        self._watches: list[ExtIdleNotificationV1Resource] = []
        self._globals = [WlSeat.global_class(self._display, 1), ExtIdleNotifierV1.global_class(self._display, version)]
        self._globals[1].bind_func = self._bound
        self._notifiers: list[Any] = []

    def _bound(self, notifier: Any) -> None:
        self._notifiers.append(notifier)
        for request in _KINDS[self._version]:
            notifier.dispatcher[request] = functools.partial(self._asked, request)

    def _asked(self, request: str, notifier: Any, number: int, timeout: int, _seat: object) -> None:
        watch = ExtIdleNotificationV1Resource(lib.wl_resource_get_client(notifier._ptr), notifier.version, number)
        watch.dispatcher["destroy"] = self._watches.remove
        self._watches.append(watch)
        print(request, timeout, flush=True)

    def _order(self, fd: int, _mask: int, _data: object) -> int:
        words = os.read(fd, 4096).decode().split()
        if not words:
            self._ends = True
        for word in words:
            for watch in self._watches:
                watch.idled() if word == "idled" else watch.resumed()
        return 0

    def run(self) -> None:
        """Until standard input ends."""
        self._ends = False
        loop = self._display.get_event_loop()
        loop.add_fd(0, self._order, EventLoop.FdMask.WL_EVENT_READABLE, None)
        print("ready", flush=True)
        while not self._ends:
            self._display.flush_clients()
            loop.dispatch(-1)
        self._display.flush_clients()


if __name__ == "__main__":
    Compositor(sys.argv[1], int(sys.argv[2])).run()
