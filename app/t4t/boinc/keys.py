"""Where account keys are: in memory for this run, in an encrypted file that was agreed to, else in the system's keyring. Nothing moves by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.project_errors import AccountError, KeyFileLocked
from t4t.domain.project_view import Keep
from t4t.storage.secrets import FileVault, KeyringVault, MemoryVault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from t4t.domain.vault import Vault

FILE: Final = "keys.json"


class Keys:
    """All vaults of one data folder as one; methods may wait for a person."""

    def __init__(self, data: Path, folder_id: Callable[[], str], *, keyring: Callable[[str], Vault] = KeyringVault) -> None:
        """Nothing is opened before it is needed; ``folder_id`` tells this data folder's entries in the keyring from others'."""
        self._path = data / FILE
        self._folder_id = folder_id
        self._open_keyring = keyring
        self._memory = MemoryVault()
        self._file: FileVault | None = None
        self.place = Keep.KEYRING

    @property
    def locked(self) -> bool:
        """Whether there is a file that has not been opened."""
        return self._file is None and self._path.exists()

    def unlock(self, passphrase: str) -> None:
        """Open the file, or begin one; raises `PassphraseWrong` or `KeyFileUnreadable`."""
        self._file = FileVault(self._path, passphrase)

    def _keyring(self) -> Vault:
        return self._open_keyring(self._folder_id())

    def get(self, name: str) -> str | None:
        """See `Vault.get`; raises `KeyFileLocked`, `KeyringLocked` or `KeyringMissing` where the key may be in what is closed."""
        for vault in (self._memory, self._file):
            found = vault.get(name) if vault else None
            if found is not None:
                return found
        try:
            found = self._keyring().get(name)
        except AccountError:
            if not self._path.exists():
                raise
            found = None
        if found is None and self.locked:
            raise KeyFileLocked(path=str(self._path))
        return found

    def put(self, name: str, secret: str) -> None:
        """Keep it in `place`; raises what that place raises."""
        match self.place:
            case Keep.RUN:
                self._memory.put(name, secret)
                return
            case Keep.FILE:
                if self._file is None:
                    raise KeyFileLocked(path=str(self._path))
                self._file.put(name, secret)
            case Keep.KEYRING:
                self._keyring().put(name, secret)
        self._memory.remove(name)  # an older one would hide it

    def remove(self, name: str) -> None:
        """Forget it wherever it is; a file that is locked keeps an entry that nothing refers to any more."""
        self._memory.remove(name)
        if self._file is not None:
            self._file.remove(name)
        try:
            self._keyring().remove(name)
        except AccountError:
            if not self._path.exists() and self.place is Keep.KEYRING:
                raise
