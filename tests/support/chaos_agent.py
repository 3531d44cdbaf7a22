"""What an agent in `support.chaos` works with: real state and spool, the fake hypervisor behind a VM host, in a process that may die at any contact."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from t4t.domain.errors import FolderUnwritable, HostProcessLost
from t4t.engine.source import Spool
from t4t.hypervisor.fake import FakeHypervisor
from t4t.storage.state import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.vm import VmId
    from t4t.hypervisor.fake import FakeWorld

_COMMANDS: Final = frozenset(
    {"create", "start", "pause", "resume", "save", "discard_state", "shut_down", "power_off", "reconfigure", "delete", "take_snapshot", "restore_snapshot"}
)


class Overseer(Protocol):
    """Who hears of every command."""

    world: FakeWorld

    def commanded(self, name: str, vm_id: VmId) -> None: ...

    def answered(self, vm_id: VmId | None) -> None: ...


def _id(argument: Any) -> VmId:
    """The machine that a command is for: named, or described by its specification."""
    return argument.vm_id if hasattr(argument, "vm_id") else argument  # type: ignore[no-any-return] # as the contract's methods have it


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

    def __init__(self, chaos: Overseer, doom: Doom) -> None:
        self._inner = FakeHypervisor(chaos.world)
        self._chaos = chaos
        self._doom = doom
        self._calls: set[asyncio.Task[Any]] = set()

    def __getattr__(self, name: str) -> Any:
        """Commands and looks go through the pipe that may break."""
        found = getattr(self._inner, name)
        if name in _COMMANDS or name == "inspect":
            return lambda *args, **more: self._hosted(name, found, *args, **more)
        return found

    async def _hosted(self, name: str, call: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self._doom.contact()
        vm_id = args[0] if args else None
        if name in _COMMANDS:
            self._chaos.commanded(name, _id(vm_id))
        running = asyncio.ensure_future(call(*args, **more))
        self._calls.add(running)
        try:
            done = await running
        except asyncio.CancelledError:
            if running.cancelled() and not asyncio.current_task().cancelling():  # type: ignore[union-attr] # there is a task
                raise HostProcessLost(detail="killed") from None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            raise
        finally:
            self._calls.discard(running)
            self._chaos.answered(_id(vm_id) if name in _COMMANDS else None)
        self._doom.contact()
        return done

    def kill_host(self) -> None:
        """SIGKILL to the VM host: calls under way are lost, at whatever point they are."""
        for call in list(self._calls):
            call.cancel()
