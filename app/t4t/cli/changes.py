"""``t4t virtualbox install|repair`` and ``t4t doctor --fix``: what will be done is shown with its exact commands, agreed to, done, and looked at."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from t4t.cli import doctor
from t4t.cli.terminal import tell
from t4t.domain.changes import Fetch, What
from t4t.domain.diagnosis.findings import Check, Status
from t4t.domain.virtualbox_install import Purpose
from t4t.wording import changes as words
from t4t.wording import doctor as said
from t4t.wording import remedies

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services
    from t4t.domain.changes import Change, Plan

_MIB: Final = 1024 * 1024
_STEP_MIB: Final = 10


class Telling:
    """Progress on standard error: a line a step, and one each few megabytes of a download."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._last: tuple[object, int] = (None, -1)

    def __call__(self, one: Change | Fetch, received: int) -> None:
        """Tell of a step, or of a download's bytes."""
        step = received // _MIB // _STEP_MIB
        if (one, step) == self._last:
            return
        self._last = (one, step)
        size = f", {received // _MIB} MB" if isinstance(one, Fetch) and received else ""
        tell(f"{words.step(one)}{size}")


def virtualbox(args: argparse.Namespace, services: Services) -> int:
    """``t4t virtualbox install|repair``: 3 if something is left to the volunteer."""
    plan = services.virtualbox_plan(Purpose(args.virtualbox_verb))
    if plan is None:
        if not args.json:
            print(words.nothing_to_do())
        return doctor.virtualbox_health(args, services)
    return _do(args, services, plan, (Check.VIRTUALBOX.value, args.virtualbox_verb))


def fix(args: argparse.Namespace, services: Services) -> int:
    """``t4t doctor --fix ID``: carried out if the program can, else the steps for the volunteer; 3 then, or if it does not help."""
    found = services.fix_plan(args.fix)
    if found.plan is None or (found.plan.asks and not _terminal()):
        guide = remedies.say(found.step, found.finding)
        if args.json:
            print(json.dumps({"done": False, "restart": False, "remedy": guide.id, "steps": list(guide.steps)}, indent=2))
        else:
            doctor.show(f"{guide.title}:", *(f"{number}. {line}" for number, line in enumerate(guide.steps, 1)))
        return doctor.NEEDS_THE_VOLUNTEER
    return _do(args, services, found.plan, (found.finding.check.value, found.step.remedy.value))


def _do(args: argparse.Namespace, services: Services, plan: Plan, why: tuple[str, str]) -> int:
    """Show, ask, do, look."""
    shown = words.shown(plan)
    if not args.json:
        doctor.show(*shown)
    if args.show or not (args.yes or _agreed(as_json=args.json)):
        if args.json:
            print(json.dumps({"done": False, "restart": False, "plan": list(shown)}, indent=2))
        else:
            tell(words.nothing_done())
        return doctor.DONE if args.show else doctor.NEEDS_THE_VOLUNTEER
    goes_down = any(change.what is What.RESTART_COMPUTER for change in plan.changes)
    if goes_down:
        services.prepare_resume(*why)
    try:
        restart = services.carry_out(plan, Telling())
    except BaseException:
        if goes_down:
            services.drop_resume()
        raise
    if restart and not goes_down:
        services.prepare_resume(*why)
    return _result(args, services, shown, restart=restart, check=why[0])


def _terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin is not None and sys.stdin.isatty()


def _agreed(*, as_json: bool) -> bool:
    """A person's yes; nobody is asked where nobody can answer."""
    if as_json or not _terminal():
        return False
    sys.stderr.write(words.question())
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in words.yes()


def _result(args: argparse.Namespace, services: Services, shown: tuple[str, ...], *, restart: bool, check: str) -> int:
    """How it is now; after a restart that is due, it is looked at then."""
    document: dict[str, Any] = {"done": True, "restart": restart, "plan": list(shown)}
    if restart:
        print(json.dumps(document, indent=2)) if args.json else doctor.show(words.restart_due())
        return doctor.NEEDS_THE_VOLUNTEER
    findings = services.virtualbox_health() if args.verb == "virtualbox" else services.doctor(reach=False).findings
    mine = [one for one in findings if args.verb == "virtualbox" or one.check.value == check]
    good = all(one.status in {Status.OK, Status.WARN} for one in mine)
    if args.json:
        print(json.dumps(document | {"healthy": good, "checks": said.checks(mine)}, indent=2))
    else:
        doctor.listed(mine)
        bad = next((one for one in mine if one.status not in {Status.OK, Status.WARN} and one.steps), None)
        if bad is not None:
            doctor.show("", *said.fix(bad))
    return doctor.DONE if good else doctor.NEEDS_THE_VOLUNTEER
