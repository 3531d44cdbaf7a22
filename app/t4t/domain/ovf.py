"""The OVF description inside an ``.ova``: which file is the disk, and what machine it was made for.

Read are OVF 1.x and 2.0 as VirtualBox and VMware write them (DMTF DSP0243); names count without their prefix. An appliance is one system with one disk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.safe_xml import XmlElement, XmlRefused, read_xml

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CAPACITY_BYTES: Final = 2**45
"""32 TiB."""
MAX_MEMORY_MIB: Final = 1024 * 1024
MAX_CORES: Final = 1024
_PROCESSOR, _MEMORY, _DISK = "3", "4", "17"
_ITEMS: Final = frozenset({"Item", "StorageItem", "EthernetPortItem"})
_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_UNITS: Final = re.compile(r"byte(?: ?\* ?(?:(?P<two>2 ?\^ ?(?P<power>[0-9]{1,2}))|(?P<factor>[0-9]{1,12})))?", re.IGNORECASE)
_NAMED_UNITS: Final = {"": 0, "bytes": 0, "kilobytes": 10, "megabytes": 20, "gigabytes": 30}


class OvfRefused(ValueError):
    """The description is none, or is one that we can't use; the text is a short reason in English."""


@record(kw_only=True)
class OvfMachine:
    """What was read. ``memory_mib`` and ``cores`` are 0 where nothing is said."""

    disk_file: str
    capacity_bytes: int
    memory_mib: int = 0
    cores: int = 0


def parse_ovf(data: bytes) -> OvfMachine:
    """The machine in ``data``; raises `OvfRefused`."""
    try:
        root = read_xml(data)
    except XmlRefused as error:
        raise OvfRefused(str(error)) from error
    if _local(root.name) != "Envelope":
        raise OvfRefused(f"the root element is <{root.name}>, not <Envelope>")
    systems = list(_below(root, "VirtualSystem"))
    if len(systems) != 1:
        raise OvfRefused(f"{len(systems)} systems instead of one")
    files = {_attribute(file, "id"): file for file in _below(root, "File")}
    disk = _only_disk(root, systems[0])
    file = files.get(_attribute(disk, "fileRef"))
    if file is None:
        raise OvfRefused("its disk has no file")
    if _attribute(file, "compression") not in {"", "identity"} or _attribute(file, "chunkSize"):
        raise OvfRefused("its disk is compressed or in pieces")
    capacity = _number(_attribute(disk, "capacity"), "capacity") * _unit(_attribute(disk, "capacityAllocationUnits"))
    if not 0 < capacity <= MAX_CAPACITY_BYTES:
        raise OvfRefused("its disk has no size that could be")
    memory, cores = _memory(systems[0]), _total(systems[0], _PROCESSOR)
    if memory > MAX_MEMORY_MIB or cores > MAX_CORES:
        raise OvfRefused("it wants more than any machine has")
    return OvfMachine(disk_file=_attribute(file, "href"), capacity_bytes=capacity, memory_mib=memory, cores=cores)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _below(element: XmlElement, name: str) -> Iterator[XmlElement]:
    for child in element.children:
        if _local(child.name) == name:
            yield child
        yield from _below(child, name)


def _attribute(element: XmlElement, name: str) -> str:
    return next((value for key, value in element.attributes.items() if _local(key) == name), "")


def _field(item: XmlElement, name: str) -> str:
    return next((child.text.strip() for child in item.children if _local(child.name) == name), "")


def _items(system: XmlElement, kind: str) -> Iterator[XmlElement]:
    for section in _below(system, "VirtualHardwareSection"):
        for item in section.children:
            if _local(item.name) in _ITEMS and _field(item, "ResourceType") == kind:
                yield item


def _only_disk(root: XmlElement, system: XmlElement) -> XmlElement:
    """The one disk that the system has: by its hardware where that names disks, else the only one that is described."""
    disks = {_attribute(disk, "diskId"): disk for disk in _below(root, "Disk")}
    used = {_field(item, "HostResource").rpartition("/")[2] for item in _items(system, _DISK)} - {""}
    chosen = [disk for name, disk in disks.items() if not used or name in used]
    if len(chosen) != 1 or not used <= disks.keys():
        raise OvfRefused(f"{max(len(chosen), len(used))} disks instead of one")
    return chosen[0]


def _memory(system: XmlElement) -> int:
    total = 0
    for item in _items(system, _MEMORY):
        total += _number(_field(item, "VirtualQuantity"), "memory") * _unit(_field(item, "AllocationUnits"))
    return total >> 20


def _total(system: XmlElement, kind: str) -> int:
    return sum(_number(_field(item, "VirtualQuantity"), "processors") for item in _items(system, kind))


def _number(text: str, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise OvfRefused(f"its {what} is no number")
    return int(text)


def _unit(text: str) -> int:
    """Bytes in one unit: DMTF's programmatic units (``byte * 2^20``) and the words of OVF 0.9."""
    named = _NAMED_UNITS.get(text.lower())
    if named is not None:
        return 1 << named
    match = _UNITS.fullmatch(text.strip())
    if match is None:
        raise OvfRefused(f"the unit {text[:32]!r} is unknown")
    if match["two"]:
        return 1 << int(match["power"])
    return int(match["factor"] or 1)
