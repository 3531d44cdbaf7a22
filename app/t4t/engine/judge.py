"""The decision and what it is made of: what the host's events and the sensors say, what the volunteer gives and wants. What follows of it is the engine's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.disk_room import Demand
from t4t.domain.host_events import DiskState, Power
from t4t.domain.policy import Decision, Facts, decide, decision_after_jump, due, stirred
from t4t.domain.readings import Readings

if TYPE_CHECKING:
    from t4t.engine.given import Given
    from t4t.engine.host_side import HostSide
    from t4t.engine.parts import Parts
    from t4t.engine.volition import Volition

_MINUTE_S: Final = 60.0


class Judge:
    """Remembers the last decision, for what needs memory; its methods belong to the engine's consumer."""

    def __init__(self, parts: Parts, given: Given, host: HostSide, volition: Volition) -> None:
        """Nothing is decided yet."""
        self._parts = parts
        self._given = given
        self._host = host
        self._volition = volition
        self._free_bytes: int | None = None
        self._needed_memory_mib = 0
        self._demand = Demand()
        self.decision: Decision | None = None

    def judged(self) -> Decision:
        """The decision on what is known at this moment; nothing is done about it, and free space is as in the last turn."""
        known, power = self._host.known, self._host.known.power or Power()
        facts = Facts(
            free_bytes=self._free_bytes,
            session_ends=known.ending,
            falls_asleep=known.asleep,
            woke_at=self._host.woke_at,
            folder_gone=known.disk is DiskState.GONE,
            charge=known.charge,
            on_battery=power.on_battery,
            charging=power.charging,
            battery_percent=power.percent,
            needed_memory_mib=self._needed_memory_mib,
            wanted_disk_bytes=self._demand.wanted_bytes,
            begun=self._demand.begun,
            readings=Readings() if self._parts.sensing is None else self._parts.sensing.readings,
        )
        return decide(facts, self._volition.intent, self._given.settings, self._volition.instant(), before=self.decision)

    def decide(self, demand: Demand) -> tuple[Decision | None, Decision]:
        """The decision before and the one from now on; ``demand`` is the tasks'."""
        self._demand = demand
        self._free_bytes = self._parts.free_bytes()
        before, self.decision = self.decision, self.judged()
        return before, self.decision

    def is_stirred(self) -> bool:
        """Whether what is known now makes another decision, or begins to count towards one."""
        return self.decision is None or stirred(self.decision, self.judged())

    def expect(self, *, runs: bool, needed_memory_mib: int) -> None:
        """Tell the sensors what matters now; ``needed_memory_mib`` as in `Facts`."""
        self._needed_memory_mib = needed_memory_mib
        if self._parts.sensing is not None:
            when = self._given.settings.when
            self._parts.sensing.expect(runs=runs, away_after_s=when.away_after_min * _MINUTE_S, programs=when.programs)

    @property
    def begins_nothing(self) -> bool:
        """Whether what has not begun is to wait."""
        return self.decision is not None and self.decision.begins_nothing

    def clock_was_set(self, by: float) -> None:
        """An hour of calm stays an hour."""
        if self.decision is not None:
            self.decision = decision_after_jump(self.decision, by)

    @property
    def due(self) -> float | None:
        """The next moment, by the clock on the wall, at which it may change by itself."""
        return None if self.decision is None else due(self.decision, self._given.settings)
