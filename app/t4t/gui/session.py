"""The agent's session as tray and window see it: the latest view, what was clicked and is not done yet, what went wrong."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QLocale, QObject, QTime, QTimer, Signal

from t4t.domain.boards import BoardsView
from t4t.domain.community import CommunityView
from t4t.domain.contribution import Contribution
from t4t.domain.errors import T4TError
from t4t.domain.physics import Physics, ResultDetails
from t4t.domain.physics import Result as KeptResult
from t4t.domain.project_view import ProjectDetails
from t4t.domain.session import SessionView, Why
from t4t.gui.commands import Command, is_done
from t4t.wording.screen import Reader

if TYPE_CHECKING:
    from datetime import datetime

    from t4t.domain.notification_policy import Reaction
    from t4t.gui.link import AgentLink, Result


class Line(msgspec.Struct, frozen=True):
    """One line of the history: when (seconds since 1970), what, of which task; ``lost_s`` is running time whose work is gone."""

    at: float
    what: str
    task: str = ""
    detail: str = ""
    lost_s: float = 0.0


_PATIENCE_MS: Final = 10_000
"""How long a click is shown as being done before the agent's own word counts again."""


class Session(QObject):
    """One agent. `changed` tells that something to be shown is different."""

    changed = Signal()
    explained = Signal(object)
    """The `Why` that was asked for. A signal and no callback: who listens may be gone when it comes."""
    refused = Signal(object)
    """The `T4TError` with which the agent answered a click."""
    projects_told = Signal(object)
    """The list of `ProjectDetails` that was asked for."""
    settings_told = Signal(object)
    """The `Result` of one of the settings' methods."""
    history_told = Signal(object)
    """The list of `Line` that was asked for, oldest first."""
    physics_told = Signal(object)
    """The `Physics` that was asked for."""
    results_told = Signal(object)
    """The list of `Result` that was asked for, newest first."""
    result_told = Signal(object)
    """The `ResultDetails` that was asked for."""
    contribution_told = Signal(object)
    """The `Contribution` that was asked for."""
    community_told = Signal(str, object)
    """The address of a project, and its `CommunityView`, or the `T4TError` why there is none."""
    boards_told = Signal(str, object)
    """The same with its `BoardsView`."""

    def __init__(self, link: AgentLink, parent: QObject | None = None) -> None:
        """Listens to ``link``, which belongs to it from now on."""
        super().__init__(parent)
        self._link = link
        self._link.setParent(self)
        self._view: SessionView | None = None
        self._lost: T4TError | None = None
        self._pending: Command | None = None
        self._pending_since = 0
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._forget)
        self._hope = QTimer(self)
        self._hope.setSingleShot(True)
        self._hope.timeout.connect(self._give_up_hope)
        self._missing: T4TError | None = None
        link.viewed.connect(self._viewed)
        link.lost.connect(self._went)

    def open(self) -> None:
        """Begin to listen."""
        self._link.open()

    def close(self) -> None:
        """Hang up for good."""
        self._link.close()

    @property
    def view(self) -> SessionView | None:
        """The latest view; None before the first one and while the agent is gone."""
        return self._view

    @property
    def lost(self) -> T4TError | None:
        """Why there is no agent, once it was found missing."""
        return self._lost

    @property
    def pending(self) -> Command | None:
        """What was clicked and is not seen done yet."""
        return self._pending

    def send(self, command: Command) -> None:
        """Ask the agent; `changed` is emitted before this returns, so that the click is seen at once."""
        self._pending = command
        self._pending_since = 0 if self._view is None else self._view.serial
        self._patience.start()
        self.changed.emit()
        self._link.request(command.method, command.params, self._answered)

    def wait_anew(self, milliseconds: int) -> None:
        """An agent was started: it counts as missing only if it is not there after this time."""
        self._lost = None
        self._hope.start(milliseconds)
        self.changed.emit()

    def ask_why(self) -> None:
        """Ask for the rules of the decision: `explained` brings them, unless the agent is gone."""
        self._link.request("why", {}, self._explain)

    def ask_projects(self) -> None:
        """Ask for the projects with their notices: `projects_told` brings them, unless the agent is gone."""
        self._link.request("projects", {}, self._tell_projects)

    def ask_history(self, limit: int) -> None:
        """Ask for the last ``limit`` things that happened: `history_told` brings them, unless the agent is gone."""
        self._link.request("timeline", {"limit": limit}, self._tell_history)

    def ask_physics(self, *, plots: int = 1, collision: bool = False) -> None:
        """Ask for what is simulated now, or was last: `physics_told` brings it, unless the agent is gone."""
        self._link.request("physics", {"plots": plots, "collision": collision}, self._tell_physics)

    def ask_results(self) -> None:
        """Ask for the results that are kept: `results_told` brings them, unless the agent is gone."""
        self._link.request("results", {}, self._tell_results)

    def ask_result(self, name: str) -> None:
        """Ask for one of them: `result_told` brings it, unless it is not kept any more."""
        self._link.request("result", {"id": name}, self._tell_result)

    def ask_contribution(self) -> None:
        """Ask for what this computer has done: `contribution_told` brings it, unless the agent is gone."""
        self._link.request("contribution", {}, self._tell_contribution)

    def ask_community(self, project: str, *, fetch: bool, agreed: bool = False) -> None:
        """Ask for all volunteers of the project at this address: `community_told` brings them. ``fetch``: from the project where what is here is old."""
        params: dict[str, object] = {"project": project, "fetch": fetch, "agreed": agreed}
        self._link.request("community", params, functools.partial(self._tell_community, project))

    def ask_boards(self, project: str, *, fetch: bool) -> None:
        """Ask for the message boards of the project at this address: `boards_told` brings them. ``fetch``: from the project where what is here is old."""
        self._link.request("boards", {"project": project, "fetch": fetch}, functools.partial(self._tell_boards, project))

    def mark_read(self, ids: tuple[str, ...]) -> None:
        """These notices were seen: `projects_told` brings how it is then."""
        self._link.request("read", {"ids": list(ids)}, self._tell_projects)

    def contact(self, project: str) -> None:
        """Have the agent contact the project at this address now; `refused` tells why it did not."""
        self._link.request("update", {"project": project}, self._contacted)

    def take_checkpoint(self) -> None:
        """Have the agent take a checkpoint of each running task now; `refused` tells why it did not."""
        self._link.request("checkpoint", {}, self._told_of_checkpoint)

    def react(self, key: str, reaction: Reaction) -> None:
        """Tell the agent what became of a message that popped up."""
        self._link.request("react", {"key": key, "reaction": reaction.value}, lambda _result: None)

    def ask_settings(self, method: str, params: dict[str, object]) -> None:
        """One of the settings' methods: `settings_told` brings its answer, or why there is none."""
        self._link.request(method, params, self.settings_told.emit)

    def _tell_projects(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.projects_told.emit(msgspec.json.decode(result, type=list[ProjectDetails]))

    def _tell_history(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.history_told.emit(msgspec.json.decode(result, type=list[Line]))

    def _tell_physics(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.physics_told.emit(msgspec.json.decode(result, type=Physics))

    def _tell_results(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.results_told.emit(msgspec.json.decode(result, type=list[KeptResult]))

    def _tell_result(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.result_told.emit(msgspec.json.decode(result, type=ResultDetails))

    def _tell_contribution(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.contribution_told.emit(msgspec.json.decode(result, type=Contribution))

    def _tell_community(self, project: str, result: Result) -> None:
        self.community_told.emit(project, msgspec.json.decode(result, type=CommunityView) if isinstance(result, bytes) else result)

    def _tell_boards(self, project: str, result: Result) -> None:
        self.boards_told.emit(project, msgspec.json.decode(result, type=BoardsView) if isinstance(result, bytes) else result)

    def _contacted(self, result: Result) -> None:
        if isinstance(result, T4TError):
            self.refused.emit(result)
        self.ask_projects()

    def _told_of_checkpoint(self, result: Result) -> None:
        if isinstance(result, T4TError):
            self.refused.emit(result)

    def _explain(self, result: Result) -> None:
        if isinstance(result, bytes):
            self.explained.emit(msgspec.json.decode(result, type=Why))

    def _answered(self, result: Result) -> None:
        if isinstance(result, T4TError):
            self._forget()
            self.refused.emit(result)

    def _viewed(self, view: SessionView) -> None:
        self._view, self._lost, self._missing = view, None, None
        self._hope.stop()
        if self._pending is not None and view.serial > self._pending_since and is_done(self._pending, view):
            self._forget(tell=False)
        self.changed.emit()

    def _went(self, error: T4TError) -> None:
        self._view, self._missing = None, error
        if not self._hope.isActive():
            self._lost = error
        self._forget(tell=False)
        self.changed.emit()

    def _give_up_hope(self) -> None:
        if self._view is None:
            self._lost = self._missing
            self.changed.emit()

    def _forget(self, *, tell: bool = True) -> None:
        self._patience.stop()
        if self._pending is not None:
            self._pending = None
            if tell:
                self.changed.emit()


def _as_here(at: datetime) -> str:
    return QLocale().toString(QTime(at.hour, at.minute), QLocale.FormatType.ShortFormat)


def reader() -> Reader:
    """Whoever looks at the screen now."""
    return Reader(time.time(), _as_here)
