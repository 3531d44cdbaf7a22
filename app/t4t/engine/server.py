"""The local API's server: JSON-RPC 2.0, one message a line, for this user alone. It decodes, asks the engine, and answers; a slow client waits alone."""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from t4t.api import messages
from t4t.api.endpoint import endpoint
from t4t.api.messages import (
    AnywayParams,
    AttachParams,
    BoardsParams,
    CommunityParams,
    DemoParams,
    LessParams,
    NoParams,
    PauseParams,
    PhysicsParams,
    PresetParams,
    ProjectParams,
    ReactParams,
    ReadParams,
    Refused,
    ResetParams,
    ResultParams,
    SettingsParams,
    Taken,
    TimelineParams,
    UnlockParams,
)
from t4t.domain.contribution import Contribution
from t4t.domain.errors import FolderUnwritable, T4TError, to_wire
from t4t.domain.project import ProjectConfig
from t4t.domain.project_errors import NotAttached
from t4t.engine import by_hand_api, community_api, physics_api, settings_api
from t4t.engine.asides import Asides
from t4t.engine.community_api import CommunityCommands
from t4t.engine.peer import is_ours

if sys.platform == "win32":
    from t4t.engine import pipes
else:
    from t4t.engine.sockets import StandingSocket

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from t4t.domain.notification_policy import Reaction
    from t4t.domain.policy import AnywayKind, LessKind, PauseKind
    from t4t.domain.project_view import Keep, ProjectDetails
    from t4t.domain.session import SessionView, Why
    from t4t.engine.physics_api import PhysicsCommands
    from t4t.engine.settings_api import SettingsCommands
    from t4t.storage.state import Happening

_log = logging.getLogger(__name__)

_MOST_CLIENTS: Final = 32
_PATIENCE_S: Final = 10.0
"""How long a client may take to read what was sent to it."""


class Listener(Protocol):
    """What listens: asyncio's server, or ours on Windows' pipes."""

    def close(self) -> None:
        """Listen no more."""
        ...


class Commands(Protocol):
    """What the API offers: the engine."""

    @property
    def view(self) -> SessionView:
        """See `Engine`."""
        ...

    async def ready(self) -> None:
        """See `Engine`."""
        ...

    def why(self) -> Why:
        """See `Engine`."""
        ...

    def timeline(self, limit: int) -> list[Happening]:
        """See `Engine`."""
        ...

    def subscribe(self, listener: Callable[[SessionView], None]) -> Callable[[], None]:
        """See `Engine`."""
        ...

    async def pause(self, kind: PauseKind) -> SessionView:
        """See `Engine`."""
        ...

    async def prolong(self) -> SessionView:
        """See `Engine`."""
        ...

    async def resume(self) -> SessionView:
        """See `Engine`."""
        ...

    async def run_anyway(self, kind: AnywayKind | None) -> SessionView:
        """See `Engine`."""
        ...

    async def use_less(self, kind: LessKind | None) -> SessionView:
        """See `Engine`."""
        ...

    async def react(self, key: str, reaction: Reaction) -> SessionView:
        """See `Engine`."""
        ...

    async def finish(self) -> SessionView:
        """See `Engine`."""
        ...

    async def checkpoint(self) -> SessionView:
        """See `Engine`."""
        ...

    def quit(self) -> None:
        """See `Engine`."""
        ...


class ProjectCommands(CommunityCommands, Protocol):
    """What the API offers of projects."""

    def details(self) -> list[ProjectDetails]:
        """All, with their notices."""
        ...

    def mark_read(self, ids: Sequence[str]) -> None:
        """These notices were seen."""
        ...

    def unlock(self, passphrase: str) -> None:
        """Open the file with the keys; blocks for a moment."""
        ...

    def keys_changed(self) -> None:
        """What had no key may have one now."""
        ...

    async def attach(self, config: ProjectConfig, key: str, keep: Keep, *, host_cpid: str = "") -> ProjectDetails:
        """Work for a project from now on."""
        ...

    async def demo(self, *, on: bool) -> list[ProjectDetails]:
        """Work for the demo project, which lives in the agent, or no longer."""
        ...

    async def update(self, address: str) -> ProjectDetails:
        """Contact it now."""
        ...

    async def detach(self, address: str, *, force: bool = False) -> str:
        """Forget it; its name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offered:
    """All that can be asked for; None: not here."""

    commands: Commands
    projects: ProjectCommands | None
    settings: SettingsCommands | None
    physics: PhysicsCommands | None
    work: Callable[[], Contribution]


class ApiServer:
    """Listens at the data folder's endpoint."""

    def __init__(
        self,
        commands: Commands,
        data: Path,
        *,
        projects: ProjectCommands | None = None,
        settings: SettingsCommands | None = None,
        physics: PhysicsCommands | None = None,
        work: Callable[[], Contribution] = Contribution,
    ) -> None:
        """Nothing listens before `start`. Without ``projects`` there are none; without ``settings`` or ``physics`` they can't be asked for.

        ``work`` says what this computer has done.
        """
        self._offered = _Offered(commands=commands, projects=projects, settings=settings, physics=physics, work=work)
        self._data_dir = data
        self._path = endpoint(data)
        self._server: Listener | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; raises `FolderUnwritable`. Only the holder of the agent's lock may call it: what lies at the endpoint is left from a dead agent."""
        try:
            if sys.platform == "win32":
                self._server = await pipes.listen(str(self._path), self._connected)
            else:
                self._server = StandingSocket(self._path, self._connected)
                await self._server.open()
        except OSError as error:
            raise FolderUnwritable(path=str(self._path.parent), reason=error.strerror or str(error)) from error

    async def close(self) -> None:
        """Hang up on everybody and listen no more."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= _MOST_CLIENTS or not is_ours(writer):
            writer.close()
            return
        self._clients.add(task)
        try:
            await _Conversation(self._offered, reader, writer).hold()
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._clients.discard(task)
            writer.close()


class _Conversation:
    """One client: its requests one after the other, and the view when it changes."""

    def __init__(self, offered: _Offered, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._commands = offered.commands
        self._projects = offered.projects
        self._settings = offered.settings
        self._physics = offered.physics
        self._work = offered.work
        self._reader = reader
        self._writer = writer
        self._fresh = asyncio.Event()
        self._latest: SessionView | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._pusher: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        self._asides = Asides()

    async def hold(self) -> None:
        try:
            while line := await self._line():
                await self._asides.turn(line, self._respond(line))
                self._push_if_asked()
        finally:
            if self._unsubscribe is not None:
                self._unsubscribe()
            if self._pusher is not None:
                self._pusher.cancel()
                await asyncio.gather(self._pusher, return_exceptions=True)
            await self._asides.end()

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:  # longer than any request of ours: what follows can't be trusted to be a new line
            await self._send(messages.fault(None, messages.INVALID_REQUEST, f"over {messages.MAX_REQUEST_BYTES} bytes"))
            return b""

    async def _respond(self, line: bytes) -> None:
        answer = await self._answer(line)
        if answer is not None:
            await self._send(answer)

    async def _answer(self, line: bytes) -> bytes | None:
        try:
            taken = messages.take(line)
        except Refused as refused:
            return messages.fault(messages.id_of(line), refused.code, str(refused))
        if (taken.method in settings_api.METHODS and self._settings is None) or (taken.method in physics_api.METHODS and self._physics is None):
            return messages.fault(taken.id, messages.METHOD_NOT_FOUND, taken.method)
        try:
            value = await self._do(taken)
        except T4TError as error:
            return messages.fault(taken.id, messages.OUR_ERROR, error.code, to_wire(error)) if taken.wants_answer else None
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a bug in one request must not end the agent
            _log.exception("a bug in %s", taken.method)
            return messages.fault(taken.id, messages.INTERNAL_ERROR, "a fault of the program") if taken.wants_answer else None
        return messages.result(taken.id, value) if taken.wants_answer else None

    async def _do(self, taken: Taken) -> object:
        await self._commands.ready()
        if self._settings is not None and taken.method in settings_api.METHODS:
            return await settings_api.answer(self._settings, taken.method, taken.params)
        if self._physics is not None and taken.method in physics_api.METHODS:
            return await physics_api.answer(self._physics, taken.params)
        match taken.params:
            case PauseParams() | AnywayParams() | LessParams():
                return await by_hand_api.answer(self._commands, taken.params)
            case ReactParams(key=key, reaction=reaction):
                return await self._commands.react(key, reaction)
            case TimelineParams(limit=limit):
                return self._commands.timeline(limit)
            case NoParams() if taken.method != "projects" or self._projects is None:
                return await self._simple(taken.method)
            case _:
                return await self._of_projects(taken.params, taken.method)

    async def _of_projects(self, params: messages.Params, method: str) -> object:
        if self._projects is None:
            raise NotAttached(address="")
        match params:
            case AttachParams():
                config = ProjectConfig(name=params.name, master_url=params.url, web_rpc_url_base=params.web_rpc_url_base)
                return await self._projects.attach(config, params.key, params.keep, host_cpid=params.host_cpid)
            case DemoParams(on=on):
                return await self._projects.demo(on=on)
            case CommunityParams() | BoardsParams():
                return await community_api.answer(self._projects, params)
            case ProjectParams() if method == "detach":
                return await self._projects.detach(params.project, force=params.force)
            case ProjectParams():
                return await self._projects.update(params.project)
            case UnlockParams():
                await asyncio.to_thread(self._projects.unlock, params.passphrase)
                self._projects.keys_changed()
            case ReadParams():
                self._projects.mark_read(params.ids)
            case (NoParams() | PauseParams() | AnywayParams() | LessParams() | ReactParams() | TimelineParams()) | (
                SettingsParams() | PresetParams() | ResetParams() | PhysicsParams() | ResultParams()
            ):
                pass
            case _:
                assert_never(params)
        return self._projects.details()

    async def _simple(self, method: str) -> object:
        match method:
            case "why" | "contribution":
                return self._commands.why() if method == "why" else self._work()
            case "tasks" | "projects":  # the latter only where there are none
                return self._commands.view.tasks if method == "tasks" else []
            case "prolong" | "resume":
                return await (self._commands.resume() if method == "resume" else self._commands.prolong())
            case "finish":
                return await self._commands.finish()
            case "checkpoint":
                return await self._commands.checkpoint()
            case "quit":
                self._commands.quit()
                return self._commands.view
            case "subscribe":
                self._pusher = self._pusher or asyncio.create_task(self._push(), name="push")
                return None
            case _:
                return self._commands.view

    def _push_if_asked(self) -> None:
        """Begin only when the answer to ``subscribe`` is out."""
        if self._pusher is not None and self._unsubscribe is None:
            self._unsubscribe = self._commands.subscribe(self._take)

    def _take(self, view: SessionView) -> None:
        self._latest = view
        self._fresh.set()

    async def _push(self) -> None:
        """Send the latest view; who reads slowly misses those in between, and holds up nobody."""
        try:
            while True:
                await self._fresh.wait()
                self._fresh.clear()
                await self._send(messages.pushed(self._latest))
        except (ConnectionError, TimeoutError):
            self._writer.transport.abort()

    async def _send(self, line: bytes) -> None:
        async with self._sending, asyncio.timeout(_PATIENCE_S):
            self._writer.write(line)
            await self._writer.drain()
