"""Every road into and out of the reference guest, in real QEMU; each result equals the native one to the last bit."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import native
import pytest

from support.qemu_rig import QemuRig
from t4t.domain.appliance_descriptor import ContextWay
from t4t.domain.completion import parse_completion
from t4t.domain.vm import Share, VmId, VmState
from t4t.guest import config_iso, context, floppy, yoda
from t4t.guest.webapp import WebHealth, probe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver

pytestmark = [pytest.mark.qemu, pytest.mark.timeout(200)]

RUNSPEC = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 120 {seed}"


@pytest.fixture
async def rig(tmp_path: Path, appliance_dir: Path) -> AsyncIterator[QemuRig]:
    rig = QemuRig(tmp_path, appliance_dir)
    yield rig
    await rig.close()


def reference(rig: QemuRig, runspec: str) -> bytes:
    return native.run_native(rig.appliance, runspec, rig.folder / f"native-{abs(hash(runspec))}").read_bytes()


async def fetch(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: guest\r\n\r\n".encode())
        await writer.drain()
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return body if b" 200 " in head.split(b"\r\n", 1)[0] else b""


async def until_done(rig: QemuRig, port: int) -> None:
    async def done() -> bool:
        try:
            state = json.loads(await fetch(port, "/job/index.json") or b"{}").get("state")
        except (OSError, ValueError):
            return False
        assert state != "failed"
        return bool(state == "done")

    await rig.eventually(done, seconds=150, what="the job")


async def until_off(rig: QemuRig, driver: Driver, vm_id: VmId) -> None:
    async def off() -> bool:
        return (await driver.inspect(vm_id))[0].state is VmState.POWERED_OFF

    await rig.eventually(off, seconds=150, what="the guest to switch itself off")


async def test_config_iso_in_and_web_out(rig: QemuRig) -> None:
    runspec = RUNSPEC.format(seed=3)
    iso = rig.folder / "context.iso"
    text = f"[t4t]\nT4T_POWER_OFF=0\nT4T_INPUT={runspec}\n"
    config_iso.write_config_iso(iso, context.seed(ContextWay.CIDATA, text=text, instance="x"))
    driver = rig.driver()
    spec = rig.spec(guest=True, config_iso=str(iso))
    await driver.create(spec)
    port = (await driver.start(spec.vm_id)).ports[0].host_port
    await until_done(rig, port)
    assert await fetch(port, "/job/output.tgz") == reference(rig, runspec)
    assert parse_completion(await fetch(port, "/job/shutdown")).exit_code == 0
    assert await probe(port, timeout=5) is WebHealth.PAGE_READY


async def test_floppy_in_and_out(rig: QemuRig) -> None:
    runspec = RUNSPEC.format(seed=4)
    image = rig.folder / "floppy.img"
    floppy.create_floppy(image, text=f"BOINC_USERNAME=Ada\nT4T_POWER_OFF=0\nT4T_INPUT={runspec}\n")
    driver = rig.driver()
    spec = rig.spec(guest=True, floppy=str(image))
    await driver.create(spec)
    port = (await driver.start(spec.vm_id)).ports[0].host_port
    await until_done(rig, port)
    assert await fetch(port, "/job/output.tgz") == reference(rig, runspec)
    assert json.loads(await fetch(port, "/boinc.json"))["boinc"]["BOINC_USERNAME"] == "Ada"
    said: list[str] = []

    async def answered() -> bool:
        status, text = floppy.read_message(image)
        said.append(text)
        return status is floppy.FloppyStatus.OK

    await rig.eventually(answered, seconds=30, what="the completion text on the floppy")
    assert parse_completion(said[-1].encode()).exit_code == 0


async def test_booted_from_iso_with_a_cache_disk_and_two_cores(rig: QemuRig) -> None:
    runspec = RUNSPEC.format(seed=5)
    share = rig.folder / "shared"
    share.mkdir()
    (share / "input").write_text(f"#!/bin/sh\n./runRivet.sh {runspec}\n")
    driver = rig.driver()
    iso = rig.iso_spec()
    spec = rig.spec(guest=True, boot=iso.boot, cores=2, cache_disk_mib=64, shares=(Share("shared", str(share)),))
    await driver.create(spec)
    await driver.start(spec.vm_id)
    await until_off(rig, driver, spec.vm_id)
    assert (share / "output.tgz").read_bytes() == reference(rig, runspec)
    log = (await driver.inspect(spec.vm_id))[0].console_log
    assert log is not None
    assert "[vda] 131072 512-byte" in rig.folder.joinpath(log).read_text(errors="replace")
    result = yoda.read_result(share / "output.tgz")
    assert len(result.histograms) >= 6
    assert result.job["events"] == 120


async def test_a_pilot_pulls_job_after_job(rig: QemuRig) -> None:
    wanted = [RUNSPEC.format(seed=seed) for seed in (6, 7)]
    queue = list(wanted)
    results: list[tuple[dict[str, list[str]], bytes]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        url = urlsplit(target)
        if method == "GET":
            body = queue.pop(0).encode() if queue else b""
            writer.write(b"HTTP/1.0 %s\r\nContent-Length: %d\r\n\r\n" % (b"200 OK" if body else b"204 No Content", len(body)) + body)
        else:
            length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
            results.append((parse_qs(url.query), await reader.readexactly(length)))
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    share = rig.folder / "shared"
    share.mkdir()
    (share / "context").write_text(f"T4T_MODE=pilot\nT4T_QUEUE_URL=http://10.0.2.2:{port}\nT4T_JOB_DURATION=600\n")
    driver = rig.driver()
    spec = rig.spec(guest=True, shares=(Share("shared", str(share)),))
    await driver.create(spec)
    await driver.start(spec.vm_id)
    await until_off(rig, driver, spec.vm_id)
    server.close()
    assert [query["job"] for query, _ in results] == [["1"], ["2"]]
    assert [body for _, body in results] == [reference(rig, runspec) for runspec in wanted]
    assert parse_completion((share / "shutdown").read_bytes()).exit_code == 0


def test_the_image_is_small(appliance_dir: Path) -> None:
    assert (appliance_dir / "t4t-appliance.raw").stat().st_size <= 60_000_000
