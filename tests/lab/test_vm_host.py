"""VirtualBox behind ``t4t vm-host``, the process that the app really starts, by each road."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.program import PROGRAM
from support.qemu_rig import kill_and_wait
from support.virtualbox_rig import ROADS, VirtualBoxRig
from t4t.domain.errors import VmWrongState
from t4t.domain.vm import PortForward, VmId, VmState
from t4t.hypervisor.driver import Snapshots
from t4t.hypervisor.remote import RemoteHypervisor
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.wire import Request, encode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from t4t.hypervisor.driver import Driver

pytestmark = [pytest.mark.virtualbox, pytest.mark.timeout(150)]
OWNER = "contract"
APP = Path(__file__).resolve().parents[2] / "app"


class HostRig(VirtualBoxRig):
    """Machines of VM hosts, one host at a time; at the end they are removed without one."""

    def __init__(self, folder: Path, appliance: Path, road: str) -> None:
        super().__init__(folder, appliance, ROADS["vboxmanage"])
        self._name = road
        (self.data / "id").write_text(OWNER, encoding="ascii")
        self.hosts: list[RemoteHypervisor] = []

    @property
    def command(self) -> tuple[str, ...]:
        return (*PROGRAM, "--data-dir", str(self.data), "vm-host", "--hypervisor", "virtualbox")

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(APP), "T4T_VIRTUALBOX_ROAD": self._name}

    def host(self) -> RemoteHypervisor:
        made = RemoteHypervisor(self.command, environment=self.environment, log=self.folder / "vm-host.log")
        self.hosts.append(made)
        return made

    async def close(self) -> None:
        for host in self.hosts:
            await host.close()
        await super().close()


@pytest.fixture(params=sorted(ROADS))
async def rig(request: pytest.FixtureRequest, tmp_path: Path, appliance_dir: Path) -> AsyncIterator[HostRig]:
    made = HostRig(tmp_path, appliance_dir, request.param)
    yield made
    await made.close()


@contextlib.asynccontextmanager
async def witnessed(driver: Driver, vm_id: VmId) -> AsyncIterator[list[VmState]]:
    """What `watch` tells of the VM meanwhile."""
    seen: list[VmState] = []

    async def listen() -> None:
        async for event in driver.watch():
            if event.vm_id == vm_id:
                seen.append(event.state)  # noqa: PERF401 - it never ends

    listening = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def told(seen: list[VmState], *states: VmState) -> Callable[[], Awaitable[bool]]:
    """Whether these states were told, one after the other, whatever came between them."""

    async def check() -> bool:
        rest = iter(seen)
        return all(state in rest for state in states)

    return check


async def state(driver: Driver, vm_id: VmId) -> VmState:
    return (await driver.inspect(vm_id))[0].state


async def test_a_life_of_a_vm_and_all_that_is_told_of_it(rig: HostRig) -> None:
    host = rig.host()
    assert (await host.probe()).notes[0] == f"by {rig.environment['T4T_VIRTUALBOX_ROAD']}"
    spec = rig.spec(guest=False, ports=(PortForward(name="web", guest_port=80),))
    vm_id = spec.vm_id
    assert (await host.create(spec)).state is VmState.POWERED_OFF
    async with witnessed(host, vm_id) as seen:
        await rig.eventually(told(seen, VmState.POWERED_OFF), seconds=10, what="the present state")
        first = await host.start(vm_id)
        assert (first.state, first.pid is not None) == (VmState.RUNNING, True)
        assert (await host.pause(vm_id)).state is VmState.PAUSED
        assert (await host.resume(vm_id)).state is VmState.RUNNING
        assert (await host.save(vm_id)).state is VmState.SAVED
        with pytest.raises(VmWrongState):
            await host.pause(vm_id)
        port = first.ports[0].host_port
        somebody = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
        async with somebody:
            again = await host.start(vm_id)
        assert again.state is VmState.RUNNING
        assert again.ports[0].host_port not in {0, port}
        life = (VmState.STARTING, VmState.RUNNING, VmState.PAUSED, VmState.RUNNING, VmState.SAVING, VmState.SAVED, VmState.RESTORING, VmState.RUNNING)
        await rig.eventually(told(seen, *life), seconds=5, what="each state in its turn")
        await host.delete(vm_id)
        await rig.eventually(told(seen, *life, VmState.ABSENT), seconds=5, what="its end")
    assert await host.inspect() == ()


async def test_a_killed_vm_goes_back_to_its_snapshot(rig: HostRig) -> None:
    host = rig.host()
    assert isinstance(host, Snapshots)
    spec = rig.spec(guest=False)
    await host.create(spec)
    info = await host.start(spec.vm_id)
    async with witnessed(host, spec.vm_id) as seen:
        await rig.eventually(told(seen, VmState.RUNNING), seconds=10, what="the present state")
        await host.take_snapshot(spec.vm_id, "one")
        assert await state(host, spec.vm_id) is VmState.RUNNING
        await rig.kill_process(info)
        await rig.eventually(told(seen, VmState.RUNNING, VmState.ABORTED), seconds=2, what="the death of the VM")
    await host.restore_snapshot(spec.vm_id, "one")
    again = await host.start(spec.vm_id)
    assert again.state is VmState.RUNNING
    assert again.pid != info.pid
    assert [one.name for one in await host.snapshots(spec.vm_id)] == ["one"]


async def test_a_host_that_is_killed_leaves_the_vm_to_the_next(rig: HostRig) -> None:
    """First while somebody listens, who is told nothing new; the next host's VM is the same process, and is saved when its agent is gone."""
    host = rig.host()
    spec = rig.spec(guest=False)
    await host.create(spec)
    info = await host.start(spec.vm_id)
    assert host.pid is not None
    async with witnessed(host, spec.vm_id) as seen:
        await rig.eventually(told(seen, VmState.RUNNING), seconds=10, what="the present state")
        killed = host.pid
        await kill_and_wait(killed)

        async def back() -> bool:
            return host.pid not in {None, killed}

        await rig.eventually(back, seconds=10, what="another host")
        adopted = (await host.inspect(spec.vm_id))[0]
        assert (adopted.state, adopted.pid, adopted.pid_started) == (VmState.RUNNING, info.pid, info.pid_started)
        assert (await host.pause(spec.vm_id)).state is VmState.PAUSED
        assert (await host.resume(spec.vm_id)).state is VmState.RUNNING
        assert seen == [VmState.RUNNING, VmState.PAUSED, VmState.RUNNING]
    await host.close()  # a goodbye: the VM goes on
    await asyncio.to_thread(abandoned, rig)
    heir = rig.host()
    assert await state(heir, spec.vm_id) is VmState.SAVED
    assert (await heir.start(spec.vm_id)).state is VmState.RUNNING


async def test_vboxsvc_ends_under_a_host_and_then_once_more(rig: HostRig) -> None:
    """The API's first home is a thread of the host, which can't be ended; the next one a process. The host goes on in both cases."""
    host = rig.host()
    spec = rig.spec(guest=False)
    await host.create(spec)
    first = await host.start(spec.vm_id)
    pid = host.pid
    for _ in range(2):
        server = processes.find_server()
        assert server is not None
        await kill_and_wait(server.pid)
        again = await host.start(spec.vm_id)  # ends the one that nobody can command
        assert (again.state, again.pid != first.pid) == (VmState.RUNNING, True)
        assert (await host.pause(spec.vm_id)).state is VmState.PAUSED
        assert (await host.resume(spec.vm_id)).state is VmState.RUNNING
        first = again
    assert host.pid == pid


def abandoned(rig: HostRig) -> None:
    """A host whose agent dies after the first answer: the end of the pipe is all that it hears."""
    with rig.folder.joinpath("vm-host.log").open("ab") as log:
        process = subprocess.Popen(rig.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=rig.environment)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode(Request(id=1, call="inspect", args={"vm_id": None})))
        process.stdin.flush()
        while b'"id":1' not in process.stdout.readline():
            assert process.poll() is None
        process.stdin.close()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
