"""Going on after a restart of the computer: what was to be done is written down, and the next log-in starts the program once.

The start is of one time only: Windows forgets it by itself (RunOnce), elsewhere the program that was started removes it.
"""

from __future__ import annotations

import contextlib
import os
import plistlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from t4t.domain.changes import Pending
from t4t.domain.record import record
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STATE: Final = "resume.json"
_NAME: Final = "org.t4t.resume"
_RUN_ONCE: Final = r"Software\Microsoft\Windows\CurrentVersion\RunOnce"
_VALUE: Final = "Test4TheoryResume"


class AtLogin(Protocol):
    """A start at the next log-in."""

    def set(self, words: Sequence[str]) -> None:
        """Start ``words`` at the next log-in. Raises `OSError`."""
        ...

    def clear(self) -> None:
        """No longer."""
        ...


@record
class OnceAtLogin:
    """A start at the next log-in, as a file (Linux: XDG autostart; macOS: a launch agent)."""

    file: Path
    render: Callable[[Sequence[str]], bytes]

    def set(self, words: Sequence[str]) -> None:
        """Start ``words`` at the next log-in. Raises `OSError`."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.file, self.render(words))

    def clear(self) -> None:
        """No longer."""
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)


def desktop_entry(words: Sequence[str]) -> bytes:
    """An XDG autostart entry; its ``Exec`` has escaping rules of its own."""
    quoted = " ".join(f'"{_escaped(word)}"' for word in words)
    return f"[Desktop Entry]\nType=Application\nName=Test4Theory Desktop\nExec={quoted}\nX-GNOME-Autostart-enabled=true\n".encode()


def _escaped(word: str) -> str:
    for letter in '\\"`$':
        word = word.replace(letter, f"\\{letter}")
    return word.replace("\\", "\\\\").replace("%", "%%")


def launch_agent(words: Sequence[str]) -> bytes:
    """A launch agent that runs once, when it is loaded."""
    return plistlib.dumps({"Label": _NAME, "ProgramArguments": list(words), "RunAtLoad": True})


if sys.platform == "win32":
    import subprocess
    import winreg

    class _RunOnce:
        """Windows' own list of what the next log-in starts once."""

        def set(self, words: Sequence[str]) -> None:
            """See `OnceAtLogin.set`."""
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_ONCE) as key:
                winreg.SetValueEx(key, _VALUE, 0, winreg.REG_SZ, subprocess.list2cmdline(words))

        def clear(self) -> None:
            """See `OnceAtLogin.clear`."""
            with contextlib.suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_ONCE, 0, winreg.KEY_SET_VALUE) as key:
                winreg.DeleteValue(key, _VALUE)

    def once_at_login() -> _RunOnce:
        """Of this system."""
        return _RunOnce()

else:

    def once_at_login(*, darwin: bool = sys.platform == "darwin") -> OnceAtLogin:
        """Of this system."""
        if darwin:
            return OnceAtLogin(Path.home() / "Library/LaunchAgents" / f"{_NAME}.plist", launch_agent)
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return OnceAtLogin(folder / "autostart" / f"{_NAME}.desktop", desktop_entry)


class Resume:
    """What waits, in one data folder."""

    def __init__(self, data: Path, *, boot: str, at_login: AtLogin | None = None) -> None:
        """``boot`` names the present run of the computer (`Clock.boot`)."""
        self._file = data / _STATE
        self._boot = boot
        self._at_login = at_login or once_at_login()

    def prepare(self, check: str, remedy: str, words: Sequence[str]) -> None:
        """Go on after a restart: remember why, and start ``words`` then. Raises `OSError`."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._file, msgspec.json.encode(Pending(check=check, remedy=remedy, boot=self._boot)))
        self._at_login.set(words)

    def _due(self) -> Pending | None:
        try:
            found = msgspec.json.decode(self._file.read_bytes(), type=Pending)
        except (OSError, msgspec.DecodeError):
            return None
        return None if found.boot == self._boot else found

    def started(self) -> None:
        """The program was started after the restart: that start was of one time. What waits is told by `take`."""
        if self._due() is not None:
            self._at_login.clear()

    def take(self) -> Pending | None:
        """What waited for the restart that has happened, told once; None if nothing did, or the computer was not restarted yet."""
        found = self._due()
        if found is not None:
            self.drop()
        return found

    def drop(self) -> None:
        """Nothing waits any more."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
        self._at_login.clear()
