"""What only a guest with a system can show: the floppy, the bandwidth, the mirror after a restore."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from t4t.domain.vm import Share, VmChange, VmInfo, VmState
from t4t.hypervisor.qemu import mirror

if TYPE_CHECKING:
    from pathlib import Path

    from qemu.conftest import Lab
    from t4t.hypervisor.qemu import QemuDriver

pytestmark = pytest.mark.qemu

_NONSENSE = "boinc pp nonsense 13000 - - pythia8 8.317 tune-monash13 10 1"
_HALF = 14_335


async def running(lab: Lab, driver: QemuDriver, **changes: Any) -> VmInfo:
    spec = lab.spec(guest=True, **changes)
    await driver.create(spec)
    return await driver.start(spec.vm_id)


async def fetch(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def answers(port: int) -> bool:
    try:
        async with asyncio.timeout(3):
            return b" 200 " in (await fetch(port, "/"))[:20]
    except (OSError, TimeoutError):
        return False


def content(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


async def test_the_floppy_is_read_and_written_by_the_guest(guest_lab: Lab) -> None:
    floppy = guest_lab.folder / "floppy.img"
    text = f"T4T_INPUT={_NONSENSE}\nT4T_POWER_OFF=0\n".encode()
    floppy.write_bytes(text.ljust(28_670, b"\0") + b"\1\0")
    driver = guest_lab.qemu()
    info = await running(guest_lab, driver, floppy=str(floppy))

    async def written() -> bool:
        return content(floppy)[28_671] == 1

    await guest_lab.eventually(written, seconds=120, what="the guest's answer on the floppy")
    assert content(floppy)[_HALF : _HALF + 3] == b"206"
    assert len(content(floppy)) == 28_672
    assert (await driver.save(info.vm_id)).state is VmState.SAVED
    assert (await driver.start(info.vm_id)).state is VmState.RUNNING


async def test_the_bandwidth_limit_acts_at_once_and_is_lifted(guest_lab: Lab) -> None:
    driver = guest_lab.qemu()
    info = await running(guest_lab, driver)
    port = info.ports[0].host_port
    await guest_lab.eventually(lambda: answers(port), seconds=60, what="the web server")
    assert (await driver.reconfigure(info.vm_id, VmChange(bandwidth_kib_s=8))).bandwidth_kib_s == 8
    sent = 0
    begin = time.monotonic()
    while sent < 48 * 1024:
        sent += len(await fetch(port, "/"))
    limited = sent / 1024 / (time.monotonic() - begin)
    assert 2 < limited < 10, "8 KiB/s with headers of packets, and the time that connections take"
    assert (await driver.reconfigure(info.vm_id, VmChange(bandwidth_kib_s=0))).bandwidth_kib_s is None
    begin, sent = time.monotonic(), 0
    while sent < 48 * 1024:
        sent += len(await fetch(port, "/"))
    assert sent / 1024 / (time.monotonic() - begin) > 3 * limited
    live = driver._machines[info.vm_id].live
    assert live is not None
    assert not [chardev for chardev in await live.monitor.execute("query-chardev") if chardev["label"].startswith("bw-")]


async def test_a_limited_vm_keeps_its_limit_over_save_and_its_network_without_us(guest_lab: Lab) -> None:
    driver = guest_lab.qemu()
    info = await running(guest_lab, driver, bandwidth_kib_s=64)
    port = info.ports[0].host_port
    await guest_lab.eventually(lambda: answers(port), seconds=90, what="the web server")
    await driver.save(info.vm_id)
    info = await driver.start(info.vm_id)
    assert info.bandwidth_kib_s == 64
    port = info.ports[0].host_port
    await guest_lab.eventually(lambda: answers(port), seconds=60, what="the web server after the restore")
    await driver.close()
    await guest_lab.eventually(lambda: answers(port), seconds=60, what="the web server without a driver")


async def test_the_mirror_goes_on_after_restore_and_adoption(guest_lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    share = guest_lab.folder / "shared"
    share.mkdir()
    (share / "context").write_text("T4T_HEARTBEAT_SECONDS=1\nT4T_MODE=idle\n")
    driver = guest_lab.qemu()
    info = await running(guest_lab, driver, shares=(Share("shared", str(share)),))
    heartbeat = share / "heartbeat"

    def newer(than: bytes) -> Any:
        async def check() -> bool:
            return content(heartbeat) not in {b"", than}

        return check

    await guest_lab.eventually(newer(b""), seconds=90, what="a heartbeat")
    await driver.save(info.vm_id)
    before = content(heartbeat)
    await driver.start(info.vm_id)
    await guest_lab.eventually(newer(before), seconds=60, what="a heartbeat after the restore")
    await driver.close()
    heir = guest_lab.qemu()
    await heir.inspect()
    before = content(heartbeat)
    await guest_lab.eventually(newer(before), seconds=60, what="a heartbeat after the adoption")

    for name, seconds in (("_CALM_AFTER_SECONDS", 0.0), ("_CALM_READ_SECONDS", 0.2), ("_CALM_LOOK_SECONDS", 0.5)):
        monkeypatch.setattr(mirror, name, seconds)
    for _ in range(3):
        before = content(heartbeat)
        await guest_lab.eventually(newer(before), seconds=60, what="a heartbeat while nothing else is carried")
    (share / "news").write_text("of the host's")
    await guest_lab.eventually(newer(content(heartbeat)), seconds=60, what="a heartbeat beside a file of the host's")
    assert {path.name for path in share.iterdir()} >= {"context", "heartbeat"}
    assert not [path for path in share.iterdir() if path.name.startswith(".t4t-part")]


async def test_a_guest_that_switched_off_while_nobody_looked_is_no_crash(guest_lab: Lab) -> None:
    floppy = guest_lab.folder / "floppy.img"
    floppy.write_bytes(f"T4T_INPUT={_NONSENSE}\n".encode().ljust(28_670, b"\0") + b"\1\0")
    driver = guest_lab.qemu()
    info = await running(guest_lab, driver, floppy=str(floppy))
    await driver.close()
    log = guest_lab.data / "vms" / info.vm_id / "console.log"

    async def off() -> bool:
        return b"Power down" in content(log)

    await guest_lab.eventually(off, seconds=120, what="the guest to switch itself off")
    assert info.pid is not None
    assert psutil.pid_exists(info.pid), "the process waits until somebody has seen it"
    heir = guest_lab.qemu()
    found = (await heir.inspect(info.vm_id))[0]
    assert (found.state, found.pid) == (VmState.POWERED_OFF, None)
