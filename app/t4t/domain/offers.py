"""What each preset means on this computer, in figures that somebody can agree to: processors, memory, disk, watts. Pure arithmetic, all of it an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis.machine import NEEDED_MIB
from t4t.domain.energy import estimated
from t4t.domain.record import record
from t4t.domain.settings.presets import CHOICES, Preset, suggested, values_of
from t4t.domain.settings.tree import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.settings.presets import Computer

HOURS_A_DAY: Final = 6.0
"""Of work, for the figure by month."""
_DAYS: Final = 30


@record(kw_only=True)
class Offer:
    """One preset here. ``watts``: what its processors need while they work; ``memory_mib``: of one virtual machine."""

    preset: Preset
    cores: int
    of_cores: int
    memory_mib: int
    disk_gib: float
    watts: float
    in_use: Response
    suggested: bool = False

    @property
    def kwh_a_month(self) -> float:
        """At `HOURS_A_DAY` of work each day."""
        return self.watts * HOURS_A_DAY * _DAYS / 1000.0


def offers(computer: Computer, *, real_cores: int, processor: str) -> Sequence[Offer]:
    """All presets; two threads of a core share its watts, so ``real_cores`` are those without their second threads."""
    count = max(1, computer.cores)
    best = suggested(computer)
    made = []
    for preset in CHOICES:
        values = values_of(preset, computer)
        cores = values["resources.cores"]
        power = estimated(ours_percent=100.0 * min(1.0, cores / count), cores=max(1, real_cores), processor=processor)
        made.append(
            Offer(
                preset=preset,
                cores=cores,
                of_cores=count,
                memory_mib=NEEDED_MIB,
                disk_gib=values["resources.disk_max_gib"],
                watts=power.watts,
                in_use=Response(values["when.in_use"]),
                suggested=preset is best,
            )
        )
    return tuple(made)
