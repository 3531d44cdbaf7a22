"""The computer stays pleasant: a real X server, a real QEMU machine that computes without end, the real sensors, and the engine between them."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from support.agent_in_process import InProcess, shows
from support.desktop import x_server
from t4t.bootstrap.senses import Senses
from t4t.domain.policy import Level, Settings
from t4t.domain.settings.tree import Response, When
from t4t.domain.vm import VmState
from t4t.host.sensing.programs import Programs
from t4t.hypervisor.qemu import QemuDriver

if sys.platform != "linux":
    pytest.skip("a real X server", allow_module_level=True)

from support.x_user import XUser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.engine.engine import Engine

pytestmark = [pytest.mark.qemu, pytest.mark.tray, pytest.mark.timeout(120)]

AWAY_MIN = 0.05
"""Three seconds: no setting allows so little, and a test should not wait for a minute."""
NEVER_BUSY = When(away_after_min=AWAY_MIN, busy_slow_percent=0, busy_pause_percent=0, hot_slow_c=0, hot_pause_c=0)
"""What else this computer does while it tests is not the question."""


@contextlib.asynccontextmanager
async def at_work(folder: Path, monkeypatch: pytest.MonkeyPatch, when: When) -> AsyncIterator[tuple[InProcess, Engine, XUser]]:
    """An agent whose machine computes, and somebody at the screen who has not touched anything for a while."""
    for name in ("WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    async with x_server() as display:
        monkeypatch.setenv("DISPLAY", display)
        user = XUser(display)
        agent = InProcess(folder / "data", settings=Settings(when=when))
        agent.driver = QemuDriver(agent.data, owner="test")
        agent.sensing = senses = Senses(agent.data, agent.clock)
        agent.add_task("a", heartbeat_filename=None, enable_network=None)
        try:
            async with agent.running() as engine, senses.opened(engine):
                await asyncio.wait_for(runs(engine), 60)
                yield agent, engine, user
        finally:
            user.close()


async def runs(engine: Engine) -> None:
    await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].vm is VmState.RUNNING and view.level is Level.FULL)


async def has_cap(agent: InProcess, percent: int) -> None:
    """Return once the machine itself has the limit."""
    assert agent.driver is not None
    for _ in range(500):
        if [info.cap_percent for info in await agent.driver.inspect()] == [percent]:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_a_moved_mouse_slows_it_and_pauses_it_where_the_rule_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(tmp_path, monkeypatch, NEVER_BUSY) as (agent, engine, user):
        await has_cap(agent, 100)
        begun = time.monotonic()
        user.move_mouse()
        await asyncio.wait_for(has_cap(agent, 50), 10)
        assert time.monotonic() - begun < 2
        assert (engine.view.level, engine.view.deciding) == (Level.GENTLE, "in_use")

        await engine.give(Settings(when=When(in_use=Response.PAUSE, away_after_min=AWAY_MIN, busy_slow_percent=0, busy_pause_percent=0)), agent.wishes)
        await runs(engine)
        begun = time.monotonic()
        user.move_mouse()
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert time.monotonic() - begun < 5
        assert view.deciding == "in_use"


async def test_a_window_that_fills_the_screen_pauses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(tmp_path, monkeypatch, NEVER_BUSY) as (_agent, engine, user):
        user.window(full=False)
        begun = time.monotonic()
        user.window(full=True)
        view = await shows(engine, lambda view: view.tasks[0].vm is VmState.PAUSED)
        assert time.monotonic() - begun < 5
        assert (view.deciding, view.level) == ("full_screen", Level.PAUSED)


async def test_our_own_machine_is_never_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two looks at the same time, one of which does not know which machine is ours: they differ by what it used."""
    async with at_work(tmp_path, monkeypatch, NEVER_BUSY) as (agent, _engine, _user):
        assert agent.driver is not None
        [info] = await agent.driver.inspect()
        machine = psutil.Process(info.pid)
        knowing, ignorant = Programs(ours=lambda: (str(agent.data),)), Programs(ours=lambda: ("nobody's",))

        def look() -> tuple[float, float, float | None, float | None]:
            times = machine.cpu_times()
            return time.monotonic(), times.user + times.system, knowing.look_now().others_percent, ignorant.look_now().others_percent

        for _ in range(2):  # a process is known from its second look on
            await asyncio.to_thread(look)
            await asyncio.sleep(0.5)
        before = await asyncio.to_thread(look)
        await asyncio.sleep(4)
        after = await asyncio.to_thread(look)
        share = 100 * (after[1] - before[1]) / (after[0] - before[0]) / (psutil.cpu_count() or 1)
        assert after[2] is not None
        assert after[3] is not None
        assert share > 1
        assert after[3] - after[2] == pytest.approx(share, abs=max(4.0, share / 4))
