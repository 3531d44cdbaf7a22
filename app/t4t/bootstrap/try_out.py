"""The demo project inside of the agent, for who wants to see how this goes before joining a real one.

It is joined without an account of theirs, and the engine works for it as for any project. It hands out a few jobs and no more: they are of use to nobody but
who looks on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from t4t.bootstrap.net import http
from t4t.domain.errors import T4TError
from t4t.domain.project_view import Keep
from t4t.domain.settings.tree import Tree
from t4t.project.account import Accounts
from t4t.storage import paths

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.demo.project import DemoProject
    from t4t.domain.clock import WallClock

_log = logging.getLogger(__name__)

FOLDER: Final = "try-out"
_STATE: Final = "project.json"
_HOST: Final = "127.0.0.1"
_EMAIL: Final = "volunteer@example.org"
_NAME: Final = "Volunteer"
_SOURCE: Final = "t4t"
_TERM_S: Final = 365 * 86400.0
_JOBS: Final = 4
"""One of each kind."""
_QUIET_S: Final = 2.0


class _Listening(msgspec.Struct, frozen=True):
    """What we want to know of a demo project's state."""

    port: int = 0


def _port(folder: Path) -> int:
    """At which port the project was the last time; 0 if there was none."""
    try:
        return msgspec.json.decode((folder / _STATE).read_bytes(), type=_Listening).port
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return 0


class TryOut:
    """See `t4t.boinc.projects.DemoHost`."""

    def __init__(self, data: Path, projects: Projects, clock: WallClock) -> None:
        """Nothing is open before somebody joins, or has joined."""
        self._folder = data / FOLDER
        self._appliance = paths.appliance_dir(data)
        self._projects = projects
        self._clock = clock
        self._project: DemoProject | None = None
        self._ports = {_port(self._folder)}
        """At which it was and is: nobody else's project on this computer is ours to leave."""
        self._turn = asyncio.Lock()
        projects.hosts_demo(self)

    @contextlib.asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While this lasts, who joined finds the project again: its address is free to be another one at each start."""
        opening = asyncio.create_task(self._again(), name="try-out")
        try:
            yield
        finally:
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)

    async def _again(self) -> None:
        if self._addresses():
            try:
                await self.join()
            except (T4TError, OSError) as error:
                _log.warning("the demo project does not start: %s", error)

    def _addresses(self) -> list[str]:
        return [view.url for view in self._projects.views() if (parts := urlsplit(view.url)).hostname == _HOST and parts.port in self._ports]

    async def join(self) -> None:
        """See `DemoHost.join`. Raises `ApplianceMissing`, `ApplianceDamaged`, `FolderBusy`, `FolderUnwritable` and what keeps the key from being kept."""
        async with self._turn:
            project = await self._opened()
            connections = http(Tree())
            try:
                accounts = Accounts(connections, self._clock, source=_SOURCE)
                config = await accounts.config(project.address)
                for address in self._addresses():
                    if address != config.master_url:
                        await self._projects.detach(address, force=True)
                known = next(iter(project.book.accounts.values()), None)
                key = known.key if known is not None else await self._new(accounts, project)
                await self._projects.attach(config, key, Keep.RUN)
            finally:
                await connections.close()

    async def _new(self, accounts: Accounts, project: DemoProject) -> str:
        config = await accounts.config(project.address)
        code = project.settings.invite_code
        return await accounts.create(config, email=_EMAIL, password=secrets.token_urlsafe(), name=_NAME, invite_code=code, team="", consent=True)

    async def _opened(self) -> DemoProject:
        """The project, listening; who else uses this computer has no way to join it."""
        if self._project is None:
            from t4t.demo.project import DemoProject  # noqa: PLC0415 - an HTTP server that few agents need
            from t4t.demo.project.settings import Settings  # noqa: PLC0415 - as above

            settings = Settings(request_delay=_QUIET_S, deadline=_TERM_S, tries=1, jobs=_JOBS, invite_code=secrets.token_urlsafe())
            project = DemoProject(self._folder, self._appliance, settings=settings)
            await project.__aenter__()
            self._project = project
            self._ports.add(urlsplit(project.address).port or 0)
        return self._project

    async def leave(self) -> None:
        """See `DemoHost.leave`."""
        async with self._turn:
            for address in self._addresses():
                await self._projects.detach(address, force=True)
            await self._end()

    async def close(self) -> None:
        """The project ends with the agent; what it knows is on disk."""
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        project, self._project = self._project, None
        if project is not None:
            await project.__aexit__(None, None, None)
