"""The driver in another process: everything that can happen to the pipe and to the process at its other end."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from contract.hypervisor_contract import new_id
from t4t.domain.errors import FolderUnwritable, HostProcessLost, MediumMissing, VmNotFound
from t4t.domain.vm import BootDisk, DiskFormat, VmEvent, VmId, VmInfo, VmSpec, VmState
from t4t.hypervisor import wire
from t4t.hypervisor.remote import HostBug, RemoteHypervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from t4t.hypervisor.twin import Child

TESTS = Path(__file__).resolve().parents[1]


pytestmark = pytest.mark.timeout(20)


class Pipe:
    """A remote driver, and what its host left in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent / "app")])}
        self.driver = RemoteHypervisor((sys.executable, "-m", "support.fake_vm_host", str(folder)), environment=environment, log=folder / "host.log")
        (folder / "disk.raw").write_bytes(b"disk")

    def spec(self, name: str = "one") -> VmSpec:
        return VmSpec(vm_id=new_id(), name=name, boot=BootDisk(str(self.folder / "disk.raw"), DiskFormat.RAW))

    async def running(self) -> VmInfo:
        spec = self.spec()
        await self.driver.create(spec)
        return await self.driver.start(spec.vm_id)

    @property
    def process(self) -> Child:
        process = self.driver._process
        assert process is not None
        return process

    def write(self, line: bytes) -> None:
        cast("asyncio.StreamWriter", self.process.stdin).write(line)

    async def ended(self) -> int:
        async with asyncio.timeout(30):
            return await self.process.wait()


@pytest.fixture
async def pipe(tmp_path: Path) -> AsyncIterator[Pipe]:
    pipe = Pipe(tmp_path)
    yield pipe
    await pipe.driver.close()
    assert pipe.driver.pid is None


async def _until(check: Callable[[], bool]) -> None:
    """The other process has no signal for this."""
    async with asyncio.timeout(30):
        while not check():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def test_values_cross_whole(pipe: Pipe) -> None:
    spec = pipe.spec()
    made = await pipe.driver.create(spec)
    assert (made.vm_id, made.state, made.memory_mib) == (spec.vm_id, VmState.POWERED_OFF, spec.memory_mib)
    assert await pipe.driver.inspect() == (made,)
    assert await pipe.driver.inspect(new_id()) == ()
    assert await pipe.driver.snapshots(spec.vm_id) == ()
    assert (await pipe.driver.take_snapshot(spec.vm_id, "a")).name == "a"
    await pipe.driver.delete(spec.vm_id)
    assert await pipe.driver.inspect() == ()


async def test_a_picture_crosses(pipe: Pipe) -> None:
    info = await pipe.running()
    assert (await pipe.driver.screenshot(info.vm_id)).startswith(b"\x89PNG")


async def test_errors_cross_with_their_data(pipe: Pipe) -> None:
    with pytest.raises(VmNotFound) as found:
        await pipe.driver.start(VmId("nobody"))
    assert found.value.vm == "nobody"
    with pytest.raises(MediumMissing) as missing:
        await pipe.driver.create(dataclasses.replace(pipe.spec(), config_iso="/gone.iso"))
    assert missing.value.path == "/gone.iso"


async def test_a_bug_crosses_as_a_bug_and_the_host_goes_on(pipe: Pipe) -> None:
    with pytest.raises(HostBug, match="RuntimeError: planned"):
        await pipe.driver.create(pipe.spec("bug"))
    pid = pipe.driver.pid
    assert (await pipe.driver.probe()).hypervisor == "fake"
    assert pipe.driver.pid == pid
    assert "planned" in (pipe.folder / "host.log").read_text()


async def test_cancelling_crosses(pipe: Pipe) -> None:
    spec = pipe.spec()
    await pipe.driver.create(spec)
    events = pipe.driver.watch()
    assert (await anext(events)).state is VmState.POWERED_OFF
    starting = asyncio.create_task(pipe.driver.start(spec.vm_id))
    assert (await anext(events)).state is VmState.STARTING
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert (await anext(events)).state is VmState.POWERED_OFF
    assert (await pipe.driver.start(spec.vm_id)).state is VmState.RUNNING


@pytest.mark.parametrize(
    "line", [b"garbage\n", b"\xff\xfe\n", b"{}\n", b"[1]\n", b'{"id":7,"call":"nonsense"}\n', b'{"id":7,"call":"start"}\n', b'{"cancel":12345}\n']
)
async def test_garbage_downwards_is_ignored(pipe: Pipe, line: bytes) -> None:
    await pipe.driver.probe()
    pid = pipe.driver.pid
    pipe.write(line)
    assert (await pipe.driver.probe()).hypervisor == "fake"
    assert pipe.driver.pid == pid


async def test_what_the_driver_prints_does_not_reach_the_protocol(pipe: Pipe) -> None:
    """Nor do the lines of garbage that this host begins with."""
    assert (await pipe.driver.probe()).version == "1"
    assert await pipe.driver.inspect() == ()
    assert "greets" in (pipe.folder / "host.log").read_text()


async def test_an_answer_of_another_version(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(wire.CALLS, "probe", dataclasses.replace(wire.CALLS["probe"], result=VmInfo))
    with pytest.raises(HostProcessLost, match="not understood"):
        await pipe.driver.probe()


async def test_a_host_that_is_killed_fails_the_call_and_the_next_one_works(pipe: Pipe) -> None:
    spec = pipe.spec()
    await pipe.driver.create(spec)
    pid = pipe.driver.pid
    assert pid is not None
    events = pipe.driver.watch()
    await anext(events)
    starting = asyncio.create_task(pipe.driver.start(spec.vm_id))
    assert (await anext(events)).state is VmState.STARTING
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(HostProcessLost, match="-9"):
        await starting
    assert (await pipe.driver.probe()).hypervisor == "fake"
    assert pipe.driver.pid not in {pid, None}


async def test_a_host_that_ends_late_does_not_take_the_next_ones_calls_along(pipe: Pipe) -> None:
    await pipe.driver.probe()
    first = pipe.process
    pipe.driver._process = None
    assert (await pipe.driver.probe()).hypervisor == "fake"
    second = pipe.process
    spec = pipe.spec()
    await pipe.driver.create(spec)
    starting = asyncio.create_task(pipe.driver.start(spec.vm_id))
    await _until(lambda: len(pipe.driver._pending) == 1)
    pipe.driver._lose(first, "late")
    assert (await starting).state is VmState.RUNNING
    assert pipe.process is second
    first.kill()
    await first.wait()


async def test_a_hung_host_is_ended_after_the_calls_limit(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    await pipe.driver.probe()
    pid = pipe.driver.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setitem(wire.CALLS, "inspect", dataclasses.replace(wire.CALLS["inspect"], seconds=0.3))
    with pytest.raises(HostProcessLost, match="inspect took over"):
        await pipe.driver.inspect()
    assert (await pipe.driver.probe()).hypervisor == "fake"
    assert pipe.driver.pid != pid


async def test_a_host_that_hangs_at_the_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Pipe(tmp_path)
    await pipe.driver.probe()
    pid = pipe.driver.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr("t4t.hypervisor.remote._GOODBYE_SECONDS", 0.3)
    await pipe.driver.close()
    assert not psutil.pid_exists(pid)


async def test_a_host_that_dies_at_once(pipe: Pipe) -> None:
    (pipe.folder / "die").touch()
    with pytest.raises(HostProcessLost, match=r"status 3|closed|reset|Broken"):
        await pipe.driver.probe()
    (pipe.folder / "die").unlink()
    assert (await pipe.driver.probe()).hypervisor == "fake"


async def test_a_host_that_cannot_be_started(tmp_path: Path) -> None:
    driver = RemoteHypervisor((str(tmp_path / "nothing"),), environment={}, log=tmp_path / "log")
    with pytest.raises(HostProcessLost):
        await driver.probe()
    await driver.close()


async def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    driver = RemoteHypervisor((sys.executable,), environment={}, log=tmp_path / "no folder" / "log")
    with pytest.raises(FolderUnwritable):
        await driver.probe()
    await driver.close()


async def test_the_end_of_the_pipe_saves_all_machines(pipe: Pipe) -> None:
    """As when the agent was killed: nobody says goodbye."""
    one, two = await pipe.running(), await pipe.running()
    await pipe.driver.pause(two.vm_id)
    off = pipe.spec()
    await pipe.driver.create(off)
    cast("asyncio.StreamWriter", pipe.process.stdin).close()
    assert await pipe.ended() == 0
    assert {path.stem for path in pipe.folder.glob("*.saved")} == {one.vm_id, two.vm_id}


async def test_a_machine_that_cannot_be_saved_is_paused_at_the_end(pipe: Pipe) -> None:
    info = await pipe.running()
    (pipe.folder / "refuse-to-save").touch()
    cast("asyncio.StreamWriter", pipe.process.stdin).close()
    assert await pipe.ended() == 0
    assert {path.stem for path in pipe.folder.glob("*.paused")} == {info.vm_id}


async def test_goodbye_touches_no_machine(pipe: Pipe) -> None:
    await pipe.running()
    process = pipe.process
    await pipe.driver.close()
    assert process.returncode == 0
    assert list(pipe.folder.glob("*.saved")) == []
    with pytest.raises(HostProcessLost, match="closed"):
        await pipe.driver.probe()


async def test_watching_goes_on_across_a_restart(pipe: Pipe) -> None:
    seen: list[VmEvent] = []

    async def collect() -> None:
        async for event in pipe.driver.watch():
            seen.append(event)  # noqa: PERF401 - looked at while it grows

    watching = asyncio.create_task(collect())
    first = await pipe.running()
    await _until(lambda: VmEvent(vm_id=first.vm_id, state=VmState.RUNNING) in seen)
    pid = pipe.driver.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await _until(lambda: pipe.driver.pid not in {pid, None})  # nobody called: the watcher alone wants a host
    second = await pipe.running()
    await _until(lambda: VmEvent(vm_id=second.vm_id, state=VmState.RUNNING) in seen)
    await pipe.driver.delete(second.vm_id)
    await _until(lambda: VmEvent(vm_id=second.vm_id, state=VmState.ABSENT) in seen)
    of_second = [event.state for event in seen if event.vm_id == second.vm_id]
    assert of_second == [VmState.POWERED_OFF, VmState.STARTING, VmState.RUNNING, VmState.POWERED_OFF, VmState.ABSENT]
    await pipe.driver.close()
    async with asyncio.timeout(10):
        await watching


async def test_a_late_watcher_first_hears_what_is(pipe: Pipe) -> None:
    info = await pipe.running()
    async for event in pipe.driver.watch():  # the answer to start may come before the last event
        if event == VmEvent(vm_id=info.vm_id, state=VmState.RUNNING):
            break
    late = pipe.driver.watch()
    assert await anext(late) == VmEvent(vm_id=info.vm_id, state=VmState.RUNNING)


async def test_another_host_is_started_and_the_one_before_it_saves_nothing(pipe: Pipe) -> None:
    """It was told goodbye: its VMs go on without it."""
    await pipe.driver.probe()
    before = pipe.driver.pid
    await pipe.driver.reopen()
    await pipe.driver.probe()
    assert pipe.driver.pid not in {None, before}
    assert "the agent is gone" not in (pipe.folder / "host.log").read_text()
    await pipe.driver.close()
    await pipe.driver.reopen()  # nothing is left to part with
