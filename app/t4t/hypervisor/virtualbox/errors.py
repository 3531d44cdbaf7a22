"""What an answer of VBoxManage means: one table from its text to a leaf of the error tree. Pure.

The order of the table is the order of the questions: the cause before its consequence, the special before the general. Rows were written against the answers
in ``tests/fixtures/vboxmanage``; many failures carry no code, and some end with exit status 0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import (
    CommandFailed,
    CommandTimeout,
    HypervisorBroken,
    MediumMissing,
    NotEnoughDisk,
    NotEnoughMemory,
    PortUnavailable,
    SnapshotNotFound,
    StateUnreadable,
    VmBusy,
    VmExists,
    VmLost,
    VmNotFound,
    VmWrongState,
)
from t4t.domain.record import record
from t4t.hypervisor.virtualbox import codes
from t4t.hypervisor.virtualbox.answer import message
from t4t.hypervisor.virtualbox.codes import Trouble
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.errors import T4TError
    from t4t.hypervisor.virtualbox.answer import Answer

_TOLERANT: Final = frozenset({"list", "showvminfo", "showmediuminfo", "getextradata"})
"""Commands that only look, and go on after an error about one of many things: with status 0, what they printed is good."""
_NO_SNAPSHOTS: Final = "This machine does not have any snapshots"
"""``snapshot … list`` says so on standard output and ends with 1."""
_STATUS_TIMEOUT: Final = 124
_STATUS_NOT_RUN: Final = frozenset({126, 127})
_NTSTATUS: Final = 0xC0000000
_PATH: Final = re.compile(r"'([^'\n]*[/\\][^'\n]*)'")
_PORT: Final = re.compile(r",(?:tcp|udp),[^,]*,([0-9]{1,5}),")


@record
class Case:
    """A failure to be named: the VM as the caller calls it, the answer, its error text and what the row's brackets caught."""

    vm: str
    answer: Answer
    text: str
    groups: tuple[str | None, ...] = ()

    @property
    def detail(self) -> str:
        """VirtualBox's own words, with the code's name if it has one."""
        code = codes.hresult(self.text)
        return message(self.text) + ("" if code is None else f" ({codes.hresult_name(code)})")

    @property
    def path(self) -> str:
        """The first path in the text."""
        found = _PATH.search(self.text)
        return "" if found is None else found[1]

    @property
    def word(self) -> str:
        """What the row's brackets caught."""
        return next((group for group in self.groups if group), "")

    def wrong_state(self, state: str) -> VmWrongState:
        """The command does not fit ``state``."""
        return VmWrongState(vm=self.vm, state=state, command=self.answer.command)


def _broken(case: Case) -> T4TError:
    return HypervisorBroken(hypervisor=NAME, detail=case.detail)


def _failed(case: Case) -> T4TError:
    return CommandFailed(vm=case.vm, command=case.answer.command, detail=case.detail)


def _busy(case: Case) -> T4TError:
    return VmBusy(vm=case.vm, command=case.answer.command, detail=case.detail)


def _no_space(case: Case) -> T4TError:
    return NotEnoughDisk(path=case.path, needed_mib=0, free_mib=0)


def _port(case: Case) -> T4TError:
    found = _PORT.search(" ".join(case.answer.arguments))
    return PortUnavailable(vm=case.vm, port=0 if found is None else int(found[1]))


def _hex(code: int) -> str:
    return rf"\(0x{code:08x}\)|\b0x{code:08x}\b"


TABLE: Final[tuple[tuple[str, Callable[[Case], T4TError]], ...]] = (
    (r"Failed to (?:create the VirtualBox object|initialize COM|create a session object)", _broken),
    (r"rc=-1908|suplibOsInit|Kernel driver not installed|/dev/vboxdrv", _broken),
    (r"Could not find a snapshot (?:named|with UUID) ['{](.*)['}]|does not have any snapshots", lambda case: SnapshotNotFound(vm=case.vm, snapshot=case.word)),
    (r"Could not find a registered machine", lambda case: VmNotFound(vm=case.vm)),
    (r"object functionality is limited", lambda case: case.wrong_state("inaccessible")),
    (r"is not currently running", lambda case: case.wrong_state("not running")),
    (r"Invalid machine state: (\w+)", lambda case: case.wrong_state(case.word.lower())),
    (r"machine state: (\w+)\)|\(state is (\w+)\)", lambda case: case.wrong_state(case.word.lower())),
    (r"Already (paused|running)", lambda case: case.wrong_state(case.word)),
    (r"already locked (?:by|for) a session|while it is locked|being unlocked|is locked for (?:reading|writing)", _busy),
    (r"object is not ready|Failed to get a console object|The session is not locked", _busy),
    (r"saved state from|Failed to load unit", lambda case: StateUnreadable(vm=case.vm, detail=case.detail)),
    (r"The VM session was aborted", lambda case: VmLost(vm=case.vm, detail=case.detail)),
    (r"terminated unexpectedly during startup", _broken),
    (r"A NAT rule for this host port", _port),
    (r"Machine settings file '.*' already exists|Registered machine with UUID .* already exists", lambda case: VmExists(vm=case.vm)),
    (r"(?:Could not find file for the medium|Could not open the medium)(?=[\s\S]*VERR_(?:FILE|PATH)_NOT_FOUND)", lambda case: MediumMissing(path=case.path)),
    (_hex(codes.INVALID_VM_STATE), lambda case: case.wrong_state("another")),
    (_hex(codes.OUT_OF_MEMORY), lambda _: NotEnoughMemory(needed_mib=0, free_mib=0)),
    (
        "|".join(_hex(c) for c in (codes.CLASS_NOT_REGISTERED, codes.SERVER_EXEC_FAILURE, codes.SERVER_UNAVAILABLE, codes.CALL_FAILED, codes.SOCKET_FAIL)),
        _broken,
    ),
    (r"", _failed),
)
"""Pattern in the error text (after the VERR codes were asked), and what it makes of it. The last row takes the rest."""

_BY_TROUBLE: Final[dict[Trouble, Callable[[Case], T4TError]]] = {
    Trouble.VIRTUALIZATION_OFF: _broken,
    Trouble.VIRTUALIZATION_NONE: _broken,
    Trouble.VIRTUALIZATION_TAKEN: _broken,
    Trouble.VIRTUALIZATION_NOT_LENT: _broken,
    Trouble.DRIVER: _broken,
    Trouble.HARDENING: _broken,
    Trouble.MEMORY: lambda _: NotEnoughMemory(needed_mib=0, free_mib=0),
    Trouble.DISK: _no_space,
    Trouble.STATE: lambda case: StateUnreadable(vm=case.vm, detail=case.detail),
}
"""A missing file is judged by the table: it may be a medium or a VM's settings."""


def classify(answer: Answer, vm: str = "") -> T4TError | None:
    """The error that ``answer`` is, or None. ``vm`` is what the caller calls the VM.

    Sizes in `NotEnoughDisk` and `NotEnoughMemory` are 0 (VirtualBox does not say them): the caller, who knows the VM, fills them in.
    """
    text = answer.error
    if (answer.status == 0 and (not text or answer.arguments[0] in _TOLERANT)) or text == _NO_SNAPSHOTS:
        return None
    if answer.status == _STATUS_TIMEOUT:
        return CommandTimeout(vm=vm, command=answer.command, seconds=answer.seconds)
    if answer.status < 0 or answer.status in _STATUS_NOT_RUN or answer.status >= _NTSTATUS:
        return HypervisorBroken(hypervisor=NAME, detail=f"VBoxManage ended with {answer.status}: {text}"[:500])
    return from_text(text, answer, vm)


def from_text(text: str, answer: Answer, vm: str = "") -> T4TError:
    """The error that ``text`` tells of, for the command of ``answer``."""
    for sign in codes.signs(text):
        if sign.trouble in _BY_TROUBLE:
            return _BY_TROUBLE[sign.trouble](Case(vm, answer, text))
    tried = ((re.search(pattern, text, re.IGNORECASE), judge) for pattern, judge in TABLE)
    return next(judge(Case(vm, answer, text, found.groups())) for found, judge in tried if found is not None)


def from_log(log: str, vm: str = "", path: str = "") -> T4TError | None:
    """The cause that the end of a VM's log names where VBoxManage only said "failed" (a full disk while saving, a processor that is taken).

    None if it names none. ``path`` is the folder in which there was no space.
    """
    for sign in codes.signs(log):
        match sign.trouble:
            case Trouble.DISK:
                return NotEnoughDisk(path=path, needed_mib=0, free_mib=0)
            case Trouble.MEMORY:
                return NotEnoughMemory(needed_mib=0, free_mib=0)
            case Trouble.STATE:
                return StateUnreadable(vm=vm, detail=sign.verr)
            case Trouble.FILE:
                continue
            case _:
                return HypervisorBroken(hypervisor=NAME, detail=f"{sign.trouble.value} ({sign.verr})")
    return None


def unknown_option(answer: Answer) -> bool:
    """Whether this VBoxManage does not know an option (or a value of one) that it was given."""
    return answer.status != 0 and re.search(r"Unknown option|Invalid parameter|Syntax error|Invalid option", answer.error, re.IGNORECASE) is not None


@record
class Transient:
    """A failure that goes away by itself: which, why, and after how many seconds each to try again."""

    code: int
    """The HRESULT that must be named; 0: any."""
    text: str
    delays: tuple[float, ...]
    why: str

    def fits(self, error: str) -> bool:
        """Whether ``error`` is this failure."""
        return self.code in {0, codes.hresult(error)} and re.search(self.text, error, re.IGNORECASE) is not None


TRANSIENT: Final = (
    Transient(codes.INVALID_OBJECT_STATE, r"locked", (0.25, 0.5, 1.0, 2.0, 4.0), "a VM's lock outlives its power-off by seconds"),
    Transient(codes.ACCESS_DENIED, r"not ready", (0.5, 1.0, 2.0, 4.0), "VirtualBox is still reading its settings"),
    Transient(0, r"console object from the direct session|The session is not locked", (0.25, 0.5, 1.0, 2.0), "a VM's process ends while we look at it"),
    Transient(codes.SERVER_EXEC_FAILURE, r"", (1.0, 2.0, 4.0, 8.0, 16.0), "VBoxSVC is just ending or starting"),
    Transient(
        codes.CLASS_NOT_REGISTERED, r"not running or failed to start", (0.1, 0.25, 0.5, 1.0), "VBoxSVC was killed, and who starts it has not seen it yet"
    ),
    Transient(codes.SERVER_UNAVAILABLE, r"", (0.5, 1.0, 2.0), "VBoxSVC ended; the next call starts a new one"),
)
"""Only failures of commands that did nothing yet, so that doing them again is safe."""


def delays(answer: Answer) -> tuple[float, ...]:
    """After how many seconds each the command of ``answer`` is to be tried again; none if that would not help."""
    if answer.status == 0:
        return ()
    return next((row.delays for row in TRANSIENT if row.fits(answer.error)), ())
