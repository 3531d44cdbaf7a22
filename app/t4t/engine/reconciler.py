"""Compares what is with what should be, task by task, and sets at most one effect going for each; over and over.

Level-triggered: each turn looks at what is, so that a missed event, a VM paused by hand or a restart of any process of ours needs no path of its own.
Nothing here waits for the driver: looks and steps are child tasks, one at a time for each task, that wake the consumer when they end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from t4t.domain.errors import InternalFault, T4TError
from t4t.domain.patience import is_passing, wait_s
from t4t.domain.progress import Outcome
from t4t.domain.task import Order, Step, superseded, transition
from t4t.domain.vm import VmState
from t4t.engine.observer import Able

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from t4t.domain.clock import WallClock
    from t4t.domain.policy import Level
    from t4t.domain.vm import Capabilities, VmId
    from t4t.engine.given import Given
    from t4t.engine.work import Work
    from t4t.hypervisor.driver import Driver

_log = logging.getLogger(__name__)

_BOOTING: Final = frozenset({Step.CREATE, Step.START})
_TRIES: Final = 3
"""Failed tries after which a VM that is to be saved is frozen instead, and one that can't be frozen is given up on the way out."""
_LONGEST_WAIT_S: Final = 60.0


class Journal(Protocol):
    """Where an intent is written before it is carried out, and its outcome afterwards."""

    def begin(self, key: str, step: Step) -> int:
        """``step`` is about to be done for the task ``key``; returns the entry's number."""
        ...

    def end(self, entry: int, key: str, outcome: str) -> None:
        """It ended: ``done``, ``cancelled`` or the error's code."""
        ...


class NoJournal:
    """For a run of one task, whose record says it all."""

    def begin(self, _key: str, _step: Step) -> int:
        """Nothing is written."""
        return 0

    def end(self, _entry: int, _key: str, _outcome: str) -> None:
        """Nothing is written."""


@dataclass(slots=True)
class Trouble:
    """What failed last, how often in a row, and when (by the monotonic clock) it is tried again."""

    error: T4TError
    failures: int
    retry_at: float


@dataclass(slots=True)
class Charge:
    """One task in our care."""

    key: str
    work: Work
    effect: asyncio.Task[None] | None = None
    step: Step | None = None
    """The step under way; None while it is only looked at."""
    cancelled: bool = False
    order: Order = Order.RUN
    troubles: dict[Step | None, Trouble] = field(default_factory=dict)
    bug: BaseException | None = None
    outcome: Outcome | None = None
    """Set when there is nothing more to do for it: ended, or safe on the way out."""

    @property
    def busy(self) -> bool:
        """Whether an effect or a look is under way."""
        return self.effect is not None

    @property
    def trouble(self) -> Trouble | None:
        """The trouble that will be over last."""
        return max(self.troubles.values(), key=lambda trouble: trouble.retry_at, default=None)


class Reconciler:
    """Looks after tasks on one driver. Its methods are called by one consumer; ``wake`` is called whenever there may be something to do."""

    def __init__(self, driver: Driver, *, clock: WallClock, wake: Callable[[], None], journal: Journal | None = None, patient: bool = False) -> None:
        """``journal`` survives us; without one nothing is written. ``patient``: a bug in the care of one task is its trouble, not everybody's."""
        self._driver = driver
        self._clock = clock
        self._wake = wake
        self._journal = journal or NoJournal()
        self._patient = patient
        self._order = Order.RUN
        self._level: Level | None = None
        self._discarding: set[asyncio.Task[None]] = set()
        self.charges: dict[str, Charge] = {}
        self.capabilities: Capabilities | None = None

    # --- the tasks in our care -------------------------------------------------------------------------------------

    def add(self, key: str, work: Work) -> Charge:
        """Look after ``work`` from now on."""
        work.fitting.capabilities = self.capabilities
        if self._level is not None:
            work.fitting.level = self._level
        charge = self.charges[key] = Charge(key=key, work=work)
        return charge

    def remove(self, key: str) -> None:
        """No longer look after a task that has come to its end."""
        del self.charges[key]

    def discard(self, key: str) -> None:
        """The task's folder was taken away: its VM goes too."""
        charge = self.charges.pop(key)
        task = asyncio.create_task(self._discard(charge), name=f"discard {key}")
        self._discarding.add(task)
        task.add_done_callback(self._discarding.discard)

    async def _discard(self, charge: Charge) -> None:
        try:
            await charge.work.close()
            await self._driver.delete(charge.work.vm)
        except T4TError as error:
            _log.warning("%s is left for the next start to remove: %s", charge.work.vm, error)

    def try_again(self) -> None:
        """Forget how long to wait: the volunteer says that it may work now."""
        for charge in self.charges.values():
            charge.troubles.clear()

    def ask_checkpoints(self) -> None:
        """The volunteer wants a checkpoint of everything."""
        for charge in self.charges.values():
            charge.work.checkpoints.ask()

    def ask_relink(self) -> None:
        """The network is another one: every guest is to notice."""
        for charge in self.charges.values():
            charge.work.fitting.ask_relink()

    def fit(self, level: Level) -> None:
        """How much of the computer the VMs get from now on."""
        if level is not self._level:
            self._level = level
            for charge in self.charges.values():
                charge.work.fitting.level = level

    def give(self, given: Given) -> None:
        """The volunteer gives something else from now on."""
        for charge in self.charges.values():
            given.give(charge.key, charge.work)

    @property
    def fitted(self) -> bool:
        """Whether every VM that runs has all that can be changed while it runs."""
        return not any(charge.work.seen.state is VmState.RUNNING and charge.work.fitting.unfit for charge in self.charges.values())

    def forget_capabilities(self) -> None:
        """The hypervisor may be another one: nothing is begun before it was asked."""
        self.capabilities = None

    def doubt(self) -> None:
        """Look at every VM in full: something happened that may have changed them."""
        for charge in self.charges.values():
            charge.work.seen.doubt()

    async def leave_safe(self) -> None:
        """Nobody looks after the VMs from here on: end what is under way and leave none running."""
        await self._end([charge.effect for charge in self.charges.values() if charge.effect is not None])
        for charge in self.charges.values():
            await charge.work.put_to_rest()

    async def probe(self) -> Capabilities:
        """Ask the driver what it can; to be done before the first turn."""
        self.capabilities = await self._driver.probe()
        for charge in self.charges.values():
            charge.work.fitting.capabilities = self.capabilities
        return self.capabilities

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Follow the VMs' states; at the end no child task is left."""
        watcher = asyncio.create_task(self._watch(), name="watch")
        try:
            yield
        finally:
            await self._end([watcher, *self._discarding, *(charge.effect for charge in self.charges.values() if charge.effect is not None)])
            for charge in self.charges.values():
                await charge.work.close()

    @staticmethod
    async def _end(tasks: Iterable[asyncio.Task[None]]) -> None:
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)

    async def _watch(self) -> None:
        async for event in self._driver.watch():
            for charge in self.charges.values():
                if charge.work.vm == event.vm_id:
                    if None in charge.troubles and is_passing(charge.troubles[None].error):
                        del charge.troubles[None]  # the driver speaks again
                    if charge.work.seen.told(event.state):
                        self._wake()

    # --- one turn --------------------------------------------------------------------------------------------------

    def turn(self, order: Order, *, room: int | None = None, new: bool = True, special: Mapping[VmId, Order] | None = None) -> None:
        """Set going what each task needs. ``room``: how many may have a VM at work; ``new``: whether a task that has not begun may.

        ``special``: orders of single VMs in place of ``order``.
        """
        if order is not self._order:
            self._order = order
            self.try_again()  # what is wanted now has not failed yet, and nobody waits minutes for a pause
        chosen = self._chosen(room, new=new)
        for charge in self.charges.values():
            own = order if charge.key in chosen or order is not Order.RUN else Order.SAVE
            charge.order = own if special is None else special.get(charge.work.vm, own)
            if charge.outcome is None and charge.bug is None:
                self._turn(charge, may_start=charge.key in chosen)

    def _chosen(self, room: int | None, *, new: bool) -> set[str]:
        """The tasks whose turn it is: those that have begun before those that have not, each in their order."""
        able = [charge for charge in self.charges.values() if charge.work.begun or new]
        able.sort(key=lambda charge: not charge.work.begun)
        return {charge.key for charge in able[:room]}

    def _turn(self, charge: Charge, *, may_start: bool) -> None:
        if charge.effect is not None:
            if charge.step is not None and not charge.cancelled and superseded(charge.step, charge.order):
                charge.cancelled = True
                charge.effect.cancel()
            return
        if charge.work.seen.wants_inspection:
            if not self._blocked(charge, None):
                self._begin(charge, None)
            return
        try:
            charge.work.look()
        except T4TError as error:
            self._fail(charge, None, error)
            return
        step = self._next_step(charge, may_start=may_start)
        match step:
            case Step.WAIT:
                pass
            case Step.QUIT:
                charge.outcome = Outcome.SAVED
            case Step.REPORT:
                charge.outcome = Outcome(charge.work.record.outcome)
            case _:
                self._begin(charge, step)

    def _next_step(self, charge: Charge, *, may_start: bool) -> Step:
        """The transition's step, unless it has just failed."""
        start = may_start and not self._blocked(charge, Step.START) and not self._somebody_boots()
        able = Able(save=self._can(charge, Step.SAVE), pause=self._can(charge, Step.PAUSE), start=start, adjust=not self._blocked(charge, Step.ADJUST))
        step = transition(charge.work.facts(able), charge.order)
        now = self._clock.monotonic()
        for failed in [key for key, trouble in charge.troubles.items() if key is not step and now >= trouble.retry_at]:
            if failed is not Step.START or may_start:
                del charge.troubles[failed]  # no longer what is wanted
        return Step.WAIT if self._blocked(charge, step) else step

    def _somebody_boots(self) -> bool:
        return any(charge.step in _BOOTING and charge.busy for charge in self.charges.values())

    def _blocked(self, charge: Charge, step: Step | None) -> bool:
        trouble = charge.troubles.get(step)
        return trouble is not None and self._clock.monotonic() < trouble.retry_at

    @staticmethod
    def _can(charge: Charge, step: Step) -> bool:
        """A VM that could not be saved is frozen until the next try."""
        trouble = charge.troubles.get(step)
        return trouble is None or trouble.failures < _TRIES

    # --- effects ---------------------------------------------------------------------------------------------------

    def _begin(self, charge: Charge, step: Step | None) -> None:
        charge.step, charge.cancelled = step, False
        charge.effect = asyncio.create_task(self._carry_out(charge, step), name=f"{step.value if step else 'look'} {charge.key}")

    async def _carry_out(self, charge: Charge, step: Step | None) -> None:
        try:
            if step is None:
                await charge.work.inspect()
            else:
                await self._journaled(charge, step)
            charge.troubles.pop(step, None)
        except T4TError as error:
            self._fail(charge, step, error)
        except asyncio.CancelledError:
            if not charge.cancelled:
                raise
            charge.work.seen.doubt()
        except Exception as error:  # noqa: BLE001 - the top of a task: a bug in the care of one must not end the others
            _log.exception("a bug in %s", step)
            if self._patient:
                await charge.work.put_to_rest()
                self._fail(charge, step, InternalFault(detail=f"{type(error).__name__}: {error}"))
            else:
                charge.bug = error
        finally:
            charge.effect = None
            charge.step = None
            self._wake()

    async def _journaled(self, charge: Charge, step: Step) -> None:
        entry = self._journal.begin(charge.key, step)
        try:
            await charge.work.do(step)
        except T4TError as error:
            self._journal.end(entry, charge.key, error.code)
            raise
        except asyncio.CancelledError:
            if charge.cancelled:
                self._journal.end(entry, charge.key, "cancelled")
            raise
        self._journal.end(entry, charge.key, "done")

    def _fail(self, charge: Charge, step: Step | None, error: T4TError) -> None:
        earlier = charge.troubles.get(step)
        failures = 1 if earlier is None else earlier.failures + 1
        wait = wait_s(error, failures)
        if step is None and is_passing(error):
            wait = min(wait, _LONGEST_WAIT_S)  # a look costs little, and what stands still meanwhile is not watched
        charge.troubles[step] = Trouble(error, failures, self._clock.monotonic() + wait)
        charge.work.seen.doubt()
        _log.warning("%s: %s failed %d times: %s", charge.key, "a look" if step is None else step.value, failures, error)

    # --- when there is something to do again -----------------------------------------------------------------------

    def due_s(self, longest_s: float = _LONGEST_WAIT_S) -> float:
        """Seconds until something is due by itself, at most ``longest_s``."""
        wait = longest_s
        now = self._clock.monotonic()
        for charge in self.charges.values():
            if charge.outcome is not None or charge.busy:
                continue
            wait = min(wait, charge.work.due_s, *(max(0.0, trouble.retry_at - now) for trouble in charge.troubles.values() if trouble.retry_at > now))
        return wait
