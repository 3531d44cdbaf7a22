"""The words for removing everything that this program made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.removal import Part
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.removal import Machine, Piece, Removal, Removed

_GIB: Final = 1 << 30
_MIB: Final = 1 << 20
_HYPERVISORS: Final = {"virtualbox": "VirtualBox", "qemu": "QEMU"}
_NAMED: Final = 5
_PARTS: Final[dict[Part, tuple[Marked, Marked]]] = {
    Part.PROJECTS: ("Projects and their keys", "Each project is told, and gets its unfinished tasks back. Your accounts there stay."),
    Part.MACHINES: ("Virtual machines and their disks", "Also removed from VirtualBox's list. Machines of other programs are not touched."),
    Part.WORK: ("Unfinished work and the history", "Tasks, files of projects, and what happened so far."),
    Part.RESULTS: ("Results", "Of tasks that are done, as files."),
    Part.PICTURES: ("Your gallery", "The pictures that you kept."),
    Part.SETTINGS: ("Settings", "For when you install the program again."),
    Part.LOGS: ("Logs", "For whoever helps you."),
    Part.START: ("Start with the computer", "The entry that starts the program when you log in."),
}
_DOING: Final[dict[Part, Marked]] = {
    Part.PROJECTS: "Telling the projects, and saving what runs…",
    Part.MACHINES: "Removing the virtual machines…",
    Part.WORK: "Removing unfinished work…",
    Part.RESULTS: "Removing results…",
    Part.PICTURES: "Removing the gallery…",
    Part.SETTINGS: "Removing the settings…",
    Part.LOGS: "Removing the logs…",
    Part.START: "Removing the start with the computer…",
}
_WORDS: Final[dict[str, Marked]] = {
    "title": "Remove everything from this computer",
    "text": "All that this program made here: virtual machines, files, keys, the start with the computer. You see it before anything happens, "
    "and can keep what you want.",
    "show": "Show what would be removed…",
    "looking": "Looking at what is there…",
    "above": "This will be removed, and can't be brought back. Tick what you want to keep.",
    "keep": "Keep it",
    "goes": "Is removed",
    "do_it": "Remove it",
    "cancel": "Cancel",
    "stop": "Stop",
    "stopping": "Stopping after this step…",
    "stopped": "Stopped. What was not removed yet is still there.",
    "close": "Close the window",
    "program": "The program itself is still installed; remove it as you remove other programs.",
    "nothing": "Nothing is there.",
    "nothing_done": "Nothing was removed.",
    "question": "Remove all of this? It can't be brought back. [y/N] ",
}


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def name(part: Part) -> str:
    """What a part is called."""
    return gettext(_PARTS[part][0])


def about(part: Part) -> str:
    """What it is."""
    return gettext(_PARTS[part][1])


def doing(part: Part) -> str:
    """While it is removed."""
    return gettext(_DOING[part])


def size(found: int) -> str:
    """Space on the disk."""
    if found >= _GIB:
        return gettext("{size} GB").format(size=decimal(found / _GIB, 1))
    return gettext("{size} MB").format(size=decimal(found / _MIB)) if found >= _MIB else gettext("less than 1 MB")


def sizes(pieces: tuple[Piece, ...]) -> str:
    """How much space they take; what takes none says nothing."""
    total = sum(piece.size for piece in pieces)
    return size(total) if total else ""


def places(pieces: tuple[Piece, ...], most: int = 3) -> str:
    """Where they lie, a line each."""
    lines = [piece.moved or piece.place for piece in pieces[:most]]
    more = len(pieces) - len(lines)
    return "\n".join([*lines, *([ngettext("and {number} more", "and {number} more", more).format(number=more)] if more else [])])


def spoken(part: Part, pieces: tuple[Piece, ...]) -> str:
    """A part for who listens."""
    return ". ".join(text for text in (name(part), sizes(pieces), about(part)) if text)


def freed(found: int) -> str:
    """Below the list."""
    return gettext("{size} will be free again.").format(size=size(found))


def listed(found: Removal, keep: frozenset[Part]) -> Iterator[str]:
    """All of it for a terminal, and for the uninstallers, which show it as it is."""
    if not found.pieces:
        yield word("nothing")
    for part in found.parts:
        pieces = found.of(part)
        mark = gettext(" (kept)") if part in keep else ""
        yield f"{name(part)}{mark}  {sizes(pieces)}".rstrip()
        if part is Part.PROJECTS:
            yield from (f"  {project}" for project in found.projects)
        if part is Part.MACHINES:
            yield from (f"  {_listing(machine)}" for machine in found.machines)
        yield from (f"  {piece.moved or piece.place}  {size(piece.size) if piece.size else ''}".rstrip() for piece in pieces)
    if found.strange:
        shape = gettext("In {folder} lie files that this program did not make ({names}): as long as they do, nothing is removed.")
        yield shape.format(folder=found.folder, names=", ".join(found.strange[:_NAMED]))
    elif found.pieces:
        yield freed(found.size(keep))
    if found.chosen and found.pieces:
        yield gettext("Somebody chose the folder {folder}: it stays itself.").format(folder=found.folder)


def _listing(machine: Machine) -> str:
    """A machine, and in whose list it is."""
    return gettext("{machine} (in {hypervisor})").format(machine=machine.name, hypervisor=_HYPERVISORS.get(machine.hypervisor, machine.hypervisor))


def done(removed: Removed) -> str:
    """Afterwards."""
    text = gettext("Everything is removed; {size} are free again.").format(size=size(removed.freed))
    if removed.untold:
        text += " " + gettext("These projects could not be told, and will miss their tasks: {names}.").format(names=", ".join(removed.untold))
    return text
