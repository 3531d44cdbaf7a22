"""All volunteers of a project, as the agent fetches, counts and keeps them: real HTTP, the real API, a clock that the test sets."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gzip
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from support.command_line import t4t
from support.demo_rig import NOTHING, begun, demo_rig, key_of
from support.file_server import FileServer, Raw, Serve, Status, head
from support.scripted_engine import ScriptedEngine, a_view
from support.small_project import KEY
from t4t.api.endpoint import endpoint
from t4t.boinc import community
from t4t.boinc.community import STATISTICS
from t4t.boinc.keys import Keys
from t4t.bootstrap.attach import ProjectVerbs
from t4t.bootstrap.net import http_of
from t4t.bootstrap.projects import projects_of
from t4t.domain.community import CommunityView
from t4t.domain.errors import FolderUnwritable
from t4t.domain.project import ProjectConfig
from t4t.domain.project_errors import ArchiveRefused, MeteredLink, NotAttached, RequestRefused
from t4t.domain.project_view import Keep
from t4t.domain.signup import ProjectOffer
from t4t.engine.server import ApiServer
from t4t.host.clock import RealClock
from t4t.host.probe.network import RealConnection
from t4t.project.statistics import WEEK
from t4t.storage.secrets import MemoryVault
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.file_server import Request
    from t4t.boinc.projects import Projects

AT = 1.8e9


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


class SetClock(RealClock):
    """The wall's time is the test's."""

    now = AT

    def wall(self) -> float:
        return self.now


def users(*totals: float) -> bytes:
    """``user.gz`` of volunteers 1, 2, … with so much credit."""
    records = (
        f"<user>\n <id>{number}</id>\n <create_time>{AT - 3600:.0f}</create_time>\n <total_credit>{total:f}</total_credit>\n"
        f" <expavg_credit>{total:f}</expavg_credit>\n <expavg_time>{AT:f}</expavg_time>\n <country>Italy</country>\n</user>\n"
        for number, total in enumerate(totals, 1)
    )
    return gzip.compress(f"<users>\n{''.join(records)}</users>\n".encode(), mtime=0)


@dataclass
class Export:
    """A project that publishes ``data``, or is out of order."""

    data: bytes
    status: int = 200
    served: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None
    """The body comes only when this is set."""
    pages: dict[str, bytes] = field(default_factory=dict)
    """The project's other pages."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        etag = f'"{hash(self.data):x}"'
        page = request.target.removeprefix("/p/")
        if page in self.pages:
            self.served.set()
            if self.hold is not None:
                await self.hold.wait()
            await Serve(self.pages[page])(request, out)
        elif page != "stats/user.gz":
            await Status(404)(request, out)
        elif self.status != 200:
            await Status(self.status)(request, out)
        elif request.method == "HEAD":
            await Raw(head(200, Content_Length=len(self.data), ETag=etag))(request, out)
        else:
            self.served.set()
            if self.hold is not None:
                await self.hold.wait()
            await Serve(self.data, etag=etag)(request, out)


@dataclass
class Rig:
    """The projects of an agent, its verbs, and the one project's server."""

    projects: Projects
    verbs: ProjectVerbs
    export: Export
    server: FileServer
    clock: SetClock
    data: Path

    def ask(self, *, fetch: bool = True, agreed: bool = False) -> asyncio.Task[CommunityView]:
        """Through the API, as verb and window do."""
        return asyncio.create_task(asyncio.to_thread(lambda: self.verbs.community("", fetch=fetch, agreed=agreed)))

    @property
    def requests(self) -> list[str]:
        """Those for the export."""
        return [request.method for request in self.server.seen if request.target.endswith("/user.gz")]

    @property
    def kept(self) -> list[str]:
        return sorted(path.name for path in (self.data / STATISTICS).rglob("*") if path.is_file())


@contextlib.asynccontextmanager
async def agent(folder: Path, *, userid: int = 2) -> AsyncIterator[Rig]:
    """An agent's projects behind its API, attached to one whose contact told the volunteer's number."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    clock, vault = SetClock(), MemoryVault()
    state, connections = State(data, now=clock.wall), http_of(data)
    projects = projects_of(data, state, connections, clock=clock, keys=Keys(data, str, keyring=lambda _folder: vault))
    server = ApiServer(ScriptedEngine(a_view()), data, projects=projects)
    export = Export(users(5.0, 10.0, 20.0))
    try:
        async with FileServer([export]) as files:
            await projects.attach(ProjectConfig(name="Small", master_url=f"{files.url}/p/"), KEY, Keep.RUN)
            contacted = replace(next(iter(projects._book.projects.values())), userid=userid)
            projects._book.put_project(contacted)
            await server.start()
            yield Rig(projects, ProjectVerbs(data), export, files, clock, data)
    finally:
        await server.close()
        await connections.close()
        state.close()


async def test_fetched_once_a_week_and_kept(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        assert await rig.ask(fetch=False) == CommunityView()
        assert rig.requests == []
        first = await rig.ask()
        assert first.fresh
        assert first.community is not None
        assert (first.community.users, first.community.at, first.community.new[-1]) == (3, AT, 3)
        assert first.community.standing is not None
        assert (first.community.standing.by_total, first.community.standing.total) == (2, 10.0)
        assert rig.requests == ["HEAD", "GET"]
        assert await rig.ask() == await rig.ask(fetch=False) == first
        assert rig.requests == ["HEAD", "GET"]

        rig.clock.now += WEEK
        assert await rig.ask(fetch=False) == msgspec.structs.replace(first, fresh=False)
        unchanged = await rig.ask()
        assert unchanged == first
        assert rig.requests == ["HEAD", "GET", "HEAD"]

        rig.clock.now += WEEK
        rig.export.data = users(5.0, 30.0, 20.0, 1.0)
        newer = (await rig.ask()).community
        assert newer is not None
        assert newer.standing is not None
        assert (newer.users, newer.at, newer.standing.by_total) == (4, rig.clock.now, 1)
        assert len(rig.kept) == 3


async def test_out_of_reach_the_last_one_is_shown_with_its_date(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.export.status = 404
        with pytest.raises(RequestRefused):
            await rig.ask()
        rig.export.status = 200
        first = await rig.ask()
        rig.clock.now += WEEK
        rig.export.status = 404
        later = await rig.ask()
        assert later.community == first.community
        assert first.community is not None
        assert (first.community.at, later.fresh) == (AT, False)
        assert later.trouble is not None
        assert later.trouble.code == RequestRefused.code


async def test_a_network_that_costs_is_asked_about(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.projects.give(tasks=1, cores=1, preferences={}, time=0.0, on_metered=False)
        rig.projects.network_costs(metered=True)
        with pytest.raises(MeteredLink):
            await rig.ask()
        assert rig.requests == ["HEAD"]
        first = await rig.ask(agreed=True)
        assert first.community is not None
        rig.clock.now += WEEK
        assert (await rig.ask()).fresh, "that nothing is newer costs next to nothing"
        rig.clock.now += WEEK
        rig.export.data = users(1.0)
        asked = await rig.ask()
        assert (asked.community, asked.trouble is not None and asked.trouble.code) == (first.community, MeteredLink.code)
        rig.projects.give(tasks=1, cores=1, preferences={}, time=0.0, on_metered=True)  # the setting agrees once and for all
        assert (await rig.ask()).trouble is None


async def test_a_network_that_begins_to_cost_breaks_it_off(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.projects.give(tasks=1, cores=1, preferences={}, time=0.0, on_metered=False)
        rig.export.hold = asyncio.Event()
        asked = rig.ask()
        await rig.export.served.wait()
        rig.projects.network_costs(metered=True)
        with pytest.raises(MeteredLink):
            await asked
        assert rig.requests == ["HEAD", "GET", "HEAD"]


async def test_two_who_ask_at_once_fetch_once(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        rig.export.hold = asyncio.Event()
        one, other = rig.ask(), rig.ask()
        await rig.export.served.wait()
        rig.export.hold.set()
        assert await one == await other
        assert rig.requests == ["HEAD", "GET"]


async def test_who_waits_is_answered_other_things_meanwhile(tmp_path: Path) -> None:
    """One connection, as the window has: a pause does not wait for megabytes. Who hangs up wants them no more."""
    async with agent(tmp_path) as rig:
        rig.export.hold = asyncio.Event()
        reader, writer = await asyncio.open_unix_connection(endpoint(rig.data))
        for line in (b'{"jsonrpc":"2.0","id":1,"method":"community","params":{"fetch":true}}', b'{"jsonrpc":"2.0","id":2,"method":"status"}', b"[]"):
            writer.write(line + b"\n")
        assert [msgspec.json.decode(await reader.readline())["id"] for _ in range(2)] == [2, None]
        await rig.export.served.wait()
        writer.close()
        await writer.wait_closed()
        rig.export.hold = None
        assert (await rig.ask()).fresh
        assert rig.requests == ["HEAD", "GET", "HEAD", "GET"]


async def test_a_project_that_is_left_meanwhile(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        await rig.ask()
        assert rig.kept != []
        rig.clock.now += WEEK
        rig.export.data, rig.export.hold = users(1.0), asyncio.Event()
        rig.export.served.clear()
        asked = rig.ask()
        await rig.export.served.wait()
        await rig.projects.detach("")
        with pytest.raises(NotAttached):
            await asked
        assert rig.kept == []
        with pytest.raises(NotAttached):
            await rig.ask(fetch=False)


async def test_whose_number_was_not_known_gets_a_place_later(tmp_path: Path) -> None:
    async with agent(tmp_path, userid=0) as rig:
        first = (await rig.ask()).community
        assert first is not None
        assert first.standing is None
        book = rig.projects._book
        book.put_project(replace(next(iter(book.projects.values())), userid=3))
        assert not (await rig.ask(fetch=False)).fresh
        counted_again = (await rig.ask()).community
        assert rig.requests == ["HEAD", "GET"], "what is here need not be fetched for it"
        assert counted_again is not None
        assert counted_again.standing is not None
        book.put_project(replace(next(iter(book.projects.values())), userid=1))
        somebody_elses = (await rig.ask(fetch=False)).community
        assert somebody_elses is not None
        assert somebody_elses.standing is None


@pytest.mark.parametrize("damage", [b"nonsense" * 9, None])
async def test_what_can_not_be_read_is_fetched_again(tmp_path: Path, damage: bytes | None) -> None:
    async with agent(tmp_path) as rig:
        good, rig.export.data = rig.export.data, damage or rig.export.data
        if damage is None:
            await rig.ask()
            (export,) = (path for path in (rig.data / STATISTICS).rglob("*-user.gz"))
            (export.parent / "community.json").write_bytes(b"{}")
            export.write_bytes(good[:-3])
        with pytest.raises(ArchiveRefused):
            await rig.ask()
        rig.export.data = good
        found = (await rig.ask()).community
        assert found is not None
        assert found.users == 3


async def test_what_can_not_be_opened_or_kept_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_order(*_given: object) -> None:
        raise OSError(errno.EIO, "the disk")

    async with agent(tmp_path) as rig:
        with monkeypatch.context() as patch:
            patch.setattr(community, "counted", out_of_order)
            with pytest.raises(ArchiveRefused, match="the disk"):
                await rig.ask()
        assert rig.requests == ["HEAD", "GET"]
        (folder,) = (rig.data / STATISTICS).iterdir()
        (folder / "community.json").mkdir()
        with pytest.raises(FolderUnwritable):
            await rig.ask()
        (folder / "community.json").rmdir()
        assert (await rig.ask()).fresh


async def test_who_ends_waits_for_no_counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread goes on for as long as it has not heard that nobody wants it; then the file is closed, and nothing is left behind."""
    begun_counting, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    def endless(_path: Path, _at: float, _who: object, gone: Any) -> None:
        loop.call_soon_threadsafe(begun_counting.set)
        while not gone():
            time.sleep(0.001)
        ended.append(True)

    monkeypatch.setattr(community, "counted", endless)
    async with agent(tmp_path) as rig:
        asked = asyncio.create_task(rig.projects.community("", fetch=True, agreed=False))
        await begun_counting.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        assert ended == [True]
        assert not any(name == "community.json" for name in rig.kept)


async def test_the_whole_way_without_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo project's own statistics, with the number that its scheduler tells; then the project is gone."""
    metered = False

    async def cost(_self: RealConnection) -> bool:
        return metered

    monkeypatch.setattr(RealConnection, "metered", cost)
    verbs = ProjectVerbs(tmp_path / "data")

    def ask(*, agreed: bool = False) -> CommunityView:
        return verbs.community("", fetch=True, agreed=agreed)

    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        config = await rig.volunteer.accounts.config(rig.project.address)
        await asyncio.to_thread(verbs.attach, ProjectOffer(config=config), key_of(rig.volunteer), Keep.FILE, "words")
        await asyncio.to_thread(verbs.update, "", "words")
        metered = True
        with pytest.raises(MeteredLink):
            await asyncio.to_thread(ask)
        metered = False
        found = (await asyncio.to_thread(ask)).community
        assert found is not None
        assert (found.users, found.active) == (1, 1)
        assert found.standing is not None
        assert (found.standing.total, found.standing.by_total, found.standing.by_recent) == (50.0, 1, 1)
    assert (await asyncio.to_thread(ask)).fresh
    (note,) = (tmp_path / "data" / STATISTICS).rglob("user.gz.json")
    note.write_bytes(msgspec.json.encode(msgspec.json.decode(note.read_bytes()) | {"checked": 0.0}))
    later = await asyncio.to_thread(ask)
    assert (later.community, later.fresh) == (found, False)
    assert later.trouble is not None
    assert later.trouble.code == "T4T-NET-01"
    ended = await asyncio.to_thread(t4t, "stats", "--community", data=tmp_path / "data")
    assert ended.status == 0
    asking, _, told = ended.err.partition("\n")
    assert asking.endswith("is asked for its statistics…")
    assert "(T4T-NET-01)" in told
    for part in ("1 volunteer, 1 with credit, 1 active", "number 1 by credit a day, and number 1", "International"):
        assert part in ended.out
