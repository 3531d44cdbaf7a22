"""Attached projects: the parts of their client, for the agent, and for a verb while no agent runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
from typing import TYPE_CHECKING, Final

from t4t.boinc.book import Book
from t4t.boinc.keys import Keys
from t4t.boinc.projects import Projects
from t4t.boinc.surroundings import Nobody, Surroundings
from t4t.bootstrap.machines import owner
from t4t.bootstrap.net import http_of
from t4t.domain.errors import T4TError
from t4t.domain.platforms import platforms
from t4t.domain.vm import Accelerator
from t4t.engine.source import Spool
from t4t.host import facts, resources
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox.versions import NAME as VIRTUALBOX
from t4t.project.attachment import Attachments
from t4t.storage.files import FolderLock
from t4t.storage.paths import ATTACHED
from t4t.storage.state import Happening, State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path
    from typing import Any

    from t4t.boinc.surroundings import Workshop
    from t4t.domain.clock import WallClock
    from t4t.domain.project_state import ProjectState
    from t4t.domain.scheduler_request import HostInfo
    from t4t.domain.vm import Capabilities
    from t4t.transfer.http import Http

_log = logging.getLogger(__name__)

_HISTORY_LINES: Final = 500


def _computer(data: Path) -> Callable[[str, Capabilities | None], HostInfo]:
    def look(host_cpid: str, able: Capabilities | None) -> HostInfo:
        """A version of VirtualBox is told only where VirtualBox is what runs the machines."""
        virtualbox = able is not None and able.hypervisor == VIRTUALBOX
        return facts.host_info(
            data,
            host_cpid=host_cpid,
            virtualbox_version=able.version if able is not None and virtualbox else "",
            vm_extensions_disabled=able is not None and able.accelerator is Accelerator.INTERPRETER,
        )

    return look


def _history(state: State) -> Callable[[str], list[str]]:
    def of_task(task: str) -> list[str]:
        lines = [line for line in state.timeline(_HISTORY_LINES) if line.task == task]
        return [f"{line.at:.0f} {line.what} {line.detail}".strip() for line in lines]

    return of_task


def _note(state: State, clock: WallClock) -> Callable[[str, str, str], None]:
    def line(what: str, detail: str, task: str) -> None:
        try:
            state.tell([Happening(at=clock.wall(), what=what, task=task, detail=detail)])
        except T4TError as error:
            _log.warning("the history is not written: %s", error)

    return line


def attached(data: Path) -> tuple[ProjectState, ...]:
    """The states of the projects of a data folder, as they were written down last."""
    return Attachments(data / ATTACHED, Keys(data, lambda: owner(data))).all()


def projects_of(
    data: Path,
    state: State,
    connections: Http,
    *,
    clock: WallClock,
    cores: int = 1,
    once: bool = False,
    workshop: Workshop | None = None,
    keys: Keys | None = None,
) -> Projects:
    """The projects of a data folder; to be closed by closing ``connections``."""
    keys = keys or Keys(data, lambda: owner(data))
    attachments = Attachments(data / ATTACHED, keys)
    around = Surroundings(
        data=data,
        clock=clock,
        http=connections,
        book=Book(data, state, attachments),
        attachments=attachments,
        chance=random.random,
        computer=_computer(data),
        platforms=platforms(sys.platform, resources.architecture()),
        note=_note(state, clock),
        history=_history(state),
        cores=cores,
        once=once,
        workshop=workshop or Nobody(),
    )
    return Projects(around, keys, Spool(data))


@contextlib.asynccontextmanager
async def _without_agent(data: Path) -> AsyncIterator[Projects]:
    clock = RealClock()
    with FolderLock(data, "agent.lock"):
        state = State(data, now=clock.wall)
        connections = http_of(data)
        try:
            yield projects_of(data, state, connections, clock=clock)
        finally:
            await connections.close()
            state.close()


def settle(data: Path, work: Callable[[Projects], Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - what ``work`` returns
    """Do something with the projects of a data folder whose agent does not run; raises `FolderBusy` if one does after all."""

    async def do() -> Any:  # noqa: ANN401 - as above
        async with _without_agent(data) as projects:
            return await work(projects)

    return asyncio.run(do())
