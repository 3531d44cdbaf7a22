"""``t4t leftovers``: what stays on this computer when only the program's own files are removed, and its removal."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import plain
from t4t.wording import leftovers as words

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0
_LONGEST: Final = 4096


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser(
        "leftovers", help="end the program, and say what it has on this computer beside its own files: virtual machines, work, settings, start with the session"
    )
    verb.add_argument("--remove", action="store_true", help="remove all of it; projects get the work back, accounts stay")


def run(args: argparse.Namespace, services: Services) -> int:
    """Do it and say what there is now; raises as `Services.leftovers` does."""
    found = services.leftovers(remove=args.remove)
    if args.json:
        print(json.dumps(dataclasses.asdict(found), indent=2))
    else:
        print(*(plain(line, _LONGEST) for line in words.said(found)), sep="\n")
    return DONE
