"""What presets are computed of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.settings.presets import Computer
from t4t.host import power, resources

if TYPE_CHECKING:
    from pathlib import Path


def computer(data: Path) -> Computer:
    """This computer, and the disk of a data folder."""
    return Computer(
        cores=resources.cores(),
        memory_bytes=resources.memory_bytes(),
        disk_bytes=resources.size_bytes(next(folder for folder in (data, *data.parents) if folder.exists())),
        battery=power.look() is not None,
    )
