"""The API road on real VirtualBox for Windows, as far as a VM need not run: a hosted runner has no hardware virtualization to lend. Never run by us."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import CommandFailed, MediumMissing, SnapshotNotFound, VmExists, VmNotFound
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmId, VmSpec, VmState
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import options
from t4t.hypervisor.virtualbox.api.road import ApiRoad
from t4t.hypervisor.virtualbox.manage import ManageRoad
from t4t.hypervisor.virtualbox.options import Choices

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.hypervisor.virtualbox.road import Road

pytestmark = pytest.mark.windows_virtualbox


@pytest.fixture(params=["api", "vboxmanage"])
async def road(request: pytest.FixtureRequest) -> AsyncIterator[Road]:
    """Both, so that a failure of the runner's VirtualBox is not taken for one of the API."""
    made: Road = ApiRoad(clock=RealClock()) if request.param == "api" else ManageRoad(clock=RealClock())
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def spec(road: Road, tmp_path: Path) -> AsyncIterator[VmSpec]:
    (tmp_path / "share").mkdir()
    made = VmSpec(
        vm_id=VmId(str(uuid.uuid4())),
        name=f"vm-{uuid.uuid4().hex[:8]}",
        boot=BootDisk("C:\\nothing.vdi", DiskFormat.VDI),
        memory_mib=64,
        ports=(PortForward(name="web", guest_port=80, host_port=18080),),
        shares=(Share("shared", str(tmp_path / "share")),),
        cache_disk_mib=8,
    )
    await road.create(made, choices(await road.open(), tmp_path))
    yield made
    await road.unregister(made.vm_id)


def choices(version: object, folder: Path) -> Choices:
    return Choices(version=version, base_folder=str(folder / "vms"), owner="windows", cache_disk=str(folder / "cache.vdi"), shaping=True)  # type: ignore[arg-type] # the road's own


async def test_a_vm_is_made_and_seen(road: Road, spec: VmSpec) -> None:
    seen = await road.machine(spec.vm_id)
    assert seen.state is VmState.POWERED_OFF
    assert (seen.name, seen.memory_mib, seen.session) == (spec.name, 64, "")
    assert [rule.forward for rule in seen.rules] == list(spec.ports)
    assert [share.name for share in seen.shares] == ["shared"]
    assert options.owner_in(seen.description) == "windows"
    assert any(one.vm_id == spec.vm_id for one in await road.registered())
    assert any(one.used_by == (spec.vm_id,) for one in await road.media())


async def test_settings_change(road: Road, spec: VmSpec) -> None:
    await road.set_resources(spec.vm_id, cores=2, memory_mib=96)
    await road.set_cap(spec.vm_id, 30, live=False)
    await road.set_link(spec.vm_id, up=False, live=False)
    await road.unforward(spec.vm_id, ["web"], live=False)
    await road.unshare(spec.vm_id, "shared")
    seen = await road.machine(spec.vm_id)
    assert (seen.cores, seen.memory_mib, seen.cap_percent, seen.link_up, seen.rules, seen.shares) == (2, 96, 30, False, (), ())


async def test_snapshots_of_a_vm_that_is_off(road: Road, spec: VmSpec) -> None:
    taken = await road.take_snapshot(spec.vm_id, "one")
    assert [one.uuid for one in (await road.machine(spec.vm_id)).snapshots] == [taken]
    await road.restore_snapshot(spec.vm_id, taken)
    await road.delete_snapshot(spec.vm_id, taken)
    with pytest.raises((SnapshotNotFound, CommandFailed)):
        await road.delete_snapshot(spec.vm_id, taken)


async def test_refusals_have_their_names(road: Road, spec: VmSpec, tmp_path: Path) -> None:
    with pytest.raises(VmNotFound):
        await road.machine(VmId(str(uuid.uuid4())))
    with pytest.raises((VmExists, CommandFailed)):
        await road.create(spec, choices(await road.open(), tmp_path))
    with pytest.raises(MediumMissing):
        await road.attach_base(spec, str(tmp_path / "nothing.vdi"))


async def test_changes_are_heard(spec: VmSpec, tmp_path: Path) -> None:
    """Only the API is told."""
    road = ApiRoad(clock=RealClock())
    await road.open()
    first = asyncio.ensure_future(anext(road.changes()))
    await asyncio.sleep(0)
    other = VmSpec(vm_id=VmId(str(uuid.uuid4())), name="heard", boot=spec.boot, memory_mib=64)
    await road.create(other, choices(await road.open(), tmp_path / "other"))
    async with asyncio.timeout(10):
        assert await first == other.vm_id
    await road.unregister(other.vm_id)
    await road.close()
