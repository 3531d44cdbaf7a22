"""The words on all volunteers of a project, and on this one's place among them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from t4t.wording.language import gettext, ngettext
from t4t.wording.numbers import day, decimal
from t4t.wording.screen import moment, plain

if TYPE_CHECKING:
    from t4t.domain.community import Community, Country
    from t4t.wording.screen import Reader

_LONGEST: Final = 60


def asking(project: str) -> str:
    """What is done now, and may take a while."""
    return gettext("{project} is asked for its statistics…").format(project=plain(project, _LONGEST))


def as_of(community: Community, reader: Reader) -> str:
    """Who is meant, and when that was."""
    known = bool(moment(community.at, reader))
    when = day(datetime.fromtimestamp(community.at, UTC).astimezone().date()) if known else "–"
    return gettext("All volunteers, as the project’s statistics of {day} have them").format(day=when)


def counts(community: Community) -> str:
    """How many there are."""
    shape = ngettext(
        "{users} volunteer, {credit} with credit, {active} active (more than one credit a day)",
        "{users} volunteers, {credit} with credit, {active} active (more than one credit a day)",
        community.users,
    )
    return shape.format(users=decimal(community.users), credit=decimal(community.with_credit), active=decimal(community.active))


def places(community: Community) -> str:
    """Where this volunteer stands."""
    standing = community.standing
    if standing is None:
        return gettext("You are not among them: a project publishes who has credit, and nobody who does not want that.")
    shape = gettext("You are number {by_recent} by credit a day, and number {by_total} by credit in all")
    return shape.format(by_recent=decimal(standing.by_recent), by_total=decimal(standing.by_total))


def joined(community: Community) -> str:
    """How many came of late."""
    shape = gettext("Joined in the last 7 days: {week}; 30 days: {month}; {days} days: {all}")
    week, month, everybody = (decimal(sum(community.new[-days:])) for days in (7, 30, len(community.new)))
    return shape.format(week=week, month=month, days=len(community.new), all=everybody)


def country(one: Country) -> str:
    """A country's name."""
    return plain(one.name, _LONGEST) or gettext("(not told)")


def heads() -> tuple[str, str, str, str]:
    """What stands over the columns of the table of countries."""
    return gettext("country"), gettext("volunteers"), gettext("credit"), gettext("a day")


def others(number: int) -> str:
    """The rest of the table."""
    return ngettext("and {number} more country", "and {number} more countries", number).format(number=number)
