"""VBoxManage and small machines for the laboratory's own tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VBOXMANAGE = "/usr/lib/virtualbox/VBoxManage"
HEADLESS = "/usr/lib/virtualbox/VBoxHeadless"
SCRIPT = "/usr/bin/VBoxManage"
"""Debian's wrapper, which warns about the missing driver before each answer."""


def vboxmanage(*words: str | Path, program: str = VBOXMANAGE, good: bool = True) -> str:
    """Call VBoxManage and return what it wrote to its output."""
    done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    if good and done.returncode:
        pytest.fail(f"VBoxManage {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def facts(name: str) -> dict[str, str]:
    """What `showvminfo --machinereadable` says; it may fail half-way while a VM process is ending."""
    lines = (line.partition("=") for line in vboxmanage("showvminfo", name, "--machinereadable", good=False).splitlines())
    return {key.strip('"'): value.strip('"') for key, _, value in lines}


def state(name: str) -> str:
    return facts(name).get("VMState", "unknown")


def wait_for(what: str, condition: Callable[[], object], seconds: float, clue: Callable[[], str] = str) -> float:
    """Wait until a condition holds; the seconds it took. `clue` tells more where it never does."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if condition():
            return time.monotonic() - started
        time.sleep(0.05)
    pytest.fail(f"not within {seconds:.0f} s: {what} {clue()}")


def wait_state(name: str, wanted: str, seconds: float = 30) -> float:
    return wait_for(f"{name} {wanted}", lambda: state(name) == wanted, seconds, lambda: f"but {state(name)}")


def wait_unlocked(name: str) -> None:
    """After the end of a VM its session stays locked for a moment; `showvminfo` then still names one, or fails."""

    def unlocked() -> bool:
        seen = facts(name)
        return "VMState" in seen and "SessionName" not in seen

    wait_for(f"{name} unlocked", unlocked, 30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(port: int, name: str = "index.json") -> str:
    """What the guest's web server answers, or nothing."""
    with suppress(OSError, urllib.error.URLError), urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=2) as page:
        return str(page.read().decode())
    return ""


@dataclass(frozen=True)
class Guest:
    """A registered VM that is made to boot the reference appliance."""

    name: str
    port: int
    share: Path

    def start(self) -> float:
        """Start it without a window; the time (`time.monotonic()`) before the call."""
        begun = time.monotonic()
        vboxmanage("startvm", self.name, "--type", "headless")
        return begun

    def wait_for_web(self, begun: float, seconds: float) -> float:
        """Seconds from `begun` to the first answer of the guest's web server."""
        wait_for(f"web answer of {self.name}", lambda: answer(self.port), seconds, self.log_end)
        return time.monotonic() - begun

    def log_end(self) -> str:
        """The last lines of the guest's console."""
        log = self.share.with_name(f"{self.name}-serial.txt")
        return " | ".join(log.read_text(errors="replace").splitlines()[-3:]) if log.is_file() else "no log"


@contextmanager
def guest(name: str, folder: Path, appliance: Path, *, cores: int = 1, prepare: Callable[[Path], None] | None = None) -> Iterator[Guest]:
    """A VM with a copy of the appliance's disk, which is prepared, a shared folder and a way to its web server.

    Interpreted guests with more than one processor hardly move where VirtualBox offers them KVM's clock: it offers nothing then.
    """
    share = folder / f"{name}-share"
    share.mkdir()
    (share / "context").write_text("T4T_MODE=idle\nT4T_HEARTBEAT_SECONDS=1\n")
    disk = folder / f"{name}.vdi"
    shutil.copyfile(appliance / "t4t-appliance.vdi", disk)
    if prepare is not None:
        prepare(disk)
    vboxmanage("internalcommands", "sethduuid", disk)  # two media with one UUID can't be registered
    made = Guest(name, free_port(), share)
    with machine(name, memory_mib=512):
        vboxmanage("modifyvm", name, "--nic1", "nat", "--nictype1", "virtio", "--natpf1", f"web,tcp,127.0.0.1,{made.port},,80")
        if cores > 1:
            vboxmanage("modifyvm", name, "--cpus", str(cores), "--ioapic", "on", "--paravirt-provider", "none")
        vboxmanage("modifyvm", name, "--uart1", "0x3F8", "4", "--uart-mode1", "file", folder / f"{name}-serial.txt")
        vboxmanage("storagectl", name, "--name", "disks", "--add", "sata", "--controller", "IntelAhci", "--portcount", "1")
        vboxmanage("storageattach", name, "--storagectl", "disks", "--port", "0", "--type", "hdd", "--medium", disk)
        vboxmanage("sharedfolder", "add", name, "--name", "shared", "--hostpath", share)
        yield made


@contextmanager
def machine(name: str, *, memory_mib: int = 128) -> Iterator[str]:
    """A registered VM with BIOS and nothing else, removed at the end whatever its state."""
    vboxmanage("createvm", "--name", name, "--ostype", "Linux26_64", "--register")
    try:
        vboxmanage("modifyvm", name, "--memory", str(memory_mib), "--cpus", "1", "--firmware", "bios", "--graphicscontroller", "vmsvga", "--vram", "16")
        yield name
    finally:
        vboxmanage("controlvm", name, "poweroff", good=False)
        wait_unlocked(name)
        vboxmanage("discardstate", name, good=False)
        vboxmanage("unregistervm", name, "--delete")
