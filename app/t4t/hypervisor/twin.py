"""A process of ours that another one starts, however it was made: from its program, or as a twin of its maker (`forking`)."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class Pipe(Protocol):
    """What we write to a child; `asyncio.StreamWriter` is one."""

    def write(self, data: bytes, /) -> None:
        """Hand over."""
        ...

    async def drain(self) -> None:
        """Wait while too much is on its way; raises `ConnectionError` where nobody reads."""
        ...

    def close(self) -> None:
        """Nothing more is written."""
        ...


class Child(Protocol):
    """A process of ours at the other end of its pipes; `asyncio.subprocess.Process` is one."""

    @property
    def pid(self) -> int:
        """Its id."""
        ...

    @property
    def returncode(self) -> int | None:
        """How it ended; negative: by this signal."""
        ...

    @property
    def stdin(self) -> Pipe | None:
        """What it reads."""
        ...

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """What it writes."""
        ...

    def kill(self) -> None:
        """End it; raises `ProcessLookupError` where it has."""
        ...

    async def wait(self) -> int:
        """Its `returncode`."""
        ...


class SocketPipe:
    """See `Pipe`: our end of a socket, of which closing leaves what is still to be read."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        """``writer`` is closed by somebody else."""
        self._writer = writer

    def write(self, data: bytes, /) -> None:
        """See `Pipe.write`."""
        self._writer.write(data)

    async def drain(self) -> None:
        """See `Pipe.drain`."""
        await self._writer.drain()

    def close(self) -> None:
        """See `Pipe.close`."""
        if not self._writer.is_closing():
            with contextlib.suppress(OSError):
                self._writer.write_eof()


class Twin(Protocol):
    """A process that waits to be needed; it ends by itself when its maker does without having opened it."""

    async def open(self, command: Sequence[str], *, environment: Mapping[str, str], log: Path | None, limit: int) -> Child | None:
        """The process, now in use, as if it had been started by ``command``; None if it is in use already, or has ended.

        Its messages go to the file ``log``, or where its maker's go; lines that it writes are at most ``limit`` bytes long.
        """
        ...

    def drop(self) -> None:
        """Nobody needs it: it is gone when this returns. Nothing happens if it is in use."""
        ...


def fork(main: Callable[[Sequence[str]], int]) -> Twin | None:
    """A twin that will be ``main`` of the command that it is opened with; None where there are no twins.

    Whoever calls this has one thread, and no event loop. Elsewhere than on Linux fork is missing, or unsafe beside the system's own libraries.
    """
    if sys.platform == "linux":
        from t4t.hypervisor import forking  # noqa: PLC0415 - it is nowhere else

        return forking.fork(main)
    else:  # noqa: RET505 - for the type checker, which knows where it is
        return None
