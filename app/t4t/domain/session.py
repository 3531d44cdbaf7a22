"""What everybody who looks on is shown: one frozen value, sent whole whenever it changes. Sentences are keys; `wording` has the words."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.app_update import UpdateView  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.energy import Spent  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.notification_policy import Event, page_of
from t4t.domain.policy import BASE, LessKind, Level, Value, holds_still
from t4t.domain.project_view import ProjectView  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.vm import VmState  # noqa: TC001 - msgspec reads it at run time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.policy import Decision

VERSION: Final = 1
"""Of the local API and of this view; raised when a field changes its meaning or goes."""


class Activity(enum.Enum):
    """What a task is doing."""

    QUEUED = "queued"
    """Its turn has not come."""
    SETTING_UP = "setting_up"
    """Its VM is made, booted or restored."""
    RUNNING = "running"
    PAUSED = "paused"
    SAVING = "saving"
    SAVED = "saved"
    RESTING = "resting"
    """The guest asked for a rest."""
    RECOVERING = "recovering"
    FINISHING = "finishing"
    TROUBLE = "trouble"
    """Something failed; it is tried again at ``retry_at``."""


class TrayState(enum.Enum):
    """The eight states of the icon."""

    WORKING = "working"
    GENTLE = "gentle"
    PAUSED_BY_YOU = "paused_by_you"
    WAITING = "waiting"
    """A rule holds the work back."""
    NO_WORK = "no_work"
    SETTING_UP = "setting_up"
    SAVING = "saving"
    NEEDS_YOU = "needs_you"


class PortView(msgspec.Struct, frozen=True):
    """A port of 127.0.0.1 that leads to a port of the guest."""

    name: str
    host_port: int


class NoticeView(msgspec.Struct, frozen=True):
    """An error that the volunteer should know: its stable code and its data."""

    code: str
    data: dict[str, Value]
    task: str = ""
    retry_at: float | None = None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """What is to pop up now, or has popped up and still holds. ``key`` names it; `t4t.wording.messages` has the words."""

    key: str
    event: Event
    at: float
    """Since when it is wanted, in seconds since 1970."""
    notice: NoticeView | None = None
    """Of what needs the volunteer."""
    data: dict[str, Value] = {}
    """Of all other events: figures and a project's own words."""

    @property
    def page(self) -> str:
        """The page of the window that belongs to it."""
        return page_of(self.event, "" if self.notice is None else self.notice.code)


class TaskView(msgspec.Struct, frozen=True, kw_only=True):
    """One task. Times in seconds of running time, moments in seconds since 1970; ``vm`` is what was observed, never what is wished."""

    key: str
    name: str
    path: str
    activity: Activity
    vm: VmState
    fraction: float
    elapsed_s: float
    cpu_s: float
    lost_s: float
    cores: int
    memory_mib: int
    cap_percent: int = 100
    """How much of each core it may use, as the hypervisor has been told."""
    bandwidth_kib_s: int | None = None
    """Its limit on the network; None: there is none."""
    ports: tuple[PortView, ...]
    checkpoints: int
    restarts: int
    last_checkpoint: float | None
    save_s: float | None
    """How long saving took the last time."""
    retry_at: float | None
    sentence: str
    measured_percent: float | None = None
    """How much of its cores it really used, over the last half minute or more under this limit; None: not measured yet."""


class RuleView(msgspec.Struct, frozen=True):
    """One rule of the decision, for ``why``."""

    id: str
    value: Value
    limit: Value
    holds: bool
    overruled: bool = False
    """It would hold, and the volunteer said to run anyway."""


class Why(msgspec.Struct, frozen=True):
    """The decision as ``t4t why`` prints it."""

    level: Level
    deciding: str
    since: float
    next_change: float | None
    rules: tuple[RuleView, ...]


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one moment. ``serial`` grows with each change; moments are seconds since 1970."""

    version: int
    serial: int
    pid: int
    state: TrayState
    sentence: str
    level: Level
    deciding: str
    since: float
    next_change: float | None
    finishing: bool
    hypervisor: str
    save_s: float
    """How long saving everything will take, as measured; for what blocks a shutdown."""
    finished: int
    """Tasks that have ended, all told."""
    tasks: tuple[TaskView, ...]
    notices: tuple[NoticeView, ...]
    projects: tuple[ProjectView, ...] = ()
    anyway_until: float | None = None
    """Until when the volunteer's word to run anyway holds; None: the rules count."""
    using_less: LessKind | None = None
    """What the volunteer asked for when it was to use less; None: nothing such holds."""
    messages: tuple[MessageView, ...] = ()
    """What the tray is to pop up, because nothing better is there to do it."""
    kept_awake: bool | None = None
    """Whether the computer is kept from falling asleep by itself; False: nothing here can do that; None: it need not be."""
    spent: Spent | None = None
    """What the work cost today and this month, as it was written down last; None: nobody counts."""
    update: UpdateView | None = None
    """Newer versions of the program; None: this copy has nothing to do with them."""


def why(decision: Decision) -> Why:
    """The decision without its memory."""
    rules = tuple(
        RuleView(id=state.id, value=state.value, limit=state.limit, holds=state.holds and not state.overruled, overruled=state.overruled)
        for state in decision.rules
    )
    return Why(level=decision.level, deciding=decision.deciding, since=decision.since, next_change=decision.next_change, rules=rules)


def tray_state(decision: Decision, tasks: Sequence[Activity], *, attention: bool) -> TrayState:
    """The one state that the icon shows; ``attention``: something waits for the volunteer."""
    if decision.level is Level.STOPPED or (Activity.SAVING in tasks and holds_still(decision.level)):
        return TrayState.SAVING
    if attention:
        return TrayState.NEEDS_YOU
    if holds_still(decision.level):
        return TrayState.PAUSED_BY_YOU if decision.deciding == "manual_pause" else TrayState.WAITING
    if any(task in {Activity.RUNNING, Activity.FINISHING} for task in tasks):
        return TrayState.WORKING if decision.level is Level.FULL else TrayState.GENTLE
    if any(task in {Activity.SETTING_UP, Activity.RECOVERING, Activity.SAVED, Activity.PAUSED, Activity.SAVING} for task in tasks):
        return TrayState.SETTING_UP
    return TrayState.NO_WORK


def sentence(state: TrayState, decision: Decision) -> str:
    """The key of the status sentence: the state, and the rule where one decides."""
    if state in {TrayState.WAITING, TrayState.GENTLE} and decision.deciding != BASE:
        return f"{state.value}.{decision.deciding}"
    if state is TrayState.PAUSED_BY_YOU:
        return f"{state.value}.{'timed' if decision.next_change is not None else 'open'}"
    return str(state.value)
