"""The account at a project: its rules first, then one request, never repeated by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain import account as rules
from t4t.domain.account import Asked
from t4t.domain.project_errors import (
    AccountError,
    NotAProject,
    ProjectDown,
    RedirectRefused,
    ReplyUnreadable,
    RequestRefused,
    ServerFailed,
    TeamUnknown,
    UserNameInUse,
)
from t4t.project import replies
from t4t.project.outward import is_outward
from t4t.transfer.addresses import named_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.clock import Clock
    from t4t.domain.loose_xml import Element
    from t4t.domain.project import AccountInfo, ProjectConfig, Team
    from t4t.transfer.http import Http

_PAUSE_S: Final = 5.0
"""After a failed login the server waits that long; so do we before the next one."""
_BROKE_DOWN: Final = 500


class Accounts:
    """Accounts of one project. Passwords and keys are passed through and kept nowhere."""

    def __init__(self, http: Http, clock: Clock, *, source: str) -> None:
        """``source`` names this program to the project where it asks who got a volunteer's consent."""
        self._http = http
        self._clock = clock
        self._source = source
        self._not_before = 0.0

    async def config(self, address: str) -> ProjectConfig:
        """What the project says of itself; raises `AddressRefused`, `ProjectDown`, `NotAProject` or leaves of the network."""
        url = rules.master_url(address)
        try:
            reply = await self._http.get(f"{url}get_project_config.php")
        except RequestRefused as error:
            raise NotAProject(address=url) from error
        if replies.is_html(reply.body):
            if b"maintenance" in reply.body[: replies.HEAD]:
                raise ProjectDown(project=url, message="")
            raise NotAProject(address=url)
        root = self._root(reply.body, "project_config", Asked.KEY, project=url, address=url)
        config = replies.project_config(root)
        if config.account_manager:
            raise NotAProject(address=url)
        if config.master_url:
            named_by(url, config.master_url)
        return config

    async def create(self, config: ProjectConfig, *, email: str, password: str, name: str, invite_code: str = "", team: str = "", consent: bool = False) -> str:
        """A new account's key; the existing account's if address and password are its own. Raises leaves of `AccountError` and `ProjectError`."""
        rules.check_creation(config, invite_code=invite_code, consent=consent)
        rules.check_user_name(name)
        rules.check_password(password, config.min_passwd_length)
        query = {"email_addr": email.strip(), "passwd_hash": rules.password_hash(email, password), "user_name": name}
        query |= {"team_name": team} if team else {}
        query |= {"invite_code": invite_code.strip()} if invite_code.strip() else {}
        query |= {"consent_flag": "1", "source": self._source} if consent else {}
        try:
            return await self._key(config, "create_account.php", query, email=email, name=name)
        except ServerFailed as error:
            if error.status == _BROKE_DOWN:  # its database refuses a second account of this name
                raise UserNameInUse(name=name) from error
            raise

    async def look_up(self, config: ProjectConfig, *, email: str, password: str) -> str:
        """The key of an account; raises `EmailUnknown`, `PasswordWrong` or other leaves. A refusal delays the next call by 5 s."""
        await self._clock.sleep(self._not_before - self._clock.monotonic())
        query = {"email_addr": email.strip(), "passwd_hash": rules.password_hash(email, password)}
        try:
            return await self._key(config, "lookup_account.php", query, email=email, name="")
        except AccountError:
            self._not_before = self._clock.monotonic() + _PAUSE_S
            raise

    async def _key(self, config: ProjectConfig, page: str, query: Mapping[str, str], *, email: str, name: str) -> str:
        root = await self._ask(config, page, query, "account_out", Asked.ACCOUNT, email=email, name=name)
        key = replies.account_out(root).authenticator
        if not key:
            raise ReplyUnreadable(kind="account_out", reason="without a key")
        rules.key_kind(key)
        return key

    async def info(self, config: ProjectConfig, key: str) -> AccountInfo:
        """The account of a full key, its weak key included; raises `KeyMalformed`, `KeyRefused` or other leaves. A weak key opens no account page."""
        rules.key_kind(key)
        return replies.account_info(await self._ask(config, "am_get_info.php", {"account_key": key}, "am_get_info_reply", Asked.KEY))

    async def holder(self, config: ProjectConfig, key: str) -> str:
        """The name of the account that ``key`` belongs to; raises `KeyMalformed`, `KeyRefused` or other leaves.

        A weak key opens no account page: its number must be that of an account. Whether the rest is right only the scheduler says, at the first
        contact. The name is empty where the project shows its accounts to nobody.
        """
        if rules.key_kind(key) is rules.KeyKind.FULL:
            return (await self.info(config, key)).name
        try:
            root = await self._ask(config, "show_user.php", {"userid": key.partition("_")[0], "format": "xml"}, "user", Asked.KEY)
        except (ReplyUnreadable, RequestRefused, RedirectRefused):  # it wants a login for that
            return ""
        return replies.user(root).name

    async def change(self, config: ProjectConfig, key: str, **fields: str) -> None:
        """Change fields of the account (BOINC's names); raises `ChangeOnWebsite` where the project has that switched off, as newer servers have."""
        await self._ask(config, "am_set_info.php", {"account_key": key, **fields}, "am_set_info_reply", Asked.KEY, page_for_people="home.php")

    async def set_venue(self, config: ProjectConfig, key: str, hostid: int, venue: str) -> None:
        """Which of the account's preferences this computer follows; raises `KeyRefused`, also where the computer is not of this account."""
        query = {"account_key": key, "hostid": str(hostid), "venue": venue}
        await self._ask(config, "am_set_host_info.php", query, "am_set_host_info_reply", Asked.KEY, page_for_people=f"host_venue_form.php?hostid={hostid}")

    async def teams(self, config: ProjectConfig, name: str) -> tuple[Team, ...]:
        """Teams with ``name`` in their names, at most 100."""
        root = await self._ask(config, "team_lookup.php", {"team_name": name, "format": "xml"}, "teams", Asked.TEAM, name=name)
        return replies.teams(root)

    async def join_team(self, config: ProjectConfig, key: str, team_id: int) -> Team:
        """Join a team; raises `TeamUnknown`, `KeyRefused`, or `ChangeOnWebsite` with the team's page."""
        root = await self._ask(config, "team_lookup.php", {"team_id": str(team_id), "format": "xml"}, "team", Asked.TEAM, name=str(team_id))
        team = replies.team(root)
        if team.id != team_id:
            raise TeamUnknown(team=str(team_id))
        query = {"account_key": key, "teamid": str(team_id)}
        await self._ask(config, "am_set_info.php", query, "am_set_info_reply", Asked.KEY, page_for_people=f"team_display.php?teamid={team_id}")
        return team

    async def _ask(
        self, config: ProjectConfig, page: str, query: Mapping[str, str], kind: str, asked: Asked, *, email: str = "", name: str = "", page_for_people: str = ""
    ) -> Element:
        base = config.web_rpc_url_base if is_outward(config.web_rpc_url_base, master_url=config.master_url) else config.master_url
        base = base if base.endswith("/") else f"{base}/"
        reply = await self._http.get(f"{base}{page}", query=query)
        if replies.is_html(reply.body):
            raise ProjectDown(project=config.name, message="")
        address = f"{config.master_url}{page_for_people or 'create_account_form.php'}"
        return self._root(reply.body, kind, asked, project=config.name, address=address, email=email, name=name)

    @staticmethod
    def _root(body: bytes, kind: str, asked: Asked, *, project: str, address: str, email: str = "", name: str = "") -> Element:
        root = replies.root_of(body, "error", kind, kind=kind)
        if root.name == "error":
            raise rules.refusal(replies.error_document(root), asked, project=project, address=address, email=email, name=name)
        return root
