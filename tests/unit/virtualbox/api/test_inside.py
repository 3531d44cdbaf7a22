"""VirtualBox's API in a thread of this process: its line, its ends. The API itself is the laboratory's."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec
import pytest

from t4t.domain.errors import HypervisorBroken, from_wire
from t4t.hypervisor.virtualbox.api import inside
from t4t.hypervisor.virtualbox.api.inside import Inside
from t4t.hypervisor.virtualbox.api.wire import Reply
from t4t.hypervisor.virtualbox.api.worker import LOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from t4t.hypervisor.twin import Child

pytestmark = pytest.mark.timeout(20)


async def _opened(made: Inside) -> Child:
    child = await made.open((), environment={}, log=None, limit=1 << 16)
    assert child is not None
    return child


async def test_it_answers_and_says_goodbye() -> None:
    made = Inside()
    child = await _opened(made)
    assert child.stdin is not None
    assert child.stdout is not None
    assert await made.open((), environment={}, log=None, limit=1 << 16) is None
    child.stdin.write(b'{"id":1,"call":"home","args":{}}\n')
    await child.stdin.drain()
    reply = msgspec.json.decode(await child.stdout.readline(), type=Reply)
    assert reply.error is not None
    assert isinstance(from_wire(reply.error), HypervisorBroken)  # it was not opened
    assert (child.pid, child.returncode) == (os.getpid(), None)
    child.stdin.write(b'{"call":"bye"}\n')
    child.stdin.close()
    assert (await child.wait(), child.returncode, await child.stdout.read()) == (0, 0, b"")
    with pytest.raises(ProcessLookupError):
        child.kill()
    made.drop()


async def test_one_that_hangs_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "Worker", _Lost)
    child = await _opened(Inside())
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    child.kill()
    assert await child.wait() == -9
    assert await child.stdout.read() == b""


async def test_the_end_of_vboxsvc_is_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "Worker", _Lost)
    child = await _opened(Inside())
    assert child.stdin is not None
    assert child.stdout is not None
    assert await child.stdout.readline() == b"begun\n"
    child.stdin.write(b"lost\n")
    assert await child.wait() == LOST
    assert await child.stdout.read() == b""


async def test_a_bug_is_an_end(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(inside, "Worker", _Lost)
    child = await _opened(Inside())
    assert child.stdin is not None
    child.stdin.write(b"bug\n")
    assert await child.wait() == 0
    assert "ZeroDivisionError" in caplog.text


def test_the_loop_may_be_gone() -> None:
    """A thread that comes back late disturbs nobody."""

    async def open_and_leave() -> None:
        child = await _opened(Inside())
        child.kill()

    asyncio.run(open_and_leave())


class _Lost:
    """In place of the worker: hangs, loses VBoxSVC, or has a bug, as it is told."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, *, lost: Callable[[], object]) -> None:
        self._source = source
        self._sink = sink
        self._end = lost

    def serve(self) -> None:
        self._sink.write(b"begun\n")
        self._sink.flush()
        for line in self._source:
            if line == b"bug\n":
                raise ZeroDivisionError
            self._end()
