"""VBoxManage's command lines for our VMs: pure functions, and spellings by version as data.

A VM is made by at most five calls (`creation`), and at most two more a further device. What a guest can do without (sound, clipboard, ports switched off) is
merged into the one ``modifyvm`` too; a VBoxManage that does not know one of these options gets the certain ones alone, and each of the others by itself
(`Call.instead`, `Call.may_fail`): a missing printer port must never cost a job.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record
from t4t.domain.vm import BootDisk
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.domain.vm import PortForward, Share, VmSpec

OWNER_KEY: Final = "t4t/owner"
"""What makes a VM ours: a line of its description (`description`), or extradata with this key; the value is the id of the data folder."""
_FOR_PEOPLE: Final = "Computes for LHC@home. Test4Theory Desktop made this virtual machine and removes it when its work is done: please leave it to the app."
_MARK: Final = re.compile(rf"^{OWNER_KEY}: (\S+)\s*$", re.MULTILINE)
DISKS: Final = "Disks"
FLOPPY: Final = "Floppy"
_FIRST: Final = Version(7, 0, 0)
_DEVICES_PER_PORT: Final = {"ide": 2}
_PORT_COUNT: Final = frozenset({"sata", "sas", "pcie", "virtio", "virtio-scsi"})
"""Buses whose number of ports can be chosen."""
_HOST_PORTS: Final = range(1, 65536)

SPELLINGS: Final[dict[str, tuple[tuple[Version, tuple[str, ...]], ...]]] = {
    "x86": ((_FIRST, ()), (Version(7, 1, 0), ("--platform-architecture", "x86"))),
    "no sound": ((_FIRST, ("--audio", "none")), (Version(7, 0, 6), ("--audio-enabled", "off"))),
    "name server": ((_FIRST, ("--nat-dns-proxy1", "on")),),
    "host resolver": ((_FIRST, ("--nat-dns-host-resolver1", "on")),),
    "remote desktop security": ((_FIRST, ()), (Version(7, 1, 0), ("--vrde-property", "Security/Method=RDP"))),
}
"""What is written differently since which version. 7.1 asks for an architecture at ``createvm`` and made encrypted remote desktop the default; the
options of NAT's name server are no longer listed by 7.2, which still takes them (7.2.22)."""


@record
class Call:
    """One call of VBoxManage. ``instead`` are the calls for a VBoxManage that does not know an option of this one; ``may_fail``: the VM is good without it."""

    arguments: tuple[str, ...]
    may_fail: bool = False
    instead: tuple[Call, ...] = ()


@record(kw_only=True)
class Choices:
    """What `creation` needs beside the specification.

    ``base_folder`` is the folder of ours in which VirtualBox makes the VM's; ``owner`` the id of the data folder; ``adapter`` the host's network card for a
    bridged VM; ``cache_disk`` the file of the cache disk to be made; ``shaping`` makes a bandwidth group also without a limit, so that one can be set while
    the VM runs; ``parallel_ports``: the host's VBoxManage knows them (not on macOS).
    """

    version: Version
    base_folder: str
    owner: str
    adapter: str = ""
    cache_disk: str = ""
    shaping: bool = False
    parallel_ports: bool = True


def spelled(wish: str, version: Version) -> tuple[str, ...]:
    """The arguments for a wish of `SPELLINGS` in this version; versions older than the floor get the oldest spelling."""
    rows = SPELLINGS[wish]
    return next((words for since, words in reversed(rows) if version >= since), rows[0][1])


def group_name(vm: str) -> str:
    """The name of a VM's bandwidth group."""
    return f"t4t-{vm[:8]}"


def creation(spec: VmSpec, choices: Choices) -> tuple[Call, ...]:
    """The calls that make the VM, powered off, with our mark in its description, its folder below ours. Its ports must be chosen (`ValueError` for port 0).

    A disk to boot from is attached afterwards (`attach_base`), when VirtualBox knows it.
    """
    vm = spec.vm_id
    where = ("--basefolder", choices.base_folder, "--ostype", spec.os_type)
    calls = [
        Call(("createvm", "--name", spec.name, "--uuid", vm, *where, *spelled("x86", choices.version), "--register")),
    ]
    if shaped(spec, choices):
        calls.append(Call(new_group(vm, spec.bandwidth_kib_s)))
    calls.append(_settings(spec, choices))
    calls.extend(_storage(spec, choices))
    calls.extend(Call(share(vm, one)) for one in spec.shares)
    return tuple(calls)


def description(owner: str) -> str:
    """What people read in VirtualBox's window, and our mark."""
    return f"{_FOR_PEOPLE}\n{OWNER_KEY}: {owner}"


def owner_in(text: str) -> str | None:
    """The owner that a VM's description names; None if it bears no mark."""
    found = _MARK.search(text)
    return None if found is None else found[1]


def shaped(spec: VmSpec, choices: Choices) -> bool:
    """Whether the VM gets a bandwidth group when it is made."""
    return spec.network and (choices.shaping or spec.bandwidth_kib_s is not None)


def _settings(spec: VmSpec, choices: Choices) -> Call:
    head = ("modifyvm", spec.vm_id)
    certain = (*head, "--description", description(choices.owner), *_computer(spec), *_network(spec, choices))
    optional = tuple(_optional(spec, choices))
    return Call(
        certain + tuple(word for words in optional for word in words),
        instead=(Call(certain), *(Call(head + words, may_fail=True) for words in optional)),
    )


def _computer(spec: VmSpec) -> tuple[str, ...]:
    first = "disk" if isinstance(spec.boot, BootDisk) else "dvd"
    return (
        *("--memory", str(spec.memory_mib), "--vram", str(spec.vram_mib), "--graphicscontroller", "vboxvga"),
        *("--cpus", str(spec.cores), "--cpu-execution-cap", str(spec.cap_percent), "--acpi", "on", "--ioapic", "on", "--rtc-use-utc", "on"),
        *("--boot1", first, "--boot2", "none", "--boot3", "none", "--boot4", "none"),
    )


def _network(spec: VmSpec, choices: Choices) -> tuple[str, ...]:
    if not spec.network:
        return ("--nic1", "none")
    words = ["--nic1", "bridged" if spec.bridged else "nat", "--cable-connected1", on_off(on=spec.link_up)]
    if spec.bridged:
        words += ["--bridge-adapter1", choices.adapter]
    if spec.nic_type:
        words += ["--nic-type1", spec.nic_type]
    if shaped(spec, choices):
        words += ["--nic-bandwidth-group1", group_name(spec.vm_id)]
    if not spec.bridged:
        words += [word for port in spec.ports for word in ("--nat-pf1", rule(port))]
    return tuple(words)


def _optional(spec: VmSpec, choices: Choices) -> Iterable[tuple[str, ...]]:
    yield spelled("no sound", choices.version)
    yield from (("--usb-ohci", "off"), ("--usb-ehci", "off"), ("--usb-xhci", "off"))
    yield from (("--uart1", "off"), ("--uart2", "off"))
    if choices.parallel_ports:
        yield ("--lpt1", "off")
    yield from (("--clipboard-mode", "disabled"), ("--drag-and-drop", "disabled"), ("--vm-process-priority", "low"))
    if spec.network and not spec.bridged:
        yield spelled("host resolver" if spec.nat_dns_host_resolver else "name server", choices.version)
    if spec.remote_desktop:
        words = ("--vrde", "on", "--vrde-address", LOOPBACK, "--vrde-port", "5000-5100", "--vrde-auth-type", "null")
        yield words + spelled("remote desktop security", choices.version)
    else:
        yield ("--vrde", "off")


def _storage(spec: VmSpec, choices: Choices) -> Iterable[Call]:
    vm, bus = spec.vm_id, spec.disk_controller
    attached = [] if isinstance(spec.boot, BootDisk) else [Call(attach_iso(spec, 0, spec.boot.path))]
    place = 1
    if spec.config_iso is not None:
        attached.append(Call(attach_iso(spec, place, spec.config_iso)))
        place += 1
    if spec.cache_disk_mib is not None:
        attached.append(Call(new_disk(choices.cache_disk, spec.cache_disk_mib)))
        attached.append(Call(attach_disk(spec, place, choices.cache_disk)))
    count = port_count(spec)
    ports = () if count is None else ("--portcount", str(count))
    yield Call(
        ("storagectl", vm, "--name", DISKS, "--add", bus, "--controller", spec.disk_controller_model, *ports, "--hostiocache", "off", "--bootable", "on")
    )
    yield from attached
    if spec.floppy is not None:
        yield Call(("storagectl", vm, "--name", FLOPPY, "--add", "floppy"))
        yield Call(("storageattach", vm, "--storagectl", FLOPPY, "--port", "0", "--device", "0", "--type", "fdd", "--medium", spec.floppy))


def port_count(spec: VmSpec) -> int | None:
    """How many ports the storage controller needs; None where that can't be chosen."""
    count = 1 + (spec.config_iso is not None) + (spec.cache_disk_mib is not None)
    return count if spec.disk_controller in _PORT_COUNT else None


def slot(spec: VmSpec, place: int) -> tuple[int, int]:
    """Port and device of the ``place``-th slot of the storage controller."""
    return divmod(place, _DEVICES_PER_PORT.get(spec.disk_controller, 1))


def _slot(spec: VmSpec, place: int) -> tuple[str, ...]:
    port, device = slot(spec, place)
    return ("storageattach", spec.vm_id, "--storagectl", DISKS, "--port", str(port), "--device", str(device))


def attach_disk(spec: VmSpec, place: int, path: str, *, multiattach: bool = False) -> tuple[str, ...]:
    """Attach a disk at the ``place``-th slot; with ``multiattach`` the VM writes into a layer of its own, in its own folder.

    VirtualBox refuses multiattach (0x80bb0007) for a base image that no machine ever had: `introduce_base` first.
    """
    return (*_slot(spec, place), "--type", "hdd", "--medium", path, *(("--mtype", "multiattach") if multiattach else ()))


def attach_iso(spec: VmSpec, place: int, path: str) -> tuple[str, ...]:
    """Attach an ISO image at the ``place``-th slot."""
    return (*_slot(spec, place), "--type", "dvddrive", "--medium", path)


def introduce_base(spec: VmSpec, path: str) -> tuple[Call, ...]:
    """Register a base image that VirtualBox does not know yet: attached for a moment, never written."""
    return (Call(attach_disk(spec, 0, path)), Call((*_slot(spec, 0), "--type", "hdd", "--medium", "none")))


def detach(vm: str, controller: str, port: int, device: int) -> tuple[str, ...]:
    """Empty a slot; needs a VM without a process."""
    return ("storageattach", vm, "--storagectl", controller, "--port", str(port), "--device", str(device), "--medium", "none")


def new_disk(path: str, mib: int) -> tuple[str, ...]:
    """An empty growing disk; the suffix of ``path`` says its format."""
    return ("createmedium", "disk", "--filename", path, "--size", str(mib), "--format", PurePath(path).suffix[1:].upper() or "VDI", "--variant", "Standard")


def convert_raw(source: str, target: str, uuid: str) -> tuple[str, ...]:
    """A VDI out of a raw image, with a UUID that we choose (copies of one VDI have the same, which VirtualBox refuses)."""
    return ("convertfromraw", source, target, "--format", "VDI", "--uuid", uuid)


def share(vm: str, one: Share) -> tuple[str, ...]:
    """A permanent shared folder; needs a VM without a process."""
    return ("sharedfolder", "add", vm, "--name", one.name, "--hostpath", one.host_path)


def unshare(vm: str, name: str) -> tuple[str, ...]:
    """Take a shared folder away."""
    return ("sharedfolder", "remove", vm, "--name", name)


def rule(port: PortForward) -> str:
    """A NAT rule; `ValueError` for a host port that was not chosen yet, or a name with a comma."""
    if port.host_port not in _HOST_PORTS or "," in port.name:
        raise ValueError(f"no rule for {port}")
    return f"{port.name},tcp,{'' if port.remote else LOOPBACK},{port.host_port},,{port.guest_port}"


def limit(kib_s: int | None) -> str:
    """A bandwidth limit as VirtualBox reads it (``K``: KiB/s, ``k`` would be kilobits); 0 is no limit."""
    return f"{kib_s}K" if kib_s else "0"


def on_off(*, on: bool) -> str:
    """A switch."""
    return "on" if on else "off"


def new_group(vm: str, kib_s: int | None) -> tuple[str, ...]:
    """A bandwidth group; VirtualBox makes none for a VM that has a process."""
    return ("bandwidthctl", vm, "add", group_name(vm), "--type", "network", "--limit", limit(kib_s))


def use_group(vm: str) -> tuple[str, ...]:
    """Put the network card into the group; off or saved."""
    return ("modifyvm", vm, "--nic-bandwidth-group1", group_name(vm))


# --- a VM that is off ------------------------------------------------------------------------------------------------


def resources(vm: str, *, cores: int | None = None, memory_mib: int | None = None, cap_percent: int | None = None) -> tuple[str, ...]:
    """Change what is given."""
    wishes = (("--cpus", cores), ("--memory", memory_mib), ("--cpu-execution-cap", cap_percent))
    return ("modifyvm", vm, *(word for name, value in wishes if value is not None for word in (name, str(value))))


def cable(vm: str, *, on: bool) -> tuple[str, ...]:
    """Plug the network cable in or out of a VM that is off; see `live_link`."""
    return ("modifyvm", vm, "--cable-connected1", on_off(on=on))


def forward(vm: str, port: PortForward) -> tuple[str, ...]:
    """Add a rule; see `live_forward`."""
    return ("modifyvm", vm, "--nat-pf1", rule(port))


def unforward(vm: str, name: str) -> tuple[str, ...]:
    """Remove a rule; see `live_unforward`."""
    return ("modifyvm", vm, "--nat-pf1", "delete", name)


# --- a VM with a process ---------------------------------------------------------------------------------------------


def start(vm: str) -> tuple[str, ...]:
    """Boot or restore, without a window."""
    return ("startvm", vm, "--type", "headless")


def control(vm: str, *action: str) -> tuple[str, ...]:
    """``pause``, ``resume``, ``savestate``, ``poweroff``, ``acpipowerbutton``, ``screenshotpng`` and a file."""
    return ("controlvm", vm, *action)


def live_cap(vm: str, percent: int) -> tuple[str, ...]:
    """Limit each virtual core, 1–100 %."""
    return control(vm, "cpuexecutioncap", str(percent))


def live_link(vm: str, *, on: bool) -> tuple[str, ...]:
    """Plug the network cable in or out."""
    return control(vm, "setlinkstate1", on_off(on=on))


def live_forward(vm: str, port: PortForward) -> tuple[str, ...]:
    """Add a rule. VirtualBox does not say whether another program has the port: bind it before, and try it after."""
    return control(vm, "natpf1", rule(port))


def live_unforward(vm: str, name: str) -> tuple[str, ...]:
    """Remove a rule."""
    return control(vm, "natpf1", "delete", name)


def live_bandwidth(vm: str, kib_s: int) -> tuple[str, ...]:
    """Set the limit of the VM's group (0: none), running or not; it must have been made with one."""
    return ("bandwidthctl", vm, "set", group_name(vm), "--limit", limit(kib_s))
