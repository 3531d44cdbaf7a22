"""Real QEMU processes: who owns them, how they die, what they may use."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest

from support.run_queue import waited_seconds
from t4t.domain.errors import CommandFailed, MediumMissing, NotEnoughDisk, StateUnreadable, VmLost, VmWrongState
from t4t.domain.vm import PortForward, Share, VmChange, VmEvent, VmId, VmInfo, VmState
from t4t.hypervisor.process import cpu_seconds
from t4t.hypervisor.qemu import QemuDriver, machine, starting
from t4t.hypervisor.qemu.monitor import Monitor
from t4t.hypervisor.qemu.record import Intent, Records, VmRecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qemu.conftest import Lab

pytestmark = pytest.mark.qemu

_RUN_A_DRIVER = """
import asyncio, sys
from pathlib import Path
from t4t.domain.vm import VmChange, VmId
from t4t.hypervisor.qemu import QemuDriver

async def main():
    driver = QemuDriver(Path(sys.argv[1]), owner="contract", background=False)
    vm = VmId(sys.argv[2])
    await driver.start(vm)
    await driver.reconfigure(vm, VmChange(cap_percent=int(sys.argv[3])))
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def running(lab: Lab, driver: QemuDriver, **changes: Any) -> VmInfo:
    spec = lab.spec(guest=False, **changes)
    await driver.create(spec)
    return await driver.start(spec.vm_id)


async def state(driver: QemuDriver, vm_id: VmId) -> VmState:
    return (await driver.inspect(vm_id))[0].state


def becomes(driver: QemuDriver, vm_id: VmId, wanted: VmState) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await state(driver, vm_id) is wanted

    return check


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".locks") if folder.exists() else []


def records(lab: Lab) -> Records:
    return Records(lab.data / "vms", "contract")


# --- adoption --------------------------------------------------------------------------------------------------------


async def test_a_vm_survives_its_drivers_violent_death_even_while_it_rests(lab: Lab) -> None:
    """The driver is killed while the CPU limit has stopped the VM's process: the heir lets it go on, and keeps the limit."""
    heir = lab.qemu()
    spec = lab.spec(guest=False)
    await heir.create(spec)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    driver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _RUN_A_DRIVER, str(lab.data), spec.vm_id, "5", stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert driver.stdout is not None
    assert await driver.stdout.readline() == b"ready\n"
    pid = records(lab).load(spec.vm_id).pid
    assert pid is not None

    async def rests() -> bool:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED

    await lab.eventually(rests, seconds=10, what="a rest")
    driver.send_signal(signal.SIGKILL)
    await driver.wait()
    assert psutil.pid_exists(pid)
    found = (await heir.inspect(spec.vm_id))[0]
    assert (found.state, found.pid, found.cap_percent) == (VmState.RUNNING, pid, 5)
    before = found.cpu_seconds

    async def works() -> bool:
        return (await heir.inspect(spec.vm_id))[0].cpu_seconds > before

    await lab.eventually(works, seconds=10, what="work")
    assert (await heir.reconfigure(spec.vm_id, VmChange(cap_percent=100))).cap_percent == 100


async def test_closing_a_driver_leaves_no_process_at_rest(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver, cap_percent=5)
    await driver.close()
    assert info.pid is not None
    assert psutil.Process(info.pid).status() != psutil.STATUS_STOPPED


async def test_two_drivers_at_once_start_one_process(lab: Lab) -> None:
    first, second = lab.qemu(), lab.qemu()
    spec = lab.spec(guest=False)
    await first.create(spec)
    one, other = await asyncio.gather(first.start(spec.vm_id), second.start(spec.vm_id))
    assert one.pid == other.pid
    await second.pause(spec.vm_id)
    assert await state(first, spec.vm_id) is VmState.PAUSED


async def test_the_second_driver_takes_the_firsts_place(lab: Lab) -> None:
    first, second = lab.qemu(), lab.qemu()
    info = await running(lab, first, cap_percent=50)
    await second.inspect()
    live = second._machines[info.vm_id].live
    assert live is not None
    assert not live.serves
    await first.close()
    await second.inspect()
    live = second._machines[info.vm_id].live
    assert live is not None
    assert live.serves


async def test_a_process_that_no_record_knows_is_ended_before_another_starts(lab: Lab) -> None:
    """The driver died between starting the process and writing its pid down."""
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.close()
    record = records(lab).load(info.vm_id)
    records(lab).save(msgspec.structs.replace(record, pid=None, started=None, intent=Intent.STARTING))
    again = await lab.qemu().start(info.vm_id)
    assert again.pid != info.pid
    assert info.pid is not None
    assert not psutil.pid_exists(info.pid)


async def test_limits_are_set_by_the_driver_that_serves(lab: Lab) -> None:
    first, second = lab.qemu(), lab.qemu()
    info = await running(lab, first)
    with pytest.raises(CommandFailed):
        await second.reconfigure(info.vm_id, VmChange(cap_percent=50))
    assert (await first.inspect(info.vm_id))[0].cap_percent == 100


async def test_a_pid_that_belongs_to_somebody_else_now_is_left_alone(lab: Lab) -> None:
    driver = lab.qemu()
    spec = lab.spec(guest=False)
    await driver.create(spec)
    record = records(lab).load(spec.vm_id)
    records(lab).save(msgspec.structs.replace(record, pid=os.getpid(), started="another time"))
    assert await state(driver, spec.vm_id) is VmState.ABORTED
    assert (await driver.power_off(spec.vm_id)).state is VmState.POWERED_OFF


# --- death -----------------------------------------------------------------------------------------------------------


async def test_a_killed_vm_is_told_to_watchers_within_two_seconds(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    heard: asyncio.Queue[VmEvent] = asyncio.Queue()

    async def listen() -> None:
        async for event in driver.watch():
            heard.put_nowait(event)

    listening = [asyncio.create_task(listen()), asyncio.create_task(listen())]
    for _ in listening:
        assert (await heard.get()).state is VmState.RUNNING
    await lab.kill_process(info)
    async with asyncio.timeout(2):
        for _ in listening:
            assert (await heard.get()).state is VmState.ABORTED
    await driver.close()
    await asyncio.gather(*listening)


@pytest.mark.parametrize(
    ("intent", "left"),
    [(Intent.SAVING, VmState.RUNNING), (Intent.LEAVING, VmState.SAVED), (Intent.ENDING, VmState.POWERED_OFF), (Intent.STARTING, VmState.RUNNING)],
)
async def test_what_a_dead_driver_meant_is_brought_to_an_end(lab: Lab, intent: Intent, left: VmState) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.close()
    record = records(lab).load(info.vm_id)
    tag = "t4t-state-9" if intent is Intent.LEAVING else ""
    records(lab).save(msgspec.structs.replace(record, intent=intent, go_on=True, state_tag=tag))
    heir = lab.qemu()
    assert await state(heir, info.vm_id) is left
    assert records(lab).load(info.vm_id).intent is Intent.NONE


async def test_an_intent_without_a_process_is_forgotten(lab: Lab) -> None:
    driver = lab.qemu()
    spec = lab.spec(guest=False)
    await driver.create(spec)
    record = records(lab).load(spec.vm_id)
    records(lab).save(msgspec.structs.replace(record, intent=Intent.STARTING))
    assert await state(driver, spec.vm_id) is VmState.POWERED_OFF
    assert (await driver.start(spec.vm_id)).state is VmState.RUNNING


async def test_a_process_that_does_not_answer_can_be_powered_off(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.close()
    assert info.pid is not None
    monkeypatch.setattr(machine, "_ADOPT_SECONDS", 1.0)
    monkeypatch.setattr(psutil.Process, "resume", lambda _self: None)
    os.kill(info.pid, signal.SIGSTOP)
    heir = lab.qemu()
    assert await state(heir, info.vm_id) is VmState.UNKNOWN
    assert (await heir.power_off(info.vm_id)).state is VmState.POWERED_OFF
    assert not psutil.pid_exists(info.pid)


# --- saved states ----------------------------------------------------------------------------------------------------


def hit(path: Path, at: float, length: float) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(size * at))
        file.write(b"\xff" * int(size * length))


@pytest.mark.parametrize(("at", "length"), [(0.0, 0.001), (0.3, 0.3), (0.5, 0.5)])
async def test_a_ruined_state_is_kept_reported_and_can_be_discarded(lab: Lab, at: float, length: float) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.save(info.vm_id)
    hit(lab.data / "vms" / info.vm_id / "state.qcow2", at, length)
    with pytest.raises(StateUnreadable):
        await driver.start(info.vm_id)
    assert await state(driver, info.vm_id) in {VmState.SAVED, VmState.ABORTED_SAVED}
    with pytest.raises(StateUnreadable):
        await driver.start(info.vm_id)
    assert (await driver.discard_state(info.vm_id)).state is VmState.POWERED_OFF
    assert (await driver.start(info.vm_id)).state is VmState.RUNNING
    assert (await driver.save(info.vm_id)).state is VmState.SAVED


async def test_a_vm_killed_while_it_was_restored_can_be_restored_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.save(info.vm_id)
    load = Monitor.job

    async def killed(self: Monitor, command: str, arguments: dict[str, Any], *, seconds: float) -> None:
        pid = records(lab).load(info.vm_id).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await load(self, command, arguments, seconds=seconds)

    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "job", killed)
        with pytest.raises(VmLost):
            await driver.start(info.vm_id)
    assert await state(driver, info.vm_id) is VmState.ABORTED_SAVED
    assert (await driver.start(info.vm_id)).state is VmState.RUNNING


async def test_a_load_that_hangs_is_ended(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = QemuDriver(lab.data, owner="contract", background=False, load_seconds=0.5)
    lab.drivers.append(driver)
    info = await running(lab, driver)
    await driver.save(info.vm_id)
    execute = Monitor.execute

    async def hang(self: Monitor, command: str, arguments: dict[str, Any] | None = None, *, seconds: float = 30.0) -> Any:
        return None if command == "snapshot-load" else await execute(self, command, arguments, seconds=seconds)

    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "execute", hang)
        with pytest.raises(StateUnreadable):
            await driver.start(info.vm_id)
    assert await state(driver, info.vm_id) is VmState.SAVED
    assert (await driver.start(info.vm_id)).state is VmState.RUNNING


@pytest.mark.parametrize("paused", [False, True])
async def test_a_save_that_fails_leaves_the_vm_as_it_was(lab: Lab, monkeypatch: pytest.MonkeyPatch, *, paused: bool) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    if paused:
        await driver.pause(info.vm_id)
    job = Monitor.job

    async def full(self: Monitor, command: str, arguments: dict[str, Any], *, seconds: float) -> None:
        devices = ["no-such-node"] if command == "snapshot-save" else arguments["devices"]
        await job(self, command, arguments | {"devices": devices}, seconds=seconds)

    with monkeypatch.context() as patched:
        patched.setattr(Monitor, "job", full)
        with pytest.raises(Exception, match="no-such-node"):
            await driver.save(info.vm_id)
    assert await state(driver, info.vm_id) is (VmState.PAUSED if paused else VmState.RUNNING)
    assert (await driver.save(info.vm_id)).state is VmState.SAVED


async def test_no_space_for_a_snapshot_either(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    with lab.fill_disk(), pytest.raises(NotEnoughDisk):
        await driver.take_snapshot(info.vm_id, "one")
    assert await driver.snapshots(info.vm_id) == ()
    assert await state(driver, info.vm_id) is VmState.RUNNING


async def test_states_do_not_pile_up_on_disk(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    file = lab.data / "vms" / info.vm_id / "state.qcow2"
    sizes = []
    for _ in range(4):
        await driver.save(info.vm_id)
        sizes.append(file.stat().st_blocks * 512)
        await driver.start(info.vm_id)
    assert sizes[-1] < 2 * sizes[0]
    assert records(lab).load(info.vm_id).stale_tags == ()


async def test_a_snapshot_while_powered_off_goes_back_to_powered_off(lab: Lab) -> None:
    driver = lab.qemu()
    spec = lab.spec(guest=False, cache_disk_mib=64)
    await driver.create(spec)
    assert (await driver.take_snapshot(spec.vm_id, "cold")).size_bytes == 0
    await driver.start(spec.vm_id)
    await driver.save(spec.vm_id)
    assert (await driver.restore_snapshot(spec.vm_id, "cold")).state is VmState.POWERED_OFF
    assert (await driver.start(spec.vm_id)).state is VmState.RUNNING


async def test_a_restored_snapshot_stays(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    await driver.take_snapshot(info.vm_id, "one")
    await driver.power_off(info.vm_id)
    for _ in range(2):
        assert (await driver.restore_snapshot(info.vm_id, "one")).state is VmState.SAVED
        assert (await driver.start(info.vm_id)).state is VmState.RUNNING
        await driver.power_off(info.vm_id)
    await driver.restore_snapshot(info.vm_id, "one")
    with pytest.raises(VmWrongState):
        await driver.reconfigure(info.vm_id, VmChange(memory_mib=512))


# --- ports and limits ------------------------------------------------------------------------------------------------


async def test_a_broken_forward_is_chosen_anew_on_resume(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver, ports=(PortForward(name="web", guest_port=80),))
    await driver.pause(info.vm_id)
    port = info.ports[0].host_port
    live = driver._machines[info.vm_id].live
    assert live is not None
    await live.monitor.human(f"hostfwd_remove net0 tcp:127.0.0.1:{port}")
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    again = await driver.resume(info.vm_id)
    taken.close()
    await taken.wait_closed()
    assert again.ports[0].host_port not in {0, port}
    _, writer = await asyncio.open_connection("127.0.0.1", again.ports[0].host_port)
    writer.close()
    await writer.wait_closed()


async def test_ports_listen_on_loopback_only_unless_remote(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver, ports=(PortForward(name="a", guest_port=80), PortForward(name="b", guest_port=81, remote=True)))
    assert info.pid is not None
    listening = {(c.laddr.ip, c.laddr.port) for c in psutil.Process(info.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {("127.0.0.1", info.ports[0].host_port), ("0.0.0.0", info.ports[1].host_port)}  # noqa: S104


@pytest.mark.parametrize("cap", [30, 60])
async def test_a_busy_guest_uses_what_the_limit_says(lab: Lab, cap: int) -> None:
    driver = lab.qemu()
    info = await running(lab, driver, cap_percent=cap)
    owned = records(lab).load(info.vm_id).process
    assert owned is not None
    states = set()

    async def window(seconds: float) -> tuple[float, float]:
        """The share of a processor that it used, and the share that it would have used had no other program wanted one."""
        begin, used, waited = time.monotonic(), cpu_seconds(owned), waited_seconds(owned.pid)
        while time.monotonic() < begin + seconds:
            states.add(await state(driver, info.vm_id))
            await asyncio.sleep(0.2)
        elapsed = time.monotonic() - begin
        ran = (cpu_seconds(owned) - used) / elapsed
        return ran, ran + (waited_seconds(owned.pid) - waited) / elapsed

    await window(1.0)
    ran, wanted = await window(4.0)
    assert ran <= cap / 100 + 0.1
    assert wanted >= cap / 100 - 0.1
    assert states == {VmState.RUNNING}


async def test_a_pause_wins_over_the_limit(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver, cap_percent=40)
    await driver.pause(info.vm_id)
    owned = records(lab).load(info.vm_id).process
    assert owned is not None
    used = cpu_seconds(owned)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.5):
            await asyncio.Event().wait()
    assert cpu_seconds(owned) - used < 0.1
    assert await state(driver, info.vm_id) is VmState.PAUSED


# --- create and media ------------------------------------------------------------------------------------------------


async def test_a_failed_creation_leaves_no_file(lab: Lab) -> None:
    driver = lab.qemu()
    spec = lab.spec(guest=False, shares=(Share("shared", str(lab.folder / "nowhere")),))
    with pytest.raises(MediumMissing):
        await driver.create(spec)
    assert names(lab.data / "vms") == []


async def test_deleting_removes_every_file_and_socket(lab: Lab) -> None:
    driver = lab.qemu()
    info = await running(lab, driver)
    runtime = Path(records(lab).load(info.vm_id).runtime)
    assert names(runtime)
    await driver.delete(info.vm_id)
    assert info.vm_id not in names(lab.data / "vms")
    assert names(runtime) == []


async def test_a_process_that_can_not_start_says_why(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = lab.qemu()
    spec = lab.spec(guest=False)
    await driver.create(spec)

    def dies(*_args: Any) -> VmRecord:
        raise VmLost(vm=spec.vm_id, detail="it said so")

    with monkeypatch.context() as patched:
        patched.setattr(starting, "launch", dies)
        with pytest.raises(Exception, match="it said so"):
            await driver.start(spec.vm_id)
    assert await state(driver, spec.vm_id) is VmState.POWERED_OFF
