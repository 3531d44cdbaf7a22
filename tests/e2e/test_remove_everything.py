"""``t4t remove-everything`` as a volunteer's shell runs it: beside an agent, and with a real machine that runs."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import psutil
import pytest

from contract.hypervisor_contract import new_id
from support.agent_shell import agent_on
from support.command_line import t4t
from support.task_folders import boot_sector
from t4t.bootstrap.machines import owner
from t4t.domain.vm import BootDisk, DiskFormat, VmSpec, VmState
from t4t.hypervisor.qemu.driver import QemuDriver

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_an_agent_ends_and_all_it_made_is_ours(tmp_path: Path) -> None:
    with agent_on(tmp_path, tmp_path) as shell:
        agent = shell.start("--hypervisor", "fake")
        assert shell.ask("settings", "set", "resources.cap_percent=40").status == 0
        assert shell.ask("autostart", "on").status == 0
        listed = shell.ask("remove-everything", "--show")
        assert json.loads(listed.out)["not_ours"] == [], "each name that the program makes is in the tables"
        assert agent.poll() is None
        done = shell.ask("remove-everything", "--yes", "--keep", "settings")
        assert done.status == 0, done.err
        assert agent.wait(30) == 0
        assert [path.name for path in sorted(shell.data.iterdir())] == ["settings.history.json", "settings.toml"]
        assert not list((tmp_path / "config").rglob("*.desktop"))


@pytest.mark.qemu
def test_a_machine_that_runs_goes_with_its_disk(tmp_path: Path) -> None:
    data, disk = tmp_path / "data", tmp_path / "spin.raw"
    data.mkdir()
    disk.write_bytes(boot_sector())
    spec = VmSpec(vm_id=new_id(), name="t4t-removed", boot=BootDisk(str(disk), DiskFormat.RAW), memory_mib=64)

    async def begin() -> None:
        driver = QemuDriver(data, owner=owner(data))
        await driver.create(spec)
        assert (await driver.start(spec.vm_id)).state is VmState.RUNNING
        await driver.close()  # it goes on

    asyncio.run(begin())
    assert _machines(spec)
    done = t4t("remove-everything", "--yes", data=data)
    assert done.status == 0, done.err
    assert list(data.iterdir()) == [], "somebody chose the folder itself"
    assert disk.exists(), "an image that is not ours"
    assert not _machines(spec)


def _machines(spec: VmSpec) -> list[int]:
    return [process.pid for process in psutil.process_iter(["cmdline"]) if any(spec.vm_id in word for word in process.info["cmdline"] or ())]
