"""The web probe against servers that answer well, badly, slowly and without end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import OutputUnreadable
from t4t.guest.webapp import WebHealth, fetch_json, probe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def serving(answer: bytes, *, endless: bytes = b"", hold: bool = False) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server on a free port; sends ``answer``, then ``endless`` for ever or holds the connection open."""
    requests: list[bytes] = []
    handlers: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if task := asyncio.current_task():
            handlers.add(task)
        try:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            await writer.drain()
            while endless:
                writer.write(endless)
                await writer.drain()
            if hold:
                await reader.read()
            writer.close()
            await writer.wait_closed()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        await server.wait_closed()


def page(body: bytes, head: bytes = b"", status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.0 " + status + b"\r\nContent-Type: text/html\r\n" + head + b"\r\n" + body


async def free_port() -> int:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_nothing_there() -> None:
    port = await free_port()
    assert await probe(port, timeout=5) is WebHealth.CLOSED
    with pytest.raises(OutputUnreadable):
        await fetch_json(port, "/index.json", timeout=5)


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        (page(b"<html>"), WebHealth.PAGE_READY),
        (page(b"", b"Content-Length: 0\r\n"), WebHealth.PAGE_READY),
        (page(b"x" * 200_000), WebHealth.PAGE_READY),
        (page(b"x" * 200_000, b"Content-Length: 200000\r\n"), WebHealth.PAGE_READY),
        (page(b"", status=b"204 No Content"), WebHealth.PAGE_READY),
        (page(b"", status=b"404 Not Found"), WebHealth.PORT_OPEN),
        (page(b"", status=b"503 Busy"), WebHealth.PORT_OPEN),
        (page(b"abc", b"Content-Length: 10\r\n"), WebHealth.PORT_OPEN),
        (page(b"abc", b"Content-Length: -3\r\n"), WebHealth.PORT_OPEN),
        (page(b"abc", b"Transfer-Encoding: chunked\r\n"), WebHealth.PORT_OPEN),
        (b"", WebHealth.PORT_OPEN),
        (b"SSH-2.0-OpenSSH\r\n\r\n", WebHealth.PORT_OPEN),
        (b"HTTP/1.0 200 OK\r\n", WebHealth.PORT_OPEN),
        (b"HTTP/1.0 20000 OK\r\n\r\n", WebHealth.PORT_OPEN),
        (b"HTTP/1.0 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", WebHealth.PORT_OPEN),
        (b"\xff\0" * 100, WebHealth.PORT_OPEN),
    ],
)
async def test_probe(answer: bytes, health: WebHealth) -> None:
    async with serving(answer) as (port, requests):
        assert await probe(port, "/", timeout=5) is health
    assert requests == [b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"]


async def test_a_server_that_never_ends_or_never_answers() -> None:
    async with serving(page(b""), endless=b"x" * 65_536) as (port, _requests):
        assert await probe(port, timeout=5) is WebHealth.PAGE_READY
        with pytest.raises(OutputUnreadable, match="over 1000 bytes"):
            await fetch_json(port, "/", limit_bytes=1000, timeout=5)
    async with serving(b"HTTP/1.0 200 OK\r\n", endless=b"X: y\r\n") as (port, _requests):
        assert await probe(port, timeout=5) is WebHealth.PORT_OPEN
    async with serving(b"", hold=True) as (port, _requests):
        assert await probe(port, timeout=0.05) is WebHealth.PORT_OPEN
        with pytest.raises(OutputUnreadable, match="no answer"):
            await fetch_json(port, "/", timeout=0.05)


async def test_json() -> None:
    async with serving(page('{"a": [1, 2.5, "é", null]}'.encode())) as (port, requests):
        assert await fetch_json(port, "/job/index.json", timeout=5) == {"a": [1, 2.5, "é", None]}
    assert requests[0].startswith(b"GET /job/index.json HTTP/1.0\r\n")
    # The length decides, also when the server leaves the connection open.
    async with serving(page(b"[1]", b"Content-Length: 3\r\n"), hold=True) as (port, _requests):
        assert await fetch_json(port, "/", timeout=5) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        page(b"{"),
        page(b""),
        page(b"\xff"),
        page(b"NaN"),
        page(b"[" * 100_000),
        page(b"1" * 10_000),
        page(b"{}", status=b"404 Not Found"),
        page(b"{}", status=b"204 No Content"),
        page(b"{}", b"Content-Length: 999999999\r\n"),
        b"no http\r\n\r\n",
    ],
)
async def test_bad_json(answer: bytes) -> None:
    async with serving(answer) as (port, _requests):
        with pytest.raises(OutputUnreadable) as caught:
            await fetch_json(port, "/x.json", timeout=5)
    assert caught.value.path == "/x.json"


@pytest.mark.parametrize(("port", "path"), [(0, "/"), (65_536, "/"), (80, "x"), (80, "/a b"), (80, "/a\r\nX: y"), (80, "/é"), (80, "/" + "x" * 3000)])
async def test_wrong_arguments(port: int, path: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        await probe(port, path, timeout=1)
    with pytest.raises(ValueError, match="not a"):
        await fetch_json(port, path, timeout=1)
