"""The demo project's message board, where nobody can write: an index for people, a feed for programs, a page for each thread, as BOINC's websites have them."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

from aiohttp import web

from t4t.demo.project.settings import PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.demo.project.book import Account, Ledger

BOARD: Final = "Questions and answers"
_BOARD_ID: Final = 1
_DAY_S: Final = 86400.0
_USUAL_DAYS: Final = 30
_DIGITS: Final = 6
_MOST: Final = 100


class Written(NamedTuple):
    """A thread with one post: how old it is when the project begins, in seconds; ``html`` is ours."""

    title: str
    age: float
    html: str


THREADS: Final = (
    Written(
        "Are these collisions real?",
        3 * _DAY_S,
        "They are <b>simulated</b>, by Pythia 8 in your virtual machine, event by event &amp; for real. Some events of each result are computed a second time "
        "here, and must be the same to the last bit.",
    ),
    Written(
        "Where can I talk with other volunteers?",
        _DAY_S,
        "This project is on your computer alone. The volunteers of LHC@home meet on its "
        '<a href="https://lhcathome.cern.ch/lhcathome/forum_index.php" rel="nofollow">message boards</a>.',
    ),
)


class Forum:
    """Its pages."""

    def __init__(self, ledger: Ledger, name: Callable[[], str], now: Callable[[], float]) -> None:
        """``name`` is the project's, ``now`` Unix time."""
        self._ledger = ledger
        self._name = name
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """All of them."""
        pages = {"forum_index": self._index, "forum_forum": self._board, "forum_thread": self._thread, "forum_rss": self._feed, "top_users": self._top}
        return [web.get(f"{PATH}{name}.php", page) for name, page in pages.items()]

    async def _index(self, _request: web.Request) -> web.Response:
        row = f'<td>\n<a href="forum_forum.php?id={_BOARD_ID}">{BOARD}</a>\n<br><small>What others wanted to know</small></td><td>{len(THREADS)}</td>'
        return _page("Message boards", f"<table>\n<tr><th>Forum</th><th>Threads</th></tr>\n<tr>{row}</tr>\n</table>")

    async def _board(self, request: web.Request) -> web.Response:
        if request.query.get("id") != str(_BOARD_ID):
            return _page("Unable to handle request", "<p>No such board.</p>")
        rows = "".join(f'<li><a href="forum_thread.php?id={number}">{escape(one.title)}</a></li>\n' for number, one in enumerate(THREADS, 1))
        return _page(BOARD, f"<ul>\n{rows}</ul>")

    async def _thread(self, request: web.Request) -> web.Response:
        found = next((one for number, one in enumerate(THREADS, 1) if request.query.get("id") == str(number)), None)
        return _page("Unable to handle request", "<p>No such thread.</p>") if found is None else _page(found.title, f"<p>{found.html}</p>")

    async def _feed(self, request: web.Request) -> web.Response:
        if request.query.get("forumid") != str(_BOARD_ID):
            return _page("Unable to handle request", "<p>no such forum</p>")
        days = request.query.get("ndays", "")
        wanted = int(days) if days.isdecimal() and len(days) <= _DIGITS else 0
        oldest = self._now() - (wanted or _USUAL_DAYS) * _DAY_S
        begun = min((team.created for team in self._ledger.book.teams.values()), default=self._now())
        base = f"http://{request.host}{PATH}"
        lines = ['<?xml version="1.0" encoding="ISO-8859-1" ?>', '<rss version="2.0">', "<channel>"]
        lines += [f"<title>{escape(self._name())}: {BOARD}</title>", f"<link>{base}</link>"]
        for number, one in reversed(list(enumerate(THREADS, 1))):
            if begun - one.age > oldest:
                url = f"{base}forum_thread.php?id={number}"
                lines += ["<item>", f"<title><![CDATA[{one.title}]]></title>", f"<link>{url}</link>", f'<guid isPermaLink="true">{url}</guid>']
                lines += [f"<description><![CDATA[\n{one.html}\n]]></description>", f"<pubDate>{formatdate(begun - one.age, usegmt=True)}</pubDate>", "</item>"]
        return web.Response(text="\n".join([*lines, "</channel>", "</rss>", ""]), content_type="application/xml")

    async def _top(self, _request: web.Request) -> web.Response:
        users: list[Account] = sorted(self._ledger.book.accounts.values(), key=lambda one: -one.credit.total)[:_MOST]
        rows = "".join(f"<tr><td>{escape(one.name)}</td><td>{one.credit.total:,.0f}</td></tr>\n" for one in users)
        return _page("Top participants", f"<table>\n<tr><th>Name</th><th>Total credit</th></tr>\n{rows}</table>")


def _page(title: str, body: str) -> web.Response:
    head = f'<head><meta charset="utf-8"><title>{escape(title)}</title></head>'
    text = f'<!DOCTYPE html>\n<html lang="en">{head}<body><h1>{escape(title)}</h1>\n{body}\n</body></html>\n'
    return web.Response(text=text, content_type="text/html")
