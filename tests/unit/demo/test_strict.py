"""What the demo project refuses, complains of, and checks."""

from __future__ import annotations

import asyncio
import gzip
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from support.demo_rig import HOST, QUICK, ROOM, WITH_VIRTUALBOX, WORK, demo_rig
from t4t.demo.project import book as states
from t4t.demo.project.book import Credit
from t4t.demo.project.keys import KeyPair, md5_of
from t4t.demo.project.request import RequestBroken, read_request
from t4t.demo.project.settings import UPLOAD
from t4t.demo.project.validation import Physics, leaked
from t4t.domain import project_errors as errors
from t4t.domain.no_work import NoWork, why_no_work
from t4t.domain.scheduler_request import ABORTED, DiskUsage, FinishedTask, TrickleUp, WorkRequest
from t4t.host.clock import RealClock
from t4t.project.exports import number_of, records, unpacked
from t4t.project.replies import root_of
from t4t.project.request import write_upload_head
from t4t.project.signing import SigningKey
from t4t.project.statistics import WEEK, Statistics
from t4t.transfer.download import Downloads
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from support.demo_rig import Rig, Volunteer
    from t4t.domain.assignment import NewTask
    from t4t.transfer.http import Reply

NOTHING = WorkRequest()


async def begun(rig: Rig, work: WorkRequest = WORK) -> NewTask:
    """The first task of a new volunteer."""
    await rig.volunteer.attach(rig.project.address)
    await rig.volunteer.contact(work)
    return next(iter(rig.volunteer.tasks.values()))


async def page(rig: Rig, name: str, headers: Mapping[str, str] | None = None, /, **query: str) -> Reply:
    return await rig.http.get(f"{rig.project.address}{name}", query=query, headers=headers)


def key_of(volunteer: Volunteer) -> str:
    assert volunteer.state is not None
    return volunteer.attachments.key(volunteer.state) or ""


# --- results ---


async def test_a_wrong_result_earns_nothing_and_others_try_the_job(tmp_path: Path) -> None:
    async with demo_rig(tmp_path, settings=replace(QUICK, jobs=1, tries=2)) as rig:
        task = await begun(rig)
        await rig.volunteer.finish(task, b"wrong")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        assert rig.project.book.tasks[task.result.name].state == states.INVALID
        other = rig.another("other", host=replace(HOST, host_cpid="b" * 32))
        await other.attach(rig.project.address, email="w@example.org", name="W")
        await other.contact()
        (again,) = other.tasks.values()
        assert again.workunit.name == task.workunit.name
        await other.finish(again, b"wrong")
        await other.contact(NOTHING)
        await rig.project.settled()
        exchange = await other.contact()
        assert exchange.reply is not None
        assert why_no_work(exchange.reply, HOST) == (NoWork.NONE_AVAILABLE,)
        assert exchange.state.user_total_credit == 0.0


@pytest.mark.parametrize("place", ["output", "packed output", "log", "weak key"])
async def test_a_guest_that_got_the_key_fails(tmp_path: Path, place: str) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        account = rig.project.book.accounts[1]
        key = account.weak_key if place == "weak key" else account.key
        result = {"output": key.encode(), "packed output": gzip.compress(b"x" * 999 + key.encode())}.get(place, b"fine")
        await rig.volunteer.finish(task, result, log="" if "output" in place else f"init_data.xml: {key}")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        assert rig.project.book.tasks[task.result.name].state == states.INVALID
        assert rig.project.complaints == [f"the account's key came back with {task.result.name}"]


async def test_a_key_belongs_into_few_requests(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        key = key_of(rig.volunteer)
        await page(rig, "rss_main.php", auth=key)
        await page(rig, "rss_main.php", {"X-Key": key})
        await page(rig, "am_get_info.php", account_key=key)
        assert rig.project.complaints == ["a key was given to /t4t/rss_main.php"] * 2


async def test_a_report_before_its_output_is_not_believed(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        rig.volunteer.finished[task.result.name] = FinishedTask(name=task.result.name)
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        assert rig.project.book.tasks[task.result.name].state == states.INVALID
        assert rig.project.complaints == [f"{task.result.name} was reported before its output was here"]


async def test_what_was_reported_twice_counts_once(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        done = await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        rig.volunteer.tasks[done.name], rig.volunteer.finished[done.name] = task, done
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.acknowledged == (done.name,)
        assert rig.project.book.tasks[done.name].reports == 2
        assert rig.project.book.accounts[1].credit.total == 50.0


async def test_a_task_that_failed_is_for_another_computer(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        rig.volunteer.finished[task.result.name] = FinishedTask(name=task.result.name, state=ABORTED, exit_status=203)
        await rig.volunteer.contact()
        assert rig.project.book.tasks[task.result.name].state == states.FAILED
        assert [one.workunit.name for one in rig.volunteer.tasks.values()] == [task.workunit.name]


async def test_times_are_cut_to_what_can_be(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        done = await rig.volunteer.finish(task, b"r", seconds=50.0)
        rig.volunteer.finished[done.name] = replace(done, final_elapsed_time=1e9, final_cpu_time=1e9)
        await rig.volunteer.contact(NOTHING)
        known = rig.project.book.tasks[done.name]
        assert (known.elapsed_time, known.cpu_time) == (50.0, 100.0)


async def test_late_work_is_given_to_others_and_still_counts(tmp_path: Path) -> None:
    async with demo_rig(tmp_path, settings=replace(QUICK, jobs=1)) as rig:
        task = await begun(rig)
        other = rig.another("other", host=replace(HOST, host_cpid="b" * 32))
        await other.attach(rig.project.address, email="w@example.org", name="W")
        rig.now.now += 2 * QUICK.deadline
        await other.contact()
        (again,) = other.tasks.values()
        assert again.workunit.name == task.workunit.name
        await rig.volunteer.finish(task, b"r")
        await rig.volunteer.contact(NOTHING)
        await rig.project.settled()
        exchange = await other.contact(NOTHING)
        assert exchange.reply is not None
        assert exchange.reply.result_aborts_if_not_started == (again.result.name,)
        assert rig.project.book.tasks[task.result.name].state == states.VALID


# --- the scheduler ---


async def test_lost_work_is_sent_again_and_strange_work_aborted(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        rig.volunteer.tasks.clear()
        exchange = await rig.volunteer.contact()
        assert exchange.reply is not None
        assert list(rig.volunteer.tasks) == [task.result.name]
        assert exchange.reply.messages[0].text == f"Resent lost task {task.result.name}"
        rig.volunteer.tasks["strange"] = task
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.reply is not None
        assert exchange.reply.result_aborts == ("strange",)


async def test_too_early(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await begun(rig)
        exchange = await rig.volunteer.contact(wait=False)
        assert exchange.reply is not None
        assert why_no_work(exchange.reply, HOST) == (NoWork.TOO_RECENT,)
        assert rig.project.log[-1].early == QUICK.request_delay
        await rig.volunteer.contact()
        assert rig.project.log[-1].early == 0.0


async def test_counts_that_go_back_or_stand_still(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        await rig.volunteer.contact(NOTHING)
        rig.volunteer.more = {"rpc_seqno": 1}
        await rig.volunteer.contact(NOTHING)
        assert rig.project.complaints == ["request 1 of computer 1 was counted twice"]
        rig.volunteer.tasks.clear()
        rig.volunteer.more = {"rpc_seqno": 0}
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.reply is not None
        assert exchange.reply.hostid == 1
        assert rig.project.book.tasks[task.result.name].state == states.ABANDONED


async def test_an_identity_is_taken_as_it_comes(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        rig.volunteer.more = {"cross_project_id": "d" * 32}
        await rig.volunteer.contact(NOTHING)
        assert rig.project.complaints == ["the volunteer's id across projects was overwritten"]
        assert rig.project.book.accounts[1].cross_project_id == "d" * 32


async def test_a_weak_key_computes_and_changes_nothing(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        account = rig.project.book.accounts[1]
        rig.volunteer.more = {"authenticator": account.weak_key, "cross_project_id": "d" * 32}
        await rig.volunteer.contact()
        assert len(rig.volunteer.tasks) == 1
        assert account.cross_project_id != "d" * 32


async def test_keys_that_are_none(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        rig.volunteer.more = {"authenticator": "f" * 32}
        exchange = await rig.volunteer.contact()
        assert isinstance(exchange.error, errors.KeyRefused)
        assert rig.project.book.computers == {}


@pytest.mark.parametrize(
    ("host", "more", "reason"),
    [
        (HOST, {"brand": ""}, NoWork.NO_VIRTUALBOX),
        (replace(HOST, virtualbox_version="6.1.50"), {"brand": ""}, NoWork.VIRTUALBOX_TOO_OLD),
        (replace(HOST, virtualbox_version="unusable"), {"brand": ""}, NoWork.VIRTUALBOX_UNUSABLE),
        (replace(WITH_VIRTUALBOX, p_vm_extensions_disabled=True), {"brand": ""}, NoWork.NO_VIRTUALIZATION),
        (replace(WITH_VIRTUALBOX, p_features="sse"), {"brand": ""}, NoWork.NO_VIRTUALIZATION),
        (replace(HOST, m_nbytes=5e8), {}, NoWork.MEMORY),
        (HOST, {"disk": DiskUsage(d_project_share=1e9)}, NoWork.DISK),
        (HOST, {"disk": replace(ROOM, d_boinc_used_project=4.9e10)}, NoWork.DISK),
        (HOST, {"platforms": ("riscv64-unknown-linux-gnu",)}, NoWork.PLATFORM),
    ],
)
async def test_computers_that_get_no_work(tmp_path: Path, host: object, more: dict[str, object], reason: NoWork) -> None:
    async with demo_rig(tmp_path) as rig:
        volunteer = rig.another("one", host=host, **more)
        await volunteer.attach(rig.project.address)
        exchange = await volunteer.contact()
        assert exchange.reply is not None
        assert why_no_work(exchange.reply, volunteer.host) == (reason,)
        assert volunteer.tasks == {}


async def test_no_more_than_a_computer_may_hold(tmp_path: Path) -> None:
    async with demo_rig(tmp_path, settings=replace(QUICK, tasks_per_computer=3)) as rig:
        await begun(rig, WorkRequest(seconds=9.0, instances=8.0))
        await rig.volunteer.contact(WorkRequest(seconds=9.0, instances=8.0))
        assert len(rig.volunteer.tasks) == 3
        exchange = await rig.volunteer.contact()
        assert exchange.reply is not None
        assert why_no_work(exchange.reply, HOST) == (NoWork.LIMIT_REACHED,)


async def test_trickles_are_kept(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        rig.volunteer.trickles = (TrickleUp(result_name=task.result.name, time=7, variety="progress", text="<events>5</events>"),)
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.trickles_stored
        (kept,) = rig.project.book.messages
        assert (kept.result_name, kept.time, kept.variety, kept.text) == (task.result.name, 7, "progress", "<events>5</events>")


async def test_preferences_of_the_account_come_until_they_are_known(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        await rig.volunteer.attach(rig.project.address)
        account = rig.project.book.accounts[1]
        account.global_preferences = "<global_preferences>\n<mod_time>1700000000</mod_time>\n</global_preferences>"
        account.project_preferences = "<project_preferences>\n<resource_share>5</resource_share>\n</project_preferences>"
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.state.global_preferences == account.global_preferences
        assert "<resource_share>5<" in exchange.state.project_preferences
        rig.volunteer.more = {"preferences_mod_time": 1700000000.0}
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.reply is not None
        assert exchange.reply.global_preferences == ""


def envelope(inside: str = "") -> bytes:
    return f"<scheduler_request>\n<authenticator>k</authenticator>\n{inside}\n</scheduler_request>\n".encode()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "xp.get_tag() failed"),
        (b"hello", "xp.get_tag() failed"),
        (b"<scheduler_request>\n", "no end tag"),
        (envelope("<result>\n<stderr_out>text</stderr_out>\n</result>"), "no end tag"),
        (envelope("<code_sign_key>\n1024\nab"), "no end tag"),
        (envelope("<deep>" * 50), "xp.get_tag() failed"),
    ],
)
def test_requests_that_can_not_be_read(data: bytes, reason: str) -> None:
    with pytest.raises(RequestBroken, match=f"^{reason.replace('(', '.').replace(')', '.')}$"):
        read_request(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for body in (data, envelope(data.decode("latin-1"))):
        reason = ""
        try:
            read_request(body)
        except RequestBroken as error:
            reason = str(error)
        assert reason in {"", "no end tag", "xp.get_tag() failed"}


# --- uploads ---


async def test_what_arrived_before_a_break_stays(tmp_path: Path) -> None:
    over = asyncio.Event()

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            if request.path == UPLOAD:
                over.set()

    async with demo_rig(tmp_path, around=[watch]) as rig:
        task = await begun(rig)
        (info,) = task.outputs
        port = int(rig.project.address.split(":")[2].partition("/")[0])
        head = write_upload_head(info, nbytes=300_000, md5_cksum="0", offset=0)
        _source, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(f"POST {UPLOAD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(head) + 300_000}\r\n\r\n".encode() + head + b"a" * 100_000)
        out.close()
        await over.wait()
        path = rig.folder / "project" / "upload" / info.name
        assert not path.exists() or path.stat().st_size <= 100_000
        path.write_bytes(b"a" * 100_000)
        await rig.volunteer.finish(task, b"a" * 300_000)
        assert path.read_bytes() == b"a" * 300_000


@pytest.mark.parametrize(
    ("change", "leaf"),
    [
        ({"name": "../../keys"}, errors.UploadRefused),
        ({"max_nbytes": 10}, errors.UploadRefused),
        ({"name": "t4t_demo_0001_0_r1_0"}, errors.UploadRefused),
        ({"xml_signature": "ab\n."}, errors.UploadRefused),
        ({"xml_signature": ""}, errors.UploadRefused),
    ],
)
async def test_uploads_that_are_refused(tmp_path: Path, change: dict[str, object], leaf: type[Exception]) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        result = tmp_path / "r"
        result.write_bytes(b"r" * 10)
        with pytest.raises(leaf):
            await rig.volunteer.uploads.send(replace(task.outputs[0], **change), result)  # type: ignore[arg-type]  # any field
        assert list((rig.folder / "project" / "upload").iterdir()) == []


# --- pages ---


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
        users = list(records(unpacked(await statistics.get("user.gz", metered=False)), "user"))
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


async def test_files_that_are_not_handed_out(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        for name in ("download/none", "download/none.input", "download/..%2F..%2Fproject.json", "download/code_sign_private.pem", "nothing.php"):
            with pytest.raises(errors.RequestRefused) as refused:
                await rig.http.get(f"{rig.project.address}{urlencode({'': name})[1:].replace('%2F', '/') if '%' not in name else name}")
            assert refused.value.status == 404


# --- credit, keys, physics ---


def test_credit_halves_every_week() -> None:
    credit = Credit()
    credit.grant(70.0, since=1000.0, now=1000.0 + 86400)
    assert (credit.total, credit.average) == (70.0, 70.0)
    credit.grant(0.0, since=0.0, now=credit.average_time + 7 * 86400)
    assert credit.average == pytest.approx(35.0)
    before = credit.average
    credit.grant(10.0, since=0.0, now=credit.average_time)
    assert credit.average > before


def test_signatures_are_what_clients_check(tmp_path: Path) -> None:
    key = KeyPair.kept(tmp_path / "key.pem")
    public = SigningKey(key.text)
    for number in range(30):  # leading zeros come one time in 256
        md5 = md5_of(str(number))
        public.check(file="f", md5=md5, signature=key.sign(md5))
        assert key.signed(md5, key.sign(md5))
    assert not key.signed(md5_of("other"), key.sign(md5))
    assert not key.signed(md5, "zz" * 128)


def test_a_key_of_another_kind_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    KeyPair.kept(path)
    assert path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIE3xYf1ZQq0c5u1mSgqE7rVhK2p9o3b1O7kqv7bW2x1R\n-----END PRIVATE KEY-----\n")
    with pytest.raises(ValueError, match=r"key\.pem"):
        KeyPair.kept(path)


def test_leaks_are_found_in_damaged_archives_too() -> None:
    packed = gzip.compress(b"a secret is here")
    assert leaked(["secret"], [packed])
    assert leaked(["secret"], [packed[:-4]])
    assert not leaked(["secret", ""], [b"\x1f\x8b nothing"])


RUNSPEC = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 10 7"


async def test_physics_is_computed_again(tmp_path: Path, appliance_dir: Path) -> None:
    judge = Physics(appliance_dir)
    assert judge.can_compute
    data = await judge.compute(RUNSPEC)
    assert data is not None
    result = tmp_path / "output.tgz"
    result.write_bytes(data)
    assert await judge(RUNSPEC, result) == ""
    assert await judge(RUNSPEC.replace(" 7", " 8"), result) == "it is the result of another job"
    plain = bytearray(gzip.decompress(data))
    at = plain.index(b"Total")
    digit = next(i for i in range(at, len(plain)) if plain[i : i + 1].isdigit())
    plain[digit] = ord("0") + (plain[digit] - ord("0") + 1) % 10
    result.write_bytes(gzip.compress(bytes(plain)))
    assert await judge(RUNSPEC, result) == "another computation of the same events gave other bits"
    assert await Physics(tmp_path)(RUNSPEC, result) == ""
    result.write_bytes(b"nothing")
    assert "can't be read" in await judge(RUNSPEC, result)
    assert await judge.compute("boinc ee nonsense 91.2 - - pythia8 8.317 tune-monash13 10 7") is None
