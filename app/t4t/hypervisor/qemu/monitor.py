"""One QMP connection, by the `qemu.qmp` library, with our errors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Final

from qemu.qmp import ExecuteError, QMPClient, QMPError
from qemu.qmp.protocol import Runstate

from t4t.domain.errors import CommandFailed, CommandTimeout, VmLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from qemu.qmp import EventListener

    from t4t.hypervisor.qemu.command import Endpoint

_QUIET: Final = logging.getLogger("t4t.qmp")
_QUIET.setLevel(logging.CRITICAL)
_GREETING_SECONDS: Final = 5.0
_SECONDS: Final = 30.0
_RETRY_SECONDS: Final = 0.02


class Monitor:
    """Commands to one QEMU process and its events."""

    def __init__(self, vm_id: str, on_event: Callable[[str, dict[str, Any]], None]) -> None:
        """``on_event`` hears each event's name and data."""
        self._vm = vm_id
        self._on_event = on_event
        self._client: QMPClient | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether commands can be sent."""
        return self._client is not None and self._client.runstate is Runstate.RUNNING

    async def connect(self, endpoint: Endpoint, *, seconds: float, alive: Callable[[], bool]) -> None:
        """Connect, waiting for the socket to appear as long as the process is ``alive``; `VmLost` or `CommandTimeout`."""
        await self.close()
        try:
            async with asyncio.timeout(seconds):
                while not await self._try(endpoint):
                    if not alive():
                        raise VmLost(vm=self._vm, detail="it ended while it was started")
                    await asyncio.sleep(_RETRY_SECONDS)
        except TimeoutError:
            raise CommandTimeout(vm=self._vm, command="connect", seconds=seconds) from None

    async def _try(self, endpoint: Endpoint) -> bool:
        client = QMPClient(self._vm)
        client.logger = _QUIET
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                await client.connect(endpoint.address)
        except (QMPError, OSError, TimeoutError):
            return False
        self._client = client
        self._pump = asyncio.create_task(self._listen(client))
        return True

    async def _listen(self, client: QMPClient) -> None:
        async for event in client.events:
            data = event.get("data")
            self._on_event(str(event["event"]), data if isinstance(data, dict) else {})

    async def execute(self, command: str, arguments: dict[str, Any] | None = None, *, seconds: float = _SECONDS) -> Any:  # noqa: ANN401 - whatever JSON QEMU answers
        """One command and its answer."""
        client = self._client
        if client is None:
            raise VmLost(vm=self._vm, detail="no connection")
        try:
            async with asyncio.timeout(seconds):
                return await client.execute(command, arguments)
        except ExecuteError as error:
            raise CommandFailed(vm=self._vm, command=command, detail=str(error)) from None
        except (QMPError, OSError) as error:
            raise VmLost(vm=self._vm, detail=str(error)) from None
        except TimeoutError:
            raise CommandTimeout(vm=self._vm, command=command, seconds=seconds) from None

    async def human(self, line: str) -> str:
        """One line for the monitor that people use; some things are only there."""
        return str(await self.execute("human-monitor-command", {"command-line": line})).strip()

    async def status(self) -> str:
        """QEMU's word for what the VM does."""
        return str((await self.execute("query-status", seconds=10))["status"])

    async def job(self, command: str, arguments: dict[str, Any], *, seconds: float) -> None:
        """Run a job to its end; `CommandFailed` with QEMU's text, `CommandTimeout` when it hangs."""
        client = self._client
        if client is None:
            raise VmLost(vm=self._vm, detail="no connection")
        name = f"t4t-{command}"
        with client.listener(("JOB_STATUS_CHANGE",)) as changes:
            await self.execute(command, {"job-id": name, **arguments})
            waits = {asyncio.create_task(_concluded(changes, name)), asyncio.create_task(_disconnected(client))}
            try:
                done, _ = await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for wait in waits:
                    wait.cancel()
                await asyncio.gather(*waits, return_exceptions=True)
        if not done:
            raise CommandTimeout(vm=self._vm, command=command, seconds=seconds)
        jobs = [job for job in await self.execute("query-jobs") if job["id"] == name]
        with contextlib.suppress(CommandFailed):
            await self.execute("job-dismiss", {"id": name})
        for job in jobs:
            if "error" in job:
                raise CommandFailed(vm=self._vm, command=command, detail=str(job["error"]))

    async def close(self) -> None:
        """Let go of the connection; the VM goes on."""
        client, pump = self._client, self._pump
        self._client = self._pump = None
        if pump is not None:
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
        if client is not None:
            with contextlib.suppress(QMPError, OSError, EOFError):
                await client.disconnect()


async def _concluded(changes: EventListener, name: str) -> None:
    async for change in changes:
        data = change["data"]
        if isinstance(data, dict) and data.get("id") == name and data.get("status") == "concluded":
            return


async def _disconnected(client: QMPClient) -> None:
    while client.runstate is Runstate.RUNNING:
        await client.runstate_changed()
