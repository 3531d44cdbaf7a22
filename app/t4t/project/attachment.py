"""An attached project on disk, its key in the vault: attach, keep, detach."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from typing import TYPE_CHECKING, Final

import msgspec

from t4t.domain.account import key_kind
from t4t.domain.errors import FolderUnwritable
from t4t.domain.file_names import project_folder
from t4t.domain.project_state import ProjectState
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.project import ProjectConfig
    from t4t.domain.vault import Vault

_FILE: Final = "project.json"


def new_cpid() -> str:
    """A random id for this computer: 32 hexadecimal digits that say nothing about it."""
    return secrets.token_hex(16)


class Attachments:
    """The projects that a data folder is attached to, each in a folder with BOINC's name for it. Methods block."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        """``folder`` holds the projects' folders; ``vault`` their keys."""
        self._folder = folder
        self._vault = vault

    def folder(self, master_url: str) -> Path:
        """Where the project's files lie; the guest reads from its name which project it is."""
        return self._folder / project_folder(master_url)

    def attach(self, config: ProjectConfig, key: str, *, host_cpid: str = "") -> ProjectState:
        """Remember project and key; one that is attached already keeps its state and takes the new key.

        Raises `KeyMalformed`, `FolderUnwritable` or what the vault raises; nothing is kept then.
        """
        key_kind(key)
        state = self.load(config.master_url)
        if state is None:
            state = ProjectState(
                master_url=config.master_url, project_name=config.name, web_rpc_url_base=config.web_rpc_url_base, host_cpid=host_cpid or new_cpid()
            )
        self._vault.put(self._entry(state), key)
        try:
            self.save(state)
        except FolderUnwritable:
            self._vault.remove(self._entry(state))
            raise
        return state

    @staticmethod
    def _entry(state: ProjectState) -> str:
        return f"account {project_folder(state.master_url)}"

    def key(self, state: ProjectState) -> str | None:
        """The account's key, or None if the vault does not have it (any more)."""
        return self._vault.get(self._entry(state))

    def save(self, state: ProjectState) -> None:
        """Write the state so that it survives a power cut; raises `FolderUnwritable`."""
        path = self.folder(state.master_url) / _FILE
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, msgspec.json.encode(state))
            path.chmod(0o600)  # the addresses of feeds hold keys
        except OSError as error:
            raise FolderUnwritable(path=str(path.parent), reason=error.strerror or str(error)) from error

    def load(self, master_url: str) -> ProjectState | None:
        """The state of one project, or None if it is not attached or its file is damaged: the scheduler then finds this computer again."""
        return self._read(self.folder(master_url) / _FILE)

    @staticmethod
    def _read(path: Path) -> ProjectState | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=ProjectState)
        except (OSError, msgspec.DecodeError):
            return None

    def all(self) -> tuple[ProjectState, ...]:
        """All attached projects."""
        states = (self._read(path) for path in sorted(self._folder.glob(f"*/{_FILE}")))
        return tuple(state for state in states if state is not None)

    def detach(self, state: ProjectState) -> None:
        """Forget the key, then the project with its files. What is finished should be reported before; what is not is lost."""
        self._vault.remove(self._entry(state))
        folder = self.folder(state.master_url)
        with contextlib.suppress(FileNotFoundError):
            (folder / _FILE).unlink()
        shutil.rmtree(folder, ignore_errors=True)
