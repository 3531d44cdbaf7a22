"""This computer as a project needs to know it: processor, memory, disk, system. Never its name, address or user."""

from __future__ import annotations

import platform
import re
import sys
import time
from pathlib import Path
from typing import Final

import psutil

from t4t.domain.record import record
from t4t.domain.scheduler_request import HostInfo
from t4t.host.resources import architecture, cores

if sys.platform == "win32":
    import ctypes
    import winreg
elif sys.platform == "darwin":
    import ctypes

_LEAST_SPEED: Final = 1e9
_MHZ: Final = 1e6


@record(kw_only=True)
class Processor:
    """The processor; ``features`` in lower case, with ``vmx`` or ``svm`` where it can run virtual machines; cache in bytes."""

    vendor: str = ""
    model: str = ""
    features: str = ""
    cache: float = 0.0


def host_info(folder: Path, *, host_cpid: str, virtualbox_version: str, vm_extensions_disabled: bool) -> HostInfo:
    """What the scheduler is told; ``folder`` is where our files lie, the version is that of VirtualBox as it is, empty without one.

    The speed is an estimate of one operation a cycle; projects use it only for first guesses of running times.
    """
    cpu = processor()
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(folder))
    speed = max(_LEAST_SPEED, _megahertz() * _MHZ)
    name, version = system()
    return HostInfo(
        timezone=time.localtime().tm_gmtoff or 0,
        host_cpid=host_cpid,
        p_ncpus=cores(),
        p_vendor=cpu.vendor or "unknown",
        p_model=cpu.model or architecture(),
        p_features=cpu.features,
        p_fpops=speed,
        p_iops=speed,
        p_calculated=time.time(),
        p_vm_extensions_disabled=vm_extensions_disabled,
        m_nbytes=float(memory.total),
        m_cache=cpu.cache,
        m_swap=float(psutil.swap_memory().total),
        d_total=float(disk.total),
        d_free=float(disk.free),
        os_name=name,
        os_version=version,
        virtualbox_version=virtualbox_version,
    )


def _megahertz() -> float:
    """The processor's highest speed, 0 where the system does not say it."""
    try:
        frequency = psutil.cpu_freq()
    except (OSError, NotImplementedError, AttributeError):
        return 0.0
    return float(getattr(frequency, "max", 0.0) or getattr(frequency, "current", 0.0))


def read_cpuinfo(text: str) -> Processor:
    """Linux's ``/proc/cpuinfo``, of which the first processor speaks for all."""
    found: dict[str, str] = {}
    for line in text.partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        found.setdefault(name.strip().lower(), value.strip())
    model = found.get("model name") or found.get("hardware") or ""
    numbers = [found.get(name, "") for name in ("cpu family", "model", "stepping")]
    if all(number.isdigit() for number in numbers):
        model = f"{model} [Family {numbers[0]} Model {numbers[1]} Stepping {numbers[2]}]"
    cache = re.fullmatch(r"([0-9]{1,9}) KB", found.get("cache size", ""))
    return Processor(
        vendor=found.get("vendor_id") or found.get("cpu implementer") or "",
        model=model,
        features=(found.get("flags") or found.get("features") or "").lower(),
        cache=float(cache[1]) * 1024 if cache else 0.0,
    )


if sys.platform == "linux":

    def processor() -> Processor:
        """This computer's processor."""
        try:
            return read_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return Processor()

    def system() -> tuple[str, str]:
        """Name and version of the system, as BOINC writes them."""
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            release = {}
        libc, number = platform.libc_ver()
        name = f"Linux {release.get('ID', '').capitalize()}".strip()
        return name, f"{release.get('PRETTY_NAME', 'Linux')} [{platform.release()}|{'libc' if libc == 'glibc' else libc} {number}]"

elif sys.platform == "darwin":

    def _sysctl(name: str) -> str:
        """A text of the kernel's, empty if there is none of this name."""
        size = ctypes.c_size_t(4096)
        buffer = ctypes.create_string_buffer(size.value)
        failed = ctypes.CDLL(None).sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0))
        return "" if failed else buffer.raw[: size.value].rstrip(b"\0").decode("utf-8", "replace")

    def processor() -> Processor:
        """This computer's processor."""
        features = _sysctl("machdep.cpu.features").lower().split()
        return Processor(vendor=_sysctl("machdep.cpu.vendor") or "Apple", model=_sysctl("machdep.cpu.brand_string"), features=" ".join(features))

    def system() -> tuple[str, str]:
        """Name and version of the system, as BOINC writes them."""
        return "Darwin", platform.release()

else:
    _VIRTUALIZATION: Final = 21
    """PF_VIRT_FIRMWARE_ENABLED."""
    _NESTED_PAGES: Final = 20
    """PF_SECOND_LEVEL_ADDRESS_TRANSLATION: true also where Windows' own hypervisor hides the rest."""

    def processor() -> Processor:
        """This computer's processor."""
        vendor, model = "", platform.processor()
        features = []
        if sys.platform == "win32":
            try:
                with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
                    vendor = str(winreg.QueryValueEx(key, "VendorIdentifier")[0])
                    model = f"{winreg.QueryValueEx(key, 'ProcessorNameString')[0]} [{winreg.QueryValueEx(key, 'Identifier')[0]}]"
            except OSError:
                pass
            present = ctypes.windll.kernel32.IsProcessorFeaturePresent
            if present(_VIRTUALIZATION) or present(_NESTED_PAGES):
                features.append("svm" if "AMD" in vendor else "vmx")
        return Processor(vendor=vendor, model=model, features=" ".join(features))

    def system() -> tuple[str, str]:
        """Name and version of the system, as BOINC writes them."""
        return f"Microsoft {platform.system()} {platform.release()}", f"({platform.version()})"
