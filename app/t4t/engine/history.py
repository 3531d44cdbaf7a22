"""Lines for the timeline, held back until they can be written: a full disk stops nothing and loses few."""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import T4TError

if TYPE_CHECKING:
    from t4t.storage.state import State

_log = logging.getLogger(__name__)

_MOST: Final = 200


class History:
    """The timeline's writing end."""

    def __init__(self, state: State) -> None:
        """Nothing is written before `write`."""
        self._state = state
        self._untold: collections.deque[tuple[str, str, str, float]] = collections.deque(maxlen=_MOST)

    def note(self, what: str, detail: str = "", *, task: str = "", lost_s: float = 0.0) -> None:
        """A line more."""
        self._untold.append((what, task, detail, lost_s))

    def write(self) -> None:
        """Write what waits, as far as that works."""
        try:
            while self._untold:
                what, task, detail, lost_s = self._untold[0]
                self._state.tell(what, task=task, detail=detail, lost_s=lost_s)
                self._untold.popleft()
        except T4TError as error:
            _log.warning("the history is not written: %s", error)
