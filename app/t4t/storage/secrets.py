"""Keys and passwords: in the system's keyring; without one, for this run only or in a file that the volunteer's passphrase encrypts. Never in clear.

What is kept where is the volunteer's decision: nothing here falls back by itself. The keyring's calls may wait for a person (a prompt), so callers run
them in a thread. The libraries are 11 MB of memory: they are imported where a key is asked for.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from t4t.domain.errors import FolderUnwritable
from t4t.domain.project_errors import KeyFileUnreadable, KeyringLocked, KeyringMissing, PassphraseWrong
from t4t.durable import write_atomic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keyring.backend import KeyringBackend

Answer = TypeVar("Answer")
SERVICE: Final = "Test4Theory Desktop"
_WEAK: Final = ("keyrings.alt.file", "keyring.backends.null", "keyring.backends.fail", "keyring.backends.chainer")
"""Backends that keep nothing, or keep it in clear."""


class MemoryVault:
    """For this run only."""

    def __init__(self) -> None:
        """Empty."""
        self._secrets: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """See `t4t.domain.vault.Vault.get`."""
        return self._secrets.get(name)

    def put(self, name: str, secret: str) -> None:
        """See `t4t.domain.vault.Vault.put`."""
        self._secrets[name] = secret

    def remove(self, name: str) -> None:
        """See `t4t.domain.vault.Vault.remove`."""
        self._secrets.pop(name, None)


class KeyringVault:
    """The system's keyring; each data folder has entries of its own."""

    def __init__(self, folder_id: str, backend: KeyringBackend | None = None) -> None:
        """Raises `KeyringMissing` where the system has none that is safe."""
        self._prefix = folder_id
        self._backend = backend or _safe_backend()

    def get(self, name: str) -> str | None:
        """See `t4t.domain.vault.Vault.get`; raises `KeyringLocked` or `KeyringMissing`."""
        return _asked(lambda: self._backend.get_password(SERVICE, f"{self._prefix}/{name}"))

    def put(self, name: str, secret: str) -> None:
        """See `t4t.domain.vault.Vault.put`; raises `KeyringLocked` or `KeyringMissing`."""
        _asked(lambda: self._backend.set_password(SERVICE, f"{self._prefix}/{name}", secret))

    def remove(self, name: str) -> None:
        """See `t4t.domain.vault.Vault.remove`; raises `KeyringLocked` or `KeyringMissing`."""
        if self.get(name) is not None:
            _asked(lambda: self._backend.delete_password(SERVICE, f"{self._prefix}/{name}"))


def _safe_backend() -> KeyringBackend:
    import keyring  # noqa: PLC0415 - as the module says

    backend = keyring.get_keyring()
    for candidate in getattr(backend, "backends", (backend,)):  # a chain of several: the first that keeps secrets
        if not type(candidate).__module__.startswith(_WEAK):
            return candidate
    raise KeyringMissing(reason="no keyring was found")


def _asked(call: Callable[[], Answer]) -> Answer:
    """The keyring's errors as ours."""
    from keyring.errors import InitError  # noqa: PLC0415 - as the module says
    from keyring.errors import KeyringLocked as Locked  # noqa: PLC0415 - as the module says

    try:
        return call()
    except (Locked, InitError) as error:
        raise KeyringLocked(reason=str(error) or "it stayed locked") from error
    except Exception as error:  # each system's keyring raises what it likes; whatever it is, there is no keyring then
        raise KeyringMissing(reason=str(error) or type(error).__name__) from error


# --- an encrypted file -----------------------------------------------------------------------------------------------

_KEY_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_COST: Final = 2**15
"""scrypt's n: 32 MiB and about a tenth of a second for each guess."""
_HIGHEST_COST: Final = 2**20
_LARGEST: Final = 1024 * 1024


class _Sealed(msgspec.Struct, frozen=True):
    """The file: how the passphrase becomes a key, and what the key opens."""

    format: int
    cost: int
    salt: bytes
    nonce: bytes
    data: bytes


class FileVault:
    """A file that a passphrase opens: AES-GCM, with a key by scrypt. Only where the volunteer asked for it."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Raises `PassphraseWrong` if the file is there and the passphrase does not open it, `KeyFileUnreadable` if it is damaged."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - as the module says
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415 - as the module says

        self._path = path
        sealed = self._read()
        self._cost = sealed.cost if sealed else _COST
        self._salt = sealed.salt if sealed else secrets.token_bytes(_SALT_BYTES)
        key = Scrypt(salt=self._salt, length=_KEY_BYTES, n=self._cost, r=8, p=1).derive(passphrase.encode())
        self._cipher = AESGCM(key)
        self._load()

    def _read(self) -> _Sealed | None:
        try:
            with self._path.open("rb") as file:
                sealed = msgspec.json.decode(file.read(_LARGEST), type=_Sealed)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise KeyFileUnreadable(path=str(self._path), reason=getattr(error, "strerror", None) or "it is damaged") from error
        power = sealed.cost > 1 and sealed.cost & (sealed.cost - 1) == 0
        if sealed.format != 1 or not power or sealed.cost > _HIGHEST_COST or len(sealed.nonce) != _NONCE_BYTES:
            raise KeyFileUnreadable(path=str(self._path), reason="its format is not known")
        return sealed

    def _load(self) -> dict[str, str]:
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as the module says

        sealed = self._read()
        if sealed is None:
            return {}
        try:
            return msgspec.json.decode(self._cipher.decrypt(sealed.nonce, sealed.data, self._salt), type=dict[str, str])
        except (InvalidTag, msgspec.DecodeError) as error:
            raise PassphraseWrong(path=str(self._path)) from error

    def _save(self, entries: dict[str, str]) -> None:
        nonce = os.urandom(_NONCE_BYTES)
        data = self._cipher.encrypt(nonce, msgspec.json.encode(entries), self._salt)
        sealed = _Sealed(format=1, cost=self._cost, salt=self._salt, nonce=nonce, data=data)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._path, msgspec.json.encode(sealed))
            self._path.chmod(0o600)
        except OSError as error:
            raise FolderUnwritable(path=str(self._path.parent), reason=error.strerror or str(error)) from error

    def get(self, name: str) -> str | None:
        """See `t4t.domain.vault.Vault.get`."""
        return self._load().get(name)

    def put(self, name: str, secret: str) -> None:
        """See `t4t.domain.vault.Vault.put`; raises `FolderUnwritable`."""
        self._save(self._load() | {name: secret})

    def remove(self, name: str) -> None:
        """See `t4t.domain.vault.Vault.remove`; raises `FolderUnwritable`."""
        entries = self._load()
        if entries.pop(name, None) is not None:
            self._save(entries)
