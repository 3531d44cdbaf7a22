"""Twins by fork, before anything of ours runs: what maker and twin have both imported is in memory once (measured: `docs/benchmarks.md`).

Such a process exists once, when its maker starts; whoever needs another one later starts it from its program, as everywhere else than on Linux.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import shlex
import signal
import socket
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from t4t.hypervisor.twin import SocketPipe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from t4t.hypervisor.twin import Child, Pipe

if sys.platform == "linux":
    _FAILED: Final = 1
    _STREAMS: Final = 3
    """Standard input, output and error: all that a twin keeps of its maker's files."""

    class _Begin(msgspec.Struct, frozen=True):
        """What a twin waits for: the first line that it reads."""

        command: tuple[str, ...]
        environment: dict[str, str]
        log: str

    class Forked:
        """See `Twin`."""

        def __init__(self, pid: int, handle: int, line: socket.socket) -> None:
            """``handle`` is the process's pidfd, ``line`` our end of its standard input and output."""
            self._pid = pid
            self._handle = handle
            self._line: socket.socket | None = line

        async def open(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path | None, limit: int) -> Child | None:
            """See `Twin.open`."""
            line, self._line = self._line, None
            if line is None:
                return None
            line.settimeout(0)
            reader, writer = await asyncio.open_connection(sock=line, limit=limit)
            running = _Running(self._pid, self._handle, reader, writer)
            writer.write(msgspec.json.encode(_Begin(command=tuple(command), environment=dict(environment), log="" if log is None else str(log))) + b"\n")
            try:
                await writer.drain()
            except ConnectionError:
                await running.wait()
                return None
            return running

        def drop(self) -> None:
            """See `Twin.drop`."""
            line, self._line = self._line, None
            if line is not None:
                line.close()
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(self._pid, 0)
                os.close(self._handle)

    class _Running:
        """See `Child`."""

        def __init__(self, pid: int, handle: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.pid = pid
            self.returncode: int | None = None
            self.stdin: Pipe = SocketPipe(writer)
            self.stdout = reader
            self._handle = handle
            self._writer = writer
            self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().add_reader(handle, self._reap)

        def _reap(self) -> None:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            try:
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            except ChildProcessError:  # somebody else was told
                self.returncode = _FAILED
            self._ended.set_result(self.returncode)

        def kill(self) -> None:
            if self.returncode is not None:
                raise ProcessLookupError(self.pid)
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)

        async def wait(self) -> int:
            status = await asyncio.shield(self._ended)
            self._writer.close()
            return status

    def fork(main: Callable[[Sequence[str]], int]) -> Forked | None:
        """See `twin.fork`; None also where Linux is too old (before 5.3), or there are threads already."""
        if threading.active_count() > 1:
            return None
        ours, its = socket.socketpair()
        gc.collect()
        gc.freeze()  # the collector would write to what is shared
        pid = os.fork()
        if pid == 0:
            _be(main, its)
        its.close()
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            ours.close()
            os.waitpid(pid, 0)
            return None
        return Forked(pid, handle, ours)

    def _be(main: Callable[[Sequence[str]], int], line: socket.socket) -> NoReturn:
        """Wait to be needed, then be it. Never returns: what the maker was about to do is not the twin's."""
        status = _FAILED
        try:
            os.setsid()  # Ctrl-C in a terminal is for the maker alone
            os.dup2(line.fileno(), 0)
            os.dup2(line.fileno(), 1)
            line.detach()
            os.closerange(_STREAMS, os.sysconf("SC_OPEN_MAX"))
            begin = _awaited()
            status = 0 if begin is None else _begun(main, begin)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else _FAILED
        except BaseException:  # noqa: BLE001 - told, and the end
            traceback.print_exc()
        finally:
            logging.shutdown()
            os._exit(status)

    def _awaited() -> _Begin | None:
        """The first line, and not a byte more; None if none comes."""
        said = bytearray()
        while not said.endswith(b"\n"):
            byte = os.read(0, 1)
            if not byte:
                return None
            said += byte
        return msgspec.json.decode(said, type=_Begin)

    def _begun(main: Callable[[Sequence[str]], int], begin: _Begin) -> int:
        import setproctitle  # noqa: PLC0415 - there is none where there are no twins

        if begin.log:
            log = os.open(begin.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            os.dup2(log, 2)
            os.close(log)
        setproctitle.setproctitle(shlex.join(begin.command))  # it finds its place by the environment as it was at the start
        os.environ.clear()
        os.environ.update(begin.environment)
        status = main(begin.command)
        sys.stdout.flush()
        return status
