"""What the volunteer gives now: it may change while the engine runs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.policy import Settings
    from t4t.engine.folder import Wishes
    from t4t.engine.parts import Parts
    from t4t.engine.work import Work


def _no_limit(_task: str) -> int:
    """Nobody wants less."""
    return 0


@dataclass(slots=True, kw_only=True)
class Given:
    """One for the whole engine, whose consumer alone changes it."""

    settings: Settings
    wishes: Wishes
    most_cores: Callable[[str], int] = _no_limit
    """As `Patron.most_cores`."""

    @classmethod
    def of(cls, parts: Parts) -> Given:
        """What is given at the beginning."""
        return cls(settings=parts.settings, wishes=parts.wishes, most_cores=_no_limit if parts.patron is None else parts.patron.most_cores)

    def wishes_for(self, task: str) -> Wishes:
        """What one task gets: as much as all, unless who gave it wants less of this computer."""
        most = self.most_cores(task)
        return dataclasses.replace(self.wishes, cores=min(self.wishes.cores, most)) if most else self.wishes

    def give(self, task: str, work: Work) -> None:
        """Let a task have what is given now."""
        work.give(self.wishes_for(task), checkpoint_s=self.settings.checkpoint_s, gentle_percent=self.settings.gentle_percent)
