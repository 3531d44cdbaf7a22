"""Descriptors: those that come with the program, and everything that is refused with file and key."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.appliances import descriptor
from t4t.domain.appliance_descriptor import MAX_BYTES, MAX_USER_DATA_BYTES, ContextWay, Descriptor, ImageFormat, parse_descriptor
from t4t.domain.errors import DescriptorInvalid

GOOD = descriptor(kind=ImageFormat.VMDK, way=ContextWay.CIDATA, values={"T4T_MODE": "idle"}, copy=["input"])


def parse(text: str) -> Descriptor:
    return parse_descriptor(text.encode("utf-8", "surrogateescape"), path="appliance.toml")


def test_what_is_given_is_read_and_the_rest_has_its_default() -> None:
    found = parse(GOOD)
    assert (found.source.file, found.image.format, found.context.way) == ("disk.vmdk", ImageFormat.VMDK, ContextWay.CIDATA)
    assert (found.context.values, found.context.copy) == ({"T4T_MODE": "idle"}, ("input",))
    assert (found.machine.memory_mib, found.machine.disk_controller_model, found.checkpoints.automatic) == (512, "IntelAHCI", True)
    assert [(port.name, port.guest, port.host) for port in found.network.ports] == [("web", 80, 0)]


@pytest.mark.parametrize(
    ("old", "new", "key", "reason"),
    [
        ('name = "test"', 'name = "Test"', "name", "matching"),
        ('name = "test"', 'name = "test\\n"', "name", "matching"),
        ('name = "test"\n', "", "name", "missing"),
        ('kind = "user"\n', "", "source.kind", "missing"),
        ('kind = "user"', 'kind = "web"', "source.kind", "Invalid enum"),
        ('title = "The', 'colour = "red"\ntitle = "The', "colour", "unknown key"),
        ("[machine]", "[machine]\ncolour = 1", "machine.colour", "unknown key"),
        ("memory_mib = 512", "memory_mib = 127", "machine.memory_mib", ">= 128"),
        ("memory_mib = 512", "memory_mib = true", "machine.memory_mib", "got `bool`"),
        ("memory_mib = 512", "memory_mib = 512.5", "machine.memory_mib", "Expected"),
        ('"qemu", "virtualbox"', "", "hypervisors", "length >= 1"),
        ('"qemu", "virtualbox"', '"qemu", "qemu"', "hypervisors", "twice"),
        ('"qemu", "virtualbox"', '"qemu", "xen"', "hypervisors[1]", "Invalid enum"),
        ('file = "disk.vmdk"', 'file = ""', "source.file", "no file"),
        ('file = "disk.vmdk"', 'file = "disk.vdi"', "source.file", "ends in .vmdk"),
        ('file = "disk.vmdk"', 'file = "a/disk.vmdk"', "source.file", "plain file name"),
        ('file = "disk.vmdk"', 'file = "con.vmdk"', "source.file", "device name"),
        ('file = "disk.vmdk"', 'file = "disk.vmdk"\nsha256 = "AB"', "source.sha256", "matching"),
        ('file = "disk.vmdk"', 'file = "disk.vmdk"\nsize_bytes = 0', "source.size_bytes", ">= 1"),
        ("guest = 80", "guest = 0", "network.ports[0].guest", ">= 1"),
        ("guest = 80", 'guest = 80\n[[network.ports]]\nname = "web"\nguest = 81', "network.ports", "twice"),
        ("guest = 80", 'guest = 80\nhost = 7\n[[network.ports]]\nname = "ssh"\nguest = 22\nhost = 7', "network.ports", "twice"),
        ('way = "cidata"', 'way = "ec2"', "context.way", "not in context.accepts"),
        ('accepts = ["cidata"]', 'accepts = ["cidata", "cidata"]', "context.accepts", "twice"),
        ('accepts = ["cidata"]', 'accepts = ["cidata", "none"]', "context.accepts", "none"),
        ('way = "cidata"', 'way = "cidata"\nuser_data = "x"', "context.user_data", "values can't stand"),
        ('way = "cidata"', f'way = "cidata"\nuser_data = "{"x" * (MAX_USER_DATA_BYTES + 1)}"', "context.user_data", "length"),
        ("T4T_MODE", "BOINC_AUTHENTICATOR", "context.values", "never given"),
        ("T4T_MODE", "t4t_mode", "context.values", "matching"),
        ('"idle"', '"i\\ndle"', "context.values[...]", "matching"),
        ('copy = ["input"]', 'copy = ["../x"]', "context.copy", "plain file name"),
        ('copy = ["input"]', 'copy = [""]', "context.copy", "absolute"),
        ('"heartbeat"', '"a/../heartbeat"', "files.heartbeat", "leaves its folder"),
        ("shared_folder = true", "shared_folder = false", "files.heartbeat", "needs files.shared_folder"),
        ("[context.values]", '[context.ucernvm]\nfoo = "1"\n[context.values]', "context.ucernvm", "Invalid enum"),
        ("[context.values]", '[context.amiconfig."a b"]\nfoo = "1"\n[context.values]', "context.amiconfig", "matching"),
        (GOOD, "name = ", "whole file", "no TOML"),
        (GOOD, "a = " + "[" * 20_000, "whole file", "no TOML"),
        (GOOD, "a = " + "1" * 5000, "whole file", "no TOML"),
        (GOOD, "\udcff", "whole file", "no TOML"),
        (GOOD, "#" * (MAX_BYTES + 1), "whole file", "over"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_refused(old: str, new: str, key: str, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(DescriptorInvalid) as error:
        parse(GOOD.replace(old, new, 1))
    assert (error.value.path, error.value.key) == ("appliance.toml", key)
    assert reason in error.value.reason


@pytest.mark.parametrize(
    ("way", "key"),
    [(ContextWay.SHARED_FOLDER, "context.way"), (ContextWay.FLOPPY, "context.copy"), (ContextWay.NONE, "context.copy")],
)
def test_what_needs_a_shared_folder(way: ContextWay, key: str) -> None:
    text = descriptor(way=way, copy=["input"]).partition("[files]")[0]
    with pytest.raises(DescriptorInvalid) as error:
        parse(text)
    assert error.value.key == key


def test_a_raw_disk_may_be_called_as_such_are_called() -> None:
    assert parse(descriptor(kind=ImageFormat.RAW).replace("disk.raw", "Disk.IMG")).source.file == "Disk.IMG"


def test_user_data_may_stand_alone() -> None:
    text = descriptor(way=ContextWay.CIDATA).replace("[context.values]", 'user_data = """\n#cloud-config\nhostname: x\n"""')
    assert parse(text).context.user_data == "#cloud-config\nhostname: x\n"


_NAMES = sorted({name for part in msgspec.json.schema(Descriptor)["$defs"].values() for name in part.get("properties", {})})
_VALUES = st.one_of(
    st.booleans().map(lambda value: str(value).lower()),
    st.integers().map(str),
    st.floats().map(lambda value: str(value).lower()),
    st.text(max_size=20).map(json.dumps),
    st.lists(st.sampled_from(["qemu", "cidata", "none", "input", "x"]), max_size=3).map(json.dumps),
    st.sampled_from(["{}", "1979-05-27", "[[]]", '{x = "1"}']),
)


@settings(deadline=None)
@given(section=st.sampled_from(["source", "image", "machine", "network", "context", "files", "checkpoints"]), key=st.sampled_from(_NAMES), value=_VALUES)
def test_any_value_anywhere_is_taken_or_refused_by_name(section: str, key: str, value: str) -> None:
    text = GOOD if f"[{section}]\n" in GOOD else f"{GOOD}\n[{section}]\n"
    lines = [line for line in text.replace("[[network", "[network]\n[[network", 1).splitlines() if not line.startswith(f"{key} = ")]
    changed = "\n".join(line + (f"\n{key} = {value}" if line == f"[{section}]" else "") for line in lines)
    refusal = None
    try:
        parse(changed)
    except DescriptorInvalid as error:
        refusal = error
    assert refusal is None or (refusal.path == "appliance.toml" and refusal.key and refusal.reason)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DescriptorInvalid):
        parse_descriptor(data, path="f")


def test_those_of_the_program_are_right() -> None:
    folder = Path(__file__).resolve().parents[3] / "resources" / "appliances"
    found = {path.stem: parse_descriptor(path.read_bytes(), path=path.name) for path in folder.glob("*.toml")}
    assert {name: one.name for name, one in found.items()} == {name: name for name in ("reference", "lhcathome-theory", "micro-cernvm")}
    assert all(one.source.sha256 is None and one.source.size_bytes is None for one in found.values()), "only where we computed them ourselves"
    theory = found["lhcathome-theory"]
    assert theory.hypervisors == ("virtualbox",)
    assert (theory.machine.os_type, theory.machine.memory_mib, theory.network.ports[0].host, theory.network.ports[0].guest) == ("Linux26_64", 1024, 7859, 80)
    assert (theory.files.completion, theory.files.heartbeat, theory.files.heartbeat_interval_s, theory.files.duration_s) == ("shutdown", "heartbeat", 1800, 0)
    assert (theory.checkpoints.automatic, theory.context.copy) == (False, ("init_data.xml", "input"))
    micro = found["micro-cernvm"]
    assert (micro.image.format, micro.machine.cache_disk_mib, micro.context.way) == (ImageFormat.ISO, 20_000, ContextWay.OPENSTACK)
    assert set(found["reference"].context.accepts) == set(ContextWay) - {ContextWay.NONE}
