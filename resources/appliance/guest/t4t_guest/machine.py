"""The machine around the guest: what it is, its shares and drives, its power."""

from __future__ import annotations

import os
from typing import NamedTuple

from t4t_guest.files import read_text

BUSYBOX = "/bin/busybox"
_LOG_PORT = 0x504
_TEXT_BYTES = 1 << 16
_LABEL_AT, _LABEL_BYTES = 16 * 2048 + 40, 32
_PORT_NAME = "org.t4t.share.0"
_CONFIG_LABELS = (b"cidata", b"config-2", b"context_info")
"""NoCloud's, OpenStack's and EC2's, and CernVM's own (OpenNebula's `context.sh`)."""


class Machine(NamedTuple):
    """Facts that stay the same while the guest runs."""

    hypervisor: str
    cores: int
    memory_mib: int
    kernel: str
    version: str


def run_tool(*words: str) -> int:
    """Run a BusyBox tool to its end, its complaints unseen; its exit code."""
    null = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
    pid = os.posix_spawn(BUSYBOX, ["busybox", *words], os.environ, file_actions=null)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def look_around() -> Machine:
    """Read the facts from the kernel."""
    product = (read_text("/sys/class/dmi/id/product_name") or "").strip()
    vendor = (read_text("/sys/class/dmi/id/sys_vendor") or "").strip()
    hypervisor = "virtualbox" if "VirtualBox" in product else "qemu" if "QEMU" in vendor else vendor.lower() or "unknown"
    memory = 0
    for line in (read_text("/proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            memory = int(line.split()[1]) // 1024
    version = (read_text("/usr/share/t4t/version") or "unknown").strip()
    return Machine(hypervisor, os.cpu_count() or 1, memory, os.uname().release, version)


def mount_share(machine: Machine, folder: str) -> bool:
    """Mount the host's folder named `shared`; whether there is one. Without one `folder` is kept in memory.

    A 9p share is taken only where the host offers one of this name: while it is mounted the machine can't be saved. Mounted once, the folder stays,
    also when the agent was started again.
    """
    for line in (read_text("/proc/mounts") or "").splitlines():
        words = line.split()
        if len(words) > 2 and words[1] == folder:  # noqa: PLR2004 -- device, folder, type
            return words[2] != "tmpfs"
    if machine.hypervisor == "virtualbox" and run_tool("mount", "-t", "vboxsf", "shared", folder) == 0:
        return True
    drivers = "/sys/bus/virtio/drivers/9pnet_virtio"
    try:
        tags = [read_text(f"{drivers}/{name}/mount_tag") or "" for name in os.listdir(drivers) if name.startswith("virtio")]  # noqa: PTH208
    except OSError:
        tags = []
    if any(tag.strip("\0\n ") == "shared" for tag in tags):
        options = "trans=virtio,version=9p2000.L,msize=131072"
        if run_tool("mount", "-t", "9p", "-o", options, "shared", folder) == 0:
            return True
    run_tool("mount", "-t", "tmpfs", "-o", "mode=755,size=30%", "tmpfs", folder)
    return False


def mirror_device() -> str | None:
    """Device of the serial port the mirror talks through; None where the host gives none."""
    ports = "/sys/class/virtio-ports"
    try:
        names = sorted(os.listdir(ports))  # noqa: PTH208 -- pathlib is slow to import
    except OSError:
        return None
    for name in names:
        if (read_text(f"{ports}/{name}/name") or "").strip() == _PORT_NAME:
            return f"/dev/{name}"
    return None


def read_place(folder: str, names: tuple[str, ...]) -> dict[str, str]:
    """Those files of a place a context may stand in that are there."""
    found = {name: read_text(f"{folder}/{name}", _TEXT_BYTES) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def mount_config_iso(folder: str) -> bool:
    """Mount the first CD with a context's label; whether there is one."""
    for number in range(4):
        device = f"/dev/sr{number}"
        try:
            descriptor = os.open(device, os.O_RDONLY)
        except OSError:
            continue
        try:
            label = os.pread(descriptor, _LABEL_BYTES, _LABEL_AT)
        except OSError:
            continue
        finally:
            os.close(descriptor)
        if label.strip(b" \0").lower() in _CONFIG_LABELS:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import
            return run_tool("mount", "-t", "iso9660", "-o", "ro,nosuid,nodev,noexec", device, folder) == 0
    return False


def host_log(text: str) -> None:
    """Write a line to VirtualBox's log: every byte goes to one port, so each is written at the same offset."""
    try:
        descriptor = os.open("/dev/port", os.O_WRONLY)
    except OSError:
        return
    try:
        for byte in text.encode("ascii", "replace") + b"\n":
            os.pwrite(descriptor, bytes((byte,)), _LOG_PORT)
    except OSError:
        return
    finally:
        os.close(descriptor)


def power_button_devices() -> list[int]:
    """Open descriptors of all input devices that may have a power button."""
    found = []
    try:
        names = sorted(os.listdir("/dev/input"))  # noqa: PTH208 -- pathlib is slow to import
    except OSError:
        return []
    for name in names:
        title = read_text(f"/sys/class/input/{name}/device/name") or ""
        if name.startswith("event") and "Power Button" in title:
            found.append(os.open(f"/dev/input/{name}", os.O_RDONLY | os.O_NONBLOCK))
    return found


def is_power_key(data: bytes) -> bool:
    """Whether input events say that the power key went down: type 1 (key), code 116, value 1."""
    size, pressed = 24, b"\x01\x00\x74\x00\x01\x00\x00\x00"
    return any(data[start + 16 : start + size] == pressed for start in range(0, len(data), size))


def power_off() -> None:
    """End the machine; does not come back."""
    os.sync()
    run_tool("poweroff", "-f")
