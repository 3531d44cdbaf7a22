"""The engine and its API in this process, on the fake hypervisor and the real clock; clients talk to it through the real socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from support.sensing_by_hand import SensingByHand
from support.task_folders import make_task
from t4t.domain.policy import Settings
from t4t.engine.engine import Engine
from t4t.engine.folder import Wishes
from t4t.engine.live import LivePhysics
from t4t.engine.observer import LIVELY
from t4t.engine.parts import Parts
from t4t.engine.results import Results
from t4t.engine.server import ApiServer
from t4t.engine.source import Spool
from t4t.host.clock import RealClock
from t4t.host.folder_watch import folder_watch
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld, ScriptedGuest
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from support.host_by_hand import HostByHand
    from t4t.domain.app_update import UpdateView
    from t4t.domain.clock import WallClock
    from t4t.domain.disk_room import DiskUse
    from t4t.domain.energy import Spent
    from t4t.domain.errors import T4TError
    from t4t.domain.progress import Failure
    from t4t.domain.session import SessionView
    from t4t.domain.vm import Feature
    from t4t.engine.parts import Patron, Popups, Sensing
    from t4t.host.awake import Awake
    from t4t.host.limiting import Limiter
    from t4t.hypervisor.driver import Driver


class InProcess:
    """One data folder with its agent."""

    def __init__(self, data: Path, *, clock: WallClock | None = None, job_seconds: float = 600.0, settings: Settings | None = None) -> None:
        self.data = data
        self.clock = clock or RealClock()
        self.world = FakeWorld(self.clock, lambda: ScriptedGuest(job_seconds=job_seconds, heartbeat_seconds=max(60.0, job_seconds / 20)))
        self.settings = settings or Settings()
        self.pace = LIVELY
        self.free: int | None = 1 << 40
        self.disk_use: Callable[[], DiskUse] | None = None
        self.cores = 1
        self.features: frozenset[Feature] | None = None
        """What the hypervisor can, if that is not everything."""
        self.host: HostByHand | None = None
        self.driver: Driver | None = None
        """In place of the fake one."""
        self.sensing: Sensing | None = None
        self.limiter: Limiter | None = None
        self.popups: Popups | None = None
        self.patron: Patron | None = None
        self.logged_in_s: float | None = None
        self.troubles: list[T4TError] = []
        self.awake: Awake | None = None
        self.spent: Spent | None = None
        self.update: UpdateView | None = None
        self.reopen: Callable[[], Awaitable[None]] | None = None
        self.physics_told = False
        """Whether guests are asked what they simulate, and results are kept."""
        self.source = Spool(data)
        self.source.make()
        self.failures: list[Failure] = []

    @property
    def wishes(self) -> Wishes:
        """What the volunteer gives."""
        return Wishes(cores=self.cores)

    def add_task(self, name: str, **changes: str | None) -> None:
        make_task(self.data / "tasks" / name, changes={"pf_guest_port": None} | changes)

    @contextlib.asynccontextmanager
    async def running(self, *, once: bool = False) -> AsyncIterator[Engine]:
        """The agent, from its start to its end (asked for, if it has not come by itself)."""
        state = State(self.data, now=self.clock.wall)
        fake = FakeHypervisor(self.world) if self.features is None else FakeHypervisor(self.world, features=self.features)
        driver = self.driver or fake
        watch = folder_watch()
        results = Results(self.data, self.source, self.clock)
        physics = LivePhysics(self.data, self.clock, results)
        if self.physics_told:
            await results.open()
            await physics.open()
        engine = Engine(
            Parts(
                driver=driver,
                source=results if self.physics_told else self.source,
                state=state,
                clock=self.clock,
                settings=self.settings,
                wishes=self.wishes,
                data_dir=self.data,
                free_bytes=lambda: self.free,
                disk_use=self.disk_use,
                folder_watch=watch,
                pace=self.pace,
                failed=self.failures.append,
                host=self.host,
                block_reason=lambda seconds: f"{seconds:.0f} s",
                reopen=self.reopen,
                sensing=self.sensing,
                limiter=self.limiter,
                popups=self.popups,
                patron=self.patron,
                logged_in_s=lambda: self.logged_in_s,
                troubles=lambda: self.troubles,
                awake=self.awake,
                awake_reason="computing",
                spent=lambda: self.spent,
                update=lambda: self.update,
            )
        )
        if isinstance(self.sensing, SensingByHand):
            self.sensing.heard = engine.heard
        if self.physics_told:
            engine.subscribe(physics.seen)
        server = ApiServer(engine, self.data, physics=physics if self.physics_told else None)
        await server.start()
        agent = asyncio.create_task(engine.run(once=once))
        try:
            yield engine
            engine.quit()
            await agent
        finally:
            agent.cancel()
            await asyncio.gather(agent, return_exceptions=True)
            await server.close()
            await physics.close()
            await results.close()
            await driver.close()
            watch.close()
            state.close()


async def shows(engine: Engine, right: Callable[[SessionView], bool]) -> SessionView:
    """Wait for a view that is right."""
    found: asyncio.Future[SessionView] = asyncio.get_running_loop().create_future()
    end = engine.subscribe(lambda view: found.set_result(view) if right(view) and not found.done() else None)
    try:
        async with asyncio.timeout(150):
            return await found
    finally:
        end()


async def until(engine: Engine, seems: str) -> None:
    """Wait until the first task's activity is the one named."""
    await shows(engine, lambda view: bool(view.tasks) and view.tasks[0].activity.value == seems)
