"""A scripted engine behind the real API server in a thread of its own, for tests whose main thread belongs to Qt."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from support.scripted_engine import ScriptedEngine, a_view
from support.scripted_physics import ScriptedPhysics
from support.scripted_projects import ScriptedProjects
from t4t.api.endpoint import endpoint
from t4t.domain.contribution import Contribution
from t4t.domain.settings.presets import Computer
from t4t.engine.server import ApiServer
from t4t.engine.settings_desk import LiveSettings, SettingsDesk

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path


COMPUTER = Computer(cores=8, memory_bytes=16 << 30, disk_bytes=500 << 30)


async def _nothing(_force: object) -> None:
    """There is no engine for settings."""


class ApiThread:
    """The agent of ``folder``; `start` and `stop` as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.engine = ScriptedEngine(a_view())
        self.projects = ScriptedProjects()
        self.physics = ScriptedPhysics()
        self.work = Contribution()
        self.path = endpoint(folder)
        self.deployment = folder / "deployment.toml"
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="agent")
        self._thread.start()
        self._server: ApiServer | None = None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def start(self) -> None:
        desk = SettingsDesk(self._folder, deployment=self.deployment, computer=COMPUTER, now=time.time)
        settings = LiveSettings(desk, _nothing)
        self._server = ApiServer(self.engine, self._folder, projects=self.projects, settings=settings, physics=self.physics, work=lambda: self.work)
        self._do(self._server.start())

    def stop(self) -> None:
        if self._server is not None:
            self._do(self._server.close())
            self._server = None

    def show(self, **changes: Any) -> None:
        """Change the view, in the engine's own thread."""

        async def change() -> None:
            self.engine.show(**changes)

        self._do(change())

    def hold(self) -> None:
        """From now on commands are taken and not carried out."""

        async def begin() -> None:
            self.engine.hold = asyncio.Event()

        self._do(begin())

    def let_go(self) -> None:
        """Carry out what was held."""

        async def end() -> None:
            assert self.engine.hold is not None
            self.engine.hold.set()

        self._do(end())

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()


@contextlib.contextmanager
def an_agent(folder: Path) -> Iterator[ApiThread]:
    """An agent that listens."""
    agent = ApiThread(folder)
    try:
        agent.start()
        yield agent
    finally:
        agent.close()
