"""A Wayland compositor with a seat, that tells of idleness and nothing else, as strict as the protocol; its user is whoever calls `Compositor.tell`.

Libwayland's client is real; the few words of the server are written here, because the server half of pywayland can't dispatch requests (0.4.19).
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_DISPLAY: Final = 1
_SEAT, _NOTIFIER = 10, 11
_SECONDS: Final = 20.0
IDLED, RESUMED = 0, 1


def _text(value: str) -> bytes:
    raw = value.encode() + b"\0"
    return struct.pack("=I", len(raw)) + raw + bytes(-len(raw) % 4)


@dataclass
class _Client:
    writer: asyncio.StreamWriter
    kinds: dict[int, str] = field(default_factory=lambda: {_DISPLAY: "display"})

    def send(self, target: int, opcode: int, body: bytes = b"") -> None:
        self.writer.write(struct.pack("=II", target, (8 + len(body)) << 16 | opcode) + body)


class Compositor:
    """Use `compositor`."""

    def __init__(self, socket: str, version: int) -> None:
        self.socket = socket
        self.asked: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        """What clients asked for: the request, and milliseconds."""
        self._version = version
        self._clients: list[_Client] = []

    async def next(self) -> tuple[str, int]:
        """The next request for notices."""
        return await asyncio.wait_for(self.asked.get(), _SECONDS)

    def tell(self, opcode: int) -> None:
        """The user went (`IDLED`) or came back (`RESUMED`)."""
        for client in self._clients:
            for number, kind in client.kinds.items():
                if kind == "notification":
                    client.send(number, opcode)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it or the test hangs up."""
        client = _Client(writer)
        self._clients.append(client)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                target, word = struct.unpack("=II", await reader.readexactly(8))
                body = await reader.readexactly((word >> 16) - 8)
                self._request(client, target, word & 0xFFFF, body)

    def _request(self, client: _Client, target: int, opcode: int, body: bytes) -> None:
        match client.kinds[target], opcode:
            case "display", 0:  # sync
                (number,) = struct.unpack("=I", body)
                client.send(number, 0, struct.pack("=I", 1))
                client.send(_DISPLAY, 1, struct.pack("=I", number))
            case "display", 1:  # get_registry
                (number,) = struct.unpack("=I", body)
                client.kinds[number] = "registry"
                for name, interface, version in ((_SEAT, "wl_seat", 1), (_NOTIFIER, "ext_idle_notifier_v1", self._version)):
                    if version:
                        client.send(number, 0, struct.pack("=I", name) + _text(interface) + struct.pack("=I", version))
            case "registry", 0:  # bind
                name, version, number = (*struct.unpack("=I", body[:4]), *struct.unpack("=II", body[-8:]))
                assert version <= {_SEAT: 1, _NOTIFIER: self._version}[name]
                client.kinds[number] = {_SEAT: "seat", _NOTIFIER: "notifier"}[name]
            case "notifier", 1 | 2:
                assert opcode <= self._version
                number, timeout, seat = struct.unpack("=III", body)
                assert client.kinds[seat] == "seat"
                client.kinds[number] = "notification"
                self.asked.put_nowait(("input" if opcode == 2 else "any", timeout))
            case "notification" | "notifier", 0:  # destroy
                del client.kinds[target]
                client.send(_DISPLAY, 1, struct.pack("=I", target))
            case unknown:
                raise AssertionError(unknown)

    def hang_up(self) -> None:
        """It crashes."""
        for client in self._clients:
            client.writer.close()
        self._clients.clear()


@contextlib.asynccontextmanager
async def compositor(folder: Path, version: int = 2) -> AsyncIterator[Compositor]:
    """A compositor that listens; ``version`` of the notifier, 0: it has none."""
    served = Compositor(str(folder / "wayland"), version)
    server = await asyncio.start_unix_server(served.serve, served.socket)
    try:
        yield served
    finally:
        served.hang_up()
        server.close()
        await server.wait_closed()
