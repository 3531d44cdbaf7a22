"""What every probe is, and what they all need of the system; the rest comes in as surroundings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import psutil

from t4t.domain.facts import Disk, Fact, Memory, Vendor, certain, unknown
from t4t.domain.vm import MIB

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.facts import Computer

_MAKERS: Final = (
    ("microsoft", "Hyper-V", "virtual machine"),
    ("innotek", "VirtualBox", ""),
    ("qemu", "QEMU", ""),
    ("vmware", "VMware", ""),
    ("xen", "Xen", ""),
)
UNNAMED: Final = "a program that does not say its name"
"""The hypervisor of a virtual machine whose firmware names none."""
_OTHER_MAKERS: Final = (
    ("parallels", "Parallels", ""),
    ("amazon ec2", "Amazon EC2", ""),
    ("google", "Google Compute Engine", "google compute engine"),
    ("bochs", "Bochs", ""),
    ("openstack", "OpenStack", ""),
    ("red hat", "KVM", "kvm"),
    ("apple", "Apple Virtualization", "virtual"),
)


class Probe(Protocol):
    """Looks at the computer once. It needs no rights, changes nothing and takes well under a second."""

    def look(self) -> Computer:
        """All that can be found out; what can't is unknown, never an exception."""
        ...


class Measures(Protocol):
    """Numbers that the system gives in the same way everywhere."""

    def memory(self) -> Memory | None:
        """Memory of the computer."""
        ...

    def disk(self) -> Disk | None:
        """The file system of our data folder."""
        ...

    def cores(self) -> int | None:
        """Processors as the system counts them."""
        ...


class RealMeasures:
    """`Measures` by psutil."""

    def __init__(self, data: Path) -> None:
        """``data`` is our data folder; it need not be there yet."""
        self._data = data

    def memory(self) -> Memory | None:
        """See `Measures.memory`."""
        found = psutil.virtual_memory()
        return Memory(total=found.total // MIB, available=found.available // MIB)

    def disk(self) -> Disk | None:
        """See `Measures.disk`."""
        folder = next((one for one in (self._data, *self._data.parents) if one.is_dir()), None)
        if folder is None:
            return None
        try:
            free = psutil.disk_usage(str(folder)).free // MIB
        except OSError:
            return None
        return Disk(path=str(self._data), free=free, file_system=_file_system(folder.resolve()))

    def cores(self) -> int | None:
        """See `Measures.cores`."""
        return psutil.cpu_count()


def _file_system(folder: Path) -> str:
    """The kind of the file system with the longest mount point above ``folder``; empty if the system does not say."""
    try:
        partitions = psutil.disk_partitions(all=True)
    except (OSError, psutil.Error):
        return ""
    above = {str(one).casefold().rstrip("/\\") for one in (folder, *folder.parents)}
    fitting = [part for part in partitions if part.mountpoint.casefold().rstrip("/\\") in above]
    return max(fitting, key=lambda part: len(part.mountpoint)).fstype.lower() if fitting else ""


def measured(measures: Measures) -> tuple[Fact[Memory], Fact[Disk]]:
    """Memory and disk as facts."""
    memory, disk = measures.memory(), measures.disk()
    return (
        unknown("memory") if memory is None else certain(memory, "memory"),
        unknown("disk") if disk is None else certain(disk, "disk"),
    )


def hypervisor_of(vendor: str, product: str) -> str:
    """The hypervisor that made up this computer, by what its firmware calls itself; empty if it is a real one (or does not say)."""
    maker, model = vendor.lower(), product.lower()
    for word, name, wanted in (*_MAKERS, *_OTHER_MAKERS):
        if word in maker and wanted in model:
            return name
    return next((name for word, name in (("virtualbox", "VirtualBox"), ("vmware", "VMware"), ("kvm", "KVM"), ("hvm domu", "Xen")) if word in model), "")


def processor_vendor(text: str) -> Vendor:
    """By the processor's own twelve letters, or its name."""
    lower = text.lower()
    if "intel" in lower:
        return Vendor.INTEL
    return Vendor.AMD if "amd" in lower or "hygon" in lower else Vendor.OTHER
