"""The contract that each driver passes unchanged: subclass `HypervisorContract` and give it a `Rig`."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import uuid
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from t4t.domain.errors import (
    MediumMissing,
    NotEnoughDisk,
    NotSupported,
    SnapshotNotFound,
    StateUnreadable,
    T4TError,
    VmExists,
    VmNotFound,
    VmNotOurs,
    VmWrongState,
)
from t4t.domain.vm import BootDisk, DiskFormat, Feature, PortForward, Share, VmChange, VmEvent, VmId, VmInfo, VmSpec, VmState
from t4t.hypervisor.driver import Driver, Hypervisor, Screenshots, Snapshots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

NOWHERE = VmId("00000000-0000-4000-8000-000000000000")


class Rig(Protocol):
    """What the contract needs to know of a driver's world."""

    folder: Path
    """An empty folder of the test's own, on the host."""

    def driver(self) -> Driver:
        """A new driver on the same data folder each time; closed by the rig at the end."""
        ...

    def stranger(self) -> Driver:
        """A driver of another owner that sees the same VMs."""
        ...

    def spec(self, *, guest: bool, **changes: Any) -> VmSpec:
        """A specification that starts: with ``guest`` the reference guest (web server on 80), else anything that keeps running."""
        ...

    def iso_spec(self) -> VmSpec:
        """Boots the reference guest from an ISO."""
        ...

    async def prepare(self, driver: Driver, spec: VmSpec) -> None:
        """Before the first start of a VM that was just created: what makes its guest ready sooner, where booting takes long."""
        ...

    async def kill_process(self, info: VmInfo) -> None:
        """Kill the VM's process as the OOM killer would; return when it is gone."""
        ...

    def fill_disk(self) -> contextlib.AbstractContextManager[None]:
        """Meanwhile there is no space where states are saved."""
        ...

    async def ruin_saved_state(self, vm_id: VmId) -> None:
        """Damage the saved state on disk so that it can't be loaded."""
        ...

    async def eventually(self, check: Callable[[], Awaitable[bool]], *, seconds: float, what: str) -> None:
        """Wait, in the driver's own time, until ``check`` holds."""
        ...


async def fetch(port: int, path: str = "/index.json", *, seconds: float = 3.0) -> bytes | None:
    """Fetch a page of the guest; None while it does not answer."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
                await writer.drain()
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if b" 200 " in head.split(b"\r\n", 1)[0] else None


class HypervisorContract:
    """At least forty promises; a driver's module gives the ``rig`` fixture."""

    @pytest.fixture
    async def driver(self, rig: Rig) -> Driver:
        return rig.driver()

    @pytest.fixture
    async def features(self, driver: Driver) -> frozenset[Feature]:
        return (await driver.probe()).features

    async def _state(self, driver: Driver, vm_id: VmId) -> VmState:
        infos = await driver.inspect(vm_id)
        return infos[0].state if infos else VmState.ABSENT

    async def _running(self, rig: Rig, driver: Driver, *, guest: bool = False, **changes: Any) -> VmInfo:
        spec = rig.spec(guest=guest, **changes)
        await driver.create(spec)
        await rig.prepare(driver, spec)
        return await driver.start(spec.vm_id)

    async def _web(self, rig: Rig, driver: Driver, vm_id: VmId, *, seconds: float = 60) -> int:
        async def answers() -> bool:
            info = (await driver.inspect(vm_id))[0]
            return bool(info.ports) and await fetch(info.ports[0].host_port) is not None

        await rig.eventually(answers, seconds=seconds, what="the guest's web server")
        return (await driver.inspect(vm_id))[0].ports[0].host_port

    async def _need(self, driver: Driver, feature: Feature) -> bool:
        """Whether the driver can do it; what it can't, it must refuse (the caller checks)."""
        return (await driver.probe()).has(feature)

    # --- probing and looking ---------------------------------------------------------------------------------------

    async def test_probe_says_what_it_is(self, driver: Driver) -> None:
        found = await driver.probe()
        assert found.hypervisor
        assert found.version
        assert found.accelerator_name
        assert found.max_cores >= 1
        assert found.max_memory_mib >= 256

    async def test_is_a_whole_driver(self, driver: Driver) -> None:
        assert isinstance(driver, Hypervisor)
        assert isinstance(driver, Snapshots)
        assert isinstance(driver, Screenshots)

    async def test_an_empty_folder_has_no_vms(self, driver: Driver) -> None:
        assert await driver.inspect() == ()

    async def test_an_unknown_vm_is_inspected_as_nothing(self, driver: Driver) -> None:
        assert await driver.inspect(NOWHERE) == ()

    @pytest.mark.parametrize("command", ["start", "pause", "resume", "save", "discard_state", "power_off"])
    async def test_commands_on_an_unknown_vm(self, driver: Driver, command: str) -> None:
        with pytest.raises(VmNotFound):
            await getattr(driver, command)(NOWHERE)

    async def test_deleting_an_unknown_vm_is_no_error(self, driver: Driver) -> None:
        await driver.delete(NOWHERE)

    # --- create and delete -----------------------------------------------------------------------------------------

    async def test_created_is_powered_off(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False, memory_mib=128)
        info = await driver.create(spec)
        assert (info.vm_id, info.state, info.memory_mib, info.cores, info.pid) == (spec.vm_id, VmState.POWERED_OFF, 128, 1, None)
        assert await driver.inspect() == (info,)

    async def test_create_is_idempotent(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        assert await driver.create(spec) == await driver.create(spec)

    async def test_create_another_specification_is_refused(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        with pytest.raises(VmExists):
            await driver.create(dataclasses.replace(spec, memory_mib=spec.memory_mib + 64))

    async def test_create_with_a_missing_disk_leaves_nothing(self, rig: Rig, driver: Driver) -> None:
        boot = BootDisk(str(rig.folder / "no-such.raw"), DiskFormat.RAW)
        with pytest.raises(MediumMissing):
            await driver.create(rig.spec(guest=False, boot=boot))
        assert await driver.inspect() == ()

    async def test_create_with_a_missing_config_iso_leaves_nothing(self, rig: Rig, driver: Driver) -> None:
        if not await self._need(driver, Feature.CONFIG_ISO):
            pytest.skip("declared")
        with pytest.raises(MediumMissing):
            await driver.create(rig.spec(guest=False, config_iso=str(rig.folder / "no.iso")))
        assert await driver.inspect() == ()

    @pytest.mark.parametrize(
        ("feature", "change"),
        [
            (Feature.BRIDGED, {"bridged": True}),
            (Feature.REMOTE_DESKTOP, {"remote_desktop": True}),
            (Feature.BANDWIDTH, {"bandwidth_kib_s": 512}),
            (Feature.CAP, {"cap_percent": 50}),
            (Feature.LINK, {"link_up": False}),
            (Feature.CACHE_DISK, {"cache_disk_mib": 64}),
            (Feature.MULTI_CORE, {"cores": 2}),
        ],
    )
    async def test_what_is_not_declared_is_refused_cleanly(
        self, rig: Rig, driver: Driver, features: frozenset[Feature], feature: Feature, change: dict[str, Any]
    ) -> None:
        spec = rig.spec(guest=False, **change)
        if feature in features:
            assert (await driver.create(spec)).vm_id == spec.vm_id
        else:
            with pytest.raises(NotSupported):
                await driver.create(spec)
            assert await driver.inspect() == ()

    async def test_delete_removes_the_vm_and_keeps_the_base(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        base = rig.folder.joinpath(spec.boot.path)
        before = base.read_bytes()
        await driver.create(spec)
        await driver.delete(spec.vm_id)
        assert await driver.inspect() == ()
        assert base.read_bytes() == before

    async def test_delete_ends_a_running_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.delete(info.vm_id)
        assert await driver.inspect(info.vm_id) == ()

    async def test_delete_twice(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        await driver.delete(spec.vm_id)
        await driver.delete(spec.vm_id)

    async def test_strangers_vms_are_not_seen_and_not_touched(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        stranger = rig.stranger()
        assert await stranger.inspect() == ()
        for attempt in (stranger.start, stranger.save, stranger.power_off, stranger.delete, stranger.pause):
            with contextlib.suppress(VmNotOurs, VmNotFound):
                await attempt(info.vm_id)
        assert await self._state(driver, info.vm_id) is VmState.RUNNING

    # --- start, pause, resume --------------------------------------------------------------------------------------

    async def test_start_runs_in_a_process(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        assert info.state is VmState.RUNNING
        assert info.pid is not None
        assert info.pid_started

    async def test_start_twice_is_one_process(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        again = await driver.start(info.vm_id)
        assert (again.pid, again.state) == (info.pid, VmState.RUNNING)

    async def test_two_starts_at_once_are_one_process(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        results = await asyncio.gather(driver.start(spec.vm_id), driver.start(spec.vm_id), return_exceptions=True)
        pids = {result.pid for result in results if isinstance(result, VmInfo)}
        assert len(pids) == 1
        assert await self._state(driver, spec.vm_id) is VmState.RUNNING

    async def test_pause_and_resume(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        assert (await driver.pause(info.vm_id)).state is VmState.PAUSED
        assert await self._state(driver, info.vm_id) is VmState.PAUSED
        assert (await driver.resume(info.vm_id)).state is VmState.RUNNING

    async def test_pause_and_resume_are_idempotent(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.resume(info.vm_id)
        await driver.pause(info.vm_id)
        await driver.pause(info.vm_id)
        await driver.resume(info.vm_id)
        assert await self._state(driver, info.vm_id) is VmState.RUNNING

    async def test_start_resumes_a_paused_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.pause(info.vm_id)
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    @pytest.mark.parametrize("command", ["pause", "resume", "save"])
    async def test_commands_that_need_a_running_vm(self, rig: Rig, driver: Driver, command: str) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        with pytest.raises(VmWrongState):
            await getattr(driver, command)(spec.vm_id)
        assert await self._state(driver, spec.vm_id) is VmState.POWERED_OFF

    async def test_start_with_its_disk_gone(self, rig: Rig, driver: Driver) -> None:
        spec = rig.spec(guest=False)
        base = rig.folder / "copy.raw"
        base.write_bytes(rig.folder.joinpath(spec.boot.path).read_bytes())
        spec = dataclasses.replace(spec, boot=BootDisk(str(base), DiskFormat.RAW))
        await driver.create(spec)
        base.unlink()
        with contextlib.suppress(T4TError):
            await driver.start(spec.vm_id)
            pytest.skip("this driver keeps no files")
        assert not (await self._state(driver, spec.vm_id)).alive

    # --- ending ----------------------------------------------------------------------------------------------------

    async def test_power_off(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        off = await driver.power_off(info.vm_id)
        assert (off.state, off.pid) == (VmState.POWERED_OFF, None)
        assert (await driver.power_off(info.vm_id)).state is VmState.POWERED_OFF

    async def test_power_off_a_paused_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.pause(info.vm_id)
        assert (await driver.power_off(info.vm_id)).state is VmState.POWERED_OFF

    async def test_shut_down_forces_a_deaf_guest_at_the_deadline(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        assert (await driver.shut_down(info.vm_id, deadline=1.0)).state is VmState.POWERED_OFF

    async def test_shut_down_by_the_power_button(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        await self._web(rig, driver, info.vm_id)
        assert (await driver.shut_down(info.vm_id, deadline=60.0)).state is VmState.POWERED_OFF

    async def test_it_starts_again_after_power_off(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.power_off(info.vm_id)
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    async def test_a_killed_process_is_seen_as_aborted(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await rig.kill_process(info)

        async def aborted() -> bool:
            return await self._state(driver, info.vm_id) is VmState.ABORTED

        await rig.eventually(aborted, seconds=2, what="the dead VM to be noticed")
        assert (await driver.inspect(info.vm_id))[0].pid is None

    async def test_an_aborted_vm_starts_again(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await rig.kill_process(info)

        async def dead() -> bool:
            return not (await self._state(driver, info.vm_id)).alive

        await rig.eventually(dead, seconds=5, what="the dead VM to be noticed")
        again = await driver.start(info.vm_id)
        assert again.state is VmState.RUNNING
        assert again.pid != info.pid

    # --- save and restore ------------------------------------------------------------------------------------------

    async def test_save_and_restore(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        saved = await driver.save(info.vm_id)
        assert (saved.state, saved.pid) == (VmState.SAVED, None)
        assert saved.saved_state_bytes > 0
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    async def test_save_a_paused_vm_and_save_twice(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.pause(info.vm_id)
        await driver.save(info.vm_id)
        assert (await driver.save(info.vm_id)).state is VmState.SAVED

    async def test_the_guest_goes_on_where_it_was(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        port = await self._web(rig, driver, info.vm_id)

        async def up_for_a_while() -> bool:
            return float(json.loads(await fetch(port) or b"{}").get("uptime", 0)) > 4

        await rig.eventually(up_for_a_while, seconds=60, what="some seconds of uptime")
        before = json.loads(await fetch(port) or b"{}")["uptime"]
        await driver.save(info.vm_id)
        await driver.start(info.vm_id)
        port = await self._web(rig, driver, info.vm_id)
        assert json.loads(await fetch(port) or b"{}")["uptime"] >= before - 1

    async def test_discard_state_boots_anew(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.save(info.vm_id)
        discarded = await driver.discard_state(info.vm_id)
        assert (discarded.state, discarded.saved_state_bytes) == (VmState.POWERED_OFF, 0)
        assert (await driver.discard_state(info.vm_id)).state is VmState.POWERED_OFF
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    async def test_power_off_keeps_a_saved_state(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.save(info.vm_id)
        assert (await driver.power_off(info.vm_id)).state is VmState.SAVED

    async def test_no_space_to_save_leaves_it_running(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        with rig.fill_disk():
            with pytest.raises(NotEnoughDisk):
                await driver.save(info.vm_id)
            assert await self._state(driver, info.vm_id) is VmState.RUNNING
        assert (await driver.save(info.vm_id)).state is VmState.SAVED

    async def test_a_ruined_state_is_reported_and_can_be_discarded(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.save(info.vm_id)
        await rig.ruin_saved_state(info.vm_id)
        with pytest.raises(StateUnreadable):
            await driver.start(info.vm_id)
        assert not (await self._state(driver, info.vm_id)).alive
        await driver.discard_state(info.vm_id)
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    # --- snapshots -------------------------------------------------------------------------------------------------

    async def test_a_snapshot_of_a_running_vm_leaves_it_running(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        info = await self._running(rig, driver)
        if Feature.SNAPSHOTS not in features:
            with pytest.raises(NotSupported):
                await driver.take_snapshot(info.vm_id, "one")
            return
        shot = await driver.take_snapshot(info.vm_id, "one")
        assert shot.name == "one"
        assert shot.size_bytes > 0
        assert await self._state(driver, info.vm_id) is VmState.RUNNING
        assert [s.name for s in await driver.snapshots(info.vm_id)] == ["one"]

    async def test_a_snapshot_of_a_paused_vm_leaves_it_paused(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.SNAPSHOTS not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver)
        await driver.pause(info.vm_id)
        await driver.take_snapshot(info.vm_id, "one")
        assert await self._state(driver, info.vm_id) is VmState.PAUSED

    async def test_a_snapshot_survives_a_kill(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.SNAPSHOTS not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver)
        await driver.take_snapshot(info.vm_id, "one")
        await rig.kill_process(info)

        async def dead() -> bool:
            return not (await self._state(driver, info.vm_id)).alive

        await rig.eventually(dead, seconds=5, what="the dead VM to be noticed")
        await driver.restore_snapshot(info.vm_id, "one")
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING

    async def test_snapshots_are_replaced_and_deleted(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.SNAPSHOTS not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver)
        for name in ("one", "two", "one"):
            await driver.take_snapshot(info.vm_id, name)
        assert [s.name for s in await driver.snapshots(info.vm_id)] == ["two", "one"]
        await driver.delete_snapshot(info.vm_id, "two")
        await driver.delete_snapshot(info.vm_id, "two")
        assert [s.name for s in await driver.snapshots(info.vm_id)] == ["one"]

    async def test_an_unknown_snapshot(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.SNAPSHOTS not in features:
            pytest.skip("declared")
        spec = rig.spec(guest=False)
        await driver.create(spec)
        with pytest.raises(SnapshotNotFound):
            await driver.restore_snapshot(spec.vm_id, "none")

    async def test_no_restoring_under_a_running_vm(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.SNAPSHOTS not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver)
        await driver.take_snapshot(info.vm_id, "one")
        with pytest.raises(VmWrongState):
            await driver.restore_snapshot(info.vm_id, "one")

    # --- ports -----------------------------------------------------------------------------------------------------

    async def test_the_web_port_answers_on_loopback(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        assert info.ports[0].host_port > 0
        port = await self._web(rig, driver, info.vm_id)
        assert await fetch(port) is not None

    async def test_a_taken_port_is_chosen_anew_at_the_first_start(self, rig: Rig, driver: Driver) -> None:
        async with _listener() as taken:
            info = await self._running(rig, driver, guest=True, ports=(PortForward(name="web", guest_port=80, host_port=taken),))
            assert info.ports[0].host_port not in {0, taken}
            assert await self._web(rig, driver, info.vm_id) != taken

    async def test_a_taken_port_is_chosen_anew_when_it_is_restored(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        port = await self._web(rig, driver, info.vm_id)
        await driver.save(info.vm_id)
        async with _listener(port):
            again = await driver.start(info.vm_id)
            assert again.ports[0].host_port not in {0, port}
            await self._web(rig, driver, info.vm_id)

    async def test_ports_change_while_it_runs(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        first = await self._web(rig, driver, info.vm_id)
        changed = await driver.reconfigure(info.vm_id, VmChange(ports=(PortForward(name="other", guest_port=80),)))
        assert [p.name for p in changed.ports] == ["other"]
        assert await self._web(rig, driver, info.vm_id) == changed.ports[0].host_port
        if changed.ports[0].host_port != first:
            assert await fetch(first, seconds=1) is None

    async def test_the_web_answers_again_after_pause_and_resume(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver, guest=True)
        await self._web(rig, driver, info.vm_id)
        await driver.pause(info.vm_id)
        await driver.resume(info.vm_id)
        await self._web(rig, driver, info.vm_id)

    # --- changes ---------------------------------------------------------------------------------------------------

    async def test_the_cap_changes_while_it_runs(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        info = await self._running(rig, driver)
        if Feature.CAP not in features:
            with pytest.raises(NotSupported):
                await driver.reconfigure(info.vm_id, VmChange(cap_percent=50))
            return
        assert (await driver.reconfigure(info.vm_id, VmChange(cap_percent=50))).cap_percent == 50
        assert await self._state(driver, info.vm_id) is VmState.RUNNING
        assert (await driver.reconfigure(info.vm_id, VmChange(cap_percent=100))).cap_percent == 100

    async def test_a_capped_vm_pauses_for_good(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.CAP not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver, cap_percent=30)
        await driver.pause(info.vm_id)
        before = (await driver.inspect(info.vm_id))[0].cpu_seconds
        assert await self._state(driver, info.vm_id) is VmState.PAUSED
        await driver.resume(info.vm_id)

        async def works() -> bool:
            return (await driver.inspect(info.vm_id))[0].cpu_seconds > before

        await rig.eventually(works, seconds=10, what="it to work again")

    async def test_memory_and_cores_change_when_powered_off(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        cores = 2 if Feature.MULTI_CORE in features else 1
        changed = await driver.reconfigure(spec.vm_id, VmChange(memory_mib=spec.memory_mib + 64, cores=cores))
        assert (changed.memory_mib, changed.cores) == (spec.memory_mib + 64, cores)
        assert (await driver.start(spec.vm_id)).state is VmState.RUNNING

    async def test_memory_does_not_change_under_a_running_or_saved_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        with pytest.raises(VmWrongState):
            await driver.reconfigure(info.vm_id, VmChange(memory_mib=512))
        await driver.save(info.vm_id)
        with pytest.raises(VmWrongState):
            await driver.reconfigure(info.vm_id, VmChange(cores=2))

    async def test_the_guest_has_the_cores_and_memory_it_was_given(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        cores = 2 if Feature.MULTI_CORE in features else 1
        info = await self._running(rig, driver, guest=True, cores=cores, memory_mib=320)
        port = await self._web(rig, driver, info.vm_id)

        async def told() -> bool:
            return bool(json.loads(await fetch(port, "/machine.json") or b"{}").get("cores"))

        if (await driver.probe()).hypervisor == "fake":
            assert (info.cores, info.memory_mib) == (cores, 320)
            return
        await rig.eventually(told, seconds=60, what="machine.json")
        machine = json.loads(await fetch(port, "/machine.json") or b"{}")
        assert machine["cores"] == cores
        assert 200 < machine["memory_mib"] <= 320

    async def test_an_unplugged_cable_cuts_the_web(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.LINK not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver, guest=True)
        port = await self._web(rig, driver, info.vm_id)
        assert (await driver.reconfigure(info.vm_id, VmChange(link_up=False))).link_up is False
        assert await fetch(port, seconds=1.5) is None
        await driver.reconfigure(info.vm_id, VmChange(link_up=True))
        await self._web(rig, driver, info.vm_id)

    # --- what host and guest exchange ------------------------------------------------------------------------------

    async def test_the_shared_folder_carries_files_out(self, rig: Rig, driver: Driver) -> None:
        share = rig.folder / "shared"
        share.mkdir()
        await self._running(rig, driver, guest=True, shares=(Share("shared", str(share)),))

        async def beats() -> bool:
            return (share / "heartbeat").exists()

        await rig.eventually(beats, seconds=90, what="the heartbeat")  # one is due after 60 s, by the guest's clock

    async def test_the_shared_folder_carries_files_in(self, rig: Rig, driver: Driver) -> None:
        share = rig.folder / "shared"
        share.mkdir()
        await self._running(rig, driver, guest=True, shares=(Share("shared", str(share)),))
        (share / "input").write_text("boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1\n")

        async def answered() -> bool:
            return (share / "shutdown").exists()

        await rig.eventually(answered, seconds=3600 if rig.driver().__class__.__name__ == "FakeHypervisor" else 90, what="the completion file")

    async def test_a_guest_that_powers_off_by_itself(self, rig: Rig, driver: Driver) -> None:
        share = rig.folder / "shared"
        share.mkdir()
        (share / "input").write_text("boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1\n")
        info = await self._running(rig, driver, guest=True, shares=(Share("shared", str(share)),))

        async def off() -> bool:
            return await self._state(driver, info.vm_id) is VmState.POWERED_OFF

        await rig.eventually(off, seconds=3600, what="the guest to power off")
        assert (share / "shutdown").exists()

    async def test_boot_from_iso(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        spec = rig.iso_spec()
        if Feature.BOOT_ISO not in features:
            with pytest.raises(NotSupported):
                await driver.create(spec)
            return
        await driver.create(spec)
        await driver.start(spec.vm_id)
        await self._web(rig, driver, spec.vm_id)

    async def test_console_log(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        if Feature.CONSOLE_LOG not in features:
            pytest.skip("declared")
        info = await self._running(rig, driver, guest=True)
        await self._web(rig, driver, info.vm_id)
        log = (await driver.inspect(info.vm_id))[0].console_log
        assert log is not None
        assert rig.folder.joinpath(log).stat().st_size > 0

    async def test_screenshot(self, rig: Rig, driver: Driver, features: frozenset[Feature]) -> None:
        info = await self._running(rig, driver)
        if Feature.SCREENSHOT not in features:
            with pytest.raises(NotSupported):
                await driver.screenshot(info.vm_id)
            return
        assert (await driver.screenshot(info.vm_id)).startswith(b"\x89PNG\r\n\x1a\n")
        await driver.power_off(info.vm_id)
        with pytest.raises(VmWrongState):
            await driver.screenshot(info.vm_id)

    # --- watching, adopting, cancelling ----------------------------------------------------------------------------

    async def test_watch_tells_what_is_and_what_changes(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        seen: list[VmEvent] = []

        async def listen() -> None:
            async for event in driver.watch():
                seen.append(event)  # noqa: PERF401 - it never ends

        listening = asyncio.create_task(listen())

        def saw(state: VmState) -> Callable[[], Awaitable[bool]]:
            async def check() -> bool:
                return VmEvent(vm_id=info.vm_id, state=state) in seen

            return check

        await rig.eventually(saw(VmState.RUNNING), seconds=10, what="the present state")
        await driver.pause(info.vm_id)
        await rig.eventually(saw(VmState.PAUSED), seconds=5, what="the pause")
        await rig.kill_process(info)
        await rig.eventually(saw(VmState.ABORTED), seconds=2, what="the death of the VM")
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)

    async def test_watch_ends_with_close(self, rig: Rig) -> None:
        driver = rig.driver()
        await driver.inspect()

        async def listen() -> None:
            async for _ in driver.watch():
                pass

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        await driver.close()
        async with asyncio.timeout(15):
            await asyncio.gather(listening, return_exceptions=True)

    async def test_a_new_driver_adopts_a_running_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.close()
        heir = rig.driver()
        adopted = (await heir.inspect(info.vm_id))[0]
        assert (adopted.state, adopted.pid, adopted.pid_started) == (VmState.RUNNING, info.pid, info.pid_started)
        assert (await heir.pause(info.vm_id)).state is VmState.PAUSED
        assert (await heir.save(info.vm_id)).state is VmState.SAVED

    async def test_a_new_driver_finds_a_saved_vm(self, rig: Rig, driver: Driver) -> None:
        info = await self._running(rig, driver)
        await driver.save(info.vm_id)
        await driver.close()
        heir = rig.driver()
        assert await self._state(heir, info.vm_id) is VmState.SAVED
        assert (await heir.start(info.vm_id)).state is VmState.RUNNING

    @pytest.mark.parametrize("command", ["start", "save"])
    async def test_a_cancelled_command_can_be_made_again(self, rig: Rig, driver: Driver, command: str) -> None:
        spec = rig.spec(guest=False)
        await driver.create(spec)
        if command == "save":
            await driver.start(spec.vm_id)
        task = asyncio.create_task(getattr(driver, command)(spec.vm_id))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        async def settled() -> bool:
            return (await self._state(driver, spec.vm_id)).settled

        await rig.eventually(settled, seconds=30, what="a settled state")
        state = await self._state(driver, spec.vm_id)
        wanted = {"start": VmState.RUNNING, "save": VmState.SAVED}[command]
        if state is not wanted:
            assert (await getattr(driver, command)(spec.vm_id)).state is wanted

    async def test_two_vms_side_by_side(self, rig: Rig, driver: Driver) -> None:
        first = await self._running(rig, driver)
        second = await self._running(rig, driver)
        assert first.vm_id != second.vm_id
        assert first.pid != second.pid
        await driver.pause(first.vm_id)
        assert await self._state(driver, second.vm_id) is VmState.RUNNING
        assert {info.vm_id for info in await driver.inspect()} == {first.vm_id, second.vm_id}


@contextlib.asynccontextmanager
async def _listener(port: int = 0) -> AsyncIterator[int]:
    """Something else that has a loopback port."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def new_id() -> VmId:
    """A VM id that nobody has."""
    return VmId(str(uuid.uuid4()))
