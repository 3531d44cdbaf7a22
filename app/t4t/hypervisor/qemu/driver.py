"""The QEMU driver: `t4t.hypervisor.driver.Driver` on one data folder."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, VmNotFound, VmNotOurs, VmWrongState
from t4t.domain.vm import Capabilities, Feature, Snapshot, VmChange, VmEvent, VmId, VmInfo, VmSpec, VmState
from t4t.hypervisor.qemu import changing, creating, ending, picture, snapshots, starting
from t4t.hypervisor.qemu.files import runtime_folder
from t4t.hypervisor.qemu.images import Images
from t4t.hypervisor.qemu.live import Context
from t4t.hypervisor.qemu.locate import NAME, Toolchain, locate
from t4t.hypervisor.qemu.machine import Machine
from t4t.hypervisor.qemu.record import Records
from t4t.hypervisor.space import free_bytes
from t4t.hypervisor.watching import Watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_NEVER: Final = frozenset({Feature.BRIDGED, Feature.REMOTE_DESKTOP})
_NO_UNIX_SOCKETS: Final = frozenset({Feature.BANDWIDTH}) if sys.platform == "win32" else frozenset()
FEATURES: Final = frozenset(Feature) - _NEVER - _NO_UNIX_SOCKETS
_MAX_CORES: Final = 64
_MAX_MEMORY_MIB: Final = 1 << 20
_NOTES: Final = (
    "The CPU limit lets the process rest in turns, corrected by what it used; it holds while the app runs.",
    "The bandwidth limit carries packets through the app; without the app the VM has no limit.",
)
_WINDOWS_NOTE: Final = "QEMU's monitor listens on a loopback port: other users of this computer could reach it."


class QemuDriver:
    """Drives the QEMU VMs of one data folder."""

    def __init__(
        self,
        data_dir: Path,
        *,
        owner: str,
        search: str | None = None,
        background: bool = True,
        load_seconds: float = 180.0,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """``owner`` is the mark of the data folder; ``search`` replaces the search path for QEMU's programs.

        ``background``: VMs compute only where nobody else wants the processor. ``load_seconds``: a state that takes longer to load counts as unreadable.
        """
        self._search = search
        self._toolchain: Toolchain | None = None
        self._locating = asyncio.Lock()
        self._watching = Watching()
        self._owner = owner
        self._machines: dict[VmId, Machine] = {}
        self._context = Context(
            records=Records(data_dir / "vms", owner),
            runtime=runtime_folder(data_dir),
            background=background,
            load_seconds=load_seconds,
            free_bytes=free,
            tools=self._tools,
            images=self._images,
            publish=self._watching.publish,
        )

    async def _tools(self) -> Toolchain:
        async with self._locating:
            if self._toolchain is None:
                self._toolchain = await locate(self._search)
            return self._toolchain

    async def _images(self) -> Images:
        return Images((await self._tools()).img)

    def _machine(self, vm_id: VmId) -> Machine:
        """The VM's object, only for VMs of ours."""
        try:
            self._context.records.load(vm_id)
        except VmNotFound:
            if vm_id not in self._machines:
                raise
        return self._machines.setdefault(vm_id, Machine(self._context, vm_id))

    # --- Hypervisor --------------------------------------------------------------------------------------------------

    async def probe(self) -> Capabilities:
        """See `Hypervisor.probe`."""
        tools = await self._tools()
        return Capabilities(
            hypervisor=NAME,
            version=tools.version,
            accelerator=tools.acceleration.kind,
            accelerator_name=tools.acceleration.name,
            features=FEATURES,
            max_cores=_MAX_CORES,
            max_memory_mib=_MAX_MEMORY_MIB,
            notes=(*_NOTES, _WINDOWS_NOTE) if sys.platform == "win32" else _NOTES,
        )

    async def inspect(self, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        """See `Hypervisor.inspect`."""
        ids = list(self._context.records.ids()) if vm_id is None else [vm_id]
        found = await asyncio.gather(*(self._look(one) for one in ids))
        return tuple(info for info in found if info is not None)

    async def _look(self, vm_id: VmId) -> VmInfo | None:
        try:
            machine = self._machine(vm_id)
            return await machine.turns.atomic(machine.look())
        except (VmNotFound, VmNotOurs):
            return None

    async def create(self, spec: VmSpec) -> VmInfo:
        """See `Hypervisor.create`."""
        creating.refuse(spec, FEATURES)
        await creating.create(self._context, spec, self._owner, await self._images())
        info = await self._machine(spec.vm_id).look()
        self._watching.publish(info.vm_id, info.state)
        return info

    async def start(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.start`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(starting.start(machine))

    async def pause(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.pause`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(starting.pause(machine))

    async def resume(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.resume`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(starting.resume(machine))

    async def save(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.save`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(ending.save(machine))

    async def discard_state(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.discard_state`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(ending.discard_state(machine))

    async def shut_down(self, vm_id: VmId, *, deadline: float) -> VmInfo:
        """See `Hypervisor.shut_down`."""
        return await ending.shut_down(self._machine(vm_id), deadline)

    async def power_off(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.power_off`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(ending.power_off(machine))

    async def reconfigure(self, vm_id: VmId, change: VmChange) -> VmInfo:
        """See `Hypervisor.reconfigure`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(changing.reconfigure(machine, change, FEATURES))

    async def delete(self, vm_id: VmId) -> None:
        """See `Hypervisor.delete`."""
        with contextlib.suppress(VmNotFound):
            machine = self._machine(vm_id)
            await machine.turns.atomic(creating.delete(machine))
            self._machines.pop(vm_id, None)

    def watch(self) -> AsyncIterator[VmEvent]:
        """See `Hypervisor.watch`."""
        return self._watching.listen(self._tell_present)

    async def _tell_present(self) -> None:
        for info in await self.inspect():
            self._watching.publish(info.vm_id, info.state)

    # --- Snapshots and Screenshots -----------------------------------------------------------------------------------

    async def take_snapshot(self, vm_id: VmId, name: str) -> Snapshot:
        """See `Snapshots.take_snapshot`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(snapshots.take(machine, name))

    async def restore_snapshot(self, vm_id: VmId, name: str) -> VmInfo:
        """See `Snapshots.restore_snapshot`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(snapshots.restore(machine, name))

    async def delete_snapshot(self, vm_id: VmId, name: str) -> None:
        """See `Snapshots.delete_snapshot`."""
        machine = self._machine(vm_id)
        await machine.turns.atomic(snapshots.delete(machine, name))

    async def snapshots(self, vm_id: VmId) -> tuple[Snapshot, ...]:
        """See `Snapshots.snapshots`."""
        return await snapshots.listed(self._machine(vm_id))

    async def screenshot(self, vm_id: VmId) -> bytes:
        """See `Screenshots.screenshot`."""
        machine = self._machine(vm_id)
        return await machine.turns.atomic(self._screenshot(machine))

    @staticmethod
    async def _screenshot(machine: Machine) -> bytes:
        async with machine.exclusive() as record:
            info = await machine.info(record)
            if info.state not in {VmState.RUNNING, VmState.PAUSED}:
                raise VmWrongState(vm=machine.vm_id, state=info.state.value, command="screenshot")
            file = machine.home / "screen"
            try:
                async with machine.running().awake() as monitor:
                    try:
                        await monitor.execute("screendump", {"filename": str(file), "format": "png"})
                        return file.read_bytes()
                    except CommandFailed:
                        await monitor.execute("screendump", {"filename": str(file)})
                        return picture.png_from_ppm(file.read_bytes())
            except (OSError, ValueError) as error:
                raise CommandFailed(vm=machine.vm_id, command="screendump", detail=str(error)) from error
            finally:
                file.unlink(missing_ok=True)

    async def close(self) -> None:
        """See `Driver.close`."""
        self._watching.close()
        await asyncio.gather(*(machine.close() for machine in self._machines.values()))
        self._machines.clear()
