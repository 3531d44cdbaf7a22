"""A desk to sit at: a screen, a session bus, an agent that does what the test says, and the tray's own process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING, Final

from support.desktop import a_process, session_bus, until_window, x_server
from support.scripted_engine import ScriptedEngine, a_view
from t4t.api.endpoint import endpoint
from t4t.engine.server import ApiServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_NEVER_MS: Final = 600_000


class Desk:
    """A screen, a bus, an agent; panels and the tray's process are started by the tests."""

    def __init__(self, folder: Path, display: str, bus: str, engine: ScriptedEngine) -> None:
        self.folder = folder
        self.bus = bus
        self.display = display
        self.engine = engine
        self.said: asyncio.Queue[str] = asyncio.Queue()

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("QT_", "XDG_", "WAYLAND"))}
        return kept | {"DISPLAY": self.display, "DBUS_SESSION_BUS_ADDRESS": self.bus, "LC_ALL": "C.UTF-8", "XDG_CACHE_HOME": str(self.folder / "cache")}

    @contextlib.asynccontextmanager
    async def tray(self, patience_ms: int = _NEVER_MS) -> AsyncIterator[asyncio.subprocess.Process]:
        command = (sys.executable, "-m", "support.tray_program", str(endpoint(self.folder)), str(patience_ms))
        path = {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
        async with a_process(*command, environment=self.environment() | path, stdout=asyncio.subprocess.PIPE) as process:
            reading = asyncio.create_task(self._read(process))
            try:
                yield process
            finally:
                reading.cancel()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            await self.said.put(line.decode().strip())

    async def until_window(self, title: str, *, there: bool = True) -> tuple[int, int, int, int]:
        """Wait until a window of ours is on the screen, or is not; where it is: left, top, width, height."""
        return await until_window(title, self.environment(), there=there)

    async def next_said(self) -> str:
        return await asyncio.wait_for(self.said.get(), 20)


@contextlib.asynccontextmanager
async def a_desk(folder: Path) -> AsyncIterator[Desk]:
    """The screen, the bus and the agent; their files lie in ``folder``."""
    engine = ScriptedEngine(a_view())
    server = ApiServer(engine, folder)
    await server.start()
    try:
        async with x_server() as display, session_bus(folder) as bus:
            yield Desk(folder, display, bus, engine)
    finally:
        await server.close()
