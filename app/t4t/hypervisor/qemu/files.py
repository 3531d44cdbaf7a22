"""A private folder short enough for socket paths."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from t4t.domain.errors import FolderUnwritable

_SOCKET_NAME_BYTES: Final = 24
_SOCKET_PATH_BYTES: Final = 100
"""Below the 104 (BSD) and 108 (Linux) bytes that a socket's path may have."""


def runtime_folder(data_dir: Path) -> Path:
    """The folder for sockets of the VMs of ``data_dir``: private to this user, its path short, the same for every driver of a session."""
    if sys.platform == "win32":
        return data_dir / "run"
    else:  # noqa: RET505 - mypy would call the rest unreachable
        digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:12]
        session = os.environ.get("XDG_RUNTIME_DIR", "")
        candidates = [Path(session) / f"t4t-{digest}"] if session and Path(session).is_dir() else []
        candidates.append(Path(tempfile.gettempdir()) / f"t4t-{os.getuid()}-{digest}")
        candidates.append(Path("/tmp") / f"t4t-{os.getuid()}-{digest}")  # noqa: S108 - made 0700 and its owner checked below
        for folder in candidates:
            if len(os.fsencode(folder)) + _SOCKET_NAME_BYTES <= _SOCKET_PATH_BYTES:
                return folder
        return candidates[-1]


def make_private(folder: Path) -> None:
    """Create ``folder`` for this user alone; a folder of somebody else's making is refused."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform != "win32":
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise FolderUnwritable(path=str(folder), reason="belongs to somebody else")
        if stat.S_IMODE(found.st_mode) != stat.S_IRWXU:
            folder.chmod(stat.S_IRWXU)
