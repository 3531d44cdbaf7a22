"""QEMU, which the demo needs, and the way to the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Verdict
from t4t.domain.diagnosis.remedies import steps
from t4t.domain.facts import trace

if TYPE_CHECKING:
    from t4t.domain.facts import Facts, Reach


def qemu(facts: Facts) -> Finding:
    """Whether the demo has its hypervisor."""
    found = facts.qemu
    data = {"version": found.version.value or "", "accelerator": found.accelerator.value or "", "trouble": found.trouble}
    verdict, remedies = _qemu(facts)
    sources = trace(found.found, found.accelerator)
    return Finding(check=Check.QEMU, verdict=verdict, data=data, steps=steps(facts.computer, *remedies), sources=sources)


def _qemu(facts: Facts) -> tuple[Verdict, tuple[Remedy, ...]]:
    if not facts.qemu.found.value:
        return Verdict.QEMU_MISSING, (Remedy.INSTALL_QEMU,)
    if facts.qemu.accelerator.value is None:
        return Verdict.QEMU_BROKEN, (Remedy.INSTALL_QEMU,)
    return (Verdict.QEMU_OK if facts.qemu.hardware.value else Verdict.QEMU_SLOW), ()


def network(facts: Facts) -> Finding:
    """Connection, and whether it costs by volume."""
    found = facts.network
    verdict, remedies = Verdict.NETWORK_OK, ()  # type: tuple[Verdict, tuple[Remedy, ...]]
    if found.online.value is None:
        verdict, remedies = Verdict.NETWORK_UNKNOWN, (Remedy.CHECK_AGAIN,)
    elif not found.online.value:
        verdict, remedies = Verdict.NETWORK_OFFLINE, (Remedy.CONNECT,)
    elif found.metered.value:
        verdict, remedies = Verdict.NETWORK_METERED, (Remedy.WAIT_FOR_WIFI,)
    data = {"proxy": found.proxy.value or ""}
    sources = trace(found.online, found.proxy, found.metered)
    return Finding(check=Check.NETWORK, verdict=verdict, data=data, steps=steps(facts.computer, *remedies), sources=sources)


def hosts(facts: Facts) -> Finding | None:
    """Which of the project's servers could be reached; through a proxy, whether that one could. None if none was tried."""
    found = facts.network
    tried = found.hosts.value
    if tried is None or found.online.value is False:
        return None
    verdict, remedies = Verdict.HOSTS_OK, ()  # type: tuple[Verdict, tuple[Remedy, ...]]
    if not all(one.reached for one in tried):
        blocked = (Verdict.HOSTS_PROXY, (Remedy.CHECK_PROXY,)) if found.proxy.value else (Verdict.HOSTS_BLOCKED, (Remedy.ALLOW_HOSTS, Remedy.CHECK_PROXY))
        verdict, remedies = blocked
    data = {
        "reached": _names(tried, reached=True),
        "blocked": _names(tried, reached=False),
        "proxy": found.proxy.value or "",
    }
    return Finding(check=Check.HOSTS, verdict=verdict, data=data, steps=steps(facts.computer, *remedies), sources=trace(found.hosts))


def _names(tried: tuple[Reach, ...], *, reached: bool) -> str:
    return ", ".join(f"{one.host}:{one.port}" for one in tried if one.reached is reached)
