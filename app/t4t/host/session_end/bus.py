"""The buses of Linux, the system's and the session's: a connection that comes back, and services on it that may come and go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

from dbus_fast import BusType, DBusError, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, InvalidAddressError

from t4t.domain.host_events import EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.clock import Clock

_log = logging.getLogger(__name__)

_CALL_SECONDS: Final = 5.0
_FIRST_RETRY_S: Final = 2.0
_LAST_RETRY_S: Final = 120.0
_DAEMON: Final = "org.freedesktop.DBus"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_FAILED: Final = (OSError, EOFError, TimeoutError, DBusError, AuthError, InvalidAddressError)
"""What connecting or calling may raise when the bus or a service is not there.

QUIRK(dbus-fast 5.2): a call on a connection that was lost a moment ago raises `OSError` out of the library's own clean-up; asyncio then also reports two
futures of the library that nobody waited for.
"""


class Connection:
    """A connection that is open."""

    def __init__(self, bus: MessageBus) -> None:
        """Of a connected bus."""
        self._bus = bus
        self._rules: set[str] = set()

    async def call(self, service: str, path: str, interface: str, member: str, signature: str = "", *body: object) -> Message:
        """The reply of a call. Raises `DBusError`, and `OSError`, `EOFError` or `TimeoutError` when nobody answers."""
        message = Message(destination=service, path=path, interface=interface, member=member, signature=signature, body=list(body))
        async with asyncio.timeout(_CALL_SECONDS):
            reply = await self._bus.call(message)
        if reply is None:  # the connection was closed meanwhile
            raise EOFError
        if reply.message_type is MessageType.ERROR:
            raise DBusError(reply.error_name or _DAEMON, str(reply.body[0]) if reply.body else "", reply)
        return reply

    async def properties(self, service: str, path: str, interface: str) -> dict[str, object]:
        """All properties of an interface."""
        reply = await self.call(service, path, _PROPERTIES, "GetAll", "s", interface)
        return {name: variant.value for name, variant in reply.body[0].items()}

    async def match(self, rule: str) -> None:
        """Ask the daemon for the signals of a rule, once."""
        if rule not in self._rules:
            self._rules.add(rule)
            await self.call(_DAEMON, "/org/freedesktop/DBus", _DAEMON, "AddMatch", "s", rule)

    async def owner(self, service: str) -> str:
        """Who has the name now; nothing if nobody has."""
        try:
            reply = await self.call(_DAEMON, "/org/freedesktop/DBus", _DAEMON, "GetNameOwner", "s", service)
        except DBusError:
            return ""
        return str(reply.body[0])


class Service(Protocol):
    """A service on the bus that we listen to."""

    name: str

    @property
    def missing(self) -> frozenset[EventKind]:
        """What can't be had now."""
        ...

    async def attach(self, connection: Connection) -> None:
        """The service is there: match its signals and read how things are. Raises what `Connection.call` raises."""
        ...

    def detach(self) -> None:
        """The service or the bus is gone."""
        ...

    def signal(self, message: Message) -> None:
        """A signal that the service itself sent."""
        ...

    async def hold(self, reason: str) -> None:
        """Make the system wait, if this service can."""
        ...

    async def release(self) -> None:
        """Let it go on."""
        ...


class SystemBus:
    """Keeps the connection, attaches and detaches the services, connects again when the bus was gone."""

    def __init__(self, services: Sequence[Service], clock: Clock, *, address: str | None = None, kind: BusType = BusType.SYSTEM, activate: bool = True) -> None:
        """``address`` None: the computer's own bus of this ``kind``. ``activate``: services that are not there are started, if the bus knows how."""
        self._services = services
        self._clock = clock
        self._address = address
        self._kind = kind
        self._activate = activate
        self._bus: MessageBus | None = None
        self._owners: dict[str, str] = {}
        self._changed: asyncio.Queue[Service] = asyncio.Queue()

    kinds = frozenset({EventKind.SESSION_END, EventKind.SLEEP, EventKind.USER_SWITCH, EventKind.BLOCK, EventKind.POWER})

    @property
    def missing(self) -> frozenset[EventKind]:
        """What can't be had now."""
        return frozenset().union(*(service.missing for service in self._services))

    async def start(self) -> None:
        """The first try, so that blocks hold from the beginning."""
        await self._connect()

    async def run(self) -> None:
        """Serve until cancelled."""
        wait = _FIRST_RETRY_S
        while True:
            if self._bus is None and not await self._connect():
                await self._clock.sleep(wait)
                wait = min(2 * wait, _LAST_RETRY_S)
                continue
            wait = _FIRST_RETRY_S
            await self._serve()

    async def _connect(self) -> bool:
        try:
            bus = MessageBus(bus_address=self._address, bus_type=self._kind, negotiate_unix_fd=True, auth_timeout=_CALL_SECONDS)
            connection = Connection(bus)
            async with asyncio.timeout(_CALL_SECONDS):
                await bus.connect()
            bus.add_message_handler(self._signal)
            self._bus = bus
            for service in self._services:
                # "arg0" of this rule is the name that came or went
                rule = f"type='signal',sender='{_DAEMON}',interface='{_DAEMON}',member='NameOwnerChanged',arg0='{service.name}'"
                await connection.match(rule)
                await self._attach(service, connection)
        except _FAILED as error:
            _log.info("no %s bus: %s", self._kind.name.lower(), error)
            self.close()
            return False
        return True

    async def _attach(self, service: Service, connection: Connection) -> None:
        service.detach()
        self._owners[service.name] = ""
        try:
            # A service that is started on demand has no owner until it is called.
            if self._activate:
                with contextlib.suppress(DBusError, TimeoutError):
                    await connection.call(_DAEMON, "/org/freedesktop/DBus", _DAEMON, "StartServiceByName", "su", service.name, 0)
            self._owners[service.name] = await connection.owner(service.name)
            if self._owners[service.name]:
                await service.attach(connection)
        except (DBusError, TimeoutError) as error:
            _log.info("%s: %s", service.name, error)
            service.detach()

    async def _serve(self) -> None:
        """Until the connection is lost; attaches services that came, detaches those that went."""
        bus = self._bus
        if bus is None:
            return
        connection = Connection(bus)
        lost: asyncio.Task[Any] = asyncio.ensure_future(_lost(bus))
        changed: asyncio.Task[Any] = asyncio.ensure_future(self._changed.get())
        try:
            while not lost.done():
                await asyncio.wait([lost, changed], return_when=asyncio.FIRST_COMPLETED)
                if changed.done() and not lost.done():
                    with contextlib.suppress(OSError, EOFError):
                        await self._attach(changed.result(), connection)
                    changed = asyncio.ensure_future(self._changed.get())
        finally:
            for task in (lost, changed):
                task.cancel()
            await asyncio.gather(lost, changed, return_exceptions=True)
        self.close()

    def _signal(self, message: Message) -> None:
        """Signals count only from whom owns the service's name: anybody on the bus may send us something."""
        if message.message_type is not MessageType.SIGNAL:
            return
        if message.sender == _DAEMON and message.member == "NameOwnerChanged":
            for service in self._services:
                if service.name == message.body[0] and self._owners.get(service.name) != message.body[2]:
                    self._changed.put_nowait(service)
            return
        for service in self._services:
            if message.sender and message.sender == self._owners.get(service.name):
                service.signal(message)

    def close(self) -> None:
        """Leave the bus; every block goes with it."""
        bus, self._bus = self._bus, None
        self._owners.clear()
        for service in self._services:
            service.detach()
        while not self._changed.empty():
            self._changed.get_nowait()
        if bus is not None and bus.connected:
            bus.disconnect()

    async def hold(self, reason: str) -> None:
        """Every service that can holds the system back."""
        for service in self._services:
            await service.hold(reason)

    async def release(self) -> None:
        """No service holds it back any more."""
        for service in self._services:
            await service.release()


async def _lost(bus: MessageBus) -> None:
    """Returns when the connection is gone, however."""
    with contextlib.suppress(*_FAILED):
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call] # dbus-fast left its type out
