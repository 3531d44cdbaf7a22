"""Specifications as drivers keep them: with paths that hold anywhere, their media looked for, and changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from t4t.domain.errors import MediumMissing, NotSupported
from t4t.hypervisor.needs import features_needed, is_file

if TYPE_CHECKING:
    from t4t.domain.vm import Feature, PortForward, VmChange, VmSpec


def absolute(spec: VmSpec) -> VmSpec:
    """The specification with paths that hold wherever a later driver is started."""
    boot = msgspec.structs.replace(spec.boot, path=_absolute(spec.boot.path))
    return dataclasses.replace(
        spec,
        boot=boot,
        config_iso=_absolute(spec.config_iso) if spec.config_iso is not None else None,
        floppy=_absolute(spec.floppy) if spec.floppy is not None else None,
        shares=tuple(dataclasses.replace(share, host_path=_absolute(share.host_path)) for share in spec.shares),
    )


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def media(spec: VmSpec) -> list[str]:
    """Files of others that the VM needs."""
    wanted = [spec.boot.path, spec.config_iso, spec.floppy]
    return [path for path in wanted if path is not None]


def check_media(spec: VmSpec) -> None:
    """`MediumMissing` for a file or shared folder that is not there."""
    for path in media(spec):
        if not is_file(path):
            raise MediumMissing(path=path)
    for share in spec.shares:
        if not Path(share.host_path).is_dir():
            raise MediumMissing(path=share.host_path)


def refuse(spec: VmSpec, features: frozenset[Feature], hypervisor: str) -> None:
    """`NotSupported` for what the driver of ``hypervisor`` can't do."""
    for feature in sorted(features_needed(spec) - features, key=lambda one: one.value):
        raise NotSupported(hypervisor=hypervisor, feature=feature.value)


def changed(spec: VmSpec, change: VmChange) -> VmSpec:
    """The settings after ``change``."""
    changes = {field.name: getattr(change, field.name) for field in dataclasses.fields(change) if getattr(change, field.name) is not None}
    if changes.get("bandwidth_kib_s") == 0:
        changes["bandwidth_kib_s"] = None
    return dataclasses.replace(spec, **changes)


def compare(
    opened: tuple[PortForward, ...], before: tuple[PortForward, ...], wanted: tuple[PortForward, ...]
) -> tuple[tuple[PortForward, ...], tuple[PortForward, ...], tuple[PortForward, ...]]:
    """Forwards in force that stay, those to close, and those wanted to open."""
    stay = {port.name for port in wanted if port in before}
    kept = tuple(port for port in opened if port.name in stay)
    there = {port.name for port in kept}
    return kept, tuple(port for port in opened if port.name not in there), tuple(port for port in wanted if port.name not in there)
