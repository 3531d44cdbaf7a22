"""The road through VBoxManage: one short-lived process a command. It is told of nothing, so the driver must look by itself."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, CommandTimeout, HypervisorBroken, VmWrongState
from t4t.hypervisor.virtualbox import listing, locate, options, parse, processes
from t4t.hypervisor.virtualbox.run import VBoxManage
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from t4t.domain.clock import Clock
    from t4t.domain.vm import PortForward, Share, VmId, VmSpec
    from t4t.hypervisor.virtualbox.answer import Answer
    from t4t.hypervisor.virtualbox.options import Choices
    from t4t.hypervisor.virtualbox.run import Replayed
    from t4t.hypervisor.virtualbox.versions import Version
    from t4t.hypervisor.virtualbox.view import Attachment, Machine, Medium, Registered

_LOG: Final = logging.getLogger(__name__)
_LOOKS: Final = 3
_LOOK_SECONDS: Final = 120.0
"""A look costs about 35 ms of processor time here and 25 in VBoxSVC. Changes are heard of sooner, by the VM's log and its process: this is for what is not."""


class ManageRoad:
    """`t4t.hypervisor.virtualbox.road.Road` on VBoxManage."""

    def __init__(self, *, clock: Clock, search: str | None = None, around: locate.Surroundings | None = None) -> None:
        """``search`` is the volunteer's own choice, VBoxManage or its folder; ``around`` replaces this computer's places to look in."""
        self._clock = clock
        self._search = search
        self._around = around
        self._opening = asyncio.Lock()
        self._version: Version | None = None
        self._manage: VBoxManage | None = None
        self._closed = asyncio.Event()

    @property
    def name(self) -> str:
        """See `Road.name`."""
        return "vboxmanage"

    @property
    def look_seconds(self) -> float | None:
        """See `Road.look_seconds`."""
        return _LOOK_SECONDS

    def replay(self) -> tuple[Replayed, ...]:
        """The last commands, oldest first."""
        return () if self._manage is None else self._manage.replay()

    async def open(self) -> Version:
        """See `Road.open`."""
        async with self._opening:
            if self._version is None:
                found = await locate.locate(self._around, self._search)
                self._manage = VBoxManage(found.programs.manage, clock=self._clock)
                self._version = found.version
            return self._version

    async def home(self) -> Path | None:
        """See `Road.home`."""
        server = processes.find_server()
        return None if server is None else processes.home_of(server)

    async def close(self) -> None:
        """See `Road.close`."""
        self._closed.set()

    async def _run(self, words: tuple[str, ...], vm: str) -> Answer:
        return await self._opened().run(*words, vm=vm)

    def _opened(self) -> VBoxManage:
        if self._manage is None:
            raise HypervisorBroken(hypervisor=NAME, detail="used before it was opened")
        return self._manage

    async def _look(self, words: tuple[str, ...], vm: str) -> str:
        """What VBoxManage prints. Just after VBoxSVC was ended it may hang for ever: a look can be tried again."""
        for _ in range(_LOOKS - 1):
            try:
                return (await self._run(words, vm)).out
            except CommandTimeout as error:
                _LOG.warning("%s", error)
        return (await self._run(words, vm)).out

    # --- looking ------------------------------------------------------------------------------------------------------

    async def registered(self) -> tuple[Registered, ...]:
        """See `Road.registered`."""
        return listing.vms(await self._look(("list", "vms"), ""))

    async def machine(self, vm: VmId) -> Machine:
        """See `Road.machine`."""
        return parse.machine(await self._look(("showvminfo", vm, "--machinereadable"), vm))

    async def extra(self, vm: VmId, key: str) -> str | None:
        """See `Road.extra`."""
        return parse.extra_value((await self._run(("getextradata", vm, key), vm)).out)

    async def media(self) -> tuple[Medium, ...]:
        """See `Road.media`."""
        return listing.media(await self._look(("list", "hdds", "--long"), ""))

    async def changes(self) -> AsyncIterator[VmId | None]:
        """See `Road.changes`: nothing, ever."""
        await self._closed.wait()
        nothing: tuple[VmId, ...] = ()
        for vm in nothing:
            yield vm

    # --- a VM without a process ---------------------------------------------------------------------------------------

    async def create(self, spec: VmSpec, choices: Choices) -> None:
        """See `Road.create`. A bandwidth group without a limit would be a call for what few want: it is made when one is wanted (`shape`)."""
        await self._opened().perform(options.creation(spec, dataclasses.replace(choices, shaping=False)), vm=spec.vm_id)

    async def introduce(self, spec: VmSpec, path: str) -> None:
        """See `Road.introduce`."""
        attach, take_out = options.introduce_base(spec, path)
        await self._run(attach.arguments, spec.vm_id)
        await self._run(take_out.arguments, spec.vm_id)

    async def attach_base(self, spec: VmSpec, path: str) -> None:
        """See `Road.attach_base`."""
        await self._run(options.attach_disk(spec, 0, path, multiattach=True), spec.vm_id)

    async def detach(self, vm: VmId, one: Attachment) -> None:
        """See `Road.detach`."""
        await self._run(options.detach(vm, one.controller, one.port, one.device), vm)

    async def close_medium(self, medium: str, *, delete: bool = False) -> None:
        """See `Road.close_medium`."""
        await self._run(("closemedium", "disk", medium, *(("--delete",) if delete else ())), "")

    async def convert_raw(self, source: str, target: str, uuid: str) -> None:
        """See `Road.convert_raw`."""
        await self._run(options.convert_raw(source, target, uuid), "")

    async def unregister(self, vm: VmId) -> None:
        """See `Road.unregister`."""
        try:
            await self._run(("unregistervm", vm, "--delete"), vm)
        except VmWrongState as error:
            if error.state != "inaccessible":
                raise
            await self._run(("unregistervm", vm), vm)

    async def shape(self, vm: VmId, kib_s: int) -> None:
        """See `Road.shape`."""
        await self._run(options.new_group(vm, kib_s), vm)
        await self._run(options.use_group(vm), vm)

    async def set_resources(self, vm: VmId, *, cores: int | None = None, memory_mib: int | None = None) -> None:
        """See `Road.set_resources`."""
        await self._run(options.resources(vm, cores=cores, memory_mib=memory_mib), vm)

    async def share(self, vm: VmId, one: Share) -> None:
        """See `Road.share`."""
        await self._run(options.share(vm, one), vm)

    async def unshare(self, vm: VmId, name: str) -> None:
        """See `Road.unshare`."""
        await self._run(options.unshare(vm, name), vm)

    async def discard(self, vm: VmId) -> None:
        """See `Road.discard`."""
        await self._run(("discardstate", vm), vm)

    async def start(self, vm: VmId) -> None:
        """See `Road.start`."""
        await self._run(options.start(vm), vm)

    # --- a VM with or without a process -------------------------------------------------------------------------------

    async def set_cap(self, vm: VmId, percent: int, *, live: bool) -> None:
        """See `Road.set_cap`."""
        await self._run(options.live_cap(vm, percent) if live else options.resources(vm, cap_percent=percent), vm)

    async def set_link(self, vm: VmId, *, up: bool, live: bool) -> None:
        """See `Road.set_link`."""
        await self._run(options.live_link(vm, on=up) if live else options.cable(vm, on=up), vm)

    async def set_bandwidth(self, vm: VmId, kib_s: int) -> None:
        """See `Road.set_bandwidth`."""
        await self._run(options.live_bandwidth(vm, kib_s), vm)

    async def forward(self, vm: VmId, ports: Sequence[PortForward], *, live: bool) -> None:
        """See `Road.forward`."""
        for port in ports:
            await self._run(options.live_forward(vm, port) if live else options.forward(vm, port), vm)

    async def unforward(self, vm: VmId, names: Sequence[str], *, live: bool) -> None:
        """See `Road.unforward`."""
        for name in names:
            await self._run(options.live_unforward(vm, name) if live else options.unforward(vm, name), vm)

    # --- a VM with a process ------------------------------------------------------------------------------------------

    async def _control(self, vm: VmId, *action: str) -> None:
        await self._run(options.control(vm, *action), vm)

    async def pause(self, vm: VmId) -> None:
        """See `Road.pause`."""
        await self._control(vm, "pause")

    async def resume(self, vm: VmId) -> None:
        """See `Road.resume`."""
        await self._control(vm, "resume")

    async def save(self, vm: VmId) -> None:
        """See `Road.save`."""
        await self._control(vm, "savestate")

    async def power_off(self, vm: VmId) -> None:
        """See `Road.power_off`."""
        await self._control(vm, "poweroff")

    async def press_button(self, vm: VmId) -> None:
        """See `Road.press_button`."""
        await self._control(vm, "acpipowerbutton")

    async def screenshot(self, vm: VmId) -> bytes:
        """See `Road.screenshot`."""
        with tempfile.TemporaryDirectory(prefix="t4t-") as folder:
            file = Path(folder) / "screen.png"
            await self._control(vm, "screenshotpng", str(file))
            try:
                return file.read_bytes()
            except OSError as error:
                raise CommandFailed(vm=vm, command="screenshotpng", detail=str(error)) from error

    # --- snapshots ----------------------------------------------------------------------------------------------------

    async def take_snapshot(self, vm: VmId, name: str) -> str:
        """See `Road.take_snapshot`."""
        return parse.snapshot_taken((await self._run(("snapshot", vm, "take", name), vm)).out)

    async def restore_snapshot(self, vm: VmId, uuid: str) -> None:
        """See `Road.restore_snapshot`."""
        await self._run(("snapshot", vm, "restore", uuid), vm)

    async def delete_snapshot(self, vm: VmId, uuid: str) -> None:
        """See `Road.delete_snapshot`."""
        await self._run(("snapshot", vm, "delete", uuid), vm)
