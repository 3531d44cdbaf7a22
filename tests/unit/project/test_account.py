"""Accounts against recorded replies of a real project's server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from support.file_server import FileServer, Raw, Serve, Status
from t4t.domain import project_errors as errors
from t4t.domain.project import ProjectConfig
from t4t.project.account import Accounts
from t4t.transfer.http import Http, Timeouts
from unit.project.recorded import FOLDER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.file_server import Answer

KEY = "68cfddaba9e4fbd9895879015a00be8e"


class Clock:
    """Time passes only in sleep."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self.slept.append(seconds)
            self.now += seconds


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def accounts(http: Http, clock: Clock | None = None) -> Accounts:
    return Accounts(http, clock or Clock(), source="t4t")


def recorded(*names: str) -> list[Answer]:
    return [Raw((FOLDER / f"{name}.response").read_bytes()) for name in names]


def project(server: FileServer, **more: object) -> ProjectConfig:
    return ProjectConfig(name="P", master_url=f"{server.url}/t4t/", **more)  # type: ignore[arg-type]  # any field


async def test_a_project_is_known_by_its_config(http: Http) -> None:
    async with FileServer(recorded("get_project_config.ok")) as server:
        config = await accounts(http).config(f"{server.url}/t4t")
        assert config.name == "LHC@home Dev"
        assert server.seen[0].target == "/t4t/get_project_config.php"


@pytest.mark.parametrize(
    ("answer", "leaf"),
    [
        (*recorded("get_project_config.project_down"), errors.ProjectDown),
        (*recorded("get_project_config.account_manager"), errors.NotAProject),
        (*recorded("not_found.html"), errors.NotAProject),
        (*recorded("master_page.ok"), errors.NotAProject),
        (*recorded("show_user.project_down"), errors.ProjectDown),
        (Serve(b"nonsense"), errors.ReplyUnreadable),
        (Serve(b""), errors.ReplyUnreadable),
        (Status(503), errors.ServerFailed),
    ],
)
async def test_what_is_no_project(http: Http, answer: Raw, leaf: type[Exception]) -> None:
    async with FileServer([answer]) as server:
        with pytest.raises(leaf):
            await accounts(http).config(server.url)


async def test_an_account_is_made(http: Http) -> None:
    async with FileServer(recorded("create_account.consent_given")) as server:
        key = await accounts(http).create(
            project(server, terms_of_use="t", invite_code_required=True),
            email="Volunteer8@example.org",
            password="correct horse",  # noqa: S106 (of no use)
            name="Zoë",
            invite_code=" code ",
            team="CERN",
            consent=True,
        )
        assert key == "e5f329a9f44f9e77e79d07abb3cd9edc"
        sent = parse_qs(urlsplit(server.seen[0].target).query)
        assert sent.pop("passwd_hash")[0] != "correct horse"
        assert sent == {
            "email_addr": ["Volunteer8@example.org"],
            "user_name": ["Zoë"],
            "team_name": ["CERN"],
            "invite_code": ["code"],
            "consent_flag": ["1"],
            "source": ["t4t"],
        }


@pytest.mark.parametrize(
    ("answer", "leaf"),
    [
        (*recorded("create_account.disabled"), errors.AccountCreationClosed),
        (*recorded("create_account.rpc_disabled"), errors.AccountCreationOnWebsite),
        (*recorded("create_account.invite_code_missing"), errors.InviteCodeNeeded),
        (*recorded("create_account.invite_code_wrong"), errors.InviteCodeWrong),
        (*recorded("create_account.email_in_use"), errors.EmailInUse),
        (*recorded("create_account.invalid_email"), errors.EmailRefused),
        (*recorded("create_account.user_name_special"), errors.UserNameRefused),
        (Status(500), errors.UserNameInUse),
        (Status(503), errors.ServerFailed),
        (*recorded("get_project_config.project_down"), errors.ProjectDown),
        (*recorded("lookup_account.exists_no_password"), errors.ReplyUnreadable),
        (Serve(b"<account_out><authenticator>short</authenticator></account_out>"), errors.KeyMalformed),
    ],
)
async def test_accounts_that_are_not_made(http: Http, answer: Raw, leaf: type[Exception]) -> None:
    async with FileServer([answer]) as server:
        with pytest.raises(leaf):
            await accounts(http).create(project(server), email="a@b.example", password="long enough", name="V")  # noqa: S106 (of no use)
        assert len(server.seen) == 1
        assert "consent_flag" not in server.seen[0].target


@pytest.mark.parametrize(("name", "password", "leaf"), [("17", "long enough", errors.UserNameRefused), ("V", "short", errors.PasswordTooShort)])
async def test_what_the_client_refuses_is_not_sent(http: Http, name: str, password: str, leaf: type[Exception]) -> None:
    async with FileServer([Serve(b"")]) as server:
        with pytest.raises(leaf):
            await accounts(http).create(project(server), email="a@b.example", password=password, name=name)
        with pytest.raises(errors.AccountCreationClosed):
            await accounts(http).create(project(server, account_creation_disabled=True), email="a@b.example", password="long enough", name="V")  # noqa: S106
        assert server.seen == []


async def test_a_login_is_never_repeated_and_a_failed_one_delays_the_next(http: Http) -> None:
    clock = Clock()
    wrong = b"<error><error_num>-206</error_num><error_msg>bad password</error_msg></error>"
    async with FileServer([Serve(wrong), *recorded("lookup_account.unknown_email", "lookup_account.ok")]) as server:
        ours = accounts(http, clock)
        with pytest.raises(errors.PasswordWrong):
            await ours.look_up(project(server), email="volunteer1@example.org", password="wrong horse")  # noqa: S106 (of no use)
        assert (len(server.seen), clock.slept) == (1, [])
        with pytest.raises(errors.EmailUnknown):
            await ours.look_up(project(server), email="volunteer2@example.org", password="correct horse")  # noqa: S106 (of no use)
        assert clock.slept == [5.0]
        clock.now += 60.0
        assert await ours.look_up(project(server), email="volunteer1@example.org", password="correct horse") == KEY  # noqa: S106 (of no use)
        assert clock.slept == [5.0]
        assert server.seen[2].target == "/t4t/lookup_account.php?email_addr=volunteer1@example.org&passwd_hash=2c5e35c04d251e5fa8a0ecf2d5c00f66"


async def test_the_account_of_a_key(http: Http) -> None:
    async with FileServer(recorded("am_get_info.utf8_name", "am_get_info.bad_key")) as server:
        config = project(server, web_rpc_url_base=f"{server.url}/rpc")
        info = await accounts(http).info(config, KEY)
        assert (info.name, info.weak_auth) == ("Zoë Müller 物理", "4_b36a30e55dd0248f8aab2157e3058a05")
        assert server.seen[0].target == f"/rpc/am_get_info.php?account_key={KEY}"
        with pytest.raises(errors.KeyRefused):
            await accounts(http).info(config, KEY)
        with pytest.raises(errors.KeyMalformed):
            await accounts(http).info(config, "no key")
        assert len(server.seen) == 2


async def test_projects_that_show_their_accounts_to_nobody(http: Http) -> None:
    async with FileServer([*recorded("show_user.public"), Status(302, location="/login.php"), Status(404), *recorded("show_user.not_found")]) as server:
        ours, weak = accounts(http), f"1_{KEY}"
        assert await ours.holder(project(server), weak) == "Volunteer One"
        assert "userid=1" in server.seen[0].target
        assert KEY not in server.seen[0].target
        assert await ours.holder(project(server), weak) == ""
        with pytest.raises(errors.KeyRefused):
            await ours.holder(project(server), weak)


async def test_changes(http: Http) -> None:
    async with FileServer(recorded("am_set_info.older_server_ok", "am_set_info.not_supported", "am_set_host_info.ok", "am_set_host_info.bad_host")) as server:
        ours, config = accounts(http), project(server)
        await ours.change(config, KEY, country="France")
        assert server.seen[0].target == f"/t4t/am_set_info.php?account_key={KEY}&country=France"
        with pytest.raises(errors.ChangeOnWebsite) as caught:
            await ours.change(config, KEY, country="France")
        assert caught.value.address == f"{server.url}/t4t/home.php"
        await ours.set_venue(config, KEY, 7, "home")
        with pytest.raises(errors.KeyRefused):
            await ours.set_venue(config, KEY, 8, "home")


async def test_teams(http: Http) -> None:
    async with FileServer(recorded("team_lookup.by_name", "team_lookup.ok", "am_set_info.older_server_ok")) as server:
        ours, config = accounts(http), project(server)
        (found,) = await ours.teams(config, "cern")
        assert (await ours.join_team(config, KEY, found.id)).name == "CERN Volunteers"
        assert server.seen[2].target == f"/t4t/am_set_info.php?account_key={KEY}&teamid=1"
    async with FileServer(recorded("team_lookup.not_found", "team_lookup.ok", "team_lookup.ok", "am_set_info.not_supported")) as server:
        ours, config = accounts(http), project(server)
        for _ in range(2):  # unknown, and another one than was asked for
            with pytest.raises(errors.TeamUnknown):
                await ours.join_team(config, KEY, 9)
        with pytest.raises(errors.ChangeOnWebsite) as caught:
            await ours.join_team(config, KEY, 1)
        assert caught.value.address.endswith("/t4t/team_display.php?teamid=1")
