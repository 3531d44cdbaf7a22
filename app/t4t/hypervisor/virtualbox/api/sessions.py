"""Sessions: the locks without which VirtualBox lets nobody command a VM.

A VM with a process is held by a shared session that is kept, so that pausing it is one call; it keeps nobody out. One without is locked for writing, changed,
saved and let go in one go. A session whose VM is gone says nothing about why: it is thrown away.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final, TypeVar

import virtualbox

from t4t.domain.errors import VmWrongState
from t4t.hypervisor.virtualbox.api import errorinfo, failure
from t4t.hypervisor.virtualbox.api.failure import Failure, Refused
from t4t.hypervisor.virtualbox.api.objects import call, get

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from virtualbox import Manager
    from virtualbox.library import IConsole, IMachine, IProgress, ISession, IVirtualBox

    from t4t.hypervisor.virtualbox.api.numbers import Numbers

_Result = TypeVar("_Result")
_SLICE_MS: Final = 15
"""How long one look at a running operation may hold up the commands of others."""
_LONG_SECONDS: Final = 5.0
_LONG_PAUSE: Final = 0.2
_STEP: Final = 0.03
_UNLOCK_SECONDS: Final = 10.0
"""A VM's lock outlives its process by one or two seconds."""
_TEXTS: Final = 5


class Sessions:
    """The sessions of one worker. What may have to wait is a generator: it yields the seconds after which it is to go on."""

    def __init__(self, manager: Manager, vbox: IVirtualBox, numbers: Numbers) -> None:
        """``manager`` makes sessions, ``vbox`` finds VMs."""
        self._manager = manager
        self._vbox = vbox
        self._numbers = numbers
        self._kept: dict[str, tuple[ISession, IConsole]] = {}

    def __contains__(self, vm: str) -> bool:
        """Whether the VM's session is kept."""
        return vm in self._kept

    def machine(self, vm: str) -> IMachine:
        """The VM; what the API raises if there is none."""
        return self._vbox.find_machine(vm)

    def state(self, machine: IMachine) -> str:
        """The name of its MachineState."""
        return self._numbers.name("MachineState", get(machine, "state"))

    def keep(self, vm: str, session: ISession) -> None:
        """Keep a session that was made otherwise (by starting the VM)."""
        self.drop(vm)
        self._kept[vm] = (session, session.console)

    def live(self, vm: str) -> tuple[ISession, IConsole]:
        """The kept session of a VM that has a process, and its console."""
        if vm not in self._kept:
            session = virtualbox.Session(manager=self._manager)
            call(self.machine(vm), "lockMachine", session, self._numbers.number("LockType", "Shared"))
            console = session.console
            if console._i is None:  # noqa: SLF001 - null: the lock is ours alone, there is no process
                session.unlock_machine()
                raise VmWrongState(vm=vm, state="not running", command="")
            self._kept[vm] = (session, console)
        return self._kept[vm]

    def drop(self, vm: str) -> None:
        """Give the kept session back, if there is one."""
        session, _ = self._kept.pop(vm, (None, None))
        if session is not None:
            unlock(session)

    def forget(self, vm: str) -> None:
        """Throw the kept session away if the VM that it was for has no process any more."""
        if vm in self._kept:
            session, _ = self._kept[vm]
            try:
                gone = get(session, "state") != self._numbers.number("SessionState", "Locked")
            except Exception:  # noqa: BLE001 - one that can't say is of no use
                gone = True
            if gone:
                self.drop(vm)

    def drop_all(self) -> None:
        """Give all back."""
        for vm in tuple(self._kept):
            self.drop(vm)

    def changed(self, vm: str, change: Callable[[IMachine], _Result], *, save: bool = True) -> Generator[float, None, _Result]:
        """What ``change`` gives for the VM, locked for writing; its settings are saved."""
        session = yield from self.lock(vm)
        try:
            result = change(session.machine)
            if save:
                session.machine.save_settings()
        except Exception as error:
            raise errorinfo.told(error) from error
        finally:
            unlock(session)
        return result

    def lock(self, vm: str) -> Generator[float, None, ISession]:
        """A session with the write lock of a VM that has no process: waits while an ended process still holds it."""
        self.drop(vm)
        machine = self.machine(vm)
        yield from self.unlocked(machine)
        lock = self._numbers.number("LockType", "Write")

        def attempt() -> ISession:
            session = virtualbox.Session(manager=self._manager)
            call(machine, "lockMachine", session, lock)
            return session

        return (yield from patient(attempt))

    def unlocked(self, machine: IMachine) -> Generator[float, None, None]:
        """Wait until nobody holds a VM that has no process any more; who is there after that stays."""
        free = self._numbers.number("SessionState", "Unlocked")
        online = range(self._numbers.number("MachineState", "FirstOnline"), self._numbers.number("MachineState", "LastOnline") + 1)
        deadline = time.monotonic() + _UNLOCK_SECONDS
        while get(machine, "sessionState") != free and get(machine, "state") not in online and time.monotonic() < deadline:
            yield _STEP


def unlock(session: ISession) -> None:
    """Let go; a session whose VM is gone has let go already."""
    with contextlib.suppress(Exception):  # whatever it says, there is nothing left to be done with it
        session.unlock_machine()


def patient(attempt: Callable[[], _Result]) -> Generator[float, None, _Result]:
    """What ``attempt`` gives; failures that go away by themselves (`errors.TRANSIENT`) are tried again. It must have done nothing when it fails."""
    tried = 0
    while True:
        try:
            return attempt()
        except Exception as error:
            known = failure.read(error)
            delays = () if known is None else known.delays
            if tried >= len(delays):
                raise
        yield delays[tried]
        tried += 1


def finished(progress: IProgress) -> Generator[float, None, None]:
    """Wait for an operation in short looks, so that other commands go on between them; `Refused` if it failed."""
    begun = time.monotonic()
    while not progress.completed:
        progress.wait_for_completion(_SLICE_MS)
        yield 0.0 if time.monotonic() - begun < _LONG_SECONDS else _LONG_PAUSE
    code = progress.result_code
    if code:
        raise Refused(Failure(code & 0xFFFFFFFF, _words(progress)))


def _words(progress: IProgress) -> str:
    """All texts of an operation's failure: the cause often is in the second."""
    texts: list[str] = []
    info = progress.error_info
    while info._i is not None and len(texts) < _TEXTS:  # noqa: SLF001 - null ends the chain
        texts.append(info.text)
        info = info.next_p
    return "\n".join(dict.fromkeys(texts)) or "failed"
