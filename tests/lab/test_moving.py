"""Machines that are moved to another disk, on real VirtualBox by both roads: the same machines, the same media, no second entry in its registry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from support.virtualbox_rig import ROADS, VirtualBoxRig, vboxmanage
from t4t.domain.vm import VmState
from t4t.storage import moving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(280)]


async def media(rig: VirtualBoxRig) -> list[str]:
    """Where VirtualBox believes the disks of this data folder's machines to be."""
    listed = await vboxmanage("list", "-l", "hdds")
    return sorted(path for path in re.findall(r"^Location:\s+(.*)$", listed, re.MULTILINE) if str(rig.folder) in path)


def move(rig: VirtualBoxRig, to: Path) -> None:
    def plenty(_folder: Path, _mib: int) -> None:
        """There is room."""

    def quiet(_done: int, _size: int) -> None:
        """Nobody looks on."""

    moving.move(rig.data, to, check_room=plenty, tell=quiet)


@pytest.mark.parametrize("road", ROADS)
async def test_there_and_back(tmp_path: Path, appliance_dir: Path, road: str) -> None:
    rig = VirtualBoxRig(tmp_path, appliance_dir, ROADS[road])
    disk = tmp_path / "disk"
    disk.mkdir()
    spec = rig.spec(guest=False)
    vm = spec.vm_id
    try:
        driver = rig.driver()
        await driver.create(spec)
        await driver.start(vm)
        await driver.take_snapshot(vm, "before")
        assert (await driver.save(vm)).state is VmState.SAVED
        await driver.close()
        before = await media(rig)
        assert before

        for place in (disk, rig.data):
            move(rig, place)
            driver = rig.driver()
            (found,) = await driver.inspect()
            assert (found.vm_id, found.state) == (vm, VmState.SAVED)
            assert (await driver.start(vm)).state is VmState.RUNNING
            assert await media(rig) == before  # as ever, and each once
            assert [one.name for one in await driver.snapshots(vm)] == ["before"]
            assert (await driver.save(vm)).state is VmState.SAVED
            await driver.close()
        assert list(disk.iterdir()) == []

        move(rig, disk)
        driver = rig.driver()
        await driver.restore_snapshot(vm, "before")
        await driver.delete(vm)
        assert await driver.inspect() == ()
        assert await media(rig) == []
        assert not list(disk.rglob("*.vdi"))
    finally:
        await rig.close()
