"""From an appliance's descriptor and a volunteer's choices to the job that the task runner carries out and to the machine that it runs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.appliance_descriptor import DEFAULT_MEMORY_MIB, ContextWay, Descriptor, ImageFormat
from t4t.domain.errors import HypervisorUnfit
from t4t.domain.record import record
from t4t.domain.vbox_job import PortRange, VboxJob
from t4t.domain.vm import BootDisk, BootIso, PortForward, Share, VmId, VmSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

WEB: Final = "web"
SIMULATED: Final = "fake"
"""The driver that runs nothing: no appliance can be unfit for it."""


@record(kw_only=True)
class Media:
    """What there is on this computer for the machine."""

    boot: BootDisk | BootIso
    shares: tuple[Share, ...] = ()
    config_iso: str | None = None
    floppy: str | None = None


@record(kw_only=True)
class Choices:
    """What the volunteer gives it: cores, percent of each, memory in MiB and KiB/s each way (None: what the appliance says, and no limit)."""

    cores: int = 1
    cap_percent: int = 100
    memory_mib: int | None = None
    bandwidth_kib_s: int | None = None


def choose_hypervisor(wanted: str, *, name: str, supported: Sequence[str], automatic: Sequence[str]) -> str:
    """``wanted``, or for ``auto`` the first of ``automatic`` that is ``supported``; an empty ``supported`` allows all. Raises `HypervisorUnfit`."""
    fit = [one for one in automatic if not supported or one in supported] if wanted == "auto" else [wanted]
    if not fit or (supported and fit[0] not in {*supported, SIMULATED}):
        raise HypervisorUnfit(appliance=name, hypervisor=", ".join(automatic) if wanted == "auto" else wanted, supported=", ".join(supported))
    return fit[0]


def memory_of(descriptor: Descriptor, *, found_mib: int | None) -> int:
    """MiB that the appliance wants: the descriptor's word, else the image's own (an ``ova`` says it), else the default."""
    return descriptor.machine.memory_mib or found_mib or DEFAULT_MEMORY_MIB


def job_of(descriptor: Descriptor, *, found_mib: int | None = None) -> VboxJob:
    """The descriptor as the job description that a project would have sent."""
    machine, files, context, network = descriptor.machine, descriptor.files, descriptor.context, descriptor.network
    web = next((port for port in network.ports if port.name == WEB), None)
    return VboxJob(
        os_name=machine.os_type,
        memory_size_mb=memory_of(descriptor, found_mib=found_mib),
        vram_size_mb=machine.vram_mib,
        vm_disk_controller_type=machine.disk_controller,
        vm_disk_controller_model=machine.disk_controller_model,
        vm_network_driver=machine.nic_type,
        boot_iso=descriptor.image.format is ImageFormat.ISO,
        enable_isocontextualization=context.way.iso,
        enable_cache_disk=machine.cache_disk_mib is not None,
        enable_floppyio=context.way is ContextWay.FLOPPY,
        enable_network=network.enabled,
        enable_nat_dns_host_resolver=network.nat_dns_host_resolver,
        pf_guest_port=web.guest if web else 0,
        pf_host_port=web.host if web else 0,
        port_forward=tuple(PortRange(guest_port=port.guest, host_port=port.host) for port in network.ports if port is not web),
        enable_shared_directory=files.shared_folder,
        copy_to_shared=() if context.way.iso else context.copy,
        job_duration=files.duration_s,
        fraction_done_filename=files.progress,
        heartbeat_filename=files.heartbeat,
        minimum_heartbeat_interval=files.heartbeat_interval_s,
        minimum_checkpoint_interval=descriptor.checkpoints.minimum_interval_s,
        disable_automatic_checkpoints=not descriptor.checkpoints.automatic,
        enable_vm_savestate_usage=True,
        completion_trigger_file=files.completion,
        temporary_exit_trigger_file=files.temporary_exit,
        enable_screenshots_on_error=True,
    )


def machine_of(descriptor: Descriptor, *, vm_id: VmId, media: Media, choices: Choices, found_mib: int | None = None) -> VmSpec:
    """The machine's specification: the descriptor's values within the volunteer's choices."""
    machine, network = descriptor.machine, descriptor.network
    return VmSpec(
        vm_id=vm_id,
        name=f"t4t_{vm_id[:8]}",
        boot=media.boot,
        memory_mib=choices.memory_mib or memory_of(descriptor, found_mib=found_mib),
        cores=min(choices.cores, machine.max_cores),
        cap_percent=choices.cap_percent,
        os_type=machine.os_type,
        vram_mib=machine.vram_mib,
        disk_controller=machine.disk_controller,
        disk_controller_model=machine.disk_controller_model,
        nic_type=machine.nic_type,
        network=network.enabled,
        nat_dns_host_resolver=network.nat_dns_host_resolver,
        bandwidth_kib_s=choices.bandwidth_kib_s,
        ports=tuple(PortForward(name=port.name, guest_port=port.guest, host_port=port.host) for port in network.ports) if network.enabled else (),
        shares=media.shares,
        config_iso=media.config_iso,
        cache_disk_mib=machine.cache_disk_mib,
        floppy=media.floppy,
    )
