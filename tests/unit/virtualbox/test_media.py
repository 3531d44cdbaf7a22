"""How a VM comes to its base image, and what of ours is put in order."""

from __future__ import annotations

import struct
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.vm import VmId
from t4t.hypervisor.virtualbox import media
from t4t.hypervisor.virtualbox.media import Way
from t4t.hypervisor.virtualbox.options import DISKS, FLOPPY
from t4t.hypervisor.virtualbox.view import Attachment, Medium

ONE, TWO, THREE = (str(uuid.UUID(int=number)) for number in (1, 2, 3))


def medium(
    number: str, path: str, *, kind: str = "normal (base)", parent: str = "", children: tuple[str, ...] = (), users: int = 0, state: str = "created"
) -> Medium:
    return Medium(
        uuid=number,
        parent=parent,
        state=state,
        access_error="",
        kind=kind,
        path=path,
        format="VDI",
        capacity_mib=1,
        size_mib=1,
        children=children,
        used_by=tuple(VmId(str(uuid.uuid4())) for _ in range(users)),
    )


def vdi(number: uuid.UUID) -> bytes:
    head = bytearray(512)
    struct.pack_into("<I", head, 64, 0xBEDA107F)
    head[392:408] = number.bytes_le
    return bytes(head)


def vmdk(number: uuid.UUID) -> bytes:
    return b"KDMV" + bytes(508) + f'# Disk DescriptorFile\nddb.uuid.image="{number}"\nddb.uuid.parent="0"\n'.encode()


def same(one: str, other: str) -> bool:
    return one == other


@given(st.uuids(), st.uuids(), st.sampled_from([vdi, vmdk]), st.binary(max_size=50))
def test_uuids_are_read_and_changed(number: uuid.UUID, other: uuid.UUID, image: object, more: bytes) -> None:
    assert callable(image)
    head: bytes = image(number) + more
    assert media.image_uuid(head) == str(number)
    changed = media.renumbered(head, other)
    assert media.image_uuid(changed) == str(other)
    assert len(changed) == len(head)
    assert media.renumbered(changed, number) == head


@given(st.binary(max_size=600))
def test_other_files_have_none(head: bytes) -> None:
    found = media.image_uuid(head)
    assert found is None or uuid.UUID(found).int


def test_an_empty_uuid_is_none() -> None:
    assert media.image_uuid(vdi(uuid.UUID(int=0))) is None
    assert media.renumbered(b"raw", uuid.UUID(int=1)) == b"raw"


@pytest.mark.parametrize(
    ("known", "ours", "way"),
    [
        ((), False, Way.INTRODUCE),
        ((medium(TWO, "/else.vdi"),), False, Way.INTRODUCE),
        ((medium(ONE, "/boinc/copy.vdi"),), False, Way.COPY),
        ((medium(ONE, "/base.vdi", kind="multiattach", children=(TWO,)),), False, Way.SHARE),
        ((medium(ONE, "/base.vdi"),), False, Way.COPY),
        ((medium(ONE, "/base.vdi"),), True, Way.INTRODUCE),
        ((medium(TWO, "/base.vdi", kind="multiattach"),), True, Way.COPY),
        ((medium(ONE, "/base.vdi", kind="multiattach", state="inaccessible"),), True, Way.COPY),
        ((medium(TWO, "/base.vdi", parent=ONE),), False, Way.INTRODUCE),
    ],
)
def test_ways(known: tuple[Medium, ...], ours: bool, way: Way) -> None:  # noqa: FBT001 - a table
    assert media.way_to(known, "/base.vdi", ONE, ours=ours, same=same) is way


def test_a_format_without_uuids_is_known_by_its_path() -> None:
    assert media.way_to((medium(ONE, "/base.vdi", kind="multiattach"),), "/base.vdi", None, ours=False, same=same) is Way.SHARE
    assert media.way_to((medium(ONE, "/other.vdi"),), "/base.vdi", None, ours=False, same=same) is Way.INTRODUCE


def in_the_way(*known: Medium, own: str = ONE) -> tuple[str, ...]:
    return media.in_the_way(known, "/ours/base.vdi", own, ours=lambda path: path.startswith("/ours/"), same=same)


def test_stale_entries_of_ours_go_children_first() -> None:
    base = medium(TWO, "/ours/base.vdi", kind="multiattach", children=(THREE,))
    child = medium(THREE, "/ours/vm/child.vdi", parent=TWO, state="inaccessible")
    assert in_the_way(base, child) == (THREE, TWO)
    assert in_the_way(medium(ONE, "/ours/base.vdi", kind="multiattach", children=(THREE,)), child) == (THREE,)
    assert in_the_way(medium(ONE, "/ours/base.vdi", state="inaccessible")) == (ONE,)


def test_what_is_used_or_of_others_stays() -> None:
    base = medium(TWO, "/ours/base.vdi", children=(THREE,))
    assert in_the_way(base, medium(THREE, "/ours/vm/child.vdi", parent=TWO, users=1)) == ()
    assert in_the_way(base, medium(THREE, "/theirs/child.vdi", parent=TWO)) == ()
    assert in_the_way(medium(TWO, "/theirs/base.vdi", state="inaccessible")) == ()
    assert in_the_way(medium(ONE, "/ours/base.vdi"), medium(TWO, "/ours/other.vdi")) == ()


def attachment(controller: str, path: str) -> Attachment:
    return Attachment(controller=controller, port=0, device=0, path=path)


def test_disks_of_others_are_taken_out_before_a_vm_is_removed() -> None:
    theirs = attachment(DISKS, "/home/volunteer/photos.vdi")
    attached = (attachment(DISKS, "/ours/child.vdi"), theirs, attachment(DISKS, "/any/Boot.ISO"), attachment(FLOPPY, "/task/floppy.img"))
    assert media.foreign_disks(attached, ours=lambda path: path.startswith("/ours/")) == (theirs,)
