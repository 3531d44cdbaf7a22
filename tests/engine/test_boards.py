"""Message boards, the team's credit, how many computers: as the agent asks for them and keeps them, by real HTTP and the real API, on a clock that is set."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from engine.test_community import AT, Rig, agent
from support.demo_rig import demo_rig, key_of
from t4t.boinc.daily import Daily
from t4t.bootstrap.attach import ProjectVerbs
from t4t.demo.project.forum import BOARD, THREADS
from t4t.domain.boards import AGAIN_S, BoardsView
from t4t.domain.project_errors import NotAttached, ReplyUnreadable, RequestRefused
from t4t.domain.project_view import Keep
from t4t.domain.signup import ProjectOffer
from t4t.project.statistics import WEEK

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.boinc.book import Book

INDEX = b'<html><a href="forum_forum.php?id=3">Theory</a></html>'
FEED = "forum_rss.php?forumid=3&ndays=30"
DAY = 86_400.0


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def item(title: str, number: int) -> bytes:
    return f"<item><title>{title}</title><link>https://x.org/t?id={number}</link><description>Hello</description></item>".encode()


def ask(rig: Rig, *, fetch: bool = True) -> asyncio.Task[BoardsView]:
    """Through the API, as verb and window do."""
    return asyncio.create_task(asyncio.to_thread(lambda: rig.verbs.boards("", fetch=fetch)))


# --- message boards --------------------------------------------------------------------------------------------------


async def test_read_when_somebody_wishes_and_kept(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        assert await ask(rig, fetch=False) == BoardsView()
        assert rig.server.seen == []
        rig.export.pages |= {"forum_index.php": INDEX, FEED: b"<rss><channel>" + item("One", 1) + b"</channel></rss>"}
        first = await ask(rig)
        assert first.fresh
        assert first.boards is not None
        assert (first.boards.at, first.boards.boards, [thread.title for thread in first.boards.threads]) == (AT, 1, ["One"])
        assert await ask(rig) == await ask(rig, fetch=False) == first
        assert len(rig.server.seen) == 2, "nobody is asked twice within some minutes"
        rig.clock.now += AGAIN_S
        assert await ask(rig, fetch=False) == msgspec.structs.replace(first, fresh=False)
        rig.export.pages[FEED] = b"<rss><channel>" + item("Two", 2) + item("One", 1) + b"</channel></rss>"
        later = (await ask(rig)).boards
        assert later is not None
        assert {thread.title for thread in later.threads} == {"One", "Two"}


async def test_out_of_reach_the_last_ones_are_shown(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        with pytest.raises(RequestRefused):
            await ask(rig)
        rig.export.pages |= {"forum_index.php": INDEX, FEED: b""}
        quiet = (await ask(rig)).boards
        assert quiet is not None
        assert (quiet.boards, quiet.threads) == (1, ())
        rig.clock.now += AGAIN_S
        rig.export.pages[FEED] = b"<html>maintenance</html>"
        later = await ask(rig)
        assert (later.boards, later.fresh, later.trouble is not None and later.trouble.code) == (quiet, False, ReplyUnreadable.code)


async def test_what_is_kept_can_not_be_read_and_the_project_is_left(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.export.pages |= {"forum_index.php": INDEX, FEED: b""}
        await ask(rig)
        (kept,) = rig.data.rglob("boards.json")
        kept.write_bytes(b"{")
        assert await ask(rig, fetch=False) == BoardsView()
        assert (await ask(rig)).fresh
        await rig.projects.detach("")
        assert rig.kept == []
        with pytest.raises(NotAttached):
            await ask(rig)


async def test_a_project_that_is_left_while_its_boards_are_read(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.export.pages["forum_index.php"], rig.export.hold = INDEX, asyncio.Event()
        asked = ask(rig)
        await rig.export.served.wait()
        await rig.projects.detach("")
        with pytest.raises(NotAttached):
            await asked
        assert rig.kept == []


# --- computers -----------------------------------------------------------------------------------------------------


async def test_the_number_of_computers_is_what_the_project_says(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.export.pages["stats/tables.xml"] = (
            b"<?xml version='1.0'?>\n<tables>\n    <update_time>1</update_time>\n    <nhosts_total>4321</nhosts_total>\n</tables>\n"
        )
        first = (await rig.ask()).community
        assert first is not None
        assert (first.users, first.hosts) == (3, 4321)
        assert (await rig.ask(fetch=False)).community == first
        rig.clock.now += WEEK
        rig.export.pages.clear()
        later = (await rig.ask()).community
        assert later is not None
        assert later.hosts == 0, "what is not told is not made up, nor taken from last week"


# --- the team --------------------------------------------------------------------------------------------------------


def _daily(rig: Rig) -> tuple[Daily, Book, str]:
    book = rig.projects._book
    (name,) = book.projects
    return Daily(name, rig.projects._around), book, name


def _team(*teams: tuple[str, float]) -> bytes:
    recent = f"<expavg_credit>8</expavg_credit><expavg_time>{AT - 7 * DAY}</expavg_time>"
    listed = "".join(f"<team><id>1</id><name>{name}</name><total_credit>{total}</total_credit>{recent}</team>" for name, total in teams)
    return f"<teams>{listed}</teams>".encode()


async def test_the_team_is_asked_for_once_a_day(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        daily, book, name = _daily(rig)
        await daily.look(book.projects[name])
        assert rig.server.seen == [], "in no team"
        book.put_project(replace(book.projects[name], team_name="Class 10b"))
        page = "team_lookup.php?team_name=Class+10b&format=xml"
        await daily.look(book.projects[name])
        await daily.look(book.projects[name])
        assert [request.target for request in rig.server.seen] == [f"/p/{page}"], "what can't be had now is asked for later"
        rig.clock.now += 3600
        rig.export.pages[page] = _team(("Class 10b too", 5.0), ("Class 10b", 100.0))
        await daily.look(book.projects[name])
        (shown,) = rig.projects.views()
        assert shown.team_total == 100.0
        assert shown.team_recent == pytest.approx(4.0, rel=0.01), "decayed by half in a week"
        for _ in range(2):
            rig.clock.now += DAY
            rig.export.pages[page] = _team(("Class 10b", 100.0 + rig.clock.now - AT))
            await daily.look(book.projects[name])
            await daily.look(book.projects[name])
        assert len(rig.server.seen) == 4
        (told,) = rig.projects.details()
        assert [one.day - told.team[0].day for one in told.team] == [0, 1, 2]
        assert [one.total for one in told.team] == [100.0, 100.0 + 3600 + DAY, 100.0 + 3600 + 2 * DAY]
        book.put_project(replace(book.projects[name], team_name="Other"))
        (shown,) = rig.projects.views()
        assert (shown.team, shown.team_total) == ("Other", 0.0), "another team's credit is not this one's"
        daily.at_once()
        rig.export.pages["team_lookup.php?team_name=Other&format=xml"] = _team()
        await daily.look(book.projects[name])
        assert len(rig.server.seen) == 5, "another team is asked for at once"
        assert len(book.team_credit[name]) == 3, "one that the project does not know has no credit"
        await rig.projects.detach("")
        assert book.team_credit == {}


async def test_the_demo_project_has_a_board_and_a_team(tmp_path: Path) -> None:
    """Without an agent, as the verb does it; each link of a feed leads to a page."""
    verbs = ProjectVerbs(tmp_path / "data")
    async with demo_rig(tmp_path) as rig:
        config = await rig.volunteer.attach(rig.project.address)
        await asyncio.to_thread(verbs.attach, ProjectOffer(config=config), key_of(rig.volunteer), Keep.FILE, "words")
        found = (await asyncio.to_thread(lambda: verbs.boards("", fetch=True))).boards
        assert found is not None
        assert {thread.title for thread in found.threads} == {one.title for one in THREADS}
        assert {thread.board for thread in found.threads} == {BOARD}
        assert any(thread.text.startswith("This project is on your computer alone.") for thread in found.threads)
        for page in (*(thread.link for thread in found.threads), *(f"{config.master_url}{page}.php" for page in ("forum_forum", "top_users", "forum_rss"))):
            body = (await rig.volunteer.http.get(page)).body.decode()
            assert body.startswith("<!DOCTYPE html>")
        board = (await rig.volunteer.http.get(f"{config.master_url}forum_forum.php?id=1")).body.decode()
        assert all(one.title in board for one in THREADS)
        none = (await rig.volunteer.http.get(f"{config.master_url}forum_rss.php?forumid=1&ndays=1")).body
        assert b"<item>" not in none


async def test_notices_that_can_not_be_had_are_asked_for_later(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        daily, book, name = _daily(rig)
        book.put_project(replace(book.projects[name], rss_urls=(f"{book.projects[name].master_url}feed",)))
        await daily.look(book.projects[name])
        await daily.look(book.projects[name])
        assert len(rig.server.seen) == 1
        assert book.kept(name).news == ()
        rig.export.pages["feed"] = b"<rss><channel>" + item("News", 1) + b"</channel></rss>"
        daily.at_once()
        await daily.look(book.projects[name])
        await daily.look(book.projects[name])
        assert [notice.title for notice in book.kept(name).news] == ["News"]
        assert len(rig.server.seen) == 2
        rig.clock.now += DAY
        await daily.look(book.projects[name])
        assert len(rig.server.seen) == 3
