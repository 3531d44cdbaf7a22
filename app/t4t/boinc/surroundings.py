"""What all projects of one data folder share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from t4t.domain.allowance import Allowance
from t4t.transfer.gate import Gate
from t4t.transfer.limits import Rate, Slots

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from t4t.boinc.book import Book
    from t4t.domain.clock import WallClock
    from t4t.domain.scheduler_request import HostInfo
    from t4t.domain.session import SessionView
    from t4t.domain.vm import Capabilities
    from t4t.project.attachment import Attachments
    from t4t.transfer.http import Http


def _nothing() -> None:
    """Nobody wants to hear of it."""


class Workshop(Protocol):
    """Where tasks are computed: the engine, as projects see it."""

    @property
    def view(self) -> SessionView | None:
        """Everything as it was at the end of its last turn; None before the first."""
        ...

    @property
    def capabilities(self) -> Capabilities | None:
        """What the hypervisor can; None as long as that is not known."""
        ...

    def listen(self, listener: Callable[[], None]) -> None:
        """Tell ``listener`` when something changes that decides how much work is wanted."""
        ...

    def scan(self) -> None:
        """There is something new to compute, or to show."""
        ...

    def quit(self) -> None:
        """End the program."""
        ...


class Nobody:
    """Nothing is computed: a verb settles something while the agent does not run."""

    view = None
    capabilities = None

    def listen(self, _listener: Callable[[], None]) -> None:
        """Nothing changes."""

    def scan(self) -> None:
        """Nobody is there."""

    def quit(self) -> None:
        """Nobody is there."""


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """Filled by `bootstrap`, or by tests with a world of their own."""

    data: Path
    clock: WallClock
    http: Http
    book: Book
    attachments: Attachments
    chance: Callable[[], float]
    """Uniform from 0 to 1."""
    computer: Callable[[str, Capabilities | None], HostInfo]
    """This computer with the given id, as it is now; blocks."""
    platforms: tuple[str, ...]
    note: Callable[[str, str, str], None]
    """A line of the history: what, its data, the task."""
    history: Callable[[str], list[str]]
    """What happened to a task, one line each."""
    tasks: int = 1
    """How many are computed side by side."""
    cores: int = 1
    wanted: Mapping[str, Any] = field(default_factory=dict)
    """The volunteer's settings in BOINC's words (`to_preferences`), and when one of them was changed last."""
    wanted_time: float = 0.0
    answered: Callable[[], None] = _nothing
    """Hears that a project has answered: the account's preferences may be others now."""
    once: bool = False
    """One task from the reply to its acknowledgement, and then the program ends."""
    workshop: Workshop = field(default_factory=Nobody)
    down: Rate = field(init=False)
    up: Rate = field(init=False)
    down_slots: Slots = field(default_factory=Slots)
    up_slots: Slots = field(default_factory=Slots)
    allowance: Allowance = field(default_factory=Allowance)
    gate: Gate = field(default_factory=Gate)
    """Closed on a network that costs by the byte, unless the volunteer said that files go there too."""

    def __post_init__(self) -> None:
        """No limits before a project's or the volunteer's preferences are read."""
        self.down = Rate(self.clock)
        self.up = Rate(self.clock)
