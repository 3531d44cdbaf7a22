"""Linux: what ``/proc``, ``/sys`` and ``/dev`` say. Nothing here is translated text: names of flags, files and kernel messages only.

Traps that this module knows: since Linux 5.6 the flag ``vmx`` vanishes when the firmware has VT-x off, so its absence may mean "off"; ``/dev/kvm`` may be
there without hardware virtualization (a KVM in software), so only ``kvm_intel`` and ``kvm_amd`` prove anything; ``/dev/vboxdrv`` belongs to root with mode
0600, which is as it should be.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.facts import (
    Architecture,
    Board,
    Building,
    Computer,
    Confinement,
    Driver,
    Fact,
    Kvm,
    Memory,
    Owner,
    System,
    Translation,
    Vendor,
    Virtualization,
    certain,
    likely,
    unknown,
)
from t4t.domain.record import record
from t4t.domain.vm import MIB
from t4t.host.probe.base import UNNAMED, hypervisor_of, measured, processor_vendor
from t4t.host.probe.linux_modules import headers_there, in_module_folders, vbox_setup_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from t4t.host.probe.base import Measures

_ARCHITECTURES: Final = {
    "x86_64": Architecture.X86_64,
    "amd64": Architecture.X86_64,
    "aarch64": Architecture.ARM64,
    "arm64": Architecture.ARM64,
    "i386": Architecture.X86,
    "i686": Architecture.X86,
}
_DMI: Final = "sys/class/dmi/id"
_SECURE_BOOT: Final = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
_MSR: Final = "dev/cpu/0/msr"
_FEATURE_CONTROL: Final = 0x3A
_VMX_OUTSIDE_SMX: Final = 1 << 2
_LOCKED: Final = 1 << 0
_VM_CR: Final = 0xC0010114
_SVM_DISABLE: Final = 1 << 4
_OFF: Final = re.compile(
    r"VMX \(outside TXT\) disabled by BIOS|kvm(?:_\w+)?: (?:support for '\w+' )?disabled by bios|SVM disabled \(by BIOS\)|VMX disabled \(by BIOS\)",
    re.IGNORECASE,
)
_DETECTED: Final = re.compile(r"Hypervisor detected: ([\w .-]{2,40})")
_KERNEL_LOG: Final = 512 * 1024
_MOST: Final = 1024 * 1024
_CONTAINER: Final = re.compile(r"/(?:docker|lxc|kubepods|libpod|machine\.slice/libpod)[-/]")
_OVERRIDE_OPTION: Final = re.compile(r"^\s*options\s+kvm\s+.*\benable_virt_at_load=(?:0|[nN])", re.MULTILINE)
_OVERRIDE_WORD: Final = re.compile(r"(?:^|\s)kvm\.enable_virt_at_load=(?:0|[nN])")
_MODPROBE: Final = ("etc/modprobe.d", "usr/lib/modprobe.d", "run/modprobe.d", "lib/modprobe.d")
_KVM_PROGRAMS: Final = ("qemu-system", "qemu-kvm", "kvm", "crosvm", "firecracker", "cloud-hyperviso", "com.docker.virt", "virtqemud")
"""As the kernel keeps them: at most 15 letters."""
_VMX_FLAG_HIDDEN_SINCE: Final = (5, 6)


@record(kw_only=True)
class LinuxSurroundings:
    """What the probe looks at. ``root`` is the file system; ``can_open`` says whether a device below it can be opened for reading and writing."""

    root: Path
    environment: Mapping[str, str]
    machine: str
    release: str
    can_open: Callable[[Path], bool]
    elevated: bool
    measures: Measures


def can_open(path: Path) -> bool:
    """Whether we may open the device; it is opened and closed, which changes nothing."""
    try:
        os.close(os.open(path, os.O_RDWR | getattr(os, "O_CLOEXEC", 0)))
    except OSError:
        return False
    return True


def numbers(release: str) -> tuple[int, int]:
    """The first two numbers of a kernel's release; (0, 0) if it has none."""
    match = re.match(r"(\d{1,4})\.(\d{1,4})", release)
    return (0, 0) if match is None else (int(match[1]), int(match[2]))


class LinuxProbe:
    """`t4t.host.probe.base.Probe` for Linux."""

    def __init__(self, around: LinuxSurroundings) -> None:
        """Nothing is read yet."""
        self._around = around
        self._root = around.root

    def _text(self, name: str) -> str:
        """A small file; empty if it can't be read."""
        try:
            with (self._root / name).open("rb") as file:
                return file.read(_MOST).decode(errors="replace")
        except OSError:
            return ""

    def _there(self, name: str) -> bool:
        return os.path.lexists(self._root / name)

    def look(self) -> Computer:
        """See `Probe.look`."""
        cpu = self._cpuinfo()
        vendor = processor_vendor(cpu.get("vendor_id", ""))
        flags = frozenset(cpu.get("flags", "").split())
        board = self._board()
        kvm = self._kvm()
        guest = self._guest_of(flags, board)
        memory, disk = measured(self._around.measures)
        release = self._os_release()
        secure_boot = self._secure_boot()
        return Computer(
            system=System.LINUX,
            release=certain(self._around.release, "uname"),
            distribution=self._distribution(release),
            name=certain(release["PRETTY_NAME"], "os-release") if release.get("PRETTY_NAME") else unknown("os-release"),
            processor=certain(name, "/proc/cpuinfo") if (name := cpu.get("model name", "")) else unknown("/proc/cpuinfo"),
            vendor=certain(vendor, "/proc/cpuinfo") if cpu.get("vendor_id") else unknown("/proc/cpuinfo"),
            cores=unknown("processors") if (cores := self._around.measures.cores()) is None else certain(cores, "processors"),
            architecture=certain(_ARCHITECTURES.get(self._around.machine.lower(), Architecture.OTHER), "uname"),
            translation=certain(Translation.NONE, "uname"),
            confinement=self._confinement(),
            service=likely("/system.slice/" in self._text("proc/self/cgroup"), "/proc/self/cgroup"),
            elevated=certain(self._around.elevated, "user id"),
            guest_of=guest,
            board=board,
            uefi=certain(self._there("sys/firmware/efi"), "/sys/firmware/efi"),
            secure_boot=secure_boot,
            virtualization=self._virtualization(flags, vendor, kvm.value or Kvm(), guest.value or ""),
            kvm=kvm,
            memory=self._with_commit(memory),
            disk=disk,
            driver=self._driver(secure_boot),
            building=self._building(),
            selinux=certain(self._text("sys/fs/selinux/enforce").strip() == "1", "/sys/fs/selinux/enforce"),
        )

    # --- the machine -------------------------------------------------------------------------------------------------

    def _cpuinfo(self) -> dict[str, str]:
        """The first processor's block."""
        block = self._text("proc/cpuinfo").partition("\n\n")[0]
        pairs = (line.partition(":") for line in block.splitlines())
        return {key.strip(): value.strip() for key, _, value in pairs}

    def _os_release(self) -> dict[str, str]:
        text = self._text("etc/os-release") or self._text("usr/lib/os-release")
        pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
        return {key.strip(): value.strip().strip("\"'") for key, _, value in pairs if value}

    @staticmethod
    def _distribution(release: Mapping[str, str]) -> Fact[tuple[str, ...]]:
        names = (release.get("ID", ""), *release.get("ID_LIKE", "").split())
        found = tuple(dict.fromkeys(name.lower() for name in names if name))
        return certain(found, "os-release") if found else unknown("os-release")

    def _board(self) -> Fact[Board]:
        vendor, product, firmware = (self._text(f"{_DMI}/{name}").strip() for name in ("sys_vendor", "product_name", "bios_version"))
        if vendor.lower() == "lenovo":  # its product_name is a number; people know the other one
            product = self._text(f"{_DMI}/product_version").strip() or product
        return certain(Board(vendor=vendor, product=product, firmware=firmware), f"/{_DMI}") if vendor or product else unknown(f"/{_DMI}")

    def _guest_of(self, flags: frozenset[str], board: Fact[Board]) -> Fact[str]:
        if "control_d" in self._text("proc/xen/capabilities"):
            return certain("", "/proc/xen/capabilities")  # Xen's own first domain is the computer itself
        named = hypervisor_of(board.value.vendor, board.value.product) if board.value is not None else ""
        if "hypervisor" in flags:
            logged = _DETECTED.search(self._kernel_log())
            name = named or self._text("sys/hypervisor/type").strip() or (logged[1] if logged else UNNAMED)
            return certain(name, "/proc/cpuinfo: hypervisor")
        return certain("", "/proc/cpuinfo: hypervisor") if flags else unknown("/proc/cpuinfo")

    def _confinement(self) -> Fact[Confinement]:
        environment = self._around.environment
        if "microsoft" in self._text("proc/sys/kernel/osrelease").lower() or "microsoft" in self._around.release.lower():
            return certain(Confinement.WSL, "kernel release")
        if environment.get("FLATPAK_ID") or self._there(".flatpak-info"):
            return certain(Confinement.FLATPAK, "/.flatpak-info")
        if environment.get("SNAP") and environment.get("SNAP_NAME"):
            return certain(Confinement.SNAP, "SNAP")
        for mark in (".dockerenv", "run/.containerenv", "run/systemd/container"):
            if self._there(mark):
                return certain(Confinement.CONTAINER, f"/{mark}")
        if _CONTAINER.search(self._text("proc/1/cgroup")):
            return likely(Confinement.CONTAINER, "/proc/1/cgroup")
        return likely(Confinement.NONE, "no sign of one")

    def _secure_boot(self) -> Fact[bool]:
        if not self._there("sys/firmware/efi"):
            return certain(value=False, source="/sys/firmware/efi")
        try:
            value = (self._root / _SECURE_BOOT).read_bytes()
        except OSError:
            return unknown("efivars")
        return certain(value[-1:] == b"\x01", "efivars: SecureBoot")

    def _with_commit(self, memory: Fact[Memory]) -> Fact[Memory]:
        """Only a kernel that never overcommits has a limit of what it promises."""
        if memory.value is None or self._text("proc/sys/vm/overcommit_memory").strip() != "2":
            return memory
        found = dict(re.findall(r"^(CommitLimit|Committed_AS):\s+(\d+) kB$", self._text("proc/meminfo"), re.MULTILINE))
        commit = (int(found.get("CommitLimit", 0)) - int(found.get("Committed_AS", 0))) * 1024 // MIB
        return certain(Memory(total=memory.value.total, available=memory.value.available, commit=max(1, commit)), "/proc/meminfo")

    # --- virtualization ----------------------------------------------------------------------------------------------

    def _virtualization(self, flags: frozenset[str], vendor: Vendor, kvm: Kvm, guest: str) -> Virtualization:
        if not flags:
            return Virtualization(owners=self._owners(kvm))
        on = self._switched_on(flags, vendor, kvm)
        second = "ept" in flags or "npt" in flags
        return Virtualization(
            can=self._can(flags, vendor, guest),
            on=on,
            free=self._free(kvm),
            second_level=certain(second, "/proc/cpuinfo: ept, npt") if {"vmx", "svm"} & flags else unknown("/proc/cpuinfo"),
            owners=self._owners(kvm),
        )

    def _free(self, kvm: Kvm) -> Fact[bool]:
        if kvm.machines:
            return certain(value=False, source=f"module {kvm.module} in use")
        if kvm.loaded and kvm.at_load:
            return certain(value=False, source="kvm.enable_virt_at_load")
        return likely(value=not self._there("proc/xen/capabilities"), source="/sys/module, /proc/xen")

    @staticmethod
    def _can(flags: frozenset[str], vendor: Vendor, guest: str) -> Fact[bool]:
        if {"vmx", "svm"} & flags:
            return certain(value=True, source="/proc/cpuinfo: vmx, svm")
        if guest:
            return certain(value=False, source="/proc/cpuinfo: hypervisor without vmx and svm")
        # each Intel processor with AVX and each AMD processor with SSE4a or AVX was made with it
        if (vendor is Vendor.INTEL and "avx" in flags) or (vendor is Vendor.AMD and {"avx", "sse4a"} & flags):
            return likely(value=True, source="/proc/cpuinfo: a processor of this age has it")
        return unknown("/proc/cpuinfo")

    def _switched_on(self, flags: frozenset[str], vendor: Vendor, kvm: Kvm) -> Fact[bool]:
        by_register = self._register(vendor)
        if by_register.value is not None:
            return by_register
        if kvm.loaded:
            return certain(value=True, source=f"module {kvm.module}")
        if _OFF.search(self._kernel_log()):
            return certain(value=False, source="kernel log")
        if not {"vmx", "svm"} & flags:
            return likely(value=False, source="/proc/cpuinfo: neither vmx nor svm")
        if numbers(self._around.release) < _VMX_FLAG_HIDDEN_SINCE:
            return unknown("/proc/cpuinfo: before Linux 5.6 the flags say nothing about the firmware")
        return likely(value=True, source="/proc/cpuinfo: vmx, svm")

    def _register(self, vendor: Vendor) -> Fact[bool]:
        """The processor's own word, where we may read it (root, and the module msr)."""
        address = {Vendor.INTEL: _FEATURE_CONTROL, Vendor.AMD: _VM_CR}.get(vendor)
        if address is None:
            return unknown("msr")
        try:
            with (self._root / _MSR).open("rb", buffering=0) as file:
                file.seek(address)
                raw = file.read(8)
        except (OSError, ValueError):
            return unknown("msr")
        value = int.from_bytes(raw, "little")
        if len(raw) != 8:  # noqa: PLR2004 - a register has eight bytes
            return unknown("msr")
        on = not value & _SVM_DISABLE if vendor is Vendor.AMD else bool(value & _VMX_OUTSIDE_SMX) or not value & _LOCKED
        return certain(on, f"msr {address:#x}")

    def _kernel_log(self) -> str:
        """The kernel's messages (English on every system), where everybody may read them."""
        try:
            file = os.open(self._root / "dev/kmsg", os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except OSError:
            return ""
        records: list[bytes] = []
        size = 0
        try:
            while size < _KERNEL_LOG and (record := os.read(file, 8192)):
                records.append(record)
                size += len(record)
        except OSError:  # the end is told so, and a record that was overwritten too
            pass
        finally:
            os.close(file)
        return b"".join(records).decode(errors="replace")

    def _owners(self, kvm: Kvm) -> Fact[tuple[Owner, ...]]:
        found = [
            (Owner.KVM, kvm.loaded),
            (Owner.XEN, "control_d" in self._text("proc/xen/capabilities")),
            (Owner.VMWARE, self._there("sys/module/vmmon")),
        ]
        return certain(tuple(owner for owner, there in found if there), "/sys/module")

    def _kvm(self) -> Fact[Kvm]:
        module = next((name for name in ("kvm_intel", "kvm_amd") if self._there(f"sys/module/{name}")), "")
        at_load = {"Y": True, "1": True, "N": False, "0": False}.get(self._text("sys/module/kvm/parameters/enable_virt_at_load").strip())
        users = self._text(f"sys/module/{module}/refcnt").strip() if module else ""
        kvm = Kvm(
            loaded=bool(module),
            module=module,
            machines=int(users) if users.isdigit() else 0,
            programs=tuple(sorted(set(self._kvm_programs()))),
            at_load=at_load,
            override=self._override(),
            usable=bool(module) and self._around.can_open(self._root / "dev/kvm"),
        )
        return certain(kvm, "/sys/module")

    def _kvm_programs(self) -> Iterator[str]:
        try:
            processes = [path.name for path in (self._root / "proc").iterdir() if path.name.isdigit()]
        except OSError:
            return
        for process in processes:
            name = self._text(f"proc/{process}/comm").strip()
            if name.startswith(_KVM_PROGRAMS):
                yield name

    def _override(self) -> str:
        if _OVERRIDE_WORD.search(self._text("proc/cmdline")):
            return "the kernel command line"
        for folder in _MODPROBE:
            try:
                names = sorted(path.name for path in (self._root / folder).iterdir() if path.suffix == ".conf")
            except OSError:
                continue
            for name in names:
                if _OVERRIDE_OPTION.search(self._text(f"{folder}/{name}")):
                    return f"/{folder}/{name}"
        return ""

    # --- VirtualBox's kernel driver ----------------------------------------------------------------------------------

    def _driver(self, secure_boot: Fact[bool]) -> Fact[Driver]:
        device = self._root / "dev/vboxdrv"
        try:
            mode = device.stat().st_mode
        except OSError:
            mode = 0
        if stat.S_ISCHR(mode) or (mode and self._there("sys/module/vboxdrv")):
            return certain(Driver.READY, "/dev/vboxdrv")
        if not in_module_folders(self._root, self._around.release, "vboxdrv"):
            return certain(Driver.NOT_BUILT, f"/lib/modules/{self._around.release}")
        if secure_boot.value:
            return likely(Driver.REFUSED, "Secure Boot is on and the driver is not loaded")
        return certain(Driver.NOT_LOADED, f"/lib/modules/{self._around.release}")

    def _building(self) -> Fact[Building]:
        found = Building(
            headers=headers_there(self._root, self._around.release),
            compiler=any(self._there(f"usr/bin/{name}") for name in ("gcc", "cc")) and self._there("usr/bin/make"),
            signing_key=self._there("var/lib/shim-signed/mok/MOK.der") or self._there("var/lib/dkms/mok.pub"),
            log=vbox_setup_log(self._root),
            dkms=any(self._there(f"{folder}/dkms") for folder in ("usr/sbin", "usr/bin")) and not self._there("sbin/vboxconfig"),
        )
        return certain(found, f"/lib/modules/{self._around.release}/build")


if sys.platform == "linux":

    def here(measures: Measures) -> LinuxProbe:
        """A probe of this computer."""
        names = os.uname()
        around = LinuxSurroundings(
            root=Path("/"),
            environment=os.environ,
            machine=names.machine,
            release=names.release,
            can_open=can_open,
            elevated=os.geteuid() == 0,
            measures=measures,
        )
        return LinuxProbe(around)
