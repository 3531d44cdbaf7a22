"""The VM's network from outside: forwarded ports on loopback, and a limit of its bandwidth in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandFailed, PortUnavailable, VmLost
from t4t.domain.vm import PortForward
from t4t.hypervisor.qemu.command import NET, Endpoint
from t4t.hypervisor.qemu.mirror import open_endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.hypervisor.qemu.monitor import Monitor

_ATTEMPTS: Final = 5
_RULE: Final = re.compile(r"TCP\[HOST_FORWARD\]\s+\d+\s+(\S+)\s+(\d+)\s+\S+\s+(\d+)")
_LENGTH_BYTES: Final = 4
_LARGEST_FRAME: Final = 1 << 17
_LEAST_QUEUE: Final = 96 * 1024
_KIB: Final = 1024
_BURST_SECONDS: Final = 0.05
_DIRECTIONS: Final = ("rx", "tx")


def parse_rules(text: str) -> set[tuple[int, int]]:
    """Host and guest ports of the forwards in the answer to ``info usernet``."""
    return {(int(host), int(guest)) for _, host, guest in _RULE.findall(text)}


async def rules(monitor: Monitor) -> set[tuple[int, int]]:
    """The forwards in force."""
    return parse_rules(await monitor.human("info usernet"))


async def _open(monitor: Monitor, forward: PortForward, host_port: int) -> int | None:
    """The host port on which QEMU listens now, None if it could not; 0 lets the system choose, so that nobody can be quicker."""
    before = await rules(monitor)
    address = "" if forward.remote else "127.0.0.1"
    if await monitor.human(f"hostfwd_add {NET} tcp:{address}:{host_port}-:{forward.guest_port}"):
        return None
    for host, guest in await rules(monitor) - before:
        if guest == forward.guest_port:
            return host
    return None


async def open_ports(monitor: Monitor, vm_id: str, wanted: Iterable[PortForward], earlier: Iterable[PortForward]) -> tuple[PortForward, ...]:
    """Forward all ``wanted`` ports; where a host port is taken (also one that was ours ``earlier``), another is chosen."""
    used = {forward.name: forward.host_port for forward in earlier}
    opened: list[PortForward] = []
    for forward in wanted:
        host_port: int | None = None
        for attempt in (forward.host_port or used.get(forward.name, 0), *([0] * _ATTEMPTS)):
            host_port = await _open(monitor, forward, attempt)
            if host_port is not None:
                break
        else:
            raise PortUnavailable(vm=vm_id, port=forward.host_port)
        opened.append(PortForward(name=forward.name, guest_port=forward.guest_port, host_port=host_port, remote=forward.remote))
    return tuple(opened)


async def close_ports(monitor: Monitor, opened: Iterable[PortForward]) -> None:
    """Take forwards away."""
    for forward in opened:
        address = "" if forward.remote else "127.0.0.1"
        await monitor.human(f"hostfwd_remove {NET} tcp:{address}:{forward.host_port}")


async def still_open(monitor: Monitor, opened: Iterable[PortForward]) -> bool:
    """Whether QEMU really listens for each."""
    there = await rules(monitor)
    return all((forward.host_port, forward.guest_port) in there for forward in opened)


def remove(path: str) -> None:
    """Remove a socket."""
    Path(path).unlink(missing_ok=True)


class _Lane:
    """One direction: packets from QEMU wait here for their turn; what does not fit is dropped, as a router does."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.packets: deque[bytes] = deque()
        self.waiting = 0
        self.filled = asyncio.Event()

    def put(self, packet: bytes) -> None:
        if self.waiting + len(packet) > max(_LEAST_QUEUE, self.rate):
            return
        self.packets.append(packet)
        self.waiting += len(packet)
        self.filled.set()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take packets from QEMU at once always: it would stand still otherwise."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                header = await reader.readexactly(_LENGTH_BYTES)
                length = int.from_bytes(header, "big")
                if length > _LARGEST_FRAME:
                    return
                self.put(header + await reader.readexactly(length))

    async def write(self, writer: asyncio.StreamWriter) -> None:
        """Give packets back at the rate."""
        clock = asyncio.get_running_loop().time
        due = clock()
        with contextlib.suppress(OSError):
            while True:
                while not self.packets:
                    self.filled.clear()
                    await self.filled.wait()
                packet = self.packets.popleft()
                self.waiting -= len(packet)
                due = max(due, clock() - _BURST_SECONDS) + (len(packet) - _LENGTH_BYTES) / self.rate
                if due > clock():
                    await asyncio.sleep(due - clock())
                writer.write(packet)
                await writer.drain()


class BandwidthLimit:
    """All packets of the VM go through us and back (``filter-redirector``), at most so many bytes a second in each direction."""

    def __init__(self, monitor: Monitor, socket_stem: str) -> None:
        """``socket_stem`` is the beginning of the paths of the four sockets."""
        self._monitor = monitor
        self._stem = socket_stem
        self._lanes: list[_Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def apply(self, kib_s: int | None) -> None:
        """Put the limit in force, change it, or lift it (None)."""
        if kib_s is None:
            await self.lift()
            return
        if not self._lanes:
            await self.lift()
            try:
                for direction in _DIRECTIONS:
                    await self._insert(direction, kib_s * _KIB)
            except BaseException:
                await self.lift()
                raise
        for lane in self._lanes:
            lane.rate = kib_s * _KIB

    async def _insert(self, direction: str, rate: float) -> None:
        streams = []
        for end in ("o", "i"):
            path = f"{self._stem}.{direction}{end}"
            remove(path)
            address = {"type": "unix", "data": {"path": path}}
            backend = {"type": "socket", "data": {"addr": address, "server": True, "wait": False}}
            await self._monitor.execute("chardev-add", {"id": f"bw-{direction}{end}", "backend": backend})
            streams.append(await open_endpoint(Endpoint(path=path)))
            self._writers.append(streams[-1][1])
        lane = _Lane(rate)
        (taking, _), (_, giving) = streams
        self._lanes.append(lane)
        self._tasks += [asyncio.create_task(lane.read(taking)), asyncio.create_task(lane.write(giving))]
        redirector = {"qom-type": "filter-redirector", "id": f"bw-{direction}", "netdev": NET, "queue": direction}
        await self._monitor.execute("object-add", redirector | {"outdev": f"bw-{direction}o", "indev": f"bw-{direction}i"})

    async def lift(self) -> None:
        """No limit any more, whoever had put it in force."""
        for direction in _DIRECTIONS:
            await self._quietly("object-del", f"bw-{direction}")
        await self.let_go()
        for direction in _DIRECTIONS:
            for end in ("o", "i"):
                await self._quietly("chardev-remove", f"bw-{direction}{end}")
                remove(f"{self._stem}.{direction}{end}")

    async def _quietly(self, command: str, name: str) -> None:
        with contextlib.suppress(CommandFailed, VmLost):
            await self._monitor.execute(command, {"id": name})

    async def let_go(self) -> None:
        """End our part; QEMU's stays."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._tasks.clear()
        self._writers.clear()
        self._lanes.clear()
