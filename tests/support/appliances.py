"""The reference appliance in every format in which images are handed out, and appliance folders around it."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

from t4t.domain.appliance_descriptor import ContextWay, ImageFormat

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

RAW = "t4t-appliance.raw"
ISO = "t4t-appliance.iso"
OVA_MEMORY_MIB = 384


def qemu_img(*words: str | Path) -> None:
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True, timeout=120)


def convert(appliance: Path, kind: ImageFormat, target: Path) -> None:
    """Write the appliance's disk (for ISO: its ISO image) to ``target``."""
    disk = appliance / RAW
    match kind:
        case ImageFormat.RAW | ImageFormat.ISO:
            shutil.copyfile(appliance / (ISO if kind is ImageFormat.ISO else RAW), target)
        case ImageFormat.VDI | ImageFormat.VMDK | ImageFormat.QCOW2:
            qemu_img("convert", "-f", "raw", "-O", kind.value, disk, target)
        case ImageFormat.VDI_GZ | ImageFormat.VMDK_GZ:
            plain = target.with_suffix("")
            convert(appliance, ImageFormat(kind.value.removesuffix(".gz")), plain)
            with plain.open("rb") as source, gzip.open(target, "wb", compresslevel=1) as packed:
                shutil.copyfileobj(source, packed)
            plain.unlink()
        case ImageFormat.OVA:
            part = target.with_suffix(".stream")
            qemu_img("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", disk, part)
            make_ova(target, disk=part.read_bytes(), capacity=os.stat(disk).st_size)  # noqa: PTH116 - as short
            part.unlink()


def ovf(*, capacity: int, disk: str = "disk1.vmdk", memory: str = str(OVA_MEMORY_MIB), items: str = "") -> bytes:
    """A description as VirtualBox writes it, shortened."""
    return f"""<?xml version="1.0"?>
<Envelope ovf:version="1.0" xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
  <References><File ovf:id="file1" ovf:href="{disk}"/></References>
  <DiskSection><Info>disks</Info><Disk ovf:capacity="{capacity}" ovf:diskId="vmdisk1" ovf:fileRef="file1"/></DiskSection>
  <VirtualSystem ovf:id="t4t"><Info>a machine</Info><VirtualHardwareSection>
    <Item><rasd:Caption>1 virtual CPU</rasd:Caption><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
    <Item><rasd:AllocationUnits>MegaBytes</rasd:AllocationUnits><rasd:ResourceType>4</rasd:ResourceType>
      <rasd:VirtualQuantity>{memory}</rasd:VirtualQuantity></Item>
    <Item><rasd:HostResource>/disk/vmdisk1</rasd:HostResource><rasd:ResourceType>17</rasd:ResourceType></Item>{items}
  </VirtualHardwareSection></VirtualSystem>
</Envelope>
""".encode()


def manifest(files: Mapping[str, bytes], *, algorithm: str = "SHA256") -> bytes:
    return "".join(f"{algorithm}({name})= {hashlib.new(algorithm.lower(), data).hexdigest()}\n" for name, data in files.items()).encode()


def make_ova(target: Path, *, disk: bytes, capacity: int, algorithm: str = "SHA256") -> None:
    files = {"t4t.ovf": ovf(capacity=capacity), "disk1.vmdk": disk}
    write_tar(target, {"t4t.ovf": files["t4t.ovf"], "t4t.mf": manifest(files, algorithm=algorithm), "disk1.vmdk": disk})


def write_tar(target: Path, files: Mapping[str, bytes]) -> None:
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def descriptor(
    *,
    kind: ImageFormat = ImageFormat.RAW,
    way: ContextWay = ContextWay.SHARED_FOLDER,
    values: Mapping[str, str] | None = None,
    copy: Sequence[str] = (),
    machine: str = "memory_mib = 512",
    source: str = "",
    extra: str = "",
) -> str:
    """An ``appliance.toml`` around an image called ``disk.FORMAT``."""
    pairs = "".join(f'{key} = "{value}"\n' for key, value in (values or {}).items())
    accepts = "" if way is ContextWay.NONE else f'"{way.value}"'
    return f"""name = "test"
title = "The reference appliance"
hypervisors = ["qemu", "virtualbox"]
[source]
kind = "user"
file = "disk.{kind.value}"
{source}
[image]
format = "{kind.value}"
max_size_gib = 1
[machine]
{machine}
[[network.ports]]
name = "web"
guest = 80
[context]
accepts = [{accepts}]
way = "{way.value}"
copy = [{", ".join(f'"{name}"' for name in copy)}]
[context.values]
{pairs}
[files]
shared_folder = true
heartbeat = "heartbeat"
progress = "progress"
completion = "shutdown"
{extra}"""
