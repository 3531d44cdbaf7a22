"""Which hypervisor a run takes, when the volunteer leaves it to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from t4t.hypervisor.records import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AUTO: Final = "auto"


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Kind(msgspec.Struct, frozen=True):
    """The part of any driver's record that says whose it is; QEMU's says nothing."""

    hypervisor: str = "qemu"
    created: _Named = _Named()


def chosen(wish: str, *, begun: str | None, virtualbox: bool) -> str:
    """The hypervisor for ``wish``: what was ``begun`` goes on with the same, and VirtualBox is taken where it has hardware virtualization (``virtualbox``)."""
    if wish != AUTO:
        return wish
    return begun or ("virtualbox" if virtualbox else "qemu")


def begun_with(data_dir: Path) -> str | None:
    """The hypervisor that has a VM in this data folder; None if none has."""
    return next((kind for kind, _ in _begun(data_dir)), None)


def all_begun(data_dir: Path) -> tuple[str, ...]:
    """Every hypervisor that has a VM there: the volunteer may have chosen another one meanwhile."""
    return tuple(sorted({kind for kind, _ in _begun(data_dir)}))


def machines_begun(data_dir: Path) -> tuple[tuple[str, str], ...]:
    """Every VM there, by its hypervisor and its name; no hypervisor is asked."""
    return tuple(sorted(_begun(data_dir)))


def _begun(data_dir: Path) -> Iterator[tuple[str, str]]:
    for file in sorted((data_dir / "vms").glob(f"*/{FILE}")):
        try:
            record = msgspec.json.decode(file.read_bytes(), type=_Kind)
        except (OSError, msgspec.MsgspecError):
            continue
        yield record.hypervisor, record.created.name or file.parent.name
