"""What VBoxManage says about one VM, as typed values. Total: any text gives a value or `HypervisorBroken`.

Formats: ``showvminfo --machinereadable``, ``snapshot … list --machinereadable``, ``bandwidthctl … list --machinereadable``, ``getextradata``, and what
``createvm`` and ``snapshot … take`` answer. Lists of the whole installation are in `listing`.
"""

from __future__ import annotations

import re
from typing import Final

from t4t.domain.errors import HypervisorBroken
from t4t.domain.record import record
from t4t.domain.vm import Share, VmId
from t4t.hypervisor.virtualbox.states import from_word
from t4t.hypervisor.virtualbox.versions import NAME
from t4t.hypervisor.virtualbox.view import Attachment, BandwidthGroup, Machine, Rule, SnapshotNode

_UUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_FIELD: Final = re.compile(r'("[^"\n]+"|[^"=\n]+)=(.*)')
_CLOSED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OPEN: Final = re.compile(r'"(?:[^"\\]|\\.)*\\?')
_QUOTED: Final = re.compile(r'"(.*)"')
_END: Final = re.compile(r'((?:[^"\\]|\\.)*)"')
_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_SLOT: Final = re.compile(r"(.+)-([0-9]{1,4})-([0-9]{1,4})")
_SNAPSHOT: Final = re.compile(r"SnapshotName((?:-[0-9]{1,6})*)")
_SHARE: Final = re.compile(r"SharedFolderNameMachineMapping([0-9]{1,4})")
_GROUP: Final = re.compile(r'"(.*)",(\w+),([0-9]{1,19})')
_KEY_VALUE: Final = re.compile(r"Key: (.*?), Value: (.*)")
_CREATED: Final = re.compile(rf"^UUID: ({_UUID})\s*$", re.MULTILINE)
_TAKEN: Final = re.compile(rf"^Snapshot taken\. UUID: ({_UUID})\s*$", re.MULTILINE)
_RULE_PARTS: Final = 6


@record(kw_only=True)
class Created:
    """What ``createvm`` answered."""

    vm_id: VmId
    settings_file: str


def fields(text: str) -> dict[str, str]:
    """The ``key=value`` lines; quotes are taken off, also of values over several lines. Of two equal keys the first counts.

    Names of snapshots may hold quotes that nobody escaped. A value with something behind its quotes (``VideoMode``, ``BandwidthGroup0``) is kept as it
    stands. What is no field is passed over, such as a WARNING before the answer.
    """
    found: dict[str, str] = {}
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        match = _FIELD.fullmatch(line)
        if match is None:
            continue
        key, value = match[1].strip('"'), match[2]
        if _OPEN.fullmatch(value):
            parts = [value[1:]]
            for more in lines:
                end = _END.match(more)
                parts.append(more if end is None else end[1])
                if end is not None:
                    break
            value = _unescaped("\n".join(parts))
        elif closed := _CLOSED.fullmatch(value):
            value = _unescaped(closed[1])
        elif quoted := _QUOTED.fullmatch(value):
            value = quoted[1]
        found.setdefault(key, value)
    return found


def _unescaped(text: str) -> str:
    """``text`` with its escapes undone, if all its backslashes are escapes (older versions don't escape the paths of Windows)."""
    if "\\" not in text or re.fullmatch(r'(?:[^\\]|\\[\\"])*', text) is None:
        return text
    return re.sub(r'\\([\\"])', r"\1", text)


def _whole(text: str, otherwise: int = 0) -> int:
    return int(text) if _NUMBER.fullmatch(text) else otherwise


def machine(text: str) -> Machine:
    """The VM that ``showvminfo --machinereadable`` describes; `HypervisorBroken` if its identity or its state is not in the text."""
    known = fields(text)
    uuid, word = known.get("UUID", ""), known.get("VMState", "")
    if re.fullmatch(_UUID, uuid) is None or not word:
        raise HypervisorBroken(hypervisor=NAME, detail=f"showvminfo answered {text.strip()[:200]!r}")
    return Machine(
        vm_id=VmId(uuid.lower()),
        name=known.get("name", ""),
        state=from_word(word),
        raw_state=word,
        changed=known.get("VMStateChangeTime", ""),
        memory_mib=_whole(known.get("memory", "")),
        cores=_whole(known.get("cpus", "")),
        cap_percent=_whole(known.get("cpuexecutioncap", ""), 100),
        config_file=known.get("CfgFile", ""),
        snapshot_folder=known.get("SnapFldr", ""),
        log_folder=known.get("LogFldr", ""),
        state_file=known.get("VMStateFile", ""),
        session=known.get("SessionName", ""),
        network=known.get("nic1", "none"),
        link_up=known.get("cableconnected1", "on") == "on",
        description=known.get("description", ""),
        rules=rules(known),
        attachments=_attachments(known),
        snapshots=_snapshots(known),
        groups=_groups(known),
        shares=_shares(known),
        fields=known,
    )


def rules(known: dict[str, str]) -> tuple[Rule, ...]:
    """The NAT rules among the fields of a VM; one that can't be understood is left out."""
    found = (rule(value) for key, value in known.items() if key.startswith("Forwarding("))
    return tuple(one for one in found if one is not None)


def rule(text: str) -> Rule | None:
    """One rule: name, protocol, host address, host port, guest address, guest port. A name may hold commas."""
    parts = text.rsplit(",", _RULE_PARTS - 1)
    if len(parts) != _RULE_PARTS or not (_NUMBER.fullmatch(parts[3]) and _NUMBER.fullmatch(parts[5])):
        return None
    return Rule(name=parts[0], protocol=parts[1], host_ip=parts[2], host_port=int(parts[3]), guest_ip=parts[4], guest_port=int(parts[5]))


def _attachments(known: dict[str, str]) -> tuple[Attachment, ...]:
    controllers = {value for key, value in known.items() if key.startswith("storagecontrollername")}
    slots = ((_SLOT.fullmatch(key), value) for key, value in known.items())
    return tuple(
        Attachment(controller=slot[1], port=int(slot[2]), device=int(slot[3]), path=value)
        for slot, value in slots
        if slot is not None and slot[1] in controllers and value not in {"none", "emptydrive"}
    )


def _snapshots(known: dict[str, str]) -> tuple[SnapshotNode, ...]:
    current = known.get("CurrentSnapshotUUID", "")
    nodes = ((_SNAPSHOT.fullmatch(key), name) for key, name in known.items())
    return tuple(
        SnapshotNode(name=name, uuid=uuid, node=node[1], current=uuid == current)
        for node, name in nodes
        if node is not None and (uuid := known.get(f"SnapshotUUID{node[1]}", ""))
    )


def _groups(known: dict[str, str]) -> tuple[BandwidthGroup, ...]:
    found = (_GROUP.fullmatch(value) for key, value in known.items() if key.startswith("BandwidthGroup"))
    return tuple(BandwidthGroup(name=one[1], kind=one[2], bytes_per_second=int(one[3])) for one in found if one is not None)


def _shares(known: dict[str, str]) -> tuple[Share, ...]:
    names = ((_SHARE.fullmatch(key), name) for key, name in known.items())
    return tuple(Share(name=name, host_path=known.get(f"SharedFolderPathMachineMapping{one[1]}", "")) for one, name in names if one is not None)


def snapshots(text: str) -> tuple[SnapshotNode, ...]:
    """The snapshots in the answer of ``snapshot … list --machinereadable``, from the root down; none if the VM has none."""
    return _snapshots(fields(text))


def bandwidth_groups(text: str) -> tuple[BandwidthGroup, ...]:
    """The groups in the answer of ``bandwidthctl … list --machinereadable``."""
    return _groups(fields(text))


def extra_data(text: str) -> dict[str, str]:
    """The answer of ``getextradata … enumerate``. A line that begins no key goes on with the value before it."""
    found: dict[str, str] = {}
    key = ""
    for line in text.replace("\r\n", "\n").rstrip("\n").split("\n"):
        match = _KEY_VALUE.fullmatch(line)
        if match is not None:
            key = match[1]
            found[key] = match[2]
        elif key:
            found[key] += f"\n{line}"
    return found


def extra_value(text: str) -> str | None:
    """The answer of ``getextradata … KEY``; None if there is no such key."""
    before, marker, value = text.replace("\r\n", "\n").partition("Value: ")
    return value.removesuffix("\n") if marker and (not before or before.endswith("\n")) else None


def created(text: str) -> Created:
    """The answer of ``createvm``; `HypervisorBroken` if it names no VM."""
    uuid = _CREATED.search(text)
    if uuid is None:
        raise HypervisorBroken(hypervisor=NAME, detail=f"createvm answered {text.strip()[:200]!r}")
    file = re.search(r"^Settings file: '(.*)'\s*$", text, re.MULTILINE)
    return Created(vm_id=VmId(uuid[1].lower()), settings_file="" if file is None else file[1])


def snapshot_taken(text: str) -> str:
    """The UUID of the new snapshot; `HypervisorBroken` if the answer of ``snapshot … take`` names none."""
    uuid = _TAKEN.search(text)
    if uuid is None:
        raise HypervisorBroken(hypervisor=NAME, detail=f"snapshot take answered {text.strip()[:200]!r}")
    return uuid[1].lower()
