"""Disk image (raw and VDI) and ISO of a root tree, bit for bit the same for the same input."""

from __future__ import annotations

import os
import shutil
import struct
import uuid
from pathlib import Path

from appliance_build.commands import run
from appliance_build.stages import BuildFailed, cached, file_hash, folder_hash
from appliance_build.tree import EPOCH

DISK_SIGNATURE = 0x54345431
COMMON_COMMAND_LINE = "ro console=ttyS0 mitigations=off init=/sbin/init"
DISK_COMMAND_LINE = f"root=PARTUUID={DISK_SIGNATURE:08x}-02 {COMMON_COMMAND_LINE}"
ISO_COMMAND_LINE = f"root=/dev/sr0 rootfstype=iso9660 rootwait {COMMON_COMMAND_LINE}"

_SECTOR = 512
_FIRST_SECTOR = 2048
_BOOT_SECTORS = 7 * 2048
_BOOT_CODE_BYTES = 440
_LONG_NAME = 0x0F
"""Attribute of an entry that is a part of a long name and has no dates."""
_VOLUME_ID = "54345431"
_STAMP = {"SOURCE_DATE_EPOCH": str(EPOCH), "MTOOLS_SKIP_CHECK": "1"}
# Places of the two random identifiers in a VDI header, and the fixed ones we put there.
_VDI_IDENTIFIERS_AT = 392
_VDI_IDENTIFIERS = uuid.uuid5(uuid.NAMESPACE_DNS, "image.appliance.t4t").bytes_le + uuid.uuid5(uuid.NAMESPACE_DNS, "change.appliance.t4t").bytes_le


def build_images(cache: Path, *, tree: Path, kernel: Path, boot: Path, fast: bool) -> Path:
    """Folder with `t4t-appliance.raw`, `.vdi` and `.iso`.

    `boot` is where the SYSLINUX packages are unpacked; `fast` compresses less (for development).
    """
    tools = " / ".join(run([tool, option]).splitlines()[0] for tool, option in (("mksquashfs", "-version"), ("qemu-img", "--version"), ("xorriso", "-version")))
    inputs = {
        "tree": folder_hash(tree),
        "kernel": file_hash(kernel / "vmlinuz"),
        "boot": boot.name,
        "tools": tools,
        "fast": str(fast),
        "recipe": file_hash(Path(__file__)),
    }
    return cached(cache, "images", inputs, lambda folder: _make(folder, tree=tree, kernel=kernel, boot=boot, fast=fast))


def _make(folder: Path, *, tree: Path, kernel: Path, boot: Path, fast: bool) -> None:
    _make_raw(folder, tree=tree, kernel=kernel, boot=boot, fast=fast)
    _make_vdi(folder)
    _make_iso(folder, tree=tree, kernel=kernel, boot=boot)
    for name in ("root.squashfs", "boot.fat"):
        (folder / name).unlink()


def _boot_menu(command_line: str, kernel: str) -> str:
    return f"SERIAL 0 115200\nDEFAULT t4t\nPROMPT 0\nTIMEOUT 0\nLABEL t4t\n  KERNEL {kernel}\n  APPEND {command_line}\n"


def _make_raw(folder: Path, *, tree: Path, kernel: Path, boot: Path, fast: bool) -> None:
    root = folder / "root.squashfs"
    compression = ["-comp", "lz4"] if fast else ["-comp", "lz4", "-Xhc"]
    run(["mksquashfs", tree, root, "-noappend", "-all-root", "-no-xattrs", "-quiet", "-no-progress", "-b", "131072", *compression], environment=_STAMP)
    fat = folder / "boot.fat"
    with fat.open("wb") as stream:
        stream.truncate(_BOOT_SECTORS * _SECTOR)
    run(["mkfs.fat", "-F", "16", "-s", "1", "-h", str(_FIRST_SECTOR), "-n", "T4TBOOT", "-i", _VOLUME_ID, "--invariant", fat], environment=_STAMP)
    work = folder / "files"
    work.mkdir()
    shutil.copyfile(kernel / "vmlinuz", work / "vmlinuz")
    (work / "syslinux.cfg").write_text(_boot_menu(DISK_COMMAND_LINE, "vmlinuz"))
    # The variant of the installer that needs no root, from the unpacked package.
    run([boot / "usr/bin/syslinux", "--install", fat], environment=_STAMP)
    for name in ("syslinux.cfg", "vmlinuz"):
        os.utime(work / name, (EPOCH, EPOCH))
        run(["mcopy", "-m", "-i", fat, work / name, f"::{name}"], environment=_STAMP)
    shutil.rmtree(work)
    _fix_fat_dates(fat)
    _write_disk(folder / "t4t-appliance.raw", fat=fat, root=root, boot_code=(boot / "usr/lib/syslinux/mbr/mbr.bin").read_bytes())


def _fix_fat_dates(fat: Path) -> None:
    """Set the dates of all entries of the root folder of a FAT16 volume to 2026-01-01 00:00; the installer of SYSLINUX writes the present time."""
    content = bytearray(fat.read_bytes())
    sector_bytes, _, reserved, tables, entries = struct.unpack_from("<HBHBH", content, 11)
    table_sectors = struct.unpack_from("<H", content, 22)[0]
    start = (reserved + tables * table_sectors) * sector_bytes
    day = (2026 - 1980) << 9 | 1 << 5 | 1
    for place in range(start, start + entries * 32, 32):
        if content[place] in {0, 0xE5} or content[place + 11] == _LONG_NAME:
            continue
        struct.pack_into("<BHHH", content, place + 13, 0, 0, day, day)
        struct.pack_into("<HH", content, place + 22, 0, day)
    fat.write_bytes(content)


def _partition(active: int, kind: int, first: int, sectors: int) -> bytes:
    # Cylinders, heads and sectors as "beyond the end": only the sector numbers count.
    return struct.pack("<B3sB3sII", active, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first, sectors)


def _write_disk(target: Path, *, fat: Path, root: Path, boot_code: bytes) -> None:
    if len(boot_code) > _BOOT_CODE_BYTES:
        raise BuildFailed("the boot code of SYSLINUX does not fit in the first sector")
    root_first = _FIRST_SECTOR + _BOOT_SECTORS
    root_sectors = -(-root.stat().st_size // (1 << 20)) * 2048
    table = _partition(0x80, 0x0E, _FIRST_SECTOR, _BOOT_SECTORS) + _partition(0, 0x83, root_first, root_sectors) + bytes(32)
    with target.open("wb") as stream:
        stream.write(boot_code.ljust(_BOOT_CODE_BYTES, b"\0") + struct.pack("<IH", DISK_SIGNATURE, 0) + table + b"\x55\xaa")
        stream.seek(_FIRST_SECTOR * _SECTOR)
        stream.write(fat.read_bytes())
        stream.seek(root_first * _SECTOR)
        stream.write(root.read_bytes())
        stream.truncate((root_first + root_sectors) * _SECTOR)


def _make_vdi(folder: Path) -> None:
    image = folder / "t4t-appliance.vdi"
    run(["qemu-img", "convert", "-f", "raw", "-O", "vdi", folder / "t4t-appliance.raw", image])
    with image.open("r+b") as stream:
        stream.seek(_VDI_IDENTIFIERS_AT)
        stream.write(_VDI_IDENTIFIERS)


def _make_iso(folder: Path, *, tree: Path, kernel: Path, boot: Path) -> None:
    stage = folder / "isolinux"
    stage.mkdir()
    shutil.copyfile(kernel / "vmlinuz", stage / "vmlinuz")
    shutil.copyfile(boot / "usr/lib/ISOLINUX/isolinux.bin", stage / "isolinux.bin")
    shutil.copyfile(boot / "usr/lib/syslinux/modules/bios/ldlinux.c32", stage / "ldlinux.c32")
    (stage / "isolinux.cfg").write_text(_boot_menu(ISO_COMMAND_LINE, "/isolinux/vmlinuz"))
    for path in [stage, *stage.iterdir()]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (EPOCH, EPOCH))
    image = folder / "t4t-appliance.iso"
    boot_options = ["-b", "isolinux/isolinux.bin", "-c", "isolinux/boot.cat", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table"]
    content = ["-graft-points", f"/={tree}", f"/isolinux={stage}"]
    run(["xorriso", "-as", "mkisofs", "-quiet", "-r", "-V", "T4TAPPLIANCE", "-o", image, *boot_options, *content], environment=_STAMP)
    shutil.rmtree(stage)
