"""``t4t energy``: what each day's work cost in electricity and data, as it was written down last; nobody is asked for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.energy import together
from t4t.wording import costs as words
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services
    from t4t.domain.energy import Day

DONE: Final = 0
_MOST_DAYS: Final = 800


def _days(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST_DAYS:
        raise ValueError(text)
    return number


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser("energy", help=gettext("what the work cost day by day: electricity, its price as the settings say, and data"))
    verb.add_argument("--days", type=_days, default=14, metavar="N", help=gettext("so many of the last days on which something was counted (default: 14)"))


def run(args: argparse.Namespace, services: Services) -> int:
    """Print it."""
    days = services.energy()[-args.days :]
    whole = together(days)
    if args.json:
        print(json.dumps({"days": [_document(day) for day in days], "together": _document(whole)}, indent=2))
        return DONE
    for day in days:
        print(f"  {day.day}  {words.energy_and_money(day):24}  {words.data(day)}")
    if len(days) > 1:
        print(f"  {gettext('together'):10}  {words.energy_and_money(whole):24}  {words.data(whole)}")
    print(words.how_known(whole))
    return DONE


def _document(day: Day) -> dict[str, Any]:
    return {
        "day": day.day,
        "kwh": day.kwh,
        "estimated": day.estimated,
        "joules": day.joules,
        "costs": day.costs,
        "received_bytes": day.received,
        "sent_bytes": day.sent,
    }
