"""The demo project's website."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from support.demo_rig import NOTHING, QUICK, begun, demo_rig, key_of, page
from t4t.domain import project_errors as errors
from t4t.domain.errors import FolderUnwritable
from t4t.host.clock import RealClock
from t4t.project.exports import number_of, records, unpacked
from t4t.project.replies import root_of
from t4t.project.request import write_request
from t4t.project.scheduler_reply import read_scheduler_reply
from t4t.project.statistics import WEEK, Statistics
from t4t.transfer.download import Downloads
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from pathlib import Path


async def test_accounts(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        volunteer, address = rig.volunteer, rig.project.address
        with pytest.raises(errors.InviteCodeWrong):
            await volunteer.attach(address, invite_code="guess")
        config = await volunteer.attach(address, team="Demo volunteers")
        key = key_of(volunteer)
        with pytest.raises(errors.UserNameInUse):
            await volunteer.attach(address, email="other@example.org")
        with pytest.raises(errors.EmailInUse):
            await volunteer.attach(address, password="another one")  # noqa: S106 (of no use)
        assert await volunteer.accounts.look_up(config, email="v@EXAMPLE.org", password="long enough") == key  # noqa: S106 (of no use)
        await volunteer.accounts.set_venue(config, key, 1, "home") if rig.project.book.computers else None
        info = await volunteer.accounts.info(config, key)
        assert (info.teamid, info.weak_auth) == (1, rig.project.book.accounts[1].weak_key)
        with pytest.raises(errors.KeyRefused):
            await volunteer.accounts.info(config, "0" * 32)
        await volunteer.accounts.change(config, key, teamid="0", country="France")
        assert (await volunteer.accounts.join_team(config, key, 1)).name == "Demo volunteers"
        with pytest.raises(errors.TeamUnknown):
            await volunteer.accounts.join_team(config, key, 99)
        assert len(await volunteer.accounts.teams(config, "VOLUNT")) == 1
        rig.project.settings = replace(rig.project.settings, account_changes=False)
        with pytest.raises(errors.ChangeOnWebsite):
            await volunteer.accounts.change(config, key, country="France")
        assert rig.project.complaints == []


async def test_a_failed_login_takes_its_time(tmp_path: Path) -> None:
    async with demo_rig(tmp_path, settings=replace(QUICK, failed_login_delay=0.05)) as rig:
        config = await rig.volunteer.attach(rig.project.address)
        loop = asyncio.get_running_loop()
        before = loop.time()
        with pytest.raises(errors.PasswordWrong):
            await rig.volunteer.accounts.look_up(config, email="v@example.org", password="wrong one")  # noqa: S106 (of no use)
        assert loop.time() - before >= 0.05


@pytest.mark.parametrize(
    ("name", "query", "number"),
    [
        ("show_user.php", {"userid": "99"}, -136),
        ("show_user.php", {"userid": "x"}, -1),
        ("notices.php", {"userid": "1", "auth": "1_0"}, -155),
        ("am_set_info.php", {"account_key": "KEY", "global_prefs": "<other/>"}, -112),
        ("am_set_info.php", {"account_key": "KEY", "teamid": "5"}, -136),
        ("am_set_host_info.php", {"account_key": "KEY", "hostid": "5"}, -136),
        ("create_account.php", {"email_addr": "a", "passwd_hash": "b", "user_name": "c"}, -1),
    ],
)
async def test_error_documents(tmp_path: Path, name: str, query: dict[str, str], number: int) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        given = {field: key_of(rig.volunteer) if value == "KEY" else value for field, value in query.items()}
        reply = await page(rig, name, **given)
        assert f"<error_num>{number}</error_num>".encode() in reply.body


async def test_public_data(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        assert rig.volunteer.state is not None
        config = await rig.volunteer.accounts.config(rig.project.address)
        await rig.volunteer.accounts.change(config, key_of(rig.volunteer), teamid="1")
        await rig.volunteer.accounts.set_venue(config, key_of(rig.volunteer), 1, "home")
        status = root_of((await page(rig, "server_status.php", xml="1")).body, "server_status", kind="server_status")
        assert next(status.descendants("in_progress")).text == "1"
        assert b"<plan_class>qemu64</plan_class>" in (await page(rig, "apps.php", xml="1")).body
        assert b"<venue>home</venue>" in (await page(rig, "show_user.php", auth=key_of(rig.volunteer), format="xml")).body
        assert (await page(rig, "rss_main.php")).body.count(b"<item>") == 1
        assert b"no pages" in (await page(rig, "home.php")).body
        empty = await page(rig, "stats/user.gz")
        await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        users = await page(rig, "stats/user.gz")
        assert b"<total_credit>50.000000</total_credit>" in gzip.decompress(users.body)
        assert gzip.decompress(empty.body).count(b"<user>") == 0
        assert gzip.decompress((await page(rig, "stats/team.gz")).body).count(b"<team>") == 1
        assert gzip.decompress((await page(rig, "stats/host.gz")).body).count(b"<host>") == 1
        assert b"<nusers_total>1<" in (await page(rig, "stats/tables.xml")).body
        for condition in ({"If-None-Match": users.headers["ETag"]}, {"If-Modified-Since": users.headers["Last-Modified"]}):
            with pytest.raises(errors.RequestRefused) as refused:
                await page(rig, "stats/user.gz", condition)
            assert refused.value.status == 304
        assert (await page(rig, "stats/user.gz", {"If-Modified-Since": "yesterday"})).status == 200
        with pytest.raises(errors.RequestRefused):
            await page(rig, "stats/other.gz")


async def test_exports_as_the_client_fetches_them(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        folder = tmp_path / "stats"
        downloads = Downloads(rig.http, folder, rate=Rate(RealClock()), now=rig.now)
        statistics = Statistics(rig.http, downloads, folder, master_url=rig.project.address, now=rig.now)
        empty = await statistics.get("user.gz", metered=False)
        await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        assert await statistics.get("user.gz", metered=False) == empty
        rig.now.now += WEEK
        users = list(records(unpacked(statistics.path(await statistics.get("user.gz", metered=False))), "user"))
        assert [number_of(user[b"total_credit"]) for user in users] == [50.0]


async def test_whose_key_it_is(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        config = await rig.volunteer.attach(rig.project.address, name="Zoë")
        accounts, key = rig.volunteer.accounts, rig.project.book.accounts[1].weak_key
        assert await accounts.holder(config, key_of(rig.volunteer)) == "Zoë"
        assert await accounts.holder(config, key) == "Zoë"
        for wrong in ("f" * 32, f"2_{key.partition('_')[2]}"):
            with pytest.raises(errors.KeyRefused):
                await accounts.holder(config, wrong)
        with pytest.raises(errors.KeyMalformed):
            await accounts.holder(config, f"1_{'f' * 31}")
        assert rig.project.complaints == []


async def test_a_project_that_is_closed_or_down(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        config = await rig.volunteer.attach(rig.project.address)
        rig.project.settings = replace(QUICK, closed=True)
        with pytest.raises(errors.AccountCreationClosed):
            await rig.volunteer.attach(rig.project.address)
        rig.project.settings = replace(QUICK, web_stopped=True)
        with pytest.raises(errors.ProjectDown):
            await rig.volunteer.accounts.config(rig.project.address)
        with pytest.raises(errors.ProjectDown):
            await rig.volunteer.accounts.look_up(config, email="v@example.org", password="long enough")  # noqa: S106 (of no use)
        with pytest.raises(errors.ProjectDown):
            await rig.volunteer.accounts.info(config, key_of(rig.volunteer))
        rig.project.settings = QUICK
        account: dict[str, Any] = {"email": "w@example.org", "password": "long enough", "name": "W"}
        with pytest.raises(errors.InviteCodeNeeded):
            await rig.volunteer.accounts.create(replace(config, invite_code_required=False, account_creation_disabled=False), consent=True, **account)
        with pytest.raises(errors.ConsentNeeded):
            await rig.volunteer.accounts.create(replace(config, terms_of_use=""), invite_code="t4t-demo", **account)
        with pytest.raises(errors.RequestRefused) as refused:
            await rig.http.post(rig.project.address, b"")
        assert refused.value.status == 405


async def test_a_state_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir(parents=True)
    (tmp_path / "project" / "project.json").write_bytes(b"{")
    for _ in range(2):  # the second time shows that nothing is left locked
        with pytest.raises(FolderUnwritable):
            async with demo_rig(tmp_path):
                pass


async def test_a_port_that_is_taken(tmp_path: Path) -> None:
    async with demo_rig(tmp_path / "a") as one:
        port = int(one.project.address.split(":")[2].partition("/")[0])
        with pytest.raises(OSError, match=str(port)):
            async with demo_rig(tmp_path / "b", port=port):
                pass
        async with demo_rig(tmp_path / "b") as other:
            other.project.book.port = port
            other.project._ledger.save()
        async with demo_rig(tmp_path / "b") as other:
            assert other.project.address != one.project.address


async def test_a_judge_that_can_not_look(tmp_path: Path) -> None:
    async def blind(_runspec: str, _result: Path) -> str:
        raise OSError(5, "Input/output error")

    async with demo_rig(tmp_path, judge=blind) as rig:
        task = await begun(rig)
        await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        assert rig.project.book.tasks[task.result.name].why == "it could not be checked: Input/output error"


async def test_a_new_computer_that_does_not_count_from_zero(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        assert rig.volunteer.state is not None
        body = write_request(rig.volunteer.request(rig.volunteer.state, NOTHING)).replace(b"<rpc_seqno>0<", b"<rpc_seqno>3<")
        body = body.replace(b"<other_results>\n</other_results>\n", b"")
        body = body.replace(b"<work_req_seconds>0", b"<work_req_seconds>9")
        reply = read_scheduler_reply((await rig.http.post(f"{rig.project.address[:-4]}_cgi/cgi".replace("/_", "/t4t_"), body)).body)
        assert reply.hostid == 1
        assert rig.project.complaints == ["a computer without id counts from 3"]


async def test_files_that_are_not_handed_out(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        for name in ("download/none", "download/none.input", "download/..%2F..%2Fproject.json", "download/code_sign_private.pem", "nothing.php"):
            with pytest.raises(errors.RequestRefused) as refused:
                await rig.http.get(f"{rig.project.address}{urlencode({'': name})[1:].replace('%2F', '/') if '%' not in name else name}")
            assert refused.value.status == 404
