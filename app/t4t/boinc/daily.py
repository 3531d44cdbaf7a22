"""What a project is asked for once a day beside its scheduler: its notices, and the credit of the volunteer's team, which the scheduler does not tell."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.credit import decayed
from t4t.domain.errors import T4TError
from t4t.domain.notice_list import with_feed
from t4t.domain.project import ProjectConfig
from t4t.project.replies import feed, root_of

if TYPE_CHECKING:
    from t4t.boinc.surroundings import Surroundings
    from t4t.domain.project_state import ProjectState

_log = logging.getLogger(__name__)

_DAY_S: Final = 86400.0
_AGAIN_S: Final = 3600.0


class Daily:
    """Of one project."""

    def __init__(self, name: str, around: Surroundings) -> None:
        """``name`` is that of the project's folder. Nobody is asked before `look`."""
        self._name = name
        self._around = around
        self._book = around.book
        self._feed_at = self._team_at = 0.0

    def at_once(self) -> None:
        """The volunteer wants a contact: what failed a moment ago is tried with it."""
        self._feed_at = self._team_at = 0.0

    async def look(self, state: ProjectState) -> None:
        """Ask for what is due. What can't be read now is read later; raises `FolderUnwritable`."""
        await self._read_feeds(state)
        await self._read_team(state)

    async def _read_feeds(self, state: ProjectState) -> None:
        """What the project tells people."""
        now, kept = self._around.clock.wall(), self._book.kept(self._name)
        if not state.rss_urls or now < max(self._feed_at, kept.feed_read + _DAY_S):
            return
        self._feed_at = now + _AGAIN_S
        for url in state.rss_urls:
            try:
                read = feed(root_of((await self._around.http.get(url)).body, "rss", kind="rss"))
            except T4TError as error:
                _log.info("%s: no notices: %s", self._name, error)
                return
            kept = self._book.kept(self._name)
            self._book.put_kept(self._name, news=with_feed(kept.news, read.items, now), feed_read=now)
        self._around.workshop.scan()

    async def _read_team(self, state: ProjectState) -> None:
        """The team's credit, also where the team is another one than before."""
        now, known = self._around.clock.wall(), self._book.team_credit.get(self._name, ())[-1:]
        asked = max((one.at for one in known if one.team == state.team_name and one.at <= now), default=0.0)
        if not state.team_name or not state.userid or now < max(self._team_at, asked + _DAY_S):
            return
        from t4t.project.account import Accounts  # noqa: PLC0415 - who lives long should not carry what is asked for once a day, if ever

        self._team_at = now + _AGAIN_S
        config = ProjectConfig(name=state.project_name, master_url=state.master_url, web_rpc_url_base=state.web_rpc_url_base)
        try:
            teams = await Accounts(self._around.http, self._around.clock, source="").teams(config, state.team_name)
        except T4TError as error:
            _log.info("%s: nothing of the team: %s", self._name, error)
            return
        team = next((one for one in teams if one.name == state.team_name), None)
        if team is not None:
            recent = decayed(team.expavg_credit, team.expavg_time, now)
            self._book.note_team(self._name, now, team=team.name, total=team.total_credit, recent=recent)
            self._around.workshop.scan()
