"""Where the guest's pages are at this moment: from the session, and by asking the port until a page comes."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtNetwork import QNetworkAccessManager, QNetworkProxy, QNetworkReply, QNetworkRequest

from t4t.domain.session import Activity
from t4t.domain.vm import VmState
from t4t.gui.guest.view import address

if TYPE_CHECKING:
    from t4t.domain.session import SessionView, TaskView
    from t4t.gui.session import Session

_WEB: Final = "web"
_SOON_MS: Final = 700
_LATER_MS: Final = 5000
_PATIENCE_MS: Final = 4000
_WELL: Final = frozenset({2, 3})
"""A page, or the way to one: the view follows it within the guest."""


class Stage(enum.Enum):
    """How far the guest's pages are; the value is the key of the words."""

    GONE = "gone"
    """No agent."""
    NOTHING = "nothing"
    """No task."""
    RESTING = "resting"
    """The virtual machine stands still."""
    NO_PAGE = "no_page"
    """A job without pages."""
    STARTING = "starting"
    """Nobody listens yet."""
    WAITING = "waiting"
    """Somebody listens; there is no page yet."""
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Target:
    """What the session alone says: a stage, and the port that is to be asked (0: none)."""

    stage: Stage
    task: str = ""
    port: int = 0


_COMING: Final = frozenset({VmState.STARTING, VmState.RESTORING})


def jobs(view: SessionView | None) -> tuple[TaskView, ...]:
    """The tasks that have a virtual machine now, in the order of the session."""
    return () if view is None else tuple(task for task in view.tasks if task.vm.alive or task.activity is not Activity.QUEUED)


def target(view: SessionView | None, wanted: str = "") -> Target:
    """Where to look, for the task ``wanted`` or else the first one whose pages could be there."""
    if view is None:
        return Target(Stage.GONE)
    found = jobs(view)
    chosen = next((task for task in found if task.key == wanted), None)
    if chosen is None:
        chosen = next((task for task in found if task.vm is VmState.RUNNING and _port(task)), None) or next(iter(found), None)
    if chosen is None:
        return Target(Stage.NOTHING)
    if chosen.vm is VmState.RUNNING:
        port = _port(chosen)
        return Target(Stage.STARTING if port else Stage.NO_PAGE, chosen.key, port)
    coming = chosen.vm in _COMING or chosen.activity in {Activity.SETTING_UP, Activity.RECOVERING}
    return Target(Stage.STARTING if coming else Stage.RESTING, chosen.key)


def _port(task: TaskView) -> int:
    return next((port.host_port for port in task.ports if port.name == _WEB and 0 < port.host_port < 1 << 16), 0)


class Follower(QObject):
    """Follows one task's pages while somebody looks."""

    changed = Signal()
    """`stage` or `port` is another."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        """Looks at nothing before `watch`."""
        super().__init__(parent)
        self._session = session
        self._watching = False
        self._wanted = ""
        self._target = Target(Stage.GONE)
        self._seen: Stage | None = None
        self._asked: QNetworkReply | None = None
        self._web = QNetworkAccessManager(self)
        self._web.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask)
        session.changed.connect(self._look)

    @property
    def stage(self) -> Stage:
        """How far it is."""
        return self._seen or self._target.stage

    @property
    def port(self) -> int:
        """The port of the pages; 0 where there is none."""
        return self._target.port

    @property
    def task(self) -> str:
        """The key of the task that is followed; empty for none."""
        return self._target.task

    def watch(self, *, on: bool) -> None:
        """Somebody looks, or nobody does: then nothing is asked."""
        self._watching = on
        if on:
            self._look()
        else:
            self._timer.stop()

    def want(self, task: str) -> None:
        """Follow this task while it is there."""
        self._wanted = task
        self._look()

    def _look(self) -> None:
        """Take what the session says now."""
        if not self._watching:
            return
        now = target(self._session.view, self._wanted)
        if now != self._target:
            self._target, self._seen = now, None
            self._drop()
            self.changed.emit()
        if now.port and self._asked is None and not self._timer.isActive():
            self._ask()

    def _drop(self) -> None:
        self._timer.stop()
        if self._asked is not None:
            asked, self._asked = self._asked, None
            asked.abort()

    def _ask(self) -> None:
        if not self._target.port or not self._watching:
            return
        request = QNetworkRequest(QUrl(address(self._target.port)))
        request.setTransferTimeout(_PATIENCE_MS)
        request.setAttribute(QNetworkRequest.Attribute.RedirectPolicyAttribute, QNetworkRequest.RedirectPolicy.ManualRedirectPolicy)
        asked = self._web.get(request)
        self._asked = asked
        asked.metaDataChanged.connect(lambda: self._answered(asked))  # the head is enough: no page of the guest is read here
        asked.finished.connect(lambda: self._answered(asked))

    def _answered(self, asked: QNetworkReply) -> None:
        if asked is not self._asked:
            asked.deleteLater()
            return
        self._asked = None
        status = asked.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        refused = asked.error() is QNetworkReply.NetworkError.ConnectionRefusedError
        seen = Stage.READY if isinstance(status, int) and status // 100 in _WELL else Stage.STARTING if refused else Stage.WAITING
        asked.abort()
        asked.deleteLater()
        if seen is not self._seen:
            self._seen = seen
            self.changed.emit()
        if self._watching:
            self._timer.start(_LATER_MS if seen is Stage.READY else _SOON_MS)
