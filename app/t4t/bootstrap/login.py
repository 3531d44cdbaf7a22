"""The program's start with the user's session: which command, and what stands against it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from t4t import desktop
from t4t.domain.errors import FolderUnwritable
from t4t.host.autostart import autostart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.autostart import AutostartState
    from t4t.host.autostart import Autostart


def command(data: Path) -> Sequence[str]:
    """The agent with its tray; Windows would show a console for ``python.exe``."""
    first, *others = desktop.command(data, "run", "--tray")
    quiet = Path(first).with_name("pythonw.exe")
    return (str(quiet), *others) if sys.platform == "win32" and Path(first).name == "python.exe" and quiet.exists() else (first, *others)


def autostart_of(data: Path, *, on: bool | None, at_login: Autostart | None = None) -> AutostartState:
    """Switch it on or off (None: neither); how it is then. Raises `FolderUnwritable`."""
    entry, words = at_login or autostart(), command(data.absolute())
    try:
        if on is not None:
            entry.on(words) if on else entry.off()
        return entry.state(words)
    except OSError as error:
        raise FolderUnwritable(path=str(error.filename or ""), reason=error.strerror or str(error)) from error
