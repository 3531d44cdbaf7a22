"""What an agent in `support.chaos` works with: real state and spool, the fake hypervisor behind a VM host, in a process that may die at any contact."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from t4t.domain.errors import FolderUnwritable, HostProcessLost, SnapshotNotFound, StateUnreadable
from t4t.engine.source import Spool
from t4t.hypervisor.fake import FakeHypervisor, FakeWorld
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.policy import PauseKind
    from t4t.domain.vm import VmId, VmInfo, VmState
    from t4t.hypervisor.fake import GuestProgram, VirtualClock
    from t4t.hypervisor.fake.world import FakeVm

_COMMANDS: Final = frozenset(
    {"create", "start", "pause", "resume", "save", "discard_state", "shut_down", "power_off", "reconfigure", "delete", "take_snapshot", "restore_snapshot"}
)


MOMENTS: Final = ("asked", "doing", "done")
"""Of a command: before anything was done for it, in the middle, and when all is done but the answer."""


class WatchedWorld(FakeWorld):
    """The fake hypervisor's world; each change of a machine is told, and what lies on its disk may be ruined."""

    def __init__(self, clock: VirtualClock, program: Callable[[], GuestProgram], changed: Callable[[FakeVm], None]) -> None:
        super().__init__(clock, program)
        self._changed = changed
        self.ruined_states: set[VmId] = set()
        self.ruined_snapshots: dict[VmId, bool] = {}
        """Of which machines, and whether they are gone altogether."""

    def observe(self, vm: FakeVm, state: VmState) -> None:
        super().observe(vm, state)
        if state.alive or vm.saved is None:
            self.ruined_states.discard(vm.spec.vm_id)  # it is gone, a new one will be written
        self._changed(vm)

    def best_origin(self, vm: FakeVm) -> float:
        """The guest's seconds that the best of what can be read has: its saved state, else its snapshot."""
        vm_id = vm.spec.vm_id
        if vm.saved is not None and vm_id not in self.ruined_states:
            return vm.saved
        return 0.0 if vm_id in self.ruined_snapshots else max(vm.snapshots.values(), default=0.0)


class RuinableHypervisor(FakeHypervisor):
    """The fake driver, on a disk whose files may be ruined."""

    _world: WatchedWorld

    async def start(self, vm_id: VmId) -> VmInfo:
        if vm_id in self._world.ruined_states and self._vm(vm_id).saved is not None:
            raise StateUnreadable(vm=vm_id, detail="ruined")
        return await super().start(vm_id)

    async def take_snapshot(self, vm_id: VmId, name: str) -> Any:
        taken = await super().take_snapshot(vm_id, name)
        self._world.ruined_snapshots.pop(vm_id, None)
        return taken

    async def restore_snapshot(self, vm_id: VmId, name: str) -> VmInfo:
        gone = self._world.ruined_snapshots.get(vm_id)
        if gone is not None and not self._vm(vm_id).state.alive:
            raise (SnapshotNotFound(vm=vm_id, snapshot=name) if gone else StateUnreadable(vm=vm_id, detail="ruined"))
        return await super().restore_snapshot(vm_id, name)


class Overseer(Protocol):
    """Who hears of every command."""

    world: WatchedWorld

    def commanded(self, name: str, vm_id: VmId) -> None: ...

    def answered(self, vm_id: VmId | None) -> None: ...


def _id(argument: Any) -> VmId:
    """The machine that a command is for: named, or described by its specification."""
    return argument.vm_id if hasattr(argument, "vm_id") else argument  # type: ignore[no-any-return] # as the contract's methods have it


@dataclass(slots=True)
class Told:
    """What the volunteer was promised: the pause that holds."""

    kind: PauseKind | None = None
    until: float | None = None
    boot: str = ""


class Violation(AssertionError):
    """Something that must never happen."""


class Killed(BaseException):
    """SIGKILL: no handler of ours runs after it."""


@dataclass(slots=True)
class Doom:
    """When the agent dies: at which of its next contacts with the world."""

    contacts: int | None = None
    dead: bool = False
    struck: Callable[[], object] = lambda: None

    def contact(self) -> None:
        if self.dead:
            raise Killed
        if self.contacts is not None:
            self.contacts -= 1
            if self.contacts <= 0:
                self.dead = True
                self.struck()
                raise Killed


@dataclass(slots=True)
class Ambush:
    """A blow that waits in a command: in which of the next ones (counted down), at what moment of it, and what it strikes."""

    commands: int
    moment: str
    blow: Callable[[VmId], None]
    after_s: float = 0.3
    """How long after it has begun, in the middle of it."""
    spares: str = ""
    """A command that does not count."""
    sprung: str = ""
    """The command that it was, once it was struck."""


class DoomedState(State):
    """The real state, in an agent that may die before and after each writing, on a disk that may be full."""

    doom: Doom
    full = False

    def _do(self, action: Callable[..., Any]) -> Any:
        self.doom.contact()
        if self.full:
            raise FolderUnwritable(path="disk", reason="No space left on device")
        done = super()._do(action)
        self.doom.contact()
        return done


class DoomedSpool(Spool):
    """The real spool, likewise."""

    doom: Doom
    retired: list[str]

    def retire(self, folder: Path, outcome: Any) -> None:
        self.doom.contact()
        super().retire(folder, outcome)
        self.retired.append(folder.name)
        self.doom.contact()


class HostedDriver:
    """The fake driver as the VM host process serves it: it may be gone in the middle of any call."""

    def __init__(self, chaos: Overseer, doom: Doom, *, goes_on: Callable[[], bool]) -> None:
        """``goes_on``: whether the hypervisor's service brings to its end what a host asked for that died meanwhile (else it is undone)."""
        self._inner = RuinableHypervisor(chaos.world)
        self._chaos = chaos
        self._doom = doom
        self._goes_on = goes_on
        self._calls: dict[asyncio.Task[Any], asyncio.Future[Any]] = {}
        self._blows: set[asyncio.Task[None]] = set()
        self.ambush: Ambush | None = None

    def __getattr__(self, name: str) -> Any:
        """Commands and looks go through the pipe that may break."""
        found = getattr(self._inner, name)
        if name in _COMMANDS:
            return lambda *args, **more: self._command(name, found, *args, **more)
        if name == "inspect":
            return lambda *args: self._hosted(found, *args)
        return found

    async def _command(self, name: str, call: Callable[..., Any], argument: Any, *args: Any, **more: Any) -> Any:
        vm_id = _id(argument)
        self._doom.contact()
        self._chaos.commanded(name, vm_id)
        ambush = self._ambushed(name)
        try:
            if ambush is not None and ambush.moment == "asked":
                return await self._hosted(self._after(ambush, vm_id, call), argument, *args, **more)
            if ambush is not None and ambush.moment == "doing":
                self._strike_soon(ambush, vm_id)
            struck = ambush if ambush is not None and ambush.moment == "done" else None
            return await self._hosted(call, argument, *args, struck=struck, **more)
        finally:
            self._chaos.answered(vm_id)

    def _ambushed(self, name: str) -> Ambush | None:
        """The ambush, if this is the command."""
        ambush = self.ambush
        if ambush is None or ambush.spares == name:
            return None
        ambush.commands -= 1
        if ambush.commands > 0:
            return None
        self.ambush, ambush.sprung = None, name
        return ambush

    @staticmethod
    def _after(ambush: Ambush, vm_id: VmId, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call``, struck before it begins."""

        async def struck(*args: Any, **more: Any) -> Any:
            ambush.blow(vm_id)
            await asyncio.sleep(0)  # a host that was killed does nothing more
            return await call(*args, **more)

        return struck

    def _strike_soon(self, ambush: Ambush, vm_id: VmId) -> None:
        async def strike() -> None:
            await self._chaos.world.clock.sleep(ambush.after_s)
            ambush.blow(vm_id)

        blow = asyncio.create_task(strike())
        self._blows.add(blow)
        blow.add_done_callback(self._blows.discard)

    async def _hosted(self, call: Callable[..., Any], *args: Any, struck: Ambush | None = None, **more: Any) -> Any:
        self._doom.contact()
        running = asyncio.ensure_future(call(*args, **more))
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls[running] = answer

        def ended(done: asyncio.Task[Any]) -> None:
            if struck is not None:
                struck.blow(_id(args[0]))
            del self._calls[running]
            error = HostProcessLost(detail="killed") if done.cancelled() else done.exception()
            if answer.done():
                return
            if error is None:
                answer.set_result(done.result())
            else:
                answer.set_exception(error)

        running.add_done_callback(ended)
        try:
            done = await answer
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        self._doom.contact()
        return done

    def kill_host(self, *, undone: bool = False) -> None:
        """SIGKILL to the VM host: no answer comes any more to calls under way; the service undoes them or brings them to their end.

        ``undone``: the service is gone as well.
        """
        for running, answer in list(self._calls.items()):
            if not answer.done():
                answer.set_exception(HostProcessLost(detail="killed"))
            if not running.done() and (undone or not self._goes_on()):
                running.cancel()

    async def settle(self) -> None:
        """Nothing is under way any more."""
        await asyncio.gather(*self._calls, *self._blows, return_exceptions=True)
