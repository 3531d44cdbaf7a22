"""An engine that does what a test tells it, behind the real API server: the messages, the socket and their strictness are the product's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from t4t.domain.intent import LESS_LEVELS
from t4t.domain.notification_policy import Reaction
from t4t.domain.policy import AnywayKind, Instant, LessKind, Level, PauseKind, anyway_by_hand, less_by_hand, pause_by_hand
from t4t.domain.session import VERSION, Activity, NoticeView, RuleView, SessionView, TaskView, TrayState, Why
from t4t.domain.vm import VmState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from t4t.domain.errors import T4TError


def a_task(**changes: Any) -> TaskView:
    """A task that runs."""
    task = TaskView(
        key="k1",
        name="theory_2279-3861",
        path="/tasks/theory_2279-3861",
        activity=Activity.RUNNING,
        vm=VmState.RUNNING,
        fraction=0.62,
        elapsed_s=4321.0,
        cpu_s=8000.0,
        lost_s=0.0,
        cores=2,
        memory_mib=640,
        ports=(),
        checkpoints=3,
        restarts=0,
        last_checkpoint=None,
        save_s=None,
        retry_at=None,
        sentence="task.running",
    )
    return msgspec.structs.replace(task, **changes)


def a_view(**changes: Any) -> SessionView:
    """A session that works on one task."""
    view = SessionView(
        version=VERSION,
        serial=1,
        pid=4242,
        state=TrayState.WORKING,
        sentence="working",
        level=Level.FULL,
        deciding="base",
        since=time.time() - 600,
        next_change=None,
        finishing=False,
        hypervisor="fake",
        save_s=6.0,
        finished=2,
        tasks=(a_task(),),
        notices=(),
    )
    return msgspec.structs.replace(view, **changes)


class ScriptedEngine:
    """`t4t.engine.server.Commands`: keeps a list of what it was asked, and changes its view as an engine would."""

    def __init__(self, view: SessionView) -> None:
        self._view = view
        self._listeners: list[Callable[[SessionView], None]] = []
        self.asked: list[str] = []
        self.hold: asyncio.Event | None = None
        """If set, commands are carried out only when it is."""
        self.refuse_with: T4TError | None = None
        self.quit_asked = False
        self.happened: list[Any] = []

    @property
    def view(self) -> SessionView:
        return self._view

    def show(self, **changes: Any) -> None:
        """Change the view and tell everybody."""
        self._view = msgspec.structs.replace(self._view, serial=self._view.serial + 1, **changes)
        for listener in list(self._listeners):
            listener(self._view)

    async def ready(self) -> None:
        """It always is."""

    def why(self) -> Why:
        paused = self._view.deciding == "manual_pause"
        return Why(
            level=self._view.level,
            deciding=self._view.deciding,
            since=self._view.since,
            next_change=self._view.next_change,
            rules=(
                RuleView(id="manual_pause", value="1h" if paused else None, limit=None, holds=paused),
                RuleView(id="quitting", value=False, limit=None, holds=False),
                RuleView(id="disk", value=123 << 30, limit=2 << 30, holds=False),
            ),
        )

    def timeline(self, limit: int) -> list[Any]:
        return self.happened[-limit:]

    def subscribe(self, listener: Callable[[SessionView], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        listener(self._view)
        return lambda: self._listeners.remove(listener)

    async def _asked(self, command: str) -> None:
        self.asked.append(command)
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse_with is not None:
            raise self.refuse_with

    async def pause(self, kind: PauseKind) -> SessionView:
        await self._asked(f"pause {kind.value}")
        now = time.time()
        until = pause_by_hand(kind, Instant(now=now, boot="b", morning=now + 40_000)).until
        tasks = tuple(msgspec.structs.replace(task, activity=Activity.PAUSED, vm=VmState.PAUSED) for task in self._view.tasks)
        self.show(state=TrayState.PAUSED_BY_YOU, level=Level.PAUSED, deciding="manual_pause", since=now, next_change=until, tasks=tasks)
        return self._view

    async def prolong(self) -> SessionView:
        await self._asked("prolong")
        self.show(next_change=(self._view.next_change or time.time()) + 1800)
        return self._view

    async def resume(self) -> SessionView:
        await self._asked("resume")
        tasks = tuple(msgspec.structs.replace(task, activity=Activity.RUNNING, vm=VmState.RUNNING) for task in self._view.tasks)
        self.show(state=TrayState.WORKING, level=Level.FULL, deciding="base", next_change=None, finishing=False, tasks=tasks)
        return self._view

    async def run_anyway(self, kind: AnywayKind | None) -> SessionView:
        await self._asked(f"run_anyway {'off' if kind is None else kind.value}")
        now = time.time()
        until = None if kind is None else anyway_by_hand(kind, Instant(now=now, boot="b", morning=now)).until
        self.show(state=TrayState.WORKING, level=Level.FULL, deciding="base" if kind is None else "run_anyway", next_change=until, anyway_until=until)
        return self._view

    async def use_less(self, kind: LessKind | None) -> SessionView:
        await self._asked(f"use_less {'off' if kind is None else kind.value}")
        now = time.time()
        if kind is None:
            self.show(state=TrayState.WORKING, level=Level.FULL, deciding="base", next_change=None, using_less=None)
        else:
            until = less_by_hand(kind, Instant(now=now, boot="b", morning=now)).until
            self.show(state=TrayState.GENTLE, level=LESS_LEVELS[kind], deciding="use_less", next_change=until, using_less=kind)
        return self._view

    async def react(self, key: str, reaction: Reaction) -> SessionView:
        await self._asked(f"react {key} {reaction.value}")
        if reaction is not Reaction.SHOWN:
            self.show(messages=tuple(one for one in self._view.messages if one.key != key))
        return self._view

    async def finish(self) -> SessionView:
        await self._asked("finish")
        self.show(finishing=True)
        return self._view

    async def checkpoint(self) -> SessionView:
        await self._asked("checkpoint")
        return self._view

    def quit(self) -> None:
        self.asked.append("quit")
        self.quit_asked = True
        self.show(state=TrayState.SAVING, level=Level.STOPPED, deciding="quitting")


def a_notice() -> NoticeView:
    """Something for the volunteer to do."""
    return NoticeView(code="T4T-DISK-01", data={"path": "/data", "needed_mib": 2048, "free_mib": 900})
