"""Whose computer this is, as far as the system tells without asking anybody: for what must not be said."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
import socket
import sys
from pathlib import Path

from t4t.domain.anonymity import Known

_USERS = ("USER", "LOGNAME", "USERNAME", "SUDO_USER")
_HOSTS = ("HOSTNAME", "COMPUTERNAME", "USERDOMAIN", "USERDNSDOMAIN")
_HOMES = ("HOME", "USERPROFILE")


def known() -> Known:
    """Names and folders of whoever runs this process. Touches no network: a name server is never asked for our own name."""
    users, people, homes = _account()
    with contextlib.suppress(OSError, KeyError, ImportError):  # no such account, no variable
        users.append(getpass.getuser())
    with contextlib.suppress(RuntimeError):
        homes.append(str(Path.home()))
    users += [os.environ[name] for name in _USERS if name in os.environ]
    homes += [os.environ[name] for name in _HOMES if name in os.environ]
    hosts = [socket.gethostname(), platform.node(), *(os.environ[name] for name in _HOSTS if name in os.environ)]
    return Known(users=_once(users), people=_once(people), hosts=_once(hosts), homes=_once(homes))


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


if sys.platform == "win32":

    def _account() -> tuple[list[str], list[str], list[str]]:
        """Windows' own list of accounts knows no more than its variables say."""
        return [], [], []

else:
    import pwd

    def _account() -> tuple[list[str], list[str], list[str]]:
        """Login name, name and home of our account; its name is the first field of what the system calls GECOS."""
        try:
            entry = pwd.getpwuid(os.getuid())
        except KeyError:
            return [], [], []
        return [entry.pw_name], [entry.pw_gecos.partition(",")[0]], [entry.pw_dir]
