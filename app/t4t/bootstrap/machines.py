"""How the app starts a VM host; what that one is made of, `vm_host` knows alone: the agent has none of it in its memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import FolderUnwritable, HypervisorMissing
from t4t.durable import write_atomic
from t4t.hypervisor import choice
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.own import own_program
from t4t.hypervisor.remote import RemoteHypervisor
from t4t.hypervisor.virtualbox import locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.hypervisor.twin import Twin

VM_HOST: Final = "vm-host"
API_WORKER: Final = "vbox-api"
"""Verbs of ours alone."""
KINDS: Final = ("virtualbox", "qemu", "fake")
"""Hypervisors that a VM host has a driver for."""


def host_words(data: Path, kind: str) -> tuple[str, ...]:
    """What a VM host of ``data`` with this kind of hypervisor is started with."""
    return ("--data-dir", str(data), VM_HOST, "--hypervisor", kind)


def host_asked_for(words: Sequence[str]) -> tuple[Path, str] | None:
    """The inverse of `host_words`; None if these are other words."""
    match words:
        case ["--data-dir", data, verb, "--hypervisor", kind] if verb == VM_HOST and kind in KINDS:
            return Path(data), kind
        case _:
            return None


def virtualbox_is_ready() -> bool:
    """Whether VirtualBox is installed and has hardware virtualization, as far as can be seen without starting it."""
    try:
        locate.find(locate.here())
    except HypervisorMissing:
        return False
    return locate.has_hardware()


def owner(data: Path) -> str:
    """The id of the data folder, the mark that our VMs carry; made once."""
    path = data / "id"
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        write_atomic(path, os.urandom(16).hex().encode())  # half an id would make our own VMs strangers
        return path.read_text(encoding="ascii").strip()


def _kind(hypervisor: str, data: Path) -> str:
    return choice.chosen(hypervisor, begun=choice.begun_with(data), virtualbox=hypervisor == choice.AUTO and virtualbox_is_ready())


def programs(hypervisor: str, data: Path) -> tuple[Path, ...]:
    """The files of the hypervisor that is used whose upgrade must be noticed. QEMU's VMs each keep the program that they were started with."""
    if _kind(hypervisor, data) != "virtualbox":
        return ()
    try:
        return (Path(locate.find(locate.here()).manage),)
    except HypervisorMissing:
        return ()


def remote(hypervisor: str, data: Path, *, log: Path, twin: Twin | None = None) -> RemoteHypervisor:
    """The driver of one data folder, in a VM host process of its own (``twin``, if there is one), whose messages go to ``log``.

    Raises `FolderUnwritable`.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderUnwritable(path=str(data), reason=error.strerror or str(error)) from error
    kind = _kind(hypervisor, data)
    command = (*own_program(), *host_words(data, kind))
    return RemoteHypervisor(command, environment=clean_environment(os.environ), log=log, twin=twin)
