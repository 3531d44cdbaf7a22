"""What the client must know after any death: projects, their tasks, what is to be told them. In the agent's database, with copies beside what they are about.

The copies (a project's in its own folder, a task's in its slot) count only when the database was lost: an attached account survives that, and a finished
result too.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from t4t.boinc.folder import SLOTS
from t4t.boinc.transfers import Wait  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.credit import CreditDay, TeamDay, noted, noted_team
from t4t.domain.file_names import project_folder
from t4t.domain.notice_list import ProjectNotice  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.project import TrickleDown  # noqa: TC001 - msgspec reads it at run time
from t4t.domain.project_state import ProjectState
from t4t.domain.project_task import KnownVersion, ProjectTask, Stage
from t4t.domain.scheduler_request import NetStats, TrickleUp
from t4t.domain.time_stats import Tally
from t4t.durable import write_atomic
from t4t.engine.record import FOLDER

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.project import SchedulerReply
    from t4t.project.attachment import Attachments
    from t4t.storage.state import State

_T = TypeVar("_T")
_COPY: Final = "held.json"
_PROJECT: Final = "project"
_TASK: Final = "task"
_KEPT: Final = "project-kept"
_TALLY: Final = "time"
_CREDIT: Final = "credit"
_TEAM: Final = "team-credit"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a project beside the state of its contacts."""

    versions: tuple[KnownVersion, ...] = ()
    news: tuple[ProjectNotice, ...] = ()
    trickles: tuple[TrickleUp, ...] = ()
    words: tuple[TrickleDown, ...] = ()
    """What it says to tasks here and has not been passed on to their guests; the server says it once."""
    no_work_since: float | None = None
    no_work: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    feed_read: float = 0.0
    """When its feed was read last."""
    waits: dict[str, Wait] = {}
    """Its transfers that have failed, by the names of their files."""


class Book:
    """Reads everything once, writes each change before it counts. Raises `FolderUnwritable` when nothing can be written."""

    def __init__(self, data: Path, state: State, attachments: Attachments) -> None:
        """Read what there is."""
        self._slots = data / SLOTS
        self._state = state
        self._attachments = attachments
        self.projects = _all(state.documents(_PROJECT), ProjectState)
        self.tasks = _all(state.documents(_TASK), ProjectTask)
        self._kept = _all(state.documents(_KEPT), Kept)
        self.credit = {name: _read(raw, tuple[CreditDay, ...]) or () for name, raw in state.documents(_CREDIT).items()}
        self.team_credit = {name: _read(raw, tuple[TeamDay, ...]) or () for name, raw in state.documents(_TEAM).items()}
        self.tally = _read(state.documents(_TALLY).get("tally", b""), Tally) or Tally()
        self.net = _read(state.documents(_TALLY).get("net", b""), NetStats) or NetStats()
        self.used = _read(state.documents(_TALLY).get("used", b""), dict[int, int]) or {}
        self._take_up_copies()

    def _take_up_copies(self) -> None:
        """An account that only its copy knows is taken up again; of tasks only after the database was lost: others are what was left of a removal."""
        for project in self._attachments.all():
            if project_folder(project.master_url) not in self.projects:
                self.put_project(project)
        if not self._state.set_aside:
            return
        for path in sorted(self._slots.glob(f"*/{FOLDER}/{_COPY}")):
            with contextlib.suppress(OSError):
                task = _read(path.read_bytes(), ProjectTask)
                if task is not None and task.project in self.projects and task.slot == path.parent.parent.name:
                    self.put_task(task)

    # --- projects --------------------------------------------------------------------------------------------------

    def put_project(self, project: ProjectState) -> None:
        """Write a project's state, in both places."""
        self._attachments.save(project)
        name = project_folder(project.master_url)
        self._state.put_documents(_PROJECT, {name: msgspec.json.encode(project)})
        self.projects[name] = project

    def kept(self, name: str) -> Kept:
        """What else is kept of a project."""
        return self._kept.get(name, Kept())

    def put_kept(self, name: str, **changes: Any) -> None:  # noqa: ANN401 - fields of `Kept`
        """Change some of it."""
        kept = msgspec.structs.replace(self.kept(name), **changes)
        if kept != self.kept(name):
            self._state.put_documents(_KEPT, {name: msgspec.json.encode(kept)})
            self._kept[name] = kept

    def note_credit(self, name: str, reply: SchedulerReply, now: float) -> None:
        """The credit that a project told, day by day; a reply that knows no account has none."""
        if reply.userid > 0:
            history = noted(
                self.credit.get(name, ()),
                now,
                user_total=reply.user_total_credit,
                user_recent=reply.user_expavg_credit,
                host_total=reply.host_total_credit,
                host_recent=reply.host_expavg_credit,
            )
            self._state.put_documents(_CREDIT, {name: msgspec.json.encode(history)})
            self.credit[name] = history

    def note_team(self, name: str, now: float, *, team: str, total: float, recent: float) -> None:
        """The credit of the volunteer's team, day by day."""
        history = noted_team(self.team_credit.get(name, ()), now, team=team, total=total, recent=recent)
        self._state.put_documents(_TEAM, {name: msgspec.json.encode(history)})
        self.team_credit[name] = history

    def forget_project(self, name: str) -> None:
        """It is detached: nothing of it is left here."""
        self._state.put_documents(_TASK, {slot: None for slot, task in self.tasks.items() if task.project == name})
        self._state.put_documents(_KEPT, {name: None})
        self._state.put_documents(_CREDIT, {name: None})
        self._state.put_documents(_TEAM, {name: None})
        self._state.put_documents(_PROJECT, {name: None})
        self.tasks = {slot: task for slot, task in self.tasks.items() if task.project != name}
        self._kept.pop(name, None)
        self.credit.pop(name, None)
        self.team_credit.pop(name, None)
        self.projects.pop(name, None)

    # --- tasks -----------------------------------------------------------------------------------------------------

    def put_task(self, task: ProjectTask) -> None:
        """Write a task as it is now; its copy only from when there is a folder to put it into."""
        raw = msgspec.json.encode(task)
        own = self._slots / task.slot / FOLDER
        if task.stage is not Stage.FETCHING and own.is_dir():
            with contextlib.suppress(OSError):  # the database has it
                write_atomic(own / _COPY, raw)
        self._state.put_documents(_TASK, {task.slot: raw})
        self.tasks[task.slot] = task

    def left_slots(self) -> tuple[str, ...]:
        """Names of the tasks' folders that are there, also those that no task belongs to any more."""
        return tuple(path.name for path in self._slots.glob("*"))

    def forget_tasks(self, slots: tuple[str, ...]) -> None:
        """They were acknowledged."""
        self._state.put_documents(_TASK, dict.fromkeys(slots))
        for slot in slots:
            self.tasks.pop(slot, None)

    # --- time ------------------------------------------------------------------------------------------------------

    def put_net(self, net: NetStats) -> None:
        """How fast transfers were."""
        self.net = net
        self._state.put_documents(_TALLY, {"net": msgspec.json.encode(net)})

    def put_used(self, used: dict[int, int]) -> None:
        """Bytes that were transferred, by day (see `t4t.domain.allowance`)."""
        if used != self.used:
            self.used = dict(used)
            self._state.put_documents(_TALLY, {"used": msgspec.json.encode(self.used)})

    def put_tally(self, tally: Tally) -> None:
        """How much this computer is on and computes."""
        self.tally = tally
        self._state.put_documents(_TALLY, {"tally": msgspec.json.encode(tally)})


def _all(found: dict[str, bytes], kind: type[_T]) -> dict[str, _T]:
    read = ((name, _read(raw, kind)) for name, raw in found.items())
    return {name: value for name, value in read if value is not None}


def _read(raw: bytes, kind: type[_T]) -> _T | None:
    """One that can't be read is as good as none: the server sends its task again."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
