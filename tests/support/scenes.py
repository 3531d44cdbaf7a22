"""What a picture of the window shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from support.window_rig import WELL
from t4t.domain.community import CommunityView
from t4t.domain.contribution import Contribution, WorkDay
from t4t.domain.physics import Physics
from t4t.domain.setting_up import Setup, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.gui.window.main import Window


_THROUGH: Final = Setup(step=Step.DONE)


@dataclass(frozen=True)
class Scene:
    """One picture of each scheme: what the agent shows, which page is looked at, how far the first run is, what else is done first."""

    name: str
    page: str = "home"
    changes: dict[str, Any] = field(default_factory=dict)
    diagnosis: Diagnosis = WELL
    size: tuple[int, int] = (1040, 700)
    before: Callable[[Window], object] = lambda _window: None
    place: Setup = _THROUGH
    physics: Physics = field(default_factory=Physics)
    shown: Callable[[Window], QWidget] = lambda window: window
    """What the picture is of, if it is not the window."""
    work: Contribution = field(default_factory=Contribution)
    community: CommunityView = field(default_factory=CommunityView)


def some_work(days: int = 75) -> Contribution:
    """Of a computer that works most days, and of which nobody is ashamed on the others."""
    today = datetime.now(UTC).astimezone().date()
    made = []
    for number in range(days):
        much = (number * 37 % 11) * (number % 7 != 3)
        day = (today - timedelta(days=days - 1 - number)).isoformat()
        made.append(WorkDay(day=day, collisions=much * 41_300, cpu_s=much * 5200.0, tasks=much // 2, kwh=much * 0.031, estimated=True))
    return Contribution(since=made[0].day, days=tuple(one for one in made if one.collisions))
