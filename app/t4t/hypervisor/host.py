"""The VM host process: a driver behind standard input and output, so that a crash of a hypervisor's library stays here.

The end of standard input means that the agent is gone, however it died: the VMs are saved and the process ends.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from t4t.domain.errors import T4TError, to_wire
from t4t.domain.vm import VmId, VmState
from t4t.hypervisor.wire import Event, Reply, Request, arguments, encode

if TYPE_CHECKING:
    from io import RawIOBase

    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

_PIECE: Final = 64 * 1024

SAVE_SECONDS: Final = 120.0
"""How long saving one VM may take after the agent is gone."""


class VmHost:
    """Serves one driver to the process at the other end of the pipe."""

    def __init__(self, driver: Driver, *, source: RawIOBase, sink: BinaryIO) -> None:
        """``source`` (unbuffered) and ``sink`` are the binary ends of the pipe; nothing else may write to ``sink``."""
        self._driver = driver
        self._source = source
        self._sink = sink
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._watcher: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer calls until the agent says goodbye or is gone; in the latter case save the VMs first."""
        lines: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop, lines), name="stdin", daemon=True).start()
        self._watcher = asyncio.create_task(self._push_events(), name="watch")
        goodbye = False
        while not goodbye and (line := await lines.get()):
            goodbye = self._take(line)
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if not goodbye:
            await self._save_all()
        self._watcher.cancel()
        await asyncio.gather(self._watcher, return_exceptions=True)
        await self._driver.close()

    def _read(self, loop: asyncio.AbstractEventLoop, lines: asyncio.Queue[bytes]) -> None:
        """Read in a thread: anonymous pipes can't be waited for by the event loop on Windows.

        Without Python's buffer, whose lock a waiting thread holds: the interpreter would wait for it at its end, and abort.
        """
        rest = b""
        try:
            while piece := self._source.read(_PIECE):
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    loop.call_soon_threadsafe(lines.put_nowait, line + b"\n")
            loop.call_soon_threadsafe(lines.put_nowait, b"")
        except RuntimeError:  # the loop is closed: nobody listens any more
            return

    def _take(self, line: bytes) -> bool:
        """Begin what one line asks for; true at goodbye."""
        try:
            request = msgspec.json.decode(line, type=Request)
        except msgspec.DecodeError:
            _log.warning("a line that is no request was ignored")
            return False
        if request.call == "bye":
            return True
        if request.cancel:
            if task := self._tasks.get(request.cancel):
                task.cancel()
            return False
        task = asyncio.create_task(self._answer(request), name=request.call)
        self._tasks[request.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(request.id, None))
        return False

    async def _answer(self, request: Request) -> None:
        try:
            keywords = arguments(request.call, request.args)
            result = await getattr(self._driver, request.call)(**keywords)
            reply = Reply(id=request.id, ok=msgspec.Raw(msgspec.json.encode(result)))
        except T4TError as error:
            reply = Reply(id=request.id, error=to_wire(error))
        except asyncio.CancelledError:
            reply = Reply(id=request.id, bug="cancelled")
        except Exception as error:  # noqa: BLE001 - a bug of ours must reach the caller as one, and the host must go on
            _log.exception("%s failed", request.call)
            reply = Reply(id=request.id, bug="".join(traceback.format_exception_only(error)).strip())
        self._write(reply)

    async def _push_events(self) -> None:
        async for event in self._driver.watch():
            self._write(Reply(event=Event(event.vm_id, event.state)))

    def _write(self, reply: Reply) -> None:
        try:
            self._sink.write(encode(reply))
            self._sink.flush()
        except (BrokenPipeError, ValueError):  # the agent is gone; the end of its pipe is read next
            _log.debug("nobody reads any more")

    async def _save_all(self) -> None:
        """Leave no VM running without limits: the agent is gone."""
        _log.warning("the agent is gone: saving its VMs")
        infos = await self._driver.inspect()
        await asyncio.gather(*(self._save(info.vm_id) for info in infos if info.state in {VmState.RUNNING, VmState.PAUSED, VmState.STUCK}))

    async def _save(self, vm_id: VmId) -> None:
        try:
            async with asyncio.timeout(SAVE_SECONDS):
                await self._driver.save(vm_id)
            _log.info("saved %s", vm_id)
        except (T4TError, TimeoutError) as error:
            _log.error("could not save %s: %s; pausing it", vm_id, error)
            await self._pause(vm_id)

    async def _pause(self, vm_id: VmId) -> None:
        """Second best: it uses no processor, and the next agent adopts it."""
        try:
            await self._driver.pause(vm_id)
        except T4TError as error:
            _log.error("could not pause %s: %s", vm_id, error)
