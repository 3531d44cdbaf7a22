"""What VBoxManage says about the whole installation: VMs, media, the host, limits, extension packs, guest types. Total: any text gives a value.

A line that is not understood (a WARNING before the answer, a field of a newer version) is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.vm import VmId
from t4t.hypervisor.virtualbox.view import Medium, Registered

if TYPE_CHECKING:
    from collections.abc import Iterator

_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_REGISTERED: Final = re.compile(rf'(.*)" \{{({_UUID})\}}\s*')
_INACCESSIBLE: Final = "<inaccessible>"
_PAIR: Final = re.compile(r"([A-Za-z][^:\n]*?): *(.*)")
_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?: *(?:MBytes?|Megabytes?|MB))?")
_IN_USE: Final = re.compile(rf"\(UUID: ({_UUID})\)")
_OS_TYPE: Final = re.compile(r"^ID(?: / Description)?: +([A-Za-z0-9_.-]+)(?: -- .*)?$", re.MULTILINE)
_MEDIUM_KEYS: Final = frozenset(
    {
        "UUID",
        "Parent UUID",
        "State",
        "Access Error",
        "Type",
        "Auto-Reset",
        "Location",
        "Storage format",
        "Format variant",
        "Capacity",
        "Size on disk",
        "Encryption",
        "Cipher",
        "Property",
        "Description",
        "In use by VMs",
        "Child UUIDs",
    }
)


@record(kw_only=True)
class HostInfo:
    """``list hostinfo``; 0 or None where it does not say. Memory in MiB."""

    processors: int
    cores: int
    memory_mib: int
    memory_available_mib: int
    virtualization: bool | None
    nested_paging: bool | None
    system: str


@record(kw_only=True)
class SystemProperties:
    """``list systemproperties``; 0 or empty where it does not say. Memory in MiB."""

    api_version: str
    min_memory_mib: int
    max_memory_mib: int
    max_cores: int
    machine_folder: str
    disk_format: str


@record(kw_only=True)
class ExtensionPack:
    """One pack of ``list extpacks``."""

    name: str
    version: str
    usable: bool


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").split("\n")


def vms(text: str) -> tuple[Registered, ...]:
    """``list vms`` or ``list runningvms``, in its order."""
    found = (_REGISTERED.fullmatch(line) for line in _lines(text))
    return tuple(
        Registered(vm_id=VmId(one[2].lower()), name="" if (name := one[1].removeprefix('"')) == _INACCESSIBLE else name, accessible=name != _INACCESSIBLE)
        for one in found
        if one is not None
    )


def media(text: str) -> tuple[Medium, ...]:
    """``list hdds``, ``list dvds``, ``list floppies`` (also ``--long``) or ``showmediuminfo``."""
    return tuple(_medium(block) for block in _blocks(text) if re.fullmatch(_UUID, block["UUID"][0]))


def _blocks(text: str) -> Iterator[dict[str, list[str]]]:
    """One block a medium: each begins with its UUID. Lines without a known key go on with the key before (an access error has colons of its own)."""
    block: dict[str, list[str]] = {}
    key = ""
    for line in _lines(text):
        pair = _PAIR.fullmatch(line)
        if pair is not None and pair[1] in _MEDIUM_KEYS:
            key = pair[1]
            if key == "UUID":
                if block:
                    yield block
                block = {}
            elif not block:
                continue
            block.setdefault(key, []).append(pair[2].strip())
        elif block and line.strip():
            block[key].append(line.strip())
    if block:
        yield block


def _medium(block: dict[str, list[str]]) -> Medium:
    def first(key: str) -> str:
        return block.get(key, [""])[0]

    parent = first("Parent UUID")
    users = (_IN_USE.search(line) for line in block.get("In use by VMs", []))
    return Medium(
        uuid=first("UUID").lower(),
        parent=parent.lower() if re.fullmatch(_UUID, parent) else "",
        state=first("State"),
        access_error=" ".join(block.get("Access Error", [])),
        kind=first("Type"),
        path=first("Location"),
        format=first("Storage format"),
        capacity_mib=_amount(first("Capacity")),
        size_mib=_amount(first("Size on disk")),
        children=tuple(uuid.lower() for line in block.get("Child UUIDs", []) for uuid in re.findall(_UUID, line)),
        used_by=tuple(VmId(user[1].lower()) for user in users if user is not None),
    )


def _amount(text: str) -> int:
    match = _AMOUNT.fullmatch(text)
    return 0 if match is None else int(match[1])


def _pairs(text: str) -> dict[str, str]:
    """``Key: value`` lines; of two equal keys the first counts."""
    found: dict[str, str] = {}
    for line in _lines(text):
        pair = _PAIR.fullmatch(line)
        if pair is not None:
            found.setdefault(pair[1], pair[2].strip())
    return found


def host_info(text: str) -> HostInfo:
    """``list hostinfo``. A just started computer may leave out its processors: ask again then."""
    known = _pairs(text)
    yes_no = {"yes": True, "no": False}
    return HostInfo(
        processors=_amount(known.get("Processor count", "")),
        cores=_amount(known.get("Processor core count", "")),
        memory_mib=_amount(known.get("Memory size", "").removesuffix("yte")),
        memory_available_mib=_amount(known.get("Memory available", "").removesuffix("yte")),
        virtualization=yes_no.get(known.get("Processor supports HW virtualization", "")),
        nested_paging=yes_no.get(known.get("Processor supports nested paging", "")),
        system=" ".join(filter(None, (known.get("Operating system", ""), known.get("Operating system version", "")))),
    )


def system_properties(text: str) -> SystemProperties:
    """``list systemproperties``."""
    known = _pairs(text)
    return SystemProperties(
        api_version=known.get("API version", "").replace("_", "."),
        min_memory_mib=_amount(known.get("Minimum guest RAM size", "")),
        max_memory_mib=_amount(known.get("Maximum guest RAM size", "")),
        max_cores=_amount(known.get("Maximum guest CPU count", "")),
        machine_folder=known.get("Default machine folder", ""),
        disk_format=known.get("Default hard disk format", ""),
    )


def extension_packs(text: str) -> tuple[ExtensionPack, ...]:
    """``list extpacks``."""
    packs = re.split(r"^Pack no\. *[0-9]+: *", text.replace("\r\n", "\n"), flags=re.MULTILINE)[1:]
    found = ((pack.partition("\n")[0].strip(), _pairs(pack.partition("\n")[2])) for pack in packs)
    return tuple(ExtensionPack(name=name, version=known.get("Version", ""), usable=known.get("Usable") == "true") for name, known in found)


def os_types(text: str) -> frozenset[str]:
    """The ids that ``list ostypes`` offers to ``createvm --ostype``."""
    return frozenset(_OS_TYPE.findall(text.replace("\r\n", "\n")))
