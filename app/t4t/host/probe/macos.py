"""macOS: what ``sysctl`` says, by number and name, never through a program's text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from t4t.domain.facts import (
    Architecture,
    Board,
    Computer,
    Confinement,
    Driver,
    Fact,
    System,
    Translation,
    Virtualization,
    certain,
    likely,
    unknown,
)
from t4t.domain.record import record
from t4t.host.probe.base import UNNAMED, hypervisor_of, measured, processor_vendor

if TYPE_CHECKING:
    from t4t.host.probe.base import Measures


class Sysctl(Protocol):
    """``sysctlbyname``; None if there is no such name."""

    def number(self, name: str) -> int | None:
        """A whole number of four or eight bytes."""
        ...

    def text(self, name: str) -> str | None:
        """A string."""
        ...


@record(kw_only=True)
class MacSurroundings:
    """What the probe looks at; ``user`` is the effective user's number."""

    sysctl: Sysctl
    measures: Measures
    user: int


def _text(value: str | None, source: str) -> Fact[str]:
    return certain(value, source) if value else unknown(source)


class MacProbe:
    """`t4t.host.probe.base.Probe` for macOS."""

    def __init__(self, around: MacSurroundings) -> None:
        """Nothing is asked yet."""
        self._sysctl = around.sysctl
        self._measures = around.measures
        self._user = around.user

    def look(self) -> Computer:
        """See `Probe.look`."""
        brand = self._sysctl.text("machdep.cpu.brand_string") or ""
        model = self._sysctl.text("hw.model") or ""
        version = self._sysctl.text("kern.osproductversion")
        architecture = self._architecture()
        memory, disk = measured(self._measures)
        return Computer(
            system=System.MACOS,
            release=_text(version, "kern.osproductversion"),
            name=certain(f"macOS {version}", "kern.osproductversion") if version else unknown("kern.osproductversion"),
            processor=_text(brand, "machdep.cpu.brand_string"),
            vendor=certain(processor_vendor(brand), "machdep.cpu.brand_string") if brand else unknown("machdep.cpu.brand_string"),
            cores=unknown("processors") if (cores := self._measures.cores()) is None else certain(cores, "processors"),
            architecture=architecture,
            translation=certain(Translation.ROSETTA if self._sysctl.number("sysctl.proc_translated") == 1 else Translation.NONE, "sysctl.proc_translated"),
            confinement=likely(Confinement.NONE, "macOS"),
            service=unknown("macOS"),
            elevated=certain(self._user == 0, "user id"),
            guest_of=self._guest_of(model),
            board=certain(Board(vendor="Apple Inc.", product=model), "hw.model") if model else unknown("hw.model"),
            uefi=unknown("macOS"),
            virtualization=self._virtualization(architecture.value),
            memory=memory,
            disk=disk,
            driver=likely(Driver.NOT_NEEDED, "VirtualBox 7 uses Apple's Hypervisor framework"),
        )

    def _architecture(self) -> Fact[Architecture]:
        """Under Rosetta all but this one switch says Intel."""
        if self._sysctl.number("hw.optional.arm64") == 1:
            return certain(Architecture.ARM64, "hw.optional.arm64")
        features = self._sysctl.number("hw.optional.x86_64")
        return certain(Architecture.X86_64, "hw.optional.x86_64") if features == 1 else unknown("hw.optional")

    def _guest_of(self, model: str) -> Fact[str]:
        inside = self._sysctl.number("kern.hv_vmm_present")
        if inside is None:
            return unknown("kern.hv_vmm_present")
        return certain((hypervisor_of("Apple Inc.", model) or hypervisor_of(model, model) or UNNAMED) if inside else "", "kern.hv_vmm_present")

    def _virtualization(self, architecture: Architecture | None) -> Virtualization:
        features = (self._sysctl.text("machdep.cpu.features") or "").split()
        support = self._sysctl.number("kern.hv_support")
        on: Fact[bool] = unknown("kern.hv_support") if support is None else certain(support == 1, "kern.hv_support")
        can: Fact[bool] = certain("VMX" in features, "machdep.cpu.features") if features else unknown("machdep.cpu.features")
        if architecture is Architecture.ARM64:  # it has no such list
            can = on
        return Virtualization(
            can=can,
            on=on,
            free=likely(value=True, source="Apple's Hypervisor framework is shared"),
            second_level=on,  # the framework needs it
            owners=certain((), "Apple's Hypervisor framework is shared"),
        )


if sys.platform == "darwin":
    import ctypes
    import os

    _LIBRARY = ctypes.CDLL(None, use_errno=True)

    class RealSysctl:
        """`Sysctl` of this computer."""

        @staticmethod
        def _bytes(name: str) -> bytes | None:
            size = ctypes.c_size_t()
            if _LIBRARY.sysctlbyname(name.encode(), None, ctypes.byref(size), None, ctypes.c_size_t(0)) or not size.value:
                return None
            buffer = ctypes.create_string_buffer(size.value)
            if _LIBRARY.sysctlbyname(name.encode(), buffer, ctypes.byref(size), None, ctypes.c_size_t(0)):
                return None
            return buffer.raw[: size.value]

        def number(self, name: str) -> int | None:
            """See `Sysctl.number`."""
            raw = self._bytes(name)
            return int.from_bytes(raw, sys.byteorder) if raw is not None and len(raw) in {4, 8} else None

        def text(self, name: str) -> str | None:
            """See `Sysctl.text`."""
            raw = self._bytes(name)
            return None if raw is None else raw.split(b"\0")[0].decode(errors="replace")

    def here(measures: Measures) -> MacProbe:
        """A probe of this computer."""
        return MacProbe(MacSurroundings(sysctl=RealSysctl(), measures=measures, user=os.geteuid()))
