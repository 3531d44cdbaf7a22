"""The doctor: every probe at once, and what its facts mean."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis import diagnose, health
from t4t.domain.facts import Computer, Facts
from t4t.host.probe import network
from t4t.host.probe.here import probe
from t4t.hypervisor.qemu import health as qemu_health
from t4t.hypervisor.virtualbox import health as virtualbox_health
from t4t.storage import tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis, Finding

_PROJECT_HOSTS: Final = (network.Address("lhcathome.cern.ch", 443),)
"""The server of which every volunteer's computer needs an answer; the guest finds the others by itself."""


def doctor(data: Path, *, reach: bool) -> Diagnosis:
    """See `Services.doctor`."""
    return diagnose(asyncio.run(_facts(data, _PROJECT_HOSTS if reach else ())), tables.load())


async def _facts(data: Path, hosts: Sequence[network.Address]) -> Facts:
    """Everything at once: it is mostly waiting."""
    computer, virtualbox, qemu, way = await asyncio.gather(
        _computer(data), virtualbox_health.look(), qemu_health.look(), network.look(network.RealConnection(), hosts)
    )
    return Facts(computer=computer, virtualbox=virtualbox, qemu=qemu, network=way)


async def _computer(data: Path) -> Computer:
    return await asyncio.to_thread(probe(data).look)


def health_of_virtualbox(data: Path) -> tuple[Finding, ...]:
    """See `Services.virtualbox_health`."""

    async def look() -> Facts:
        computer, virtualbox = await asyncio.gather(_computer(data), virtualbox_health.look())
        return Facts(computer=computer, virtualbox=virtualbox)

    return health(asyncio.run(look()), tables.load())
