"""The sentences for errors of `t4t.domain.move_errors`."""

from __future__ import annotations

from typing import Final

from t4t.domain.move_errors import MachinesAway, MoveFailed, PlaceRefused
from t4t.wording.text import Text

TEXTS: Final[dict[str, Text]] = {
    PlaceRefused.code: Text(
        "The machines can't be moved there", "{path}: {reason}.", ("Name another folder, which is there already, on the disk that you want.",)
    ),
    MoveFailed.code: Text(
        "The machines were not moved",
        "{path}: {reason}. They are where they were, with all their work.",
        ("Check that the disk is in order, then run t4t move again.",),
    ),
    MachinesAway.code: Text(
        "The disk with the machines is not there",
        "The virtual machines were moved to {path}, which can't be found now.",
        ("Plug the disk in or mount it, then start the program again.",),
    ),
}
