"""Another BOINC client on this computer: its accounts, which can be used again, and its work, which would run beside ours. Only read, never touched."""

from __future__ import annotations

import os
import sys
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from t4t.domain.loose_xml import Element, LooseXmlRefused, read_loose
from t4t.domain.record import record

if sys.platform == "win32":
    import winreg

if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST: Final = 8 * 1024 * 1024
_PROGRAMS: Final = frozenset({"boinc", "boinc.exe", "boinc_client", "boinc_client.exe"})
_VIRTUALBOX: Final = "vbox"
"""What BOINC's names of plan classes for VirtualBox have in common."""


@record(kw_only=True)
class OtherProject:
    """A project that the other client is attached to. ``tasks``: held now; ``vm_tasks``: those of them that run in VirtualBox."""

    master_url: str
    name: str = ""
    authenticator: str = field(default="", repr=False)
    user_name: str = ""
    hostid: int = 0
    tasks: int = 0
    vm_tasks: int = 0


@record(kw_only=True)
class OtherClient:
    """Another client's data folder. ``readable`` is false where its accounts can't be read by this user."""

    folder: str
    running: bool
    readable: bool
    host_cpid: str = ""
    projects: tuple[OtherProject, ...] = ()

    def runs_beside(self, master_url: str) -> bool:
        """Whether both would do VirtualBox work for the same project at the same time: twice the memory, and two computers at the project."""
        return self.running and any(project.master_url == master_url for project in self.projects)


def other_clients(folders: Iterable[Path] | None = None, *, running: bool | None = None) -> tuple[OtherClient, ...]:
    """The other clients here; ``folders`` and ``running`` are looked up unless given. Never raises."""
    candidates = default_folders() if folders is None else folders
    found = [folder for folder in dict.fromkeys(candidates) if _is_there(folder)]
    alive = is_running() if running is None and found else bool(running)
    return tuple(_read_client(folder, running=alive) for folder in found)


def _is_there(folder: Path) -> bool:
    """A folder of a client has its state; one that may not be looked into counts."""
    try:
        return (folder / "client_state.xml").exists() or any(folder.glob("account_*.xml"))
    except OSError:
        return True


def is_running() -> bool:
    """Whether a BOINC client runs on this computer."""
    return any((process.info["name"] or "").lower() in _PROGRAMS for process in psutil.process_iter(["name"]))


def _read_client(folder: Path, *, running: bool) -> OtherClient:
    try:
        names = sorted(path for path in folder.glob("account_*.xml") if path.is_file())
    except OSError:
        names = []
    accounts = [(path, _root(path, "account")) for path in names]
    state = _root(folder / "client_state.xml", "client_state")
    known = {_text(project, "master_url"): project for project in (state.all("project") if state else ())}
    tasks, vm_tasks = _tasks(state)
    urls = dict.fromkeys((*known, *(_text(account, "master_url") for _path, account in accounts if account)))
    keys = {_text(account, "master_url"): _text(account, "authenticator") for _path, account in accounts if account}
    projects = []
    for url in filter(None, urls):
        project = known.get(url) or Element("")
        projects.append(
            OtherProject(
                master_url=url,
                name=_text(project, "project_name"),
                authenticator=keys.get(url, ""),
                user_name=_text(project, "user_name"),
                hostid=_number(project, "hostid"),
                tasks=tasks.get(url, 0),
                vm_tasks=vm_tasks.get(url, 0),
            )
        )
    host = next(state.all("host_info"), None) if state else None
    readable = bool(accounts) and all(account is not None for _path, account in accounts)
    return OtherClient(folder=str(folder), running=running, readable=readable, host_cpid=_text(host, "host_cpid"), projects=tuple(projects))


def _tasks(state: Element | None) -> tuple[dict[str, int], dict[str, int]]:
    """Tasks by project: what follows a ``<project>`` in the file belongs to it."""
    tasks: dict[str, int] = {}
    in_machines: dict[str, int] = {}
    url = ""
    for element in state.children if state else ():
        if element.name == "project":
            url = _text(element, "master_url")
        elif element.name == "result":
            tasks[url] = tasks.get(url, 0) + 1
            if _VIRTUALBOX in _text(element, "plan_class"):
                in_machines[url] = in_machines.get(url, 0) + 1
    return tasks, in_machines


def _root(path: Path, name: str) -> Element | None:
    """The root of a file, or None if it can't be read."""
    try:
        with path.open("rb") as file:
            return next(read_loose(file.read(_LARGEST)).descendants(name), None)
    except (OSError, LooseXmlRefused):
        return None


def _text(element: Element | None, name: str) -> str:
    child = element.find(name) if element else None
    return "".join(c for c in child.text[:1000] if c.isprintable()).strip() if child else ""


def _number(element: Element, name: str) -> int:
    text = _text(element, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0  # noqa: PLR2004 (what a 64-bit number holds)


if sys.platform == "win32":

    def default_folders() -> tuple[Path, ...]:
        """Where BOINC's installer put its data, or its default."""
        found = []
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SOFTWARE\Space Sciences Laboratory, U.C. Berkeley\BOINC Setup") as key:
                found.append(Path(str(winreg.QueryValueEx(key, "DATADIR")[0])))
        except OSError:
            pass
        return (*found, Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "BOINC")

elif sys.platform == "darwin":

    def default_folders() -> tuple[Path, ...]:
        """BOINC's one place."""
        return (Path("/Library/Application Support/BOINC Data"),)

else:

    def default_folders() -> tuple[Path, ...]:
        """The places of distributions' packages, and of BOINC's own archive."""
        home = Path(os.environ.get("HOME") or "/nonexistent")
        return (Path("/var/lib/boinc-client"), Path("/var/lib/boinc"), Path("/etc/boinc-client"), home / "BOINC", home / ".boinc-client")
