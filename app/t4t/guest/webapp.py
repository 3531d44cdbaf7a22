"""Looking at the guest's web server through its forwarded port on 127.0.0.1; the guest is not trusted.

Plain HTTP/1.0 over streams: bounded in bytes and time, no redirects, no proxies, nothing but the loopback address.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import re
from typing import Final, NoReturn

from t4t.domain.errors import OutputUnreadable
from t4t.domain.record import record

MAX_HEAD_BYTES: Final = 16 * 1024
DEFAULT_LIMIT_BYTES: Final = 4 * 1024 * 1024
_PROBE_BODY_BYTES: Final = 64 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[0-9] ([0-9]{3})(?:[ \r]|$)")
_PATH: Final = re.compile(r"/[!-~]{0,2047}")
_MAX_PORT: Final = 65_535


class WebHealth(enum.Enum):
    """How far the guest's web server is."""

    CLOSED = "closed"
    """Nothing accepts connections."""
    PORT_OPEN = "port_open"
    """Connected, no page: the hypervisor forwards the port and the guest is still starting, or it answers with an error."""
    PAGE_READY = "page_ready"
    """A page came, with status 200–299."""


@record
class _Answer:
    status: int
    body: bytes


class _BadAnswer(Exception):
    """What came is no HTTP answer within the limits."""


async def probe(port: int, path: str = "/", *, timeout: float) -> WebHealth:  # noqa: ASYNC109 (bounds the sum of several steps)
    """What answers on ``port`` within ``timeout`` seconds; only cancellation and wrong arguments (ValueError) come out as exceptions."""
    _check(port, path)
    health = WebHealth.CLOSED
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_HEAD_BYTES)
            health = WebHealth.PORT_OPEN
            try:
                answer = await _ask(reader, writer, path=path, limit_bytes=_PROBE_BODY_BYTES, cut=True)
            finally:
                await _drop(writer)
    except (OSError, TimeoutError, _BadAnswer):
        return health
    return WebHealth.PAGE_READY if answer.status // 100 == 2 else WebHealth.PORT_OPEN  # noqa: PLR2004 (the class of success)


async def fetch_json(port: int, path: str, *, limit_bytes: int = DEFAULT_LIMIT_BYTES, timeout: float) -> object:  # noqa: ASYNC109 (as above)
    """The JSON document at ``path``: dictionaries, lists, text, finite numbers.

    Raises `OutputUnreadable` when it does not come whole within ``timeout`` seconds and ``limit_bytes``, with another status than 200, or is no JSON;
    ValueError for wrong arguments.
    """
    _check(port, path)
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=MAX_HEAD_BYTES)
            try:
                answer = await _ask(reader, writer, path=path, limit_bytes=limit_bytes, cut=False)
            finally:
                await _drop(writer)
    except TimeoutError as error:
        raise OutputUnreadable(path=path, reason=f"no answer within {timeout:g} s") from error
    except (OSError, _BadAnswer) as error:
        raise OutputUnreadable(path=path, reason=str(error)) from error
    if answer.status != 200:  # noqa: PLR2004 (OK)
        raise OutputUnreadable(path=path, reason=f"HTTP status {answer.status}")
    try:
        return json.loads(answer.body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise OutputUnreadable(path=path, reason=f"no JSON: {error}") from error


def _check(port: int, path: str) -> None:
    if not 0 < port <= _MAX_PORT:
        raise ValueError(f"not a port: {port}")
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a path: {path!r}")


async def _drop(writer: asyncio.StreamWriter) -> None:
    """Close without waiting for the guest to take or send anything more."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, path: str, limit_bytes: int, cut: bool) -> _Answer:
    """One request and its answer; a body over ``limit_bytes`` is cut or refused."""
    writer.write(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode("ascii"))
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise _BadAnswer("closed before the end of the head") from error
    except asyncio.LimitOverrunError as error:
        raise _BadAnswer(f"a head of over {MAX_HEAD_BYTES} bytes") from error
    found = _STATUS_LINE.match(head)
    if found is None:
        raise _BadAnswer("no HTTP answer")
    length = _content_length(head)
    body = bytearray()
    wanted = limit_bytes + 1 if length is None else min(length, limit_bytes + 1)
    while len(body) < wanted:
        piece = await reader.read(min(_CHUNK_BYTES, wanted - len(body)))
        if not piece:
            break
        body += piece
    if len(body) > limit_bytes and not cut:
        raise _BadAnswer(f"over {limit_bytes} bytes")
    if length is not None and len(body) < wanted:
        raise _BadAnswer(f"{len(body)} of {length} bytes came")
    return _Answer(int(found.group(1)), bytes(body[:limit_bytes]))


def _content_length(head: bytes) -> int | None:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        match name.strip().lower():
            case b"content-length":
                if not re.fullmatch(rb"[0-9]{1,15}", value.strip()):
                    raise _BadAnswer("a content length that is no number")
                return int(value)
            case b"transfer-encoding":
                raise _BadAnswer("a transfer encoding, which HTTP/1.0 has not")
            case _:
                pass
    return None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
