"""The installed VirtualBox's own numbers for its words, and back. pyvbox was made for 6.1, whose numbers are shifted against those of 7.x. Pure.

Aliases of ranges (``FirstOnline`` is Running, ``LastOnline`` is OnlineSnapshotting) and of masks never become a value's name.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.errors import HypervisorBroken
from t4t.domain.record import record
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

_ALIAS: Final = re.compile(r"(?:First|Last)[A-Z]\w*|End|Invalid")
_WORDS: Final[dict[str, str]] = {
    "PoweredOff": "poweroff",
    "AbortedSaved": "aborted-saved",
    "Stuck": "gurumeditation",
    "DeletingSnapshotOnline": "deletingsnapshotlive",
    "DeletingSnapshotPaused": "deletingsnapshotlivepaused",
}
"""MachineState's names that ``showvminfo`` does not write as they are in small letters."""


class Source(Protocol):
    """The part of vboxapi's ``constants`` that is read."""

    def all_values(self, kind: str, /) -> Mapping[str, int]:
        """All names of an enumeration with their numbers; empty for one that this version does not have."""
        ...


def names(values: Mapping[str, int]) -> dict[int, str]:
    """The name of each number. Of several the first in order that is no alias counts; an alias alone is still better than none."""
    found: dict[int, str] = {}
    for name, number in sorted(values.items(), key=lambda item: (bool(_ALIAS.fullmatch(item[0])), item[0])):
        found.setdefault(number, name)
    return found


def state_word(name: str) -> str:
    """The word of ``showvminfo`` for a name of MachineState (`states.WORDS` has the words)."""
    return _WORDS.get(name, name.lower())


@record
class Numbers:
    """The enumerations of the installed version, read once each."""

    source: Source
    _read: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _names: dict[str, dict[int, str]] = field(default_factory=dict)

    def _values(self, kind: str) -> Mapping[str, int]:
        if kind not in self._read:
            self._read[kind] = self.source.all_values(kind)
        return self._read[kind]

    def has(self, kind: str, name: str) -> bool:
        """Whether this version knows the word."""
        return name in self._values(kind)

    def number(self, kind: str, name: str) -> int:
        """The number of a word; `HypervisorBroken` if this version does not know it."""
        try:
            return self._values(kind)[name]
        except KeyError:
            raise HypervisorBroken(hypervisor=NAME, detail=f"its API has no {kind}_{name}") from None

    def name(self, kind: str, number: int) -> str:
        """The word for a number; the number itself as text if this version has none."""
        if kind not in self._names:
            self._names[kind] = names(self._values(kind))
        return self._names[kind].get(number, str(number))

    def same(self, kind: str, wanted: str) -> str | None:
        """This version's spelling of a word that is written without regard to case, "-" and "_" (as VBoxManage takes it); None if it has none."""
        plain = _plain(wanted)
        return next((name for name in self._values(kind) if _plain(name) == plain), None)


def _plain(word: str) -> str:
    return re.sub(r"[-_ ]", "", word).lower()
