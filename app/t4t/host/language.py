"""Which languages the person at this computer reads, as they told their system: the first one first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


if sys.platform == "win32":
    import ctypes
    import locale

    def _of_system() -> tuple[str, ...]:
        """The language of Windows' own windows, which need not be the one in which dates are written."""
        return tuple(filter(None, (locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage()),)))
elif sys.platform == "darwin":

    def _of_system() -> tuple[str, ...]:
        from Foundation import NSLocale  # noqa: PLC0415 - takes its time, and the processes beside the agent ask for none

        return tuple(map(str, NSLocale.preferredLanguages()))
else:

    def _of_system() -> tuple[str, ...]:
        """The environment is all that there is."""
        return ()


def wishes(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Tags such as ``de_CH.UTF-8`` or ``fr-CA``. What the environment says counts before the system's own settings, as for every program of a terminal."""
    said = environment.get("LANGUAGE", "").split(":")
    said += [next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")]
    return (*filter(None, said), *_of_system())
