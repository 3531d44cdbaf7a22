"""What is under way, in the agent's durable state."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from t4t.domain.errors import T4TError
from t4t.domain.task import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.storage.state import State

_log = logging.getLogger(__name__)


class StateJournal:
    """The reconciler's journal in the agent's durable state."""

    def __init__(self, state: State, record: Callable[[str], bytes]) -> None:
        """``record`` is a task's record as it is now."""
        self._state = state
        self._record = record

    def begin(self, key: str, step: Step) -> int:
        """What can't be written down is not begun, unless it is what makes things safe."""
        try:
            return self._state.begin(key, step.value)
        except T4TError as error:
            if step in {Step.CREATE, Step.START, Step.RECOVER}:
                raise
            _log.warning("not written down: %s", error)
            return 0

    def end(self, entry: int, key: str, outcome: str) -> None:
        """The step that `begin` counted as ``entry`` has ended so."""
        try:
            self._state.end(entry, outcome, task=key, record=self._record(key))
        except T4TError as error:
            _log.warning("not written down: %s", error)
