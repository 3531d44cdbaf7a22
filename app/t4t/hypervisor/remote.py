"""The driver that talks to a VM host process: starts it, starts it again when it dies or hangs, and passes the same contract."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from t4t.domain.errors import FolderUnwritable, HostProcessLost, T4TError, from_wire
from t4t.domain.vm import Capabilities, Snapshot, VmChange, VmEvent, VmId, VmInfo, VmSpec, VmState
from t4t.hypervisor.wire import CALLS, Reply, Request, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from t4t.hypervisor.twin import Child, Pipe, Twin

_log = logging.getLogger(__name__)

_LINE_LIMIT: Final = 64 * 1024 * 1024
_RESTART_PAUSE: Final = 0.5
"""Seconds between two starts of the host, so that one that dies at once does not keep a core busy."""
_GOODBYE_SECONDS: Final = 10.0


class HostBug(RuntimeError):
    """The VM host met a bug of ours."""


class RemoteHypervisor:
    """A `t4t.hypervisor.driver.Driver` in another process."""

    def __init__(self, command: tuple[str, ...], *, environment: Mapping[str, str], log: Path, twin: Twin | None = None) -> None:
        """``command`` starts a VM host (`t4t.hypervisor.host`); its messages go to the file ``log``. The first one may be a ``twin`` of ours."""
        self._command = command
        self._twin = twin
        self._environment = dict(environment)
        self._log_path = log
        self._process: Child | None = None
        self._readers: set[asyncio.Task[None]] = set()
        self._pending: dict[int, tuple[Child, asyncio.Future[msgspec.Raw]]] = {}
        """The calls that wait for their answer, with the host that was asked: one that ends late must not take the next one's calls along."""
        self._ids = itertools.count(1)
        self._starting = asyncio.Lock()
        self._watchers: list[asyncio.Queue[VmEvent | None]] = []
        self._states: dict[VmId, VmState] = {}
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The host's process id while it runs."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    async def _running(self) -> Child:
        async with self._starting:
            if self._closed:
                raise HostProcessLost(detail="closed")
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start()
                reader = asyncio.create_task(self._read(self._process), name="vm host")
                self._readers.add(reader)
                reader.add_done_callback(self._readers.discard)
            return self._process

    async def _start(self) -> Child:
        try:
            log = self._log_path.open("ab")
        except OSError as error:
            raise FolderUnwritable(path=str(self._log_path.parent), reason=error.strerror or str(error)) from error
        with log:
            twin, self._twin = self._twin, None
            if twin is not None and (child := await twin.open(self._command, environment=self._environment, log=self._log_path, limit=_LINE_LIMIT)):
                return child
            try:
                return await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env=self._environment,
                    limit=_LINE_LIMIT,
                    # Ctrl-C in a terminal is for the agent alone, which then saves through the host
                    start_new_session=True,
                )
            except OSError as error:
                raise HostProcessLost(detail=str(error)) from error

    async def _read(self, process: Child) -> None:
        stream = cast("asyncio.StreamReader", process.stdout)
        try:
            while line := await stream.readline():
                self._take(line)
            async with asyncio.timeout(_GOODBYE_SECONDS):  # its end is near: its own status says more than ours would
                await process.wait()
        except (TimeoutError, ValueError, ConnectionError):  # ValueError: a line beyond all limits, the host is out of its mind
            self._kill(process)
        status = await process.wait()
        self._lose(process, f"the VM host ended with status {status}")
        if self._watchers and not self._closed:
            await asyncio.sleep(_RESTART_PAUSE)
            with contextlib.suppress(T4TError):
                await self._running()

    def _kill(self, process: Child) -> None:
        """End a host that can't be used any more; the next call starts another one."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if self._process is process:
            self._process = None

    def _take(self, line: bytes) -> None:
        try:
            reply = msgspec.json.decode(line, type=Reply)
        except msgspec.DecodeError:
            _log.warning("a line of the VM host was not understood")
            return
        if reply.event is not None:
            self._tell(VmEvent(vm_id=VmId(reply.event.vm_id), state=reply.event.state))
            return
        _, future = self._pending.pop(reply.id, (None, None))
        if future is None or future.done():
            return
        if reply.error is not None:
            future.set_exception(from_wire(reply.error))
        elif reply.bug:
            future.set_exception(HostBug(reply.bug))
        else:
            future.set_result(reply.ok)

    def _tell(self, event: VmEvent) -> None:
        if self._states.get(event.vm_id) is event.state:
            return  # a host that was started again reports all states anew
        self._states[event.vm_id] = event.state
        if event.state is VmState.ABSENT:
            del self._states[event.vm_id]
        for queue in self._watchers:
            queue.put_nowait(event)

    def _lose(self, process: Child, detail: str) -> None:
        for asked, future in self._pending.values():
            if asked is process and not future.done():
                future.set_exception(HostProcessLost(detail=detail))

    async def _call(self, name: str, extra_seconds: float = 0.0, /, **args: Any) -> Any:  # noqa: ANN401 - typed by the table
        call = CALLS[name]
        process = await self._running()
        number = next(self._ids)
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._pending[number] = (process, future)
        pipe = cast("Pipe", process.stdin)
        try:
            pipe.write(encode(Request(id=number, call=name, args=args)))
            await pipe.drain()
            async with asyncio.timeout(call.seconds + extra_seconds):
                raw = await future
        except ConnectionError as error:
            raise HostProcessLost(detail=str(error)) from error
        except TimeoutError as error:
            _log.error("the VM host hangs in %s: it is ended and started again", name)
            self._kill(process)
            raise HostProcessLost(detail=f"{name} took over {call.seconds + extra_seconds:.0f} s") from error
        except asyncio.CancelledError:
            pipe.write(encode(Request(cancel=number)))
            raise
        finally:
            self._pending.pop(number, None)
        try:
            return None if call.result is None else msgspec.json.decode(raw, type=call.result)
        except msgspec.DecodeError as error:  # a host of another version
            raise HostProcessLost(detail=f"the answer to {name} was not understood: {error}") from error

    async def probe(self) -> Capabilities:
        """See `Hypervisor.probe`."""
        return cast("Capabilities", await self._call("probe"))

    async def inspect(self, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        """See `Hypervisor.inspect`."""
        return cast("tuple[VmInfo, ...]", await self._call("inspect", vm_id=vm_id))

    async def create(self, spec: VmSpec) -> VmInfo:
        """See `Hypervisor.create`."""
        return cast("VmInfo", await self._call("create", spec=spec))

    async def start(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.start`."""
        return cast("VmInfo", await self._call("start", vm_id=vm_id))

    async def pause(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.pause`."""
        return cast("VmInfo", await self._call("pause", vm_id=vm_id))

    async def resume(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.resume`."""
        return cast("VmInfo", await self._call("resume", vm_id=vm_id))

    async def save(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.save`."""
        return cast("VmInfo", await self._call("save", vm_id=vm_id))

    async def discard_state(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.discard_state`."""
        return cast("VmInfo", await self._call("discard_state", vm_id=vm_id))

    async def shut_down(self, vm_id: VmId, *, deadline: float) -> VmInfo:
        """See `Hypervisor.shut_down`."""
        return cast("VmInfo", await self._call("shut_down", deadline, vm_id=vm_id, deadline=float(deadline)))

    async def power_off(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.power_off`."""
        return cast("VmInfo", await self._call("power_off", vm_id=vm_id))

    async def reconfigure(self, vm_id: VmId, change: VmChange) -> VmInfo:
        """See `Hypervisor.reconfigure`."""
        return cast("VmInfo", await self._call("reconfigure", vm_id=vm_id, change=change))

    async def delete(self, vm_id: VmId) -> None:
        """See `Hypervisor.delete`."""
        await self._call("delete", vm_id=vm_id)

    async def take_snapshot(self, vm_id: VmId, name: str) -> Snapshot:
        """See `Snapshots.take_snapshot`."""
        return cast("Snapshot", await self._call("take_snapshot", vm_id=vm_id, name=name))

    async def restore_snapshot(self, vm_id: VmId, name: str) -> VmInfo:
        """See `Snapshots.restore_snapshot`."""
        return cast("VmInfo", await self._call("restore_snapshot", vm_id=vm_id, name=name))

    async def delete_snapshot(self, vm_id: VmId, name: str) -> None:
        """See `Snapshots.delete_snapshot`."""
        await self._call("delete_snapshot", vm_id=vm_id, name=name)

    async def snapshots(self, vm_id: VmId) -> tuple[Snapshot, ...]:
        """See `Snapshots.snapshots`."""
        return cast("tuple[Snapshot, ...]", await self._call("snapshots", vm_id=vm_id))

    async def screenshot(self, vm_id: VmId) -> bytes:
        """See `Screenshots.screenshot`."""
        return cast("bytes", await self._call("screenshot", vm_id=vm_id))

    async def watch(self) -> AsyncIterator[VmEvent]:
        """See `Hypervisor.watch`; goes on across restarts of the host."""
        queue: asyncio.Queue[VmEvent | None] = asyncio.Queue()
        for vm_id, state in self._states.items():
            queue.put_nowait(VmEvent(vm_id=vm_id, state=state))
        self._watchers.append(queue)
        try:
            await self._running()
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._watchers.remove(queue)

    async def reopen(self) -> None:
        """Let this host go, which leaves VMs as they are, and have another one started, with the hypervisor that is there now."""
        await self._part()

    async def _part(self) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ConnectionError):
                pipe = cast("Pipe", process.stdin)
                pipe.write(encode(Request(call="bye")))
                pipe.close()
            try:
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await process.wait()
            except TimeoutError:
                self._kill(process)

    async def close(self) -> None:
        """See `Driver.close`."""
        self._closed = True
        await self._part()
        await asyncio.gather(*self._readers, return_exceptions=True)
        for queue in self._watchers:
            queue.put_nowait(None)
