"""``t4t self-check``: whether this copy of the program has all that it needs, in each of its processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import plain
from t4t.domain.self_check import Part
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0
BROKEN: Final = 1
_LONGEST: Final = 2000


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser(
        "self-check", help=gettext("has this copy of the program all that it needs: libraries, files, certificates, and does each of its processes start")
    )
    verb.add_argument(
        "part", nargs="?", choices=[part.value for part in Part], metavar="PART", help=gettext("only this part, in this very process (default: all)")
    )


def run(args: argparse.Namespace, services: Services) -> int:
    """Print it; 1 if something is missing, which is a fault of how this copy was built."""
    found = services.self_check(None if args.part is None else Part(args.part))
    well = all(checked.well for checked in found)
    if args.json:
        parts = [{"part": checked.part.value, "well": checked.well, "detail": checked.detail} for checked in found]
        print(json.dumps({"well": well, "parts": parts}, indent=2))
    else:
        for checked in found:
            print(f"  {gettext('✓ ok') if checked.well else gettext('✗ fail'):7}  {checked.part.value:13}  {plain(checked.detail, _LONGEST)}")
    return DONE if well else BROKEN
