"""VirtualBox's API in a thread of this process: its first home, which spares a second interpreter (measured: `docs/benchmarks.md`).

Once it hangs, or VBoxSVC is gone, the thread can't be ended, and its client library never connects again: it is left to itself, and the API lives in
processes of its own from then on (`worker`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Final

from t4t.hypervisor.twin import SocketPipe
from t4t.hypervisor.virtualbox.api.worker import LOST, Worker

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from t4t.hypervisor.twin import Child, Pipe

_LOG: Final = logging.getLogger(__name__)
_LEFT: Final = -9
"""As if the process had been killed that it would have been."""


class Inside:
    """See `Twin`. Whoever opens it ends its process by `os._exit`: threads of XPCOM do not outlive the interpreter's own end."""

    def __init__(self) -> None:
        """It can be opened once."""
        self.opened = False

    async def open(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path | None, limit: int) -> Child | None:
        """See `Twin.open`; environment and messages are this process's."""
        del command, environment, log
        if self.opened:
            return None
        self.opened = True
        ours, its = socket.socketpair()
        ours.settimeout(0)
        reader, writer = await asyncio.open_connection(sock=ours, limit=limit)
        return _Thread(reader, writer, its)

    def drop(self) -> None:
        """See `Twin.drop`: there is nothing of it."""


class _Thread:
    """See `Child`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, its: socket.socket) -> None:
        self.pid = os.getpid()
        self.returncode: int | None = None
        self.stdin: Pipe = SocketPipe(writer)
        self.stdout = reader
        self._writer = writer
        self._its = its
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        threading.Thread(target=self._serve, name="vbox-api", daemon=True).start()

    def _serve(self) -> None:
        try:
            with self._its.makefile("rb") as source, self._its.makefile("wb") as sink:
                Worker(source, sink, lost=lambda: self._end_from_thread(LOST)).serve()
        except Exception:  # noqa: BLE001 - logged; the road learns it from the end of its line
            _LOG.exception("a bug in the thread of VirtualBox's API")
        self._end_from_thread(0)
        threading.Event().wait()  # the end of a thread's own XPCOM queue aborts the process (seen with 7.2): it stays

    def _end_from_thread(self, status: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know
            self._loop.call_soon_threadsafe(self._end, status)

    def _end(self, status: int) -> None:
        if self.returncode is None:
            self.returncode = status
            with contextlib.suppress(OSError):
                self._its.shutdown(socket.SHUT_RDWR)
            self._ended.set_result(status)

    def kill(self) -> None:
        """Leave it to itself."""
        if self.returncode is not None:
            raise ProcessLookupError(self.pid)
        self._end(_LEFT)

    async def wait(self) -> int:
        status = await asyncio.shield(self._ended)
        self._writer.close()
        return status
