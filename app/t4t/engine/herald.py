"""What pops up: finds what is worth a message, asks `t4t.domain.notification_policy`, and remembers what became of it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.app_update import is_news
from t4t.domain.errors import T4TError
from t4t.domain.notification_policy import (
    HABITS,
    WEEK_S,
    Event,
    Message,
    Moment,
    Reaction,
    Record,
    Show,
    answered,
    decide,
    heard_again,
    muted,
    popped_up,
    solved,
)
from t4t.domain.readings import Readings
from t4t.domain.session import MessageView
from t4t.engine.showing import needs_nobody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.policy import Intent
    from t4t.domain.session import SessionView
    from t4t.engine.given import Given
    from t4t.engine.parts import Parts

_log = logging.getLogger(__name__)

_KIND: Final = "notifications"
_RECORD: Final = "record"
_AGAIN_S: Final = 60.0
"""After a bad moment it is looked again so soon."""
_BEFORE_END_S: Final = 300.0
_LONG_S: Final = 3 * 3600.0
_FEW: Final = 10
"""With more results than this the first one is no news: this data folder is older than our record."""


class Herald:
    """Its methods belong to the engine's consumer."""

    def __init__(self, parts: Parts, given: Given) -> None:
        """Nothing was told before `begin`."""
        self._parts = parts
        self._given = given
        self._record = Record()
        self._wanted: dict[str, tuple[Message, MessageView]] = {}
        self._out: dict[str, MessageView] = {}
        """What is offered or on the screen, as it was when it was offered first."""
        self._seen: set[str] = set()
        """Of those, what is known to be on the screen."""
        self._later = False
        self._ends_at: float | None = None
        self._counted = -1
        self._few_done = False

    def begin(self) -> None:
        """Read what popped up so far."""
        raw = self._parts.state.documents(_KIND).get(_RECORD)
        if raw is not None:
            try:
                self._record = msgspec.json.decode(raw, type=Record)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("what popped up so far can't be read: %s", error)

    def turn(self, view: SessionView, intent: Intent) -> tuple[MessageView, ...]:
        """What is to be on the screen now; what a `Popups` shows already is not in it."""
        wanted = {message.key: (message, shown) for message, shown in self._worth_telling(view, intent)}
        for key in self._wanted.keys() - wanted.keys():
            self._pass(key)
        self._wanted = wanted
        self._keep(heard_again(self._record, self._given.settings.telling))
        out = self._chosen()
        return () if self._parts.popups is not None and self._parts.popups.bring(out) else out

    def _pass(self, key: str) -> None:
        """It is no more."""
        self._out.pop(key, None)
        self._seen.discard(key)
        message, _ = self._wanted[key]
        if HABITS[message.event].passes:
            self._keep(solved(message, self._record))

    def _chosen(self) -> tuple[MessageView, ...]:
        """In order of weight; what is offered uses up the budget, so that two that come together don't pop up together."""
        self._later = False
        if not self._wanted:
            return ()
        moment = Moment(
            now=self._parts.clock.wall(),
            logged_in_s=self._parts.logged_in_s(),
            readings=Readings() if self._parts.sensing is None else self._parts.sensing.readings,
        )
        telling = self._given.settings.telling
        record = self._record
        for key, (message, shown) in self._wanted.items():
            if key in self._seen:
                continue
            show = decide(message, record, moment, telling)
            self._later = self._later or show is Show.LATER
            if show is Show.TOAST:
                self._out.setdefault(key, shown)
                record = popped_up(message, record, moment.now)
            else:
                self._out.pop(key, None)
        return tuple(self._out.values())

    def react(self, key: str, reaction: Reaction) -> None:
        """What became of a message; of one that is no more, nothing."""
        if key not in self._wanted or key not in self._out:
            return
        message, _ = self._wanted[key]
        record = self._record if key in self._seen else popped_up(message, self._record, self._parts.clock.wall())
        self._seen.add(key)
        match reaction:
            case Reaction.ANSWERED:
                record = answered(message, record)
            case Reaction.MUTED:
                record = muted(message, answered(message, record))
            case _:
                pass
        if reaction is not Reaction.SHOWN:
            self._out.pop(key)
            self._seen.discard(key)
        self._keep(record)

    def _keep(self, record: Record) -> None:
        if record == self._record:
            return
        self._record = record
        try:
            self._parts.state.put_documents(_KIND, {_RECORD: msgspec.json.encode(record)})
        except T4TError as error:
            _log.warning("what popped up is not written down: %s", error)

    @property
    def due_s(self) -> float | None:
        """Seconds until it has to be looked again although nothing happened."""
        waits = [_AGAIN_S] if self._later else []
        if self._ends_at is not None:
            waits.append(max(0.0, self._ends_at - self._parts.clock.wall()))
        return min(waits, default=None)

    # --- what is worth telling ---------------------------------------------------------------------------------------

    def _worth_telling(self, view: SessionView, intent: Intent) -> Iterator[tuple[Message, MessageView]]:
        """The heaviest first."""
        now = self._parts.clock.wall()
        for notice in view.notices:
            if not needs_nobody(notice):
                message = Message(event=Event.NEEDS_YOU, subject=notice.code)
                yield message, MessageView(key=message.key, event=message.event, at=now, notice=notice)
        if self._is_first(view.finished):
            message = Message(event=Event.FIRST_RESULT)
            yield message, MessageView(key=message.key, event=message.event, at=now)
        yield from self._of_pauses(intent, now)
        for one in () if self._parts.patron is None else self._parts.patron.important():
            message = Message(event=Event.PROJECT_NOTICE, subject=one.id)
            yield message, MessageView(key=message.key, event=message.event, at=now, data={"project": one.project, "text": one.text})
        update = self._parts.update()
        if update is not None and is_news(update):
            message = Message(event=Event.SECURITY_UPDATE if update.security else Event.UPDATE, subject=update.newest)
            yield message, MessageView(key=message.key, event=message.event, at=now, data={"version": update.newest})
        yield from self._of_the_week(now)

    def _is_first(self, finished: int) -> bool:
        if finished != self._counted:
            self._counted = finished
            self._few_done = 0 < self._parts.state.done()[0] < _FEW
        return self._few_done

    def _of_pauses(self, intent: Intent, now: float) -> Iterator[tuple[Message, MessageView]]:
        pause, self._ends_at = intent.pause, None
        if pause is None:
            return
        if pause.until is not None:
            if now >= pause.until - _BEFORE_END_S:
                message = Message(event=Event.PAUSE_ENDS, long=pause.until - pause.since >= _LONG_S)
                yield message, MessageView(key=message.key, event=message.event, at=now, data={"until": pause.until})
            else:
                self._ends_at = pause.until - _BEFORE_END_S
        elif now - pause.since >= WEEK_S:
            message = Message(event=Event.LONG_PAUSE)
            yield message, MessageView(key=message.key, event=message.event, at=now, data={"since": pause.since})
        else:
            self._ends_at = pause.since + WEEK_S

    def _of_the_week(self, now: float) -> Iterator[tuple[Message, MessageView]]:
        if not self._given.settings.telling.wishes.get(Event.WEEKLY_SUMMARY):
            return
        message = Message(event=Event.WEEKLY_SUMMARY)
        if message.key in self._out:
            yield message, self._out[message.key]
            return
        count, seconds = self._parts.state.done(since=now - WEEK_S)
        if count:
            yield message, MessageView(key=message.key, event=message.event, at=now, data={"tasks": count, "seconds": seconds})
