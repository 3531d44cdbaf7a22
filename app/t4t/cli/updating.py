"""``t4t app-update``: newer versions of the program itself; ``t4t update`` is the contact with a project."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.cli.terminal import plain, show_notice
from t4t.domain.errors import from_wire
from t4t.wording import updates as words
from t4t.wording.language import Marked, gettext
from t4t.wording.notices import notice

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services, UpdateServices
    from t4t.domain.app_update import UpdateView

DONE: Final = 0
FROM: Final[Marked] = "where to ask instead: an address, or a folder (a stick, say); what is not signed is refused all the same"


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    top = verbs.add_parser("app-update", help=gettext("newer versions of this program: ask, install at once, go back to the previous one"))
    parts = top.add_subparsers(dest="update_verb", required=True, metavar="VERB")
    parts.add_parser("status", help=gettext("what is here, and what is known"))
    check = parts.add_parser("check", help=gettext("ask what the newest version is"))
    download = parts.add_parser("download", help=gettext("ask, and bring it here, verified"))
    install = parts.add_parser(
        "install", help=gettext("all of it: the work is saved, the new version put in place and tried; if it does not work, the old one comes back")
    )
    for one in (check, download, install):
        one.add_argument("--from", dest="address", default="", metavar="PLACE", help=gettext(FROM))
    for one in (download, install):
        one.add_argument("--again", action="store_true", help=gettext("also a version that failed here, or was skipped"))
    parts.add_parser("roll-back", help=gettext("put the previous version in place, which is kept"))
    skip = parts.add_parser("skip", help=gettext("never install this version by itself"))
    skip.add_argument("version", metavar="VERSION")
    apply = parts.add_parser("apply", help=gettext("put in place what is downloaded, or go on with what was interrupted"))
    apply.add_argument("--root", type=Path, metavar="DIR", help=gettext("where, for the kept copy that does it"))


class Progress:
    """One line, where somebody looks on."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self._told = -1

    def __call__(self, done: int, size: int) -> None:
        """So many bytes of so many came."""
        percent = 100 * done // size if size else 100
        if percent != self._told and sys.stderr.isatty():
            print(f"\r{words.downloaded(percent)}", end="" if percent < 100 else "\n", file=sys.stderr, flush=True)  # noqa: PLR2004 - the whole
        self._told = percent


def run(args: argparse.Namespace, services: Services) -> int:
    """Run the verb; raises leaves of `T4TError`."""
    _show(_done(args, services.of_updates()), as_json=args.json)
    return DONE


def _done(args: argparse.Namespace, updates: UpdateServices) -> UpdateView:
    match args.update_verb:
        case "check":
            return updates.check(args.address)
        case "download":
            return updates.download(args.address, Progress(), again=args.again)
        case "install":
            updates.download(args.address, Progress(), again=args.again)
            return updates.apply(None)
        case "apply":
            return updates.apply(args.root)
        case "roll-back":
            return updates.roll_back()
        case "skip":
            return updates.skip(args.version)
        case _:
            return updates.view()


def _show(view: UpdateView, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(msgspec.to_builtins(view)))
        return
    for line in filter(None, (words.sentence(view), words.way_back(view))):
        print(plain(line, 300))
    if view.failure is not None:
        show_notice(notice(from_wire({"code": view.failure.code, "data": view.failure.data})))
