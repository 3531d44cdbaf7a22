"""Lines for the timeline, held back until they can be written: a full disk stops nothing and loses few."""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import T4TError
from t4t.storage.state import Happening

if TYPE_CHECKING:
    from t4t.domain.clock import Clock
    from t4t.storage.state import State

_log = logging.getLogger(__name__)

_MOST: Final = 200


class History:
    """The timeline's writing end."""

    def __init__(self, state: State, clock: Clock) -> None:
        """Nothing is written before `write`."""
        self._state = state
        self._clock = clock
        self._untold: collections.deque[Happening] = collections.deque(maxlen=_MOST)

    def note(self, what: str, detail: str = "", *, task: str = "", lost_s: float = 0.0) -> None:
        """A line more."""
        self._untold.append(Happening(at=self._clock.wall(), what=what, task=task, detail=detail, lost_s=lost_s))

    def write(self) -> None:
        """Write what waits, as far as that works."""
        if not self._untold:
            return
        try:
            self._state.tell(list(self._untold))
        except T4TError as error:
            _log.warning("the history is not written: %s", error)
        else:
            self._untold.clear()
