"""The road through VBoxManage: which commands it gives, and what it makes of recorded answers."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support import vboxmanage_double as double
from support.road_double import RoadDouble
from t4t.domain.errors import CommandFailed, HypervisorBroken, HypervisorMissing, VmNotFound, VmWrongState
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmId, VmSpec, VmState
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import locate
from t4t.hypervisor.virtualbox.manage import ManageRoad
from t4t.hypervisor.virtualbox.options import Choices
from t4t.hypervisor.virtualbox.road import Road
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import Attachment
from unit.virtualbox.recorded import recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

VM = VmId("0f4a1e1c-2b9a-4f1e-9b43-111111111111")
SPEC = VmSpec(vm_id=VM, name="vm", boot=BootDisk("/base.vdi", DiskFormat.VDI))
WEB = PortForward(name="web", guest_port=80, host_port=8080)


def answer(case: str) -> dict[str, Any]:
    found = recorded(case)
    return {"status": found.status, "out": found.out, "err": found.err}


async def road(folder: Path, *plan: dict[str, Any]) -> ManageRoad:
    """A road that is open, on a program that answers so."""
    around = locate.Surroundings(platform=sys.platform, environment={}, home=folder, root=folder)
    made = ManageRoad(clock=RealClock(), search=double.install(folder, answer("version-libdir"), *plan), around=around)
    assert await made.open() >= Version(7, 2)
    return made


def commands(folder: Path) -> list[str]:
    """What was called after the version."""
    return [" ".join(call["args"]) for call in double.calls(folder)[1:]]


async def test_it_must_be_there_and_open(tmp_path: Path) -> None:
    around = locate.Surroundings(platform=sys.platform, environment={}, home=tmp_path, root=tmp_path)
    made = ManageRoad(clock=RealClock(), around=around)
    with pytest.raises(HypervisorMissing):
        await made.open()
    with pytest.raises(HypervisorBroken):
        await made.registered()
    assert made.replay() == ()
    assert (made.name, made.look_seconds) == ("vboxmanage", 120.0)


async def test_opening_twice_asks_once(tmp_path: Path) -> None:
    made = await road(tmp_path)
    await made.open()
    assert len(double.calls(tmp_path)) == 1


CALLS: list[tuple[Callable[[ManageRoad], Awaitable[object]], list[str]]] = [
    (lambda r: r.introduce(SPEC, "/b"), [f"storageattach {VM} --storagectl Disks --port 0 --device 0 --type hdd --medium {one}" for one in ("/b", "none")]),
    (lambda r: r.attach_base(SPEC, "/b"), [f"storageattach {VM} --storagectl Disks --port 0 --device 0 --type hdd --medium /b --mtype multiattach"]),
    (
        lambda r: r.detach(VM, Attachment(controller="Disks", port=1, device=0, path="/x")),
        [f"storageattach {VM} --storagectl Disks --port 1 --device 0 --medium none"],
    ),
    (lambda r: r.close_medium("/b"), ["closemedium disk /b"]),
    (lambda r: r.close_medium("/b", delete=True), ["closemedium disk /b --delete"]),
    (lambda r: r.convert_raw("/a", "/b", "u"), ["convertfromraw /a /b --format VDI --uuid u"]),
    (lambda r: r.unregister(VM), [f"unregistervm {VM} --delete"]),
    (
        lambda r: r.shape(VM, 64),
        [f"bandwidthctl {VM} add t4t-0f4a1e1c --type network --limit 64K", f"modifyvm {VM} --nic-bandwidth-group1 t4t-0f4a1e1c"],
    ),
    (lambda r: r.set_resources(VM, cores=2), [f"modifyvm {VM} --cpus 2"]),
    (lambda r: r.share(VM, Share("s", "/h")), [f"sharedfolder add {VM} --name s --hostpath /h"]),
    (lambda r: r.unshare(VM, "s"), [f"sharedfolder remove {VM} --name s"]),
    (lambda r: r.discard(VM), [f"discardstate {VM}"]),
    (lambda r: r.start(VM), [f"startvm {VM} --type headless"]),
    (lambda r: r.set_cap(VM, 50, live=True), [f"controlvm {VM} cpuexecutioncap 50"]),
    (lambda r: r.set_cap(VM, 50, live=False), [f"modifyvm {VM} --cpu-execution-cap 50"]),
    (lambda r: r.set_link(VM, up=False, live=True), [f"controlvm {VM} setlinkstate1 off"]),
    (lambda r: r.set_link(VM, up=True, live=False), [f"modifyvm {VM} --cable-connected1 on"]),
    (lambda r: r.set_bandwidth(VM, 0), [f"bandwidthctl {VM} set t4t-0f4a1e1c --limit 0"]),
    (lambda r: r.forward(VM, [WEB], live=True), [f"controlvm {VM} natpf1 web,tcp,127.0.0.1,8080,,80"]),
    (lambda r: r.forward(VM, [WEB], live=False), [f"modifyvm {VM} --nat-pf1 web,tcp,127.0.0.1,8080,,80"]),
    (lambda r: r.unforward(VM, ["a", "b"], live=True), [f"controlvm {VM} natpf1 delete a", f"controlvm {VM} natpf1 delete b"]),
    (lambda r: r.unforward(VM, ["a"], live=False), [f"modifyvm {VM} --nat-pf1 delete a"]),
    (lambda r: r.pause(VM), [f"controlvm {VM} pause"]),
    (lambda r: r.resume(VM), [f"controlvm {VM} resume"]),
    (lambda r: r.save(VM), [f"controlvm {VM} savestate"]),
    (lambda r: r.power_off(VM), [f"controlvm {VM} poweroff"]),
    (lambda r: r.press_button(VM), [f"controlvm {VM} acpipowerbutton"]),
    (lambda r: r.restore_snapshot(VM, "u"), [f"snapshot {VM} restore u"]),
    (lambda r: r.delete_snapshot(VM, "u"), [f"snapshot {VM} delete u"]),
]


@pytest.mark.parametrize(("call", "wanted"), CALLS, ids=[wanted[0].replace(VM, "VM") for _, wanted in CALLS])
async def test_commands(tmp_path: Path, call: Callable[[ManageRoad], Awaitable[object]], wanted: list[str]) -> None:
    made = await road(tmp_path, {})
    await call(made)
    assert commands(tmp_path) == wanted
    assert [" ".join(one.arguments) for one in made.replay()] == wanted


async def test_a_usual_vm_is_there_after_five_calls(tmp_path: Path) -> None:
    made = await road(tmp_path, {})
    spec = VmSpec(vm_id=VM, name="vm", boot=SPEC.boot, memory_mib=512, ports=(WEB,))
    await made.create(spec, Choices(version=Version(7, 2, 22), base_folder="/data", owner="me", shaping=True))
    await made.attach_base(spec, "/base.vdi")
    await made.start(VM)
    assert [line.split()[0] for line in commands(tmp_path)] == ["createvm", "modifyvm", "storagectl", "storageattach", "startvm"]


async def test_recorded_looks(tmp_path: Path) -> None:
    made = await road(
        tmp_path, answer("list-vms"), answer("showvminfo-paused"), answer("list-hdds-multiattach"), {"out": "Value: me\n"}, answer("getextradata-unset")
    )
    assert [one.name for one in await made.registered()] == ["g1"]
    assert (await made.machine(VM)).state is VmState.PAUSED
    assert [one.multiattach for one in await made.media()] == [True, False, False]
    assert [await made.extra(VM, "k") is None for _ in range(2)] == [False, True]  # noqa: S610 - no database here
    assert commands(tmp_path) == ["list vms", f"showvminfo {VM} --machinereadable", "list hdds --long", f"getextradata {VM} k", f"getextradata {VM} k"]


async def test_recorded_refusals(tmp_path: Path) -> None:
    made = await road(
        tmp_path, answer("showvminfo-unknown-vm"), answer("controlvm-pause-already-paused"), answer("discardstate-no-state"), answer("snapshot-take-poweroff")
    )
    with pytest.raises(VmNotFound):
        await made.machine(VM)
    with pytest.raises(VmWrongState):
        await made.pause(VM)
    with pytest.raises(VmWrongState):
        await made.discard(VM)  # with status 0
    assert len(await made.take_snapshot(VM, "one")) == 36


async def test_a_vm_whose_settings_can_not_be_read_is_removed_without_them(tmp_path: Path) -> None:
    made = await road(tmp_path, answer("showvminfo-inaccessible-uuid"), {})
    await made.unregister(VM)
    assert commands(tmp_path) == [f"unregistervm {VM} --delete", f"unregistervm {VM}"]


async def test_another_refusal_to_unregister_is_told(tmp_path: Path) -> None:
    made = await road(tmp_path, answer("controlvm-poweroff-while-restoring"))
    with pytest.raises(VmWrongState):
        await made.unregister(VM)


async def test_a_screenshot_that_was_not_written(tmp_path: Path) -> None:
    made = await road(tmp_path, {})
    with pytest.raises(CommandFailed):
        await made.screenshot(VM)
    assert commands(tmp_path)[0].startswith(f"controlvm {VM} screenshotpng /")


async def test_it_is_told_of_nothing(tmp_path: Path) -> None:
    made = await road(tmp_path)

    async def listen() -> list[VmId | None]:
        return [vm async for vm in made.changes()]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    assert not listening.done()
    await made.close()
    assert await listening == []


async def test_the_home_is_not_known_without_vboxsvc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await road(tmp_path)
    monkeypatch.setattr("t4t.hypervisor.virtualbox.processes.find_server", lambda: None)
    assert await made.home() is None


def test_each_road_has_all_that_the_driver_asks_for() -> None:
    wanted = {name for name in vars(Road) if not name.startswith("_")}
    for kind in (ManageRoad, RoadDouble):
        assert wanted <= set(vars(kind)), kind
