"""A new VM through the API, with the settings of `options.creation`."""

from __future__ import annotations

import logging
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from virtualbox.library import IBandwidthControl, IMachine, IMedium, IProgress, IStorageController

from t4t.domain.errors import CommandFailed, HypervisorBroken, MediumMissing
from t4t.domain.vm import MIB, BootDisk
from t4t.hypervisor.virtualbox import options
from t4t.hypervisor.virtualbox.api import errorinfo, failure
from t4t.hypervisor.virtualbox.api.objects import call, get, one, part, put
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from virtualbox.library import INetworkAdapter, IVirtualBox

    from t4t.domain.vm import PortForward, Share, VmSpec
    from t4t.hypervisor.virtualbox.api.numbers import Numbers
    from t4t.hypervisor.virtualbox.options import Choices

_LOG: Final = logging.getLogger(__name__)
_ENCRYPTED: Final = ("", "", "")
"""Cipher, id and value of a password: none."""
_PLATFORM: Final = Version(7, 1, 0)
"""Since then a VM has a platform (x86 or ARM), and its firmware and clock moved there."""
_PORTS: Final = range(4)
_BUSES: Final = {
    "sata": "SATA",
    "ide": "IDE",
    "scsi": "SCSI",
    "sas": "SAS",
    "usb": "USB",
    "pcie": "PCIe",
    "virtio": "VirtioSCSI",
    "virtio-scsi": "VirtioSCSI",
}
"""VBoxManage's words for `StorageBus`."""


def create(vbox: IVirtualBox, spec: VmSpec, choices: Choices, numbers: Numbers) -> IMachine:
    """The VM, registered, with all settings but its media; our mark is on it before it is known to anybody."""
    machine = _new(vbox, spec, choices, numbers)
    machine.description = options.description(choices.owner)
    machine.set_extra_data(options.OWNER_KEY, choices.owner)
    _computer(machine, spec, choices, numbers)
    if options.shaped(spec, choices):
        shape(machine, spec.vm_id, spec.bandwidth_kib_s or 0, numbers)
    _network(machine, spec, choices, numbers)
    _controllers(machine, spec, numbers)
    for folder in spec.shares:
        share(machine, folder)
    for what, wish in _optional(machine, spec, choices, numbers):
        _try(what, wish)
    machine.save_settings()
    vbox.register_machine(machine)
    return machine


def _new(vbox: IVirtualBox, spec: VmSpec, choices: Choices, numbers: Numbers) -> IMachine:
    """Pyvbox's own method has the arguments of 6.1: 7.0 added encryption, 7.1 the architecture."""
    flags = f"UUID={spec.vm_id}"
    file = call(vbox, "composeMachineFilename", spec.name, "", flags, choices.base_folder)
    platform = (numbers.number("PlatformArchitecture", "x86"),) if choices.version >= _PLATFORM else ()
    return one(IMachine, call(vbox, "createMachine", file, spec.name, *platform, [], spec.os_type, flags, *_ENCRYPTED))


def _computer(machine: IMachine, spec: VmSpec, choices: Choices, numbers: Numbers) -> None:
    machine.memory_size = spec.memory_mib
    machine.cpu_count = spec.cores
    machine.cpu_execution_cap = spec.cap_percent
    graphics = part(machine, "graphicsAdapter")
    put(graphics, "VRAMSize", spec.vram_mib)
    put(graphics, "graphicsControllerType", numbers.number("GraphicsControllerType", "VBoxVGA"))
    if choices.version >= _PLATFORM:
        firmware = part(machine, "firmwareSettings")
        put(part(machine, "platform"), "RTCUseUTC", True)  # noqa: FBT003 - the value
    else:
        firmware = part(machine, "BIOSSettings")
        put(machine, "RTCUseUTC", True)  # noqa: FBT003 - the value
    put(firmware, "ACPIEnabled", True)  # noqa: FBT003 - the value
    put(firmware, "IOAPICEnabled", True)  # noqa: FBT003 - the value
    first = "HardDisk" if isinstance(spec.boot, BootDisk) else "DVD"
    for position, device in enumerate((first, "Null", "Null", "Null"), 1):
        call(machine, "setBootOrder", position, numbers.number("DeviceType", device))


def shape(machine: IMachine, vm: str, kib_s: int, numbers: Numbers) -> None:
    """The VM's bandwidth group, made if it is not there, with its network card in it."""
    control = one(IBandwidthControl, part(machine, "bandwidthControl"))
    name = options.group_name(vm)
    known = [group.name for group in call(control, "getAllBandwidthGroups")]
    if name not in known:
        call(control, "createBandwidthGroup", name, numbers.number("BandwidthGroupType", "Network"), kib_s * 1024)
    group = control.get_bandwidth_group(name)
    group.max_bytes_per_sec = kib_s * 1024
    put(machine.get_network_adapter(0), "bandwidthGroup", group._i)  # noqa: SLF001 - pyvbox passes objects on only as arguments


def _network(machine: IMachine, spec: VmSpec, choices: Choices, numbers: Numbers) -> None:
    card = machine.get_network_adapter(0)
    card.enabled = spec.network
    if not spec.network:
        return
    put(card, "attachmentType", numbers.number("NetworkAttachmentType", "Bridged" if spec.bridged else "NAT"))
    card.cable_connected = spec.link_up
    if spec.bridged:
        card.bridged_interface = choices.adapter
    if spec.nic_type:
        known = numbers.same("NetworkAdapterType", _NIC.get(spec.nic_type.lower(), spec.nic_type))
        if known is None:
            raise CommandFailed(vm=spec.vm_id, command="create", detail=f"no network card {spec.nic_type}")
        put(card, "adapterType", numbers.number("NetworkAdapterType", known))
    if not spec.bridged:
        for port in spec.ports:
            redirect(card, port, numbers)


_NIC: Final = {"82540em": "I82540EM", "82543gc": "I82543GC", "82545em": "I82545EM", "82583v": "I82583V"}
"""VBoxManage's names without their letter."""


def redirect(card: INetworkAdapter, port: PortForward, numbers: Numbers) -> None:
    """Add a NAT rule."""
    options.rule(port)  # refuses what can't be one
    host = "" if port.remote else LOOPBACK
    call(card.nat_engine, "addRedirect", port.name, numbers.number("NATProtocol", "TCP"), host, port.host_port, "", port.guest_port)


def share(machine: IMachine, folder: Share) -> None:
    """Add a shared folder, writable; the guest mounts it itself."""
    machine.create_shared_folder(folder.name, folder.host_path, True, False, "")  # noqa: FBT003 - the API's order


def _controllers(machine: IMachine, spec: VmSpec, numbers: Numbers) -> None:
    bus = _BUSES.get(spec.disk_controller)
    model = numbers.same("StorageControllerType", spec.disk_controller_model)
    if bus is None or model is None:
        raise CommandFailed(vm=spec.vm_id, command="create", detail=f"no storage controller {spec.disk_controller} {spec.disk_controller_model}")
    disks = one(IStorageController, call(machine, "addStorageController", options.DISKS, numbers.number("StorageBus", bus)))
    put(disks, "controllerType", numbers.number("StorageControllerType", model))
    count = options.port_count(spec)
    if count is not None:
        disks.port_count = count
    disks.use_host_io_cache = False
    machine.set_storage_controller_bootable(options.DISKS, True)  # noqa: FBT003 - the API's order
    if spec.floppy is not None:
        call(machine, "addStorageController", options.FLOPPY, numbers.number("StorageBus", "Floppy"))


def _optional(machine: IMachine, spec: VmSpec, choices: Choices, numbers: Numbers) -> Iterable[tuple[str, Callable[[], None]]]:
    """What the guest can do without, each with its name for the log."""
    yield "no sound", lambda: put(part(part(machine, "audioSettings"), "adapter"), "enabled", False)  # noqa: FBT003 - the value
    yield "no USB", lambda: _no_usb(machine)
    for port in _PORTS[:2]:
        yield f"no serial port {port + 1}", lambda port=port: put(machine.get_serial_port(port), "enabled", False)  # type: ignore[misc] # noqa: FBT003 - mypy: a default makes the lambda another type
    if choices.parallel_ports:
        yield "no parallel port", lambda: put(machine.get_parallel_port(0), "enabled", False)  # noqa: FBT003 - the value
    yield "no clipboard", lambda: put(machine, "clipboardMode", numbers.number("ClipboardMode", "Disabled"))
    yield "no drag and drop", lambda: put(machine, "dnDMode", numbers.number("DnDMode", "Disabled"))
    yield "low priority", lambda: put(machine, "VMProcessPriority", numbers.number("VMProcPriority", "Low"))
    if spec.network and not spec.bridged:
        yield "name server", lambda: _name_server(machine, spec)
    yield "remote desktop", lambda: _remote_desktop(machine, spec, choices, numbers)


def _no_usb(machine: IMachine) -> None:
    for controller in get(machine, "USBControllers"):
        call(machine, "removeUSBController", controller.name)


def _name_server(machine: IMachine, spec: VmSpec) -> None:
    engine = machine.get_network_adapter(0).nat_engine
    if spec.nat_dns_host_resolver:
        engine.dns_use_host_resolver = True
    else:
        engine.dns_proxy = True


def _remote_desktop(machine: IMachine, spec: VmSpec, choices: Choices, numbers: Numbers) -> None:
    server = machine.vrde_server
    server.enabled = spec.remote_desktop
    if spec.remote_desktop:
        server.set_vrde_property("TCP/Address", LOOPBACK)
        server.set_vrde_property("TCP/Ports", "5000-5100")
        put(server, "authType", numbers.number("AuthType", "Null"))
        if choices.version >= _PLATFORM:
            server.set_vrde_property("Security/Method", "RDP")


def _try(what: str, wish: Callable[[], None]) -> None:
    """Do what may fail: a missing printer port must never cost a job."""
    try:
        wish()
    except (AttributeError, HypervisorBroken) as error:
        _LOG.info("not done: %s: %s", what, error)
    except Exception as error:
        known = failure.read(error)
        if known is None or known.dead:
            raise
        _LOG.info("not done: %s: %s", what, known.words)


# --- media ------------------------------------------------------------------------------------------------------------


def has_media(spec: VmSpec) -> bool:
    """Whether the VM is created with more than its boot disk (`attach_media`)."""
    return not isinstance(spec.boot, BootDisk) or spec.cache_disk_mib is not None or any((spec.config_iso, spec.floppy))


def attach_media(vbox: IVirtualBox, machine: IMachine, spec: VmSpec, choices: Choices, numbers: Numbers) -> None:
    """Attach what the VM is created with, all but its boot disk, to a VM that is locked for writing. The cache disk must be there."""
    place = 1
    if not isinstance(spec.boot, BootDisk):
        attach(machine, spec, 0, opened(vbox, spec.boot.path, "DVD", numbers))
    if spec.config_iso is not None:
        attach(machine, spec, place, opened(vbox, spec.config_iso, "DVD", numbers))
        place += 1
    if spec.cache_disk_mib is not None:
        attach(machine, spec, place, opened(vbox, choices.cache_disk, "HardDisk", numbers))
    if spec.floppy is not None:
        floppy = opened(vbox, spec.floppy, "Floppy", numbers)
        call(machine, "attachDevice", options.FLOPPY, 0, 0, numbers.number("DeviceType", "Floppy"), floppy)


def attach(machine: IMachine, spec: VmSpec, place: int, medium: IMedium) -> None:
    """Put a medium into the ``place``-th slot."""
    port, device = options.slot(spec, place)
    call(machine, "attachDevice", options.DISKS, port, device, get(medium, "deviceType"), medium)


def opened(vbox: IVirtualBox, path: str, kind: str, numbers: Numbers) -> IMedium:
    """The medium of a file, known to VirtualBox or not; `MediumMissing` if there is no such file."""
    mode = "ReadOnly" if kind == "DVD" else "ReadWrite"
    errorinfo.forget()
    try:
        raw = call(vbox, "openMedium", path, numbers.number("DeviceType", kind), numbers.number("AccessMode", mode), False)  # noqa: FBT003 - no new id
    except Exception as error:
        told = errorinfo.told(error)
        known = failure.read(told)
        if known is not None and any(verr in known.words for verr in ("VERR_FILE_NOT_FOUND", "VERR_PATH_NOT_FOUND")):
            raise MediumMissing(path=path) from error
        raise told from error
    return one(IMedium, raw)


def new_disk(vbox: IVirtualBox, path: str, mib: int, numbers: Numbers) -> IProgress:
    """An empty growing disk; the suffix of ``path`` says its format."""
    form = PurePath(path).suffix[1:].upper() or "VDI"
    raw = call(vbox, "createMedium", form, path, numbers.number("AccessMode", "ReadWrite"), numbers.number("DeviceType", "HardDisk"))
    return one(IProgress, call(one(IMedium, raw), "createBaseStorage", mib * MIB, [numbers.number("MediumVariant", "Standard")]))
