"""Which languages the person at this computer reads, as they told their system: the first one first."""

from __future__ import annotations

import locale
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def wishes(environment: Mapping[str, str], *, platform: str = sys.platform) -> tuple[str, ...]:
    """Tags such as ``de_CH.UTF-8`` or ``fr-CA``. What the environment says counts before the system's own settings, as for every program of a terminal."""
    said = environment.get("LANGUAGE", "").split(":")
    said += [next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")]
    return (*filter(None, said), *_of_system(platform))


def _of_system(platform: str) -> tuple[str, ...]:
    if platform == "win32":
        return _of_windows()
    return _of_macos() if platform == "darwin" else ()


def _of_windows() -> tuple[str, ...]:
    """The language of Windows' own windows, which need not be the one in which dates are written."""
    if sys.platform != "win32":
        return ()
    import ctypes  # noqa: PLC0415 - only there

    return tuple(filter(None, (locale.windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage()),)))


def _of_macos() -> tuple[str, ...]:
    if sys.platform != "darwin":
        return ()
    from Foundation import NSLocale  # noqa: PLC0415 - only there

    return tuple(map(str, NSLocale.preferredLanguages()))
