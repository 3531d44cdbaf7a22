"""What the volunteer gives now: it may change while the engine runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t4t.domain.policy import Settings
    from t4t.engine.folder import Wishes


@dataclass(slots=True, kw_only=True)
class Given:
    """One for the whole engine, whose consumer alone changes it."""

    settings: Settings
    wishes: Wishes
