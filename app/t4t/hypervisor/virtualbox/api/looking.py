"""What the API knows of VMs and media, as the values of `view`."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Final

from virtualbox.library import IBandwidthGroup, IMedium, ISnapshot

from t4t.domain.vm import MIB, Share, VmId
from t4t.hypervisor.virtualbox.api.numbers import state_word
from t4t.hypervisor.virtualbox.api.objects import call, get, many, there
from t4t.hypervisor.virtualbox.parse import rule
from t4t.hypervisor.virtualbox.states import from_word
from t4t.hypervisor.virtualbox.view import Attachment, BandwidthGroup, Machine, Medium, Registered, SnapshotNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from virtualbox.library import IMachine, INetworkAdapter, IVirtualBox

    from t4t.hypervisor.virtualbox.api.numbers import Numbers
    from t4t.hypervisor.virtualbox.view import Rule

_PROTOCOLS: Final = {"0": "udp", "1": "tcp"}
_STATES: Final[dict[str, str]] = {"LockedRead": "locked read", "LockedWrite": "locked write", "NotCreated": "not created"}


def registered(vbox: IVirtualBox) -> tuple[Registered, ...]:
    """All VMs; those whose settings can't be read have lost their names."""
    return tuple(_registered(machine) for machine in vbox.machines)


def _registered(machine: IMachine) -> Registered:
    readable = bool(machine.accessible)
    return Registered(vm_id=VmId(machine.id_p.lower()), name=machine.name if readable else "", accessible=readable)


def machine_view(machine: IMachine, numbers: Numbers) -> Machine:
    """One VM."""
    word = state_word(numbers.name("MachineState", get(machine, "state")))
    locked = get(machine, "sessionState") != numbers.number("SessionState", "Unlocked")
    card = machine.get_network_adapter(0)
    network = network_word(card, numbers)
    return Machine(
        vm_id=VmId(machine.id_p.lower()),
        name=machine.name,
        state=from_word(word),
        raw_state=word,
        changed=moment(machine.last_state_change),
        memory_mib=machine.memory_size,
        cores=machine.cpu_count,
        cap_percent=machine.cpu_execution_cap,
        config_file=machine.settings_file_path,
        snapshot_folder=machine.snapshot_folder,
        log_folder=machine.log_folder,
        state_file=machine.state_file_path or "",
        session=(machine.session_name or "locked") if locked else "",
        network=network,
        link_up=bool(card.cable_connected),
        description=machine.description or "",
        rules=rules(card.nat_engine.redirects) if network == "nat" else (),
        attachments=_attachments(machine),
        snapshots=_snapshots(machine),
        groups=_groups(machine, numbers),
        shares=tuple(Share(one.name, one.host_path) for one in machine.shared_folders),
        fields={},
    )


def moment(milliseconds: int) -> str:
    """A time of the API as ``showvminfo`` writes it."""
    seconds, rest = divmod(int(milliseconds), 1000)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H:%M:%S}.{rest:03}000000"


def network_word(card: INetworkAdapter, numbers: Numbers) -> str:
    """The first network card's kind in ``showvminfo``'s words."""
    if not card.enabled:
        return "none"
    return numbers.name("NetworkAttachmentType", get(card, "attachmentType")).lower()


def rules(redirects: Iterable[str]) -> tuple[Rule, ...]:
    """NAT rules; the API writes the protocol as a number."""
    found = (rule(text) for text in redirects)
    return tuple(dataclasses.replace(one, protocol=_PROTOCOLS.get(one.protocol, one.protocol)) for one in found if one is not None)


def _attachments(machine: IMachine) -> tuple[Attachment, ...]:
    found = []
    for raw in get(machine, "mediumAttachments"):
        medium = IMedium(raw.medium)
        if there(medium):
            found.append(Attachment(controller=raw.controller, port=raw.port, device=raw.device, path=medium.location))
    return tuple(found)


def _snapshots(machine: IMachine) -> tuple[SnapshotNode, ...]:
    if not machine.snapshot_count:
        return ()
    current = machine.current_snapshot
    return tuple(_nodes(machine.find_snapshot(""), "", current.id_p if there(current) else ""))


def _nodes(snapshot: ISnapshot, place: str, current: str) -> Iterator[SnapshotNode]:
    uuid = snapshot.id_p
    yield SnapshotNode(name=snapshot.name, uuid=uuid.lower(), node=place, current=uuid == current)
    for number, child in enumerate(snapshot.children, 1):
        yield from _nodes(child, f"{place}-{number}", current)


def _groups(machine: IMachine, numbers: Numbers) -> tuple[BandwidthGroup, ...]:
    groups = many(IBandwidthGroup, call(machine.bandwidth_control, "getAllBandwidthGroups"))
    return tuple(
        BandwidthGroup(name=one.name, kind=numbers.name("BandwidthGroupType", get(one, "type")), bytes_per_second=int(one.max_bytes_per_sec)) for one in groups
    )


def media(vbox: IVirtualBox, numbers: Numbers) -> tuple[Medium, ...]:
    """All hard disks, each before its children."""
    return tuple(one for base in vbox.hard_disks for one in _media(base, "", numbers))


def _media(medium: IMedium, parent: str, numbers: Numbers) -> Iterator[Medium]:
    state = numbers.name("MediumState", call(medium, "refreshState"))
    children = many(IMedium, get(medium, "children"))
    uuid = medium.id_p.lower()
    yield Medium(
        uuid=uuid,
        parent=parent,
        state=_STATES.get(state, state.lower()),
        access_error=medium.last_access_error or "",
        kind=kind_words(numbers.name("MediumType", get(medium, "type")), differencing=bool(parent)),
        path=medium.location,
        format=medium.format_p,
        capacity_mib=int(medium.logical_size) // MIB,
        size_mib=int(medium.size) // MIB,
        children=tuple(child.id_p.lower() for child in children),
        used_by=tuple(VmId(vm.lower()) for vm in get(medium, "machineIds")),
    )
    for child in children:
        yield from _media(child, uuid, numbers)


def kind_words(kind: str, *, differencing: bool) -> str:
    """A medium's kind as ``list hdds`` writes it."""
    word = kind.lower()
    return f"{word} ({'differencing' if differencing else 'base'})" if word == "normal" else word
