"""Installing and repairing VirtualBox, and carrying out a fix: facts, a plan for consent, and its execution."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from typing import TYPE_CHECKING

from t4t.bootstrap import checks
from t4t.bootstrap.net import http_of
from t4t.domain import virtualbox_install
from t4t.domain.changes import Fix
from t4t.domain.diagnosis import diagnose, fixes
from t4t.domain.diagnosis.findings import Remedy
from t4t.domain.install_errors import NothingToFix, NoWayKnown
from t4t.domain.record import record
from t4t.domain.virtualbox_install import Purpose, Scene
from t4t.domain.virtualbox_release import BASE
from t4t.host import changing, elevation, packages
from t4t.host.clock import RealClock
from t4t.hypervisor.virtualbox import health
from t4t.storage import tables
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.changes import Change, Fetch, Plan
    from t4t.host.changing import Publisher
    from t4t.host.elevation import Runner

if sys.platform == "win32":
    from t4t.host.authenticode import Authenticode, WindowsRunner
    from t4t.host.probe.windows_api import RealWindows

    _RUNTIME = r"HKLM\SOFTWARE\Microsoft\VisualStudio\14.0\VC\Runtimes\x64"
    _OLDEST_RUNTIME = (14, 20)

    def _runner() -> Runner:
        return WindowsRunner()

    def _publisher() -> Publisher:
        return Authenticode()

    def _has_runtime() -> bool:
        said = RealWindows().values(_RUNTIME) or {}
        return (int(said.get("Major", 0)), int(said.get("Minor", 0))) >= _OLDEST_RUNTIME

else:
    from t4t.host.publisher import publisher as _publisher

    def _runner() -> Runner:
        return elevation.PosixRunner(elevation.here())

    def _has_runtime() -> bool:
        return True


FOLDER = "downloads/virtualbox"


@record
class Places:
    """Where things come from: the official place, or a mirror of it."""

    official: str = BASE

    def moved(self, address: str) -> str:
        """``address`` of the official place, there."""
        return self.official + address.removeprefix(BASE) if address.startswith(BASE) else address


def virtualbox_plan(data: Path, purpose: Purpose, places: Places | None = None) -> Plan | None:
    """See `Services.virtualbox_plan`."""
    return asyncio.run(_plan(data, purpose, places or Places()))


async def _plan(data: Path, purpose: Purpose, places: Places) -> Plan | None:
    computer, found, running = await asyncio.gather(checks.computer_of(data), health.look(), health.running())
    scene = Scene(
        computer=computer,
        oldest=tables.load().oldest,
        installed=found.version.value or (),
        running=running,
        packages=await packages.ask_apt(virtualbox_install.asked_packages(computer)),
        codename=packages.codename(),
        runtime=_has_runtime(),
    )
    if virtualbox_install.good_enough(scene, purpose):
        return None
    virtualbox_install.check(scene)
    if virtualbox_install.needs_release(scene):
        repaired = ".".join(map(str, scene.installed)) if purpose is Purpose.REPAIR else ""
        http = http_of(data)
        try:
            scene = virtualbox_install.with_release(scene, await changing.Official(http, places.official).release(repaired))
        finally:
            await http.close()
    return virtualbox_install.plan(scene, purpose)


def fix_plan(data: Path, name: str) -> Fix:
    """See `Services.fix_plan`."""
    facts = asyncio.run(checks.look(data, reach=False))
    diagnosis = diagnose(facts, tables.load())
    found = fixes.named(diagnosis, name)
    if found is None:
        raise NothingToFix(name=name, known=", ".join(fixes.known(diagnosis)))
    finding, step = found
    if step.remedy in fixes.VIRTUALBOX:
        purpose = Purpose.REPAIR if step.remedy is Remedy.REPAIR_VIRTUALBOX else Purpose.UPDATE
        try:
            plan = virtualbox_plan(data, purpose)
        except NoWayKnown:
            plan = None
    else:
        plan = fixes.fix(step.remedy, facts.computer, user=_user())
    return Fix(finding=finding, step=step, plan=plan)


def _user() -> str:
    """Who the fix is for; empty where that is root, or nobody says."""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return "" if user == "root" else user


def carry_out(data: Path, plan: Plan, tell: Callable[[Change | Fetch, int], None], places: Places | None = None) -> bool:
    """See `Services.carry_out`."""
    return asyncio.run(_carry_out(data, plan, tell, places or Places()))


async def _carry_out(data: Path, plan: Plan, tell: Callable[[Change | Fetch, int], None], places: Places) -> bool:
    http = http_of(data)
    try:
        executor = changing.Executor(http=http, rate=Rate(RealClock()), folder=data / FOLDER, runner=_runner(), publisher=_publisher(), moved=places.moved)
        return await executor.carry_out(plan, tell)
    finally:
        await http.close()
