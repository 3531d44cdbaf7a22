"""What our parts really send beside what the official client (and BOINC's documented requests) sent: method, path, and each argument."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.file_server import FileServer, Raw, Serve
from t4t.domain.project import FileInfo, ProjectConfig
from t4t.domain.project_errors import AddressRefused
from t4t.host.clock import RealClock
from t4t.project.account import Accounts
from t4t.project.upload import Uploads
from t4t.transfer.download import Downloads, Wanted
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate
from unit.project.recorded import FOLDER, request_body, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from support.file_server import Request

KEY = "68cfddaba9e4fbd9895879015a00be8e"
PASSWORD = "long enough"  # noqa: S105 (of no use)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def said(method: str, target: str) -> tuple[str, str, dict[str, list[str]]]:
    """A request's line; a hash of a password that nobody knows is only known to be one."""
    parts = urlsplit(target)
    query = parse_qs(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    if "passwd_hash" in query:
        assert re.fullmatch("[0-9a-f]{32}", query["passwd_hash"][0])
        query["passwd_hash"] = ["a hash"]
    return method, parts.path, query


def recorded(name: str) -> tuple[str, str, dict[str, list[str]]]:
    method, target, _version = (FOLDER / f"{name}.request").read_bytes().split(b"\r\n", 1)[0].decode().split(" ")
    return said(method, target)


def ours(request: Request) -> tuple[str, str, dict[str, list[str]]]:
    return said(request.method, request.target)


def accounts(http: Http) -> Accounts:
    return Accounts(http, RealClock(), source="BOINC")


REQUESTS: dict[str, Callable[[Accounts, ProjectConfig], Awaitable[Any]]] = {
    "get_project_config.ok": lambda ours, config: ours.config(config.master_url),
    "real-client.01.lookup_account-errorm136": lambda ours, config: ours.look_up(config, email="realclient@example.org", password=PASSWORD),
    "real-client.02.create_account": lambda ours, config: ours.create(config, email="realclient@example.org", password=PASSWORD, name="Real Client"),
    "real-client.03.lookup_account": lambda ours, config: ours.look_up(config, email="realclient@example.org", password=PASSWORD),
    "create_account.consent_given": lambda ours, config: ours.create(config, email="volunteer8@example.org", password=PASSWORD, name="V8", consent=True),
    "create_account.user_name_utf8": lambda ours, config: ours.create(config, email="volunteer6@example.org", password=PASSWORD, name="Zoë Müller 物理"),
    "create_account.invite_code_wrong": lambda ours, config: ours.create(
        config, email="volunteer7@example.org", password=PASSWORD, name="V7", invite_code="nope"
    ),
    "am_get_info.with_prefs": lambda ours, config: ours.info(config, KEY),
    "am_set_info.older_server_ok": lambda ours, config: ours.change(config, KEY, country="France"),
    "am_set_host_info.ok": lambda ours, config: ours.set_venue(config, KEY, 1, "home"),
    "team_lookup.by_name": lambda ours, config: ours.teams(config, "cern"),
    "team_lookup.ok": lambda ours, config: ours.join_team(config, KEY, 1),
    "show_user.public": lambda ours, config: ours.holder(config, f"1_{KEY}"),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_pages_are_asked_for_as_recorded(http: Http, name: str) -> None:
    async with FileServer([Raw((FOLDER / f"{name}.response").read_bytes())]) as server:
        config = ProjectConfig(name="P", master_url=f"{server.url}/t4t/")
        failure = None
        try:
            await REQUESTS[name](accounts(http), config)
        except Exception as error:  # noqa: BLE001 (recorded refusals too; the request is what counts)
            failure = error
        assert ours(server.seen[0]) == recorded(name), failure
        assert server.seen[0].headers["accept-encoding"] == "identity"
        assert {"cookie", "referer", "authorization"}.isdisjoint(server.seen[0].headers)


async def test_files_are_asked_for_as_recorded(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(b"x" * 128)]) as server:
        downloads = Downloads(http, tmp_path, rate=Rate(RealClock()))
        await downloads.fetch(Wanted(name="f", urls=(f"{server.url}/t4t/download/2bf/Theory_s35679_15.input",), nbytes=128))
        assert ours(server.seen[0]) == recorded("real-client.09.download-Theory_s35679_15.input")


async def test_results_are_sent_as_recorded(http: Http, tmp_path: Path) -> None:
    name = "Theory_s35679_16_0_r1841042868_0"
    (tmp_path / "output").write_bytes(b"x" * 9000)
    async with FileServer([Serve(response(one).body) for one in ("real-client.18.upload-get-size", "real-client.19.upload-data")]) as server:
        info = FileInfo(name=name, upload_urls=(f"{server.url}/t4t_cgi/file_upload_handler",), max_nbytes=100000000, xml_signature="ab\n.")
        await Uploads(http, Rate(RealClock())).send(info, tmp_path / "output")
        assert [ours(request) for request in server.seen] == [recorded("real-client.18.upload-get-size"), recorded("real-client.19.upload-data")]
        versions = re.compile(rb"<core_client[^\n]*\n")
        assert versions.sub(b"", server.seen[0].body) == versions.sub(b"", request_body("real-client.18.upload-get-size"))


async def test_a_project_that_does_not_say_its_address(http: Http) -> None:
    async with FileServer([Serve(b"<project_config><name>P</name></project_config>")]) as server:
        assert (await accounts(http).config(server.url)).master_url == ""


async def test_a_project_that_calls_itself_by_an_address_of_this_computer(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server elsewhere names a door of ours as its master address: nothing is attached there."""
    body = b"<project_config><name>P</name><master_url>http://127.0.0.1:31416/</master_url></project_config>"

    async def get(_address: str, **_more: object) -> Any:
        return type("Reply", (), {"body": body})

    monkeypatch.setattr(http, "get", get)
    with pytest.raises(AddressRefused):
        await accounts(http).config("https://project.example/")
