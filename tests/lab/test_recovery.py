"""The engine's recovery ladder on real VirtualBox: the agent's engine in this process, machines that halt at once, everything else as it is for a volunteer."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
from typing import TYPE_CHECKING

import pytest

from support.agent_in_process import shows
from support.qemu_rig import kill_and_wait
from support.task_folders import boot_sector, make_task
from support.virtualbox_rig import api_road
from t4t.domain.policy import Settings
from t4t.domain.vm import VmId, VmState
from t4t.engine.engine import Engine
from t4t.engine.folder import Wishes
from t4t.engine.observer import LIVELY
from t4t.engine.parts import Parts
from t4t.engine.source import Spool
from t4t.host.clock import RealClock
from t4t.host.folder_watch import NoFolderWatch
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.domain.session import SessionView

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(280)]

RUNNING, SAVED = VmState.RUNNING, VmState.SAVED
WITHOUT_A_GUEST = ("pf_guest_port", "heartbeat_filename", "completion_trigger_file", "fraction_done_filename")
HALTS = boot_sector(b"\xf4\xeb\xfd")


class Agent:
    """One data folder with one task; an agent on it, as often as it is started."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.source = Spool(self.data)
        self.source.make()
        self.task = make_task(self.data / "tasks" / "a", image=HALTS, changes=dict.fromkeys(WITHOUT_A_GUEST))
        self.told: list[str] = []
        self.lost_s = 0.0

    @contextlib.asynccontextmanager
    async def running(self, *, crashes: bool = False) -> AsyncIterator[Engine]:
        """From its start to its end; ``crashes``: without a word to anybody, the machine runs on."""
        clock = RealClock()
        state = State(self.data, now=clock.wall)
        driver = VirtualBoxDriver(self.data, owner="recovery", road=api_road(), clock=clock, background=False, stall_seconds=8.0)
        engine = Engine(
            Parts(
                driver=driver,
                source=self.source,
                state=state,
                clock=clock,
                settings=Settings(checkpoint_s=math.inf, min_free_bytes=0),
                wishes=Wishes(),
                data_dir=self.data,
                free_bytes=lambda: None,
                folder_watch=NoFolderWatch(),
                pace=LIVELY,
            )
        )
        agent = asyncio.create_task(engine.run())
        try:
            await engine.ready()
            yield engine
            if not crashes:
                engine.quit()
                await agent
        finally:
            agent.cancel()
            await asyncio.gather(agent, return_exceptions=True)
            lines = engine.timeline(1000)
            self.told = [f"{line.what} {line.detail}" if line.what == "recovered" else line.what for line in lines]
            self.lost_s = sum(line.lost_s for line in lines)
            await driver.close()
            state.close()

    async def remove(self) -> None:
        driver = VirtualBoxDriver(self.data, owner="recovery", road=api_road(), clock=RealClock(), background=False)
        for info in await driver.inspect():
            await driver.delete(info.vm_id)
        await driver.close()

    def machine(self) -> VmId:
        (record,) = (self.data / "vms").glob("*/vm.json")
        return VmId(record.parent.name)

    def pid(self) -> int:
        found = processes.find_vm(self.machine())
        assert found is not None
        return found.pid

    def own_disks(self) -> list[Path]:
        """The layers that the machine writes, and its snapshots'."""
        return [path for path in (self.data / "vms" / self.machine()).rglob("*.vdi") if path.is_file()]


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    made = Agent(tmp_path)
    yield made
    await made.remove()


def works(view: SessionView) -> bool:
    """It runs, and some seconds of its work are counted."""
    return bool(view.tasks) and view.tasks[0].vm is RUNNING and view.tasks[0].elapsed_s > 2


async def until_it_works(engine: Engine) -> SessionView:
    return await shows(engine, works)


async def test_a_crash_and_an_adoption_a_death_and_a_checkpoint(agent: Agent) -> None:
    """The agent dies: its machine runs on and is ours again. The machine dies: back to the checkpoint, or booted anew, and what was lost is told."""
    async with agent.running(crashes=True) as engine:
        await until_it_works(engine)
    pid = agent.pid()
    async with agent.running() as engine:
        await shows(engine, works)
        assert agent.pid() == pid
        await asyncio.to_thread(os.kill, pid, 9)
        await shows(engine, lambda view: works(view) and view.tasks[0].lost_s > 0)
        lost = engine.view.tasks[0].lost_s

        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
        await kill_and_wait(agent.pid())
        await shows(engine, lambda view: works(view) and view.tasks[0].lost_s > lost and view.tasks[0].restarts == 2)
    assert "adopted" in agent.told
    assert [line for line in agent.told if line.startswith("recovered")] == ["recovered boot", "recovered checkpoint"]
    assert agent.lost_s > 0
    assert agent.told[-1] == "saved"


async def test_a_cut_state_then_the_checkpoint_then_a_boot(agent: Agent) -> None:
    async with agent.running() as engine:
        await until_it_works(engine)
        await engine.checkpoint()
        await shows(engine, lambda view: view.tasks[0].checkpoints == 1)
    folder = agent.data / "vms" / agent.machine()
    newest, *_ = sorted(folder.glob("*/Snapshots/*.sav"), key=lambda path: -path.stat().st_mtime)
    os.truncate(newest, newest.stat().st_size // 3)
    async with agent.running() as engine:
        await shows(engine, lambda view: works(view) and view.tasks[0].restarts >= 1)
    found = [line for line in agent.told if line.startswith(("state_discarded", "recovered"))]
    assert found == ["state_discarded", "recovered checkpoint"]

    for state in folder.glob("*/Snapshots/*.sav"):
        os.truncate(state, state.stat().st_size // 3)
    async with agent.running() as engine:
        await shows(engine, lambda view: works(view) and view.tasks[0].restarts >= 3)
    found = [line for line in agent.told if line.startswith(("state_discarded", "recovered"))][2:]
    assert found[-1] == "recovered boot"
    assert "state_discarded" in found


async def test_its_own_disk_removed_and_the_image_moved(agent: Agent) -> None:
    async with agent.running() as engine:
        await until_it_works(engine)
    first = agent.own_disks()
    assert first
    for disk in first:
        disk.unlink()
    async with agent.running() as engine:
        await shows(engine, lambda view: works(view) and view.tasks[0].lost_s > 0)
    assert "recovered new" in agent.told
    assert agent.told.count("created") == 2

    image = agent.task / "vm_image.raw"
    image.rename(agent.task.parent.parent / "moved.raw")
    lost = agent.lost_s
    async with agent.running() as engine:
        await shows(engine, lambda view: bool(view.notices))
        (agent.task.parent.parent / "moved.raw").rename(image)
        await engine.resume()
        await until_it_works(engine)
    assert agent.lost_s == lost, "nothing was thrown away meanwhile"


async def test_vboxsvc_killed_under_a_machine_that_runs(agent: Agent) -> None:
    """It runs on, cut off from everybody: it can't be saved. The agent ends all the same and leaves no process on the disk; the next one goes on."""
    async with agent.running() as engine:
        await until_it_works(engine)
        server = processes.find_server()
        assert server is not None
        await kill_and_wait(server.pid)
        await asyncio.sleep(0)
    assert processes.find_vm(agent.machine()) is None
    async with agent.running() as engine:
        await until_it_works(engine)
    assert agent.told[-1] == "saved"
