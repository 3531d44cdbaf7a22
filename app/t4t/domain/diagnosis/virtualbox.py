"""VirtualBox, rung by rung. A rung that fails ends the ladder: those above it would only fail for the same reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.diagnosis.findings import Check, Finding, Remedy, Status, Verdict, verdict
from t4t.domain.diagnosis.remedies import steps
from t4t.domain.diagnosis.tables import Tables, numbers
from t4t.domain.facts import Driver, System, trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from t4t.domain.facts import Computer, Facts, VirtualBox

_TEST_WORDS: Final = ("ALPHA", "BETA", "RC")
_DEVELOPMENT: Final = 90
"""Oracle counts builds on the way to the next series from here on (7.2.97)."""


def ladder(facts: Facts, tables: Tables, *, hopeless: bool) -> Iterator[Finding]:
    """The findings from the lowest rung to the first that fails. ``hopeless``: VirtualBox could not help here anyway, so it is not offered."""
    for rung in (_found, _kernel, _driver, _service, _registry):
        finding = rung(facts, tables)
        if finding is None:
            continue
        if hopeless and finding.verdict is Verdict.VIRTUALBOX_MISSING:
            finding = Finding(
                check=finding.check, verdict=finding.verdict, data=finding.data, steps=steps(facts.computer, Remedy.OTHER_COMPUTER), sources=finding.sources
            )
        yield finding
        if finding.status in {Status.FAIL, Status.UNKNOWN}:
            return


def _version_text(virtualbox: VirtualBox) -> str:
    return ".".join(map(str, virtualbox.version.value or ()))


def _finding(facts: Facts, check: Check, judged: tuple[Verdict, tuple[Remedy, ...]], sources: tuple[str, ...], **data: str | int) -> Finding:
    found, remedies = judged
    common: dict[str, str | int] = {"version": _version_text(facts.virtualbox), "kernel": facts.computer.release.value or "", **data}
    return Finding(check=check, verdict=found, data=common, steps=steps(facts.computer, *remedies), sources=sources)


def _found(facts: Facts, tables: Tables) -> Finding:
    virtualbox = facts.virtualbox
    judged = _judge_version(facts, tables)
    sources = trace(virtualbox.found, virtualbox.version)
    return _finding(facts, Check.VIRTUALBOX, judged, sources, oldest=tables.oldest, recommended=tables.recommended)


def _judge_version(facts: Facts, tables: Tables) -> tuple[Verdict, tuple[Remedy, ...]]:
    virtualbox = facts.virtualbox
    found, version = virtualbox.found.value, virtualbox.version.value
    if found is None:
        return Verdict.VIRTUALBOX_UNKNOWN, (Remedy.CHECK_AGAIN,)
    if not found:
        return Verdict.VIRTUALBOX_MISSING, (Remedy.INSTALL_VIRTUALBOX,)
    if version is None:
        return Verdict.VIRTUALBOX_SILENT, (Remedy.REPAIR_VIRTUALBOX,)
    if version < numbers(tables.oldest):
        return Verdict.VIRTUALBOX_TOO_OLD, (Remedy.UPDATE_VIRTUALBOX,)
    known = tables.version_verdict(facts.computer.system.value, version)
    if known:
        return verdict(known), (Remedy.UPDATE_VIRTUALBOX,)
    if version[2] >= _DEVELOPMENT or virtualbox.edition.upper().startswith(_TEST_WORDS):
        return Verdict.VIRTUALBOX_TEST_BUILD, (Remedy.UPDATE_VIRTUALBOX,)
    return Verdict.VIRTUALBOX_OK, ()


def _kernel(facts: Facts, tables: Tables) -> Finding | None:
    """Only Linux: whether this version's driver fits this kernel."""
    if facts.computer.system is not System.LINUX:
        return None
    known = tables.driver_verdict(numbers(facts.computer.release.value or ""), facts.virtualbox.version.value or ())
    judged = (verdict(known), (Remedy.UPDATE_VIRTUALBOX,)) if known else (Verdict.KERNEL_OK, ())
    return _finding(facts, Check.KERNEL, judged, trace(facts.computer.release), recommended=tables.recommended)


def _driver(facts: Facts, tables: Tables) -> Finding | None:
    del tables
    computer = facts.computer
    if _on_kvm(facts):
        return None
    judged = driver_judged(computer)
    log = computer.building.value.log if computer.building.value is not None else ""
    return _finding(facts, Check.DRIVER, judged, trace(computer.driver), log=log.splitlines()[-1] if log else "")


def _on_kvm(facts: Facts) -> bool:
    """Test builds that run on ``/dev/kvm`` have no driver of their own."""
    version = facts.virtualbox.version.value
    return facts.computer.system is System.LINUX and version is not None and version[2] >= _DEVELOPMENT


def driver_judged(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    """What is to be said of the kernel driver, and what mends it."""
    return _linux_driver(computer) if computer.system is System.LINUX else _other_driver(computer)


def _linux_driver(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    building = computer.building.value
    match computer.driver.value:
        case Driver.READY | Driver.NOT_NEEDED:
            return Verdict.DRIVER_OK, ()
        case Driver.NOT_LOADED:
            return Verdict.DRIVER_NOT_LOADED, (Remedy.LOAD_DRIVER, Remedy.BUILD_DRIVER)
        case Driver.REFUSED:
            return Verdict.DRIVER_REFUSED, (Remedy.ENROL_KEY, Remedy.BUILD_DRIVER)
        case Driver.NOT_BUILT:
            if building is not None and not (building.headers and building.compiler):
                return Verdict.DRIVER_NO_HEADERS, (Remedy.INSTALL_HEADERS, Remedy.BUILD_DRIVER)
            if computer.secure_boot.value and building is not None and not building.signing_key:
                return Verdict.DRIVER_NOT_BUILT, (Remedy.ENROL_KEY, Remedy.BUILD_DRIVER)
            return Verdict.DRIVER_NOT_BUILT, (Remedy.BUILD_DRIVER,)
        case None:
            return Verdict.DRIVER_UNKNOWN, (Remedy.CHECK_AGAIN,)
        case _ as never:
            assert_never(never)


def _other_driver(computer: Computer) -> tuple[Verdict, tuple[Remedy, ...]]:
    match computer.driver.value:
        case Driver.READY | Driver.NOT_NEEDED:
            return Verdict.DRIVER_OK, ()
        case Driver.NOT_LOADED | Driver.REFUSED:
            return Verdict.DRIVER_STOPPED, (Remedy.START_DRIVER, Remedy.EXCLUDE_FROM_ANTIVIRUS)
        case Driver.NOT_BUILT:
            return Verdict.DRIVER_GONE, (Remedy.REPAIR_VIRTUALBOX,)
        case None:
            return Verdict.DRIVER_UNKNOWN, (Remedy.CHECK_AGAIN,)
        case _ as never:
            assert_never(never)


def _service(facts: Facts, tables: Tables) -> Finding:
    del tables
    virtualbox = facts.virtualbox
    data = {"trouble": virtualbox.trouble or virtualbox.trouble_code}
    judged = _judge_service(virtualbox)
    if virtualbox.trouble_code in _DENIED and facts.computer.selinux.value:
        judged = (Verdict.SERVICE_SELINUX, (Remedy.SELINUX_LABELS, Remedy.FROM_DESKTOP))
    return _finding(facts, Check.SERVICE, judged, trace(virtualbox.answers), code=virtualbox.trouble_code, **data)


def _judge_service(virtualbox: VirtualBox) -> tuple[Verdict, tuple[Remedy, ...]]:
    if virtualbox.answers.value:
        return Verdict.SERVICE_OK, ()
    if virtualbox.answers.value is None:
        return Verdict.SERVICE_UNKNOWN, (Remedy.CHECK_AGAIN,)
    code = virtualbox.trouble_code
    if code.startswith("VERR_SUP_VP_"):
        return Verdict.SERVICE_HARDENING, (Remedy.EXCLUDE_FROM_ANTIVIRUS, Remedy.REPAIR_VIRTUALBOX)
    return _BY_CODE.get(code, (Verdict.SERVICE_OTHER, (Remedy.RESTART_SERVICE, Remedy.REPAIR_VIRTUALBOX)))


_DENIED: Final = frozenset({"NS_ERROR_SOCKET_FAIL", "E_ACCESSDENIED", "VERR_ACCESS_DENIED", "VERR_PERMISSION_DENIED"})
"""What SELinux' refusals look like from inside."""
_BY_CODE: Final[dict[str, tuple[Verdict, tuple[Remedy, ...]]]] = {
    "REGDB_E_CLASSNOTREG": (Verdict.SERVICE_NOT_REGISTERED, (Remedy.REGISTER_SERVICE, Remedy.REPAIR_VIRTUALBOX)),
    "CO_E_SERVER_EXEC_FAILURE": (Verdict.SERVICE_STUCK, (Remedy.RESTART_SERVICE, Remedy.NORMAL_USER, Remedy.REPAIR_VIRTUALBOX)),
    "RPC_S_SERVER_UNAVAILABLE": (Verdict.SERVICE_STUCK, (Remedy.RESTART_SERVICE, Remedy.REPAIR_VIRTUALBOX)),
    "RPC_S_CALL_FAILED": (Verdict.SERVICE_STUCK, (Remedy.RESTART_SERVICE, Remedy.REPAIR_VIRTUALBOX)),
    "timeout": (Verdict.SERVICE_STUCK, (Remedy.RESTART_SERVICE, Remedy.REPAIR_VIRTUALBOX)),
    "NS_ERROR_SOCKET_FAIL": (Verdict.SERVICE_NO_SOCKET, (Remedy.FROM_DESKTOP,)),
}
"""By the name of the code that VirtualBox gave (`t4t.hypervisor.virtualbox.health`)."""


def _registry(facts: Facts, tables: Tables) -> Finding:
    del tables
    virtualbox = facts.virtualbox
    lost, packs, version = virtualbox.inaccessible.value, virtualbox.extension_packs.value, virtualbox.version.value or (0, 0)
    foreign = next((pack for pack in packs or () if numbers(pack)[:2] != version[:2]), "")
    judged: tuple[Verdict, tuple[Remedy, ...]] = (Verdict.REGISTRY_OK, ())
    if lost is None:
        judged = (Verdict.REGISTRY_UNKNOWN, (Remedy.CHECK_AGAIN,))
    elif virtualbox.other_home.value:
        judged = (Verdict.REGISTRY_OTHER_HOME, (Remedy.CLOSE_OTHER_SERVICE, Remedy.FROM_DESKTOP))
    elif foreign:
        judged = (Verdict.REGISTRY_EXTENSION_PACK, (Remedy.UPDATE_EXTENSION_PACK,))
    elif lost:
        judged = (Verdict.REGISTRY_LOST_MACHINES, (Remedy.REMOVE_LOST_MACHINES,))
    sources = trace(virtualbox.inaccessible, virtualbox.extension_packs, virtualbox.other_home)
    return _finding(facts, Check.REGISTRY, judged, sources, lost=lost or 0, pack=foreign, home=virtualbox.other_home.value or "")
