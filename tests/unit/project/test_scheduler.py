"""Whole exchanges over loopback: what is written down before, what is understood after, and that failures never get lost or repeated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from support.file_server import FileServer, Raw, Serve, Status
from t4t.domain import project_errors as errors
from t4t.domain.preferences import Preferences
from t4t.domain.project_state import ProjectState, Reason
from t4t.domain.scheduler_request import FinishedTask, HostInfo, SchedulerRequest, WorkRequest
from t4t.project.scheduler import Exchange, Scheduler
from t4t.transfer.http import Http, Timeouts
from unit.project.recorded import FOLDER, request_body, root

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.file_server import Answer

NOW = 1.8e9
KEY = "68cfddaba9e4fbd9895879015a00be8e"


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def recorded(name: str) -> Answer:
    return Raw((FOLDER / f"{name}.response").read_bytes())


class Rig:
    """A scheduler with everything written down."""

    def __init__(self, http: Http, chance: float = 0.0) -> None:
        self.saved: list[ProjectState] = []
        self.chance = chance
        self.scheduler = Scheduler(http, save=self.saved.append, now=lambda: NOW, chance=lambda: self.chance, new_cpid=lambda: "new")

    def make(self, state: ProjectState) -> SchedulerRequest:
        assert self.saved[-1] == state  # the number that leaves is on disk before
        return SchedulerRequest(
            authenticator=KEY,
            hostid=state.hostid,
            rpc_seqno=state.rpc_seqno,
            platforms=("x86_64-pc-linux-gnu",),
            preferences=Preferences(),
            host_info=HostInfo(host_cpid=state.host_cpid),
            work=WorkRequest(seconds=1.0),
            code_sign_key=state.code_sign_key,
            finished=(FinishedTask(name="Theory_rec_5_1"),),
        )

    async def ask(self, state: ProjectState, reason: Reason = Reason.WORK) -> Exchange:
        exchange = await self.scheduler.exchange(state, self.make, reason)
        assert not self.saved or exchange.state == self.saved[-1]
        return exchange


def attached(server: FileServer, **more: Any) -> ProjectState:
    fields: dict[str, Any] = {"hostid": 1, "rpc_seqno": 17, "host_cpid": "c", "scheduler_urls": (f"{server.url}/cgi",), "seen": NOW}
    return ProjectState(master_url=f"{server.url}/t4t/", **fields | more)


async def test_a_first_contact_finds_the_scheduler(http: Http) -> None:
    async with FileServer([Raw(b"")]) as server:
        page = (
            f'<!-- <scheduler>{server.url}/cgi</scheduler><scheduler>http://elsewhere.example/cgi</scheduler> --><link rel="boinc_scheduler" href="file:///x">'
        )
        server.answers = [Serve(page.encode()), recorded("real-client.05.sched-first-ask-got-work")]
        rig = Rig(http)
        exchange = await rig.ask(attached(server, hostid=0, scheduler_urls=()), Reason.FIRST)
        assert exchange.error is None
        assert [(request.method, request.target) for request in server.seen] == [("GET", "/t4t/"), ("POST", "/cgi")]
        assert (exchange.state.hostid, exchange.state.rpc_seqno, exchange.state.user_name) == (15, 0, "Real Client")
        assert exchange.state.scheduler_urls == (f"{server.url}/cgi",)
        assert exchange.state.code_sign_key.startswith("1024")
        assert b"<rpc_seqno>0<" in server.seen[1].body


async def test_acks_are_for_what_was_reported(http: Http) -> None:
    async with FileServer([recorded("sched.report_and_fetch"), recorded("sched.result_abort"), recorded("sched.trickle_up")]) as server:
        rig = Rig(http)
        first = await rig.ask(attached(server))
        assert (first.acknowledged, first.error) == (("Theory_rec_5_1",), None)
        assert b"<rpc_seqno>18<" in server.seen[0].body
        again = await rig.ask(replace(first.state, not_before=0.0))
        assert again.acknowledged == ()
        assert again.reply is not None
        assert again.reply.result_aborts == ("Theory_rec_6_0",)
        assert (await rig.ask(replace(again.state, not_before=0.0))).trickles_stored


@pytest.mark.parametrize(
    ("answer", "error", "failures"),
    [
        (recorded("sched.bad_authenticator_known_host"), errors.KeyRefused, 0),
        (recorded("sched.project_down"), errors.ProjectDown, 1),
        (recorded("sched.database_down"), errors.ProjectDown, 1),
        (recorded("sched.truncated_request"), errors.RequestUnreadable, 1),
        (recorded("sched.code_sign_key_mismatch"), errors.SigningKeyChanged, 0),
        (recorded("get_project_config.project_down"), errors.ReplyUnreadable, 1),
        (Serve(b"<scheduler_reply><userid>1</userid>"), errors.ReplyUnreadable, 1),
        (Serve(b""), errors.ReplyUnreadable, 1),
        (Status(500), errors.ServerFailed, 1),
        (Status(404), errors.RequestRefused, 1),
        (Status(302, "https://elsewhere.example/"), errors.RedirectRefused, 1),
        (Raw(b""), errors.Unreachable, 1),
    ],
)
async def test_failures(http: Http, answer: Answer, error: type[Exception], failures: int) -> None:
    async with FileServer([answer]) as server:
        rig = Rig(http)
        exchange = await rig.ask(attached(server))
        assert type(exchange.error) is error
        assert exchange.acknowledged == ()
        assert exchange.state.failures == failures
        assert len(server.seen) == 1
        assert max(exchange.state.not_before, exchange.state.failed_until) > NOW
        early = await rig.ask(exchange.state)
        assert type(early.error) is errors.TooEarly
        assert len(server.seen) == 1  # nobody was asked
        await rig.ask(exchange.state, Reason.USER)
        assert len(server.seen) == 2


async def test_another_key_of_the_project(http: Http) -> None:
    known = root(request_body("sched.code_sign_key_rotated"), "code_sign_key").text
    async with FileServer(
        [recorded("sched.code_sign_key_rotated"), recorded("sched.apple_silicon"), recorded("real-client.05.sched-first-ask-got-work")]
    ) as server:
        rig = Rig(http)
        rotated = await rig.ask(attached(server, code_sign_key=known))
        assert rotated.error is None
        assert rotated.state.code_sign_key not in {known, ""}
        forged = await rig.ask(replace(rotated.state, not_before=0.0))
        kept = rotated.state.code_sign_key
        assert (type(forged.error), forged.state.code_sign_key) in {(errors.SigningKeyChanged, kept), (type(None), kept)}
        damaged = await rig.ask(replace(forged.state, not_before=0.0, code_sign_key="1024\nnonsense"))
        assert type(damaged.error) is errors.SigningKeyUnreadable


@pytest.mark.parametrize(("chance", "asked"), [(0.0, ["a", "b", "c"]), (0.5, ["b", "c", "a"]), (1.0, ["c", "a", "b"])])
async def test_several_schedulers(http: Http, chance: float, asked: list[str]) -> None:
    async with FileServer([Status(503), Status(503), recorded("sched.no_work")]) as server:
        urls = tuple(f"{server.url}/{name}" for name in "abc")
        exchange = await Rig(http, chance).ask(attached(server, scheduler_urls=urls))
        assert exchange.error is None
        assert [request.target.strip("/") for request in server.seen] == asked
    async with FileServer([Status(503)]) as server:
        exchange = await Rig(http, chance).ask(attached(server, scheduler_urls=(f"{server.url}/a", f"{server.url}/b")))
        assert type(exchange.error) is errors.ServerFailed
        assert (exchange.state.failures, len(server.seen)) == (1, 2)


async def test_a_project_without_scheduler(http: Http) -> None:
    async with FileServer([Serve(b"<html>nothing"), Status(500)]) as server:
        rig = Rig(http)
        none = await rig.ask(attached(server, scheduler_urls=()))
        assert type(none.error) is errors.NoScheduler
        waiting = await rig.ask(none.state)
        assert (type(waiting.error), len(server.seen)) == (errors.NoScheduler, 1)
        down = await rig.ask(replace(none.state, master_until=0.0))
        assert type(down.error) is errors.ServerFailed
        assert down.state.master_failures == 2


async def test_after_ten_failures_the_page_is_read_again(http: Http) -> None:
    async with FileServer([Status(500), recorded("sched.no_work")]) as server:
        exchange = await Rig(http).ask(attached(server, failures=10))
        assert exchange.error is None
        assert [request.target for request in server.seen] == ["/t4t/", "/cgi"]
        assert exchange.state.failures == 0
