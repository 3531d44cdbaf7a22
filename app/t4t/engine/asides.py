"""Requests to the local API that may take minutes: answered when they are done, while those that come after them are answered at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Coroutine

LONG: Final = frozenset({"community", "boards"})


class _Request(msgspec.Struct):
    """What is looked at here; whether the rest is right is found out where it is answered."""

    method: str = ""


def is_long(line: bytes) -> bool:
    """Whether a line asks for something that may take long."""
    try:
        return msgspec.json.decode(line, type=_Request).method in LONG
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


class Asides:
    """Those of one client; when it hangs up nobody wants them any more."""

    def __init__(self) -> None:
        """None yet."""
        self._under_way: set[asyncio.Task[None]] = set()

    async def turn(self, line: bytes, answering: Coroutine[None, None, None]) -> None:
        """Answer it: at once, or as soon as it can be."""
        if not is_long(line):
            await answering
            return
        task = asyncio.create_task(_until_gone(answering), name="aside")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def end(self) -> None:
        """Give up what is not answered."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


async def _until_gone(answering: Coroutine[None, None, None]) -> None:
    with contextlib.suppress(ConnectionError, TimeoutError):  # who reads requests sees that too
        await answering
