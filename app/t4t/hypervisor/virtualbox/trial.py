"""The test boot on VirtualBox: the only look that proves acceleration, driver, signature, antivirus and KVM together.

A machine without disk and network boots a floppy of ours, out of sight. Its log says what executed it. VBoxManage makes and removes it; other people's
machines are not touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import CommandTimeout, HypervisorMissing, T4TError
from t4t.domain.facts import Obstacle, Trial
from t4t.domain.vm import Accelerator
from t4t.hypervisor import trial
from t4t.hypervisor.virtualbox import codes, errors, log
from t4t.hypervisor.virtualbox.answer import message
from t4t.hypervisor.virtualbox.locate import find, here
from t4t.hypervisor.virtualbox.options import Call, spelled
from t4t.hypervisor.virtualbox.run import VBoxManage
from t4t.hypervisor.virtualbox.versions import read_version

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.clock import Clock
    from t4t.hypervisor.virtualbox.answer import Answer
    from t4t.hypervisor.virtualbox.locate import Surroundings
    from t4t.hypervisor.virtualbox.versions import Version

_LOG: Final = logging.getLogger(__name__)
KIND: Final = "virtualbox"
_PREFIX: Final = "t4t-test-boot-"
_WORD_SECONDS: Final = 10.0
_START_SECONDS: Final = 60.0
"""VBoxSVC, the machine's process and an antivirus program may each take a while."""
_STEP: Final = 0.05
_TEXT: Final = 300
_MEMORY_MIB: Final = "32"
_HARDENING_LOG: Final = "VBoxHardening.log"
_DESCRIPTION: Final = "A test of Test4Theory Desktop, which removes it by itself."
_OBSTACLES: Final = {
    codes.Trouble.VIRTUALIZATION_OFF: Obstacle.OFF,
    codes.Trouble.VIRTUALIZATION_NONE: Obstacle.NONE,
    codes.Trouble.VIRTUALIZATION_TAKEN: Obstacle.TAKEN,
    codes.Trouble.VIRTUALIZATION_NOT_LENT: Obstacle.NOT_LENT,
    codes.Trouble.DRIVER: Obstacle.DRIVER,
    codes.Trouble.HARDENING: Obstacle.HARDENING,
    codes.Trouble.MEMORY: Obstacle.MEMORY,
    codes.Trouble.DISK: Obstacle.DISK,
}
_NO_DRIVER: Final = re.compile(r"rc=-1908|Kernel driver not (?:installed|accessible)|/dev/vboxdrv")
_UNSIGNED: Final = re.compile(r"Key was rejected by service|Required key not available|STATUS_INVALID_IMAGE_HASH|0xc0000428", re.IGNORECASE)
_REJECTED: Final = re.compile(r"""(?:rejecting|not signed|refused|Rejected)[^'"\n]*['"]([^'"\n]+\.(?:dll|exe|sys))['"]""", re.IGNORECASE)
_NAMED: Final = re.compile(r"""(?:rc=-\d+|Unknown Status -?\d+)[^'"\n]*['"(]([^'"()\n]+\.(?:dll|exe|sys))""", re.IGNORECASE)


def culprit(hardening: str) -> str:
    """The file that ``VBoxHardening.log`` names as refused, without its folders; empty if it names none."""
    found = _REJECTED.findall(hardening) or _NAMED.findall(hardening)
    return re.split(r"[/\\]", found[-1])[-1] if found else ""


def judged(said: str, hardening: str = "") -> Trial:
    """Why a machine did not start, by all that VirtualBox said about it: its answer, its log."""
    signs = codes.signs(f"{said}\n{hardening}")
    known = next((sign for sign in signs if sign.trouble in _OBSTACLES), None)
    number = codes.hresult(said)
    code = known.verr if known is not None else "" if number is None else codes.hresult_name(number)
    if _UNSIGNED.search(said):
        obstacle = Obstacle.UNSIGNED
    elif known is not None:
        obstacle = _OBSTACLES[known.trouble]
    else:
        obstacle = Obstacle.DRIVER if _NO_DRIVER.search(said) else Obstacle.OTHER
    named = culprit(hardening) if obstacle is Obstacle.HARDENING else ""
    return Trial(obstacle=obstacle, code=code, trouble=message(said)[:_TEXT], culprit=named)


def making(bench: trial.Bench, version: Version) -> tuple[Call, ...]:
    """The calls that make the machine. What it can do without is refused by no version."""
    vm = bench.vm_id
    where = ("--uuid", vm, "--basefolder", str(bench.folder), "--ostype", "Linux26_64")
    certain = (
        *("modifyvm", vm, "--memory", _MEMORY_MIB, "--vram", "2", "--cpus", "1", "--ioapic", "on", "--boot1", "floppy", "--nic1", "none"),
        *("--uart1", "0x3F8", "4", "--uart-mode1", "file", str(bench.serial), "--description", _DESCRIPTION),
    )
    quick = ("modifyvm", vm, "--bios-logo-display-time", "0", "--bios-logo-fade-in", "off", "--bios-logo-fade-out", "off", *spelled("no sound", version))
    return (
        Call(("createvm", "--name", f"{_PREFIX}{vm[:8]}", *where, *spelled("x86", version), "--register")),
        Call(certain),
        Call(quick, may_fail=True),
        Call(("storagectl", vm, "--name", "Floppy", "--add", "floppy")),
        Call(("storageattach", vm, "--storagectl", "Floppy", "--port", "0", "--device", "0", "--type", "fdd", "--medium", str(bench.image))),
    )


async def boot(place: Path, *, clock: Clock, around: Surroundings | None = None, seconds: float = _WORD_SECONDS) -> Trial:
    """Start one and see what comes. ``place`` holds trials' folders. Never raises a `T4TError`; whatever happens, the machine is removed."""
    begun = time.monotonic()
    around = around or here()
    try:
        manage = VBoxManage(find(around).manage, clock=clock, environment=around.environment)
        with trial.bench(place, KIND) as bench:
            try:
                found = await _boot(manage, bench, clock, seconds)
            finally:
                await asyncio.shield(_remove(manage, bench))
    except T4TError as error:
        found = judged(str(error))
    except OSError as error:
        found = Trial(obstacle=Obstacle.DISK, trouble=error.strerror or str(error))
    return Trial(engine=found.engine, obstacle=found.obstacle, code=found.code, trouble=found.trouble, culprit=found.culprit, seconds=time.monotonic() - begun)


async def _boot(manage: VBoxManage, bench: trial.Bench, clock: Clock, seconds: float) -> Trial:
    version = read_version((await manage.run("--version")).out)
    if version is None:
        return Trial(obstacle=Obstacle.OTHER, trouble="no version")
    await manage.perform(making(bench, version), vm=bench.vm_id)
    try:
        answer = await manage.ask("startvm", bench.vm_id, "--type", "headless", vm=bench.vm_id, seconds=_START_SECONDS, patient=False)
    except CommandTimeout as error:
        return judged(_logs(bench), _hardening(bench)) if _logs(bench) else Trial(obstacle=Obstacle.SILENT, trouble=str(error))
    if errors.classify(answer, bench.vm_id) is not None and not bench.spoke():
        return _refused(answer, bench)
    deadline = clock.monotonic() + seconds
    while not bench.spoke():
        if clock.monotonic() > deadline:
            return Trial(obstacle=Obstacle.SILENT, code="", trouble=_last_line(_logs(bench)))
        await clock.sleep(_STEP)
    engine = log.execution(_logs(bench))
    return Trial(engine=Accelerator(engine) if engine else None)


def _refused(answer: Answer, bench: trial.Bench) -> Trial:
    found = judged(f"{answer.error}\n{_logs(bench)}", _hardening(bench))
    return Trial(obstacle=found.obstacle, code=found.code, trouble=message(answer.error)[:_TEXT], culprit=found.culprit)


def _log_file(bench: trial.Bench, name: str) -> str:
    return next((log.head_of(file) + log.end_of(file) for file in bench.folder.glob(f"*/Logs/{name}")), "")


def _logs(bench: trial.Bench) -> str:
    return _log_file(bench, log.NAME)


def _hardening(bench: trial.Bench) -> str:
    return _log_file(bench, _HARDENING_LOG)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2][:_TEXT]


async def _remove(manage: VBoxManage, bench: trial.Bench) -> None:
    """End and remove the machine; the folder only when VirtualBox does not know it any more, so that a sweep can find it."""
    vm = bench.vm_id
    try:
        if not _is_known(await manage.ask("showvminfo", vm, "--machinereadable", vm=vm)):
            trial.remove(bench)
            return
        with contextlib.suppress(T4TError):  # it may have ended by itself
            await manage.run("controlvm", vm, "poweroff", vm=vm, patient=False)
        await manage.run("unregistervm", vm, "--delete", vm=vm)
        with contextlib.suppress(T4TError):  # `--delete` lets go of it as a rule
            await manage.run("closemedium", "floppy", str(bench.image), patient=False)
    except HypervisorMissing:
        pass  # uninstalled since: nothing knows of the machine
    except T4TError as error:
        _LOG.warning("the test machine %s can't be removed yet: %s", vm, error)
        return
    trial.remove(bench)


def _is_known(answer: Answer) -> bool:
    return answer.status == 0 or "Could not find a registered machine" not in answer.error


async def sweep(place: Path, *, clock: Clock, around: Surroundings | None = None) -> None:
    """Remove what trials left behind whose process was killed. Costs nothing where there is nothing."""
    with trial.leftovers(place, KIND) as found:
        if not found:
            return
        around = around or here()
        try:
            manage = VBoxManage(find(around).manage, clock=clock, environment=around.environment)
        except HypervisorMissing:
            for bench in found:
                trial.remove(bench)
            return
        for bench in found:
            await _remove(manage, bench)
