"""Names of a project's files: one folder holds them all, on every system, so a name is one plain word or it is refused."""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.project_errors import FileNameRefused

_NAME: Final = re.compile(r"[A-Za-z0-9_+=@,()\[\]{}~#!$&' -][A-Za-z0-9_+=@,()\[\]{}~#!$&' .-]{0,199}")
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$|clock\$)(?:\..*)?", re.IGNORECASE)
_ESCAPED: Final = re.compile(r"[^A-Za-z0-9._-]")


def checked_name(name: str) -> str:
    """``name`` if it can only mean a file in the folder it is put into; raises `FileNameRefused`.

    BOINC itself refuses ``..`` and ``%``. Refused here too: separators, drives, what starts with a dot (our unfinished files do), Windows' devices
    and what it strips from the end.
    """
    if not _NAME.fullmatch(name) or ".." in name or name.endswith((".", " ")) or name.startswith((" ", "-")) or _DEVICE.fullmatch(name):
        raise FileNameRefused(name=name[:200])
    return name


def checked_open_name(name: str) -> str:
    """A logical name inside of a task's folder, which may have folders (``shared/output``); raises `FileNameRefused`."""
    try:
        parts = [checked_name(part) for part in name.split("/")]
    except FileNameRefused:
        raise FileNameRefused(name=name[:200]) from None
    return "/".join(parts)


def project_folder(master_url: str) -> str:
    """The folder of a project as BOINC names it: the address without its scheme, what is no letter or digit as ``_``.

    The guest of LHC@home looks for ``lhcathome.cern.ch_lhcathome`` in it.
    """
    path = master_url.partition("://")[2] or master_url
    return _ESCAPED.sub("_", path.rstrip("/")).lstrip(".-") or "_"
