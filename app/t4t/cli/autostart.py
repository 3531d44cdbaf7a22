"""``t4t autostart on|off|status``."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from t4t.wording import autostart as words
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0
WHAT: Final = ("on", "off", "status")


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser("autostart", help=gettext("start with your session, or not"))
    verb.add_argument("what", choices=WHAT, nargs="?", default="status", help=gettext("on, off, or how it is (the default)"))


def run(args: argparse.Namespace, services: Services) -> int:
    """Do it and say how it is now. Raises `FolderUnwritable`."""
    state = services.autostart(on=None if args.what == "status" else args.what == "on")
    if args.json:
        print(json.dumps(dataclasses.asdict(state), indent=2))
    else:
        print(*words.said(state), sep="\n")
    return DONE
