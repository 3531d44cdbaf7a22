"""From facts to findings: pure, total, in a stable order. It decides nothing by itself; it says what is, and what can be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.diagnosis import machine, others, trial
from t4t.domain.diagnosis import virtualbox as virtualbox_part
from t4t.domain.diagnosis import virtualization as virtualization_part
from t4t.domain.diagnosis.findings import Check, Diagnosis, Finding, Status, Verdict

if TYPE_CHECKING:
    from t4t.domain.diagnosis.tables import Tables
    from t4t.domain.facts import Facts

_ESSENTIAL: Final = frozenset({Check.PLATFORM, Check.VIRTUALIZATION, Check.SHARING, Check.VIRTUALBOX, Check.DRIVER, Check.SERVICE, Check.KERNEL, Check.BOOT})
"""Where not knowing is not good enough to promise that it will run."""
_HOPELESS: Final = frozenset(
    {
        Verdict.PLATFORM_APPLE_CHIP,
        Verdict.PLATFORM_ARM,
        Verdict.PLATFORM_32_BIT,
        Verdict.PLATFORM_OTHER,
        Verdict.SURROUNDINGS_GUEST,
        Verdict.MEMORY_TOO_SMALL,
        Verdict.VIRTUALIZATION_NONE,
    }
)
"""Nothing that the volunteer could do on this computer would help, so nothing is offered for download."""
_LEFT_OUT_WHEN_READY: Final = frozenset({Verdict.QEMU_MISSING, Verdict.QEMU_BROKEN})
"""A computer that is ready needs no QEMU."""


def diagnose(facts: Facts, tables: Tables) -> Diagnosis:
    """All findings, whether LHC@home's appliance can run here with hardware virtualization, and whether the demo can."""
    computer = facts.computer
    about = [machine.platform(computer), machine.surroundings(computer), machine.processor(computer), machine.memory(computer), machine.disk(computer)]
    hopeless = any(one.verdict in _HOPELESS for one in about)
    if about[0].status is not Status.FAIL:  # on another kind of computer nothing of this could help
        virtualization = virtualization_part.virtualization(computer, tables)
        hopeless = hopeless or virtualization.verdict in _HOPELESS
        about.append(virtualization)
        if virtualization.status in {Status.OK, Status.WARN}:
            about.append(virtualization_part.sharing(computer, facts.virtualbox.version.value or (), tables))
        about.extend(virtualbox_part.ladder(facts, tables, hopeless=hopeless))
        about.extend(trial.virtualbox(facts, tables))
    ready = _ready(about)
    demo = others.qemu(facts)
    if not (ready and demo.verdict in _LEFT_OUT_WHEN_READY):
        about.append(demo)
    demo_boot = trial.qemu(facts)
    about.extend(demo_boot)
    about.append(others.network(facts))
    servers = others.hosts(facts)
    if servers is not None:
        about.append(servers)
    demo_works = demo.status is Status.OK and not any(one.verdict is Verdict.QEMU_BOOT_FAILED for one in demo_boot)
    return Diagnosis(ready=ready, can_demo=demo_works and machine.demo_fits(computer), findings=tuple(about), hopeless=hopeless)


def _ready(findings: list[Finding]) -> bool:
    """No failure, nothing essential unknown (a ladder that ended early ended with one of both), and a test boot was not only interpreted."""
    return not any(
        one.status is Status.FAIL or (one.status is Status.UNKNOWN and one.check in _ESSENTIAL) or one.verdict is Verdict.BOOT_INTERPRETER for one in findings
    )


def health(facts: Facts, tables: Tables) -> tuple[Finding, ...]:
    """VirtualBox's ladder alone (``t4t virtualbox health``)."""
    return tuple(virtualbox_part.ladder(facts, tables, hopeless=False))
