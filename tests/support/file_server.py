"""A real HTTP server on loopback that misbehaves as it is told, request by request."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

STATUS = {
    200: "OK",
    206: "Partial Content",
    301: "Moved",
    302: "Found",
    303: "See Other",
    307: "Again",
    404: "Not Found",
    407: "No",
    416: "Range",
    500: "Oops",
    503: "Busy",
}


@dataclass
class Request:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def offset(self) -> int:
        """Where a Range begins, 0 without."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])


class Answer(Protocol):
    """What the server does with a request; whatever it writes goes out as it is, and then the connection is closed."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None: ...


def head(status: int, **headers: object) -> bytes:
    """Status line and headers; underscores in names are hyphens."""
    lines = [f"HTTP/1.1 {status} {STATUS[status]}", "Connection: close", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Serve:
    """Serve bytes with Range and an entity tag; ``cut`` ends the connection after so many bytes of each body, ``pad`` sends more than there is."""

    data: bytes
    etag: str = '"v1"'
    cut: int = 0
    claim: int | None = None
    ranges: bool = True

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        offset = request.offset if self.ranges and request.headers.get("if-range", self.etag) == self.etag else 0
        if offset and offset >= len(self.data):
            out.write(head(416, Content_Range=f"bytes */{len(self.data)}"))
            return
        body = self.data[offset:]
        headers: dict[str, object] = {"Content_Length": len(body) if self.claim is None else self.claim, "ETag": self.etag}
        if offset:
            headers["Content_Range"] = f"bytes {offset}-{len(self.data) - 1}/{len(self.data)}"
        out.write(head(206 if offset else 200, **headers))
        out.write(body[: self.cut] if self.cut else body)


@dataclass
class Raw:
    """Write these bytes."""

    data: bytes

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        out.write(self.data)


@dataclass
class Status:
    """An error, or a redirect with ``Location``."""

    status: int
    location: str = ""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        out.write(head(self.status, Content_Length=0, **({"Location": self.location} if self.location else {})))


class Silence:
    """Take the request and say nothing until the client gives up."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        await out.wait_closed()


@dataclass
class FileServer:
    """Answers in the order given, the last one again and again; ``seen`` has the requests."""

    answers: list[Answer]
    tls: ssl.SSLContext | None = None
    body_limit: int | None = None
    """Read only so much of a request's body and hang up, as a server that breaks down."""
    seen: list[Request] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        """Listen on a free port of 127.0.0.1."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop listening and end what is under way."""
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def _connected(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._answer(source, out)
        out.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await out.wait_closed()

    async def _answer(self, source: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
        lines = (await source.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        length = int(headers.get("content-length", "0"))
        if self.body_limit is not None and length > self.body_limit:
            body = await source.readexactly(self.body_limit)
            self.seen.append(Request(method, target, headers, body))
            return
        self.seen.append(Request(method, target, headers, await source.readexactly(length)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        await answer(self.seen[-1], out)
        await out.drain()
