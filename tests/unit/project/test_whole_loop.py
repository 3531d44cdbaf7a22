"""From an address to a reported task with all parts of the wire, while the server breaks down at each request in turn.

What the engine will do is done here by a few lines: nothing may be lost, reported twice or asked too early, whatever breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.file_server import FileServer, Raw, Serve, Status, head
from support.small_project import IMAGE, KEY, Signer, SmallProject
from t4t.domain.assignment import NewTask, work_of
from t4t.domain.backoff import TRANSFER
from t4t.domain.errors import Retry
from t4t.domain.preferences import AccountPreferences, merge
from t4t.domain.project_errors import ProjectError, TooEarly, UserNameInUse
from t4t.domain.project_state import Finished, Needs, ProjectState, Reason, allowed_at, next_contact
from t4t.domain.scheduler_plan import Holdings, plan_request
from t4t.domain.scheduler_request import DiskUsage, FinishedTask, HeldTask, HostInfo, NetStats, SchedulerRequest, TimeStats, WorkRequest
from t4t.host.clock import RealClock
from t4t.project.account import Accounts
from t4t.project.attachment import Attachments
from t4t.project.scheduler import Scheduler
from t4t.project.signing import SigningKey
from t4t.project.upload import Uploads
from t4t.storage.secrets import MemoryVault
from t4t.transfer.download import Downloads, Wanted
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from support.file_server import Answer, Request
    from t4t.domain.project import FileInfo, ProjectConfig

RESULT = b"histograms " * 2000
SIGNER = Signer()


class Volunteer:
    """One computer with one project."""

    def __init__(self, http: Http, folder: Path, now: list[float], url: str) -> None:
        self.now = now
        self.url = url
        self.folder = folder
        self.attachments = Attachments(folder / "projects", MemoryVault())
        self.accounts = Accounts(http, RealClock(), source="t4t")
        self.scheduler = Scheduler(http, save=self.attachments.save, now=lambda: now[0], chance=lambda: 0.0, new_cpid=lambda: "n")
        rate = Rate(RealClock())
        self.downloads = Downloads(http, folder / "files", rate=rate)
        self.uploads = Uploads(http, rate)
        self.tasks: dict[str, NewTask] = {}
        self.finished: dict[str, FinishedTask] = {}
        self.contacts = 0

    async def patiently(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Again after a pause as long as that may help; a person would answer what only a person can."""
        for failures in range(1, 9):
            try:
                return await work()
            except UserNameInUse:  # what a broken server looks like here; the volunteer tries once more
                continue
            except ProjectError as error:
                if error.retry is not Retry.BACKOFF and error.code not in FOR_PEOPLE:
                    raise
                self.now[0] += TRANSFER.seconds(failures, 1.0)
        raise AssertionError("it never went well")

    async def attach(self) -> ProjectState:
        config: ProjectConfig = await self.patiently(lambda: self.accounts.config(self.url))

        async def create() -> str:
            return await self.accounts.create(
                config,
                email="v@example.org",
                password="long enough",  # noqa: S106 (of no use)
                name="V",
                invite_code="code",
                consent=True,
            )

        return self.attachments.attach(config, await self.patiently(create))

    def request(self, state: ProjectState) -> SchedulerRequest:
        key = self.attachments.key(state)
        assert key == KEY
        held = tuple(HeldTask(name=name, version=task.version.key) for name, task in self.tasks.items())
        return plan_request(
            state,
            key,
            brand="t4t",
            host=HostInfo(),
            platforms=("p",),
            merged=merge(AccountPreferences(), {}),
            work=WorkRequest() if self.tasks.keys() - self.finished.keys() else WorkRequest(seconds=1.0, instances=1.0),
            holdings=Holdings(
                tasks=held, finished=tuple(self.finished.values()), versions=tuple({t.version.key: t.version for t in self.tasks.values()}.values())
            ),
            disk=DiskUsage(),
            times=TimeStats(),
            net=NetStats(),
        )

    async def contact(self, state: ProjectState) -> ProjectState:
        """When it is time, and never before."""
        needs = Needs(finished=tuple(Finished(since=self.now[0], deadline=self.now[0] + 9e5, immediately=True) for _ in self.finished), work=not self.tasks)
        while (reason := next_contact(state, needs, self.now[0])) is None:
            later = min(time for time in (allowed_at(state), state.work_until) if time > self.now[0])
            early = await self.scheduler.exchange(state, self.request, Reason.WORK) if allowed_at(state) > self.now[0] else None
            assert early is None or isinstance(early.error, TooEarly)
            self.now[0] = later
        exchange = await self.scheduler.exchange(state, self.request, reason)
        state = exchange.state
        self.now[0] = max(self.now[0], state.master_until)
        for name in exchange.acknowledged:
            del self.tasks[name], self.finished[name]
        if exchange.reply is not None and exchange.error is None:
            work = work_of(exchange.reply, self.tasks, {}, {})
            assert work.refused == ()
            self.tasks |= {task.result.name: task for task in work.tasks}
        assert self.attachments.load(state.master_url) == state
        return state

    async def compute(self, task: NewTask, state: ProjectState) -> None:
        """Fetch, check, "compute", send."""
        key = SigningKey(state.code_sign_key)
        for info in task.programs:
            path = await self.patiently(lambda info=info: self.downloads.fetch(wanted(info, key)))  # type: ignore[misc]  # a default can't be typed
            assert path.stat().st_size == info.nbytes
        for info in task.inputs:
            await self.patiently(lambda info=info: self.downloads.fetch(wanted(info, None)))  # type: ignore[misc]  # a default can't be typed
        result = self.folder / "output"
        result.write_bytes(RESULT)
        files = tuple([await self.patiently(lambda info=info: self.uploads.send(info, result)) for info in task.outputs])  # type: ignore[misc]  # as above
        version = task.version
        self.finished[task.result.name] = FinishedTask(
            name=task.result.name, platform=version.platform, version_num=version.version_num, plan_class=version.plan_class, files=files
        )


FOR_PEOPLE = {"T4T-NET-04", "T4T-NET-05", "T4T-PRJ-04"}
"""What a broken server may answer that only a person would try again: refused, sent elsewhere, no project."""


def wanted(info: FileInfo, key: SigningKey | None) -> Wanted:
    def verify(md5: str) -> None:
        if key:
            key.check(file=info.name, md5=md5, signature=info.file_signature)

    return Wanted(
        name=info.name,
        urls=info.urls,
        gzipped_urls=info.gzipped_urls,
        nbytes=info.nbytes,
        gzipped_nbytes=info.gzipped_nbytes,
        md5=info.md5_cksum,
        verify=verify,
    )


async def run(folder: Path, faults: dict[int, Answer], tasks: int = 2) -> SmallProject:
    """Two tasks from the first contact to the last ack."""
    now = [1.8e9]
    project = SmallProject(SIGNER, now, faults)
    http = Http("test", timeouts=Timeouts(connect=5, silence=0.3, exchange=2))
    try:
        async with FileServer([project]) as server:
            project.url = server.url
            volunteer = Volunteer(http, folder, now, f"{server.url}/t4t/")
            state = await volunteer.attach()
            for _ in range(60):
                state = await volunteer.contact(state)
                if len(project.reported) >= tasks and not volunteer.finished:
                    break
                for name, task in volunteer.tasks.items():
                    if name not in volunteer.finished:
                        await volunteer.compute(task, state)
    finally:
        await http.close()
    assert project.complaints == []
    assert project.reported[:tasks] == [f"task_{number}" for number in range(tasks)]
    assert len(project.reported) == len(set(project.reported))
    assert all(project.uploaded[f"task_{number}_out"] == RESULT for number in range(tasks))
    return project


async def test_everything_goes_well(tmp_path: Path) -> None:
    project = await run(tmp_path, {})
    assert project.log == [
        "/t4t/get_project_config.php",
        "/t4t/create_account.php",
        "/t4t/",
        "/cgi",
        "/t4t/download/job.xml",
        "/t4t/download/image.vdi.gz",
        "/t4t/download/input",
        "/upload",
        "/upload",
        "/cgi",
        "/upload",
        "/upload",
        "/cgi",
    ]
    assert (tmp_path / "files" / "image.vdi").read_bytes() == IMAGE


class Slow:
    """Says nothing for longer than we wait."""

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        await out.wait_closed()


FAULTS: dict[str, Answer] = {
    "500": Status(500),
    "503": Status(503),
    "drop": Raw(b""),
    "drop mid-body": Raw(head(200, Content_Length=1000) + b"<scheduler_reply>"),
    "slow": Slow(),
    "wrong length": Serve(b"<x/>"),
    "wrong content": Serve(b"\x1f\x8b" + b"x" * 30),
    "down": Serve(b"<!DOCTYPE html><html><title>Project down for maintenance</title>"),
    "down by XML": Serve(b"<error><error_num>-183</error_num><error_msg>Project is temporarily offline</error_msg></error>"),
    "delay": Serve(b"<scheduler_reply><request_delay>3600</request_delay><project_is_down/></scheduler_reply>"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("number", range(13))
async def test_the_server_fails_once_at_each_request(tmp_path: Path, number: int, fault: str) -> None:
    await run(tmp_path, {number: FAULTS[fault]})


@pytest.mark.parametrize("number", [3, 9])
async def test_a_reply_that_never_arrives_is_not_work_that_is_lost(tmp_path: Path, number: int) -> None:
    """The server has done its part, and the connection breaks: its tasks are sent again, its reports acknowledged again."""

    class Deaf:
        async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
            project_of_test[0]._page("/cgi", request)

    project_of_test: list[SmallProject] = []
    now = [1.8e9]
    project = SmallProject(SIGNER, now, {number: Deaf()})
    project_of_test.append(project)
    http = Http("test", timeouts=Timeouts(connect=5, silence=0.3, exchange=2))
    try:
        async with FileServer([project]) as server:
            project.url = server.url
            volunteer = Volunteer(http, tmp_path, now, f"{server.url}/t4t/")
            state = await volunteer.attach()
            for _ in range(8):
                state = await volunteer.contact(state)
                for name, task in volunteer.tasks.items():
                    if name not in volunteer.finished:
                        await volunteer.compute(task, state)
    finally:
        await http.close()
    assert project.complaints == []
    assert len(project.reported) == len(set(project.reported)) >= 3
    assert set(project.sent) - set(project.reported) <= {project.sent[-1]}
