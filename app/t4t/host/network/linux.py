"""Linux tells of links, addresses and routes by a netlink socket, to anybody."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from typing import TYPE_CHECKING, Final

from t4t.host.network.rtnetlink import DONE, DUMPS, ERROR, Message, Tables, messages, request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from t4t.domain.host_events import Route

if sys.platform == "linux":
    _GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
    """Links; addresses and routes of IPv4 and IPv6."""
    _BUFFER: Final = 1 << 16
    _ANSWER_SECONDS: Final = 5.0
    _TRIES: Final = 3

    @contextlib.contextmanager
    def listen(notice: Callable[[], None]) -> Iterator[None]:
        """Call ``notice`` for each change, in the running loop. Raises `OSError` where there is no netlink."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as end:
            end.bind((0, _GROUPS))

            def drain() -> None:
                # What changed does not matter: the kernel takes routes away without a word, so everything is asked for anew.
                # An error says that more notices came than the socket holds.
                with contextlib.suppress(OSError):
                    end.recv(_BUFFER)
                notice()

            loop.add_reader(end, drain)
            try:
                yield
            finally:
                loop.remove_reader(end)

    def look() -> frozenset[Route]:
        """The ways out now. Raises `OSError`, also if they change faster than they can be read."""
        for _ in range(_TRIES):
            tables = Tables()
            if all(_dump(kind, tables) for kind in DUMPS):
                return tables.routes()
        raise InterruptedError

    def _dump(kind: int, tables: Tables) -> bool:
        """Ask for one table; False if it changed meanwhile."""
        whole = True
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE) as end:
            end.settimeout(_ANSWER_SECONDS)
            end.send(request(kind, 1))
            for message in _until_done(end):
                whole = whole and not message.interrupted
                tables.add(message)
        return whole

    def _until_done(end: socket.socket) -> Iterator[Message]:
        while True:
            for message in messages(end.recv(_BUFFER)):
                if message.kind in {DONE, ERROR}:
                    return
                yield message
