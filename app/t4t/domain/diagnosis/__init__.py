"""From facts to findings: pure, total, in a stable order. It decides nothing by itself; it says what is, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis import machine, others
from t4t.domain.diagnosis import virtualbox as virtualbox_part
from t4t.domain.diagnosis import virtualization as virtualization_part
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Status, Verdict

if TYPE_CHECKING:
    from t4t.domain.diagnosis.tables import Tables
    from t4t.domain.facts import Facts

_ESSENTIAL: Final = frozenset({Check.PLATFORM, Check.VIRTUALIZATION, Check.SHARING, Check.VIRTUALBOX, Check.DRIVER, Check.SERVICE, Check.KERNEL})
"""Where not knowing is not good enough to promise that it will run."""
_LEFT_OUT_WHEN_READY: Final = frozenset({Verdict.QEMU_MISSING, Verdict.QEMU_BROKEN})
"""A computer that is ready needs no QEMU."""


def diagnose(facts: Facts, tables: Tables) -> Diagnosis:
    """All findings, whether LHC@home's appliance can run here with hardware virtualization, and whether the demo can."""
    computer = facts.computer
    about = [machine.platform(computer), machine.surroundings(computer), machine.processor(computer), machine.memory(computer), machine.disk(computer)]
    virtualization = virtualization_part.virtualization(computer, tables)
    about.append(virtualization)
    hopeless = (
        about[0].status is Status.FAIL
        or about[1].verdict is Verdict.SURROUNDINGS_GUEST
        or virtualization.verdict is Verdict.VIRTUALIZATION_NONE
        or any(one.verdict is Verdict.MEMORY_TOO_SMALL for one in about)
    )
    if virtualization.status in {Status.OK, Status.WARN}:
        about.append(virtualization_part.sharing(computer, facts.virtualbox.version.value or (), tables))
    about.extend(virtualbox_part.ladder(facts, tables, hopeless=hopeless))
    ready = _ready(about)
    demo = others.qemu(facts)
    if not (ready and demo.verdict in _LEFT_OUT_WHEN_READY):
        about.append(demo)
    about.extend((others.network(facts), others.hosts(facts)))
    return Diagnosis(ready=ready, can_demo=demo.status is Status.OK and machine.demo_fits(computer), findings=tuple(about))


def _ready(findings: list[Finding]) -> bool:
    """No failure, and nothing essential unknown; a ladder that ended early ended with one of both."""
    return not any(one.status is Status.FAIL or (one.status is Status.UNKNOWN and one.check in _ESSENTIAL) for one in findings)


def health(facts: Facts, tables: Tables) -> tuple[Finding, ...]:
    """VirtualBox's ladder alone (``t4t virtualbox health``)."""
    return tuple(virtualbox_part.ladder(facts, tables, hopeless=False))
