"""Errors of the settings. Branches of the tree in `t4t.domain.errors`.

T4TError
├─ UsageError: SettingUnknown, SettingRefused, SettingLocked, NothingToUndo, PreferencesUnreadable, NoProxySet    exit 2
└─ HostError: SettingsSetAside, SettingsIgnored, SettingsUnreadable                                               exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import HostError, UsageError


@dataclass(eq=False)
class SettingUnknown(UsageError):
    """No setting of this name; ``near``: those that may be meant, with commas, or a dash."""

    name: str
    near: str
    code = "T4T-SET-01"


@dataclass(eq=False)
class SettingRefused(UsageError):
    """The value can't be right; ``allowed`` says what can."""

    name: str
    value: str
    allowed: str
    code = "T4T-SET-02"


@dataclass(eq=False)
class SettingLocked(UsageError):
    """Whoever looks after this computer has locked it in ``path``."""

    name: str
    path: str
    code = "T4T-SET-03"


@dataclass(eq=False)
class NothingToUndo(UsageError):
    """No change is left that could be undone."""

    path: str
    code = "T4T-SET-04"


@dataclass(eq=False)
class PreferencesUnreadable(UsageError):
    """A file of BOINC's preferences can't be read."""

    path: str
    reason: str
    code = "T4T-SET-05"


@dataclass(eq=False)
class NoProxySet(UsageError):
    """No proxy is in use; ``way`` is what the settings say."""

    way: str
    code = "T4T-SET-09"


@dataclass(eq=False)
class SettingsSetAside(HostError):
    """The file of the settings could not be read; it lies at ``kept`` now, and the defaults hold."""

    path: str
    kept: str
    reason: str
    code = "T4T-SET-06"


@dataclass(eq=False)
class SettingsIgnored(HostError):
    """Some values of a settings file can't be right and have no effect: their names, with commas."""

    path: str
    names: str
    code = "T4T-SET-07"


@dataclass(eq=False)
class SettingsUnreadable(HostError):
    """A settings file is there and can't be read, or not be written."""

    path: str
    reason: str
    code = "T4T-SET-08"
