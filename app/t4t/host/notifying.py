"""Messages on the screen by Linux's notification service. It knows texts and buttons, and nothing of what they mean."""

from __future__ import annotations

import asyncio
import contextlib
import html
import logging
from typing import TYPE_CHECKING, Final

from dbus_fast import BusType, DBusError, Variant

from t4t.domain.record import record
from t4t.host.session_end.bus import SystemBus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from dbus_fast import Message

    from t4t.domain.clock import Clock
    from t4t.domain.host_events import EventKind
    from t4t.host.session_end.bus import Connection

_log = logging.getLogger(__name__)

NAME: Final = "org.freedesktop.Notifications"
_PATH: Final = "/org/freedesktop/Notifications"
_FAILED: Final = (DBusError, OSError, EOFError, TimeoutError)
DEFAULT: Final = "default"
"""The action of a click on the message itself: the specification's own name."""


@record(kw_only=True)
class Popup:
    """One message as plain text; ``actions`` are names and the words of their buttons."""

    title: str
    body: str
    actions: tuple[tuple[str, str], ...] = ()


class NotificationService:
    """`Service` of the session's bus: what is to be seen is brought in line, one call after the other."""

    name = NAME

    def __init__(self, *, application: str, desktop_entry: str, icon: str) -> None:
        """``icon``: the path of a picture. The three callbacks are set by who uses it; each gets a key."""
        self._application = application
        self._hints = {"desktop-entry": Variant("s", desktop_entry), "urgency": Variant("y", 1), "suppress-sound": Variant("b", True)}  # noqa: FBT003 - the bus's own
        self._icon = icon
        self._connection: Connection | None = None
        self._abilities: frozenset[str] = frozenset()
        self._wanted: Mapping[str, Popup] = {}
        self._numbers: dict[str, int] = {}
        """Of what is on the screen."""
        self._had: set[str] = set()
        """What was shown and is wanted still: a service that comes back shows nothing twice."""
        self._work: asyncio.Task[None] | None = None
        self.changed: Callable[[], None] = lambda: None
        """The service came or went."""
        self.shown: Callable[[str], None] = lambda _key: None
        self.acted: Callable[[str, str], None] = lambda _key, _action: None
        self.closed: Callable[[str], None] = lambda _key: None

    @property
    def is_there(self) -> bool:
        """Whether messages can be shown."""
        return self._connection is not None

    @property
    def missing(self) -> frozenset[EventKind]:
        """It brings no events of the computer."""
        return frozenset()

    def bring(self, wanted: Mapping[str, Popup]) -> None:
        """These, and no others, from now on."""
        self._wanted = wanted
        self._had &= wanted.keys()
        if self._connection is not None and (self._work is None or self._work.done()) and not self._in_line:
            self._work = asyncio.get_running_loop().create_task(self._bring_in_line(self._connection), name="notifications")

    @property
    def _in_line(self) -> bool:
        return self._wanted.keys() <= self._had and self._numbers.keys() <= self._wanted.keys()

    async def _bring_in_line(self, connection: Connection) -> None:
        """Until nothing differs; what is wanted may change meanwhile."""
        try:
            while not self._in_line:
                for key in self._numbers.keys() - self._wanted.keys():
                    number = self._numbers.pop(key)
                    with contextlib.suppress(DBusError):  # it is gone already
                        await connection.call(NAME, _PATH, NAME, "CloseNotification", "u", number)
                new = next((key for key in self._wanted if key not in self._had), None)
                if new is not None:
                    await self._show(connection, new, self._wanted[new])
        except _FAILED as error:
            _log.warning("a message could not be shown: %s", error)

    async def _show(self, connection: Connection, key: str, popup: Popup) -> None:
        self._had.add(key)
        body = html.escape(popup.body, quote=False) if "body-markup" in self._abilities else popup.body
        actions = [word for pair in popup.actions for word in pair] if "actions" in self._abilities else []
        arguments = (self._application, 0, self._icon, popup.title, body, actions, self._hints, -1)
        try:
            reply = await connection.call(NAME, _PATH, NAME, "Notify", "susssasa{sv}i", *arguments)
        except BaseException:
            self._had.discard(key)  # the next turn tries again
            raise
        self._numbers[key] = int(reply.body[0])
        self.shown(key)

    async def attach(self, connection: Connection) -> None:
        """See `Service.attach`."""
        for member in ("ActionInvoked", "NotificationClosed"):
            await connection.match(f"type='signal',sender='{NAME}',path='{_PATH}',interface='{NAME}',member='{member}'")
        reply = await connection.call(NAME, _PATH, NAME, "GetCapabilities")
        self._abilities = frozenset(map(str, reply.body[0]))
        self._connection = connection
        self.changed()

    def detach(self) -> None:
        """See `Service.detach`: what it showed went with it."""
        if self._work is not None:
            self._work.cancel()
            self._work = None
        self._numbers.clear()
        if self._connection is not None:
            self._connection = None
            self.changed()

    def signal(self, message: Message) -> None:
        """See `Service.signal`."""
        if message.interface != NAME or not message.body:
            return
        key = next((key for key, number in self._numbers.items() if number == message.body[0]), None)
        if key is None:
            return
        if message.member == "ActionInvoked":
            self.acted(key, str(message.body[1]))
        elif message.member == "NotificationClosed":
            del self._numbers[key]
            self.closed(key)

    async def hold(self, reason: str) -> None:
        """Holds nothing back."""

    async def release(self) -> None:
        """Holds nothing back."""


@contextlib.asynccontextmanager
async def on_session_bus(service: NotificationService, clock: Clock, *, address: str | None = None) -> AsyncIterator[None]:
    """Serve as long as this lasts; ``address`` None: the session's own bus. What is on the screen stays there."""
    bus = SystemBus((service,), clock, address=address, kind=BusType.SESSION)
    serving = asyncio.create_task(bus.run(), name="notification bus")
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        bus.close()
