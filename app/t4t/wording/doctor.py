"""A whole diagnosis in words: the document of ``t4t doctor --json``, and the fix that comes first, as text for a screen or a phone."""

from __future__ import annotations

from gettext import gettext
from typing import TYPE_CHECKING, Any

from t4t.domain.diagnosis.findings import Verdict
from t4t.wording import findings, remedies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.diagnosis.findings import Diagnosis, Finding, Step


def checks(found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as the document has them; ``command`` only where there is one."""
    listed = []
    for finding in found:
        said = findings.say(finding)
        steps = [remedies.say(step, finding) for step in finding.steps]
        listed.append(
            {
                "id": finding.check.value,
                "status": finding.status.value,
                "summary": said.summary,
                "detail": said.detail,
                "remedies": [{"id": step.id, "title": step.title} | ({"command": step.command} if step.command else {}) for step in steps],
            }
        )
    return listed


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """``{"ready", "can_demo", "checks"}``: a stable surface."""
    return {"ready": diagnosis.ready, "can_demo": diagnosis.can_demo, "checks": checks(diagnosis.findings)}


def verdict(diagnosis: Diagnosis) -> str:
    """The whole in one sentence."""
    to_do = sum(finding.status.value == "fail" for finding in diagnosis.findings)
    if diagnosis.ready:
        return gettext("Everything is ready.")
    demo = gettext(" The demo can.") if diagnosis.can_demo else ""
    if diagnosis.hopeless:
        return gettext("The physics program cannot run on this computer.") + demo
    if to_do:
        return gettext("One thing to do.") if to_do == 1 else gettext("{count} things to do.").format(count=to_do)
    if any(finding.verdict is Verdict.BOOT_INTERPRETER for finding in diagnosis.findings):
        return gettext("It works here, but far too slowly for real work.") + demo
    return gettext("Something important could not be found out.")


def for_phone(lines: Sequence[str]) -> str:
    """What is wrong and the steps, of `fix`, without the explanation: a code that a window of 80 columns can show."""
    return "\n".join((lines[0], *lines[2:]))


def fix(finding: Finding, step: Step | None = None) -> tuple[str, ...]:
    """What to do about ``finding``: a title, what is wrong, and the numbered steps of one remedy, its first if no other is named, as lines."""
    said = findings.say(finding)
    first = remedies.say(step or finding.steps[0], finding)
    return (f"{said.check}: {said.summary}.", said.detail, f"{first.title}:", *(f"{number}. {line}" for number, line in enumerate(first.steps, 1)))
