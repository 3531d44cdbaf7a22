"""What the demo project refuses, complains of, and checks."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.demo_rig import HOST, NOTHING, QUICK, ROOM, WITH_VIRTUALBOX, begun, demo_rig, key_of, page
from t4t.demo.project import book as states
from t4t.demo.project.request import RequestBroken, read_request
from t4t.domain import project_errors as errors
from t4t.domain.no_work import NoWork, why_no_work
from t4t.domain.scheduler_request import ABORTED, DiskUsage, FinishedTask, TrickleUp, WorkRequest

if TYPE_CHECKING:
    from pathlib import Path


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
        rig.volunteer.tasks["unknown"], rig.volunteer.finished["unknown"] = task, replace(done, name="unknown")
        exchange = await rig.volunteer.contact(NOTHING)
        assert exchange.acknowledged == ("unknown",)
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
