"""The one place that executes VBoxManage. It never sets ``VBOX_USER_HOME``: the first process that starts VBoxSVC decides it for everybody.

Argument lists only; messages in English, paths in UTF-8; a limit of time on every system; the answer is judged by `errors`, transient failures are tried again.
Nothing secret is ever an argument, so that the replay log can be shown as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import psutil

from t4t.domain.errors import CommandTimeout, HypervisorBroken, HypervisorMissing, T4TError
from t4t.domain.record import record
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.virtualbox import errors
from t4t.hypervisor.virtualbox.answer import Answer, command_name, without_progress
from t4t.hypervisor.virtualbox.versions import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from t4t.domain.clock import Clock
    from t4t.hypervisor.virtualbox.options import Call

_LOG: Final = logging.getLogger(__name__)
_MOST: Final = 4 * 1024 * 1024
"""Bytes of each stream that are kept; the rest is read and thrown away, so that a flood can't block the program."""
_SILENT_SECONDS: Final = 0.5
_KEPT_COMMANDS: Final = 200
_KEPT_TEXT: Final = 2000
_ENOUGH: Final = 45.0
SECONDS: Final[Mapping[str, float]] = {
    "showvminfo": 10.0,
    "list vms": 10.0,
    "list hdds": 20.0,
    "startvm": 300.0,
    "controlvm savestate": 600.0,
    "snapshot take": 600.0,
    "snapshot delete": 600.0,
    "snapshot restore": 120.0,
    "unregistervm": 120.0,
    "closemedium": 120.0,
    "clonemedium": 3600.0,
    "convertfromraw": 3600.0,
}
"""How long a command may take; `_ENOUGH` for the others."""
_SPARED: Final = frozenset({"VBoxSVC", "VBoxSDS", "VBoxXPCOMIPCD", "VBoxHeadless", "VirtualBoxVM"})
"""They serve all VMs of the volunteer, also if VBoxManage happened to start them."""
if sys.platform == "win32":
    _FLAGS: Final = subprocess.CREATE_NO_WINDOW
else:
    _FLAGS: Final = 0


def environment_for(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` for VBoxManage: without our own libraries, in English, with UTF-8 (in plain "C" it could not take a path with an umlaut)."""
    cleaned = {name: value for name, value in clean_environment(environment).items() if not name.startswith("LC_") and name not in {"LANG", "LANGUAGE"}}
    return cleaned | {"LC_ALL": "C.UTF-8"}


@record(kw_only=True)
class Replayed:
    """One command as the replay log keeps it; texts are cut, ``status`` None says that it was stopped."""

    arguments: tuple[str, ...]
    status: int | None
    out: str
    err: str
    seconds: float


class _Child(asyncio.SubprocessProtocol):
    """Takes what the program writes, the first `_MOST` bytes of each stream, and notes its end."""

    def __init__(self) -> None:
        self.exited = asyncio.Event()
        self.silent = asyncio.Event()
        """Both streams are closed, which a program that it left behind may delay for as long as it likes."""
        self._kept = {1: bytearray(), 2: bytearray()}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        kept = self._kept[fd]
        kept += data[: max(0, _MOST - len(kept))]

    def process_exited(self) -> None:
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.silent.set()

    def text(self, fd: int) -> str:
        return self._kept[fd].decode(errors="replace").replace("\r\n", "\n")


async def execute(program: str, arguments: Sequence[str], *, seconds: float, environment: Mapping[str, str] | None = None) -> Answer:
    """Run ``program`` to its end. It is ended, with all that it started in its own process group, when we are cancelled or out of time.

    Raises `CommandTimeout`, `HypervisorMissing` (no such program) or `HypervisorBroken` (the system can't execute it).
    """
    begin = time.monotonic()
    try:
        transport, child = await asyncio.get_running_loop().subprocess_exec(
            _Child,
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment_for(os.environ if environment is None else environment),
            start_new_session=sys.platform != "win32",
            creationflags=_FLAGS,
        )
    except FileNotFoundError:
        raise HypervisorMissing(hypervisor=NAME) from None
    except (OSError, ValueError) as error:
        raise HypervisorBroken(hypervisor=NAME, detail=f"{program}: {error}") from None
    handle = _handle(transport.get_pid())
    try:
        async with asyncio.timeout(seconds):
            await child.exited.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SILENT_SECONDS):
                    await child.silent.wait()
    except TimeoutError:
        raise CommandTimeout(vm="", command=command_name(tuple(arguments)), seconds=seconds) from None
    finally:
        if transport.get_returncode() is None:
            _end_tree(transport.get_pid(), handle)
            await asyncio.shield(child.exited.wait())
        _close(handle)
        transport.close()
    status = transport.get_returncode() or 0
    return Answer(arguments=tuple(arguments), status=status, out=child.text(1), err=child.text(2), seconds=time.monotonic() - begin)


if sys.platform == "win32":

    def _handle(pid: int) -> psutil.Process | None:
        try:
            return psutil.Process(pid)
        except psutil.Error:
            return None

    def _end_tree(pid: int, handle: psutil.Process | None) -> None:
        """End the program and its children; psutil compares start times before it kills."""
        del pid
        if handle is None:
            return
        with contextlib.suppress(psutil.Error):
            for one in (*handle.children(recursive=True), handle):
                with contextlib.suppress(psutil.Error):
                    if one.name().removesuffix(".exe") not in _SPARED:
                        one.kill()

    def _close(handle: psutil.Process | None) -> None:
        del handle

else:
    import signal

    def _handle(pid: int) -> int | None:
        """A handle that can't come to mean another process."""
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                return os.pidfd_open(pid)
        return None

    def _end_tree(pid: int, handle: int | None) -> None:
        """End the program and its process group, which is its own. VBoxSVC and VMs have left it: they are in sessions of their own."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if sys.platform == "linux" and handle is not None:
                signal.pidfd_send_signal(handle, 0)  # ProcessLookupError: its number may be another's by now
            os.killpg(pid, signal.SIGKILL)

    def _close(handle: int | None) -> None:
        if handle is not None:
            os.close(handle)


class VBoxManage:
    """VBoxManage of one installation, one command at a time or several; commands of one VM should follow each other."""

    def __init__(self, program: str, *, clock: Clock, environment: Mapping[str, str] | None = None) -> None:
        """``program`` is its path; ``clock`` times the pauses between attempts; ``environment`` replaces ours."""
        self._program = program
        self._clock = clock
        self._environment = environment
        self._replay: deque[Replayed] = deque(maxlen=_KEPT_COMMANDS)

    def replay(self) -> tuple[Replayed, ...]:
        """The last commands, oldest first."""
        return tuple(self._replay)

    async def run(self, *arguments: str, vm: str = "", seconds: float | None = None, patient: bool = True) -> Answer:
        """The answer to a command that succeeded.

        Raises the leaf that `errors.classify` finds, with ``vm`` in it, and what `execute` raises. Transient failures are tried again as `errors.TRANSIENT`
        says, unless not ``patient``.
        """
        answer = await self.ask(*arguments, vm=vm, seconds=seconds, patient=patient)
        error = errors.classify(answer, vm)
        if error is not None:
            raise error
        return answer

    async def ask(self, *arguments: str, vm: str = "", seconds: float | None = None, patient: bool = True) -> Answer:
        """As `run`, but a refusal is an answer too: only what `execute` raises is raised."""
        attempt = 0
        while True:
            answer = await self._once(arguments, vm, SECONDS.get(command_name(arguments), _ENOUGH) if seconds is None else seconds)
            delays = errors.delays(answer) if patient else ()
            if attempt >= len(delays):
                return answer
            _LOG.info("%s: %s; again in %s s", answer.command, answer.error.partition("\n")[0], delays[attempt])
            await self._clock.sleep(delays[attempt])
            attempt += 1

    async def perform(self, calls: Iterable[Call], *, vm: str = "") -> tuple[Answer, ...]:
        """Carry out a plan of `options`: each call in turn, the simpler ones instead where an option is not known, failures of optional ones only logged."""
        answers: list[Answer] = []
        for call in calls:
            answer = await self.ask(*call.arguments, vm=vm)
            if call.instead and errors.unknown_option(answer):
                _LOG.info("%s: %s", answer.command, answer.error.partition("\n")[0])
                answers.extend(await self.perform(call.instead, vm=vm))
                continue
            error = errors.classify(answer, vm)
            if error is not None and not call.may_fail:
                raise error
            if error is not None:
                _LOG.info("not done: %s: %s", " ".join(call.arguments), error)
            answers.append(answer)
        return tuple(answers)

    async def _once(self, arguments: tuple[str, ...], vm: str, seconds: float) -> Answer:
        begin = self._clock.monotonic()
        answer: Answer | None = None
        stopped = ""
        try:
            answer = await execute(self._program, arguments, seconds=seconds, environment=self._environment)
        except CommandTimeout as error:
            stopped = str(error)
            raise CommandTimeout(vm=vm, command=error.command, seconds=error.seconds) from None
        except T4TError as error:
            stopped = str(error)
            raise
        finally:
            self._replay.append(
                Replayed(
                    arguments=arguments,
                    status=None if answer is None else answer.status,
                    out="" if answer is None else answer.out[-_KEPT_TEXT:],
                    err=stopped or ("" if answer is None else without_progress(answer.err)[-_KEPT_TEXT:]),
                    seconds=self._clock.monotonic() - begin if answer is None else answer.seconds,
                )
            )
        return answer
