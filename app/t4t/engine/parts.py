"""All that the engine works with, in one value: `bootstrap` fills it with real parts, tests with a world of their own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from t4t.domain.record import record
from t4t.engine.folder import TaskFolder
from t4t.engine.observer import CALM, Pace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
    from pathlib import Path
    from typing import Any

    from t4t.domain.app_update import UpdateView
    from t4t.domain.clock import WallClock
    from t4t.domain.disk_room import DiskUse
    from t4t.domain.energy import Spent
    from t4t.domain.errors import T4TError
    from t4t.domain.policy import Settings
    from t4t.domain.progress import Failure, IntermediateUpload, Trickle
    from t4t.domain.project_view import ImportantNotice, ProjectView
    from t4t.domain.readings import Readings
    from t4t.domain.session import MessageView, NoticeView
    from t4t.engine.folder import Wishes
    from t4t.engine.source import TaskSource
    from t4t.host.awake import Awake
    from t4t.host.folder_watch import FolderWatch
    from t4t.host.host_events import HostEvents
    from t4t.host.limiting import Limiter
    from t4t.hypervisor.driver import Driver
    from t4t.storage.state import State


def _nobody(_failure: Failure) -> None:
    """Nobody wants to hear of it."""


def _not_known() -> float | None:
    """Nobody tells."""
    return None


class Sensing(Protocol):
    """The sensors of this computer. Who makes them lets them call `Engine.heard` when they say something new."""

    @property
    def readings(self) -> Readings:
        """What they said last."""
        ...

    def expect(self, *, runs: bool, away_after_s: float, programs: Sequence[str]) -> None:
        """What matters now: whether anything runs that the volunteer could feel, how long he is away without input, and the programs that he listed."""
        ...


class Popups(Protocol):
    """What shows messages on the screen. Who makes it lets it call `Engine.react` with what became of them."""

    def bring(self, messages: Sequence[MessageView]) -> bool:
        """These are to be seen now, and no others: what is new pops up, what is gone is withdrawn. False: this can show nothing here."""
        ...


class Patron(Protocol):
    """Who gives the tasks and wants to hear of them: the projects that this computer is attached to."""

    def views(self) -> tuple[ProjectView, ...]:
        """What is shown of them."""
        ...

    def notices(self) -> list[NoticeView]:
        """What the volunteer should know."""
        ...

    def important(self) -> tuple[ImportantNotice, ...]:
        """What the projects marked as important and nobody has read, newest first."""
        ...

    def heard(self, task: str, news: Trickle | IntermediateUpload) -> None:
        """A guest wrote something that is to be passed on before its task's end."""
        ...

    def most_cores(self, task: str) -> int:
        """How many processors a task may have at most; 0: as many as the volunteer gives."""
        ...


@record(kw_only=True)
class Parts:
    """What runs VMs, what hands out tasks, what remembers, what tells the time, and what the volunteer gives."""

    driver: Driver
    source: TaskSource
    state: State
    clock: WallClock
    settings: Settings
    wishes: Wishes
    data_dir: Path
    free_bytes: Callable[[], int | None]
    folder_watch: FolderWatch
    disk_use: Callable[[], DiskUse] | None = None
    """What our files occupy, asked for in a thread; None: nobody looks, and no limit on it holds."""
    pace: Pace = CALM
    in_thread: Callable[[Callable[[], TaskFolder]], Coroutine[Any, Any, TaskFolder]] = asyncio.to_thread
    """Reads and checks a task folder beside the loop: an image's checksum takes seconds."""
    failed: Callable[[Failure], None] = _nobody
    """Hears of each task that was handed back without success."""
    host: HostEvents | None = None
    """The events of this computer; None: nobody tells of any."""
    block_reason: Callable[[float], str] = str
    """What the system shows while it waits for us, of the seconds that saving takes."""
    reopen: Callable[[], Awaitable[None]] | None = None
    """Lets go of the hypervisor and connects to the one that is there now; None: it is never another one."""
    open_folder: Callable[[Path], TaskFolder] = TaskFolder
    """Reads and checks one."""
    patron: Patron | None = None
    limiter: Limiter | None = None
    """None: there is none, and a hypervisor that does not hold its own limit is told of."""
    sensing: Sensing | None = None
    """The sensors of this computer; None: nobody says who uses it, and nothing of that kind holds the work back."""
    awake: Awake | None = None
    """Keeps the computer awake; None: nobody can, and nothing is said of it."""
    awake_reason: str = ""
    """What the system shows of that."""
    spent: Callable[[], Spent | None] = lambda: None
    """What the work cost, as it is shown."""
    update: Callable[[], UpdateView | None] = lambda: None
    """What is known of newer versions of the program."""
    troubles: Callable[[], Iterable[T4TError]] = tuple
    """What else the volunteer should know: of the settings."""
    popups: Popups | None = None
    """None: messages are for the tray, if there is one."""
    logged_in_s: Callable[[], float | None] = _not_known
    """Seconds since the volunteer logged in."""
