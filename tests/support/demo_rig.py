"""The demo project with a small appliance in place of the real one, and a volunteer made of the client's own parts."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t4t.demo.project import DemoProject
from t4t.demo.project.keys import KeyPair
from t4t.demo.project.settings import Settings
from t4t.domain.assignment import NewTask, work_of
from t4t.domain.preferences import AccountPreferences, merge
from t4t.domain.project_state import ProjectState, Reason
from t4t.domain.scheduler_plan import Holdings, plan_request
from t4t.domain.scheduler_request import DiskUsage, FinishedTask, HeldTask, HostInfo, NetStats, SchedulerRequest, TimeStats, TrickleUp, WorkRequest
from t4t.host.clock import RealClock
from t4t.project.account import Accounts
from t4t.project.attachment import Attachments
from t4t.project.scheduler import Exchange, Scheduler
from t4t.project.signing import SigningKey
from t4t.project.upload import Uploads
from t4t.storage.secrets import MemoryVault
from t4t.transfer.download import Downloads, Wanted
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from t4t.domain.project import FileInfo, ProjectConfig
    from t4t.transfer.http import Reply

IMAGES = {"t4t-appliance.raw": b"raw image " * 90_000, "t4t-appliance.vdi": b"vdi image " * 80_000}
QUICK = Settings(failed_login_delay=0.0)
HOST = HostInfo(
    host_cpid="0123456789abcdef0123456789abcdef", p_ncpus=2, p_vendor="V", p_model="M", p_features="sse vmx", m_nbytes=8e9, os_name="Linux", os_version="6"
)
WITH_VIRTUALBOX = replace(HOST, virtualbox_version="7.1.6r167084")
LINUX = ("x86_64-pc-linux-gnu",)
ROOM = DiskUsage(d_project_share=5e10)
WORK = WorkRequest(seconds=1000.0, instances=1.0)
NOTHING = WorkRequest()
EMAIL = "V@example.org"
LOGIN = "long enough"


def small_appliance(folder: Path) -> Path:
    """An appliance's folder whose images are small."""
    folder.mkdir(exist_ok=True)
    files = {}
    for name, data in IMAGES.items():
        (folder / name).write_bytes(data)
        files[name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    manifest = {"version": "1", "architecture": "x86_64", "kernel": "6", "pythia": "8", "python": "3.11", "files": files}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@dataclass
class Clock:
    """Unix time that the test sets."""

    now: float = 1.8e9

    def __call__(self) -> float:
        return self.now


async def believes(_runspec: str, result: Path) -> str:
    """A judge who takes every result but the word "wrong"."""
    return "it is wrong" if result.read_bytes() == b"wrong" else ""  # noqa: ASYNC240 (some bytes)


@dataclass
class Volunteer:
    """One computer with the client's parts; ``now`` is its clock."""

    http: Http
    folder: Path
    now: Clock
    host: HostInfo = HOST
    brand: str = "t4t"
    platforms: tuple[str, ...] = LINUX
    disk: DiskUsage = ROOM
    state: ProjectState | None = None
    tasks: dict[str, NewTask] = field(default_factory=dict)
    finished: dict[str, FinishedTask] = field(default_factory=dict)
    trickles: tuple[TrickleUp, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Its parts."""
        self.attachments = Attachments(self.folder / "projects", MemoryVault())
        self.accounts = Accounts(self.http, RealClock(), source="t4t")
        self.scheduler = Scheduler(self.http, save=self.attachments.save, now=self.now, chance=lambda: 0.5, new_cpid=lambda: "e" * 32)
        self.downloads = Downloads(self.http, self.folder / "files", rate=Rate(RealClock()), now=self.now)
        self.uploads = Uploads(self.http, Rate(RealClock()))

    async def attach(self, address: str, **account: Any) -> ProjectConfig:
        """A new account, or the old one."""
        config = await self.accounts.config(address)
        given: dict[str, Any] = {"email": EMAIL, "password": LOGIN, "name": "V", "invite_code": "t4t-demo", "consent": True}
        key = await self.accounts.create(config, **(given | account))
        self.state = self.attachments.attach(config, key, host_cpid=self.host.host_cpid)
        return config

    def request(self, state: ProjectState, work: WorkRequest) -> SchedulerRequest:
        """What the client says."""
        key = self.attachments.key(state)
        assert key
        versions = {task.version.key: task.version for task in self.tasks.values()}
        made = plan_request(
            state,
            key,
            brand=self.brand,
            host=replace(self.host, host_cpid=state.host_cpid),
            platforms=self.platforms,
            merged=merge(AccountPreferences(), {}),
            work=work,
            holdings=Holdings(
                tasks=tuple(HeldTask(name=name, version=task.version.key) for name, task in self.tasks.items()),
                finished=tuple(self.finished.values()),
                versions=tuple(versions.values()),
                trickles=self.trickles,
            ),
            disk=self.disk,
            times=TimeStats(),
            net=NetStats(),
        )
        return replace(made, **self.more)

    async def contact(self, work: WorkRequest = WORK, *, reason: Reason = Reason.USER, wait: bool = True) -> Exchange:
        """One exchange with the scheduler, no earlier than it wishes unless ``wait`` is false."""
        assert self.state
        if wait:
            self.now.now = max(self.now.now, self.state.not_before)
        exchange = await self.scheduler.exchange(self.state, lambda state: self.request(state, work), reason)
        self.state = exchange.state
        for name in exchange.acknowledged:
            del self.tasks[name], self.finished[name]
        if exchange.reply is not None and exchange.error is None:
            got = work_of(exchange.reply, self.tasks, {}, {})
            assert got.refused == ()
            self.tasks |= {task.result.name: task for task in got.tasks}
        return exchange

    async def fetch(self, task: NewTask) -> dict[str, Path]:
        """All files of a task, verified."""
        assert self.state
        key = SigningKey(self.state.code_sign_key)
        found = {info.name: await self.downloads.fetch(wanted(info, key)) for info in task.programs}
        return found | {info.name: await self.downloads.fetch(wanted(info, None)) for info in task.inputs}

    async def finish(self, task: NewTask, result: bytes, *, seconds: float = 100.0, log: str = "") -> FinishedTask:
        """Send the result; it waits for its report then."""
        path = self.folder / "output.tgz"
        path.write_bytes(result)
        self.now.now += seconds
        done = FinishedTask(
            name=task.result.name,
            final_cpu_time=seconds * 0.9,
            final_elapsed_time=seconds,
            platform=task.version.platform,
            version_num=task.version.version_num,
            plan_class=task.version.plan_class,
            stderr=log,
            files=tuple([await self.uploads.send(info, path) for info in task.outputs]),
        )
        self.finished[done.name] = done
        return done


def wanted(info: FileInfo, key: SigningKey | None) -> Wanted:
    """A file as the client fetches it: programs by their signature."""

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


@dataclass
class Rig:
    """A project and its first volunteer."""

    project: DemoProject
    volunteer: Volunteer
    http: Http
    now: Clock
    folder: Path

    def another(self, name: str, **more: Any) -> Volunteer:
        """One more volunteer."""
        (self.folder / name).mkdir()
        return Volunteer(self.http, self.folder / name, self.now, **more)


async def begun(rig: Rig, work: WorkRequest = WORK) -> NewTask:
    """The first task of a new volunteer."""
    await rig.volunteer.attach(rig.project.address)
    await rig.volunteer.contact(work)
    return next(iter(rig.volunteer.tasks.values()))


async def page(rig: Rig, name: str, headers: Mapping[str, str] | None = None, /, **query: str) -> Reply:
    """A page of the project's website."""
    return await rig.http.get(f"{rig.project.address}{name}", query=query, headers=headers)


def key_of(volunteer: Volunteer) -> str:
    """The key of its account."""
    assert volunteer.state is not None
    return volunteer.attachments.key(volunteer.state) or ""


@functools.cache
def keys() -> dict[str, bytes]:
    """The project's keys, made once: that takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("code_sign_private.pem", "upload_private.pem")]
        for path in paths:
            KeyPair.kept(path)
        return {path.name: path.read_bytes() for path in paths}


@contextlib.asynccontextmanager
async def demo_rig(folder: Path, *, settings: Settings = QUICK, silence: float = 2.0, **more: Any) -> AsyncIterator[Rig]:
    """The project in ``folder``, which may have been there before."""
    now = Clock()
    http = Http("test", timeouts=Timeouts(connect=5, silence=silence, exchange=5))
    home = folder / "volunteer"
    home.mkdir(parents=True, exist_ok=True)
    (folder / "project").mkdir(mode=0o700, exist_ok=True)
    for name, data in keys().items():
        (folder / "project" / name).write_bytes(data)
    options: dict[str, Any] = {"settings": settings, "now": now, "judge": believes} | more
    try:
        async with DemoProject(folder / "project", small_appliance(folder / "appliance"), **options) as project:
            yield Rig(project, Volunteer(http, home, now), http, now, folder)
    finally:
        await http.close()
