"""How an agent begins: it takes its data folder, and shows its tray before it loads all that it works with, which takes as long as all else together."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from t4t import desktop
from t4t.bootstrap.signals import stop_on_signals
from t4t.cli import terminal
from t4t.domain.errors import AgentRunning, FolderBusy
from t4t.host.clock import RealClock
from t4t.storage import moving
from t4t.storage.files import FolderLock
from t4t.storage.place import check_place
from t4t.wording import screen as words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.cli.services import MachineOptions
    from t4t.desktop import Stopping
    from t4t.hypervisor.twin import Twin


def run_agent(data: Path, options: MachineOptions, *, tasks: int | None, once: bool, tray: bool, passphrase: str = "", twin: Twin | None = None) -> None:
    """Be the agent of a data folder; ``tray`` where there is a screen; ``passphrase`` opens the file with the keys; ``twin`` will be its VM host.

    Raises `AgentRunning`.
    """
    lock = FolderLock(data, "agent.lock")
    try:
        lock.take()
    except FolderBusy as error:
        raise AgentRunning(data_dir=str(data), pid=error.pid) from error
    take_over: Callable[[], None] = _nobody
    with lock:
        moving.finish(data)
        check_place(data)

        def work(stopping: Stopping = stop_on_signals, *, screen: bool = True) -> None:
            nonlocal take_over
            from t4t.bootstrap import agent, renewing  # noqa: PLC0415 - in the engine's thread, beside a tray that is shown already

            newer = renewing.Renewing(RealClock())
            take_over = newer.take_over
            asyncio.run(agent.work(data, options, tasks=tasks, once=once, stopping=stopping, passphrase=passphrase, screen=screen, twin=twin, renewing=newer))

        if not tray:
            work(screen=False)
        elif not (has_screen() and desktop.run_agent(data, work)):
            terminal.tell(words.no_screen())
            work(screen=False)
    take_over()


def _nobody() -> None:
    """No other version takes over."""


def has_screen() -> bool:
    """Whether windows can be shown."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
