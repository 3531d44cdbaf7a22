"""The program's start with the user's session, on and off: one entry by one name, so that it is never there twice.

Linux: an XDG autostart file. macOS: a launch agent, which acts from the next log-in on. Windows: a value of the user's Run key; what the user switched off in
the system's settings (``StartupApproved``) is switched on again by `on` only, for that is his own later word.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import plistlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.autostart import AutostartState
from t4t.domain.record import record
from t4t.durable import write_atomic
from t4t.host.resume import desktop_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NAME: Final = "org.t4t.autostart"
_RUN: Final = r"Software\Microsoft\Windows\CurrentVersion\Run"
_APPROVED: Final = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
_VALUE: Final = "Test4Theory"
_DELAY_S: Final = 10
"""GNOME starts it so much later: the session has enough to do at first."""


class Autostart(Protocol):
    """One program's start."""

    def state(self, words: Sequence[str]) -> AutostartState:
        """How it is; ``words`` are what it should start. Raises `OSError`."""
        ...

    def on(self, words: Sequence[str]) -> None:
        """Start ``words`` at each log-in from now on, in place of what was started before. Raises `OSError`."""
        ...

    def off(self) -> None:
        """No longer. Raises `OSError`."""
        ...


@record
class AutostartFile:
    """An `Autostart` that is a file: ``render`` writes it, ``read`` gives its command and whether the system is told not to use it."""

    file: Path
    render: Callable[[Sequence[str]], bytes]
    read: Callable[[bytes], tuple[str, bool]]

    def state(self, words: Sequence[str]) -> AutostartState:
        """See `Autostart.state`. A file that can't be understood starts nothing."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return AutostartState(on=False, place=str(self.file))
        command, refused = self.read(content)
        other = command != self.read(self.render(words))[0]
        return AutostartState(on=bool(command) and not refused, command=command, place=str(self.file), refused=refused, other=bool(command) and other)

    def on(self, words: Sequence[str]) -> None:
        """See `Autostart.on`."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self.file, self.render(words))

    def off(self) -> None:
        """See `Autostart.off`."""
        self.file.unlink(missing_ok=True)


def autostart_entry(words: Sequence[str]) -> bytes:
    """An XDG autostart file."""
    return desktop_entry(words) + f"X-GNOME-Autostart-Delay={_DELAY_S}\nTerminal=false\n".encode()


def read_entry(content: bytes) -> tuple[str, bool]:
    """What an autostart file starts, as it stands there, and whether it is switched off in it: desktops write that down in the file."""
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    try:
        parser.read_string(content.decode("utf-8"))
        entry = parser["Desktop Entry"]
    except (configparser.Error, KeyError, UnicodeDecodeError):
        return "", False
    off = entry.get("Hidden", "false").strip() == "true" or entry.get("X-GNOME-Autostart-enabled", "true").strip() == "false"
    return entry.get("Exec", "").strip(), off


def autostart_agent(words: Sequence[str]) -> bytes:
    """A launch agent: started with the session, and never again by the system."""
    return plistlib.dumps({"Label": _NAME, "ProgramArguments": list(words), "RunAtLoad": True, "ProcessType": "Background", "LimitLoadToSessionType": "Aqua"})


def read_agent(content: bytes) -> tuple[str, bool]:
    """What a launch agent starts, and whether it is disabled in it."""
    try:
        agent = plistlib.loads(content)
        words = [str(word) for word in agent["ProgramArguments"]]
    except (plistlib.InvalidFileException, KeyError, TypeError, ValueError, AttributeError):
        return "", False
    return " ".join(f'"{word}"' if " " in word else word for word in words), agent.get("Disabled") is True


if sys.platform == "win32":
    import subprocess
    import winreg

    class _RunKey:
        """The user's Run key."""

        def state(self, words: Sequence[str]) -> AutostartState:
            """See `Autostart.state`."""
            place = f"HKEY_CURRENT_USER\\{_RUN}\\{_VALUE}"
            command = _registry_value(_RUN)
            if not isinstance(command, str):
                return AutostartState(on=False, place=place)
            approved = _registry_value(_APPROVED)
            refused = isinstance(approved, bytes) and bool(approved) and approved[0] % 2 == 1
            return AutostartState(on=not refused, command=command, place=place, refused=refused, other=command != subprocess.list2cmdline(words))

        def on(self, words: Sequence[str]) -> None:
            """See `Autostart.on`."""
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
                winreg.SetValueEx(key, _VALUE, 0, winreg.REG_SZ, subprocess.list2cmdline(words))
            _forget(_APPROVED)

        def off(self) -> None:
            """See `Autostart.off`."""
            _forget(_RUN)
            _forget(_APPROVED)

    def _registry_value(path: str) -> object:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                value: object = winreg.QueryValueEx(key, _VALUE)[0]
        except FileNotFoundError:
            return None
        return value

    def _forget(path: str) -> None:
        with contextlib.suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, path, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, _VALUE)

    def autostart() -> Autostart:
        """Of this system."""
        return _RunKey()

else:

    def autostart(*, darwin: bool = sys.platform == "darwin") -> Autostart:
        """Of this system."""
        if darwin:
            return AutostartFile(Path.home() / "Library/LaunchAgents" / f"{_NAME}.plist", autostart_agent, read_agent)
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return AutostartFile(folder / "autostart" / f"{_NAME}.desktop", autostart_entry, read_entry)
