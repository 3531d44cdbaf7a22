"""Small real proxies on loopback: HTTP CONNECT and SOCKS5, with or without a login; every name leads to one port of this computer."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


@dataclass
class TunnelProxy:
    """Tunnels to ``target`` on loopback whatever is asked for; ``asked`` has the names."""

    target: int
    login: tuple[str, str] | None = None
    socks: bool = False
    asked: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Listen."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if await (self._socks(source, out) if self.socks else self._connect(source, out)):
                await self._tunnel(source, out)
        out.close()

    async def _connect(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> bool:
        lines = (await source.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        wanted = f"proxy-authorization: basic {base64.b64encode(':'.join(self.login).encode()).decode()}" if self.login else None
        if wanted and wanted.lower() not in [line.lower() for line in lines]:
            out.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await out.drain()
            return False
        self.asked.append(lines[0].split()[1])
        out.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return True

    async def _socks(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> bool:
        _version, count = await source.readexactly(2)
        methods = await source.readexactly(count)
        method = 2 if self.login else 0
        if method not in methods:
            out.write(b"\x05\xff")
            await out.drain()
            return False
        out.write(bytes([5, method]))
        if self.login:
            _version, length = await source.readexactly(2)
            user = await source.readexactly(length)
            password = await source.readexactly((await source.readexactly(1))[0])
            good = (user.decode(), password.decode()) == self.login
            out.write(bytes([1, 0 if good else 1]))
            await out.drain()
            if not good:
                return False
        _version, _command, _reserved, kind = await source.readexactly(4)
        assert kind == 3, "a name must reach the proxy as a name"
        name = await source.readexactly((await source.readexactly(1))[0])
        port = int.from_bytes(await source.readexactly(2), "big")
        self.asked.append(f"{name.decode()}:{port}")
        out.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return True

    async def _tunnel(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        there_source, there_out = await asyncio.open_connection("127.0.0.1", self.target)
        try:
            await asyncio.gather(_copy(source, there_out), _copy(there_source, out))
        finally:
            there_out.close()


async def _copy(source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            out.write(data)
            await out.drain()
        if out.can_write_eof():
            out.write_eof()
