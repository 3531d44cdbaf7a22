"""``t4t demo``: one task of the project on this computer, from account to credit, with nothing in between left out, and all of it in the foreground."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from t4t import demo
from t4t.boinc.folder import SLOTS, open_folder
from t4t.boinc.keys import Keys
from t4t.bootstrap.machines import remote
from t4t.bootstrap.net import http
from t4t.bootstrap.projects import projects_of
from t4t.bootstrap.signals import stop_on_signals
from t4t.bootstrap.tasks import wishes_of
from t4t.cli.services import DemoCredit, DemoResult
from t4t.domain.errors import FolderUnwritable, OutputUnreadable, from_wire
from t4t.domain.policy import Level
from t4t.domain.progress import IntermediateUpload, Outcome, TaskResult, Trickle
from t4t.domain.project_errors import NoWorkGiven
from t4t.domain.project_view import Keep
from t4t.domain.session import VERSION, SessionView, TrayState
from t4t.domain.settings.tree import Tree
from t4t.engine.janitor import sweep
from t4t.engine.runner import TaskRunner
from t4t.engine.source import Spool
from t4t.guest.yoda import read_result
from t4t.host.clock import RealClock
from t4t.project.account import Accounts
from t4t.storage import appliance, paths
from t4t.storage.secrets import MemoryVault
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from t4t.boinc.projects import Projects
    from t4t.cli.services import MachineOptions
    from t4t.demo.project import DemoProject
    from t4t.demo.project.book import Task
    from t4t.domain.clock import WallClock
    from t4t.domain.progress import TaskEvent
    from t4t.domain.project_view import ProjectView
    from t4t.domain.vm import Capabilities
    from t4t.engine.folder import Wishes
    from t4t.guest.yoda import ResultArchive
    from t4t.hypervisor.driver import Driver
    from t4t.transfer.http import Http

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

FOLDER: Final = "demo"
"""Below the data folder: a data folder of its own, so that a demo never meets the volunteer's real work."""
SERVER: Final = "server"
_SOURCE: Final = "t4t"
_EMAIL: Final = "volunteer@example.org"
_NAME: Final = "Volunteer"
_QUIET_S: Final = 1.0
_TERM_S: Final = 365 * 86400.0
"""Who comes back after a holiday goes on with his task."""


class Stopped(Exception):
    """Ctrl-C, while nothing is computed."""


class Bench:
    """See `t4t.boinc.surroundings.Workshop`: a single place to work at, without an engine."""

    def __init__(self) -> None:
        """What can be done here is not known yet."""
        self.capabilities: Capabilities | None = None
        self.closing = False
        """No more work is wanted."""
        self.changed = asyncio.Event()

    @property
    def view(self) -> SessionView:
        """See `Workshop.view`."""
        return SessionView(
            version=VERSION,
            serial=0,
            pid=os.getpid(),
            state=TrayState.WORKING,
            sentence=TrayState.WORKING.value,
            level=Level.FULL,
            deciding="",
            since=0.0,
            next_change=None,
            finishing=self.closing,
            hypervisor="" if self.capabilities is None else self.capabilities.hypervisor,
            save_s=0.0,
            finished=0,
            tasks=(),
            notices=(),
        )

    def listen(self, _listener: Callable[[], None]) -> None:
        """See `Workshop.listen`: what is wanted changes only when we say so."""

    def scan(self) -> None:
        """See `Workshop.scan`."""
        self.changed.set()

    def quit(self) -> None:
        """See `Workshop.quit`."""
        self.changed.set()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of it; ``kept`` is where result and log are, ``credit`` None if it was stopped before the project had looked at the result."""

    task: TaskResult
    runspec: str
    kept: Path
    credit: DemoCredit | None


class DemoRound:
    """One round; make a new one for each."""

    def __init__(self, root: Path, project: DemoProject, driver: Driver, *, wishes: Wishes, clock: WallClock, listen: Callable[[TaskEvent], None]) -> None:
        """``root`` is the data folder of the demo's volunteer; ``project`` runs already."""
        self._root = root
        self._project = project
        self._driver = driver
        self._wishes = wishes
        self._clock = clock
        self._listen = listen
        self._bench = Bench()
        self._runner: TaskRunner | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Save the VM, or end what is waited for; call it on the event loop's thread."""
        self._stopping.set()
        self._bench.changed.set()
        if self._runner is not None:
            self._runner.stop()

    async def run(self, runspec: str | None) -> Round:
        """The task that was interrupted, or a new one; of ``runspec`` if that is given. Raises leaves of `T4TError`, or `Stopped`."""
        self._bench.capabilities = await self._driver.probe()
        Spool(self._root).make()
        state = State(self._root, now=self._clock.wall)
        connections = http(Tree())
        keys = Keys(self._root, str, keyring=lambda _folder: MemoryVault())  # the server is ours: nobody's keyring is asked for the key to it
        projects = projects_of(self._root, state, connections, clock=self._clock, cores=self._wishes.cores, once=True, workshop=self._bench, keys=keys)
        try:
            return await self._round(projects, connections, runspec)
        finally:
            await connections.close()
            state.close()

    async def _round(self, projects: Projects, connections: Http, runspec: str | None) -> Round:
        await self._sign_in(projects, connections)
        async with projects.running():
            folder, given = await self._task(projects, runspec)
            await sweep(self._driver, projects, self._root, tell=_write_down)
            result = await self._compute(folder, projects)
            line = self._project.book.jobs[given.job].runspec
            if result.outcome is Outcome.SAVED:
                return Round(task=result, runspec=line, kept=folder, credit=None)
            kept = await asyncio.to_thread(_keep, self._root, folder, result, line)
            outputs = tuple(str(kept / Path(output).name) for output in result.outputs)
            self._bench.closing = True
            projects.retire(folder, result.outcome)
            credit = None
            with contextlib.suppress(Stopped):  # there is a result to show
                credit = await self._credit(projects, given)
            return Round(task=dataclasses.replace(result, outputs=outputs), runspec=line, kept=kept, credit=credit)

    # --- the account -----------------------------------------------------------------------------------------------

    async def _sign_in(self, projects: Projects, connections: Http) -> None:
        """Join the project, as any volunteer does; who has joined gets in again. A project at another address than the last time is another one."""
        accounts = Accounts(connections, self._clock, source=_SOURCE)
        config = await accounts.config(self._project.address)
        for view in projects.views():
            if view.url != config.master_url:
                await projects.detach(view.url, force=True)
        known = next(iter(self._project.book.accounts.values()), None)
        key = known.key if known is not None else await self._join(accounts)
        await projects.attach(config, key, Keep.RUN)

    async def _join(self, accounts: Accounts) -> str:
        config = await accounts.config(self._project.address)
        code = self._project.settings.invite_code
        return await accounts.create(config, email=_EMAIL, password=secrets.token_urlsafe(), name=_NAME, invite_code=code, team="", consent=True)

    # --- the task --------------------------------------------------------------------------------------------------

    async def _task(self, projects: Projects, runspec: str | None) -> tuple[Path, Task]:
        """The folder of the task that is to be computed, all its files in place, and what the server knows of it."""
        while True:
            self._bench.changed.clear()
            for folder in projects.folders():
                given = self._project.book.tasks[projects.name_of(folder)] if folder.parent.name == SLOTS else None
                if given is not None and runspec in {None, self._project.book.jobs[given.job].runspec}:
                    return folder, given
                if given is not None:
                    projects.give_back(folder, "another job is wanted")
            for notice in projects.notices():
                raise from_wire({"code": notice.code, "data": notice.data})
            view = projects.views()[0]
            if view.held:
                await self._or_stop(self._bench.changed.wait())
                continue
            view = await self._contact(projects, view)
            if not view.held:
                raise NoWorkGiven(project=view.name, message=" ".join(view.said))

    async def _contact(self, projects: Projects, view: ProjectView) -> ProjectView:
        """Speak with the scheduler, not before it wishes."""
        if view.next_request is not None:
            await self._or_stop(self._clock.sleep(view.next_request - self._clock.wall()))
        return (await self._or_stop(projects.update(view.url))).project

    async def _compute(self, folder: Path, projects: Projects) -> TaskResult:
        def heard(event: TaskEvent) -> None:
            if isinstance(event, Trickle | IntermediateUpload):
                projects.heard(folder.name, event)
            self._listen(event)

        task = await asyncio.to_thread(open_folder, folder)
        self._runner = TaskRunner(task, self._driver, data_dir=self._root, wishes=self._wishes, clock=self._clock, listen=heard)
        if self._stopping.is_set():
            raise Stopped
        try:
            return await self._runner.run()
        finally:
            self._runner = None

    async def _credit(self, projects: Projects, given: Task) -> DemoCredit:
        """Once the result is uploaded, reported and looked at."""
        while projects.views()[0].held:
            self._bench.changed.clear()
            for notice in projects.notices():
                raise from_wire({"code": notice.code, "data": notice.data})
            await self._or_stop(self._bench.changed.wait())
        await self._or_stop(self._project.settled())
        view = await self._contact(projects, projects.views()[0])
        return DemoCredit(project=view.name, address=view.url, valid=given.credit > 0, why=given.why, granted=given.credit, total=view.user_total)

    async def _or_stop(self, work: Coroutine[Any, Any, _T]) -> _T:
        """The outcome of ``work``; raises `Stopped` if somebody has had enough before."""
        doing, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait((doing, stopped), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise Stopped
            return doing.result()
        finally:
            for one in (doing, stopped):
                one.cancel()
            await asyncio.gather(doing, stopped, return_exceptions=True)


def _write_down(what: str, detail: str = "", *, task: str = "", lost_s: float = 0.0) -> None:
    """The demo has no history but its log."""
    _log.info("%s %s %s %s", what, detail, task, lost_s)


def _keep(root: Path, folder: Path, result: TaskResult, runspec: str) -> Path:
    """The task's folder goes when the project has its report; what a person wants to see stays. Raises `FolderUnwritable`."""
    try:
        kept = demo.next_folder(root)
        (kept / demo.INPUT).write_text(runspec + "\n", encoding="utf-8")
        for path in (*map(Path, result.outputs), folder / demo.CONSOLE):
            if path.is_file():
                shutil.copyfile(path, kept / path.name)
    except OSError as error:
        raise FolderUnwritable(path=str(root), reason=error.strerror or str(error)) from error
    return kept


def run_demo(data: Path, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> DemoResult:
    """See `Services.run_demo`."""
    line = None if runspec is None else demo.checked(runspec)
    found = appliance.load(paths.appliance_dir(data))
    found.verified(appliance.DISK)
    try:
        done = asyncio.run(_run(data, options, line, listen))
    except Stopped:
        raise KeyboardInterrupt from None
    archive, result = _archive(done.task)
    return DemoResult(
        task=done.task,
        runspec=done.runspec,
        folder=done.kept,
        result=result,
        picture=_picture(done.kept, done.runspec, archive) if archive else None,
        histograms=archive.histograms if archive else (),
        job=archive.job if archive else {},
        credit=done.credit,
    )


async def _run(data: Path, options: MachineOptions, runspec: str | None, listen: Callable[[TaskEvent], None]) -> Round:
    from t4t.demo.project import DemoProject  # noqa: PLC0415 - an HTTP server that few verbs need
    from t4t.demo.project.settings import Settings  # noqa: PLC0415 - as above

    root = data / FOLDER
    settings = Settings(request_delay=_QUIET_S, deadline=_TERM_S, tries=1)
    if runspec is not None:
        settings = dataclasses.replace(settings, runspecs=(runspec.replace("{", "{{").replace("}", "}}"),))
    driver = remote(options.hypervisor, root, log=data / "logs" / "vm-host.log")
    try:
        async with DemoProject(root / SERVER, paths.appliance_dir(data), settings=settings) as project:
            round_ = DemoRound(root, project, driver, wishes=wishes_of(options), clock=RealClock(), listen=listen)
            with stop_on_signals(round_.stop):
                return await round_.run(runspec)
    finally:
        await driver.close()


def _archive(result: TaskResult) -> tuple[ResultArchive | None, Path | None]:
    path = next((Path(output) for output in result.outputs if Path(output).name == demo.RESULT), None)
    if path is None or result.outcome is not Outcome.DONE:
        return None, path
    try:
        return read_result(path), path
    except OutputUnreadable as error:
        if result.hypervisor == "fake":
            _log.info("the fake guest's result: %s", error)
            return None, path
        raise


def _picture(folder: Path, runspec: str, archive: ResultArchive) -> Path | None:
    """Render the histograms; Qt is loaded only here and only now. A computer without Qt's libraries still has its result."""
    path = folder / "histograms.png"
    try:
        from t4t.gui.picture import render_png  # noqa: PLC0415 - 50 MB that most runs do not need
    except ImportError as error:
        _log.warning("no picture: %s", error)
        return None
    render_png(archive.histograms, path, title="Test4Theory", subtitle=runspec)
    return path
