"""From a descriptor and choices to job and machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.appliances import descriptor
from t4t.domain.appliance_descriptor import ContextWay, Descriptor, ImageFormat, parse_descriptor
from t4t.domain.appliance_machine import Choices, Media, choose_hypervisor, job_of, machine_of
from t4t.domain.errors import HypervisorUnfit
from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId

VM = VmId("12345678-0000-0000-0000-000000000000")
DISK = BootDisk("/d.vdi", DiskFormat.VDI)


def made(**changes: object) -> Descriptor:
    return parse_descriptor(descriptor(**changes).encode(), path="f")  # type: ignore[arg-type] # each test gives the right ones


def test_everything_of_the_descriptor_reaches_job_and_machine() -> None:
    machine = """architecture = "arm64"
os_type = "Fedora_64"
memory_mib = 700
vram_mib = 32
max_cores = 2
disk_controller = "ide"
disk_controller_model = "PIIX4"
nic_type = "82540EM"
cache_disk_mib = 99"""
    extra = 'heartbeat_interval_s = 90\nduration_s = 5\ntemporary_exit = "rest"\n[checkpoints]\nautomatic = false\nminimum_interval_s = 77'
    text = descriptor(kind=ImageFormat.ISO, way=ContextWay.EC2, copy=["input"], machine=machine, extra=extra)
    text = text.replace("guest = 80", 'guest = 80\nhost = 7859\n[[network.ports]]\nname = "ssh"\nguest = 22')
    found = parse_descriptor(text.encode(), path="f")
    job = job_of(found)
    assert (job.boot_iso, job.enable_isocontextualization, job.enable_cache_disk, job.enable_floppyio, job.copy_to_shared) == (True, True, True, False, ())
    assert (job.heartbeat_filename, job.minimum_heartbeat_interval, job.fraction_done_filename) == ("heartbeat", 90, "progress")
    assert (job.completion_trigger_file, job.temporary_exit_trigger_file, job.job_duration) == ("shutdown", "rest", 5)
    assert (job.disable_automatic_checkpoints, job.minimum_checkpoint_interval) == (True, 77)
    assert (job.os_name, job.memory_size_mb, job.vram_size_mb, job.vm_network_driver) == ("Fedora_64", 700, 32, "82540EM")
    media = Media(boot=BootIso("/b.iso"), shares=(Share("shared", "/s"),), config_iso="/c.iso", floppy="/f.img")
    spec = machine_of(found, vm_id=VM, media=media, choices=Choices(cores=8, cap_percent=50, bandwidth_kib_s=9))
    assert (spec.vm_id, spec.name, spec.boot) == (VM, "t4t_12345678", BootIso("/b.iso"))
    assert (spec.memory_mib, spec.cores, spec.cap_percent, spec.bandwidth_kib_s) == (700, 2, 50, 9)
    assert (spec.os_type, spec.vram_mib, spec.disk_controller, spec.disk_controller_model, spec.nic_type) == ("Fedora_64", 32, "ide", "PIIX4", "82540EM")
    assert (spec.config_iso, spec.floppy, spec.cache_disk_mib, spec.shares) == ("/c.iso", "/f.img", 99, (Share("shared", "/s"),))
    assert spec.ports == (PortForward(name="web", guest_port=80, host_port=7859), PortForward(name="ssh", guest_port=22))
    assert job.forwards[0] == spec.ports[0]
    assert [port.guest_port for port in job.forwards] == [80, 22]


def test_without_a_network_there_are_no_ports() -> None:
    text = descriptor().replace("[[network.ports]]", "[network]\nenabled = false\n[[network.ports]]")
    found = parse_descriptor(text.encode(), path="f")
    assert machine_of(found, vm_id=VM, media=Media(boot=DISK), choices=Choices()).ports == ()
    assert job_of(found).forwards == ()


def test_a_guest_without_a_page() -> None:
    found = parse_descriptor(descriptor().replace('name = "web"', 'name = "ssh"').encode(), path="f")
    assert job_of(found).pf_guest_port == 0
    assert [port.guest_port for port in job_of(found).forwards] == [80]


@pytest.mark.parametrize(
    ("said", "found", "chosen", "memory"),
    [("memory_mib = 300", 400, None, 300), ("", 400, None, 400), ("", None, None, 512), ("memory_mib = 300", 400, 200, 200)],
)
def test_whose_word_on_memory_counts(said: str, found: int | None, chosen: int | None, memory: int) -> None:
    one = made(machine=said)
    assert machine_of(one, vm_id=VM, media=Media(boot=DISK), choices=Choices(memory_mib=chosen), found_mib=found).memory_mib == memory


@given(st.sampled_from(ContextWay))
def test_each_way_has_its_carrier_in_the_job(way: ContextWay) -> None:
    copied = () if way is ContextWay.NONE else ("input",)
    job = job_of(made(way=way, copy=copied))
    assert job.enable_floppyio is (way is ContextWay.FLOPPY)
    assert job.enable_isocontextualization is way.iso
    assert job.copy_to_shared == (() if way.iso else copied)


@pytest.mark.parametrize(
    ("wanted", "supported", "automatic", "chosen"),
    [
        ("auto", (), ("qemu",), "qemu"),
        ("auto", ("virtualbox",), ("qemu", "virtualbox"), "virtualbox"),
        ("qemu", ("qemu", "virtualbox"), ("virtualbox",), "qemu"),
        ("qemu", (), ("virtualbox",), "qemu"),
        ("fake", ("virtualbox",), ("qemu",), "fake"),
    ],
)
def test_the_hypervisor_is_one_that_fits(wanted: str, supported: tuple[str, ...], automatic: tuple[str, ...], chosen: str) -> None:
    assert choose_hypervisor(wanted, name="a", supported=supported, automatic=automatic) == chosen


@pytest.mark.parametrize(("wanted", "told"), [("qemu", "qemu"), ("auto", "qemu")])
def test_no_hypervisor_fits(wanted: str, told: str) -> None:
    with pytest.raises(HypervisorUnfit) as error:
        choose_hypervisor(wanted, name="a", supported=("virtualbox",), automatic=("qemu",))
    assert (error.value.appliance, error.value.hypervisor, error.value.supported) == ("a", told, "virtualbox")
