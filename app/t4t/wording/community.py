"""The words on all volunteers of a project, and on this one's place among them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Final

from t4t.wording.contribution import Chart
from t4t.wording.screen import moment, plain
from t4t.wording.window import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.community import Community, Country
    from t4t.wording.screen import Reader

_LONGEST: Final = 60
_FARTHEST: Final = 1e11
"""Seconds since 1970: no calendar of ours goes so far."""


def asking(project: str) -> str:
    """What is done now, and may take a while."""
    return gettext("{project} is asked for its statistics…").format(project=plain(project, _LONGEST))


def as_of(community: Community, reader: Reader) -> str:
    """Who is meant, and when that was."""
    known = bool(moment(community.at, reader))
    day = datetime.fromtimestamp(community.at, UTC).astimezone().date().isoformat() if known else "–"
    return gettext("All volunteers, as the project’s statistics of {day} have them").format(day=day)


def counts(community: Community) -> str:
    """How many there are."""
    shape = ngettext(
        "{users} volunteer, {credit} with credit, {active} active (more than one credit a day)",
        "{users} volunteers, {credit} with credit, {active} active (more than one credit a day)",
        community.users,
    )
    return shape.format(users=f"{community.users:,}", credit=f"{community.with_credit:,}", active=f"{community.active:,}")


def places(community: Community) -> str:
    """Where this volunteer stands."""
    standing = community.standing
    if standing is None:
        return gettext("You are not among them: a project publishes who has credit, and nobody who does not want that.")
    shape = gettext("You are number {by_recent} by credit a day, and number {by_total} by credit in all")
    return shape.format(by_recent=f"{standing.by_recent:,}", by_total=f"{standing.by_total:,}")


def joined(community: Community) -> str:
    """How many came of late."""
    shape = gettext("Joined in the last 7 days: {week}; 30 days: {month}; {days} days: {all}")
    week, month, everybody = (f"{sum(community.new[-days:]):,}" for days in (7, 30, len(community.new)))
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


# --- the window's page -----------------------------------------------------------------------------------------------

_WORDS: Final = {
    "below": "All volunteers of the project together, as it publishes them. Who does not want to be in its statistics is not counted here.",
    "volunteers": "volunteers",
    "with_credit": "with credit",
    "active": "with more than one credit a day",
    "fetch": "Ask the project now",
    "fetch_newer": "Ask for newer statistics",
    "agree": "Fetch it all the same",
    "about_fetch": "The statistics are one file, for a large project about 50 MB, which is fetched at most once a week and only when you ask.",
    "nothing": "Not asked yet",
    "map": "Where volunteers are",
    "map_hint": "Point at a country to read its number; the table has them all.",
    "table": "Show as table",
    "hide_table": "Hide the table",
    "here": "Mark where I am",
    "here_text": "Only on this screen, until this window is closed: it is kept nowhere and told to nobody.",
    "which_here": "Where I am",
    "joined": "New volunteers each day",
    "day": "Day",
    "boards": "Talk to them",
    "boards_text": "The message boards are on the project’s website and open in your browser. You can read them without an account.",
    "forum": "Message boards",
    "top": "Lists of volunteers",
    "status": "How the project’s servers are",
    "which": "Which project",
    "not_read": "The map could not be read; the table has all countries.",
}
BOARDS: Final = {"forum": "forum_index.php", "top": "top_users.php", "status": "server_status.php"}
"""Pages that each project's website has (BOINC's html/user), by word."""


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def people(users: int) -> str:
    """A number of volunteers."""
    return ngettext("{n} volunteer", "{n} volunteers", users).format(n=number(users) if users else "0")


def at_country(name: str, users: int) -> str:
    """A country and its volunteers."""
    return gettext("{country}: {people}").format(country=plain(name, _LONGEST), people=people(users))


def spoken_map(found: Mapping[str, int], nowhere: int) -> str:
    """The map for who listens."""
    first = sorted(found, key=lambda name: (-found[name], name))[:3]
    most = ", ".join(at_country(name, found[name]) for name in first)
    shape = ngettext("Map of the world: volunteers in {n} country.", "Map of the world: volunteers in {n} countries.", len(found))
    return " ".join(part for part in (shape.format(n=len(found)), f"{most}." if most else "", off_map(nowhere)) if part)


def off_map(nowhere: int) -> str:
    """Those that are on no map; empty if there are none."""
    return gettext("Not on the map, for they named no country that it has: {people}.").format(people=people(nowhere)) if nowhere else ""


def joined_chart(community: Community) -> Chart:
    """New volunteers of each day."""
    last = datetime.fromtimestamp(community.at, UTC).date() if abs(community.at) < _FARTHEST else date(1970, 4, 1)
    days = [last - timedelta(days=back) for back in range(len(community.new) - 1, -1, -1)]
    return Chart(
        title=word("joined"),
        about=joined(community),
        unit=word("volunteers"),
        head=word("day"),
        short=tuple(f"{day:%m-%d}" for day in days),
        names=tuple(day.isoformat() for day in days),
        values=tuple(map(float, community.new)),
        texts=tuple(map(people, community.new)),
        empty=gettext("Nobody joined in these days."),
    )


def rows(community: Community) -> list[tuple[str, str, str, str]]:
    """The table of all countries."""
    return [(country(one), f"{one.users:,}", f"{one.total:,.0f}", f"{one.recent:,.1f}") for one in community.countries]
