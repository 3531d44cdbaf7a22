"""Disk space of ours, in bytes: what is there, what the machines that have begun may still take, what the next one needs. Pure."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping


@record(kw_only=True)
class DiskUse:
    """What our files occupied when they were looked at last."""

    total: int
    machines: Mapping[str, int] = field(default_factory=dict)
    """Of that, the files of each virtual machine, by its id."""


@record(kw_only=True)
class Demand:
    """What the tasks want of the disk: `wanted_bytes` (None: nobody has to know), and how many have begun."""

    wanted_bytes: int | None = None
    begun: int = 0


def wanted_bytes(use: DiskUse, begun: Mapping[str, int], following: int) -> int:
    """What will be occupied once the next task (which needs ``following``; 0: none waits) has begun.

    ``begun`` is what each machine needs in all. Room is kept for what it has not taken yet, or several that begin within one look would all see the same space.
    """
    return use.total + sum(max(0, needed - use.machines.get(machine, 0)) for machine, needed in begun.items()) + following
