"""Exports are fetched on demand, at most weekly, only when they changed, and over a metered link only when that was agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.demo_rig import Clock
from support.file_server import FileServer, Raw, Serve, Status, head
from t4t.domain import project_errors as errors
from t4t.domain.errors import FolderUnwritable
from t4t.host.clock import RealClock
from t4t.project.statistics import LARGEST, WEEK, Fetched, Statistics, conditions, is_fresh
from t4t.transfer.download import Downloads
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.file_server import Answer

UNCHANGED = Raw(b'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nConnection: close\r\n\r\n')


def told(nbytes: int, **headers: str) -> Raw:
    """What HEAD gets."""
    return Raw(head(200, Content_Length=nbytes, **headers))


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=2, exchange=5))
    yield http
    await http.close()


def statistics(http: Http, folder: Path, server: FileServer, now: Clock) -> Statistics:
    downloads = Downloads(http, folder / "stats", rate=Rate(RealClock()), now=now)
    return Statistics(http, downloads, folder / "stats", master_url=f"{server.url}/p/", now=now)


async def test_once_a_week_and_only_what_changed(http: Http, tmp_path: Path) -> None:
    now = Clock()
    answers: list[Answer] = [
        told(3, ETag='"v1"', Last_Modified="Sun"),
        Serve(b"one"),
        UNCHANGED,
        told(4, ETag='"v2"'),
        Serve(b"four", etag='"v2"'),
        Status(500),
    ]
    async with FileServer(answers) as server:
        ours = statistics(http, tmp_path, server, now)
        first = await ours.get("user.gz", metered=False)
        assert ours.path(first).read_bytes() == b"one"
        now.now += WEEK - 1
        assert await ours.get("user.gz", metered=True) == first
        assert len(server.seen) == 2
        now.now += 2
        assert await ours.get("user.gz", metered=True) == msgspec.structs.replace(first, checked=now.now)
        assert (server.seen[2].method, server.seen[2].headers["if-none-match"], server.seen[2].headers["if-modified-since"]) == ("HEAD", '"v1"', "Sun")
        assert (await ours.get("user.gz", metered=False)).file == first.file
        now.now += WEEK
        (tmp_path / "stats" / ".0123-user.gz.part").write_bytes(b"broken off")
        (tmp_path / "stats" / "0123-team.gz").write_bytes(b"another export")
        second = await ours.get("user.gz", metered=False)
        assert ours.path(second).read_bytes() == b"four"
        assert sorted(path.name for path in (tmp_path / "stats").iterdir()) == sorted(["0123-team.gz", second.file, "user.gz.json"])
        now.now += WEEK
        with pytest.raises(errors.ServerFailed):
            await ours.get("user.gz", metered=False)
        assert ours.path(second).exists()
        ours.forget("user.gz")
        ours.forget("user.gz")
        assert ours.known("user.gz") is None


async def test_a_metered_link_is_asked_about(http: Http, tmp_path: Path) -> None:
    async with FileServer([told(5_000_000, ETag='"v"'), told(3, ETag='"v"'), Serve(b"one", etag='"v"')]) as server:
        ours = statistics(http, tmp_path, server, Clock())
        with pytest.raises(errors.MeteredLink) as asked:
            await ours.get("user.gz", metered=True)
        assert asked.value.mib == 5
        assert [request.method for request in server.seen] == ["HEAD"]
        assert ours.path(await ours.get("user.gz", metered=True, agreed=True)).read_bytes() == b"one"


async def test_what_is_not_fetched(http: Http, tmp_path: Path) -> None:
    async with FileServer([told(LARGEST + 1), UNCHANGED, Status(404)]) as server:
        ours = statistics(http, tmp_path, server, Clock())
        with pytest.raises(errors.ReplyTooLarge):
            await ours.get("user.gz", metered=False)
        for _ in range(2):
            with pytest.raises(errors.RequestRefused):
                await ours.get("user.gz", metered=False)
        with pytest.raises(errors.FileNameRefused):
            await ours.get("../user.gz", metered=False)


@pytest.mark.parametrize("note", [b"nonsense", b'{"file":"../x-user.gz","nbytes":1,"checked":1}', b'{"file":"gone-user.gz","nbytes":1,"checked":1}'])
async def test_a_note_that_is_wrong_is_forgotten(http: Http, tmp_path: Path, note: bytes) -> None:
    (tmp_path / "stats").mkdir()
    (tmp_path / "x-user.gz").touch()
    (tmp_path / "stats" / "user.gz.json").write_bytes(note)
    async with FileServer([told(3), Serve(b"one")]) as server:
        ours = statistics(http, tmp_path, server, Clock(2.0))
        assert ours.path(await ours.get("user.gz", metered=False)).read_bytes() == b"one"


async def test_a_note_that_can_not_be_written(http: Http, tmp_path: Path) -> None:
    (tmp_path / "stats" / "user.gz.json").mkdir(parents=True)
    async with FileServer([told(3), Serve(b"one")]) as server:
        with pytest.raises(FolderUnwritable):
            await statistics(http, tmp_path, server, Clock()).get("user.gz", metered=False)


async def test_the_same_content_is_as_old_as_it_was_at_first(http: Http, tmp_path: Path) -> None:
    """A server without conditions: the same mark again is the same export."""
    now = Clock()
    async with FileServer([told(3), Serve(b"one"), told(3)]) as server:
        ours = statistics(http, tmp_path, server, now)
        first = await ours.get("user.gz", metered=False)
        now.now += WEEK
        again = await ours.get("user.gz", metered=False)
        assert (again.file, again.at, again.checked) == (first.file, first.at, now.now)
        assert first.at == now.now - WEEK


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Sun, 22 Nov 2026 14:07:40 GMT", 1795356460.0),
        ("Sun, 22 Nov 2036 14:07:40 GMT", 1.8e9),
        ("Wed, 01 Jan 1969 00:00:00 GMT", 1.8e9),
        ("", 1.8e9),
        ("yesterday", 1.8e9),
    ],
)
def test_of_which_moment_it_is(said: str, at: float) -> None:
    assert Fetched(file="f", nbytes=1, checked=1.9e9, found=1.8e9, last_modified=said).at == at


@given(st.text(max_size=40) | st.lists(st.sampled_from(["22", "Nov", "99999", "-0000", "+9999999999", "14:07:40", "GMT", ":", "²"]), max_size=8).map(" ".join))
def test_any_date_is_none_to_come(said: str) -> None:
    assert 0 < Fetched(file="f", nbytes=1, checked=2.0, found=1.8e9, last_modified=said).at <= 1.8e9


def test_decisions() -> None:
    here = Fetched(file="f", nbytes=1, checked=1000.0, etag='"e"')
    assert is_fresh(here, 1000.0 + WEEK - 1)
    assert not is_fresh(here, 1000.0 + WEEK)
    assert not is_fresh(here, 999.0)
    assert not is_fresh(None, 0.0)
    assert conditions(here) == {"If-None-Match": '"e"'}
    assert conditions(None) == {}
