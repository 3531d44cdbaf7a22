"""``t4t remove-everything`` for people and for programs: what it lists, asks and refuses."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, cast

import pytest

from t4t.cli import arguments, verbs
from t4t.domain.removal import Machine, Part, Piece, Removal, Removed, Stayed
from t4t.domain.removal_errors import FolderShared, NotAllRemoved

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from t4t.cli.services import Services


class Told:
    """The services of the verb."""

    def __init__(self, found: Removal, removed: Removed) -> None:
        self.found, self.removed = found, removed
        self.kept: list[frozenset[Part]] = []

    def removal(self) -> Removal:
        return self.found

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        self.kept.append(frozenset(keep))
        tell(Part.MACHINES)
        return self.removed


FOUND = Removal(folder="/d", pieces=(Piece(part=Part.MACHINES, place="/d/vms", size=3 << 30), Piece(part=Part.PICTURES, place="/d/gallery", size=5)))


def run(told: Told, *words: str) -> int:
    return verbs.run(arguments.parser().parse_args(words), cast("Services", told))


def test_the_verb_lists_asks_and_does(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(FOUND, Removed(freed=3 << 30, untold=("LHC@home",)))
    assert run(told, "remove-everything", "--show") == 0
    assert "Virtual machines and their disks  3.0 GB\n  /d/vms  3.0 GB\nYour gallery  less than 1 MB\n" in capsys.readouterr().out
    assert run(told, "remove-everything") == 3, "nobody said yes"
    assert told.kept == []
    assert run(told, "remove-everything", "--yes", "--keep", "pictures", "logs") == 0
    assert told.kept == [frozenset({Part.PICTURES, Part.LOGS})]
    shown = capsys.readouterr()
    assert "Your gallery (kept)" in shown.out
    assert "LHC@home" in shown.out
    assert "Removing the virtual machines" in shown.err


def test_the_list_names_what_others_know_of(capsys: pytest.CaptureFixture[str]) -> None:
    pieces = (
        Piece(part=Part.PROJECTS, place="/d/attached"),
        Piece(part=Part.MACHINES, place="/d/vms", size=5 << 20, moved="/disk/t4t-vms-1"),
        Piece(part=Part.START, place="/x.desktop"),
    )
    machines = (Machine(name="t4t-\x1ba", hypervisor="virtualbox"), Machine(name="t4t-b", hypervisor="other"))
    found = Removal(folder="/d", pieces=pieces, machines=machines, projects=("LHC@home",), chosen=True)
    assert run(Told(found, Removed(freed=0)), "remove-everything", "--show") == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == ["Projects and their keys", "  LHC@home"]
    assert "\x1b" not in shown[4]
    assert shown[4].endswith("(in VirtualBox)")
    assert shown[5:7] == ["  t4t-b (in other)", "  /disk/t4t-vms-1  5 MB"]
    assert shown[-2:] == ["5 MB will be free again.", "Somebody chose the folder /d: it stays itself."]


def test_the_list_of_nothing_and_of_somebody_elses(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Told(Removal(folder="/d", pieces=(), chosen=True), Removed(freed=0)), "remove-everything", "--show") == 0
    assert capsys.readouterr().out == "Nothing is there.\n"
    assert run(Told(Removal(folder="/d", pieces=FOUND.pieces, strange=("thesis.odt",)), Removed(freed=0)), "remove-everything", "--show") == 0
    shown = capsys.readouterr().out
    assert "(thesis.odt)" in shown
    assert "free again" not in shown


def test_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(FOUND, Removed(freed=7))
    assert run(told, "--json", "remove-everything") == 3
    assert json.loads(capsys.readouterr().out)["done"] is False
    assert run(told, "--json", "remove-everything", "--yes", "--keep", "pictures") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["done"], document["freed"], [piece["kept"] for piece in document["pieces"]]) == (True, 7, [False, True])


def test_what_the_verb_refuses() -> None:
    with pytest.raises(FolderShared):
        run(Told(Removal(folder="/d", pieces=FOUND.pieces, strange=("x",)), Removed(freed=0)), "remove-everything", "--yes")
    with pytest.raises(NotAllRemoved) as left:
        run(Told(FOUND, Removed(freed=0, stayed=(Stayed(place="/d/vms", reason="busy"),))), "remove-everything", "--yes")
    assert left.value.count == 1
    with pytest.raises(SystemExit):
        run(Told(FOUND, Removed(freed=0)), "remove-everything", "--keep", "machines")


def test_a_yes_is_a_yes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Terminal:
        def __init__(self, answer: str) -> None:
            self._answer = answer

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self._answer

    told = Told(FOUND, Removed(freed=1))
    for answer, done in (("\n", 3), ("y\n", 0)):
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        assert run(told, "remove-everything") == done
    assert len(told.kept) == 1
    assert "can't be brought back" in capsys.readouterr().err
