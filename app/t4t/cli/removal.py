"""``t4t remove-everything``: all that the program made here, listed with its sizes, agreed to, removed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import plain, tell
from t4t.domain.removal import KEEPABLE, Part
from t4t.domain.removal_errors import FolderShared, NotAllRemoved
from t4t.wording import changes
from t4t.wording import removal as words
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services
    from t4t.domain.removal import Removal

DONE: Final = 0
NEEDS_THE_VOLUNTEER: Final = 3
_LONGEST: Final = 4096


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's grammar."""
    verb = verbs.add_parser(
        "remove-everything", help=gettext("remove all that this program made here: machines, disks, files, keys, its start; what it is, is listed first")
    )
    parts = [part.value for part in KEEPABLE]
    verb.add_argument("--keep", nargs="+", default=[], choices=parts, metavar="PART", help=gettext("of these: {parts}").format(parts=", ".join(parts)))
    verb.add_argument("--yes", action="store_true", help=gettext("do it without a question"))
    verb.add_argument("--show", action="store_true", help=gettext("only list it; changes nothing"))


def run(args: argparse.Namespace, services: Services) -> int:
    """Run the verb; raises leaves of `T4TError`, `NotAllRemoved` where something is in the way."""
    found = services.removal()
    keep = frozenset(Part(name) for name in args.keep)
    if not args.json:
        for line in words.listed(found, keep):
            print(plain(line, _LONGEST))
    if found.strange and not args.show:
        raise FolderShared(path=found.folder, names=", ".join(found.strange[:5]))
    if args.show or not (args.yes or _agreed(as_json=args.json)):
        if args.json:
            print(json.dumps({"done": False, **_document(found, keep)}, indent=2))
        else:
            tell(words.word("nothing_done"))
        return DONE if args.show else NEEDS_THE_VOLUNTEER
    removed = services.remove(keep, lambda part: tell(words.doing(part)))
    if removed.stayed:
        first = removed.stayed[0]
        raise NotAllRemoved(path=first.place, reason=first.reason, count=len(removed.stayed))
    if args.json:
        print(json.dumps({"done": True, **_document(found, keep), "freed": removed.freed, "untold": removed.untold}, indent=2))
    else:
        print(plain(words.done(removed), _LONGEST))
        tell(words.word("program"))
    return DONE


def _agreed(*, as_json: bool) -> bool:
    if as_json or sys.stdin is None or not sys.stdin.isatty():
        return False
    sys.stderr.write(words.word("question"))
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in changes.yes()


def _document(found: Removal, keep: frozenset[Part]) -> dict[str, object]:
    pieces = [{"part": piece.part.value, "place": piece.place, "bytes": piece.size, "kept": piece.part in keep} for piece in found.pieces]
    machines = [{"name": machine.name, "hypervisor": machine.hypervisor} for machine in found.machines]
    about = {"folder": found.folder, "folder_stays": found.chosen, "machines": machines, "projects": list(found.projects)}
    return {**about, "pieces": pieces, "not_ours": list(found.strange)}
