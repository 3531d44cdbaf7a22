"""Measure our driver against QEMU's own commands, in turns in one run; write ``docs/benchmarks.json`` and ``docs/benchmarks.md``.

Machines are noisy: read the ratios, not the seconds. Each figure is a median; both sides take turns, so that drift hits both.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import socket
import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import doctor
import idle
import limits
from bare import BareVm
from publish import parts
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmId, VmSpec
from t4t.hypervisor.qemu.driver import QemuDriver
from t4t.hypervisor.remote import RemoteHypervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from t4t.hypervisor.driver import Driver

ROOT = Path(__file__).resolve().parents[1]
MEMORY_MIB = 256
ROUNDS = 10
SUPERVISED_S = 60.0


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_web(port: int, seconds: float = 60) -> None:
    """Until the guest's page answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/index.json", timeout=1) as answer:
                answer.read()
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def wait_for_file(path: Path) -> None:
    """Until the guest has written it."""
    while not path.exists():
        time.sleep(0.2)


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


async def timed_async(work: Awaitable[object]) -> float:
    """Seconds that ``work`` takes."""
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


class Figures:
    """Seconds by what and by whom."""

    def __init__(self) -> None:
        """Nothing measured yet."""
        self.seconds: dict[str, dict[str, list[float]]] = {}

    def add(self, what: str, who: str, seconds: float) -> None:
        """Note one measurement."""
        self.seconds.setdefault(what, {}).setdefault(who, []).append(seconds)

    def table(self) -> dict[str, dict[str, float]]:
        """Medians in milliseconds, and ratios to QEMU's own commands."""
        result = {}
        for what, sides in self.seconds.items():
            medians = {who: statistics.median(values) for who, values in sides.items()}
            row = {f"{who} ms": round(1000 * value, 2) for who, value in medians.items()}
            row |= {f"{who} ratio": round(value / medians["qemu"], 2) for who, value in medians.items() if who != "qemu"}
            result[what] = row
        return result


async def cycle(driver: Driver, who: str, spec: VmSpec, figures: Figures) -> None:
    """One VM's life with our driver."""

    async def set_up() -> None:
        await driver.create(spec)
        await driver.start(spec.vm_id)

    begun = time.perf_counter()
    figures.add("set up", who, await timed_async(set_up()))
    port = (await driver.inspect(spec.vm_id))[0].ports[0].host_port
    await asyncio.to_thread(wait_for_web, port)
    figures.add("start to web answer", who, time.perf_counter() - begun)
    for _ in range(ROUNDS):
        figures.add("pause", who, await timed_async(driver.pause(spec.vm_id)))
        figures.add("resume", who, await timed_async(driver.resume(spec.vm_id)))
    figures.add("save", who, await timed_async(driver.save(spec.vm_id)))
    figures.add("restore", who, await timed_async(driver.start(spec.vm_id)))
    await driver.delete(spec.vm_id)


def bare_cycle(folder: Path, image: Path, figures: Figures) -> None:
    """The same life by hand."""
    port = free_port()
    vm = BareVm(folder, image, memory_mib=MEMORY_MIB, port=port)
    begun = time.perf_counter()
    figures.add("set up", "qemu", timed(vm.set_up))
    wait_for_web(port)
    figures.add("start to web answer", "qemu", time.perf_counter() - begun)
    for _ in range(ROUNDS):
        figures.add("pause", "qemu", timed(vm.pause))
        figures.add("resume", "qemu", timed(vm.resume))
    figures.add("save", "qemu", timed(vm.save))
    figures.add("restore", "qemu", timed(vm.restore))
    vm.end()


def new_spec(number: int, image: Path, shares: tuple[Share, ...] = ()) -> VmSpec:
    """The reference guest."""
    vm_id = VmId(f"00000000-0000-4000-8000-{number:012d}")
    ports = (PortForward(name="web", guest_port=80),)
    return VmSpec(vm_id=vm_id, name=f"bench{number}", boot=BootDisk(str(image), DiskFormat.RAW), memory_mib=MEMORY_MIB, ports=ports, shares=shares)


def remote(folder: Path, data: Path) -> RemoteHypervisor:
    """A driver behind a VM host process, as the command makes it."""
    command = (sys.executable, "-m", "t4t", "--data-dir", str(data), "vm-host", "--hypervisor", "qemu")
    return RemoteHypervisor(command, environment=os.environ, log=folder / "vm-host.log")


async def supervision(folder: Path, image: Path) -> dict[str, float]:
    """Processor time of a task run's own processes while its idle guest is supervised, per hour."""
    task = folder / "slots" / "0"
    task.mkdir(parents=True)
    shutil.copyfile(image, task / "vm_image.raw")
    elements = "<os_name>Linux26_64</os_name><enable_network/><enable_shared_directory/><pf_guest_port>80</pf_guest_port>"
    files = "<heartbeat_filename>heartbeat</heartbeat_filename><completion_trigger_file>shutdown</completion_trigger_file>"
    (task / "vbox_job.xml").write_text(f"<vbox_job>{elements}{files}<disable_automatic_checkpoints/></vbox_job>")
    command = (sys.executable, "-m", "t4t", "--data-dir", str(folder / "run"), "--json", "task", "run", str(task))
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL)
    try:
        await asyncio.to_thread(wait_for_file, task / "shared" / "heartbeat")
        await asyncio.sleep(5)
        ours = [psutil.Process(process.pid)]
        ours += [child for child in ours[0].children() if "vm-host" in " ".join(child.cmdline())]
        before = sum(p.cpu_times().user + p.cpu_times().system for p in ours)
        begun = time.monotonic()
        await asyncio.sleep(SUPERVISED_S)
        used = sum(p.cpu_times().user + p.cpu_times().system for p in ours) - before
        per_hour = used * 3600 / (time.monotonic() - begun)
        return {"seconds of CPU per hour": round(per_hour, 1), "share of one core in percent": round(per_hour / 36, 3)}
    finally:
        process.terminate()
        await process.wait()


async def main() -> None:
    """Measure, write, print."""
    image = the_image()
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="t4t-bench-") as name:
        folder = Path(name)
        direct = QemuDriver(folder / "direct", owner="bench")
        behind = remote(folder, folder / "behind")
        (folder / "behind").mkdir()
        await direct.probe()
        await behind.probe()
        for number in range(ROUNDS):
            await asyncio.to_thread(bare_cycle, folder / f"bare{number}", image, figures)
            await cycle(direct, "driver", new_spec(number, image), figures)
            await cycle(behind, "driver behind the VM host", new_spec(100 + number, image), figures)
        capabilities = await direct.probe()
        await direct.close()
        await behind.close()
        supervised = await supervision(folder, image)
    report: dict[str, Any] = {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "hypervisor": f"QEMU {capabilities.version}, {capabilities.accelerator_name}",
        "guest": f"reference appliance, {MEMORY_MIB} MiB, 1 core",
        "rounds": ROUNDS,
        "figures": figures.table(),
        "supervision": supervised,
        "doctor": await asyncio.to_thread(doctor.measure),
        "idle": await asyncio.to_thread(idle.measure, image),
        "limits": await asyncio.to_thread(limits.measure),
    }
    write(report)


def write(report: dict[str, Any]) -> None:
    """Both files, and the report on standard output."""
    numbers = ROOT / "docs" / "benchmarks.json"
    kept = json.loads(numbers.read_text(encoding="utf-8")) if numbers.is_file() else {}
    numbers.write_text(json.dumps(kept | report, indent=2) + "\n", encoding="utf-8")
    (ROOT / "docs" / "benchmarks.md").write_text(page(kept | report) + parts(kept), encoding="utf-8")
    print(json.dumps(report, indent=2))


def page(report: dict[str, Any]) -> str:
    """The report as a page."""
    doctor_s = report["doctor"]
    columns = ["qemu ms", "driver ms", "driver ratio", "driver behind the VM host ms", "driver behind the VM host ratio"]
    rows = [f"| {what} | {' | '.join(str(row[column]) for column in columns)} |" for what, row in report["figures"].items()]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Written by `make bench` (`benchmarks/run.py`); the same as JSON in `benchmarks.json`. Medians; both sides took turns in one run. Machines are",
            "noisy: the ratios count, not the milliseconds. “qemu” is the shortest sequence of QEMU's own commands by hand, without records,",
            "checks, ownership or verified ports (`benchmarks/bare.py`).",
            "",
            f"{report['hypervisor']}; {report['guest']}; {report['machine']['cores']} cores; {report['rounds']} rounds.",
            "",
            "| operation | " + " | ".join(columns) + " |",
            "|---|" + "---|" * len(columns),
            *rows,
            "",
            f"Supervising one idle VM (the command and its VM host, without the VM), measured over {SUPERVISED_S:.0f} s:",
            f"{report['supervision']['seconds of CPU per hour']} s of CPU an hour, {report['supervision']['share of one core in percent']} % of a core.",
            "",
            f"`t4t doctor` without the servers, from nothing (a new process each time): {doctor_s['doctor s']} s, {doctor_s['ratio']} times what",
            f"starting the program and doing nothing takes; the slowest {doctor_s['slowest doctor s']} s, the budget {doctor_s['budget s']} s.",
            "`benchmarks/run.py doctor` measures only this.",
            "",
            *(idle.table(report["idle"]) if "idle" in report else ()),
            *(limits.table(report["limits"]) if "limits" in report else ()),
        ]
    )


def only(part: str) -> None:
    """Measure one part alone and put it beside the other figures as they are."""
    report = json.loads((ROOT / "docs" / "benchmarks.json").read_text(encoding="utf-8"))
    parts_alone: dict[str, Callable[[], object]] = {"doctor": doctor.measure, "idle": lambda: idle.measure(the_image()), "limits": limits.measure}
    write(report | {part: parts_alone[part]()})


def the_image() -> Path:
    """The reference appliance's disk."""
    return (Path(os.environ.get("T4T_APPLIANCE") or ROOT / "build" / "appliance") / "t4t-appliance.raw").resolve()


if __name__ == "__main__":
    if sys.argv[1:] in (["doctor"], ["idle"], ["limits"]):
        only(sys.argv[1])
    else:
        asyncio.run(main())
