"""Carries the mirror of ``/shared`` between the host's folder and QEMU's socket, as long as the VM runs."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from typing import TYPE_CHECKING, Final, cast

from t4t.hypervisor.qemu.folder import HostFolder
from t4t.hypervisor.qemu.share import MirrorHost

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.hypervisor.qemu.command import Endpoint

_LOOK_SECONDS: Final = 1.0
_CALM_LOOK_SECONDS: Final = 15.0
"""Between looks at a folder in which the host's programs have changed nothing for long; short of the guest's patience, for each look may say a ping."""
_CALM_READ_SECONDS: Final = 3.0
"""Between reads of a guest that only says how far it is: it waits for our answer, so that it says so less often, and wakes fewer processes."""
_CALM_AFTER_SECONDS: Final = 60.0
_SMALL_BYTES: Final = 4096
"""What a guest says of its heartbeat and progress at a time."""
_READ_BYTES: Final = 1 << 16
_RETRY_SECONDS: Final = 1.0
_MOST_PATIENCE: Final = 600.0


async def open_endpoint(endpoint: Endpoint) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream to one of QEMU's sockets."""
    if sys.platform != "win32" and endpoint.path:
        return await asyncio.open_unix_connection(endpoint.path)
    return await asyncio.open_connection("127.0.0.1", endpoint.port)


class Mirror:
    """Runs a `MirrorHost` on a folder and a socket; a broken connection is made anew."""

    def __init__(self, top: Path, endpoint: Endpoint) -> None:
        """Nothing happens before `start`."""
        self._folder = HostFolder(top)
        self._endpoint = endpoint
        self._engine: MirrorHost | None = None
        self._turn = asyncio.Lock()
        """The engine, and the folder's listing with it, is in one hand at a time (a look runs in a thread)."""
        self._wake = asyncio.Event()
        self._relieved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._greeted = 0.0
        self._patience = 0.0
        self._lively = 0.0
        """When there was last more to carry than signs of life."""

    def start(self) -> None:
        """Begin to mirror."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; the VM goes on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._folder.close()

    def guest_opened(self) -> None:
        """The guest has (re)opened its end: it knows of no session."""
        if self._engine is not None:
            self._greet(self._engine)

    def _greet(self, engine: MirrorHost) -> None:
        now = self._now()
        engine.restart(secrets.token_hex(8), now)
        self._greeted = self._lively = now
        self._wake.set()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await open_endpoint(self._endpoint)
                try:
                    await self._serve(reader, writer)
                finally:
                    self._engine = None
                    writer.close()
                    with contextlib.suppress(OSError):
                        await writer.wait_closed()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.to_thread(self._folder.scan)
        now = self._now()
        engine = self._engine = MirrorHost(self._folder, secrets.token_hex(8), now)
        self._greeted, self._lively, self._patience = now, now, 0.0
        reading = asyncio.create_task(self._read(engine, reader, writer))
        try:
            await self._write(engine, writer, reading)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, engine: MirrorHost, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_READ_BYTES):
            async with self._turn:
                known = engine.known
                engine.receive(data, self._now())
            self._wake.set()
            if len(data) > _SMALL_BYTES or engine.known != known:
                self._lively = self._now()
            if engine.congested:
                # The guest asks quicker than it reads: it must wait.
                self._relieved.clear()
                await self._relieved.wait()
            elif self._calm:
                await self._rest(cast("asyncio.Transport", writer.transport))

    @staticmethod
    async def _rest(transport: asyncio.Transport) -> None:
        """Hear nothing for a while: what the guest says meanwhile waits in the socket and wakes nobody."""
        transport.pause_reading()
        try:
            await asyncio.sleep(_CALM_READ_SECONDS)
        finally:
            if not transport.is_closing():
                transport.resume_reading()

    @property
    def _calm(self) -> bool:
        return self._now() - self._lively >= _CALM_AFTER_SECONDS

    async def _write(self, engine: MirrorHost, writer: asyncio.StreamWriter, reading: asyncio.Task[None]) -> None:
        looked = self._now()
        while not reading.done():
            self._wake.clear()
            async with self._turn:
                if self._now() - looked >= self._look_seconds:
                    if await asyncio.to_thread(self._folder.scan):
                        self._lively = self._now()
                    looked = self._now()
                self._watch_silence(engine, writer)
                message = engine.next_message(self._now())
                if not engine.congested:
                    self._relieved.set()
            if message is not None:
                writer.write(message)
                await writer.drain()
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, looked + self._look_seconds - self._now())):
                    await self._wake.wait()

    @property
    def _look_seconds(self) -> float:
        return _CALM_LOOK_SECONDS if self._calm else _LOOK_SECONDS

    def _watch_silence(self, engine: MirrorHost, writer: asyncio.StreamWriter) -> None:
        """Greet again when the guest says nothing, more and more rarely, and never into a full pipe."""
        now = self._now()
        if not engine.silent(now):
            self._patience = 0.0
        elif now - self._greeted > self._patience and not writer.transport.get_write_buffer_size():
            self._patience = min(max(self._patience * 2, 20.0), _MOST_PATIENCE)
            self._greet(engine)
