"""What a picture of the window shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from support.window_rig import WELL
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
