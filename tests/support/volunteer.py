"""A volunteer's computer with a project attached: the agent's own parts on the fake hypervisor and a clock that jumps, a real HTTP server beside it."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.agent_in_process import shows
from support.file_server import FileServer
from support.small_project import KEY, Signer, SmallProject
from support.task_folders import boot_sector, job_xml
from t4t.boinc.book import Book
from t4t.boinc.folder import open_folder
from t4t.boinc.keys import Keys
from t4t.boinc.projects import Projects
from t4t.boinc.surroundings import Surroundings
from t4t.boinc.workshop import Shop
from t4t.domain.policy import Settings
from t4t.domain.project_view import Keep
from t4t.domain.scheduler_request import HostInfo
from t4t.engine.engine import Engine
from t4t.engine.folder import Wishes
from t4t.engine.observer import CALM
from t4t.engine.parts import Parts
from t4t.engine.server import ApiServer
from t4t.engine.source import Spool
from t4t.host.folder_watch import folder_watch
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest, VirtualClock
from t4t.project.account import Accounts
from t4t.project.attachment import Attachments
from t4t.storage.secrets import MemoryVault
from t4t.storage.state import Happening, State
from t4t.transfer.http import Http, Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.file_server import Answer
    from t4t.domain.project import ProjectConfig

SIGNER = Signer()
START = 1.8e9


class Time(list[float]):
    """The server's clock: the same that jumps for the client."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__([0.0])
        self._clock = clock

    def __getitem__(self, _index: object) -> float:  # type: ignore[override]  # noqa: D105 - only the first is ever asked for
        return self._clock.wall()


def small_project(clock: VirtualClock, faults: dict[int, Answer] | None = None, **changes: str | None) -> SmallProject:
    """A server whose one program is a machine that boots; its guest's result is the small project's output."""
    job = job_xml(**({"multiattach_vdi_file": "image.vdi", "pf_guest_port": None} | changes))
    return SmallProject(SIGNER, Time(clock), faults or {}, image=boot_sector() + bytes(500_000), job=job.encode())


class Guest(ScriptedGuest):
    """As `ScriptedGuest`, and writes the file that the small project wants."""

    def run(self, view, before, now):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201 - as the protocol says
        if view.share is not None and (view.share / "input").is_file() and not (view.share / "output").exists():
            (view.share / "output").write_bytes(RESULT)
        return super().run(view, before, now)


RESULT = b"histograms " * 2000


@dataclass
class Volunteer:
    """One data folder over several lives of its agent."""

    data: Path
    server: FileServer
    project: SmallProject
    clock: VirtualClock
    job_seconds: float = 30.0
    keyring: MemoryVault | None = None

    def __post_init__(self) -> None:  # noqa: D105 - a test's own
        self.keyring = self.keyring or MemoryVault()
        self.world = FakeWorld(self.clock, lambda: Guest(job_seconds=self.job_seconds, heartbeat_seconds=60.0))

    async def config(self, http: Http) -> ProjectConfig:
        return await Accounts(http, self.clock, source="t4t").config(f"{self.server.url}/t4t/")

    @contextlib.asynccontextmanager
    async def running(self, *, once: bool = False, attach: bool = True, tasks: int = 1) -> AsyncIterator[tuple[Engine, Projects]]:
        """The agent, attached to the project; killed without a word where the block raises."""
        self.data.mkdir(exist_ok=True)
        state = State(self.data, now=self.clock.wall)
        http = Http("test", timeouts=Timeouts(connect=5, silence=0.3, exchange=2))
        vault = self.keyring
        assert vault is not None
        keys = Keys(self.data, lambda: "folder", keyring=lambda _folder: vault)
        attachments = Attachments(self.data / "attached", keys)
        shop = Shop()
        around = Surroundings(
            data=self.data,
            clock=self.clock,
            http=http,
            book=Book(self.data, state, attachments),
            attachments=attachments,
            chance=lambda: 0.0,
            computer=lambda cpid, _able: HostInfo(host_cpid=cpid),
            platforms=("p",),
            note=lambda what, detail, task: state.tell([Happening(at=self.clock.wall(), what=what, task=task, detail=detail)]),
            history=lambda task: [line.what for line in state.timeline(100) if line.task == task],
            tasks=tasks,
            once=once,
            workshop=shop,
        )
        spool = Spool(self.data)
        spool.make()
        projects = Projects(around, keys, spool)
        watch = folder_watch()
        driver = FakeHypervisor(self.world)
        engine = Engine(
            Parts(
                driver=driver,
                source=projects,
                patron=projects,
                open_folder=open_folder,
                state=state,
                clock=self.clock,
                settings=Settings(tasks=tasks),
                wishes=Wishes(),
                data_dir=self.data,
                free_bytes=lambda: 1 << 40,
                folder_watch=watch,
                pace=CALM,
            )
        )
        shop.opens(engine)
        server = ApiServer(engine, self.data, projects=projects)
        await server.start()
        agent = asyncio.create_task(self._agent(engine, projects, once=once))
        try:
            if attach and not projects.attached:
                await projects.attach(await self.config(http), KEY, Keep.KEYRING)
            yield engine, projects
            engine.quit()
            await agent
        finally:
            agent.cancel()
            await asyncio.gather(agent, return_exceptions=True)
            await server.close()
            await driver.close()
            await http.close()
            watch.close()
            state.close()

    @staticmethod
    async def _agent(engine: Engine, projects: Projects, *, once: bool) -> None:
        async with projects.running():
            await engine.run(once=once and not projects.attached)

    async def until_reported(self, engine: Engine, number: int) -> None:
        """Until the server has so many reports and we know it."""
        await shows(engine, lambda view: len(self.project.reported) >= number and view.projects[0].reporting == 0)


@contextlib.asynccontextmanager
async def volunteer(folder: Path, *, faults: dict[int, Answer] | None = None, job_seconds: float = 30.0, **changes: str | None) -> AsyncIterator[Volunteer]:
    """A computer and its project."""
    clock = VirtualClock(start=START, idle_turns=40)
    project = small_project(clock, faults, **changes)
    async with FileServer([project]) as server:
        project.url = server.url
        yield Volunteer(folder / "data", server, project, clock, job_seconds=job_seconds)
