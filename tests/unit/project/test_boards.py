"""The message boards of a project's website, as BOINC serves them, and as servers serve them that are down, changed or hostile."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.file_server import FileServer, Serve, Status
from t4t.domain.project_errors import ReplyUnreadable, RequestRefused
from t4t.project.boards import MOST, Board, boards_of, read_boards, threads_of
from t4t.transfer.http import Http, Timeouts
from unit.project.recorded import response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = 1.8e9
INDEX = b"""<!DOCTYPE html><html><body><a href="forum_help_desk.php">Questions</a>
        <tr>
        <td>
            <a href="forum_forum.php?id=3">Number &amp; crunching</a>
            <br><small>Credit, clients</small>
        </td>
        <td>12</td></tr><tr><td><em>
            <a href="https://x.org/p/forum_forum.php?id=41">Theory
            </a></em></td></tr><tr><td><a href="forum_forum.php?id=3">again</a><a href="forum_forum.php?id=9"> </a>"""
"""As the website's present version writes a board, and as an old one did."""
FEED = response("rss_main.ok").body


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=2, exchange=5))
    yield http
    await http.close()


def test_the_index() -> None:
    assert boards_of(INDEX) == (Board(3, "Number & crunching"), Board(41, "Theory"))
    many = b"".join(b'<a href="forum_forum.php?id=%d">B</a>' % number for number in range(50))
    assert [board.id for board in boards_of(many)] == list(range(MOST))
    assert boards_of(b"Forums are disabled") == ()


@given(st.binary(max_size=300), st.sampled_from([b"<a href=forum_forum.php?id=7", b"<a ", b"forum_forum.php?id=", b">x</a>"]))
def test_any_index(noise: bytes, part: bytes) -> None:
    for board in boards_of(noise + part + noise):
        assert board.name.isprintable()


def test_a_hostile_index_takes_no_longer_than_it_is_long() -> None:
    begun = time.process_time()
    for page in (b"<a " * 300_000, b'<a href="' + b"a/" * 400_000, b"<a href=forum_forum.php?id=1>" * 30_000, b"<a href " + b" " * 900_000):
        assert boards_of(page) == ()
    assert time.process_time() - begun < 20, "quadratic would be hours"


def test_a_feed() -> None:
    first, second = threads_of(FEED, Board(1, "News"), NOW)
    assert (first.title, first.board, first.link) == ("Planned maintenance", "News", "http://127.0.0.1:8123/t4t/forum_thread.php?id=6")
    assert first.text == "The servers will be down on Monday & Tuesday <10:00 UTC>. Zoë"
    assert second.time == 1_795_354_460.0
    assert second.text == "We released a new version of Theory. See the site."
    assert list(threads_of(b" \n", Board(1, "News"), NOW)) == [], "BOINC's is empty where nothing was written"
    assert list(threads_of(b"<rss><channel><item><title>Nowhere</title></item></channel></rss>", Board(1, "News"), NOW)) == [], "without a link"
    with pytest.raises(ReplyUnreadable):
        list(threads_of(b"<html>down</html>", Board(1, "News"), NOW))


async def test_all_boards_are_read_one_after_the_other(http: Http) -> None:
    async with FileServer([Serve(INDEX), Serve(FEED), Status(500)]) as server:
        found = await read_boards(http, f"{server.url}/p/", NOW)
        assert [request.target for request in server.seen] == [
            "/p/forum_index.php",
            "/p/forum_rss.php?forumid=3&ndays=30",
            "/p/forum_rss.php?forumid=41&ndays=30",
        ]
    assert (found.boards, len(found.threads), found.at) == (1, 2, NOW)
    assert {thread.board for thread in found.threads} == {"Number & crunching"}


async def test_what_can_not_be_read(http: Http) -> None:
    async with FileServer([Status(404)]) as server:
        with pytest.raises(RequestRefused):
            await read_boards(http, f"{server.url}/p/", NOW)
    async with FileServer([Serve(INDEX), Serve(b"<html>maintenance</html>")]) as server:
        with pytest.raises(ReplyUnreadable):
            await read_boards(http, f"{server.url}/p/", NOW)
    async with FileServer([Serve(b"<html>Forums are disabled</html>")]) as server:
        found = await read_boards(http, f"{server.url}/p/", NOW)
    assert (found.boards, found.threads) == (0, ())
