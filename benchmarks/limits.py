"""Whether the CPU limit holds: what a QEMU machine that computes without end really uses under limits, and how soon another limit acts.

A machine that other programs keep waiting uses less than it may through no fault of the limit: what it stood in the run queue is told beside what it used.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.vm import BootDisk, DiskFormat, VmChange, VmId, VmSpec
from t4t.hypervisor import process
from t4t.hypervisor.process import ProcessId
from t4t.hypervisor.qemu.driver import QemuDriver

if TYPE_CHECKING:
    from t4t.hypervisor.driver import Driver

LIMITS: Final = (75, 50, 25)
MEASURED_S: Final = 60.0
SETTLED_S: Final = 2.0
"""After a change, before the window begins."""
TOLERATED: Final = 0.1
"""Relative: the budget of both figures."""
ACTS_WITHIN_S: Final = 2.0
_STEP_S: Final = 0.1
_SPAN_S: Final = 0.8
"""Over so long the first share under a new limit is taken: the turns that the limit is made of are shorter."""
_SPIN: Final = b"\xeb\xfe".ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)
"""A boot sector that jumps to itself."""


def waited_s(pid: int) -> float:
    """Seconds that all threads stood in the run queue (Linux's ``schedstat``)."""
    waited = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            waited += int((thread / "schedstat").read_text(encoding="ascii").split()[1])
    return waited / 1e9


async def share(owned: ProcessId, seconds: float) -> tuple[float, float]:
    """Percent of a processor that it used, and that it would have used had nobody else wanted one."""
    begun, used, waited = time.monotonic(), process.cpu_seconds(owned), waited_s(owned.pid)
    await asyncio.sleep(seconds)
    passed = time.monotonic() - begun
    ran = (process.cpu_seconds(owned) - used) / passed
    return 100 * ran, 100 * (ran + (waited_s(owned.pid) - waited) / passed)


async def acts_after(driver: Driver, vm: VmId, owned: ProcessId, limit: int) -> float:
    """Seconds from the request for ``limit`` until the machine was first seen to hold it."""
    begun = time.monotonic()
    await driver.reconfigure(vm, VmChange(cap_percent=limit))
    samples = [(time.monotonic(), process.cpu_seconds(owned))]
    while time.monotonic() - begun < 5 * ACTS_WITHIN_S:
        await asyncio.sleep(_STEP_S)
        samples.append((time.monotonic(), process.cpu_seconds(owned)))
        first = next((sample for sample in samples if samples[-1][0] - sample[0] <= _SPAN_S), samples[-1])
        passed = samples[-1][0] - first[0]
        if passed >= _SPAN_S - 2 * _STEP_S and (samples[-1][1] - first[1]) / passed * 100 <= limit * (1 + 2 * TOLERATED):
            return first[0] - begun
    return time.monotonic() - begun


async def _measure(folder: Path) -> dict[str, dict[str, float | bool]]:
    disk = folder / "spin.raw"
    disk.write_bytes(_SPIN)
    driver = QemuDriver(folder / "data", owner="bench", background=False)
    vm = VmId(str(uuid.uuid4()))
    found: dict[str, dict[str, float | bool]] = {}
    try:
        await driver.probe()
        await driver.create(VmSpec(vm_id=vm, name="t4t-bench-limits", boot=BootDisk(str(disk), DiskFormat.RAW), memory_mib=64, network=False))
        info = await driver.start(vm)
        owned = ProcessId(info.pid or 0, info.pid_started or "")
        for limit in LIMITS:
            await driver.reconfigure(vm, VmChange(cap_percent=100))
            await asyncio.sleep(SETTLED_S)
            acted = await acts_after(driver, vm, owned, limit)
            await asyncio.sleep(SETTLED_S)
            ran, wanted = await share(owned, MEASURED_S)
            found[f"{limit} %"] = {
                "used %": round(ran, 1),
                "with waiting %": round(wanted, 1),
                "acts after s": round(acted, 2),
                "holds": ran <= limit * (1 + TOLERATED) and wanted >= limit * (1 - TOLERATED) and acted <= ACTS_WITHIN_S,
            }
    finally:
        await driver.delete(vm)
        await driver.close()
    return found


def measure() -> dict[str, dict[str, float | bool]]:
    """Figures of each limit."""
    with tempfile.TemporaryDirectory(prefix="t4t-limits-") as name:
        return asyncio.run(_measure(Path(name)))


def table(figures: dict[str, dict[str, float | bool]]) -> list[str]:
    """The figures as a part of the page."""
    rows = [
        f"| {limit} | {row['used %']} | {row['with waiting %']} | {row['acts after s']} | {'yes' if row['holds'] else 'no'} |" for limit, row in figures.items()
    ]
    return [
        f"The CPU limit on a machine of one processor that computes without end, measured over {MEASURED_S:.0f} s each; the budget is",
        f"{TOLERATED * 100:.0f} % of the limit, and a change that acts within {ACTS_WITHIN_S:.0f} s. `benchmarks/run.py limits` measures only this.",
        "",
        "| limit | used % of a processor | with waiting in the run queue | acts after s | within budget |",
        "|---|---|---|---|---|",
        *rows,
        "",
    ]
