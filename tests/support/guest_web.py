"""The guest's page without a guest: its files, its web server's program and configuration out of the built appliance, and recorded jobs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

RECORDED: Final = Path(__file__).resolve().parents[1] / "fixtures" / "guest-web"
JOBS: Final = ("ee", "jets", "soft", "z")
MACHINE: Final = {"cores": 2, "memory_mib": 496, "kernel": "6.1.158", "version": "f3a90cc1d2e4", "hypervisor": "qemu"}


class GuestWeb:
    """A web server on loopback: every connection is answered by a BusyBox of its own, as from inetd. While `paused`, none is."""

    def __init__(self, appliance: Path, folder: Path) -> None:
        tree = appliance / "tree"
        self.folder = folder / "www"
        shutil.copytree(tree / "usr/share/t4t/www", self.folder)
        self._command = (str(tree / "bin/busybox"), "httpd", "-i", "-h", str(self.folder), "-c", str(tree / "etc/httpd.conf"))
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._socket.setblocking(False)  # noqa: FBT003 - as asyncio wants it
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._answering = asyncio.Event()
        self._answering.set()
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        """Begin to serve."""
        await self._tasks.__aenter__()
        self._server = self._tasks.create_task(self._serve())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Answer what is still asked, and end."""
        self._answering.set()
        self._server.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._server
        self._socket.close()
        await self._tasks.__aexit__(kind, error, trace)

    def pause(self) -> None:
        """Like a guest that is paused: connections are taken, by whoever forwards the port, and nothing comes."""
        self._answering.clear()

    def go_on(self) -> None:
        self._answering.set()

    async def _serve(self) -> None:
        while True:
            line, _ = await asyncio.get_running_loop().sock_accept(self._socket)
            self._tasks.create_task(self._answer(line))

    async def _answer(self, line: socket.socket) -> None:
        with line:
            await self._answering.wait()
            line.setblocking(True)  # noqa: FBT003 - BusyBox expects a socket that waits
            process = await asyncio.create_subprocess_exec(*self._command, stdin=line.fileno(), stdout=line.fileno(), stderr=asyncio.subprocess.DEVNULL)
            await process.wait()

    def put(self, path: str, value: Any) -> None:
        """Write a file as the guest does, whole."""
        part = self.folder / "part"
        part.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        part.replace(self.folder / path)

    def put_job(self, name: str, **changes: Any) -> dict[str, Any]:
        """A recorded job, a third of it done; gives its status."""
        job: dict[str, Any] = recorded(name, "index") | changes
        for part in ("event", "histograms"):
            self.put(f"job/{part}.json", recorded(name, part))
        self.put("history.json", recorded(name, "history"))
        self.put("machine.json", MACHINE)
        self.put(
            "index.json", {"instances": [], "updated": 0, "machine_uuid": "", "version": "1", "uptime": 4980.5, "load": ["1.9", "1.0", "0.5"], "runhours": 1.4}
        )
        self.put("boinc.json", {"boinc": {"BOINC_USERNAME": "Ada <b>Lovelace</b>", "BOINC_USER_TOTAL_CREDIT": "12345.6"}})
        self.put("logs/running.log", "40 events processed\n")
        self.put("job/index.json", job)
        return job


def recorded(name: str, part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((RECORDED / name / f"{part}.json").read_text(encoding="utf-8"))
    return value
