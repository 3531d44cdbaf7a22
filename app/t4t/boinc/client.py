"""One attached project: when its scheduler is asked, what of, and what its reply means for the tasks here. One contact at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from t4t.boinc.care import Care, folder_bytes
from t4t.boinc.daily import Daily
from t4t.boinc.folder import PROJECTS
from t4t.boinc.transfer_record import TransferRecord
from t4t.boinc.transfers import Transfers
from t4t.boinc.wanting import handed_out, wanted
from t4t.domain import project_state as states
from t4t.domain import project_task
from t4t.domain.assignment import work_of
from t4t.domain.boinc_settings import overriding
from t4t.domain.errors import InternalFault, Retry, T4TError
from t4t.domain.no_work import why_no_work
from t4t.domain.notice_list import with_messages
from t4t.domain.preferences import merge, read_account_preferences
from t4t.domain.project_errors import AllowanceUsed, KeyMissing, TooEarly
from t4t.domain.project_limits import read_project_limits
from t4t.domain.project_state import Finished, Needs, Reason
from t4t.domain.project_task import Stage
from t4t.domain.scheduler_plan import Holdings, disk_usage, plan_request
from t4t.domain.scheduler_request import EXIT_ABORTED_BY_PROJECT, EXIT_ABORTED_BY_USER, StickyFile, WorkRequest
from t4t.engine.inbox import Bell
from t4t.project.attachment import new_cpid
from t4t.project.scheduler import Scheduler
from t4t.project.upload import Uploads
from t4t.transfer.download import Downloads

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.boinc.surroundings import Surroundings
    from t4t.domain.preferences import Merged
    from t4t.domain.project import SchedulerReply
    from t4t.domain.project_limits import ProjectLimits
    from t4t.domain.project_state import ProjectState
    from t4t.domain.scheduler_request import HostInfo, SchedulerRequest
    from t4t.project.scheduler import Exchange

_log = logging.getLogger(__name__)

BRAND: Final = "t4t"
_LOOK_S: Final = 60.0
"""BOINC decides that often whether it wants work."""
_QUIET_S: Final = 600.0
_LEAST_S: Final = 0.1
_KEY_AGAIN_S: Final = 300.0
_BUG_S: Final = 900.0
_UPLOADING_S: Final = 300.0
"""An upload that has taken longer does not hold up a report."""
_LASTING: Final = 3
"""Failures in a row from which on the volunteer is told of what passes by itself."""


class Client:
    """One project."""

    def __init__(self, name: str, around: Surroundings) -> None:
        """``name`` is that of the project's folder. Nothing is done before `run`."""
        self.name = name
        self._around = around
        self._book = around.book
        self._clock = around.clock
        self._bell = Bell(around.clock)
        downloads = Downloads(
            around.http, around.data / PROJECTS / name, rate=around.down, slots=around.down_slots, allowance=around.allowance, now=around.clock.wall
        )
        uploads = Uploads(around.http, around.up, slots=around.up_slots, project=name)
        record = TransferRecord(name, around)
        self._transfers = Transfers(downloads, uploads, clock=around.clock, chance=around.chance, tell=self._transfer_told, record=record, gate=around.gate)
        self.care = Care(name, around, self._transfers, preferences=lambda: self.merged().preferences, limits=lambda: self.limits, changed=self.changed)
        self._scheduler = Scheduler(around.http, save=self._book.put_project, now=around.clock.wall, chance=around.chance, new_cpid=new_cpid)
        self._daily = Daily(name, around)
        self._one_at_a_time = asyncio.Lock()
        self._asked: list[asyncio.Future[T4TError | None]] = []
        self._key_at = 0.0
        self._contact_trouble: T4TError | None = None
        self._transfer_trouble: T4TError | None = None
        self._transfer_failures = 0
        self.leaving = False
        """The project is being detached: nothing new is asked for."""

    @property
    def state(self) -> ProjectState:
        """As it was written down last."""
        return self._book.projects[self.name]

    def merged(self) -> Merged:
        """The preferences in force."""
        account = read_account_preferences(self.state.global_preferences, self.state.host_venue, now=self._clock.wall())
        return merge(account, overriding(account, self._around.wanted, time=self._around.wanted_time))

    @property
    def limits(self) -> ProjectLimits:
        """What the account says on the project's page of its tasks here."""
        return read_project_limits(self.state.project_preferences, self.state.host_venue)

    def handed_out(self) -> list[Path]:
        """The folders of the tasks that may have a VM, those due first."""
        return handed_out(self.care, self.limits)

    def look(self) -> None:
        """There may be something to do."""
        self._bell.ring()

    def changed(self) -> None:
        """There may be something to do, and to show."""
        self._bell.ring()
        self._around.workshop.scan()

    # --- the loop --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until it is cancelled."""
        self.care.begin()
        try:
            while True:
                try:
                    await self._turn()
                    wait = self._due_s()
                except T4TError as error:  # nothing can be written down: the disk is full
                    _log.warning("%s: %s", self.name, error)
                    self._contact_trouble, wait = error, _LOOK_S
                except Exception as error:  # noqa: BLE001 - the top of a task: a bug with one project must not end the others
                    _log.exception("a bug with %s", self.name)
                    self._contact_trouble, wait = InternalFault(detail=f"{type(error).__name__}: {error}"), _BUG_S
                    self._answer(self._contact_trouble)
                await self._bell.wait(wait)
        finally:
            await self.care.close()
            await self._transfers.close()

    async def _turn(self) -> None:
        if self._clock.wall() < self.state.seen - _LOOK_S:
            self._book.put_project(states.after_clock(self.state, self._clock.wall()))
        self.care.give_back_late()
        self.care.turn()
        reason = self._reason()
        if reason is not None:
            self._answer(await self.contact(reason))
            self.care.turn()
        await self._daily.look(self.state)

    def _answer(self, error: T4TError | None) -> None:
        for asked in self._asked:
            if not asked.done():
                asked.set_result(error)
        self._asked.clear()

    def _reason(self) -> Reason | None:
        """Why to contact the scheduler now, as far as that can work at all."""
        needs, state, now = self.needs(), self.state, self._clock.wall()
        reason = states.next_contact(state, needs, now)
        if reason is None or reason is Reason.USER:
            return reason
        if not state.scheduler_urls and now < state.master_until:
            return None
        if reason is Reason.FIRST and self._around.workshop.capabilities is None:
            return None  # what this computer can is what the first request must say
        return reason if self._clock.monotonic() >= self._key_at else None

    def _due_s(self) -> float:
        """Seconds until something may be due; before the project may be asked again there is little to look at."""
        now, state = self._clock.wall(), self.state
        quiet = max(states.allowed_at(state), 0.0 if state.scheduler_urls else state.master_until) - now
        if quiet > 0:
            return max(_LEAST_S, min(quiet, _QUIET_S, self.care.due_s))
        waits = [time - now for time in (state.work_until, state.contact_by) if time > now]
        return max(_LEAST_S, min([_LOOK_S, self.care.due_s, *waits]))

    def needs(self) -> Needs:
        """What we want of the scheduler now."""
        held = self.care.tasks
        now = self._clock.wall()
        finished = tuple(
            Finished(since=task.ended_at, deadline=task.deadline, immediately=task.given.result.report_immediately or self._around.once)
            for task in held
            if task.stage is Stage.FINISHED
        )
        view = self._around.workshop.view
        return Needs(
            finished=finished,
            trickles=bool(self._book.kept(self.name).trickles),
            work=self._work_wanted().seconds > 0,
            uploading=any(task.stage is Stage.SENDING and now - task.ended_at < _UPLOADING_S for task in held),
            user_asks=bool(self._asked),
            no_more_work=self.leaving or bool(view and view.finishing),
        )

    def _work_wanted(self) -> WorkRequest:
        return WorkRequest() if self.leaving else wanted(self._around, self.care.tasks, self.merged().preferences, self.limits)

    # --- a contact -------------------------------------------------------------------------------------------------

    async def update(self) -> T4TError | None:
        """The volunteer asks: contact the scheduler now, whatever the back-off; what came of it."""
        asked: asyncio.Future[T4TError | None] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._key_at = 0.0
        self._daily.at_once()
        self._transfers.try_now()
        self._bell.ring()
        return await asked

    def key_given(self) -> None:
        """There is a key now, or a vault that can be opened."""
        self._key_at = 0.0
        self._bell.ring()

    async def contact(self, reason: Reason) -> T4TError | None:
        """One exchange with all that follows from it; what went wrong, if anything. The state is written down before and after it."""
        async with self._one_at_a_time:
            try:
                key = await asyncio.to_thread(self._around.attachments.key, self.state)
                if key is None:
                    raise KeyMissing(project=self.state.project_name or self.state.master_url)
            except T4TError as error:
                self._key_at = self._clock.monotonic() + _KEY_AGAIN_S
                return self._contacted(error)
            host, used = await asyncio.to_thread(self._look_around)
            asked: list[SchedulerRequest] = []

            def make(state: ProjectState) -> SchedulerRequest:
                asked.append(self._request(state, key, host, used))
                return asked[-1]

            if reason is Reason.USER:
                self._book.put_project(states.after_wish(self.state))
            exchange = await self._scheduler.exchange(self.state, make, reason)
            if isinstance(exchange.error, TooEarly):
                return exchange.error
            if asked:
                self._understand(exchange, asked[-1], host)
            return self._contacted(exchange.error)

    def _contacted(self, error: T4TError | None) -> T4TError | None:
        self._contact_trouble = error
        if error is not None:
            _log.warning("%s: %s", self.name, error)
        self._around.workshop.scan()
        return error

    def _look_around(self) -> tuple[HostInfo, tuple[float, float]]:
        """This computer, and the bytes that all of ours and this project's take; blocks."""
        host = self._around.computer(self.state.host_cpid, self._around.workshop.capabilities)
        return host, (float(folder_bytes(self._around.data)), float(folder_bytes(self.care.files)))

    def _request(self, state: ProjectState, key: str, host: HostInfo, used: tuple[float, float]) -> SchedulerRequest:
        held = self.care.tasks
        merged = self.merged()
        kept = self._book.kept(self.name)
        sticky = {info.name: info for one in kept.versions for info in one.programs if info.sticky and (self.care.files / info.name).is_file()}
        view = self._around.workshop.view
        return plan_request(
            state,
            key,
            brand=BRAND,
            host=host,
            platforms=self._around.platforms,
            merged=merged,
            work=self._work_wanted(),
            holdings=Holdings(
                tasks=tuple(task.held for task in held),
                finished=tuple(task.report for task in held if task.stage is Stage.FINISHED and task.report is not None),
                versions=tuple({task.given.version.key: task.given.version for task in held}.values()),
                trickles=kept.trickles,
                sticky=tuple(StickyFile(name=info.name, nbytes=info.nbytes) for info in sticky.values()),
            ),
            disk=disk_usage(merged, host, used_total=used[0], used_project=used[1]),
            times=self._book.tally.stats,
            net=self._book.net,
            no_new_work=self.leaving or (self._around.once and bool(held)) or bool(view and view.finishing),
        )

    def _understand(self, exchange: Exchange, request: SchedulerRequest, host: HostInfo) -> None:
        """What a reply means for us."""
        named = {task.name: task for task in self.care.tasks}
        done = [named[name] for name in exchange.acknowledged if name in named and named[name].stage is Stage.FINISHED]
        reply = exchange.reply
        if reply is None:
            return
        self._around.answered()
        kept = self._book.kept(self.name)
        if exchange.trickles_stored:
            stored = set(request.trickles)
            self._book.put_kept(self.name, trickles=tuple(word for word in kept.trickles if word not in stored))
        asked = request.work.seconds > 0
        self._book.put_kept(self.name, news=with_messages(kept.news, reply.messages, self._clock.wall(), asked_for_work=asked))
        if exchange.error is None:
            self._take(reply, host, asked=asked)
        if done:
            self._book.forget_tasks(tuple(task.slot for task in done))
            for task in done:
                self._around.note("reported", "" if task.report is None else f"{task.report.state} {task.report.exit_status}", task.slot)
            if self._around.once:
                self._around.workshop.quit()
        self.changed()

    def _take(self, reply: SchedulerReply, host: HostInfo, *, asked: bool) -> None:
        """Work, aborts, deadlines."""
        named = {task.name: task for task in self.care.tasks}
        for name in reply.result_aborts:
            if name in named:
                self.care.abort(named[name], exit_status=EXIT_ABORTED_BY_PROJECT, why="the project does not want it any more")
        for name in reply.result_aborts_if_not_started:
            if name in named and not self.care.begun(named[name]):
                self.care.abort(named[name], exit_status=EXIT_ABORTED_BY_PROJECT, why="the project does not want it any more")
        kept = self._book.kept(self.name)
        self._book.put_kept(self.name, words=(*kept.words, *reply.trickle_downs))
        versions = {one.version.key: one.version for one in kept.versions}
        files = {info.name: info for one in kept.versions for info in one.programs}
        work = work_of(reply, named.keys(), versions, files)
        for name, deadline in work.deadlines:
            if name in named and named[name].report is None:
                self._book.put_task(project_task.with_deadline(self._book.tasks[named[name].slot], deadline))
        now = self._clock.wall()
        for new in work.tasks:
            task = project_task.taken(new, project=self.name, slot=self._slot(new.result.name), now=now)
            self._book.put_task(task)
            self._book.put_kept(self.name, versions=project_task.newest(self._book.kept(self.name).versions, task))
            self._around.note("received", "", task.slot)
        for bad in work.refused:
            self._book.put_task(project_task.refused(bad, project=self.name, slot=self._slot("refused"), now=now))
        self._book.note_credit(self.name, reply, self._clock.wall())
        self._note_no_work(reply, host, asked=asked)
        self.care.tidy(reply.delete_files)

    def _slot(self, name: str) -> str:
        return project_task.free_slot(name, (*self._book.tasks, *self._book.left_slots()))

    def _note_no_work(self, reply: SchedulerReply, host: HostInfo, *, asked: bool) -> None:
        if reply.results:
            self._book.put_kept(self.name, no_work_since=None, no_work=(), said=())
        elif asked:
            kept = self._book.kept(self.name)
            since = self._clock.wall() if kept.no_work_since is None else kept.no_work_since
            reasons = tuple(reason.value for reason in why_no_work(reply, host))
            said = tuple(message.text for message in reply.messages if message.text)
            self._book.put_kept(self.name, no_work_since=since, no_work=reasons, said=said)

    # --- troubles ----------------------------------------------------------------------------------------------------

    @property
    def _waits_for_allowance(self) -> bool:
        return self._transfers.until is not None and self._around.allowance.left(self._clock.wall()) <= 0

    def _transfer_told(self, error: T4TError | None) -> None:
        if error is None and isinstance(self._transfer_trouble, AllowanceUsed) and self._waits_for_allowance:
            return  # another one was just done with what was left
        self._transfer_failures = 0 if error is None else self._transfer_failures + 1
        self._transfer_trouble = error
        self._around.workshop.scan()

    def troubles(self) -> list[T4TError]:
        """What the volunteer should know; not what passes by itself soon."""
        found = [self.care.trouble] if self.care.trouble else []
        if self._contact_trouble is not None and (self._contact_trouble.retry is not Retry.BACKOFF or self.state.failures > _LASTING):
            found.append(self._contact_trouble)
        if self._transfer_trouble is not None and (self._transfer_trouble.retry is not Retry.BACKOFF or self._transfer_failures > _LASTING):
            found.append(self._transfer_trouble)
        return found

    @property
    def trouble(self) -> T4TError | None:
        """What went wrong last, also if it passes."""
        return self._contact_trouble or self._transfer_trouble or self.care.trouble

    # --- the end ---------------------------------------------------------------------------------------------------

    async def leave(self) -> T4TError | None:
        """Give back what is not done and report all; what went wrong, if anything. Nothing new is asked for from here on."""
        self.leaving = True
        for task in self.care.tasks:
            self.care.abort(task, exit_status=EXIT_ABORTED_BY_USER, why="the volunteer left the project")
        return await self.contact(Reason.USER) if self.care.tasks else None
