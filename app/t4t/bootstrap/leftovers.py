"""``t4t leftovers``: what is of ours on this computer, and its removal; the uninstallers ask it, for they know nothing of hypervisors and keyrings.

The agent has ended then. Killed in the middle, the same command goes on: what tells where the rest is goes last.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Final

from t4t.bootstrap import ending, login, machines
from t4t.bootstrap.attach import ProjectVerbs
from t4t.bootstrap.projects import ATTACHED
from t4t.domain.errors import FolderUnwritable, HypervisorMissing
from t4t.domain.leftovers import Leftovers
from t4t.hypervisor.choice import begun_with
from t4t.storage import paths
from t4t.storage.disk_use import measure
from t4t.storage.files import FolderLock
from t4t.storage.place import MACHINES, check_place, moved_to

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vm import VmInfo
    from t4t.host.autostart import Autostart

_LOG: Final = "leftovers.log"


def look(data: Path, *, at_login: Autostart | None = None) -> Leftovers:
    """What there is. Ends the agent first. Raises `FolderBusy`, `MachinesAway` and leaves of `HypervisorError`."""
    state = login.autostart_of(data, on=None, at_login=at_login)
    autostart = state.place if state.command and not state.other else ""  # another installation's is not ours
    if not data.is_dir():
        return Leftovers(folder="", autostart=autostart)
    ending.end(data)
    check_place(data)
    kind, found = _machines(data)
    return Leftovers(
        folder=str(data),
        occupied=measure(data).total,
        hypervisor=kind,
        machines=tuple(sorted(info.name for info in found)),
        machines_folder=moved_to(data) or "",
        projects=_projects(data),
        autostart=autostart,
        foreign=data != paths.own_data_dir(),
    )


def remove(data: Path, *, at_login: Autostart | None = None) -> Leftovers:
    """Remove all that `look` finds; what is left. Projects are told, if they can be reached, that the work goes back to them. Raises as `look` does."""
    found = look(data, at_login=at_login)
    if found.autostart:
        login.autostart_of(data, on=False, at_login=at_login)
    if not found.folder:
        return look(data, at_login=at_login)
    verbs = ProjectVerbs(data)
    for project in found.projects:
        verbs.detach(project, "", force=True)
    kind, listed = _machines(data)
    if listed:
        asyncio.run(_delete(data, kind, listed))
    if found.foreign:
        return look(data, at_login=at_login)
    try:
        with FolderLock(data, ending.LOCKS[0]):  # no agent begins meanwhile
            away = moved_to(data)
            if away is not None:
                shutil.rmtree(away)
                (data / MACHINES).unlink()
            for path in data.iterdir():
                if path.name != ending.LOCKS[0]:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.rmtree(data)
    except OSError as error:
        raise FolderUnwritable(path=str(error.filename or data), reason=error.strerror or str(error)) from error
    return look(data, at_login=at_login)


def _projects(data: Path) -> tuple[str, ...]:
    if not (data / ATTACHED).is_dir():
        return ()
    return tuple(one.project.url for one in ProjectVerbs(data).projects())


def _machines(data: Path) -> tuple[str, tuple[VmInfo, ...]]:
    """The hypervisor that has machines of ours, and they. Where it is not installed any more nothing is in its list."""
    kind = begun_with(data)
    if kind is None and not ((data / "id").is_file() and machines.virtualbox_is_ready()):
        return "", ()
    try:
        return kind or "virtualbox", asyncio.run(_inspect(data, kind or "virtualbox"))
    except HypervisorMissing:
        return "", ()


async def _inspect(data: Path, kind: str) -> tuple[VmInfo, ...]:
    driver = machines.remote(kind, data, log=data / "logs" / _LOG)
    try:
        return await driver.inspect()
    finally:
        await driver.close()


async def _delete(data: Path, kind: str, listed: tuple[VmInfo, ...]) -> None:
    driver = machines.remote(kind, data, log=data / "logs" / _LOG)
    try:
        for info in listed:
            await driver.delete(info.vm_id)
    finally:
        await driver.close()
