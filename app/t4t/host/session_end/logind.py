"""logind: the end of the session, sleep, who is in front, and the lock that makes the system wait (a delay inhibitor).

Facts: org.freedesktop.login1(5) and systemd's page on inhibitor locks. The lock is a file descriptor: whoever has it holds the system back for at most
``InhibitDelayMaxUSec``, so it is never handed to a child process.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

from dbus_fast import DBusError

from t4t.domain.host_events import Ending, EventKind

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from dbus_fast import Message

    from t4t.host.feed import Feed
    from t4t.host.session_end.bus import Connection

_log = logging.getLogger(__name__)

_PATH: Final = "/org/freedesktop/login1"
_MANAGER: Final = "org.freedesktop.login1.Manager"
_SESSION: Final = "org.freedesktop.login1.Session"
_USER: Final = "org.freedesktop.login1.User"
_WHO: Final = "Test4Theory"
_DEFAULT_DELAY_S: Final = 5.0


class Logind:
    """Brings logind's signals to the feed and keeps the inhibitor."""

    name = "org.freedesktop.login1"

    def __init__(self, feed: Feed, *, uid: int, environment: Mapping[str, str] = os.environ) -> None:
        """``environment`` may name our session, ``uid`` is our user."""
        self._feed = feed
        self._environment = environment
        self._uid = uid
        self._connection: Connection | None = None
        self._delay_s = _DEFAULT_DELAY_S
        self._session = ""
        self._reason: str | None = None
        self._lock_fd = -1
        self._let_through = False
        """The lock was given back for the end or the sleep that is under way, and is wanted again after it."""
        self._pending = False
        """An end or a sleep is under way."""
        self._shutting_down = False
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def missing(self) -> frozenset[EventKind]:
        """Without logind nothing of this can be had; without a session of ours (a service, a container) nobody is in front."""
        if self._connection is None:
            return frozenset({EventKind.SESSION_END, EventKind.SLEEP, EventKind.USER_SWITCH, EventKind.BLOCK})
        missing = set() if self._session else {EventKind.USER_SWITCH}
        return frozenset(missing | ({EventKind.BLOCK} if self._wanting else set()))

    @property
    def _wanting(self) -> bool:
        """The lock should be held and is not."""
        return self._reason is not None and not self._let_through and self._lock_fd < 0

    async def attach(self, connection: Connection) -> None:
        """Listen, find our session, take the lock if it is wanted, and tell what began while nobody listened."""
        for member in ("PrepareForShutdown", "PrepareForSleep", "SessionRemoved"):
            await connection.match(f"type='signal',sender='{self.name}',interface='{_MANAGER}',member='{member}'")
        facts = await connection.properties(self.name, _PATH, _MANAGER)
        delay = facts.get("InhibitDelayMaxUSec")
        self._delay_s = delay / 1e6 if isinstance(delay, int) else _DEFAULT_DELAY_S
        self._connection = connection
        self._session = await find_session(connection, uid=self._uid, environment=self._environment)
        if self._session:
            await connection.match(
                f"type='signal',sender='{self.name}',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',path='{self._session}'"
            )
            await self._look_at_session()
        await self._keep_lock()
        if (ends := facts.get("PreparingForShutdown") is True) or self._shutting_down:
            self._on_shutdown(begins=ends)
        self._on_sleep(begins=facts.get("PreparingForSleep") is True)

    def detach(self) -> None:
        """Its locks are gone with it, and so is what it prepared."""
        self._connection = None
        self._session = ""
        self._pending = self._let_through = False
        self._drop()
        for task in self._tasks:
            task.cancel()

    async def hold(self, reason: str) -> None:
        """Hold the system back from now on. Nothing happens while it is on its way already: it would refuse a new lock."""
        self._reason = reason
        await self._keep_lock()

    async def release(self) -> None:
        """Let it go on: this time if an end or a sleep is under way, for good otherwise."""
        if self._pending:
            self._let_through = True
        else:
            self._reason = None
        self._drop()

    def signal(self, message: Message) -> None:
        """A signal of logind."""
        match message.member, message.body:
            case "PrepareForShutdown", [bool() as begins]:
                self._on_shutdown(begins=begins)
            case "PrepareForSleep", [bool() as begins]:
                self._on_sleep(begins=begins)
            case "SessionRemoved", [_, path] if path == self._session:
                self._feed.session_ends(Ending.LOG_OFF, None)
            case "PropertiesChanged", [_, _, _] if message.path == self._session:
                self._spawn(self._look_at_session())
            case _:
                pass

    def _on_shutdown(self, *, begins: bool) -> None:
        self._shutting_down = begins
        self._turn_of_events(begins=begins)
        if begins:
            self._feed.session_ends(Ending.SHUTDOWN, self._promised)
        else:
            self._feed.session_goes_on()

    def _on_sleep(self, *, begins: bool) -> None:
        self._turn_of_events(begins=begins)
        if begins:
            self._feed.falls_asleep(self._promised)
        else:
            self._feed.wakes()

    @property
    def _promised(self) -> float | None:
        """It waits only for those who hold a lock."""
        return self._delay_s if self._lock_fd >= 0 else None

    def _turn_of_events(self, *, begins: bool) -> None:
        self._pending = begins or self._shutting_down
        if not self._pending:
            self._let_through = False
            self._spawn(self._keep_lock())

    async def _keep_lock(self) -> None:
        """Take the lock if it is wanted; a system that refuses it (no right, no logind) is asked again at the next turn."""
        async with self._turn:
            connection = self._connection
            if connection is None or not self._wanting or self._pending:
                return
            try:
                reply = await connection.call(self.name, _PATH, _MANAGER, "Inhibit", "ssss", "shutdown:sleep", _WHO, self._reason, "delay")
            except (DBusError, OSError, EOFError, TimeoutError) as error:
                _log.warning("the end of the session will not wait for us: %s", error)
                return
            self._lock_fd = reply.unix_fds[0]
            os.set_inheritable(self._lock_fd, False)  # noqa: FBT003 - the standard library's
            if self._reason is None or self._let_through or self._connection is not connection:
                self._drop()  # given back, or its logind went, while it was being taken

    def _drop(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    async def _look_at_session(self) -> None:
        """Read what changed: the signal may leave the values out. A session that closes has lost its leader: the user logs off."""
        if self._connection is None:
            return
        try:
            facts = await self._connection.properties(self.name, self._session, _SESSION)
        except (DBusError, OSError, EOFError, TimeoutError):
            return
        if facts.get("State") == "closing":
            self._feed.session_ends(Ending.LOG_OFF, None)
        elif isinstance(active := facts.get("Active"), bool):
            self._feed.in_front(active=active)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def find_session(connection: Connection, *, uid: int, environment: Mapping[str, str]) -> str:
    """The path of our session: the one that the environment names, the one of our process, or the one that our user looks at. Empty: there is none."""
    name = Logind.name
    named = environment.get("XDG_SESSION_ID", "")
    tries = ([("GetSession", "s", named)] if named else []) + [("GetSessionByPID", "u", os.getpid())]
    for member, signature, value in tries:
        try:
            reply = await connection.call(name, _PATH, _MANAGER, member, signature, value)
            path = str(reply.body[0])
            await connection.properties(name, path, _SESSION)
        except DBusError:
            continue
        return path
    try:
        user = await connection.call(name, _PATH, _MANAGER, "GetUser", "u", uid)
        match (await connection.properties(name, str(user.body[0]), _USER)).get("Display"):
            case [str(), str(path)] if path != "/":
                return path
    except DBusError:
        pass
    return ""
