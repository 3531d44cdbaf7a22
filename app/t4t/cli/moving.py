"""``t4t move``: the virtual machines to another disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import plain
from t4t.wording import commands
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0
_LONGEST_PATH: Final = 4096


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's grammar."""
    move = verbs.add_parser("move", help=gettext("move the virtual machines to another disk; their work is saved first, and Ctrl-C leaves them where they are"))
    move.add_argument("folder", metavar="DIR", help=gettext("a folder on that disk; the data folder itself moves them back"))


class _Progress:
    """One line, where somebody looks on."""

    def __init__(self) -> None:
        self._told = -1

    def __call__(self, done: int, size: int) -> None:
        percent = 100 * done // size if size else 100
        if percent != self._told and sys.stderr.isatty():
            print(f"\r{commands.copied(percent)}", end="", file=sys.stderr, flush=True)
        self._told = percent

    def end(self) -> None:
        """The next line begins anew."""
        if self._told >= 0 and sys.stderr.isatty():
            print(file=sys.stderr)


def run(args: argparse.Namespace, services: Services) -> int:
    """Run the verb; raises leaves of `T4TError`."""
    progress = _Progress()
    try:
        place = services.move(Path(args.folder).expanduser().absolute(), progress)
    finally:
        progress.end()
    print(json.dumps({"place": str(place)}) if args.json else commands.moved(plain(str(place), _LONGEST_PATH)))
    return DONE
