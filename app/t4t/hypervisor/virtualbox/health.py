"""VirtualBox's health, rung by rung, as facts: found, version, its service answers, its registry. Looks only; no VM is made or touched.

A rung that fails leaves those above it unknown. The kernel driver belongs to the computer (`t4t.host.probe`).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandTimeout, HypervisorBroken, HypervisorMissing, T4TError
from t4t.domain.facts import VirtualBox, certain, unknown
from t4t.hypervisor.virtualbox import codes, errors, listing, processes, run
from t4t.hypervisor.virtualbox.answer import message
from t4t.hypervisor.virtualbox.locate import check_home, expected_homes, find, here, registered_version
from t4t.hypervisor.virtualbox.versions import Version, read_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.facts import Fact
    from t4t.hypervisor.process import ProcessId
    from t4t.hypervisor.virtualbox.answer import Answer
    from t4t.hypervisor.virtualbox.locate import Surroundings

_VERSION_SECONDS: Final = 10.0
_SERVICE_SECONDS: Final = 15.0
"""VBoxSVC may have to start first; one that takes longer is stuck."""
TIMEOUT: Final = "timeout"
_DETAIL: Final = 300


async def look(
    around: Surroundings | None = None, override: str | None = None, *, server: Callable[[], ProcessId | None] = processes.find_server
) -> VirtualBox:
    """Climb the ladder. Never raises a `T4TError`: what went wrong is in the facts. ``server`` finds this user's VBoxSVC."""
    around = around or here()
    try:
        programs = find(around, override)
    except HypervisorMissing:
        return VirtualBox(found=certain(value=False, source="usual places"))
    found = certain(value=True, source=programs.manage)
    version = await _version(programs.manage, around)
    if version is None:
        return VirtualBox(found=found, version=unknown(f"{programs.manage} --version"))
    facts = VirtualBox(found=found, version=certain((version.major, version.minor, version.build), programs.manage), edition=version.edition)
    return await _service(programs.manage, around, facts, server)


async def _version(manage: str, around: Surroundings) -> Version | None:
    try:
        answer = await run.execute(manage, ("--version",), seconds=_VERSION_SECONDS, environment=around.environment)
    except T4TError:
        return registered_version(around.registry)
    return read_version(answer.out) or registered_version(around.registry)


async def _service(manage: str, around: Surroundings, facts: VirtualBox, server: Callable[[], ProcessId | None]) -> VirtualBox:
    try:
        answer = await run.execute(manage, ("list", "systemproperties"), seconds=_SERVICE_SECONDS, environment=around.environment)
    except CommandTimeout:
        return _silent(facts, TIMEOUT, f"no answer in {_SERVICE_SECONDS:.0f} s")
    except (HypervisorBroken, HypervisorMissing) as error:
        return _silent(facts, "", str(error))
    if errors.classify(answer) is not None or not listing.system_properties(answer.out).machine_folder:
        return _silent(facts, trouble_code(answer), message(answer.error)[:_DETAIL])
    machines, packs = await asyncio.gather(_list(manage, "vms", around), _list(manage, "extpacks", around))
    inaccessible: Fact[int] = unknown("list vms")
    if machines is not None:
        inaccessible = certain(sum(not one.accessible for one in listing.vms(machines)), "list vms")
    versions: Fact[tuple[str, ...]] = unknown("list extpacks")
    if packs is not None:
        versions = certain(tuple(pack.version for pack in listing.extension_packs(packs)), "list extpacks")
    return VirtualBox(
        found=facts.found,
        version=facts.version,
        edition=facts.edition,
        answers=certain(value=True, source="list systemproperties"),
        inaccessible=inaccessible,
        extension_packs=versions,
        other_home=await asyncio.to_thread(_other_home, around, server),
    )


def _other_home(around: Surroundings, find_server: Callable[[], ProcessId | None]) -> Fact[str]:
    """Where the service that answered keeps its list, unless it is where this user's is."""
    server = find_server()
    seen = None if server is None else processes.home_of(server)
    if seen is None:
        return unknown("VBoxSVC")
    try:
        check_home(str(seen), expected_homes(around))
    except HypervisorBroken:
        return certain(str(seen), "VBoxSVC")
    return certain("", "VBoxSVC")


async def _list(manage: str, what: str, around: Surroundings) -> str | None:
    try:
        answer = await run.execute(manage, ("list", what), seconds=_SERVICE_SECONDS, environment=around.environment)
    except T4TError:
        return None
    return None if errors.classify(answer) is not None else answer.out


def _silent(facts: VirtualBox, code: str, text: str) -> VirtualBox:
    return VirtualBox(
        found=facts.found,
        version=facts.version,
        edition=facts.edition,
        answers=certain(value=False, source="list systemproperties"),
        trouble=text,
        trouble_code=code,
    )


def trouble_code(answer: Answer) -> str:
    """The name of the code that an answer carries, the telling one before the general; empty if it carries none."""
    hardening = next((sign.verr for sign in codes.signs(answer.error) if sign.trouble is codes.Trouble.HARDENING), "")
    number = codes.hresult(answer.error)
    verrs = codes.verr_codes(answer.error)
    return hardening or ("" if number is None else codes.hresult_name(number)) or (verrs[0] if verrs else "")


async def running(around: Surroundings | None = None, override: str | None = None) -> tuple[str, ...]:
    """Names of the machines at work, everybody's; none where VirtualBox is not there or does not answer (then it runs none that it knows of)."""
    around = around or here()
    try:
        out = await _list(find(around, override).manage, "runningvms", around)
    except HypervisorMissing:
        return ()
    return () if out is None else tuple(one.name for one in listing.vms(out))
