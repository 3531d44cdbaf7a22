"""Everything that this program made on this computer, listed and then removed: projects told, machines unregistered by their own driver, files, keys, start.

Done again, it goes on where it stopped or died: each step looks at what is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from t4t.api.endpoint import endpoint
from t4t.bootstrap import ending, login, net
from t4t.bootstrap.machines import owner, remote
from t4t.bootstrap.projects import attached
from t4t.domain.errors import HypervisorMissing, T4TError
from t4t.domain.project_errors import AccountError, KeyringMissing
from t4t.domain.record import record
from t4t.domain.removal import KEEPABLE, Machine, Part, Piece, Removal, Removed, Stayed
from t4t.domain.removal_errors import FolderShared
from t4t.host.clock import RealClock
from t4t.host.resume import Resume
from t4t.hypervisor import choice
from t4t.hypervisor.qemu.files import runtime_folder
from t4t.storage import paths, removal
from t4t.storage.files import FolderLock
from t4t.storage.place import check_place
from t4t.storage.secrets import KeyringVault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from t4t.cli.services import ProjectServices
    from t4t.domain.vault import Vault
    from t4t.host.autostart import Autostart
    from t4t.host.resume import AtLogin

_log = logging.getLogger(__name__)

_NAMED: int = 5
"""So many strange files are named."""


@record
class Elsewhere:
    """What is not in the data folder, as a test may have it."""

    keyring: Callable[[str], Vault] = KeyringVault
    at_login: Autostart | None = None
    once_at_login: AtLogin | None = None


def look(data: Path, around: Elsewhere | None = None) -> Removal:
    """What there is; changes nothing, and asks nobody: no agent, no hypervisor."""
    around = around or Elsewhere()
    found = list(removal.pieces(data))
    with contextlib.suppress(T4TError):
        if place := _start(data, around):
            found.append(Piece(part=Part.START, place=place))
    order = list(Part)
    found.sort(key=lambda piece: order.index(piece.part))
    return Removal(
        folder=str(data),
        pieces=tuple(found),
        strange=removal.strange(data),
        machines=tuple(Machine(name=name, hypervisor=kind) for root in removal.roots(data) for kind, name in choice.machines_begun(root)),
        projects=tuple(state.project_name or state.master_url for state in attached(data)),
        chosen=_chosen(data),
    )


def remove(data: Path, keep: Collection[Part], projects: ProjectServices, tell: Callable[[Part], None], around: Elsewhere | None = None) -> Removed:
    """Remove all but what is to be kept (of `KEEPABLE`). ``tell`` hears which part comes next; whatever it raises ends the work between two parts.

    Raises `FolderShared`, `FolderBusy` where something of ours is at work that is not the agent, `MachinesAway` where they are on a disk that is not there, and
    what stands against removing a machine.
    """
    around = around or Elsewhere()
    before = look(data, around)
    if before.strange:
        raise FolderShared(path=str(data), names=", ".join(before.strange[:_NAMED]))
    if not data.is_dir():  # nor is it begun
        tell(Part.START)
        return Removed(freed=0, stayed=tuple(_remove_start(data, around)))
    _check_machines(data)
    keep = frozenset(keep) & frozenset(KEEPABLE)
    tell(Part.PROJECTS)
    untold = _leave(data, projects)
    ending.ask(data)
    stayed: list[Stayed] = []
    with ending.patient(FolderLock(data, ending.LOCKS[0])):
        ending.patient(FolderLock(data, ending.LOCKS[1])).release()  # the VM host has saved; the next one is ours
        closed = _forget_keys(data, around)
        stayed += closed
        tell(Part.MACHINES)
        for root in removal.roots(data):
            asyncio.run(_remove_machines(data, root))
        for part in Part:
            if part in keep or part is Part.START or (closed and part is Part.PROJECTS):  # an account's folder names its key
                continue
            if part not in {Part.PROJECTS, Part.MACHINES}:
                tell(part)
            if part is Part.LOGS:
                _close_log(data)
            stayed += [found for piece in removal.pieces(data) if piece.part is part and (found := removal.remove(Path(piece.place))) is not None]
        tell(Part.START)
        stayed += _remove_start(data, around)
        for root in removal.roots(data):
            _remove_sockets(root)
    if not stayed:
        stayed += removal.finish(data, chosen=_chosen(data))  # not before our lock is free: Windows removes no open file
    after = sum(piece.size for piece in removal.pieces(data))
    return Removed(freed=max(0, before.size() - after), untold=untold, stayed=tuple(stayed))


def _check_machines(data: Path) -> None:
    """They are there, and nobody but the agent has any of them at work."""
    check_place(data)
    for root in removal.roots(data)[1:]:
        with FolderLock(root, ending.LOCKS[1]):
            pass


def _chosen(data: Path) -> bool:
    return data.absolute() != paths.own_data_dir()


# --- projects and keys -----------------------------------------------------------------------------------------------


def _leave(data: Path, projects: ProjectServices) -> tuple[str, ...]:
    """Give their tasks back; the names of projects that could not be told."""
    untold = []
    for state in attached(data):
        try:
            projects.detach(state.master_url, "", force=True)
        except T4TError as error:
            _log.warning("%s could not be left in order: %s", state.master_url, error)
            untold.append(state.project_name or state.master_url)
    return tuple(untold)


def _forget_keys(data: Path, around: Elsewhere) -> list[Stayed]:
    """Entries in the system's keyring: of projects that could not be left in order, and the login of the proxy in use."""
    entries = [f"account {folder.name}" for folder in sorted((data / paths.ATTACHED).glob("*")) if folder.is_dir()]
    stayed = []
    for entry in entries:
        try:
            vault = around.keyring(owner(data))
        except KeyringMissing:
            break  # there is none: the keys were in a file, or in the agent's memory
        try:
            vault.remove(entry)
        except AccountError as error:
            stayed.append(Stayed(place=entry, reason=str(error)))
    with contextlib.suppress(T4TError):  # no proxy, or no keyring: nothing is kept then
        net.ProxyLogins(lambda: around.keyring(net.PROXY_VAULT)).forget(net.proxy_of(net.tree_of(data)))
    return stayed


# --- machines --------------------------------------------------------------------------------------------------------


async def _remove_machines(data: Path, root: Path) -> None:
    for kind in choice.all_begun(root):
        with tempfile.TemporaryDirectory() as scratch:  # the log of the last one, which nobody would find in a folder that goes
            driver = remote(kind, root, log=Path(scratch, "vm-host.log"))
            try:
                for machine in await driver.inspect():
                    await driver.delete(machine.vm_id)
            except HypervisorMissing:
                _log.info("%s is not there any more: of its machines in %s the files are left", kind, data)
            finally:
                await driver.close()


# --- the rest --------------------------------------------------------------------------------------------------------


def _close_log(data: Path) -> None:
    """Our own log is open: Windows removes no open file."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.FileHandler) and Path(handler.baseFilename).is_relative_to(data.absolute()):
            root.removeHandler(handler)
            handler.close()


def _start(data: Path, around: Elsewhere) -> str:
    """Where it is written down that this program starts with this data folder; that of another installation is not ours. Raises `FolderUnwritable`."""
    state = login.autostart_of(data, on=None, at_login=around.at_login)
    return state.place if state.command and not state.other else ""


def _remove_start(data: Path, around: Elsewhere) -> list[Stayed]:
    Resume(data, boot=RealClock().boot(), at_login=around.once_at_login).drop()
    try:
        if _start(data, around):
            login.autostart_of(data, on=False, at_login=around.at_login)
    except T4TError as error:
        return [Stayed(place="", reason=str(error))]
    return []


def _remove_sockets(root: Path) -> None:
    """Where machines and the agent listened, outside of the data folder."""
    folder, socket = runtime_folder(root), endpoint(root)
    if not folder.is_relative_to(root.absolute()):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        socket.unlink()
