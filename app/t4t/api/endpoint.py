"""Where the agent of a data folder listens: a Unix socket or a named pipe that only this user can reach."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from t4t.domain.errors import FolderUnwritable

_MOST_BYTES: Final = 100
"""Below the 104 (BSD) and 108 (Linux) bytes that a socket's path may have."""


def digest(data_dir: Path) -> str:
    """A short name for the data folder."""
    return hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]


def endpoint(data_dir: Path) -> Path:
    """The socket's path: in the session's own folder, else in the data folder, else, where that is too long for a socket, in a private temporary folder."""
    name = f"{digest(data_dir)}.sock"
    if sys.platform == "win32":
        return Path(rf"\\.\pipe\t4t-{digest(data_dir)}")
    else:  # noqa: RET505 - mypy would call the rest unreachable
        session = os.environ.get("XDG_RUNTIME_DIR", "")
        candidates = [Path(session) / "t4t" / name] if session and Path(session).is_dir() else []
        candidates.append(data_dir.resolve() / "run" / name)
        found = next((path for path in candidates if len(os.fsencode(path)) <= _MOST_BYTES), None)
        return found or Path(tempfile.gettempdir()) / f"t4t-api-{os.getuid()}" / name


def make_private(folder: Path) -> None:
    """Create ``folder`` for this user alone; one of somebody else's making is refused. Raises `FolderUnwritable`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                raise FolderUnwritable(path=str(folder), reason="it belongs to somebody else")
            if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
                folder.chmod(stat.S_IRWXU)
    except OSError as error:
        raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error
