"""OVF descriptions: as VirtualBox and VMware write them, and everything that we can't use."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.appliances import ovf
from t4t.domain.ovf import OvfMachine, OvfRefused, parse_ovf

GOOD = ovf(capacity=1 << 25)


def test_as_virtualbox_writes_it() -> None:
    assert parse_ovf(GOOD) == OvfMachine(disk_file="disk1.vmdk", capacity_bytes=1 << 25, memory_mib=384, cores=1)


def test_as_vmware_and_ovf_2_write_it() -> None:
    text = b"""<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/2"><References><File id="a" href="x.vmdk" size="7"/></References>
      <DiskSection><Disk diskId="d" fileRef="a" capacity="3" capacityAllocationUnits="byte * 2^30"/></DiskSection>
      <VirtualSystem id="v"><VirtualHardwareSection>
        <Item><AllocationUnits>byte * 1048576</AllocationUnits><ResourceType>4</ResourceType><VirtualQuantity>512</VirtualQuantity></Item>
        <StorageItem><HostResource>ovf:/disk/d</HostResource><ResourceType>17</ResourceType></StorageItem>
        <EthernetPortItem><ResourceType>10</ResourceType></EthernetPortItem>
      </VirtualHardwareSection></VirtualSystem></Envelope>"""
    assert parse_ovf(text) == OvfMachine(disk_file="x.vmdk", capacity_bytes=3 << 30, memory_mib=512)


@pytest.mark.parametrize(
    ("unit", "mib"),
    [
        ("byte", 0),
        ("bytes", 0),
        ("", 0),
        ("KiloBytes", 1),
        ("MegaBytes", 1024),
        ("GigaBytes", 1 << 20),
        ("byte * 2^20", 1024),
        ("byte*2^10", 1),
        ("BYTE * 1024", 1),
    ],
)
def test_units(unit: str, mib: int) -> None:
    text = GOOD.replace(b"<rasd:AllocationUnits>MegaBytes", f"<rasd:AllocationUnits>{unit}".encode()).replace(b">384<", b">1024<")
    assert parse_ovf(text).memory_mib == mib


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (GOOD, b"<x/>", "not <Envelope>"),
        (GOOD, b"<x", "unclosed"),
        (b"<Envelope ", b"<!DOCTYPE x><Envelope ", "DOCTYPE"),
        (b"<Envelope ", b"<Envelope " + b" ".join(b'a%d=""' % number for number in range(65)) + b" ", "attributes"),
        (b"<Envelope ", b'<Envelope long="' + b"x" * 5000 + b'" ', "attributes"),
        (b"</Envelope>", b'<VirtualSystem ovf:id="two"/></Envelope>', "2 systems"),
        (b'ovf:id="file1"', b'ovf:id="file2"', "has no file"),
        (b'ovf:id="file1"', b'ovf:id="file1" ovf:compression="gzip"', "compressed"),
        (b'ovf:id="file1"', b'ovf:id="file1" ovf:chunkSize="7"', "pieces"),
        (b'capacity="33554432"', b'capacity="0"', "no size"),
        (b'capacity="33554432"', b'capacity="999999999999999999"', "no size"),
        (b'capacity="33554432"', b'capacity="-1"', "no number"),
        (b'capacity="33554432"', b'capacity="1" ovf:capacityAllocationUnits="furlongs"', "unknown"),
        (b"/disk/vmdisk1", b"/disk/vmdisk2", "disks instead"),
        (b"</DiskSection>", b'<Disk ovf:diskId="vmdisk2"/></DiskSection>', None),
        (b"<rasd:HostResource>/disk/vmdisk1</rasd:HostResource>", b"", None),
        (b"<rasd:ResourceType>17<", b"<rasd:ResourceType>18<", None),
        (b">384<", b">many<", "memory is no number"),
        (b">384<", b">1048577<", "more than any"),
        (b"<rasd:VirtualQuantity>1<", b"<rasd:VirtualQuantity>1025<", "more than any"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_as_usual(old: bytes, new: bytes, reason: str | None) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    if reason is None:
        assert parse_ovf(text).disk_file == "disk1.vmdk"
        return
    with pytest.raises(OvfRefused, match=reason):
        parse_ovf(text)


def test_two_disks_of_which_the_hardware_names_none() -> None:
    text = GOOD.replace(b"</DiskSection>", b'<Disk ovf:diskId="vmdisk2"/></DiskSection>').replace(b"<rasd:ResourceType>17<", b"<rasd:ResourceType>18<")
    with pytest.raises(OvfRefused, match="2 disks"):
        parse_ovf(text)


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(OvfRefused):
        parse_ovf(data)


@given(place=st.integers(0, len(GOOD) - 1), piece=st.binary(max_size=6), cut=st.integers(0, 20))
def test_any_damage(place: int, piece: bytes, cut: int) -> None:
    with contextlib.suppress(OvfRefused):
        assert isinstance(parse_ovf(GOOD[:place] + piece + GOOD[place + cut :]), OvfMachine)
