"""The API road: starts the worker that has the API, gives it commands, hears what it hears; starts it again after VBoxSVC was gone or the worker hung."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from t4t.domain.errors import HypervisorBroken, from_wire
from t4t.domain.vm import VmId
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.virtualbox import locate, options
from t4t.hypervisor.virtualbox.api.wire import CALLS, Reply, encode
from t4t.hypervisor.virtualbox.run import VBoxManage
from t4t.hypervisor.virtualbox.versions import NAME
from t4t.hypervisor.wire import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from t4t.domain.clock import Clock
    from t4t.domain.vm import PortForward, Share, VmSpec
    from t4t.hypervisor.twin import Child, Twin
    from t4t.hypervisor.virtualbox.options import Choices
    from t4t.hypervisor.virtualbox.versions import Version
    from t4t.hypervisor.virtualbox.view import Attachment, Machine, Medium, Registered

_LOG: Final = logging.getLogger(__name__)
_LINE_LIMIT: Final = 64 * 1024 * 1024
_GOODBYE_SECONDS: Final = 2.0
_HELD_UP_SECONDS: Final = 1.0
"""A connection that is refused after longer than that was not refused by itself."""
COMMAND: Final = (sys.executable, "-m", "t4t.hypervisor.virtualbox.api.worker")


class WorkerBug(RuntimeError):
    """The worker met a bug of ours."""


class ApiRoad:
    """`t4t.hypervisor.virtualbox.road.Road` on VirtualBox's own API."""

    def __init__(
        self,
        *,
        clock: Clock,
        search: str | None = None,
        around: locate.Surroundings | None = None,
        command: tuple[str, ...] = COMMAND,
        environment: Mapping[str, str] | None = None,
        twin: Twin | None = None,
    ) -> None:
        """``search`` and ``around`` as in `ManageRoad`; ``command`` starts a worker, whose messages go where ours go; ``environment`` replaces ours for it.

        The first worker may be a ``twin`` of ours.
        """
        self._twin = twin
        self._clock = clock
        self._search = search
        self._around = around
        self._command = command
        self._environment = os.environ if environment is None else environment
        self._found: locate.Installation | None = None
        self._process: Child | None = None
        self._reader: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._pending: dict[int, asyncio.Future[msgspec.Raw]] = {}
        self._ids = itertools.count(1)
        self._hearers: list[asyncio.Queue[VmId | _End | None]] = []
        self._closed = False

    @property
    def name(self) -> str:
        """See `Road.name`."""
        return "api"

    @property
    def look_seconds(self) -> float | None:
        """See `Road.look_seconds`."""
        return None

    @property
    def pid(self) -> int | None:
        """The worker's process id while there is one."""
        return None if self._process is None or self._process.returncode is not None else self._process.pid

    async def open(self) -> Version:
        """See `Road.open`. The first command connects, and the next one where that is needed again: while VBoxSVC is away, that may take long."""
        if self._found is None:
            self._found = await locate.locate(self._around, self._search)
        return self._found.version

    async def _connect(self) -> None:
        """Have a worker that is connected. One that was held up by the process of a VM whose VBoxSVC is gone is refused when that ends: then once more."""
        async with self._opening:
            if self._closed or self._found is None:
                raise _broken("closed" if self._closed else "used before it was opened")
            if self._process is not None:
                return
            begun = self._clock.monotonic()
            try:
                await self._attempt(self._found.programs.folder)
            except HypervisorBroken:
                if self._clock.monotonic() - begun < _HELD_UP_SECONDS:
                    raise
                await self._attempt(self._found.programs.folder)

    async def _attempt(self, folder: str) -> None:
        await self._start()
        try:
            await self._say("open", folder=folder)
        except BaseException:
            self._end()
            raise

    async def _start(self) -> None:
        self._end()
        process = self._process = await self._new()
        self._reader = asyncio.create_task(self._read(process), name="vbox-api")

    async def _new(self) -> Child:
        environment = clean_environment(self._environment)
        twin, self._twin = self._twin, None
        if twin is not None and (child := await twin.open(self._command, environment=environment, log=None, limit=_LINE_LIMIT)):
            return child
        try:
            return await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=environment,
                limit=_LINE_LIMIT,
                start_new_session=True,  # Ctrl-C in a terminal is for the command alone
            )
        except OSError as error:
            raise _broken(str(error)) from error

    async def _read(self, process: Child) -> None:
        stream = cast("asyncio.StreamReader", process.stdout)
        with contextlib.suppress(ValueError, ConnectionError):  # ValueError: a line beyond all limits, the worker is out of its mind
            while line := await stream.readline():
                self._take(line)
        try:
            async with asyncio.timeout(_GOODBYE_SECONDS):  # its end is near: its own status says more than ours would
                await process.wait()
        except TimeoutError:
            process.kill()
        status = await process.wait()
        if self._process is process:
            self._forget(f"the process of its API ended with {status}")

    def _take(self, line: bytes) -> None:
        try:
            reply = msgspec.json.decode(line, type=Reply)
        except msgspec.DecodeError:
            _LOG.warning("a line of the worker was not understood")
            return
        if reply.changed:
            self._tell(VmId(reply.changed))
            return
        future = self._pending.pop(reply.id, None)
        if future is None or future.done():
            return
        if reply.error is not None:
            future.set_exception(from_wire(reply.error))
        elif reply.bug:
            future.set_exception(WorkerBug(reply.bug))
        else:
            future.set_result(reply.ok)

    def _tell(self, what: VmId | None) -> None:
        for hearer in self._hearers:
            hearer.put_nowait(what)

    def _end(self) -> None:
        """End a worker that can't be used any more."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._process is not None:
            self._forget("its worker was ended")

    def _forget(self, why: str) -> None:
        """The worker is gone: who waits for it learns so at once, and all that was known of VMs may have changed."""
        self._process = None
        pending, self._pending = self._pending, {}
        for future in pending.values():
            if not future.done():
                future.set_exception(_broken(why))
        if not self._closed:
            _LOG.warning("%s", why)
            self._tell(None)

    async def _ask(self, name: str, /, **args: Any) -> Any:  # noqa: ANN401 - typed by the table
        if self._process is None:
            await self._connect()
        return await self._say(name, **args)

    async def _say(self, name: str, /, **args: Any) -> Any:  # noqa: ANN401 - as _ask
        call = CALLS[name]
        process = self._process
        if process is None or process.stdin is None:
            raise _broken("not connected")
        number = next(self._ids)
        future: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        try:
            process.stdin.write(encode(Request(id=number, call=name, args=args)))
            await process.stdin.drain()
            async with asyncio.timeout(call.seconds):
                raw = await future
        except ConnectionError as error:
            raise _broken(str(error)) from error
        except TimeoutError as error:
            if self._process is process:
                _LOG.error("%s took over %.0f s: the worker is ended", name, call.seconds)
                self._end()
            raise _broken(f"{name} took over {call.seconds:.0f} s") from error
        finally:
            self._pending.pop(number, None)
        try:
            return None if call.result is None else msgspec.json.decode(raw, type=call.result)
        except msgspec.DecodeError as error:  # a worker of another version
            raise _broken(f"the answer to {name} was not understood: {error}") from error

    async def close(self) -> None:
        """See `Road.close`."""
        self._closed = True
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(encode(Request(call="bye")))
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await process.wait()
        self._end()
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)
        for hearer in self._hearers:
            hearer.put_nowait(_END)

    async def changes(self) -> AsyncIterator[VmId | None]:
        """See `Road.changes`. After None the next command connects again, and changes go on."""
        hearer: asyncio.Queue[VmId | _End | None] = asyncio.Queue()
        self._hearers.append(hearer)
        try:
            while not self._closed and not isinstance(what := await hearer.get(), _End):
                yield what
        finally:
            self._hearers.remove(hearer)

    async def home(self) -> Path | None:
        """See `Road.home`."""
        return Path(await self._ask("home"))

    async def registered(self) -> tuple[Registered, ...]:
        """See `Road.registered`."""
        return cast("tuple[Registered, ...]", await self._ask("registered"))

    async def machine(self, vm: VmId) -> Machine:
        """See `Road.machine`."""
        return cast("Machine", await self._ask("machine", vm=vm))

    async def extra(self, vm: VmId, key: str) -> str | None:
        """See `Road.extra`."""
        return cast("str | None", await self._ask("extra", vm=vm, key=key))

    async def media(self) -> tuple[Medium, ...]:
        """See `Road.media`."""
        return cast("tuple[Medium, ...]", await self._ask("media"))

    async def create(self, spec: VmSpec, choices: Choices) -> None:
        """See `Road.create`."""
        await self._ask("create", spec=spec, choices=choices)

    async def introduce(self, spec: VmSpec, path: str) -> None:
        """See `Road.introduce`."""
        await self._ask("introduce", spec=spec, path=path)

    async def attach_base(self, spec: VmSpec, path: str) -> None:
        """See `Road.attach_base`."""
        await self._ask("attach_base", spec=spec, path=path)

    async def detach(self, vm: VmId, one: Attachment) -> None:
        """See `Road.detach`."""
        await self._ask("detach", vm=vm, one=one)

    async def close_medium(self, medium: str, *, delete: bool = False) -> None:
        """See `Road.close_medium`."""
        await self._ask("close_medium", medium=medium, delete=delete)

    async def convert_raw(self, source: str, target: str, uuid: str) -> None:
        """See `Road.convert_raw`. The API can't read a raw image: the one thing that VBoxManage does here, once an image."""
        if self._found is None:
            raise _broken("used before it was opened")
        await VBoxManage(self._found.programs.manage, clock=self._clock).run(*options.convert_raw(source, target, uuid))

    async def unregister(self, vm: VmId) -> None:
        """See `Road.unregister`."""
        await self._ask("unregister", vm=vm)

    async def shape(self, vm: VmId, kib_s: int) -> None:
        """See `Road.shape`."""
        await self._ask("shape", vm=vm, kib_s=kib_s)

    async def set_resources(self, vm: VmId, *, cores: int | None = None, memory_mib: int | None = None) -> None:
        """See `Road.set_resources`."""
        await self._ask("set_resources", vm=vm, cores=cores, memory_mib=memory_mib)

    async def share(self, vm: VmId, one: Share) -> None:
        """See `Road.share`."""
        await self._ask("share", vm=vm, one=one)

    async def unshare(self, vm: VmId, name: str) -> None:
        """See `Road.unshare`."""
        await self._ask("unshare", vm=vm, name=name)

    async def discard(self, vm: VmId) -> None:
        """See `Road.discard`."""
        await self._ask("discard", vm=vm)

    async def start(self, vm: VmId) -> None:
        """See `Road.start`."""
        await self._ask("start", vm=vm)

    async def set_cap(self, vm: VmId, percent: int, *, live: bool) -> None:
        """See `Road.set_cap`."""
        await self._ask("set_cap", vm=vm, percent=percent, live=live)

    async def set_link(self, vm: VmId, *, up: bool, live: bool) -> None:
        """See `Road.set_link`."""
        await self._ask("set_link", vm=vm, up=up, live=live)

    async def set_bandwidth(self, vm: VmId, kib_s: int) -> None:
        """See `Road.set_bandwidth`."""
        await self._ask("set_bandwidth", vm=vm, kib_s=kib_s)

    async def forward(self, vm: VmId, ports: Sequence[PortForward], *, live: bool) -> None:
        """See `Road.forward`."""
        await self._ask("forward", vm=vm, ports=tuple(ports), live=live)

    async def unforward(self, vm: VmId, names: Sequence[str], *, live: bool) -> None:
        """See `Road.unforward`."""
        await self._ask("unforward", vm=vm, names=tuple(names), live=live)

    async def pause(self, vm: VmId) -> None:
        """See `Road.pause`."""
        await self._ask("pause", vm=vm)

    async def resume(self, vm: VmId) -> None:
        """See `Road.resume`."""
        await self._ask("resume", vm=vm)

    async def save(self, vm: VmId) -> None:
        """See `Road.save`."""
        await self._ask("save", vm=vm)

    async def power_off(self, vm: VmId) -> None:
        """See `Road.power_off`."""
        await self._ask("power_off", vm=vm)

    async def press_button(self, vm: VmId) -> None:
        """See `Road.press_button`."""
        await self._ask("press_button", vm=vm)

    async def screenshot(self, vm: VmId) -> bytes:
        """See `Road.screenshot`."""
        return cast("bytes", await self._ask("screenshot", vm=vm))

    async def take_snapshot(self, vm: VmId, name: str) -> str:
        """See `Road.take_snapshot`."""
        return cast("str", await self._ask("take_snapshot", vm=vm, name=name))

    async def restore_snapshot(self, vm: VmId, uuid: str) -> None:
        """See `Road.restore_snapshot`."""
        await self._ask("restore_snapshot", vm=vm, uuid=uuid)

    async def delete_snapshot(self, vm: VmId, uuid: str) -> None:
        """See `Road.delete_snapshot`."""
        await self._ask("delete_snapshot", vm=vm, uuid=uuid)


class _End:
    """No more changes."""


_END: Final = _End()


def _broken(detail: str) -> HypervisorBroken:
    return HypervisorBroken(hypervisor=NAME, detail=detail)
