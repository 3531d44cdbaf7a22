"""The computer under us and the engine: its events become facts for the decision, orders for VMs that must be safe in time, and a block while they are not.

What an event asks for is decided in `t4t.domain.shutdown`, how a plan goes on in `t4t.domain.rescue`; here it is carried out, turn by turn.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from t4t.domain import rescue, surroundings
from t4t.domain.errors import T4TError
from t4t.domain.host_events import AboutToSleep, SessionEnding, Woke, ZoneChanged
from t4t.domain.rescue import Standing
from t4t.domain.shutdown import Effect, VmAct, VmAtRisk, budget, react, wants_block
from t4t.domain.surroundings import Surroundings
from t4t.domain.task import Order, Step
from t4t.engine.showing import save_estimate_s

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from t4t.domain.host_events import HostEvent
    from t4t.domain.shutdown import VmStep
    from t4t.domain.vm import VmId
    from t4t.engine.history import History
    from t4t.engine.parts import Parts
    from t4t.engine.reconciler import Charge, Reconciler
    from t4t.engine.volition import Volition
    from t4t.host.host_events import HostEvents

_log = logging.getLogger(__name__)

_NEVER_SLEPT_S: Final = 180.0
"""A computer that is still awake so long after it announced its sleep does not sleep, and nobody told us."""
_SAVES_ITSELF: Final = "virtualbox"
_ACTS: Final = {Step.SAVE: VmAct.SAVE, Step.PAUSE: VmAct.PAUSE}
_REASON_STEP_S: Final = 5.0
"""The block's reason is told anew when the time that it names moved by so much."""


@dataclass(slots=True)
class _Plan:
    """What is being done for an event, and what comes after it."""

    steps: tuple[VmStep, ...]
    after: list[Effect]
    let_go_at: float = math.inf
    lasting: bool = False
    """It holds until the end or the sleep is over: who was left alone stays so."""


class HostSide:
    """Takes the events in, turn by turn. Its methods belong to the engine's consumer."""

    def __init__(self, parts: Parts, reconciler: Reconciler, history: History, volition: Volition, *, wake: Callable[[], None]) -> None:
        """Nothing is listened to before `begin`."""
        self._parts = parts
        self._clock = parts.clock
        self._reconciler = reconciler
        self._history = history
        self._volition = volition
        self._wake = wake
        self._events: collections.deque[HostEvent] = collections.deque()
        self._plan: _Plan | None = None
        self._asleep_since = 0.0
        self._block = None if parts.host is None else _Block(parts.host)
        self._tasks: set[asyncio.Task[None]] = set()
        self._reopening = False
        self.known = Surroundings()
        self.woke_at: float | None = None
        """When the computer woke last, by the clock on the wall."""

    def begin(self) -> None:
        """Listen."""
        if self._parts.host is not None:
            self._spawn(self._listen(self._parts.host))

    async def _listen(self, host: HostEvents) -> None:
        async for event in host:
            self._events.append(event)
            self._wake()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work, name="host side")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Listen no more; nothing is held back any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._block is not None:
            await self._block.close()

    # --- before the decision ---------------------------------------------------------------------------------------

    def turn(self) -> None:
        """Take in what happened; a sleep that never came is over."""
        if self.known.asleep and self._clock.monotonic() - self._asleep_since >= _NEVER_SLEPT_S:
            self._events.append(Woke(slept_s=0.0))
        while self._events:
            self._take(self._events.popleft())

    def _take(self, event: HostEvent) -> None:
        told = surroundings.line(self.known, event)
        if told is not None:
            self._history.note(*told)
        self.known = surroundings.after(self.known, event)
        if isinstance(event, AboutToSleep):
            self._asleep_since = self._clock.monotonic()
        if isinstance(event, Woke) and event.slept_s > 0:  # else it never slept
            self.woke()
        if isinstance(event, ZoneChanged):
            self._volition.zone_changed(event.offset_s)
        reaction = react(event, self._at_risk())
        if Effect.GO_ON in reaction.after:
            self._go_on()
        if not reaction.steps and Effect.LET_GO not in reaction.after:
            self._carry_out(reaction.after)
            return
        pending = [] if self._plan is None else self._plan.after
        self._plan = _Plan(steps=reaction.steps, after=list(dict.fromkeys([*reaction.after, *pending])))
        if isinstance(event, SessionEnding | AboutToSleep):
            self._plan.let_go_at = self._clock.monotonic() + budget(event.seconds)
            self._plan.lasting = True
        self._reconciler.try_again()  # what failed before is tried once more, now that it matters

    def woke(self) -> None:
        """The computer has slept until now."""
        self.woke_at = self._clock.wall()

    def clock_was_set(self, by: float) -> None:
        """A minute after waking stays a minute."""
        if self.woke_at is not None:
            self.woke_at += by

    def _go_on(self) -> None:
        """The end or the sleep is over: what was still to come of its plan is not, but for what another event asked for."""
        plan, self._plan = self._plan, None
        if plan is not None:
            self._carry_out([effect for effect in plan.after if effect is not Effect.LET_GO])
        if self._block is not None:
            self._block.again()

    # --- orders ----------------------------------------------------------------------------------------------------

    def orders(self, order: Order) -> Mapping[VmId, Order]:
        """What the plan under way asks of single VMs, where it is not what ``order`` asks of all. On the way out everything is saved as it comes."""
        if self._plan is None or order is Order.QUIT:
            return {}
        asked = dict(rescue.orders(self._plan.steps, self._standings()))
        if order is Order.RUN:  # nothing is begun meanwhile
            return {charge.work.vm: asked.get(charge.work.vm, Order.STAY) for charge in self._reconciler.charges.values()}
        return asked

    def _standings(self) -> Sequence[Standing]:
        return [_standing(charge) for charge in self._reconciler.charges.values()]

    def _at_risk(self) -> list[VmAtRisk]:
        capabilities = self._reconciler.capabilities
        saves_itself = capabilities is not None and capabilities.hypervisor == _SAVES_ITSELF
        return [_at_risk(charge, saves_itself=saves_itself) for charge in self._reconciler.charges.values()]

    # --- after the turn of the reconciler --------------------------------------------------------------------------

    def settle(self) -> None:
        """See how far the plan is, and whether the system has to wait for us."""
        plan = self._plan
        if plan is not None:
            done = rescue.is_done(plan.steps, self._standings())
            if Effect.LET_GO in plan.after and (done or self._clock.monotonic() >= plan.let_go_at):
                plan.after.remove(Effect.LET_GO)
                self._let_go()
            if done and not self._reopening:
                after, plan.after = plan.after, []
                self._carry_out(after)
                if not plan.lasting and not self._reopening:
                    self._plan = None
                    self._wake()
        if self._block is not None:
            seconds = math.ceil(save_estimate_s(self._reconciler.charges.values()) / _REASON_STEP_S) * _REASON_STEP_S
            self._block.want(self._parts.block_reason(seconds) if wants_block(self._at_risk()) else None)

    def _let_go(self) -> None:
        if self._block is not None:
            self._history.write()  # the system may end us as soon as it goes on
            self._block.let_go()

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        """The engine decides anew in each turn, and its clocks are compared in each: what only asks for that needs nothing more."""
        if Effect.LOOK in effects:
            self._reconciler.doubt()
        if Effect.RELINK in effects:
            self._reconciler.ask_relink()
        if Effect.REOPEN in effects and self._parts.reopen is not None:
            self._reopening = True
            self._reconciler.forget_capabilities()
            self._spawn(self._reopen())

    async def _reopen(self) -> None:
        """The hypervisor is another one now: nothing is asked of it before the old one is let go of, then all is looked at anew."""
        try:
            if self._parts.reopen is not None:
                await self._parts.reopen()
        except T4TError as error:
            _log.warning("the hypervisor can't be reached anew: %s", error)
        finally:
            self._reopening = False
            self._reconciler.try_again()
            self._reconciler.doubt()
            self._wake()

    @property
    def reopening(self) -> bool:
        """Whether the hypervisor must not be asked anything now."""
        return self._reopening

    @property
    def due_s(self) -> float:
        """Seconds until something is due by itself."""
        now = self._clock.monotonic()
        wait = math.inf if self._plan is None or Effect.LET_GO not in self._plan.after else self._plan.let_go_at - now
        return min(wait, self._asleep_since + _NEVER_SLEPT_S - now) if self.known.asleep else wait


def _standing(charge: Charge) -> Standing:
    failed = frozenset(_ACTS[step] for step in charge.troubles if step in _ACTS)
    return Standing(vm=charge.work.vm, state=charge.work.seen.state, busy=charge.busy and charge.step is not None, failed=failed)


def _at_risk(charge: Charge, *, saves_itself: bool) -> VmAtRisk:
    work, record = charge.work, charge.work.record
    memory = work.folder.spec(work.vm, work.wishes).memory_mib if work.seen.info is None else work.seen.info.memory_mib
    return VmAtRisk(
        vm=work.vm,
        state=work.seen.state,
        memory_mib=memory,
        measured_save_s=record.save_s,
        unsaved_s=record.at_risk_s,
        saves_itself=saves_itself,
    )


class _Block:
    """Holds the system back, or not; asked for in a moment, done in the background."""

    def __init__(self, host: HostEvents) -> None:
        """Holds nothing yet."""
        self._host = host
        self._wanted: str | None = None
        self._told: str | None = None
        self._let_go = False
        self._sure = True
        """Whether the system has what we told last: after an end that was called off it may have blocked anew by itself."""
        self._at_work: asyncio.Task[None] | None = None

    def want(self, reason: str | None) -> None:
        """Hold back for ``reason``; None: no more."""
        self._wanted = reason
        self._keep()

    def let_go(self) -> None:
        """Let this end or sleep go on, whatever is wanted."""
        self._let_go = True
        self._keep()

    def again(self) -> None:
        """That end or sleep is over."""
        self._let_go, self._sure = False, False

    @property
    def _due(self) -> str | None:
        return None if self._let_go else self._wanted

    def _keep(self) -> None:
        if (self._due != self._told or not self._sure) and (self._at_work is None or self._at_work.done()):
            self._at_work = asyncio.create_task(self._work(), name="block")

    async def _work(self) -> None:
        while self._due != self._told or not self._sure:
            due, self._sure = self._due, True
            if due is None:
                await self._host.release()
            else:
                await self._host.block_shutdown(due)
            self._told = due

    async def close(self) -> None:
        """Hold nothing back any more."""
        if self._at_work is not None:
            await asyncio.gather(self._at_work, return_exceptions=True)
        await self._host.release()
