"""Measure our VirtualBox driver on both roads against VirtualBox's own API and VBoxManage, in turns in one run; in the laboratory (`make lab-bench`).

`publish` writes the report into the docs. `on_virtualbox.py supervision` measures only what watching costs.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

import whole
from run import Figures, free_port, timed, timed_async, wait_for_file, wait_for_web
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmId, VmSpec, VmState
from t4t.host.clock import RealClock
from t4t.hypervisor.remote import RemoteHypervisor
from t4t.hypervisor.virtualbox import processes
from t4t.hypervisor.virtualbox.api.road import ApiRoad
from t4t.hypervisor.virtualbox.driver import VirtualBoxDriver
from t4t.hypervisor.virtualbox.manage import ManageRoad

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from t4t.hypervisor.driver import Driver
    from t4t.hypervisor.virtualbox.road import Road

ROOT = Path(__file__).resolve().parents[1]
VBOXMANAGE = "/usr/lib/virtualbox/VBoxManage"
ROUNDS = int(os.environ.get("T4T_BENCH_ROUNDS", "5"))
PAUSES = 10
SUPERVISED_S = float(os.environ.get("T4T_BENCH_SUPERVISED_S", "240"))


def manage(*words: str | Path, good: bool = True) -> str:
    """One VBoxManage by hand."""
    done = subprocess.run([VBOXMANAGE, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if good and done.returncode:
        raise RuntimeError(f"{words}: {done.stderr}")
    return done.stdout


class BareManage:
    """The shortest sequence of VBoxManage calls for each thing."""

    def __init__(self, folder: Path, base: Path) -> None:
        """``base`` is a disk that VirtualBox knows as multiattach."""
        self._folder = folder
        self._base = base

    def set_up(self) -> None:
        """Five calls, as performance.md's."""
        rule = f"web,tcp,127.0.0.1,{free_port()},,80"
        manage("createvm", "--name", "bare", "--ostype", "Linux26_64", "--basefolder", self._folder, "--platform-architecture", "x86", "--register")
        manage("modifyvm", "bare", "--memory", "512", "--nic1", "nat", "--nic-type1", "virtio", "--nat-pf1", rule)
        manage("storagectl", "bare", "--name", "Disks", "--add", "sata", "--portcount", "1")
        where = ("--storagectl", "Disks", "--port", "0", "--type", "hdd")
        manage("storageattach", "bare", *where, "--medium", self._base, "--mtype", "multiattach")
        manage("startvm", "bare", "--type", "headless")

    def pause(self) -> None:
        """One call."""
        manage("controlvm", "bare", "pause")

    def resume(self) -> None:
        """One call."""
        manage("controlvm", "bare", "resume")

    def end(self) -> None:
        """Power off, try again until VirtualBox lets go."""
        manage("controlvm", "bare", "poweroff")
        while "SessionName" in (shown := manage("showvminfo", "bare", "--machinereadable", good=False)) or "VMState=" not in shown:
            time.sleep(0.01)
        manage("unregistervm", "bare", "--delete")


class BareApiProcess:
    """`bare_api` at the other end of a pipe, which times itself."""

    def __init__(self, folder: Path, base: Path) -> None:
        """Connect."""
        words = [sys.executable, str(Path(__file__).with_name("bare_api.py")), str(folder), str(base), str(free_port())]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._say("")

    def _say(self, word: str) -> str:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("no pipe")
        if word:
            self._process.stdin.write(word + "\n")
            self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def do(self, word: str) -> float:
        """Seconds that it took, inside."""
        return float(self._say(word))

    def close(self) -> None:
        """End it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


def spec_of(number: int, base: Path, **changes: Any) -> VmSpec:  # noqa: ANN401 - fields of the specification
    """Performance.md's VM."""
    vm_id = VmId(f"00000000-0000-4000-8000-{number:012d}")
    values: dict[str, Any] = {
        "vm_id": vm_id,
        "name": f"bench{number}",
        "boot": BootDisk(str(base), DiskFormat.VDI),
        "memory_mib": 512,
        "nic_type": "virtio",
        "ports": (PortForward(name="web", guest_port=80),),
    }
    return VmSpec(**(values | changes))


def environment() -> dict[str, str]:
    """Ours, with the project, which is not installed in the laboratory."""
    return os.environ | {"PYTHONPATH": str(ROOT / "app")}


def roads() -> dict[str, Road]:
    """Both, by what they are called in the table."""
    return {"our API road": ApiRoad(clock=RealClock(), environment=environment()), "our VBoxManage road": ManageRoad(clock=RealClock())}


async def until(driver: Driver, vm_id: VmId, state: VmState, act: Callable[[], Awaitable[object]]) -> float:
    """Seconds from ``act`` to the event of that state."""
    seen: asyncio.Queue[VmState] = asyncio.Queue()

    async def listen() -> None:
        async for event in driver.watch():
            if event.vm_id == vm_id:
                seen.put_nowait(event.state)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.3)
    while not seen.empty():
        seen.get_nowait()
    begun = time.perf_counter()
    await act()
    while await seen.get() is not state:
        pass
    seconds = time.perf_counter() - begun
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    return seconds


async def kill(pid: int) -> None:
    """As the OOM killer would."""
    psutil.Process(pid).kill()


async def our_cycle(driver: VirtualBoxDriver, who: str, spec: VmSpec, figures: Figures) -> None:
    """One VM's life with our driver."""
    vm = spec.vm_id

    async def set_up() -> None:
        await driver.create(spec)
        await driver.start(vm)

    figures.add("set up", who, await timed_async(set_up()))
    await driver.pause(vm)
    await driver.resume(vm)
    for _ in range(PAUSES):
        figures.add("pause", who, await timed_async(driver.pause(vm)))
        figures.add("resume", who, await timed_async(driver.resume(vm)))
    figures.add("task end", who, await timed_async(driver.delete(vm)))


def bare_cycle(do: Callable[[str], float], who: str, figures: Figures) -> None:
    """The same life by hand."""
    figures.add("set up", who, do("set_up"))
    do("pause")
    do("resume")
    for _ in range(PAUSES):
        figures.add("pause", who, do("pause"))
        figures.add("resume", who, do("resume"))
    figures.add("task end", who, do("end"))


async def deaths(driver: VirtualBoxDriver, who: str, spec: VmSpec, figures: Figures) -> None:
    """How soon the death of the VM's process, and of VBoxSVC, is told."""
    vm = spec.vm_id
    await driver.create(spec)
    pid = (await driver.start(vm)).pid
    if pid is None:
        raise RuntimeError("no process")
    figures.add("death of the VM told", who, await until(driver, vm, VmState.ABORTED, lambda: kill(pid)))
    await driver.start(vm)
    server = processes.find_server()
    if server is None:
        raise RuntimeError("no VBoxSVC")
    begun = time.perf_counter()
    await kill(server.pid)
    while (await driver.inspect(vm))[0].raw_state != "orphaned":  # noqa: ASYNC110 - nothing tells when the driver knows
        await asyncio.sleep(0.01)
    figures.add("death of VBoxSVC known", who, time.perf_counter() - begun)
    await driver.delete(vm)


def saved_state(vm: VmId) -> Path:
    """The file of the VM's saved state."""
    folder = manage("showvminfo", vm, "--machinereadable").partition('SnapFldr="')[2].partition('"')[0]
    return next(Path(folder).glob("*.sav"))


async def web(driver: VirtualBoxDriver, who: str, spec: VmSpec, figures: Figures, *, saved: Path, adopted: bool) -> None:
    """From the start to the web server's answer, cold and from an adopted state."""
    vm = spec.vm_id
    await driver.create(spec)
    if adopted:
        mine = saved.with_name(f"{vm}.sav")
        shutil.copyfile(saved, mine)
        await asyncio.to_thread(manage, "adoptstate", vm, mine)
    begun = time.perf_counter()
    port = (await driver.start(vm)).ports[0].host_port
    await asyncio.to_thread(wait_for_web, port, 300)
    figures.add("start to web answer, adopted state" if adopted else "start to web answer, cold", who, time.perf_counter() - begun)
    if not adopted:
        await asyncio.to_thread(wait_for_file, Path(spec.shares[0].host_path, "heartbeat"))
        await driver.save(vm)
        shutil.copyfile(saved_state(vm), saved)
    await driver.delete(vm)


def cpu_seconds(processes_: list[psutil.Process]) -> float:
    """Processor time of processes and of their ended children, in nanoseconds' precision where the kernel gives it."""
    total = 0.0
    for one in processes_:
        for thread in Path(f"/proc/{one.pid}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0]) / 1e9
        times = one.cpu_times()
        total += times.children_user + times.children_system
    return total


def halt_sector() -> bytes:
    """A disk's image whose boot sector stands still."""
    return b"\xf4\xeb\xfd".ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)


def halting(folder: Path) -> Path:
    """A disk whose boot sector stands still: its VM runs and does nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    raw, disk = folder / "halt.raw", folder / "halt.vdi"
    raw.write_bytes(halt_sector())
    manage("convertfromraw", raw, disk)
    return disk


async def supervision(folder: Path, road: str, number: int) -> dict[str, float]:
    """Processor time an hour of a VM host (with its worker) that watches one idle running VM, and of VBoxSVC meanwhile."""
    base = halting(folder)
    command = (sys.executable, "-m", "t4t", "--data-dir", str(folder), "vm-host", "--hypervisor", "virtualbox")
    host = RemoteHypervisor(command, environment=environment() | {"T4T_VIRTUALBOX_ROAD": road}, log=folder / "host.log")
    spec = spec_of(number, base, memory_mib=64)
    await host.create(spec)
    await host.start(spec.vm_id)

    async def listen() -> None:
        async for _ in host.watch():
            pass

    listening = asyncio.create_task(listen())
    await asyncio.sleep(15)
    if host.pid is None:
        raise RuntimeError("no VM host")
    own = psutil.Process(host.pid)
    family, server = [own, *own.children()], processes.find_server()
    if server is None:
        raise RuntimeError("no VBoxSVC")
    svc = [psutil.Process(server.pid)]
    begun, before, before_svc = time.monotonic(), cpu_seconds(family), cpu_seconds(svc)
    await asyncio.sleep(SUPERVISED_S)
    scale = 3600 / (time.monotonic() - begun)
    used, used_svc = cpu_seconds(family) - before, cpu_seconds(svc) - before_svc
    memory = sum(one.memory_full_info().pss for one in family) / 1e6
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await host.delete(spec.vm_id)
    await host.close()
    return {"CPU s an hour": round(used * scale, 3), "VBoxSVC's CPU s an hour": round(used_svc * scale, 2), "memory MB (PSS)": round(memory, 1)}


async def calls(folder: Path, base: Path) -> dict[str, int]:
    """How many VBoxManage calls a set-up takes on our VBoxManage road, and how many more with each further device."""
    share = folder / "share0"
    road = ManageRoad(clock=RealClock())
    driver = VirtualBoxDriver(folder / "calls", owner="bench", road=road, clock=RealClock(), background=False)
    await driver.create(spec_of(900, base))
    await driver.probe()
    found = {}
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("VM", {}),
        ("with a shared folder", {"shares": (Share("shared", str(share)),)}),
        ("with a cache disk", {"cache_disk_mib": 8}),
    )
    for number, (name, changes) in enumerate(kinds, 901):
        before = len(road.replay())
        await driver.create(spec_of(number, base, **changes))
        await driver.start(VmId(f"00000000-0000-4000-8000-{number:012d}"))
        found[name] = len(road.replay()) - before
        await driver.power_off(VmId(f"00000000-0000-4000-8000-{number:012d}"))
    for info in await driver.inspect():
        await driver.delete(info.vm_id)
    await driver.close()
    return found


async def measure(folder: Path, appliance: Path) -> dict[str, Any]:
    """Everything."""
    base = folder / "base.vdi"
    shutil.copyfile(appliance / "t4t-appliance.vdi", base)
    manage("internalcommands", "sethduuid", base)
    figures = Figures()
    drivers = {
        who: VirtualBoxDriver(folder / who.replace(" ", "-"), owner="bench", road=road, clock=RealClock(), background=False) for who, road in roads().items()
    }
    keeper = spec_of(1, base)
    for driver in drivers.values():
        await driver.probe()
    await drivers["our API road"].create(keeper)  # the base is known and shared from now on
    by_hand, api = BareManage(folder / "bare-manage", base), BareApiProcess(folder / "bare-api", base)
    for number in range(ROUNDS):
        await asyncio.to_thread(bare_cycle, lambda word: timed(getattr(by_hand, word)), "VBoxManage", figures)
        await asyncio.to_thread(bare_cycle, api.do, "API", figures)
        for place, (who, driver) in enumerate(drivers.items(), 1):
            await our_cycle(driver, who, spec_of(100 * place + number, base), figures)
    api.close()
    counted = await calls(folder, base)
    for place, (who, driver) in enumerate(drivers.items(), 1):
        share = folder / f"share{place}"
        for number in (0, 1):
            spec = spec_of(1000 * place + number, base, memory_mib=256, shares=(Share("shared", str(share)),))
            await web(driver, who, spec, figures, saved=folder / f"golden{place}.sav", adopted=number == 1)
    await drivers["our API road"].delete(keeper.vm_id)
    for place, (who, driver) in enumerate(drivers.items(), 1):
        await deaths(driver, who, spec_of(2000 * place, base, memory_mib=64), figures)
        await driver.close()
    return {
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()},
        "hypervisor": f"VirtualBox {manage('--version').strip()}, no VT-x, no kernel driver: instructions are interpreted",
        "rounds": ROUNDS,
        "load": round(os.getloadavg()[1], 1),
        "figures": {what: {who: round(1000 * statistics.median(values), 2) for who, values in sides.items()} for what, sides in figures.seconds.items()},
        "VBoxManage calls of a set-up": counted,
        "pauses": PAUSES,
        **await watching(folder),
    }


async def watching(folder: Path) -> dict[str, Any]:
    """What it costs to watch a VM, on each road."""
    roads_ = {"our API road": "api", "our VBoxManage road": "vboxmanage"}
    found = {who: await supervision(folder / f"host-{road}", road, number) for number, (who, road) in enumerate(roads_.items(), 3000)}
    program = {who: await asyncio.to_thread(whole.measure, folder / f"program-{road}", halt_sector(), environment(), road=road) for who, road in roads_.items()}
    return {"supervision": found, "program": program, "supervised seconds": SUPERVISED_S, "load while supervised": round(os.getloadavg()[1], 1)}


def main() -> None:
    """Measure, write the report where the laboratory's runs may write."""
    scratch = Path(os.environ["T4T_SCRATCH"])
    folder = Path(os.environ["HOME"]) / "bench"
    for name in ("bare-manage", "bare-api", "share0", "share1", "share2"):
        (folder / name).mkdir(parents=True)
        (folder / name / "context").write_text("T4T_MODE=idle\nT4T_HEARTBEAT_SECONDS=1\n")
    only_watching = sys.argv[1:] == ["supervision"]
    report = asyncio.run(watching(folder) if only_watching else measure(folder, Path(os.environ["T4T_APPLIANCE"])))
    (scratch / "virtualbox.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
