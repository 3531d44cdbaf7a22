"""Where the virtual machines of a data folder lie: in it, or on another disk to which a link leads.

Everybody else goes on to use the path in the data folder: what VirtualBox has registered and what QEMU's records say stays true wherever the machines are.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from t4t.domain.move_errors import MachinesAway

if TYPE_CHECKING:
    from pathlib import Path

MACHINES: Final = "vms"
_LONG: Final = "\\\\?\\"


def moved_to(data: Path) -> str | None:
    """Where they were moved to; None if they are in the data folder itself, or there are none."""
    try:
        return str((data / MACHINES).readlink()).removeprefix(_LONG)
    except (OSError, ValueError):  # no link
        return None


def check_place(data: Path) -> None:
    """Raise `MachinesAway` if they were moved to a disk that is not there: whoever went on would take their work for lost."""
    away = moved_to(data)
    if away is not None and not (data / MACHINES).is_dir():
        raise MachinesAway(path=away)


def home(data: Path) -> Path:
    """The folder whose disk they are on."""
    return data if moved_to(data) is None else data / MACHINES


if sys.platform == "win32":

    def link(place: Path, target: Path) -> None:
        """Let ``place`` lead to the folder ``target``. A junction: a symbolic link needs a right that users don't have. Raises `OSError`."""
        import _winapi  # noqa: PLC0415 - only there

        _winapi.CreateJunction(str(target), str(place))

else:

    def link(place: Path, target: Path) -> None:
        """Let ``place`` lead to the folder ``target``. Raises `OSError`."""
        place.symlink_to(target, target_is_directory=True)
