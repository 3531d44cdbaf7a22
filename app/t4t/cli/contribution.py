"""``t4t contribution``: what this computer has done, day by day, week by week or month by month; nobody is asked for it but the program itself."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from t4t.domain.contribution import Span, as_csv, done
from t4t.wording import contribution as words
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services
    from t4t.domain.contribution import Contribution, Done

DONE: Final = 0
_MOST: Final = 3650
_AT_ONCE: Final = 14


def _last(text: str) -> int:
    number = int(text)
    if not 1 <= number <= _MOST:
        raise ValueError(text)
    return number


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser("contribution", help=gettext("what this computer has done: collisions, processor hours, electricity, tasks, credit"))
    verb.add_argument("--by", choices=[one.value for one in Span], default=Span.DAY.value, help=gettext("how it is summed up (default: day)"))
    verb.add_argument("--last", type=_last, default=_AT_ONCE, metavar="N", help=gettext("so many of the last lines (default: 14)"))
    verb.add_argument("--csv", action="store_true", help=gettext("all days as a table for a spreadsheet, on standard output"))


def run(args: argparse.Namespace, services: Services) -> int:
    """Print it."""
    work, projects = services.contribution(), services.of_projects().projects()
    credit, teams = [one.credit for one in projects], [one.team for one in projects]
    if args.csv and not args.json:
        sys.stdout.write(as_csv(work, credit, teams).replace("\r\n", "\n"))  # a terminal's lines; what is written to a file on Windows gets its own
        return DONE
    how = Span(args.by)
    lines = done(work, credit, teams, how, datetime.now(UTC).astimezone().date())[-args.last :]
    if args.json:
        print(json.dumps(_document(work, how, lines), indent=2))
    else:
        _print(work, how, lines)
    return DONE


def _document(work: Contribution, how: Span, lines: tuple[Done, ...]) -> dict[str, Any]:
    return {"since": work.since or None, "by": how.value, "lines": [msgspec.to_builtins(line) for line in lines]}


def _print(work: Contribution, how: Span, lines: tuple[Done, ...]) -> None:
    rows = [("", *words.heads()), *((words.when(line, how), *words.cells(line)) for line in lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        print(f"  {first:{widths[0]}}  {'  '.join(f'{text:>{width}}' for text, width in zip(others, widths[1:], strict=True))}")
    print(words.how_counted(work, lines))
