"""What outlives a fake driver: the VMs and their processes, as VirtualBox's service or QEMU's processes outlive ours."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections import defaultdict, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from t4t.domain.errors import HypervisorBroken
from t4t.domain.vm import MIB, PortForward, VmId, VmInfo, VmSpec, VmState

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.clock import Clock
    from t4t.domain.errors import T4TError
    from t4t.hypervisor.fake.guest import GuestProgram


@dataclass(slots=True)
class Faults:
    """What goes wrong next, by command (``"start"``, ``"save"`` …)."""

    raise_once: dict[str, deque[T4TError]] = field(default_factory=lambda: defaultdict(deque))
    disk_free_bytes: int = 1 << 50
    taken_ports: set[int] = field(default_factory=set)
    service_down: bool = False
    """The hypervisor's service does not answer; VMs go on, and nobody hears of their changes."""

    def check(self, command: str) -> None:
        """Raise what was planned for ``command``."""
        if self.service_down:
            raise HypervisorBroken(hypervisor="fake", detail="its service does not answer")
        if self.raise_once[command]:
            raise self.raise_once[command].popleft()


@dataclass(slots=True)
class FakeVm:
    """One VM in memory. ``guest_seconds`` is its whole memory content: the guest is a function of it."""

    spec: VmSpec
    program: GuestProgram
    world: FakeWorld
    owner: str
    state: VmState = VmState.POWERED_OFF
    guest_seconds: float = 0.0
    running_since: float | None = None
    cpu_seconds: float = 0.0
    saved: float | None = None
    snapshots: dict[str, float] = field(default_factory=dict)
    restore_from: float | None = None
    pid: int | None = None
    ports: tuple[PortForward, ...] = ()
    servers: list[asyncio.Server] = field(default_factory=list)
    ticker: asyncio.Task[None] | None = None
    lines: list[str] = field(default_factory=list)

    @property
    def share(self) -> Path | None:
        """See `GuestView.share`."""
        return Path(self.spec.shares[0].host_path) if self.spec.shares else None

    @property
    def network(self) -> bool:
        """See `GuestView.network`."""
        return self.spec.network and self.spec.link_up and self.world.online

    def log(self, line: str) -> None:
        """See `GuestView.log`."""
        self.lines.append(line)
        if self.world.console_dir is not None:
            with self.console_path.open("a", encoding="utf-8") as console:
                console.write(line + "\n")

    @property
    def console_path(self) -> Path:
        """Where the console log lies, if the world has a folder for them."""
        return (self.world.console_dir or Path()) / f"{self.spec.vm_id}.log"

    def power_off(self) -> None:
        """See `GuestView.power_off`."""
        self.end(VmState.POWERED_OFF)

    def advance(self) -> float | None:
        """Let the guest catch up with the clock; return the guest time at which something is due next."""
        before = self.guest_seconds
        if self.running_since is not None:
            now = self.world.clock.monotonic()
            passed = (now - self.running_since) * self.spec.cap_percent / 100
            self.guest_seconds += passed
            self.cpu_seconds += (passed if self.world.holds_caps else now - self.running_since) * self.spec.cores
            self.running_since = now
        return self.program.run(self, before, self.guest_seconds)

    def catch_up(self) -> None:
        """`advance`, if it runs at all."""
        if self.running_since is not None:
            self.advance()

    def go(self) -> None:
        """The processors run from now on."""
        self.running_since = self.world.clock.monotonic()
        self.world.observe(self, VmState.RUNNING)
        self.ticker = asyncio.get_running_loop().create_task(self._tick(), name=f"fake guest {self.spec.vm_id}")

    def halt(self, state: VmState) -> None:
        """The processors stop; memory stays."""
        self.catch_up()
        if not self.state.alive:
            return  # its last turn switched it off
        self.running_since = None
        self._stop_ticker()
        self.world.observe(self, state)

    def end(self, state: VmState) -> None:
        """The process is gone."""
        self.running_since = None
        self._stop_ticker()
        self.close_ports()
        self.pid = None
        self.guest_seconds = 0.0
        self.world.observe(self, state)

    def _runs(self) -> bool:
        return self.running_since is not None

    def _stop_ticker(self) -> None:
        if self.ticker is not None and self.ticker is not asyncio.current_task():
            self.ticker.cancel()
        self.ticker = None

    async def _tick(self) -> None:
        while True:
            due = self.advance()
            if not self._runs():
                return
            wait = 3600.0 if due is None else max(due - self.guest_seconds, 0.01) * 100 / self.spec.cap_percent
            await self.world.clock.sleep(wait)
            if not self._runs():
                return

    async def open_ports(self) -> None:
        """Forward each port for real, on loopback, choosing another where one is taken."""
        self.close_ports()
        opened: list[PortForward] = []
        if self.spec.network:
            for forward in self.spec.ports:
                server = await self._listen(forward.host_port)
                self.servers.append(server)
                opened.append(dataclasses.replace(forward, host_port=server.sockets[0].getsockname()[1]))
        self.ports = tuple(opened)

    async def _listen(self, port: int) -> asyncio.Server:
        if port and port not in self.world.faults.taken_ports:
            with contextlib.suppress(OSError):
                return await asyncio.start_server(self._serve, "127.0.0.1", port)
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def close_ports(self) -> None:
        """Stop listening."""
        for server in self.servers:
            server.close()
        self.servers.clear()
        self.ports = ()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            request = (await reader.readuntil(b"\r\n\r\n")).split(b" ")
            body = None
            if self.running_since is not None and self.network:
                self.advance()
                body = self.program.page(request[1].decode("ascii", "replace"), self.guest_seconds)
            if body is not None:
                writer.write(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()

    def info(self) -> VmInfo:
        """The VM as `Hypervisor.inspect` reports it."""
        self.catch_up()
        return VmInfo(
            vm_id=self.spec.vm_id,
            name=self.spec.name,
            state=self.state,
            raw_state=self.state.value,
            pid=self.pid,
            pid_started="fake" if self.pid else None,
            cpu_seconds=self.cpu_seconds,
            cores=self.spec.cores,
            memory_mib=self.spec.memory_mib,
            cap_percent=self.spec.cap_percent,
            link_up=self.spec.link_up,
            bandwidth_kib_s=self.spec.bandwidth_kib_s,
            ports=self.ports,
            saved_state_bytes=self.spec.memory_mib * MIB // 4 if self.saved is not None else 0,
            console_log=str(self.console_path) if self.world.console_dir is not None and self.lines else None,
        )


class FakeWorld:
    """All fake VMs of a "computer"."""

    def __init__(self, clock: Clock, program: Callable[[], GuestProgram], *, console_dir: Path | None = None) -> None:
        """``program`` makes the guest of each new VM; ``console_dir`` is where console logs are written, if at all."""
        self.clock = clock
        self.program = program
        self.console_dir = console_dir
        self.faults = Faults()
        self.online = True
        self.holds_caps = True
        """Whether a VM's process is really held to its limit."""
        """Whether this computer has a network."""
        self.vms: dict[VmId, FakeVm] = {}
        self.watchers: list[asyncio.Queue[tuple[VmId, VmState] | None]] = []
        self._next_pid = 1_000_000

    def new_pid(self) -> int:
        """A process number that no real process has."""
        self._next_pid += 1
        return self._next_pid

    def observe(self, vm: FakeVm, state: VmState) -> None:
        """Record a change and tell all watchers."""
        if vm.state is state:
            return
        vm.state = state
        if not self.faults.service_down:
            for queue in self.watchers:
                queue.put_nowait((vm.spec.vm_id, state))

    def service_up(self) -> None:
        """The service answers again, and tells the state of every VM anew."""
        self.faults.service_down = False
        for vm in self.vms.values():
            for queue in self.watchers:
                queue.put_nowait((vm.spec.vm_id, vm.state))

    def kill(self, vm_id: VmId) -> None:
        """The VM's process dies as by SIGKILL."""
        vm = self.vms[vm_id]
        vm.end(VmState.ABORTED_SAVED if vm.state is VmState.RESTORING else VmState.ABORTED)
