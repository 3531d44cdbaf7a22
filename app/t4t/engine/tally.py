"""Counts what this computer does, day by day, from what the engine and the guests show anyway: no look, no timer, no wake-up of its own.

What was counted and up to where it was counted are written in one transaction: after any death nothing is counted twice, and what had not been written is
counted when it is seen again.
"""

from __future__ import annotations

import contextlib
import logging
import math
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import msgspec

from t4t.domain.contribution import WorkDay, day_of
from t4t.domain.errors import FolderUnwritable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.clock import WallClock
    from t4t.domain.physics import Job, Result
    from t4t.domain.runspec import Runspec
    from t4t.domain.session import SessionView

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

DAYS: Final = "work"
MARKS: Final = "counted"
_WHOLE: Final = "."
"""The mark of what belongs to no task; no folder has this name."""
_WRITE_S: Final = 300.0
_MOST_DAYS: Final = 3650
_MOST_MARKS: Final = 200
"""Of tasks; those that were not touched for longest go."""


class Documents(Protocol):
    """Where it is written: `State`."""

    def documents(self, kind: str) -> dict[str, bytes]:
        """See `State`."""
        ...

    def put_documents_of(self, changes: Mapping[str, Mapping[str, bytes | None]]) -> None:
        """See `State`."""
        ...


class _Mark(msgspec.Struct):
    """Up to where a task is counted. ``job`` is what it simulates: a guest may compute one after the other."""

    touched: float = 0.0
    cpu_s: float = 0.0
    job: str = ""
    collisions: int = 0
    finished: int = -1
    """Of all tasks together: how many had ended; -1: not counted yet."""
    since: str = ""
    """The first day of all."""


class Tally:
    """Belongs to the agent's loop. `seen` is for `Engine.subscribe`, `heard` for `LivePhysics`, `ended` for `Results`."""

    def __init__(self, state: Documents, clock: WallClock) -> None:
        """Read what was counted."""
        self._state = state
        self._clock = clock
        self._days = _read(state.documents(DAYS), WorkDay)
        self._marks = _read(state.documents(MARKS), _Mark)
        self._whole = self._marks.pop(_WHOLE, _Mark())
        if not self._whole.since:
            self._whole.since = self._today
        self._changed_days: set[str] = set()
        self._changed_marks: set[str] = {_WHOLE}
        self._written = -math.inf

    @property
    def _today(self) -> str:
        now = self._clock.wall()
        return day_of(now, self._clock.offset_at(now))

    @property
    def since(self) -> str:
        """The day from which on it was counted."""
        return self._whole.since

    @property
    def days(self) -> tuple[WorkDay, ...]:
        """All of them, the oldest first."""
        return tuple(self._days[name] for name in sorted(self._days))

    # --- counting ----------------------------------------------------------------------------------------------------

    def seen(self, view: SessionView) -> None:
        """The tasks have used so much."""
        for task in view.tasks:
            mark = self._marks.get(task.name)
            if mark is not None and task.cpu_s < mark.cpu_s:  # another one of the same name: all of it is new
                mark = None
            if task.cpu_s <= 0 if mark is None else task.cpu_s == mark.cpu_s:
                continue
            self._add(cpu_s=task.cpu_s - (0.0 if mark is None else mark.cpu_s))
            self._touch(task.name, mark or _Mark()).cpu_s = task.cpu_s
        if view.finished != self._whole.finished:
            if 0 <= self._whole.finished < view.finished:
                self._add(tasks=view.finished - self._whole.finished)
            self._whole.finished = view.finished
            self._changed_marks.add(_WHOLE)
        self._write_now_and_then()

    def heard(self, task: str, job: Job) -> None:
        """A guest has computed so many."""
        self._computed(task, job.spec, job.done)
        self._write_now_and_then()

    def ended(self, result: Result) -> None:
        """A result says how many it holds, also of those that nobody was told of. It is that of the job that was heard last, however it writes its name."""
        self._computed(result.task, None, result.events)
        self._write_now_and_then()

    def _computed(self, task: str, spec: Runspec | None, done: int) -> None:
        mark = self._marks.get(task) or _Mark()
        job = mark.job if spec is None else repr(spec)
        before = mark.collisions if job == mark.job or not mark.job else 0
        if done <= before:
            return
        self._add(collisions=done - before)
        mark = self._touch(task, mark)
        mark.job, mark.collisions = job, done

    def _add(self, *, collisions: int = 0, cpu_s: float = 0.0, tasks: int = 0) -> None:
        name = self._today
        day = self._days.get(name) or WorkDay(day=name)
        self._days[name] = msgspec.structs.replace(day, collisions=day.collisions + collisions, cpu_s=day.cpu_s + cpu_s, tasks=day.tasks + tasks)
        self._changed_days.add(name)

    def _touch(self, task: str, mark: _Mark) -> _Mark:
        mark.touched = self._clock.wall()
        self._marks[task] = mark
        self._changed_marks.add(task)
        return mark

    # --- writing -----------------------------------------------------------------------------------------------------

    def _write_now_and_then(self) -> None:
        if self._clock.monotonic() - self._written >= _WRITE_S:
            self.write()

    def write(self) -> None:
        """Write what is new. What can't be written now is written later: it is a measurement, and holds up nothing."""
        if not self._changed_days and not self._changed_marks:
            return
        self._written = self._clock.monotonic()
        self._forget()
        days = {name: _encoded(self._days.get(name)) for name in self._changed_days}
        marks = {name: _encoded(self._whole if name == _WHOLE else self._marks.get(name)) for name in self._changed_marks}
        try:
            self._state.put_documents_of({DAYS: days, MARKS: marks})
        except FolderUnwritable as error:
            _log.warning("what was done is not written down: %s", error)
            return
        self._changed_days.clear()
        self._changed_marks.clear()

    def _forget(self) -> None:
        for name in sorted(self._marks, key=lambda name: -self._marks[name].touched)[_MOST_MARKS:]:
            del self._marks[name]
            self._changed_marks.add(name)
        for name in sorted(self._days)[:-_MOST_DAYS]:
            del self._days[name]
            self._changed_days.add(name)


def _encoded(value: WorkDay | _Mark | None) -> bytes | None:
    return None if value is None else msgspec.json.encode(value)


def _read(found: Mapping[str, bytes], type_: type[_T]) -> dict[str, _T]:
    """What can't be read is begun anew."""
    read = {}
    for name, value in found.items():
        with contextlib.suppress(msgspec.MsgspecError, UnicodeError):
            read[name] = msgspec.json.decode(value, type=type_)
    return read
