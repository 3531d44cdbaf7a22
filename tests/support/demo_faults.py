"""The demo project breaks down: at the n-th request it does what it is told instead of (or after) answering."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp.typedefs import Handler, Middleware

DOWN: Final = "<!DOCTYPE html>\n<html><head><title>Project down for maintenance</title></head></html>"
DELAY: Final = '<scheduler_reply>\n<request_delay>3600</request_delay>\n<project_is_down/>\n<message priority="low">down</message>\n</scheduler_reply>\n'


def _hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def error_500(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(status=500)


async def error_503(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(status=503)


async def drop(request: web.Request, _handler: Handler) -> web.StreamResponse:
    """No answer at all."""
    return _hang_up(request)


async def deaf(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Everything is done, and nobody hears of it."""
    await handler(request)
    return _hang_up(request)


async def drop_mid_body(request: web.Request, _handler: Handler) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"<scheduler_reply>")
    return _hang_up(request)


async def slow(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    """Says nothing until the client gives up."""
    await asyncio.Event().wait()
    raise AssertionError


async def wrong_length(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(body=b"<x/>")


async def wrong_content(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(body=b"\x1f\x8b" + b"x" * 30)


async def down(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(text=DOWN, content_type="text/html")


async def delay(_request: web.Request, _handler: Handler) -> web.StreamResponse:
    return web.Response(text=DELAY, content_type="text/xml")


FAULTS: Final[dict[str, Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]]] = {
    "500": error_500,
    "503": error_503,
    "drop": drop,
    "deaf": deaf,
    "drop mid-body": drop_mid_body,
    "slow": slow,
    "wrong length": wrong_length,
    "wrong content": wrong_content,
    "down": down,
    "delay": delay,
}


@dataclass
class Faults:
    """Give ``middleware`` to `DemoProject` as ``around``; ``at`` has names of `FAULTS` by the number of the request, from 0 on."""

    at: dict[int, str] = field(default_factory=dict)
    count: int = 0

    @property
    def middleware(self) -> Middleware:
        """What stands before all pages."""

        @web.middleware
        async def stand(request: web.Request, handler: Handler) -> web.StreamResponse:
            number, self.count = self.count, self.count + 1
            return await FAULTS[self.at[number]](request, handler) if number in self.at else await handler(request)

        return stand
