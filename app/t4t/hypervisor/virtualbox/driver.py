"""The VirtualBox driver: `t4t.hypervisor.driver.Driver` on one data folder, by either road."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, T4TError, VmNotFound, VmNotOurs, VmWrongState
from t4t.domain.vm import Accelerator, Capabilities, Feature, Snapshot, VmChange, VmEvent, VmId, VmInfo, VmSpec
from t4t.hypervisor.space import free_bytes
from t4t.hypervisor.specs import refuse
from t4t.hypervisor.virtualbox import changing, creating, ending, locate, log, processes, snapshots, starting
from t4t.hypervisor.virtualbox.bases import Bases
from t4t.hypervisor.virtualbox.context import Context
from t4t.hypervisor.virtualbox.machine import Machine
from t4t.hypervisor.virtualbox.record import Records
from t4t.hypervisor.virtualbox.sentry import Sentry
from t4t.hypervisor.virtualbox.versions import NAME
from t4t.hypervisor.watching import Watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.road import Road

_LOG: Final = logging.getLogger(__name__)
_NEVER: Final = frozenset({Feature.BRIDGED, Feature.REMOTE_DESKTOP})
_MAX_CORES: Final = 32
_SCREEN_SECONDS: Final = 5.0
_SCREEN_STEP: Final = 0.2
_MAX_MEMORY_MIB: Final = 1 << 20
_CAP_NOTE: Final = "VirtualBox limits processor time only where it has hardware virtualization: without it the limit is accepted and has no effect."
_DRIVER_NOTE: Final = "VirtualBox's kernel driver is not loaded: it starts no VM, or interprets each instruction, which is very slow."
_CORES_NOTE: Final = "Without hardware virtualization VirtualBox's guests stand still with more than one processor: they get one."
_NAMES: Final = {
    Accelerator.HARDWARE: "VT-x or AMD-V, by VirtualBox's kernel driver",
    Accelerator.PLATFORM: "the system's own hypervisor",
    Accelerator.INTERPRETER: "none: instructions are interpreted",
}


def accelerator(seen: str, *, hardware: bool) -> Accelerator:
    """What executes the guest's instructions: as the last VM's log says (`log.execution`), else as the kernel driver lets expect."""
    expected = Accelerator.HARDWARE if hardware else Accelerator.INTERPRETER
    return Accelerator(seen) if seen else expected


def features(kind: Accelerator) -> frozenset[Feature]:
    """What the driver can do: VirtualBox needs hardware virtualization for more than one virtual processor."""
    return frozenset(Feature) - _NEVER - (frozenset({Feature.MULTI_CORE}) if kind is Accelerator.INTERPRETER else frozenset())


class VirtualBoxDriver:
    """Drives the VirtualBox VMs of one data folder."""

    def __init__(
        self,
        data_dir: Path,
        *,
        owner: str,
        road: Road,
        clock: Clock,
        background: bool = True,
        stall_seconds: float = 60.0,
        free: Callable[[Path], int] = free_bytes,
        homes: tuple[Path, ...] | None = None,
        servers: Callable[[], Iterable[ProcessId]] = processes.servers,
    ) -> None:
        """``owner`` is the mark of the data folder.

        ``background``: VMs compute only where nobody else wants the processor. ``stall_seconds``: a restore that stands still for so long is ended.
        ``homes``: where VirtualBox's registry may be (default: where it is for this user). ``servers`` finds VBoxSVC.
        """
        self._watching = Watching()
        self._machines: dict[VmId, Machine] = {}
        self._road = road
        folder = data_dir / "vms"
        self._context = Context(
            records=Records(folder, owner),
            road=road,
            bases=Bases(folder, road, free),
            clock=clock,
            owner=owner,
            background=background,
            stall_seconds=stall_seconds,
            free_bytes=free,
            publish=self._watching.publish,
            homes=locate.expected_homes(locate.here()) if homes is None else homes,
            all_servers=servers,
            seen_process=self._seen_process,
        )
        self._sentry = Sentry(road, clock, doubt=self._doubt, ended=self._ended, due=self._due, server=self._context.find_server)

    def _seen_process(self, vm_id: VmId, owned: ProcessId) -> None:
        self._sentry.watch_process(vm_id, owned)

    def _machine(self, vm_id: VmId) -> Machine:
        """The VM's object, only for VMs of ours."""
        try:
            self._context.records.load(vm_id)
        except VmNotFound:
            if vm_id not in self._machines:
                raise
        return self._machines.setdefault(vm_id, Machine(self._context, vm_id))

    def _doubt(self, vm_id: VmId | None) -> None:
        """Something may have happened to a VM, or to all."""
        for machine in [one for one in self._machines.values() if vm_id in {None, one.vm_id}]:
            machine.doubt()

    def _ended(self, vm_id: VmId, owned: ProcessId) -> None:
        """A VM's process is gone."""
        if vm_id in self._machines:
            self._machines[vm_id].process_ended(owned)

    def _due(self) -> Iterator[VmId]:
        """VMs with a process that should be looked at."""
        return (
            one.vm_id for one in list(self._machines.values()) if one.seen is not None and one.seen.state.alive and not one.turns.taken and not one.is_fresh()
        )

    # --- Hypervisor ---------------------------------------------------------------------------------------------------

    async def probe(self) -> Capabilities:
        """See `Hypervisor.probe`."""
        version = await self._context.connect()
        kind = self._accelerator()
        notes = (f"by {self._road.name}", *(() if kind is Accelerator.HARDWARE else (_CAP_NOTE,)))
        if kind is Accelerator.INTERPRETER:
            notes = (*notes, _CORES_NOTE)
        return Capabilities(
            hypervisor=NAME,
            version=str(version),
            accelerator=kind,
            accelerator_name=_NAMES[kind],
            features=features(kind),
            max_cores=_MAX_CORES,
            max_memory_mib=_MAX_MEMORY_MIB,
            notes=notes if locate.has_hardware() else (*notes, _DRIVER_NOTE),
        )

    def _accelerator(self) -> Accelerator:
        return accelerator(self._seen_execution(), hardware=locate.has_hardware())

    def _seen_execution(self) -> str:
        """How the last VM of ours was executed, by its log."""
        logs = sorted(self._context.records.folder.glob(f"*/*/Logs/{log.NAME}"), key=lambda file: file.stat().st_mtime)
        return log.execution(log.head_of(logs[-1])) if logs else ""

    async def inspect(self, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        """See `Hypervisor.inspect`."""
        ids = list(self._context.records.ids()) if vm_id is None else [vm_id]
        found = await asyncio.gather(*(self._look(one) for one in ids))
        return tuple(info for info in found if info is not None)

    async def _look(self, vm_id: VmId) -> VmInfo | None:
        try:
            machine = self._machine(vm_id)
            return await machine.turns.atomic(machine.observe())
        except (VmNotFound, VmNotOurs):
            return None

    async def create(self, spec: VmSpec) -> VmInfo:
        """See `Hypervisor.create`."""
        refuse(spec, features(self._accelerator()), NAME)
        creating.prepare(self._context, spec)
        machine = self._machine(spec.vm_id)
        return await machine.turns.atomic(creating.create(machine))

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
        return await machine.turns.atomic(changing.reconfigure(machine, change, features(self._accelerator())))

    async def delete(self, vm_id: VmId) -> None:
        """See `Hypervisor.delete`."""
        with contextlib.suppress(VmNotFound):
            machine = self._machine(vm_id)
            await machine.turns.atomic(ending.delete(machine))
            self._machines.pop(vm_id, None)

    def watch(self) -> AsyncIterator[VmEvent]:
        """See `Hypervisor.watch`."""
        self._sentry.begin()
        return self._watching.listen(self._tell_present)

    async def _tell_present(self) -> None:
        """What can't be looked at now is told when it can."""
        for vm_id in list(self._context.records.ids()):
            try:
                info = await self._look(vm_id)
            except T4TError as error:
                _LOG.warning("%s can't be looked at: %s", vm_id, error)
                continue
            if info is not None:
                self._watching.publish(info.vm_id, info.state)

    # --- Snapshots and Screenshots ------------------------------------------------------------------------------------

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
            machine.must_be_reached(record, "screenshot")
            deadline = machine.context.clock.monotonic() + _SCREEN_SECONDS
            while True:
                try:
                    return await machine.do(machine.road.screenshot(machine.vm_id))
                except VmWrongState:
                    _, seen = await machine.look(record)
                    raise machine.wrong_state(seen, "screenshot") from None
                except CommandFailed:  # a VM that was just started has no screen yet
                    if machine.context.clock.monotonic() >= deadline:
                        raise
                await machine.context.clock.sleep(_SCREEN_STEP)

    async def close(self) -> None:
        """See `Driver.close`."""
        self._watching.close()
        await self._sentry.close()
        await asyncio.gather(*(machine.close() for machine in self._machines.values()))
        self._machines.clear()
        await self._road.close()
