"""The volunteer's intent while the agent runs: kept on disk, true to a clock that somebody sets, ended when its time is over."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import T4TError
from t4t.domain.policy import (
    PROLONGED_BY_S,
    AnywayKind,
    Instant,
    Intent,
    LessKind,
    PauseKind,
    after_jump,
    anyway_after_jump,
    anyway_by_hand,
    holds_anyway,
    holds_less,
    in_zone,
    is_over,
    less_after_jump,
    less_by_hand,
    pause_by_hand,
    prolonged,
)

if TYPE_CHECKING:
    from t4t.domain.clock import WallClock
    from t4t.engine.history import History
    from t4t.storage.state import State

_log = logging.getLogger(__name__)

_AGAIN_S: Final = 10.0


class Volition:
    """Owns the intent; every change is written down before it is answered."""

    def __init__(self, state: State, history: History, clock: WallClock) -> None:
        """Begins with nothing wanted; `load` reads what was."""
        self._state = state
        self._history = history
        self._clock = clock
        self._kept = True
        self._keep_at = 0.0
        self.intent = Intent()

    def load(self) -> None:
        """What the volunteer wanted when we ran last. A pause that a running clock ended meanwhile ends in the first turn."""
        quitting = self.intent.quitting  # a signal may have come before us
        self.intent = msgspec.structs.replace(self._state.intent(), quitting=quitting)

    def instant(self) -> Instant:
        """Now."""
        return Instant(now=self._clock.wall(), boot=self._clock.boot(), morning=self._clock.morning(), offset_at=self._clock.offset_at)

    def pause(self, kind: PauseKind, *, told: str) -> None:
        """Pause by hand. Raises `FolderUnwritable` when it holds but would not survive our end."""
        self._want(msgspec.structs.replace(self.intent, pause=pause_by_hand(kind, self.instant()), finishing=False, anyway=None), told, kind.value)

    def prolong(self) -> None:
        """Half an hour more of the pause that holds; as `pause`."""
        pause = prolonged(self.intent.pause, PROLONGED_BY_S, self.instant())
        self._want(msgspec.structs.replace(self.intent, pause=pause, finishing=False), "prolonged_by_you")

    def resume(self) -> None:
        """No pause, no finishing; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, pause=None, finishing=False), "resumed_by_you")

    def run_anyway(self, kind: AnywayKind) -> None:
        """Whatever the rules say, those of safety excepted, and no pause; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, anyway=anyway_by_hand(kind, self.instant()), pause=None, less=None), "anyway_by_you", kind.value)

    def obey_rules(self) -> None:
        """The rules count again; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, anyway=None), "rules_by_you")

    def use_less(self, kind: LessKind) -> None:
        """No more than that for now; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, less=less_by_hand(kind, self.instant()), anyway=None), "less_by_you", kind.value)

    def use_more(self) -> None:
        """As much as before; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, less=None), "more_by_you")

    def finish(self) -> None:
        """Begin nothing new; as `pause`."""
        self._want(msgspec.structs.replace(self.intent, finishing=True), "finishing")

    def quit(self) -> None:
        """End the program; this is not kept."""
        self.intent = msgspec.structs.replace(self.intent, quitting=True)

    def _want(self, intent: Intent, told: str, detail: str = "") -> None:
        self.intent = intent
        self._history.note(told, detail)
        self._kept = False
        self._keep()

    def _keep(self) -> None:
        self._keep_at = self._clock.monotonic() + _AGAIN_S
        self._state.keep_intent(msgspec.structs.replace(self.intent, quitting=False))
        self._kept = True

    def clock_was_set(self, by: float) -> None:
        """An hour's pause stays an hour."""
        if self.intent.pause is not None:
            self.intent = msgspec.structs.replace(self.intent, pause=after_jump(self.intent.pause, by))
            self._kept, self._keep_at = False, 0.0
        if self.intent.anyway is not None:
            self.intent = msgspec.structs.replace(self.intent, anyway=anyway_after_jump(self.intent.anyway, by))
            self._kept, self._keep_at = False, 0.0
        if self.intent.less is not None:
            self.intent = msgspec.structs.replace(self.intent, less=less_after_jump(self.intent.less, by))
            self._kept, self._keep_at = False, 0.0

    def zone_changed(self, offset_s: float) -> None:
        """Local time is another one: "tomorrow" ends at eight o'clock here."""
        if self.intent.pause is not None and (moved := in_zone(self.intent.pause, offset_s)) != self.intent.pause:
            self.intent = msgspec.structs.replace(self.intent, pause=moved)
            self._kept, self._keep_at = False, 0.0

    def turn(self) -> None:
        """What is over is forgotten; what could not be written down is tried again."""
        if self.intent.pause is not None and is_over(self.intent.pause, self.instant()):
            self.intent = msgspec.structs.replace(self.intent, pause=None)
            self._history.note("pause_over")
            self._kept, self._keep_at = False, 0.0
        if self.intent.anyway is not None and not holds_anyway(self.intent.anyway, self.instant()):
            self.intent = msgspec.structs.replace(self.intent, anyway=None)
            self._history.note("anyway_over")
            self._kept, self._keep_at = False, 0.0
        if self.intent.less is not None and not holds_less(self.intent.less, self.instant()):
            self.intent = msgspec.structs.replace(self.intent, less=None)
            self._history.note("less_over")
            self._kept, self._keep_at = False, 0.0
        if not self._kept and self._clock.monotonic() >= self._keep_at:
            try:
                self._keep()
            except T4TError as error:
                _log.warning("the intent is not written down: %s", error)

    @property
    def due_s(self) -> float | None:
        """Seconds until writing is tried again; None if all is written."""
        return None if self._kept else max(0.0, self._keep_at - self._clock.monotonic())
