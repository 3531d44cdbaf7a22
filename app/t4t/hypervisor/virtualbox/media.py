"""Which base image of a VM VirtualBox is to be shown, when its registry already knows something: pure decisions, and the UUIDs in image files.

VirtualBox knows each disk by the UUID in its file. Two files with one UUID can't both be registered, and a base that many VMs share must be of the kind
"multiattach". Media of others are never touched: where they are in the way, the VM gets a copy of its own.
"""

from __future__ import annotations

import enum
import re
import struct
import uuid
from typing import TYPE_CHECKING, Final

from t4t.hypervisor.virtualbox.options import FLOPPY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.hypervisor.virtualbox.view import Attachment, Medium

HEAD_BYTES: Final = 64 * 1024
"""How much of an image file the functions here need."""
_VDI_SIGNATURE: Final = 0xBEDA107F
_VDI_UUID: Final = 392
_UUID_BYTES: Final = 16
_VMDK_UUID: Final = re.compile(rb'(ddb\.uuid\.image=")([0-9a-fA-F-]{36})(")')
_NO_UUID: Final = str(uuid.UUID(int=0))


class Way(enum.Enum):
    """How a VM comes to its base image."""

    INTRODUCE = "introduce"
    """VirtualBox does not know it: register it, and forget it when its last user is gone."""
    SHARE = "share"
    """It is registered and shared already."""
    COPY = "copy"
    """Somebody else's medium is in the way."""


def image_uuid(head: bytes) -> str | None:
    """The UUID in the first bytes of a VDI or VMDK file; None for other formats, which have none."""
    if len(head) >= _VDI_UUID + _UUID_BYTES and struct.unpack_from("<I", head, 64)[0] == _VDI_SIGNATURE:
        return _known(str(uuid.UUID(bytes_le=head[_VDI_UUID : _VDI_UUID + _UUID_BYTES])))
    found = _VMDK_UUID.search(head)
    return None if found is None else _known(found[2].decode("ascii").lower())


def _known(text: str) -> str | None:
    return None if text == _NO_UUID else text


def renumbered(head: bytes, fresh: uuid.UUID) -> bytes:
    """The same first bytes with another UUID; unchanged where there is none."""
    if len(head) >= _VDI_UUID + _UUID_BYTES and struct.unpack_from("<I", head, 64)[0] == _VDI_SIGNATURE:
        return head[:_VDI_UUID] + fresh.bytes_le + head[_VDI_UUID + _UUID_BYTES :]
    return _VMDK_UUID.sub(lambda found: found[1] + str(fresh).encode() + found[3], head, count=1)


def way_to(media: Iterable[Medium], path: str, own_uuid: str | None, *, ours: bool, same: Callable[[str, str], bool]) -> Way:
    """How to come to the base at ``path``, whose file has ``own_uuid``, when VirtualBox knows ``media``.

    ``ours``: whoever registered it at this path was us, so that we may make it a shared one. ``same`` compares paths.
    """
    known = tuple(media)
    here = next((one for one in known if not one.parent and same(one.path, path)), None)
    if here is None:
        return Way.COPY if own_uuid is not None and any(one.uuid == own_uuid for one in known) else Way.INTRODUCE
    if not here.accessible or (own_uuid is not None and here.uuid != own_uuid):
        return Way.COPY
    if here.multiattach:
        return Way.SHARE
    return Way.INTRODUCE if ours else Way.COPY


def in_the_way(media: Iterable[Medium], path: str, own_uuid: str | None, *, ours: Callable[[str], bool], same: Callable[[str, str], bool]) -> tuple[str, ...]:
    """UUIDs of entries of ours that disagree with what is there, children before their parents: to be closed.

    Stale are: the entry for the file at ``path`` if the file has another UUID, is gone or can't be opened; and media whose files lay in our folder and that
    no VM uses any more, below such an entry or unreadable. An entry with anybody else's below it stays.
    """
    known = {one.uuid: one for one in media}

    def family(one: Medium) -> list[Medium]:
        return [member for child in one.children if child in known for member in family(known[child])] + [one]

    def unused(one: Medium) -> bool:
        return ours(one.path) and not one.used_by

    def disagrees(one: Medium) -> bool:
        return same(one.path, path) and not one.parent and (not one.accessible or (own_uuid is not None and one.uuid != own_uuid))

    found: dict[str, None] = {}
    for one in known.values():
        members = family(one)
        if all(unused(member) for member in members) and (disagrees(one) or (not one.accessible and not same(one.path, path))):
            found.update(dict.fromkeys(member.uuid for member in members))
    return tuple(found)


def foreign_disks(attachments: Iterable[Attachment], *, ours: Callable[[str], bool]) -> tuple[Attachment, ...]:
    """What is attached to a VM of ours and lies elsewhere: `unregister` would delete such disks. ISO images and floppies are never deleted."""
    return tuple(one for one in attachments if one.controller != FLOPPY and not one.path.lower().endswith(".iso") and not ours(one.path))
