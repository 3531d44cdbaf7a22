"""The words on all volunteers of a project, and on this one's place among them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from t4t.wording.contribution import Chart
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import day, day_of_year, decimal
from t4t.wording.screen import moment, plain
from t4t.wording.window import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.boards import Boards, Thread
    from t4t.domain.community import Community, Country
    from t4t.wording.screen import Reader

_LONGEST: Final = 60
_LONGEST_TITLE: Final = 200
_LONGEST_TEXT: Final = 300
_LONG_WORD: Final = re.compile(r"\S{24}(?=\S)")
_FARTHEST: Final = 1e11
"""Seconds since 1970: no calendar of ours goes so far."""


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


def computers(community: Community) -> str:
    """How many computers; empty where the project does not tell."""
    return ngettext("{n} computer with credit", "{n} computers with credit", community.hosts).format(n=decimal(community.hosts)) if community.hosts else ""


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


# --- the window's page -----------------------------------------------------------------------------------------------

_WORDS: Final[dict[str, Marked]] = {
    "below": "All volunteers of the project together, as it publishes them. Who does not want to be in its statistics is not counted here.",
    "volunteers": "volunteers",
    "with_credit": "with credit",
    "active": "with more than one credit a day",
    "hosts": "computers with credit",
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
    "boards_fetch": "Show what is new there",
    "boards_newer": "Look again",
    "boards_asking": "The message boards are read…",
    "boards_none": "This project has no message boards.",
    "boards_quiet": "Nobody has written in the last 30 days.",
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
        short=tuple(map(day_of_year, days)),
        names=tuple(map(day, days)),
        values=tuple(map(float, community.new)),
        texts=tuple(map(people, community.new)),
        empty=gettext("Nobody joined in these days."),
    )


def rows(community: Community) -> list[tuple[str, str, str, str]]:
    """The table of all countries."""
    return [(country(one), decimal(one.users), decimal(one.total), decimal(one.recent, 1)) for one in community.countries]


# --- message boards --------------------------------------------------------------------------------------------------


def boards_as_of(boards: Boards, reader: Reader) -> str:
    """Of when they are, or that there is nothing."""
    if not boards.boards:
        return word("boards_none")
    if not boards.threads:
        return word("boards_quiet")
    return gettext("Newest first, as of {time}").format(time=moment(boards.at, reader) or "–")


def thread_title(thread: Thread) -> str:
    """What it is called."""
    return _breakable(plain(thread.title, _LONGEST_TITLE)) or gettext("(without a title)")


def thread_place(thread: Thread, reader: Reader) -> str:
    """On which board, and when somebody last wrote."""
    return " · ".join(part for part in (plain(thread.board, _LONGEST), moment(thread.time, reader)) if part)


def thread_text(thread: Thread) -> str:
    """How the newest post begins; its writer's, and so plain and short."""
    return _breakable(plain(thread.text, _LONGEST_TEXT))


def _breakable(text: str) -> str:
    """Lines may end within what has no blank for long: an address would make a page wider than the window."""
    return _LONG_WORD.sub("\\g<0>\N{ZERO WIDTH SPACE}", text)


def spoken_thread(thread: Thread, reader: Reader) -> str:
    """For who listens."""
    return f"{thread_title(thread)}. {thread_place(thread, reader)}"
