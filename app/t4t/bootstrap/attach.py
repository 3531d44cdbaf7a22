"""Joining and leaving projects: accounts are settled here, whether or not the agent runs; what follows is the agent's, if it does."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from t4t.api.client import Client
from t4t.boinc import keys
from t4t.bootstrap.net import http_of
from t4t.bootstrap.projects import settle
from t4t.bootstrap.settings import Giving, desk_of
from t4t.domain.account import check_platform, master_url
from t4t.domain.boards import BoardsView
from t4t.domain.community import CommunityView
from t4t.domain.errors import AgentMissing
from t4t.domain.platforms import platforms
from t4t.domain.project_errors import KeyNotKept, TeamUnknown
from t4t.domain.project_view import Keep, ProjectDetails
from t4t.domain.signup import OtherAccount, ProjectOffer, Way
from t4t.host import resources
from t4t.host.boinc_client import other_clients
from t4t.host.clock import RealClock
from t4t.host.probe.network import RealConnection
from t4t.project.account import Accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from t4t.boinc.projects import Projects
    from t4t.domain.project import ProjectConfig, Team
    from t4t.domain.signup import Signup

_T = TypeVar("_T")
_PATIENCE_S: Final = 600.0
"""A contact may try several servers, each with two minutes."""
_SOURCE: Final = "t4t"


def _with_accounts(data: Path, work: Callable[[Accounts], Coroutine[Any, Any, _T]]) -> _T:
    async def do() -> _T:
        connections = http_of(data)
        try:
            return await work(Accounts(connections, RealClock(), source=_SOURCE))
        finally:
            await connections.close()

    return asyncio.run(do())


async def _key(accounts: Accounts, found: ProjectOffer, signup: Signup) -> str:
    config = found.config
    match signup.way:
        case Way.CREATE:
            return await accounts.create(
                config,
                email=signup.email,
                password=signup.password,
                name=signup.name,
                invite_code=signup.invite_code,
                team=signup.team,
                consent=signup.consent,
            )
        case Way.LOG_IN:
            key = await accounts.look_up(config, email=signup.email, password=signup.password)
        case Way.KEY:
            key = signup.key
        case Way.OTHER_CLIENT:
            key = found.other.key if found.other else ""
    await accounts.holder(config, key)  # a key that nobody knows is told now, and not by a silent server later
    if signup.team:
        await _join(accounts, config, key, signup.team)
    return key


async def _join(accounts: Accounts, config: ProjectConfig, key: str, name: str) -> None:
    """Join the team of this very name, or of this number."""
    if name.isdecimal():
        await accounts.join_team(config, key, int(name))
        return
    team = next((team for team in await accounts.teams(config, name) if team.name.casefold() == name.casefold()), None)
    if team is None:
        raise TeamUnknown(team=name)
    await accounts.join_team(config, key, team.id)


class ProjectVerbs:
    """What verbs do with the projects of a data folder: through the agent if it runs, else here."""

    def __init__(self, data: Path) -> None:
        """Nothing is opened before it is needed."""
        self._data = data

    def _ask(
        self, method: str, work: Callable[[Projects], Coroutine[Any, Any, Any]], *, passphrase: str = "", seconds: float | None = _PATIENCE_S, **params: object
    ) -> Any:  # noqa: ANN401
        """The agent's answer, as plain data, or what ``work`` returns where there is none."""
        try:
            with Client(self._data, seconds=seconds) as client:
                if passphrase:
                    client.call("unlock", passphrase=passphrase)
                return client.call(method, **params)
        except AgentMissing:
            pass

        async def here(projects: Projects) -> Any:  # noqa: ANN401 - as ``work``
            if passphrase:
                await asyncio.to_thread(projects.unlock, passphrase)
            return await work(projects)

        return settle(self._data, here)

    def offer(self, address: str) -> ProjectOffer:
        """See `ProjectServices.offer`."""
        config = _with_accounts(self._data, lambda accounts: accounts.config(address))
        check_platform(config, platforms(sys.platform, resources.architecture()))
        url = config.master_url or master_url(address)
        clients = other_clients()
        found = [
            OtherAccount(user_name=project.user_name, folder=client.folder, key=project.authenticator, host_cpid=client.host_cpid)
            for client in clients
            for project in client.projects
            if project.master_url == url and project.authenticator
        ]
        config = dataclasses.replace(config, master_url=url)
        return ProjectOffer(config=config, other=found[0] if found else None, runs_beside=any(client.runs_beside(url) for client in clients))

    def account_key(self, found: ProjectOffer, signup: Signup) -> str:
        """See `ProjectServices.account_key`."""
        return _with_accounts(self._data, lambda accounts: _key(accounts, found, signup))

    def locked(self) -> bool:
        """See `ProjectServices.locked`."""
        return (self._data / keys.FILE).exists()

    def attach(self, found: ProjectOffer, key: str, keep: Keep, passphrase: str) -> ProjectDetails:
        """See `ProjectServices.attach`."""
        config = found.config
        cpid = found.other.host_cpid if found.other and found.other.key == key else ""

        async def here(projects: Projects) -> ProjectDetails:
            if keep is Keep.RUN:
                raise KeyNotKept(project=config.name)
            return await projects.attach(config, key, keep, host_cpid=cpid)

        answer = self._ask(
            "attach",
            here,
            passphrase=passphrase,
            url=config.master_url,
            name=config.name,
            web_rpc_url_base=config.web_rpc_url_base,
            key=key,
            keep=keep.value,
            host_cpid=cpid,
        )
        return msgspec.convert(answer, ProjectDetails)

    def projects(self) -> list[ProjectDetails]:
        """See `ProjectServices.projects`."""

        async def here(projects: Projects) -> list[ProjectDetails]:
            return projects.details()

        return msgspec.convert(self._ask("projects", here), list[ProjectDetails])

    def teams(self, project: str, name: str) -> Sequence[Team]:
        """See `ProjectServices.teams`."""

        async def ask(accounts: Accounts) -> Sequence[Team]:
            return await accounts.teams(await accounts.config(project), name)

        return _with_accounts(self._data, ask)

    def update(self, project: str, passphrase: str) -> ProjectDetails:
        """See `ProjectServices.update`."""
        answer = self._ask("update", lambda projects: projects.update(project), passphrase=passphrase, project=project)
        return msgspec.convert(answer, ProjectDetails)

    def community(self, project: str, *, fetch: bool, agreed: bool) -> CommunityView:
        """See `ProjectServices.community`."""

        async def here(projects: Projects) -> CommunityView:
            if fetch:
                Giving(await asyncio.to_thread(desk_of, self._data), projects, cmdline="")  # limits of the network hold here as in the agent
                projects.network_costs(metered=await RealConnection().metered())
            return await projects.community(project, fetch=fetch, agreed=agreed)

        answer = self._ask("community", here, seconds=None, project=project, fetch=fetch, agreed=agreed)  # however slow the way is, or is to be
        return msgspec.convert(answer, CommunityView)

    def boards(self, project: str, *, fetch: bool) -> BoardsView:
        """See `ProjectServices.boards`."""
        answer = self._ask("boards", lambda projects: projects.boards(project, fetch=fetch), project=project, fetch=fetch)
        return msgspec.convert(answer, BoardsView)

    def detach(self, project: str, passphrase: str, *, force: bool) -> str:
        """See `ProjectServices.detach`."""
        return str(self._ask("detach", lambda projects: projects.detach(project, force=force), passphrase=passphrase, project=project, force=force))

    def unlock(self, passphrase: str) -> None:
        """See `ProjectServices.unlock`."""
        with Client(self._data) as client:
            client.call("unlock", passphrase=passphrase)

    def mark_read(self, ids: tuple[str, ...]) -> None:
        """See `ProjectServices.mark_read`."""

        async def here(projects: Projects) -> None:
            projects.mark_read(ids)

        self._ask("read", here, ids=ids)
