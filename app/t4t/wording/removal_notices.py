"""The sentences for errors of `t4t.domain.removal_errors`."""

from __future__ import annotations

from typing import Final

from t4t.domain.removal_errors import FolderShared, NotAllRemoved
from t4t.wording.text import Text

TEXTS: Final[dict[str, Text]] = {
    FolderShared.code: Text(
        "Nothing was removed: other files are in the folder",
        "{path} also holds what is not of this program: {names}. Removing could take something of yours along.",
        ("Move those files to another place, then try again.",),
    ),
    NotAllRemoved.code: Text(
        "Not everything could be removed",
        "{path}: {reason}. So much is still there: {count}.",
        ("Close other programs that may use it, then remove everything once more: it goes on where it stopped.",),
    ),
}
