"""The always-on engine: one inbox, one consumer. It decides, lets the reconciler act, and shows what is; all on one asyncio loop."""

from __future__ import annotations

import asyncio
import collections
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import FolderMissing, InternalFault, StateSetAside, T4TError, TaskError
from t4t.domain.patience import wait_s
from t4t.domain.policy import Decision, Facts, Instant, Intent, PauseKind, after_jump, decide, decision_after_jump, due, is_over, pause_by_hand
from t4t.domain.progress import Happened, Moment, Outcome
from t4t.domain.session import NoticeView, SessionView, Why, why
from t4t.domain.task import Order, Step, order_of
from t4t.domain.vm import VmState
from t4t.engine import showing
from t4t.engine.folder import TaskFolder
from t4t.engine.inbox import Bell
from t4t.engine.janitor import sweep
from t4t.engine.observer import CALM, Pace
from t4t.engine.reconciler import Charge, Reconciler
from t4t.engine.work import Work
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.domain.policy import Settings
    from t4t.domain.progress import TaskEvent
    from t4t.engine.folder import Wishes
    from t4t.engine.source import TaskSource
    from t4t.host.folder_watch import FolderWatch
    from t4t.hypervisor.driver import Driver
    from t4t.storage.state import Happening, State

_log = logging.getLogger(__name__)

_SCAN_S: Final = 30.0
_JUMP_S: Final = 30.0
"""A clock that moved by less than this was merely put right."""
_SLEPT_S: Final = 60.0
_UNTOLD: Final = 200
_KEEP_INTENT_S: Final = 10.0
_STILL_S: Final = 5.0
_RUNS_NOW: Final = frozenset({Happened.STARTED, Happened.RESTORED, Happened.RESUMED, Happened.ADOPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All that the engine works with."""

    driver: Driver
    source: TaskSource
    state: State
    clock: Clock
    settings: Settings
    wishes: Wishes
    data_dir: Path
    free_bytes: Callable[[], int | None]
    folder_watch: FolderWatch
    pace: Pace = CALM
    in_thread: Callable[[Callable[[], TaskFolder]], Coroutine[None, None, TaskFolder]] = asyncio.to_thread
    """Reads and checks a task folder beside the loop: an image's checksum takes seconds."""


class _StateJournal:
    """The reconciler's journal in the agent's durable state."""

    def __init__(self, state: State, record: Callable[[str], bytes]) -> None:
        self._state = state
        self._record = record

    def begin(self, key: str, step: Step) -> int:
        """What can't be written down is not begun, unless it is what makes things safe."""
        try:
            return self._state.begin(key, step.value)
        except T4TError as error:
            if step in {Step.CREATE, Step.START, Step.RECOVER}:
                raise
            _log.warning("not written down: %s", error)
            return 0

    def end(self, entry: int, key: str, outcome: str) -> None:
        try:
            self._state.end(entry, outcome, task=key, record=self._record(key))
        except T4TError as error:
            _log.warning("not written down: %s", error)


class Engine:
    """Runs the tasks of one data folder until it is asked to quit. Its methods belong to the event loop's thread."""

    def __init__(self, parts: Parts) -> None:
        """Nothing is done before `run`."""
        self._parts = parts
        self._clock = parts.clock
        self._state = parts.state
        self._bell = Bell(parts.clock)
        self._inbox: collections.deque[tuple[Callable[[], object], asyncio.Future[object]]] = collections.deque()
        self._reconciler = Reconciler(parts.driver, clock=parts.clock, wake=self._bell.ring, journal=_StateJournal(parts.state, self._record_of), patient=True)
        self._intent = Intent()
        self._kept = True
        self._keep_at = 0.0
        self._decision: Decision | None = None
        self._view: SessionView | None = None
        self._listeners: list[Callable[[SessionView], None]] = []
        self._locks: dict[str, FolderLock] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, tuple[T4TError, float]] = {}
        """Folders that can't be opened now, and when they are tried again."""
        self._probing: asyncio.Task[None] | None = None
        self._probe_trouble: tuple[T4TError, int, float] | None = None
        self._general: list[T4TError] = []
        self._untold: collections.deque[tuple[str, str, str, float]] = collections.deque(maxlen=_UNTOLD)
        self._scan_at = 0.0
        self._offset = 0.0
        self._asleep = 0.0
        self._finished = 0
        self._once = False

    # --- for clients -----------------------------------------------------------------------------------------------

    @property
    def view(self) -> SessionView:
        """Everything, as it was at the end of the last turn."""
        if self._view is None:
            raise RuntimeError("the engine has not begun")
        return self._view

    def why(self) -> Why:
        """The decision of the last turn."""
        if self._decision is None:
            raise RuntimeError("the engine has not begun")
        return why(self._decision)

    def timeline(self, limit: int) -> list[Happening]:
        """The last lines of the history, oldest first."""
        return self._state.timeline(max(1, min(limit, 1000)))

    def subscribe(self, listener: Callable[[SessionView], None]) -> Callable[[], None]:
        """Tell ``listener`` the view now and at each change; returns what ends that."""
        self._listeners.append(listener)
        if self._view is not None:
            listener(self._view)
        return lambda: self._listeners.remove(listener)

    async def pause(self, kind: PauseKind) -> SessionView:
        """Pause by hand. Raises `FolderUnwritable` when it holds but would not survive our end."""
        await self._ask(lambda: self._want(pause=pause_by_hand(kind, self._instant()), finishing=False, told=f"paused_by_you {kind.value}"))
        return await self._until(lambda view: all(task.vm is not VmState.RUNNING for task in view.tasks))

    async def resume(self) -> SessionView:
        """Go on: no pause, no finishing; what failed is tried again at once."""
        return await self._ask(self._resume)

    async def finish(self) -> SessionView:
        """Begin nothing new; pause when all work is done."""
        return await self._ask(lambda: self._want(pause=self._intent.pause, finishing=True, told="finishing"))

    async def checkpoint(self) -> SessionView:
        """Ask for a checkpoint of every VM that runs."""
        return await self._ask(self._ask_checkpoints)

    def quit(self) -> None:
        """Save everything and end `run`."""
        self._intent = msgspec.structs.replace(self._intent, quitting=True)
        self._bell.ring()

    async def _ask(self, action: Callable[[], object]) -> SessionView:
        """Have the consumer do ``action``; the view after the turn that follows."""
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._inbox.append((action, future))
        self._bell.ring()
        await future
        return self.view

    async def _until(self, seems_right: Callable[[SessionView], bool]) -> SessionView:
        """The view once it seems right, or after a few seconds as it is: who asked wants to see it done."""
        seen = asyncio.Event()
        end = self.subscribe(lambda view: seen.set() if seems_right(view) else None)
        waits = [asyncio.ensure_future(seen.wait()), asyncio.ensure_future(self._clock.sleep(_STILL_S))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end()
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return self.view

    def _resume(self) -> None:
        self._reconciler.try_again()
        self._refused.clear()
        self._probe_trouble = None
        self._want(pause=None, finishing=False, told="resumed_by_you")

    def _ask_checkpoints(self) -> None:
        for charge in self._reconciler.charges.values():
            charge.work.ask_checkpoint()

    def _want(self, *, pause: object, finishing: bool, told: str) -> None:
        self._intent = msgspec.structs.replace(self._intent, pause=pause, finishing=finishing)
        self._note(*told.split(" ", 1))
        self._kept = False
        self._keep_intent()

    def _keep_intent(self) -> None:
        """Write the intent down; it holds in any case. Raises `FolderUnwritable`."""
        self._keep_at = self._clock.monotonic() + _KEEP_INTENT_S
        self._state.keep_intent(msgspec.structs.replace(self._intent, quitting=False))
        self._kept = True

    # --- the consumer ----------------------------------------------------------------------------------------------

    async def run(self, *, once: bool = False) -> None:
        """Until `quit`, or with ``once`` until one task has ended. VMs are saved at the end, and when we fail."""
        self._once = once
        self._begin()
        try:
            async with self._reconciler.watching():
                try:
                    while not self._turn():
                        await self._bell.wait(self._due_s())
                except Exception:
                    await self._reconciler.leave_safe()
                    raise
        finally:
            await self._close()

    def _begin(self) -> None:
        self._intent = self._state.intent()
        self._finished = self._state.finished()
        self._offset = self._clock.wall() - self._clock.lasting()
        self._asleep = self._clock.lasting() - self._clock.monotonic()
        self._note("agent_started")
        for task, step in self._state.interrupted():
            self._note("interrupted", step, task=task)
        for name in self._state.set_aside:
            self._general.append(StateSetAside(file=name))
            self._note("state_set_aside", name)
        self._state.prune()
        self._parts.folder_watch.add(self._parts.source.place, lambda _: self._scan_soon())

    async def _close(self) -> None:
        for task in (*self._opening.values(), *([self._probing] if self._probing is not None else [])):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for key in list(self._locks):
            self._unlock(key)
        for _, future in self._inbox:
            future.cancel()

    def _turn(self) -> bool:
        """One turn; true when all is over."""
        self._notice_clocks()
        answers = self._serve()
        self._end_pause()
        self._scan()
        self._probe()
        at = self._instant()
        facts = Facts(free_bytes=self._parts.free_bytes())
        earlier = self._decision
        self._decision = decide(facts, self._intent, self._parts.settings, at, before=earlier)
        if earlier is not None and (earlier.level, earlier.deciding) != (self._decision.level, self._decision.deciding):
            self._note("level", f"{self._decision.level.value} {self._decision.deciding}")
        order = order_of(self._decision.level)
        if self._reconciler.capabilities is not None:
            self._reconciler.turn(order, room=self._parts.settings.tasks, new=not self._intent.finishing)
        self._retire()
        self._tell_history()
        self._publish()
        for future, error in answers:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)
        return self._is_over(order)

    def _is_over(self, order: Order) -> bool:
        if order is not Order.QUIT or self._opening:
            return False
        if self._reconciler.capabilities is None:
            return True
        return all(charge.outcome is not None and not charge.busy for charge in self._reconciler.charges.values())

    def _serve(self) -> list[tuple[asyncio.Future[object], BaseException | None]]:
        """Do what was asked; the answers are given at the end of the turn."""
        answers: list[tuple[asyncio.Future[object], BaseException | None]] = []
        while self._inbox:
            action, future = self._inbox.popleft()
            try:
                action()
            except T4TError as error:
                answers.append((future, error))
            else:
                answers.append((future, None))
        return answers

    def _instant(self) -> Instant:
        return Instant(now=self._clock.wall(), boot=self._clock.boot(), morning=self._clock.morning())

    def _notice_clocks(self) -> None:
        """Somebody set the clock: an hour's pause stays an hour. The computer slept: said, and nothing more."""
        offset = self._clock.wall() - self._clock.lasting()
        if abs(offset - self._offset) >= _JUMP_S:
            by = offset - self._offset
            self._note("clock_set", f"{by:.0f}")
            if self._intent.pause is not None:
                self._intent = msgspec.structs.replace(self._intent, pause=after_jump(self._intent.pause, by))
                self._kept, self._keep_at = False, 0.0
            if self._decision is not None:
                self._decision = decision_after_jump(self._decision, by)
        self._offset = offset
        asleep = self._clock.lasting() - self._clock.monotonic()
        if asleep - self._asleep >= _SLEPT_S:
            self._note("computer_slept", f"{asleep - self._asleep:.0f}")
            self._reconciler.doubt()
        self._asleep = asleep

    def _end_pause(self) -> None:
        """A pause that is over is forgotten; a change that could not be written down is tried again."""
        if self._intent.pause is not None and is_over(self._intent.pause, self._instant()):
            self._intent = msgspec.structs.replace(self._intent, pause=None)
            self._note("pause_over")
            self._kept, self._keep_at = False, 0.0
        if not self._kept and self._clock.monotonic() >= self._keep_at:
            try:
                self._keep_intent()
            except T4TError as error:
                _log.warning("the intent is not written down: %s", error)

    def _probe(self) -> None:
        """Ask the driver what it can, until it answers; then remove what is left of tasks that are gone."""
        if self._reconciler.capabilities is not None or self._probing is not None or self._intent.quitting:
            return
        if self._probe_trouble is not None and self._clock.monotonic() < self._probe_trouble[2]:
            return
        self._probing = asyncio.create_task(self._do_probe(), name="probe")

    async def _do_probe(self) -> None:
        failures = 1 if self._probe_trouble is None else self._probe_trouble[1] + 1
        try:
            await sweep(self._parts.driver, self._parts.source, self._parts.data_dir, tell=self._note)
            await self._reconciler.probe()
            self._probe_trouble = None
        except T4TError as error:
            self._probe_trouble = (error, failures, self._clock.monotonic() + wait_s(error, failures))
            _log.warning("the hypervisor can't be used now: %s", error)
        except Exception as error:
            _log.exception("a bug while the hypervisor was looked at")
            fault = InternalFault(detail=str(error))
            self._probe_trouble = (fault, failures, self._clock.monotonic() + wait_s(fault, failures))
        finally:
            self._probing = None
            self._bell.ring()

    # --- tasks come and go -----------------------------------------------------------------------------------------

    def _scan_soon(self) -> None:
        self._scan_at = 0.0
        self._bell.ring()

    def _scan(self) -> None:
        """Take up what the source has; let go of what was taken away."""
        if self._clock.monotonic() < self._scan_at or self._intent.quitting:
            return
        self._scan_at = self._clock.monotonic() + _SCAN_S
        try:
            folders = {path.name: path for path in self._parts.source.folders()}
        except T4TError as error:
            _log.warning("the tasks can't be listed: %s", error)
            return
        for key, path in folders.items():
            blocked = self._refused.get(key)
            if key in self._reconciler.charges or key in self._opening or (blocked is not None and self._clock.monotonic() < blocked[1]):
                continue
            if not self._opening:  # one after the other, in their order, or the quickest to read would be the first to run
                self._opening[key] = asyncio.create_task(self._open(key, path), name=f"open {key}")
        self._refused = {key: refusal for key, refusal in self._refused.items() if key in folders}
        for key, charge in list(self._reconciler.charges.items()):
            if key not in folders and not charge.busy:
                self._reconciler.discard(key)
                self._let_go(key, charge.work)
                self._note("task_gone", task=key)

    async def _open(self, key: str, path: Path) -> None:
        try:
            folder = await self._parts.in_thread(lambda: TaskFolder(path))
            self._lock(key, folder)
            self._take_up(key, folder)
            self._refused.pop(key, None)
        except FolderMissing:
            _log.info("%s is gone", path)
        except TaskError as error:
            self._refuse(key, path, error)
        except T4TError as error:
            self._refused[key] = (error, self._clock.monotonic() + wait_s(error, 1))
            self._unlock(key)
        finally:
            del self._opening[key]
            self._scan_soon()

    def _lock(self, key: str, folder: TaskFolder) -> None:
        lock = FolderLock(folder.own, "lock")
        lock.take()
        self._locks[key] = lock

    def _unlock(self, key: str) -> None:
        lock = self._locks.pop(key, None)
        if lock is not None:
            lock.release()

    def _let_go(self, key: str, work: Work) -> None:
        self._unlock(key)
        if work.folder.shared is not None:
            self._parts.folder_watch.remove(work.folder.shared)

    def _take_up(self, key: str, folder: TaskFolder) -> None:
        work = Work(
            folder,
            self._parts.driver,
            data_dir=self._parts.data_dir,
            wishes=self._parts.wishes,
            clock=self._clock,
            pace=self._parts.pace,
            listen=lambda event: self._heard(key, event),
            checkpoint_s=self._parts.settings.checkpoint_s,
            copy=self._state.record(key),
        )
        work.check_home()
        self._reconciler.add(key, work)

    def _refuse(self, key: str, path: Path, error: TaskError) -> None:
        """A task that can't be run is a result, too."""
        try:
            if self._state.count_result(f"refused {key}", task=key, outcome=Outcome.FAILED.value, error=error.code, elapsed_s=0.0):
                self._note("refused", error.code, task=key)
            self._parts.source.retire(path, Outcome.FAILED)
        except T4TError as later:
            self._refused[key] = (later, self._clock.monotonic() + wait_s(later, 1))

    def _retire(self) -> None:
        """Hand back what has ended: counted once by its VM's id, then moved; a death between the two counts it no second time."""
        for key, charge in list(self._reconciler.charges.items()):
            if charge.outcome in {None, Outcome.SAVED} or charge.busy:
                continue
            try:
                self._count(key, charge)
                self._parts.source.retire(charge.work.folder.path, Outcome(charge.work.record.outcome))
            except T4TError as error:
                self._refused[key] = (error, self._clock.monotonic() + wait_s(error, 1))
                continue
            self._let_go(key, charge.work)
            self._refused.pop(key, None)
            self._reconciler.remove(key)
            if self._once:
                self.quit()
            elif self._intent.finishing and not any(other.work.begun for other in self._reconciler.charges.values()):
                self._want(pause=pause_by_hand(PauseKind.FOREVER, self._instant()), finishing=False, told="all_finished")

    def _count(self, key: str, charge: Charge) -> None:
        record = charge.work.record
        if self._state.count_result(record.vm_id, task=key, outcome=record.outcome, error=record.error, elapsed_s=record.elapsed_s):
            self._finished += 1

    def _record_of(self, key: str) -> bytes:
        return msgspec.json.encode(self._reconciler.charges[key].work.record)

    # --- telling ---------------------------------------------------------------------------------------------------

    def _heard(self, key: str, event: TaskEvent) -> None:
        if isinstance(event, Moment) and event.what is not Happened.IGNORED:
            self._note(event.what.value, event.detail, task=key, lost_s=event.lost_s)
            if event.what in _RUNS_NOW:
                self._watch_share(self._reconciler.charges[key].work)

    def _watch_share(self, work: Work) -> None:
        """Only now is it sure that the folder is there."""
        if work.folder.shared is not None:
            self._parts.folder_watch.add(work.folder.shared, lambda name: self._bell.ring() if not name or work.exchange.concerns(name) else None)

    def _note(self, what: str, detail: str = "", *, task: str = "", lost_s: float = 0.0) -> None:
        """A line for the history; written with the turn, so that a full disk stops nothing."""
        self._untold.append((what, task, detail, lost_s))
        self._bell.ring()

    def _tell_history(self) -> None:
        try:
            while self._untold:
                what, task, detail, lost_s = self._untold[0]
                self._state.tell(what, task=task, detail=detail, lost_s=lost_s)
                self._untold.popleft()
        except T4TError as error:
            _log.warning("the history is not written: %s", error)

    def _publish(self) -> None:
        if self._decision is None:
            return
        view = showing.session_view(
            self._decision,
            self._intent,
            list(self._reconciler.charges.values()),
            clock=self._clock,
            hypervisor="" if self._reconciler.capabilities is None else self._reconciler.capabilities.hypervisor,
            finished=self._finished,
            general=self._general_notices(),
        )
        before = self._view
        if before is not None and view == msgspec.structs.replace(before, serial=0):
            return
        self._view = msgspec.structs.replace(view, serial=1 if before is None else before.serial + 1)
        for listener in list(self._listeners):
            listener(self._view)

    def _general_notices(self) -> list[NoticeView]:
        told = [showing.notice_view(error) for error in self._general]
        told.extend(showing.notice_view(error, task=key) for key, (error, _) in self._refused.items())
        if self._probe_trouble is not None and showing.matters(self._probe_trouble[0], self._probe_trouble[1]):
            told.append(showing.notice_view(self._probe_trouble[0]))
        return told

    def _due_s(self) -> float:
        """Seconds until something is due by itself."""
        now = self._clock.monotonic()
        waits = [self._reconciler.due_s(), self._scan_at - now]
        if self._decision is not None and (change := due(self._decision, self._parts.settings)) is not None:
            waits.append(change - self._clock.wall())
        if self._probe_trouble is not None:
            waits.append(self._probe_trouble[2] - now)
        if not self._kept:
            waits.append(self._keep_at - now)
        return max(0.05, min(waits))
