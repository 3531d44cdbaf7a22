"""The doctor: every probe at once, and what its facts mean."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from t4t import __version__
from t4t.domain.diagnosis import diagnose, health
from t4t.domain.diagnosis.findings import Check
from t4t.domain.facts import Computer, Facts, certain, unknown
from t4t.host.clock import RealClock
from t4t.host.probe import network
from t4t.host.probe.here import probe
from t4t.hypervisor.qemu import health as qemu_health
from t4t.hypervisor.qemu import trial as qemu_trial
from t4t.hypervisor.trial import FOLDER
from t4t.hypervisor.virtualbox import health as virtualbox_health
from t4t.hypervisor.virtualbox import trial as virtualbox_trial
from t4t.storage import tables, test_boots
from t4t.storage.test_boots import TestBoot

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.diagnosis.findings import Diagnosis, Finding

_PROJECT_HOSTS: Final = (network.Address("lhcathome.cern.ch", 443), network.Address("s1cern-cvmfs.openhtc.io", 80))
"""The server that every volunteer's computer talks to, and the mirror near everybody from which LHC@home's guest gets its software (CVMFS): a guest that can't
reach that ends after a quarter of an hour with 206. It finds its other servers by itself."""


def doctor(data: Path, *, reach: bool, boot: bool = False) -> Diagnosis:
    """See `Services.doctor`."""
    facts = asyncio.run(look(data, reach=reach, boot=boot))
    if boot and (facts.virtualbox_trial.value is not None or facts.qemu_trial.value is not None):
        made = TestBoot(at=RealClock().wall(), version=__version__, virtualbox=facts.virtualbox_trial.value, qemu=facts.qemu_trial.value)
        test_boots.keep(data, made)
    return diagnose(facts, tables.load())


def doctor_and_last_boot(data: Path) -> tuple[Diagnosis, TestBoot | None, tuple[Finding, ...]]:
    """For who reads it elsewhere: the diagnosis without the servers, and the last test boot with what it proved; nothing is booted."""
    facts, known, made = asyncio.run(look(data, reach=False)), tables.load(), test_boots.last(data)
    diagnosis = diagnose(facts, known)
    if made is None:
        return diagnosis, None, ()
    virtualbox, qemu = (unknown() if trial is None else certain(trial, test_boots.FILE) for trial in (made.virtualbox, made.qemu))
    proved = diagnose(replace(facts, virtualbox_trial=virtualbox, qemu_trial=qemu), known)
    return diagnosis, made, tuple(one for one in proved.findings if one.check in {Check.BOOT, Check.QEMU_BOOT})


async def look(data: Path, *, reach: bool, boot: bool = False) -> Facts:
    """Everything at once: it is mostly waiting. The test boots come afterwards, one after the other: they are to have the computer for themselves."""
    place = data / FOLDER
    computer, virtualbox, qemu, way, _ = await asyncio.gather(
        computer_of(data),
        virtualbox_health.look(),
        qemu_health.look(),
        network.look(network.RealConnection(), _PROJECT_HOSTS if reach else ()),
        sweep(data),
    )
    facts = Facts(computer=computer, virtualbox=virtualbox, qemu=qemu, network=way)
    if boot and virtualbox.answers.value:
        facts = replace(facts, virtualbox_trial=certain(await virtualbox_trial.boot(place, clock=RealClock()), "VBox.log"))
    if boot and qemu.accelerator.value is not None:
        facts = replace(facts, qemu_trial=certain(await qemu_trial.boot(place), "serial port"))
    return facts


async def sweep(data: Path) -> None:
    """Remove test machines whose process was killed before it could do that; costs nothing where there are none."""
    place = data / FOLDER
    await virtualbox_trial.sweep(place, clock=RealClock())
    await qemu_trial.sweep(place)


async def computer_of(data: Path) -> Computer:
    """What the computer's probe says."""
    return await asyncio.to_thread(probe(data).look)


def health_of_virtualbox(data: Path) -> tuple[Finding, ...]:
    """See `Services.virtualbox_health`."""
    return health(asyncio.run(_ladder(data)), tables.load())


async def _ladder(data: Path) -> Facts:
    computer, virtualbox = await asyncio.gather(computer_of(data), virtualbox_health.look())
    return Facts(computer=computer, virtualbox=virtualbox)
