"""All attached projects: run side by side, shown as one, handing their tasks to the engine and taking them back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from typing import TYPE_CHECKING, Final, Protocol

from t4t.boinc import showing
from t4t.boinc.client import Client
from t4t.boinc.folder import SLOTS
from t4t.domain import notice_list, time_stats
from t4t.domain.account import master_url
from t4t.domain.errors import T4TError
from t4t.domain.file_names import project_folder
from t4t.domain.preferences import Preferences
from t4t.domain.progress import IntermediateUpload, Outcome, Trickle
from t4t.domain.project_errors import AddressRefused, NotAttached, WorkUnreported
from t4t.domain.project_state import Reason
from t4t.domain.project_task import Stage
from t4t.domain.scheduler_request import EXIT_ABORTED_BY_USER
from t4t.domain.vm import VmState
from t4t.engine.showing import notice_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from t4t.boinc.community import Communities
    from t4t.boinc.keys import Keys
    from t4t.boinc.surroundings import Surroundings
    from t4t.domain.boards import BoardsView
    from t4t.domain.community import CommunityView
    from t4t.domain.project import ProjectConfig
    from t4t.domain.project_view import ImportantNotice, Keep, ProjectDetails, ProjectView
    from t4t.domain.session import NoticeView
    from t4t.engine.source import Spool

_log = logging.getLogger(__name__)

_TICK_S: Final = 60.0
_TALLY_S: Final = 600.0
"""How often the measured times are written down."""


class DemoHost(Protocol):
    """Has a project of its own for who wants to try how this goes."""

    async def join(self) -> None:
        """Open it and work for it from now on."""
        ...

    async def leave(self) -> None:
        """Work for it no longer."""
        ...


class Projects:
    """See `t4t.engine.parts.Patron` and `t4t.engine.source.TaskSource`; the spool's tasks are handed out after the projects'."""

    def __init__(self, around: Surroundings, keys: Keys, spool: Spool) -> None:
        """Nothing runs before `running`."""
        self._around = around
        self._keys = keys
        self._spool = spool
        self._book = around.book
        around.allowance.used = dict(around.book.used)
        self._clients = {name: Client(name, around) for name in sorted(self._book.projects)}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._goes = False
        self._tally_at = 0.0
        self._on_metered = True
        self._metered: bool | None = None
        self._communities: Communities | None = None
        self._demo: DemoHost | None = None
        self._when_answered: Callable[[], None] | None = None
        around.answered = self._answered

    @property
    def attached(self) -> bool:
        """Whether there is a project."""
        return bool(self._clients)

    def give(self, *, tasks: int, cores: int, preferences: Mapping[str, Any], time: float, on_metered: bool = True) -> None:
        """What the volunteer gives from now on: ``preferences`` in BOINC's words, of which the last was changed at ``time``.

        ``on_metered``: files go over networks that cost by the byte, too.
        """
        self._around.tasks, self._around.cores = tasks, cores
        self._on_metered = on_metered
        self._guard()
        self._around.wanted, self._around.wanted_time = preferences, time
        self._apply_limits()
        self._look()

    def network_costs(self, *, metered: bool | None) -> None:
        """Whether the way out costs by the byte; None: not known, and nothing is held back."""
        if metered is not self._metered:
            self._metered = metered
            self._guard()

    def _guard(self) -> None:
        """Files wait on a network that costs; contacts, which are small, do not."""
        go = self._on_metered or not self._metered
        if go is not self._around.gate.is_open:
            self._around.gate.let(go=go)
            self._look()
            self._around.workshop.scan()

    @property
    def moved(self) -> tuple[int, int]:
        """Bytes received and sent since the start: of files, not of contacts."""
        return self._around.allowance.received, self._around.allowance.sent

    def hosts_demo(self, demo: DemoHost) -> None:
        """Who has the demo project, if somebody wants to try it."""
        self._demo = demo

    async def demo(self, *, on: bool) -> list[ProjectDetails]:
        """Work for the demo project, or no longer; raises what stands against it, `NotAttached` where nobody has one."""
        if self._demo is None:
            raise NotAttached(address="")
        await (self._demo.join() if on else self._demo.leave())
        return self.details()

    def when_answered(self, listener: Callable[[], None]) -> None:
        """Tell ``listener`` when a project has answered: the account's preferences may be others now."""
        self._when_answered = listener

    def _answered(self) -> None:
        """The limits of an answer hold before the files that come with it."""
        self._apply_limits()
        if self._when_answered is not None:
            self._when_answered()

    # --- running ---------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """While this lasts, all projects are served."""
        self._goes = True
        self._book.put_tally(time_stats.started(self._book.tally, self._around.clock.wall()))
        ticking = asyncio.create_task(self._tick(), name="time")
        for name in self._clients:
            self._start(name)
        self._around.workshop.listen(self._look)
        try:
            yield
        finally:
            self._goes = False
            await _end([ticking, *self._running.values()])
            self._running.clear()
            with contextlib.suppress(T4TError):
                self._book.put_tally(self._book.tally)
                self._book.put_used(self._around.allowance.used)
            self.sweep()

    def _look(self) -> None:
        for client in self._clients.values():
            client.look()

    def _start(self, name: str) -> None:
        self._apply_limits()
        if self._goes:
            self._running[name] = asyncio.create_task(self._clients[name].run(), name=f"project {name}")

    async def _tick(self) -> None:
        """Count the time, let go of folders that nobody needs."""
        while True:
            view = self._around.workshop.view
            computing = view is not None and any(task.vm is VmState.RUNNING for task in view.tasks)
            self._book.tally = time_stats.ticked(self._book.tally, self._around.clock.wall(), computing=computing)
            try:
                self._book.put_used(self._around.allowance.used)
                if self._around.clock.monotonic() >= self._tally_at:
                    self._tally_at = self._around.clock.monotonic() + _TALLY_S
                    self._book.put_tally(self._book.tally)
                if any(path.name not in self._book.tasks for path in (self._around.data / SLOTS).glob("*")):
                    await asyncio.to_thread(self.sweep)
            except T4TError as error:
                _log.warning("the time is not written down: %s", error)
            self._apply_limits()
            await self._around.clock.sleep(_TICK_S)

    def sweep(self) -> None:
        """Remove the folders of tasks that were acknowledged, once the engine has let go of them."""
        view = self._around.workshop.view
        used = {task.key for task in view.tasks} if view else set()
        for path in (self._around.data / SLOTS).glob("*"):
            if path.name not in self._book.tasks and path.name not in used:
                shutil.rmtree(path, ignore_errors=True)

    def _apply_limits(self) -> None:
        """The tightest of all projects' preferences for the network, which they share."""
        chosen = [client.merged().preferences for client in self._clients.values()] or [Preferences()]
        for rate, limits in ((self._around.down, [one.max_bytes_sec_down for one in chosen]), (self._around.up, [one.max_bytes_sec_up for one in chosen])):
            rate.limit(min((limit for limit in limits if limit > 0), default=0.0))
        tightest = min(chosen, key=lambda one: one.daily_xfer_limit_mb / one.daily_xfer_period_days if one.daily_xfer_period_days else float("inf"))
        self._around.allowance.limit_mib, self._around.allowance.period_days = tightest.daily_xfer_limit_mb, tightest.daily_xfer_period_days

    # --- tasks, for the engine -------------------------------------------------------------------------------------

    @property
    def place(self) -> Path:
        """See `TaskSource.place`: what projects bring is told by `Workshop.scan`."""
        return self._spool.place

    def folders(self) -> Sequence[Path]:
        """See `TaskSource.folders`: those due first, then the spool's."""
        ready = [folder for client in self._clients.values() for folder in client.handed_out()]
        return (*ready, *(path for path in self._spool.folders() if path.name not in self._book.tasks))

    def ended(self) -> Sequence[Path]:
        """See `TaskSource.ended`."""
        mine = [client.care.slot(task) for client in self._clients.values() for task in client.care.tasks if task.report is not None]
        return (*mine, *self._spool.ended())

    def retire(self, folder: Path, outcome: Outcome) -> None:
        """See `TaskSource.retire`."""
        if folder.parent != self._around.data / SLOTS:
            self._spool.retire(folder, outcome)
            if self._around.once:
                self._around.workshop.quit()
            return
        task = self._book.tasks.get(folder.name)
        if task is not None:
            self._clients[task.project].care.retire(task, outcome)

    def heard(self, task: str, news: Trickle | IntermediateUpload) -> None:
        """See `Patron.heard`."""
        held = self._book.tasks.get(task)
        if held is None:
            return
        care = self._clients[held.project].care
        try:
            if isinstance(news, Trickle):
                care.trickle(held, news.name, news.data)
            else:
                care.upload_early(held, self._around.data / news.path)
        except T4TError as error:
            _log.warning("what %s said is lost: %s", task, error)

    def most_cores(self, task: str) -> int:
        """See `Patron.most_cores`."""
        held = self._book.tasks.get(task)
        return 0 if held is None else self._clients[held.project].limits.max_cpus

    def name_of(self, folder: Path) -> str:
        """The server's name for the task in one of `folders`."""
        return self._book.tasks[folder.name].name

    def give_back(self, folder: Path, why: str) -> None:
        """The volunteer does not want the task in one of `folders`: its project gets it back."""
        task = self._book.tasks[folder.name]
        self._clients[task.project].care.abort(task, exit_status=EXIT_ABORTED_BY_USER, why=why)

    # --- showing ---------------------------------------------------------------------------------------------------

    def notices(self) -> list[NoticeView]:
        """See `Patron.notices`."""
        return [notice_view(error) for client in self._clients.values() for error in client.troubles()]

    def important(self) -> tuple[ImportantNotice, ...]:
        """See `Patron.important`."""
        return showing.important(self._clients.values(), self._book)

    def views(self) -> tuple[ProjectView, ...]:
        """See `Patron.views`."""
        return tuple(self._view(client) for client in self._clients.values())

    def _view(self, client: Client) -> ProjectView:
        return showing.view(client, self._book, now=self._around.clock.wall(), metered=not self._around.gate.is_open)

    # --- for the volunteer -----------------------------------------------------------------------------------------

    def details(self) -> list[ProjectDetails]:
        """All projects with their notices."""
        return [self._details(client) for client in self._clients.values()]

    def _details(self, client: Client) -> ProjectDetails:
        return showing.details(client, self._book, self._view(client))

    def mark_read(self, ids: Sequence[str]) -> None:
        """These notices were seen."""
        for name in self._clients:
            self._book.put_kept(name, news=notice_list.marked_read(self._book.kept(name).news, frozenset(ids)))
        self._around.workshop.scan()

    def unlock(self, passphrase: str) -> None:
        """Open the file with the keys, or begin one; raises `PassphraseWrong` or `KeyFileUnreadable`. Blocks for a moment."""
        self._keys.unlock(passphrase)

    def keys_changed(self) -> None:
        """What had no key may have one now."""
        for client in self._clients.values():
            client.key_given()

    async def attach(self, config: ProjectConfig, key: str, keep: Keep, *, host_cpid: str = "") -> ProjectDetails:
        """Work for a project from now on; one that is attached already gets the new key. Raises what keeping the key raises."""
        self._keys.place = keep
        state = await asyncio.to_thread(lambda: self._around.attachments.attach(config, key, host_cpid=host_cpid))
        name = project_folder(state.master_url)
        if name not in self._book.projects:
            self._book.put_project(state)
        if name not in self._clients:
            self._clients[name] = Client(name, self._around)
            self._start(name)
            self._around.note("attached", state.project_name, "")
        self._clients[name].key_given()
        self._around.workshop.scan()
        return self._details(self._clients[name])

    def _named(self, address: str) -> Client:
        """The project at an address; the only one if none is named. Raises `NotAttached`."""
        if not address and len(self._clients) == 1:
            return next(iter(self._clients.values()))
        with contextlib.suppress(AddressRefused):
            wanted = {address, project_folder(master_url(address))} if address else set()
            for client in self._clients.values():
                if client.name in wanted or client.state.project_name == address:
                    return client
        raise NotAttached(address=address)

    async def update(self, address: str) -> ProjectDetails:
        """Contact the project now; raises what went wrong, or `NotAttached`."""
        client = self._named(address)
        error = await (client.update() if self._goes else client.contact(Reason.USER))  # without an agent nothing is fetched
        if error is not None:
            raise error
        return self._details(client)

    async def community(self, address: str, *, fetch: bool, agreed: bool) -> CommunityView:
        """All volunteers of the project: what is known here, or (``fetch``) the newest, see `Communities.ask`. Raises `NotAttached` and what asking raises."""
        client = self._named(address)
        everybody = self._everybody
        return await (everybody.ask(client.name, client.state, agreed=agreed) if fetch else everybody.look(client.name, client.state))

    async def boards(self, address: str, *, fetch: bool) -> BoardsView:
        """What is new on its message boards, as `community`: what is known here, or (``fetch``) the newest, see `Communities.ask_boards`."""
        client = self._named(address)
        everybody = self._everybody
        return await (everybody.ask_boards(client.name, client.state) if fetch else everybody.look_at_boards(client.name))

    @property
    def _everybody(self) -> Communities:
        if self._communities is None:
            from t4t.boinc.community import Communities  # noqa: PLC0415 - who lives long should not carry what is asked for once a week, if ever

            self._communities = Communities(self._around)
        return self._communities

    async def detach(self, address: str, *, force: bool = False) -> str:
        """Give back what is not done, report what is, and forget the project with its key and files; its name.

        Raises `WorkUnreported`, or why the project could not be told; with ``force`` neither.
        """
        client = self._named(address)
        name = client.state.project_name or client.state.master_url
        unsent = [task for task in client.care.tasks if task.stage is Stage.SENDING]
        if unsent and not force:
            raise WorkUnreported(project=name, tasks=len(unsent))
        error = await client.leave()
        if error is not None and not force:
            client.leaving = False
            raise error
        running = self._running.pop(client.name, None)
        if running is not None:
            await _end([running])
        await asyncio.to_thread(self._around.attachments.detach, client.state)
        del self._clients[client.name]
        self._book.forget_project(client.name)
        await self._everybody.forget(client.name)
        await asyncio.to_thread(shutil.rmtree, client.care.files, ignore_errors=True)
        self._around.note("detached", name, "")
        self._around.workshop.scan()
        return name


async def _end(ending: Sequence[asyncio.Task[None]]) -> None:
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
