"""QEMU's argument list for a VM: a pure function."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.record import record
from t4t.domain.vm import BootIso

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vm import VmSpec
    from t4t.hypervisor.qemu.locate import Toolchain

DISK: Final = "disk0"
CACHE: Final = "disk1"
STATE: Final = "state0"
"""A node without a device that holds the memory of saved states and snapshots, also of a VM that boots from an ISO."""
STATE_MIB: Final = 1
"""Its size as a disk; memory images lie beyond it."""
NET: Final = "net0"
NIC: Final = "nic0"
SHARE_PORT: Final = "org.t4t.share.0"
SHARE_DEVICE: Final = "share"
_CARDS: Final = {"82540EM": "e1000", "82543GC": "e1000", "82545EM": "e1000", "Am79C970A": "pcnet", "Am79C973": "pcnet"}
_SANDBOX: Final = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
_LEAST_VIDEO_MIB: Final = 8


@record
class Endpoint:
    """Where a socket of QEMU listens: a path, or on Windows (no Unix sockets in Python there) a loopback port."""

    path: str = ""
    port: int = 0

    def chardev(self, name: str) -> str:
        """The ``-chardev`` argument for it."""
        where = f"path={escaped(self.path)}" if self.path else f"host=127.0.0.1,port={self.port}"
        return f"socket,id={name},{where},server=on,wait=off"

    @property
    def address(self) -> str | tuple[str, int]:
        """As clients want it."""
        return self.path or ("127.0.0.1", self.port)


@record(kw_only=True)
class Launch:
    """All that the argument list depends on."""

    tools: Toolchain
    spec: VmSpec
    home: Path
    machine: str
    monitors: tuple[Endpoint, ...]
    share: Endpoint | None
    pid_file: Path


def escaped(text: str) -> str:
    """``text`` inside an option with commas."""
    return text.replace(",", ",,")


def disk_path(home: Path) -> Path:
    """The layer that the VM writes into."""
    return home / "disk.qcow2"


def cache_path(home: Path) -> Path:
    """The cache disk."""
    return home / "cache.qcow2"


def state_path(home: Path) -> Path:
    """The file that holds the memory of saved states and snapshots."""
    return home / "state.qcow2"


def images(spec: VmSpec, home: Path) -> dict[str, Path]:
    """Block nodes of ours and their files: what a snapshot must cover."""
    found = {STATE: state_path(home)}
    if not isinstance(spec.boot, BootIso):
        found[DISK] = disk_path(home)
    if spec.cache_disk_mib is not None:
        found[CACHE] = cache_path(home)
    return found


def mac_address(vm_id: str) -> str:
    """The same address for the same VM always, in QEMU's own range."""
    digest = hashlib.sha256(vm_id.encode()).digest()
    return "52:54:00:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def arguments(launch: Launch) -> list[str]:
    """The whole command line; the VM waits (``-S``) until ports and limits are in force."""
    spec, tools = launch.spec, launch.tools
    built = [
        tools.system,
        *("-name", f"guest={escaped(spec.name)}"),
        *("-uuid", spec.vm_id),
        *("-nodefaults", "-no-user-config"),
        *("-display", "none"),
        *("-machine", launch.machine),
        *("-accel", tools.acceleration.option),
        *("-cpu", tools.acceleration.cpu),
        *("-m", str(spec.memory_mib)),
        *("-smp", str(spec.cores)),
        *("-rtc", "base=utc"),
        *("-device", f"VGA,vgamem_mb={_video_mib(spec.vram_mib)}"),
        *("-boot", "strict=on"),
        *("-pidfile", str(launch.pid_file)),
        *("-no-shutdown", "-S"),
    ]
    if tools.sandbox:
        built += ["-sandbox", _SANDBOX]
    for index, monitor in enumerate(launch.monitors):
        built += ["-chardev", monitor.chardev(f"qmp{index}"), "-mon", f"chardev=qmp{index},mode=control"]
    built += _disks(spec, launch.home)
    built += ["-chardev", f"file,id=console0,path={escaped(str(launch.home / 'console.log'))},append=on", "-serial", "chardev:console0"]
    if spec.network:
        card = _CARDS.get(spec.nic_type, "virtio-net-pci")
        built += ["-netdev", f"user,id={NET}", "-device", f"{card},netdev={NET},id={NIC},romfile=,mac={mac_address(spec.vm_id)}"]
    if launch.share is not None:
        built += ["-device", "virtio-serial-pci", "-chardev", launch.share.chardev("share0")]
        built += ["-device", f"virtserialport,id={SHARE_DEVICE},chardev=share0,name={SHARE_PORT}"]
    return built


def _video_mib(wanted: int) -> int:
    """The card wants a power of two."""
    size = _LEAST_VIDEO_MIB
    while size < wanted:
        size *= 2
    return size


def image_node(name: str, path: Path) -> dict[str, Any]:
    """An image of ours as a block node; what the guest or a deleted snapshot frees goes back to the host."""
    file = {"driver": "file", "filename": str(path), "discard": "unmap"}
    return {"node-name": name, "driver": "qcow2", "file": file, "discard": "unmap"}


def _image(name: str, path: Path) -> list[str]:
    return ["-blockdev", json.dumps(image_node(name, path))]


def _raw(name: str, path: str, *, writable: bool = False) -> list[str]:
    return ["-blockdev", json.dumps({"node-name": name, "driver": "raw", "file": {"driver": "file", "filename": path}, "read-only": not writable})]


def _disks(spec: VmSpec, home: Path) -> list[str]:
    built = _image(STATE, state_path(home))
    if isinstance(spec.boot, BootIso):
        built += _raw("iso0", spec.boot.path)
        built += ["-device", "ide-cd,drive=iso0,bootindex=0"]
    else:
        built += _image(DISK, disk_path(home))
        built += ["-device", f"virtio-blk-pci,drive={DISK},id=boot,bootindex=0"]
    if spec.cache_disk_mib is not None:
        built += _image(CACHE, cache_path(home))
        built += ["-device", f"virtio-blk-pci,drive={CACHE},id=cache"]
    if spec.config_iso is not None:
        built += _raw("config0", spec.config_iso)
        built += ["-device", "ide-cd,drive=config0"]
    if spec.floppy is not None:
        built += _raw("floppy0", spec.floppy, writable=True)
        built += ["-device", "floppy,drive=floppy0"]
    return built
