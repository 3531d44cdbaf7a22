"""Command lines for VBoxManage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.vm import BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmSpec
from t4t.hypervisor.virtualbox import options, parse
from t4t.hypervisor.virtualbox.options import Call, Choices, creation
from t4t.hypervisor.virtualbox.versions import Version
from unit.virtualbox.recorded import recorded

VM = VmId("0f4a1e1c-2b9a-4f1e-9b43-111111111111")
WEB = PortForward(name="web", guest_port=80, host_port=8080)
NEWEST = Version(7, 2, 22)
VERSIONS = (Version(7, 0, 0), Version(7, 0, 6), Version(7, 0, 14), Version(7, 1, 0), NEWEST, Version(8, 0, 0))
USAGE = recorded("modifyvm-unknown-option").err


def spec(**changes: Any) -> VmSpec:
    values: dict[str, Any] = {"vm_id": VM, "name": "vm", "boot": BootDisk("/base.vdi", DiskFormat.VDI), "ports": (WEB,)}
    return VmSpec(**(values | changes))


def choices(**changes: Any) -> Choices:
    values: dict[str, Any] = {"version": NEWEST, "base_folder": "/data/vms", "owner": "folder-1", "adapter": "eth0", "cache_disk": "/data/vms/cache.vdi"}
    return Choices(**(values | changes))


def lines(calls: tuple[Call, ...]) -> list[str]:
    return [" ".join(call.arguments) for call in calls]


def settings(calls: tuple[Call, ...]) -> Call:
    (found,) = [call for call in calls if call.arguments[0] == "modifyvm"]
    return found


def test_a_usual_vm_takes_three_calls_and_its_disk_one() -> None:
    calls = creation(spec(), choices())
    assert [call.arguments[0] for call in calls] == ["createvm", "modifyvm", "storagectl"]
    text = lines(calls)
    assert text[0] == f"createvm --name vm --uuid {VM} --basefolder /data/vms --ostype Linux26_64 --platform-architecture x86 --register"
    for wanted in (
        "\nt4t/owner: folder-1 --memory",
        "--memory 512",
        "--cpus 1",
        "--cpu-execution-cap 100",
        "--vram 16",
        "--boot1 disk",
        "--nic1 nat",
        "--nat-pf1 web,tcp,127.0.0.1,8080,,80",
    ):
        assert wanted in text[1]
    assert text[2] == f"storagectl {VM} --name Disks --add sata --controller IntelAHCI --portcount 1 --hostiocache off --bootable on"
    attach = " ".join(options.attach_disk(spec(), 0, "/base.vdi", multiattach=True))
    assert attach == f"storageattach {VM} --storagectl Disks --port 0 --device 0 --type hdd --medium /base.vdi --mtype multiattach"
    assert not any(call.may_fail for call in calls)


DEVICES: dict[str, Any] = {
    "config_iso": "/c.iso",
    "cache_disk_mib": 100,
    "floppy": "/f.img",
    "bandwidth_kib_s": 64,
    "shares": (Share("shared", "/s"),),
    "remote_desktop": True,
}


@given(st.sets(st.sampled_from(sorted(DEVICES))), st.sampled_from(VERSIONS), st.booleans())
def test_a_further_device_takes_two_calls_at_most(chosen: set[str], version: Version, iso: bool) -> None:  # noqa: FBT001 - drawn
    boot = BootIso("/boot.iso") if iso else BootDisk("/base.vdi", DiskFormat.VDI)
    calls = creation(spec(boot=boot, **{name: DEVICES[name] for name in chosen}), choices(version=version))
    assert len(calls) <= 4 + 2 * len(chosen)
    assert all(word for call in calls for word in call.arguments), "no empty argument"
    assert all(one.may_fail for one in settings(calls).instead[1:])
    assert not settings(calls).instead[0].may_fail


def test_all_devices() -> None:
    text = "\n".join(lines(creation(spec(**DEVICES), choices())))
    for wanted in (
        "--portcount 3 ",
        "--port 1 --device 0 --type dvddrive --medium /c.iso",
        "createmedium disk --filename /data/vms/cache.vdi --size 100 --format VDI --variant Standard",
        "--port 2 --device 0 --type hdd --medium /data/vms/cache.vdi",
        "storagectl 0f4a1e1c-2b9a-4f1e-9b43-111111111111 --name Floppy --add floppy",
        "--type fdd --medium /f.img",
        "add t4t-0f4a1e1c --type network --limit 64K",
        "--nic-bandwidth-group1 t4t-0f4a1e1c",
        "sharedfolder add 0f4a1e1c-2b9a-4f1e-9b43-111111111111 --name shared --hostpath /s",
        "--vrde on --vrde-address 127.0.0.1",
    ):
        assert wanted in text
    assert text.index("bandwidthctl") < text.index("--nic-bandwidth-group1"), "a group must be there before it is used"


def test_ide_has_two_devices_a_port() -> None:
    text = lines(creation(spec(disk_controller="ide", disk_controller_model="PIIX4", config_iso="/c", cache_disk_mib=1), choices()))
    assert "--portcount" not in "\n".join(text)
    assert [line.split("--port ")[1][:12] for line in text if line.startswith("storageattach")] == ["0 --device 1", "1 --device 0"]


def test_an_iso_boots() -> None:
    text = lines(creation(spec(boot=BootIso("/boot.iso")), choices()))
    assert "--boot1 dvd" in text[1]
    assert text[3].endswith("--type dvddrive --medium /boot.iso")


def test_networks() -> None:
    off = " ".join(settings(creation(spec(network=False, bandwidth_kib_s=1), choices())).arguments)
    assert "--nic1 none" in off
    assert not any(word in off for word in ("nat", "bandwidth", "cable"))
    bridged = " ".join(settings(creation(spec(bridged=True, nic_type="virtio", link_up=False), choices())).arguments)
    assert "--nic1 bridged --cable-connected1 off --bridge-adapter1 eth0 --nic-type1 virtio" in bridged
    assert "nat" not in bridged


def test_the_hosts_resolver_is_no_condition() -> None:
    call = settings(creation(spec(nat_dns_host_resolver=True), choices()))
    assert "--nat-dns-host-resolver1 on" in " ".join(call.arguments)
    assert [one.may_fail for one in call.instead if "--nat-dns-host-resolver1" in one.arguments] == [True]
    assert not any("--nat-dns-host-resolver1" in call.arguments for call in creation(spec(nat_dns_host_resolver=True, bridged=True), choices()))


def test_a_limit_can_be_prepared() -> None:
    calls = creation(spec(), choices(shaping=True))
    assert "--limit 0" in lines(calls)[1]
    assert "--nic-bandwidth-group1" in " ".join(settings(calls).arguments)


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "present", "absent"),
    [
        (Version(7, 0, 0), ["--audio none", "--nat-dns-proxy1 on"], ["--audio-enabled", "--platform-architecture", "Security/Method"]),
        (Version(7, 0, 6), ["--audio-enabled off"], ["--audio none", "--platform-architecture"]),
        (Version(7, 1, 0), ["--audio-enabled off", "--platform-architecture x86", "--vrde-property Security/Method=RDP"], []),
        (Version(8, 0, 0), ["--audio-enabled off", "--platform-architecture x86"], ["--audio none"]),
    ],
)
def test_spellings(version: Version, present: list[str], absent: list[str]) -> None:
    text = "\n".join(lines(creation(spec(remote_desktop=True), choices(version=version))))
    assert all(words in text for words in present)
    assert not any(words in text for words in absent)


def test_a_version_below_the_floor_gets_the_oldest_words() -> None:
    assert options.spelled("no sound", Version(6, 1, 0)) == ("--audio", "none")


_UNLISTED = {"--nat-dns-proxy1"}
"""Taken by 7.2.22, though its usage does not say so."""


def test_all_options_are_known_to_a_real_vboxmanage() -> None:
    call = settings(creation(spec(nic_type="virtio", bandwidth_kib_s=1, remote_desktop=True), choices()))
    known = USAGE.replace("N=", "1=").replace("X=", "1=")
    for word in call.arguments:
        if word.startswith("--") and word not in _UNLISTED:
            assert f"[{word.rstrip('1234')}" in known, word


def test_the_merged_call_is_the_sum_of_its_parts() -> None:
    call = settings(creation(spec(), choices()))
    certain, *optional = call.instead
    assert call.arguments == certain.arguments + tuple(word for one in optional for word in one.arguments[2:])
    assert {"--lpt1", "--clipboard-mode", "--vm-process-priority"} <= {one.arguments[2] for one in optional}
    assert "--lpt1" not in settings(creation(spec(), choices(parallel_ports=False))).arguments


# --- single commands -------------------------------------------------------------------------------------------------


def test_single_commands() -> None:
    assert options.resources("x", cores=2, memory_mib=512, cap_percent=50) == ("modifyvm", "x", "--cpus", "2", "--memory", "512", "--cpu-execution-cap", "50")
    assert options.resources("x", cores=2) == ("modifyvm", "x", "--cpus", "2")
    assert options.cable("x", on=False) == ("modifyvm", "x", "--cable-connected1", "off")
    assert options.forward("x", WEB) == ("modifyvm", "x", "--nat-pf1", "web,tcp,127.0.0.1,8080,,80")
    assert options.unforward("x", "web") == ("modifyvm", "x", "--nat-pf1", "delete", "web")
    assert options.start("x") == ("startvm", "x", "--type", "headless")
    assert options.live_cap("x", 50) == recorded_words("controlvm-cpuexecutioncap")
    assert options.live_link("x", on=True) == ("controlvm", "x", "setlinkstate1", "on")
    assert options.live_forward("x", WEB) == ("controlvm", "x", "natpf1", "web,tcp,127.0.0.1,8080,,80")
    assert options.live_unforward("x", "nosuchrule") == recorded_words("controlvm-natpf-delete-unknown")
    assert options.live_bandwidth("abcdefgh-1", 0) == ("bandwidthctl", "abcdefgh-1", "set", "t4t-abcdefgh", "--limit", "0")
    assert options.control("x", "pause") == recorded_words("controlvm-pause")
    assert options.share("x", Share("s", "/h")) == ("sharedfolder", "add", "x", "--name", "s", "--hostpath", "/h")
    assert options.unshare("x", "s") == ("sharedfolder", "remove", "x", "--name", "s")
    assert options.convert_raw("/a.raw", "/b.vdi", "u") == ("convertfromraw", "/a.raw", "/b.vdi", "--format", "VDI", "--uuid", "u")
    assert options.new_disk("/x", 5)[6:8] == ("--format", "VDI")
    assert [call.arguments[-1] for call in options.introduce_base(spec(), "/b.vdi")] == ["/b.vdi", "none"]


def test_commands_for_devices() -> None:
    assert options.detach("x", "Disks", 1, 0) == ("storageattach", "x", "--storagectl", "Disks", "--port", "1", "--device", "0", "--medium", "none")
    assert options.new_group("abcdefgh-1", 5) == ("bandwidthctl", "abcdefgh-1", "add", "t4t-abcdefgh", "--type", "network", "--limit", "5K")
    assert options.use_group("abcdefgh-1") == ("modifyvm", "abcdefgh-1", "--nic-bandwidth-group1", "t4t-abcdefgh")


@given(st.from_regex(r"[0-9a-f]{1,40}", fullmatch=True), st.text(max_size=30))
def test_the_mark_is_read_as_it_was_written(owner: str, more: str) -> None:
    assert options.owner_in(f"{options.description(owner)}\n{more}") == owner
    assert options.owner_in(f"{more}: {owner}") is None


def recorded_words(case: str) -> tuple[str, ...]:
    """The arguments of a recorded command, for a VM named x."""
    words = recorded(case).arguments
    return (words[0], "x", *words[2:])


@given(st.from_regex(r"[a-zA-Z0-9 ._-]{1,20}", fullmatch=True), st.integers(1, 65535), st.integers(1, 65535), st.booleans())
def test_a_rule_is_read_as_it_was_written(name: str, host: int, guest: int, remote: bool) -> None:  # noqa: FBT001 - drawn
    port = PortForward(name=name, guest_port=guest, host_port=host, remote=remote)
    rule = parse.rule(options.rule(port))
    assert rule is not None
    assert rule.forward == port


@pytest.mark.parametrize("port", [PortForward(name="a", guest_port=1), PortForward(name="a,b", guest_port=1, host_port=2)])
def test_rules_that_can_not_be(port: PortForward) -> None:
    with pytest.raises(ValueError, match="no rule"):
        options.rule(port)
