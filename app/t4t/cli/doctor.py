"""``t4t doctor`` and ``t4t virtualbox health``: findings as a list, as one document, and what to do first as steps or as a QR code for a phone."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Final

from t4t.cli.terminal import plain
from t4t.domain.diagnosis.findings import Status
from t4t.wording import changes, doctor, findings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from t4t.cli.services import Services
    from t4t.domain.diagnosis.findings import Diagnosis, Finding

DONE: Final = 0
NEEDS_THE_VOLUNTEER: Final = 3
_SYMBOLS: Final = {Status.OK: "✓ ok", Status.WARN: "! warn", Status.FAIL: "✗ fail", Status.UNKNOWN: "? unknown"}
_LONGEST: Final = 1000
_BORDER: Final = 2


def examine(args: argparse.Namespace, services: Services) -> int:
    """``t4t doctor``: 3 if something needs the volunteer."""
    if args.watch:
        services.follow(reach=not args.offline, listen=lambda diagnosis: _tell(diagnosis, args))
        return DONE
    diagnosis = services.doctor(reach=not args.offline, boot=args.boot)
    pending = services.resumed()
    if pending is not None and not args.json:
        of_it = [finding for finding in diagnosis.findings if finding.check.value == pending.check]
        well = all(finding.status in {Status.OK, Status.WARN} for finding in of_it)
        show(changes.back(findings.check_name(pending.check), well=well), "")
    _tell(diagnosis, args)
    return DONE if diagnosis.ready else NEEDS_THE_VOLUNTEER


def _tell(diagnosis: Diagnosis, args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps(doctor.document(diagnosis), indent=2), flush=True)
        return
    show("Is this computer ready?", "")
    _list(diagnosis.findings, details=args.details)
    show("", doctor.verdict(diagnosis))
    current = diagnosis.current
    if current is not None:
        _first_step(current, qr=args.qr)


def virtualbox_health(args: argparse.Namespace, services: Services) -> int:
    """``t4t virtualbox health``: 3 if a rung failed."""
    found = services.virtualbox_health()
    bad = next((finding for finding in found if finding.status in {Status.FAIL, Status.UNKNOWN}), None)
    if args.json:
        print(json.dumps({"healthy": bad is None, "checks": doctor.checks(found)}, indent=2))
    else:
        _list(found, details=False)
        if bad is not None:
            _first_step(bad, qr=False)
    return DONE if bad is None else NEEDS_THE_VOLUNTEER


def listed(found: Sequence[Finding]) -> None:
    """Findings, a line each, and more of those that are not well."""
    _list(found, details=False)


def _list(found: Sequence[Finding], *, details: bool) -> None:
    for finding in found:
        said = findings.say(finding)
        show(f"  {_SYMBOLS[finding.status]:9}  {said.check:22}  {said.summary}")
        if details or finding.status is not Status.OK:
            show(f"{'':37}{said.detail}")
        if details:
            show(f"{'':37}[{'; '.join(finding.sources)}]")


def _first_step(finding: Finding, *, qr: bool) -> None:
    lines = doctor.fix(finding)
    show("", *lines)
    if qr:
        show("", *qr_code(doctor.for_phone(lines)).splitlines())


def qr_code(text: str) -> str:
    """``text`` as a QR code that a terminal can show; low error correction, since a screen has no scratches."""
    import segno  # noqa: PLC0415 - 0.1 s that only this needs

    out = io.StringIO()
    segno.make(text, error="l", micro=False, boost_error=False).terminal(out=out, border=_BORDER, compact=True)
    return out.getvalue()


def show(*lines: str) -> None:
    """Lines that a console with few letters can show too."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        shown = line if line.startswith("\x1b") or "\u2580" in line or "\u2584" in line or "\u2588" in line else plain_line(line)
        print(shown.encode(encoding, "replace").decode(encoding))


def plain_line(line: str) -> str:
    """Each line of ``line`` without what could command the terminal: programs' own words are in it."""
    return "\n".join(plain(one, _LONGEST) for one in line.split("\n"))
