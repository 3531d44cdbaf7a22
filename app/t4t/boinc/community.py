"""What the projects' statistics say of all volunteers: fetched when somebody asks, summed up in a thread, and kept as one small file beside the export."""

from __future__ import annotations

import asyncio
import logging
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.boards import Boards, BoardsView
from t4t.domain.boards import is_fresh as are_fresh
from t4t.domain.community import Community, CommunityView
from t4t.domain.errors import FolderUnwritable, T4TError
from t4t.domain.project_errors import ArchiveRefused, NotAttached, ProjectError
from t4t.durable import to_the_end, write_atomic
from t4t.engine.showing import notice_view
from t4t.project.boards import read_boards
from t4t.project.community import Volunteer, counted, hosts_of
from t4t.project.statistics import Statistics, is_fresh
from t4t.transfer.download import Downloads
from t4t.transfer.gate import Closed, Gate

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.boinc.surroundings import Surroundings
    from t4t.domain.project_state import ProjectState
    from t4t.project.statistics import Fetched

_log = logging.getLogger(__name__)

STATISTICS: Final = "statistics"
"""Below the data folder: a folder for each project whose statistics were asked for."""
_EXPORT: Final = "user.gz"
_SUMMARY: Final = "community.json"
_TABLES: Final = "tables.xml"
_TABLES_LIMIT: Final = 1024 * 1024
_BOARDS: Final = "boards.json"


class _Kept(msgspec.Struct, frozen=True):
    """The last summary: of which export, for whom."""

    file: str
    volunteer: Volunteer
    community: Community


@dataclass(slots=True)
class _Desk:
    """One project's: who asks while somebody else does waits, and finds the answer."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    boards: asyncio.Lock = field(default_factory=asyncio.Lock)
    """The same for the message boards, which do not wait for megabytes."""
    stays: Gate = field(default_factory=Gate)
    """Closed when the project is left."""


class Communities:
    """Of all attached projects."""

    def __init__(self, around: Surroundings) -> None:
        """Nobody is asked yet."""
        self._around = around
        self._desks: dict[str, _Desk] = {}

    async def look(self, name: str, state: ProjectState) -> CommunityView:
        """What is here of the project whose folder is ``name``; nobody is asked."""
        return await to_the_end(self._look, name, state)

    async def ask(self, name: str, state: ProjectState, *, agreed: bool) -> CommunityView:
        """The newest: from the project, at most once a week, over a network that costs only if that was ``agreed``.

        Where that fails it is what was kept, with what went wrong. Where nothing was, that is raised: leaves of `ProjectError`, `MeteredLink` among them,
        `NotEnoughDisk` or `FolderUnwritable`; and in any case `NotAttached` when the project is left meanwhile.
        """
        desk = self._desks.setdefault(name, _Desk())
        async with desk.turn:
            try:
                return await desk.stays.through(lambda: self._ask(name, state, agreed=agreed))
            except Closed:
                raise NotAttached(address=state.master_url) from None

    async def forget(self, name: str) -> None:
        """The project is left: nothing of it is fetched any more, or kept."""
        desk = self._desks.setdefault(name, _Desk())
        desk.stays.let(go=False)
        async with desk.turn, desk.boards:
            await to_the_end(self._remove, name)
        self._desks.pop(name, None)

    def _remove(self, name: str) -> None:
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self._around.data / STATISTICS / name

    def _statistics(self, name: str, state: ProjectState) -> Statistics:
        around, folder = self._around, self._folder(name)
        downloads = Downloads(around.http, folder, rate=around.down, slots=around.down_slots, allowance=around.allowance, now=around.clock.wall)
        return Statistics(around.http, downloads, folder, master_url=state.master_url, now=around.clock.wall)

    def _look(self, name: str, state: ProjectState) -> CommunityView:
        try:
            kept = msgspec.json.decode((self._folder(name) / _SUMMARY).read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return CommunityView()
        if kept.volunteer != _who(state):  # the number came with the first contact: nobody's place is this volunteer's
            return CommunityView(community=msgspec.structs.replace(kept.community, standing=None))
        known = self._statistics(name, state).known(_EXPORT)
        fresh = known is not None and known.file == kept.file and is_fresh(known, self._around.clock.wall())
        return CommunityView(community=kept.community, fresh=fresh)

    async def _ask(self, name: str, state: ProjectState, *, agreed: bool) -> CommunityView:
        before = await self.look(name, state)
        if before.fresh:
            return before
        statistics = self._statistics(name, state)
        try:
            fetched = await self._fetch(statistics, agreed=agreed)
            hosts = await self._hosts(state)
            return CommunityView(community=await self._counted(name, state, statistics, fetched, hosts), fresh=True)
        except T4TError as error:
            if before.community is None:
                raise
            _log.info("%s: no newer statistics: %s", name, error)
            return msgspec.structs.replace(before, trouble=notice_view(error))

    async def _fetch(self, statistics: Statistics, *, agreed: bool) -> Fetched:
        """A network that begins to cost on the way breaks it off; what came stays for the next time."""
        gate = self._around.gate
        try:
            if agreed:
                return await statistics.get(_EXPORT, metered=not gate.is_open, agreed=True)
            return await gate.through(lambda: statistics.get(_EXPORT, metered=False))
        except Closed:
            return await statistics.get(_EXPORT, metered=True)
        finally:
            self._around.book.put_used(self._around.allowance.used)

    async def _hosts(self, state: ProjectState) -> int:
        """How many computers there are: of the export of them, which is the largest of all, the number alone is of interest, and that stands elsewhere too."""
        try:
            return hosts_of((await self._around.http.get(f"{state.master_url}stats/{_TABLES}", limit=_TABLES_LIMIT)).body)
        except ProjectError as error:
            _log.info("no number of computers: %s", error)
            return 0

    async def _counted(self, name: str, state: ProjectState, statistics: Statistics, fetched: Fetched, hosts: int) -> Community:
        """Sum it up and keep that; a thread that nobody waits for any more ends soon."""
        gone, who = threading.Event(), _who(state)
        work = asyncio.get_running_loop().run_in_executor(None, counted, statistics.path(fetched), fetched.at, who, gone.is_set)
        try:
            community = await asyncio.shield(work)
        except (ArchiveRefused, OSError) as error:
            await to_the_end(statistics.forget, _EXPORT)
            if isinstance(error, OSError):
                raise ArchiveRefused(file=_EXPORT, reason=error.strerror or str(error)) from error
            raise
        except asyncio.CancelledError:
            gone.set()
            await asyncio.wait([work])
            work.exception()
            raise
        community = msgspec.structs.replace(community, hosts=hosts)
        await to_the_end(self._keep, name, _SUMMARY, _Kept(fetched.file, who, community))
        return community

    def _keep(self, name: str, file: str, kept: _Kept | Boards) -> None:
        folder = self._folder(name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_atomic(folder / file, msgspec.json.encode(kept))
        except OSError as error:
            raise FolderUnwritable(path=str(folder), reason=error.strerror or str(error)) from error

    # --- message boards ----------------------------------------------------------------------------------------------

    async def look_at_boards(self, name: str) -> BoardsView:
        """What is here of the message boards of the project whose folder is ``name``; nobody is asked."""
        return await to_the_end(self._look_at_boards, name)

    async def ask_boards(self, name: str, state: ProjectState) -> BoardsView:
        """The newest threads, at most every ten minutes. Over any network: it is as much as looking at the page.

        As `ask`: where that fails it is what was kept; where nothing was, leaves of `ProjectError` or `FolderUnwritable`; `NotAttached` in any case.
        """
        desk = self._desks.setdefault(name, _Desk())
        async with desk.boards:
            try:
                return await desk.stays.through(lambda: self._ask_boards(name, state))
            except Closed:
                raise NotAttached(address=state.master_url) from None

    def _look_at_boards(self, name: str) -> BoardsView:
        try:
            kept = msgspec.json.decode((self._folder(name) / _BOARDS).read_bytes(), type=Boards)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return BoardsView()
        return BoardsView(boards=kept, fresh=are_fresh(kept, self._around.clock.wall()))

    async def _ask_boards(self, name: str, state: ProjectState) -> BoardsView:
        before = await self.look_at_boards(name)
        if before.fresh:
            return before
        try:
            boards = await read_boards(self._around.http, state.master_url, self._around.clock.wall())
            await to_the_end(self._keep, name, _BOARDS, boards)
        except T4TError as error:
            if before.boards is None:
                raise
            _log.info("%s: no newer threads: %s", name, error)
            return msgspec.structs.replace(before, trouble=notice_view(error))
        return BoardsView(boards=boards, fresh=True)


def _who(state: ProjectState) -> Volunteer:
    return Volunteer(state.userid, state.external_cpid)
