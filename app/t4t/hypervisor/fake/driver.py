"""The fake driver: the whole contract on a `FakeWorld`."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import struct
import zlib
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, MediumMissing, NotEnoughDisk, NotSupported, SnapshotNotFound, VmBusy, VmExists, VmNotFound, VmNotOurs, VmWrongState
from t4t.domain.vm import MIB, Accelerator, Capabilities, Feature, Snapshot, VmChange, VmEvent, VmId, VmInfo, VmSpec, VmState
from t4t.hypervisor.fake.world import FakeVm, FakeWorld
from t4t.hypervisor.needs import features_needed, is_file

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_ALL: Final = frozenset(Feature) - {Feature.BRIDGED, Feature.REMOTE_DESKTOP}
_CHANGING: Final = frozenset({VmState.STARTING, VmState.RESTORING, VmState.SAVING})
_START_SECONDS: Final = 1.0
_SAVE_SECONDS: Final = 0.5
_SNAPSHOT_SECONDS: Final = 0.6


class FakeHypervisor:
    """A `t4t.hypervisor.driver.Driver` in memory."""

    def __init__(self, world: FakeWorld, *, owner: str = "fake", features: frozenset[Feature] = _ALL) -> None:
        """``features`` narrows what it admits to be able to do."""
        self._world = world
        self._owner = owner
        self._features = features
        self._queues: list[asyncio.Queue[tuple[VmId, VmState] | None]] = []

    async def probe(self) -> Capabilities:
        """See `Hypervisor.probe`."""
        self._world.faults.check("probe")
        return Capabilities(
            hypervisor="fake",
            version="1",
            accelerator=Accelerator.INTERPRETER,
            accelerator_name="fake",
            features=self._features,
            max_cores=64,
            max_memory_mib=1 << 20,
        )

    def _refuse(self, needed: frozenset[Feature]) -> None:
        for feature in sorted(needed - self._features, key=lambda f: f.value):
            raise NotSupported(hypervisor="fake", feature=feature.value)

    def _vm(self, vm_id: VmId) -> FakeVm:
        vm = self._world.vms.get(vm_id)
        if vm is None:
            raise VmNotFound(vm=vm_id)
        if vm.owner != self._owner:
            raise VmNotOurs(vm=vm_id)
        return vm

    def _begin(self, command: str, vm_id: VmId) -> FakeVm:
        """The VM, unless a fault was planned, or another command is still changing it: two at once are a fault of the caller's."""
        vm = self._vm(vm_id)
        self._world.faults.check(command)
        if vm.state in _CHANGING and command not in {"power_off", "delete"}:
            raise VmBusy(vm=vm_id, command=command, detail=vm.state.value)
        return vm

    async def inspect(self, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        """See `Hypervisor.inspect`."""
        self._world.faults.check("inspect")
        return tuple(vm.info() for vm in self._world.vms.values() if vm.owner == self._owner and vm_id in {None, vm.spec.vm_id})

    async def create(self, spec: VmSpec) -> VmInfo:
        """See `Hypervisor.create`."""
        self._refuse(features_needed(spec))
        self._world.faults.check("create")
        there = self._world.vms.get(spec.vm_id)
        if there is not None:
            if there.owner != self._owner:
                raise VmNotOurs(vm=spec.vm_id)
            if there.spec != spec:
                raise VmExists(vm=spec.vm_id)
            return there.info()
        for path in (spec.boot.path, spec.config_iso, spec.floppy):
            if path is not None and not is_file(path):
                raise MediumMissing(path=path)
        vm = FakeVm(spec=spec, program=self._world.program(), world=self._world, owner=self._owner, state=VmState.ABSENT)
        self._world.vms[spec.vm_id] = vm
        self._world.observe(vm, VmState.POWERED_OFF)
        return vm.info()

    async def start(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.start`."""
        vm = self._begin("start", vm_id)
        if vm.state is VmState.PAUSED:
            return await self.resume(vm_id)
        if vm.state is VmState.RUNNING:
            return vm.info()
        origin = vm.saved if vm.saved is not None else vm.restore_from
        self._world.observe(vm, VmState.STARTING if origin is None else VmState.RESTORING)
        vm.pid = self._world.new_pid()
        try:
            await self._world.clock.sleep(_START_SECONDS)
            self._still(vm, {VmState.STARTING, VmState.RESTORING}, "start")
            self._world.faults.check("started")
            await vm.open_ports()
        except BaseException:
            if vm.state in _CHANGING:
                vm.end(VmState.SAVED if vm.saved is not None else VmState.POWERED_OFF)
            raise
        vm.guest_seconds, vm.saved, vm.restore_from = origin or 0.0, None, None
        vm.go()
        return vm.info()

    @staticmethod
    def _still(vm: FakeVm, states: set[VmState], command: str) -> None:
        """Its process may have been killed meanwhile."""
        if vm.state not in states:
            raise CommandFailed(vm=vm.spec.vm_id, command=command, detail=f"it is {vm.state.value} now")

    async def pause(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.pause`."""
        vm = self._begin("pause", vm_id)
        if vm.state is VmState.RUNNING:
            vm.halt(VmState.PAUSED)
        elif vm.state is not VmState.PAUSED:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="pause")
        return vm.info()

    async def resume(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.resume`."""
        vm = self._begin("resume", vm_id)
        if vm.state is VmState.PAUSED:
            if any(p.host_port in self._world.faults.taken_ports for p in vm.ports):
                await vm.open_ports()
            vm.go()
        elif vm.state is not VmState.RUNNING:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="resume")
        return vm.info()

    def _check_space(self, vm: FakeVm) -> None:
        needed, free = vm.spec.memory_mib, self._world.faults.disk_free_bytes // MIB
        if free < needed:
            raise NotEnoughDisk(path=vm.spec.boot.path, needed_mib=needed, free_mib=free)

    async def save(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.save`."""
        self._refuse(frozenset({Feature.SAVE}))
        vm = self._begin("save", vm_id)
        if vm.state is VmState.SAVED:
            return vm.info()
        if vm.state not in {VmState.RUNNING, VmState.PAUSED}:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="save")
        self._check_space(vm)
        was_running = vm.state is VmState.RUNNING
        vm.halt(VmState.SAVING)
        try:
            await self._world.clock.sleep(_SAVE_SECONDS)
            self._world.faults.check("saved")
        except BaseException:
            if self._saving(vm):
                self._return_to(vm, running=was_running)
            raise
        if self._saving(vm):
            vm.saved = vm.guest_seconds
            vm.end(VmState.SAVED)
        return vm.info()

    @staticmethod
    def _saving(vm: FakeVm) -> bool:
        """Whether the save still goes on: the guest may have switched itself off, the process may have been killed."""
        return vm.state is VmState.SAVING

    def _return_to(self, vm: FakeVm, *, running: bool) -> None:
        if running:
            vm.go()
        else:
            self._world.observe(vm, VmState.PAUSED)

    async def discard_state(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.discard_state`."""
        vm = self._begin("discard_state", vm_id)
        vm.saved = None
        if not vm.state.alive:
            self._world.observe(vm, VmState.POWERED_OFF)
        return vm.info()

    async def shut_down(self, vm_id: VmId, *, deadline: float) -> VmInfo:
        """See `Hypervisor.shut_down`; the fake guest obeys the button after half a second."""
        vm = self._begin("shut_down", vm_id)
        if vm.state is VmState.PAUSED:
            vm.go()
        if vm.state is VmState.RUNNING:
            await self._world.clock.sleep(min(deadline, 0.5))
            if vm.state.alive:
                vm.end(VmState.POWERED_OFF)
        return vm.info()

    async def power_off(self, vm_id: VmId) -> VmInfo:
        """See `Hypervisor.power_off`."""
        vm = self._begin("power_off", vm_id)
        if vm.state.alive:
            vm.end(VmState.POWERED_OFF)
        elif vm.state in {VmState.ABORTED, VmState.ABORTED_SAVED}:
            self._world.observe(vm, VmState.POWERED_OFF if vm.saved is None else VmState.SAVED)
        return vm.info()

    async def reconfigure(self, vm_id: VmId, change: VmChange) -> VmInfo:
        """See `Hypervisor.reconfigure`."""
        vm = self._begin("reconfigure", vm_id)
        if change.needs_power_off and (vm.state.alive or vm.saved is not None):
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="reconfigure")
        changes = {f.name: getattr(change, f.name) for f in dataclasses.fields(change) if getattr(change, f.name) is not None}
        if changes.get("bandwidth_kib_s") == 0:
            changes["bandwidth_kib_s"] = None
        wanted = dataclasses.replace(vm.spec, **changes)
        self._refuse(features_needed(wanted) - features_needed(vm.spec))
        vm.catch_up()
        vm.spec = wanted
        if change.ports is not None and vm.state.alive:
            await vm.open_ports()
        return vm.info()

    async def delete(self, vm_id: VmId) -> None:
        """See `Hypervisor.delete`."""
        if vm_id not in self._world.vms:
            return
        vm = self._begin("delete", vm_id)
        if vm.state.alive:
            vm.end(VmState.POWERED_OFF)
        self._world.observe(vm, VmState.ABSENT)
        del self._world.vms[vm_id]

    async def watch(self) -> AsyncIterator[VmEvent]:
        """See `Hypervisor.watch`."""
        queue: asyncio.Queue[tuple[VmId, VmState] | None] = asyncio.Queue()
        for vm in self._world.vms.values():
            if vm.owner == self._owner:
                queue.put_nowait((vm.spec.vm_id, vm.state))
        self._world.watchers.append(queue)
        self._queues.append(queue)
        try:
            while (event := await queue.get()) is not None:
                yield VmEvent(vm_id=event[0], state=event[1])
        finally:
            with contextlib.suppress(ValueError):
                self._world.watchers.remove(queue)

    async def take_snapshot(self, vm_id: VmId, name: str) -> Snapshot:
        """See `Snapshots.take_snapshot`."""
        self._refuse(frozenset({Feature.SNAPSHOTS}))
        vm = self._begin("take_snapshot", vm_id)
        self._check_space(vm)
        if vm.state in {VmState.RUNNING, VmState.PAUSED}:
            vm.info()
            at = vm.guest_seconds
            await self._world.clock.sleep(_SNAPSHOT_SECONDS)
            self._still(vm, {VmState.RUNNING, VmState.PAUSED}, "take_snapshot")
        elif vm.state.alive:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="take_snapshot")
        else:
            at = vm.guest_seconds
        self._world.faults.check("snapshot_taken")
        vm.snapshots.pop(name, None)
        vm.snapshots[name] = at
        return Snapshot(name=name, size_bytes=vm.spec.memory_mib * MIB // 4)

    async def restore_snapshot(self, vm_id: VmId, name: str) -> VmInfo:
        """See `Snapshots.restore_snapshot`."""
        self._refuse(frozenset({Feature.SNAPSHOTS}))
        vm = self._begin("restore_snapshot", vm_id)
        if vm.state.alive:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="restore_snapshot")
        if name not in vm.snapshots:
            raise SnapshotNotFound(vm=vm_id, snapshot=name)
        vm.saved, vm.restore_from = None, vm.snapshots[name]
        self._world.observe(vm, VmState.POWERED_OFF)
        return vm.info()

    async def delete_snapshot(self, vm_id: VmId, name: str) -> None:
        """See `Snapshots.delete_snapshot`."""
        self._refuse(frozenset({Feature.SNAPSHOTS}))
        self._begin("delete_snapshot", vm_id).snapshots.pop(name, None)

    async def snapshots(self, vm_id: VmId) -> tuple[Snapshot, ...]:
        """See `Snapshots.snapshots`."""
        self._refuse(frozenset({Feature.SNAPSHOTS}))
        vm = self._vm(vm_id)
        return tuple(Snapshot(name=name, size_bytes=vm.spec.memory_mib * MIB // 4) for name in vm.snapshots)

    async def screenshot(self, vm_id: VmId) -> bytes:
        """See `Screenshots.screenshot`: a black 8 by 8 picture."""
        self._refuse(frozenset({Feature.SCREENSHOT}))
        vm = self._begin("screenshot", vm_id)
        if vm.state not in {VmState.RUNNING, VmState.PAUSED}:
            raise VmWrongState(vm=vm_id, state=vm.state.value, command="screenshot")

        def chunk(kind: bytes, data: bytes) -> bytes:
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        header = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9 * 8))) + chunk(b"IEND", b"")

    async def close(self) -> None:
        """See `Driver.close`."""
        for queue in self._queues:
            queue.put_nowait(None)
        self._queues.clear()
