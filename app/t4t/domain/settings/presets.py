"""Presets, computed for a computer: how much is given, and what happens while somebody uses it. Everything else is not a preset's business.

Custom is no preset of its own: it is the name of all trees that none of the three would make.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.record import record
from t4t.domain.settings.fields import get, put
from t4t.domain.settings.tree import MAX_CORES, Response, Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

_GIB: Final = 1 << 30
_MIB: Final = 1 << 20
_FEW_CORES: Final = 4
_LITTLE_MEMORY: Final = 8 * _GIB + _GIB // 2
"""A computer sold with 8 GB shows less or more than that by what its graphics takes and how it counts."""
_FREE_MIB: Final = 2048
_LEAST_DISK_GIB: Final = 12.0
"""A project's task may take 8 GB (LHC@home says so of each), beside the image of 1 to 3 GB and the saved state."""
_DISK_GIB: Final = {"gentle": 12.0, "balanced": 20.0, "everything": 50.0}


class Preset(enum.Enum):
    """How much the volunteer gives."""

    GENTLE = "gentle"
    BALANCED = "balanced"
    EVERYTHING = "everything"
    CUSTOM = "custom"


CHOICES: Final = (Preset.GENTLE, Preset.BALANCED, Preset.EVERYTHING)


@record(kw_only=True)
class Computer:
    """What presets are computed of; bytes; ``disk_bytes`` is the size of the file system that holds the data folder. None: not known."""

    cores: int
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    battery: bool = False


def suggested(computer: Computer) -> Preset:
    """What suits a computer whose owner has said nothing: gentle on a small one and on one with a battery."""
    small = computer.cores <= _FEW_CORES or (computer.memory_bytes is not None and computer.memory_bytes <= _LITTLE_MEMORY)
    return Preset.GENTLE if small or computer.battery else Preset.BALANCED


def values_of(preset: Preset, computer: Computer) -> dict[str, Any]:
    """The fields that a preset sets, as plain data by path; none for `Preset.CUSTOM`.

    On a computer with one or two processors Balanced gives no more than Gentle does: what differs is what happens while somebody uses it.
    """
    if preset is Preset.CUSTOM:
        return {}
    count = max(1, computer.cores)
    quarter = max(1, count // 4)
    cores = {Preset.GENTLE: 1, Preset.BALANCED: quarter, Preset.EVERYTHING: max(1, min(count - 1, count - quarter))}[preset]
    in_use = {Preset.GENTLE: Response.PAUSE, Preset.BALANCED: Response.GENTLE, Preset.EVERYTHING: Response.GO_ON}[preset]
    return {
        "resources.cores": min(MAX_CORES, cores),
        "resources.cap_percent": 100,
        "resources.tasks": 1,
        "resources.memory_mib": 0,
        "resources.memory_free_mib": _memory_free(computer),
        "resources.disk_max_gib": _disk_max(preset, computer),
        "when.in_use": in_use.value,
    }


def _memory_free(computer: Computer) -> int:
    """2 GiB; on a computer where that would leave nothing a quarter of all, so that 4 GB are enough for one machine of 1 GB."""
    if computer.memory_bytes is None:
        return 0
    return min(_FREE_MIB, computer.memory_bytes // 4 // _MIB)


def _disk_max(preset: Preset, computer: Computer) -> float:
    """No more than a quarter of the disk, but never less than one task needs: less would only mean no work at all."""
    wanted = _DISK_GIB[preset.value]
    if computer.disk_bytes is None:
        return wanted
    return max(_LEAST_DISK_GIB, min(wanted, float(computer.disk_bytes // 4 // _GIB)))


def fresh(computer: Computer) -> Tree:
    """The settings of somebody who has said nothing."""
    return put(Tree(), values_of(suggested(computer), computer))


def preset_of(tree: Tree, computer: Computer) -> Preset:
    """Which preset these settings are."""
    return next((preset for preset in CHOICES if _fits(tree, values_of(preset, computer))), Preset.CUSTOM)


def _fits(tree: Tree, wanted: Mapping[str, Any]) -> bool:
    return all(get(tree, path) == value for path, value in wanted.items())
