"""The agent without Qt, real QEMU, a real system bus with python-dbusmock's logind: the computer sleeps and shuts down, and the work is safe in time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from dbus_fast import Variant

from support.agent_shell import agent_on
from support.system_bus import LOGIND, MANAGER, PrivateBus, private_bus
from support.task_shell import EE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(200)]

DELAY_S = 30


async def prepare(bus: PrivateBus, member: str, *, begins: bool) -> None:
    await bus.emit(LOGIND, MANAGER, member, "b", Variant("b", begins))


async def locks(bus: PrivateBus, count: int) -> list[str]:
    """The reasons of the inhibitors, once there are ``count``."""
    async with asyncio.timeout(DELAY_S + 30):
        while len(found := await bus.inhibitors()) != count:
            pass
    return [str(lock[2]) for lock in found]


async def test_the_computer_sleeps_and_then_shuts_down(tmp_path: Path, appliance_dir: Path) -> None:
    async with private_bus(tmp_path) as bus:
        await bus.logind(delay_s=DELAY_S)
        with agent_on(tmp_path, appliance_dir) as shell:
            shell.environment = {"DBUS_SYSTEM_BUS_ADDRESS": bus.address, "XDG_SESSION_ID": "c1"}
            shell.add_task("a", EE.format(events=20_000, seed=7), memory_size_mb="256", minimum_checkpoint_interval="3600")

            async def until(check: Callable[[], bool], what: str) -> None:
                await asyncio.to_thread(shell.until, check, what)

            await asyncio.to_thread(shell.start, "--cores", "1")
            await asyncio.to_thread(shell.until_progress, "a", 0.0)
            (reason,) = await locks(bus, 1)
            assert reason.startswith("Saving the work: about ")

            await prepare(bus, "PrepareForSleep", begins=True)
            await locks(bus, 0)
            assert (await asyncio.to_thread(shell.task, "a"))["vm"] == "saved"
            assert shell.machines() == []
            status = await asyncio.to_thread(shell.status)
            assert (status["state"], status["deciding"]) == ("waiting", "sleep")
            await prepare(bus, "PrepareForSleep", begins=False)
            await until(lambda: shell.task("a")["vm"] == "running", "it to go on after the sleep")
            await locks(bus, 1)
            await until(lambda: "relinked" in shell.ask("timeline").out, "the guest's network to be connected anew")

            await prepare(bus, "PrepareForShutdown", begins=True)
            await locks(bus, 0)
            task = await asyncio.to_thread(shell.task, "a")
            assert (task["vm"], task["lost_s"]) == ("saved", 0)
            assert 0 < task["save_s"] < DELAY_S
            assert shell.machines() == []
            told = (await asyncio.to_thread(shell.ask, "timeline")).out
            assert all(word in told for word in ("falls_asleep", "computer_slept", "session_ends"))
            await prepare(bus, "PrepareForShutdown", begins=False)
            await until(lambda: shell.task("a")["vm"] == "running", "it to go on, for the shutdown was called off")
