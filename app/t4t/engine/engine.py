"""The always-on engine: one inbox, one consumer. It decides, lets the reconciler act, and shows what is; all on one asyncio loop."""

from __future__ import annotations

import asyncio
import collections
import logging
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.errors import StateSetAside, T4TError
from t4t.domain.policy import AnywayKind, LessKind, PauseKind, holds_still
from t4t.domain.session import NoticeView, SessionView, Why, why
from t4t.domain.task import Order, order_of
from t4t.domain.vm import VmState
from t4t.engine import showing
from t4t.engine.given import Given
from t4t.engine.herald import Herald
from t4t.engine.history import History
from t4t.engine.holding import Holding
from t4t.engine.host_side import HostSide
from t4t.engine.inbox import Bell
from t4t.engine.intake import Intake
from t4t.engine.journal import StateJournal
from t4t.engine.judge import Judge
from t4t.engine.probing import Probing
from t4t.engine.reconciler import Reconciler
from t4t.engine.room import Room
from t4t.engine.volition import Volition
from t4t.engine.waking import Waking

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.notification_policy import Reaction
    from t4t.domain.policy import Settings
    from t4t.domain.vm import Capabilities
    from t4t.engine.folder import Wishes
    from t4t.engine.parts import Parts
    from t4t.storage.state import Happening

_log = logging.getLogger(__name__)

_JUMP_S: Final = 30.0
"""A clock that moved by less than this was merely put right."""
_SLEPT_S: Final = 60.0
_STILL_S: Final = 5.0


class Engine:
    """Runs the tasks of one data folder until it is asked to quit. Its methods belong to the event loop's thread."""

    def __init__(self, parts: Parts) -> None:
        """Nothing is done before `run`."""
        self._parts = parts
        self._clock = parts.clock
        self._bell = Bell(parts.clock)
        self._inbox: collections.deque[tuple[Callable[[], object], asyncio.Future[object]]] = collections.deque()
        self._history = History(parts.state, parts.clock)
        journal = StateJournal(parts.state, self._record_of)
        self._reconciler = Reconciler(parts.driver, clock=parts.clock, wake=self._bell.ring, journal=journal, patient=True)
        self._volition = Volition(parts.state, self._history, parts.clock)
        self._host = HostSide(parts, self._reconciler, self._history, self._volition, wake=self._bell.ring)
        self._given = Given.of(parts)
        self._judge = Judge(parts, self._given, self._host, self._volition)
        self._intake = Intake(parts, self._given, self._reconciler, self._history, wake=self._bell.ring)
        self._view: SessionView | None = None
        self._listeners: list[Callable[[SessionView], None]] = []
        self._probing = Probing(parts, self._reconciler, self._history, wake=self._bell.ring)
        self._holding = Holding(parts.limiter, wake=self._bell.ring)
        self._herald = Herald(parts, self._given)
        self._waking = Waking(parts, wake=self._bell.ring)
        self._room = Room(parts, self._given, wake=self._bell.ring)
        self._set_aside: list[str] = []
        self._offset = self._asleep = 0.0
        self._once = self._over = False
        self._begun = asyncio.Event()

    # --- for clients -----------------------------------------------------------------------------------------------

    @property
    def view(self) -> SessionView:
        """Everything, as it was at the end of the last turn."""
        if self._view is None:
            raise RuntimeError("the engine has not begun")
        return self._view

    @property
    def capabilities(self) -> Capabilities | None:
        """What the hypervisor can; None as long as it has not answered."""
        return self._reconciler.capabilities

    @property
    def latest(self) -> SessionView | None:
        """As `view`; None before the first turn."""
        return self._view

    async def ready(self) -> None:
        """Return once there is a view."""
        await self._begun.wait()

    def why(self) -> Why:
        """The decision, with what the sensors say at this moment."""
        if self._judge.decision is None:
            raise RuntimeError("the engine has not begun")
        return why(self._judge.judged())

    def timeline(self, limit: int) -> list[Happening]:
        """The last lines of the history, oldest first."""
        return self._parts.state.timeline(max(1, min(limit, 1000)))

    def subscribe(self, listener: Callable[[SessionView], None]) -> Callable[[], None]:
        """Tell ``listener`` the view now and at each change; returns what ends that."""
        self._listeners.append(listener)
        if self._view is not None:
            listener(self._view)
        return lambda: self._listeners.remove(listener)

    async def pause(self, kind: PauseKind) -> SessionView:
        """Pause by hand. Raises `FolderUnwritable` when it holds but would not survive our end."""
        await self._ask(lambda: self._volition.pause(kind, told="paused_by_you"))
        return await self._until(lambda view: all(task.vm is not VmState.RUNNING for task in view.tasks))

    async def prolong(self) -> SessionView:
        """Half an hour more of a pause by hand; as `pause`."""
        return await self._ask(self._volition.prolong)

    async def resume(self) -> SessionView:
        """Go on: no pause, no finishing; what failed is tried again at once."""
        return await self._ask(self._resume)

    async def run_anyway(self, kind: AnywayKind | None) -> SessionView:
        """Run whatever the rules say, those of safety excepted; None: the rules count again. As `pause`."""
        return await self._ask(self._volition.obey_rules if kind is None else lambda: self._volition.run_anyway(kind))

    async def use_less(self, kind: LessKind | None) -> SessionView:
        """Use no more than that for now; None: as much as before. As `pause`."""
        return await self._ask(self._volition.use_more if kind is None else lambda: self._volition.use_less(kind))

    async def finish(self) -> SessionView:
        """Begin nothing new; pause when all work is done."""
        return await self._ask(self._volition.finish)

    async def checkpoint(self) -> SessionView:
        """Ask for a checkpoint of every VM that runs."""
        return await self._ask(self._reconciler.ask_checkpoints)

    async def give(self, settings: Settings, wishes: Wishes) -> None:
        """The volunteer gives something else from now on; returns when it acts on what runs (or after a few seconds), also where `run` is over."""
        if self._view is None or self._over:
            self._set_given(settings, wishes)
            return
        await self._ask(lambda: self._set_given(settings, wishes))
        await self._until(lambda _view: self._reconciler.fitted)

    def _set_given(self, settings: Settings, wishes: Wishes) -> None:
        self._given.settings, self._given.wishes = settings, wishes
        self._reconciler.give(self._given)

    @property
    def machines(self) -> tuple[str, ...]:
        """The ids of all VMs in our care; may be asked from any thread."""
        return tuple(charge.work.vm for charge in tuple(self._reconciler.charges.values()))

    @property
    def processes(self) -> frozenset[int]:
        """The processes of those VMs that have one, by their numbers; may be asked from any thread."""
        seen = [charge.work.seen for charge in tuple(self._reconciler.charges.values())]
        return frozenset(one.info.pid for one in seen if one.state.alive and one.info is not None and one.info.pid is not None)

    @property
    def settled(self) -> bool:
        """Whether no step of any task is under way: no save, no checkpoint, no boot, no end."""
        return not self._intake.busy and all(charge.step is None for charge in self._reconciler.charges.values())

    def scan(self) -> None:
        """There may be new tasks, or news of who gives them."""
        self._intake.scan_soon()

    def quit(self) -> None:
        """Save everything and end `run`."""
        self._volition.quit()
        self._bell.ring()

    async def react(self, key: str, reaction: Reaction) -> SessionView:
        """What became of a message that popped up."""
        return await self._ask(lambda: self._herald.react(key, reaction))

    def popups_changed(self) -> None:
        """What shows messages came or went, or there is something else to show."""
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
        self._intake.try_again()
        self._probing.try_again()
        self._volition.resume()

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
        state = self._parts.state
        self._volition.load()
        self._herald.begin()
        self._intake.begin()
        self._offset = self._clock.wall() - self._clock.lasting()
        self._asleep = self._clock.lasting() - self._clock.monotonic()
        self._history.note("agent_started")
        for task, step in state.interrupted():
            self._history.note("interrupted", step, task=task)
        state.prune()
        self._host.begin()

    async def _close(self) -> None:
        self._over = True
        for part in (self._holding, self._waking, self._host, self._intake, self._probing, self._room):
            await part.close()
        for _, future in self._inbox:
            future.cancel()

    def _turn(self) -> bool:
        """One turn; true when all is over."""
        self._notice_clocks()
        self._host.turn()
        answers = self._serve()
        self._volition.turn()
        if not self._volition.intent.quitting:
            self._intake.turn()
            if not self._host.reopening:
                self._probing.turn(settled=self._intake.settled)
        order = self._decide()
        if self._reconciler.capabilities is not None:
            new = not (self._volition.intent.finishing or self._room.unknown or self._judge.begins_nothing)
            self._reconciler.turn(order, room=self._given.settings.tasks, new=new, special=self._host.orders(order))
        self._holding.turn(self._reconciler.charges.values())
        self._waking.turn(self._reconciler.charges.values(), self._host.known.power, chosen=self._given.settings.keep_awake)
        self._host.settle()
        self._intake.retire()
        self._after_an_end()
        self._notice_damage()
        self._history.write()
        self._publish()
        for future, error in answers:
            if not future.done():
                future.set_result(None) if error is None else future.set_exception(error)
        return self._is_over(order)

    def heard(self) -> None:
        """The sensors said something. Most of it changes nothing, and a turn for each word of theirs would cost more than all the rest of the agent."""
        if self._judge.is_stirred():
            self._bell.ring()

    def _decide(self) -> Order:
        charges = self._reconciler.charges.values()
        before, now = self._judge.decide(self._room.turn(charges))
        if before is not None and (before.level, before.deciding) != (now.level, now.deciding):
            self._history.note("level", f"{now.level.value} {now.deciding}")
        seen = [charge.work.seen for charge in charges]
        needed = max((one.info.memory_mib for one in seen if one.info is not None and not one.state.alive), default=0)
        self._judge.expect(runs=any(one.state is VmState.RUNNING for one in seen), needed_memory_mib=needed)
        if not holds_still(now.level):
            self._reconciler.fit(now.level)
        return order_of(now.level)

    def _is_over(self, order: Order) -> bool:
        if order is not Order.QUIT or self._intake.busy:
            return False
        if self._reconciler.capabilities is None:
            return True
        return all(charge.outcome is not None and not charge.busy for charge in self._reconciler.charges.values())

    def _after_an_end(self) -> None:
        """One was all that was wanted; or all that had begun is finished, and it was said to pause then."""
        if self._once and self._intake.retired:
            self.quit()
        begun = any(charge.work.begun for charge in self._reconciler.charges.values())
        if self._volition.intent.finishing and not begun and not self._intake.busy:
            self._bell.ring()  # it is decided with the next turn
            try:
                self._volition.pause(PauseKind.FOREVER, told="all_finished")
            except T4TError as error:
                _log.warning("the intent is not written down: %s", error)

    def _notice_damage(self) -> None:
        """Say which files of our state had to be put aside."""
        for name in self._parts.state.set_aside[len(self._set_aside) :]:
            self._set_aside.append(name)
            self._history.note("state_set_aside", name)

    def _serve(self) -> list[tuple[asyncio.Future[object], BaseException | None]]:
        """Do what was asked; the answers are given at the end of the turn."""
        answers: list[tuple[asyncio.Future[object], BaseException | None]] = []
        while self._inbox:
            action, future = self._inbox.popleft()
            failed = None
            try:
                action()
            except T4TError as error:
                failed = error
            answers.append((future, failed))
        return answers

    def _notice_clocks(self) -> None:
        """Somebody set the clock: an hour's pause stays an hour. The computer slept: said, and all VMs are looked at."""
        offset = self._clock.wall() - self._clock.lasting()
        by = offset - self._offset
        if abs(by) >= _JUMP_S:
            self._history.note("clock_set", f"{by:.0f}")
            for part in (self._volition, self._host, self._judge):
                part.clock_was_set(by)
        self._offset = offset
        asleep = self._clock.lasting() - self._clock.monotonic()
        if asleep - self._asleep >= _SLEPT_S:
            if self._parts.host is None:  # else it tells of it
                self._history.note("computer_slept", f"{asleep - self._asleep:.0f}")
                self._host.woke()
            self._reconciler.doubt()
        self._asleep = asleep

    def _record_of(self, key: str) -> bytes:
        return msgspec.json.encode(self._reconciler.charges[key].work.record)

    # --- telling ---------------------------------------------------------------------------------------------------

    def _publish(self) -> None:
        if self._judge.decision is None:
            return
        view = showing.session_view(
            self._judge.decision,
            self._volition.intent,
            list(self._reconciler.charges.values()),
            clock=self._clock,
            hypervisor=self._hypervisor,
            finished=self._intake.finished,
            general=self._general_notices(),
        )
        messages = self._herald.turn(view, self._volition.intent)
        view = msgspec.structs.replace(view, kept_awake=self._waking.holds, spent=self._parts.spent(), update=self._parts.update(), messages=messages)
        if self._parts.patron is not None:
            view = msgspec.structs.replace(view, projects=self._parts.patron.views())
        before = self._view
        if before is not None and view == msgspec.structs.replace(before, serial=0):
            return
        self._view = msgspec.structs.replace(view, serial=1 if before is None else before.serial + 1)
        self._begun.set()
        for listener in list(self._listeners):
            listener(self._view)

    @property
    def _hypervisor(self) -> str:
        return "" if self._reconciler.capabilities is None else self._reconciler.capabilities.hypervisor

    def _general_notices(self) -> list[NoticeView]:
        told = [showing.notice_view(error) for error in (*(StateSetAside(file=name) for name in self._set_aside), *self._parts.troubles())]
        told.extend((*self._intake.notices(), *(() if self._parts.patron is None else self._parts.patron.notices()), *self._probing.notices()))
        told.extend(showing.notice_view(error) for error in self._holding.broken(self._reconciler.charges.values(), self._hypervisor))
        return told

    def _due_s(self) -> float:
        """Seconds until something is due by itself."""
        waits = [self._reconciler.due_s(self._parts.pace.idle_s), self._intake.due_s, self._host.due_s]
        waits.extend([] if self._judge.due is None else [self._judge.due - self._clock.wall()])
        waits.extend(due_s for due_s in (self._probing.due_s, self._volition.due_s, self._herald.due_s, self._room.due_s) if due_s is not None)
        return max(0.05, min(waits))
