"""The API's Unix socket: a file that a cleaner of temporary folders, or the end of a session, may take away under an agent that goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

from t4t.api.endpoint import make_private
from t4t.api.messages import MAX_REQUEST_BYTES
from t4t.domain.errors import FolderUnwritable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_log = logging.getLogger(__name__)

_LOOK_S: Final = 15.0

if sys.platform != "win32":

    class StandingSocket:
        """Listens; where its file is gone, once more. Who is connected already notices nothing of that."""

        def __init__(self, path: Path, connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
            """Nothing listens yet."""
            self._path = path
            self._connected = connected
            self._server: asyncio.Server | None = None
            self._looking: asyncio.Task[None] | None = None

        async def open(self) -> None:
            """Listen, in place of whatever lies there; raises `OSError` and `FolderUnwritable`."""
            await self._listen()
            self._looking = asyncio.create_task(self._look())

        def close(self) -> None:
            """Listen no more."""
            if self._looking is not None:
                self._looking.cancel()
            if self._server is not None:
                self._server.close()
            with contextlib.suppress(OSError):
                self._path.unlink()

        async def _listen(self) -> None:
            make_private(self._path.parent)
            self._path.unlink(missing_ok=True)
            # the folder lets nobody else in; the socket's own mode says so again, from its first moment
            mask = os.umask(0o177)
            try:
                self._server = await asyncio.start_unix_server(self._connected, self._path, limit=MAX_REQUEST_BYTES)
            finally:
                os.umask(mask)

        async def _look(self) -> None:
            while True:
                await asyncio.sleep(_LOOK_S)
                if self._path.exists():
                    continue
                try:
                    before = self._server
                    await self._listen()
                    if before is not None:
                        before.close()
                    _log.warning("the socket was gone; there is another one")
                except (OSError, FolderUnwritable) as error:
                    _log.warning("the socket is gone: %s", error)
