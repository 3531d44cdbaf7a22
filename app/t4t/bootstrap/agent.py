"""The agent: the engine with all that it needs, with or without a tray."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from t4t import desktop
from t4t.bootstrap import checks
from t4t.bootstrap.machines import remote
from t4t.bootstrap.tasks import stop_on_signals, wishes_of
from t4t.cli import terminal
from t4t.domain.errors import AgentRunning, FolderBusy
from t4t.domain.policy import Settings
from t4t.engine.engine import Engine
from t4t.engine.parts import Parts
from t4t.engine.server import ApiServer
from t4t.engine.source import Spool
from t4t.host import resources
from t4t.host.clock import RealClock
from t4t.host.folder_watch import folder_watch
from t4t.storage.files import FolderLock
from t4t.storage.state import State
from t4t.wording import screen

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.cli.services import MachineOptions
    from t4t.desktop import Stopping


def run_agent(data: Path, options: MachineOptions, *, tasks: int, once: bool, tray: bool) -> None:
    """Be the agent of a data folder; ``tray`` where there is a screen. Raises `AgentRunning`."""
    lock = FolderLock(data, "agent.lock")
    try:
        lock.take()
    except FolderBusy as error:
        raise AgentRunning(data_dir=str(data), pid=error.pid) from error
    with lock:

        def work(stopping: Stopping = stop_on_signals) -> None:
            asyncio.run(_run_agent(data, options, tasks=tasks, once=once, stopping=stopping))

        if not tray:
            work()
        elif not (has_screen() and desktop.run_agent(data, work)):
            terminal.tell(screen.no_screen())
            work()


async def _run_agent(data: Path, options: MachineOptions, *, tasks: int, once: bool, stopping: Stopping) -> None:
    clock = RealClock()
    source = Spool(data)
    source.make()
    state = State(data, now=clock.wall)
    driver = remote(options.hypervisor, data, log=data / "logs" / "vm-host.log")
    watch = folder_watch()
    engine = Engine(
        Parts(
            driver=driver,
            source=source,
            state=state,
            clock=clock,
            settings=Settings(tasks=tasks),
            wishes=wishes_of(options),
            data_dir=data,
            free_bytes=lambda: resources.free_bytes(data),
            folder_watch=watch,
        )
    )
    server = ApiServer(engine, data)
    sweeping = asyncio.create_task(checks.sweep(data))  # of a test boot that was killed
    try:
        await server.start()
        with stopping(engine.quit):
            await engine.run(once=once)
    finally:
        await asyncio.gather(sweeping, return_exceptions=True)
        await server.close()
        await driver.close()
        watch.close()
        state.close()


def has_screen() -> bool:
    """Whether windows can be shown."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
