"""Messages of the engine on this computer's screen: words, buttons, and what a click does. Made here, because it joins engine, words and desktop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Final, Protocol

from t4t import desktop
from t4t.domain.errors import T4TError
from t4t.domain.notification_policy import Reaction
from t4t.storage.resources import resource_folder
from t4t.wording.messages import message
from t4t.wording.screen import Reader

if sys.platform == "linux":
    from t4t.host.notifying import DEFAULT, NotificationService, Popup, on_session_bus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
    from pathlib import Path

    from t4t.domain.clock import WallClock
    from t4t.domain.session import MessageView
    from t4t.engine.parts import Popups

_log = logging.getLogger(__name__)

_NAME: Final = "Test4Theory"
_OPEN: Final = "open"
_MUTE: Final = "mute"
_PROLONG: Final = "prolong"


class Answers(Protocol):
    """The engine, as far as a click asks for it."""

    async def react(self, key: str, reaction: Reaction) -> object:
        """See `Engine`."""
        ...

    async def prolong(self) -> object:
        """See `Engine`."""
        ...

    def popups_changed(self) -> None:
        """See `Engine`."""
        ...


if sys.platform == "linux":

    class BusPopups:
        """`Popups` by the notification service of the session's bus, as long as there is one."""

        def __init__(self, clock: WallClock, open_page: Callable[[str], None]) -> None:
            """Nothing is shown before `opened`; ``open_page`` shows a page of the window."""
            self._clock = clock
            self._open_page = open_page
            self._messages: dict[str, MessageView] = {}
            self._engine: Answers | None = None
            self._doing: set[asyncio.Task[None]] = set()
            self._service = NotificationService(application=_NAME, desktop_entry="t4t", icon=str(resource_folder("icons") / "app.svg"))
            self._service.changed = self._changed
            self._service.shown = lambda key: self._tell(key, Reaction.SHOWN)
            self._service.closed = lambda key: self._tell(key, Reaction.CLOSED)
            self._service.acted = self._acted

        def bring(self, messages: Sequence[MessageView]) -> bool:
            """See `Popups`."""
            self._messages = {one.key: one for one in messages}
            self._service.bring({one.key: self._popup(one) for one in messages})
            return self._service.is_there

        def _popup(self, view: MessageView) -> Popup:
            said = message(view, Reader(self._clock.wall()))
            prolong = ((_PROLONG, said.prolong),) if said.prolong else ()
            return Popup(title=said.title, body=said.body, actions=((DEFAULT, said.open), *prolong, (_OPEN, said.open), (_MUTE, said.mute)))

        def _changed(self) -> None:
            if self._engine is not None:
                self._engine.popups_changed()

        def _acted(self, key: str, action: str) -> None:
            if action in {DEFAULT, _OPEN} and key in self._messages:
                self._open_page(self._messages[key].page)
            if action == _PROLONG and self._engine is not None:
                self._do(self._engine.prolong())
            self._tell(key, Reaction.MUTED if action == _MUTE else Reaction.ANSWERED)

        def _tell(self, key: str, reaction: Reaction) -> None:
            if self._engine is not None:
                self._do(self._engine.react(key, reaction))

        def _do(self, asked: Coroutine[object, object, object]) -> None:
            task = asyncio.get_running_loop().create_task(_logged(asked), name="message")
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

        @contextlib.asynccontextmanager
        async def opened(self, engine: Answers, *, address: str | None = None) -> AsyncIterator[None]:
            """Show messages, and tell ``engine`` what becomes of them, as long as this lasts; ``address``: of another bus than the session's."""
            self._engine = engine
            try:
                async with on_session_bus(self._service, self._clock, address=address):
                    yield
            finally:
                self._engine = None
                for task in self._doing:
                    task.cancel()
                await asyncio.gather(*self._doing, return_exceptions=True)


async def _logged(asked: Coroutine[object, object, object]) -> None:
    try:
        await asked
    except T4TError as error:
        _log.warning("a click on a message was refused: %s", error)


class OnScreen:
    """The popups of an agent with a tray, where this system has something better than the tray's own."""

    def __init__(self, data: Path, clock: WallClock, *, tray: bool) -> None:
        """Without a ``tray`` nobody looks at this agent's screen."""
        self.popups: Popups | None = None
        self._opened: Callable[[Answers], contextlib.AbstractAsyncContextManager[None]] | None = None
        if sys.platform == "linux" and tray:
            made = BusPopups(clock, lambda page: desktop.start(data, "window", page))
            self.popups, self._opened = made, made.opened

    @contextlib.asynccontextmanager
    async def opened(self, engine: Answers) -> AsyncIterator[None]:
        """Serve ``engine`` as long as this lasts."""
        if self._opened is None:
            yield
            return
        async with self._opened(engine):
            yield
