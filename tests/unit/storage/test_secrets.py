"""Secrets: in a real Secret Service, in memory, in an encrypted file; never in clear."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import msgspec
import pytest

from support.keyring_session import IS_HERE, in_session
from t4t.domain.errors import FolderUnwritable
from t4t.domain.project_errors import KeyFileUnreadable, KeyringLocked, KeyringMissing, PassphraseWrong
from t4t.domain.vault import Vault
from t4t.storage.logs import RedactingFormatter
from t4t.storage.secrets import FileVault, KeyringVault, MemoryVault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "0123456789abcdef0123456789abcdef"


def use(vault: Vault) -> None:
    """What every vault must do."""
    assert isinstance(vault, Vault)
    assert vault.get("project") is None
    vault.remove("project")
    vault.put("project", KEY)
    vault.put("proxy", "päss wörd")
    assert (vault.get("project"), vault.get("proxy")) == (KEY, "päss wörd")
    vault.put("project", "new")
    assert vault.get("project") == "new"
    vault.remove("project")
    assert (vault.get("project"), vault.get("proxy")) == (None, "päss wörd")
    vault.remove("proxy")


def test_memory() -> None:
    use(MemoryVault())


def test_an_encrypted_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "keys"
    use(FileVault(path, "open sesame"))
    FileVault(path, "open sesame").put("project", KEY)
    assert FileVault(path, "open sesame").get("project") == KEY
    data = path.read_bytes()
    assert KEY.encode() not in data
    assert b"project" not in data
    assert path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    with pytest.raises(PassphraseWrong):
        FileVault(path, "open sesam")


@pytest.mark.parametrize(
    "change",
    [{"format": 2}, {"cost": 3}, {"cost": 1}, {"cost": 2**40}, {"nonce": "AAAA"}],
)
def test_a_file_of_another_format(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "keys"
    FileVault(path, "p").put("a", "b")
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | change))
    with pytest.raises(KeyFileUnreadable):
        FileVault(path, "p")


def test_damaged_files(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"{")
    with pytest.raises(KeyFileUnreadable):
        FileVault(path, "p")
    with pytest.raises(KeyFileUnreadable):
        FileVault(tmp_path, "p")
    path.unlink()
    FileVault(path, "p").put("a", "b")
    content = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(content | {"data": content["data"][:-4] + "AAAA"}))
    with pytest.raises(PassphraseWrong):
        FileVault(path, "p")
    path.unlink()
    vault = FileVault(path, "p")
    (tmp_path / "file").write_bytes(b"")
    vault._path = tmp_path / "file" / "keys"
    with pytest.raises((FolderUnwritable, KeyFileUnreadable)):
        vault.put("a", "b")
    blocked = FileVault(tmp_path / "file2" / "keys", "p")
    (tmp_path / "file2").symlink_to("/proc/self/no-such-folder")
    with pytest.raises(FolderUnwritable):
        blocked.put("a", "b")


class Broken(keyring.backend.KeyringBackend):
    """Raises what keyrings of real systems raise."""

    priority = 0.1

    def __init__(self, error: Exception) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error

    def set_password(self, service: str, username: str, password: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "leaf"),
    [
        (keyring.errors.KeyringLocked("locked"), KeyringLocked),
        (keyring.errors.InitError("Prompt dismissed"), KeyringLocked),
        (keyring.errors.InitError(), KeyringLocked),
        (keyring.errors.NoKeyringError("none"), KeyringMissing),
        (keyring.errors.PasswordSetError("can't"), KeyringMissing),
        (ConnectionResetError(), KeyringMissing),
    ],
)
def test_keyrings_that_refuse(error: Exception, leaf: type[Exception]) -> None:
    vault = KeyringVault("id", Broken(error))
    with pytest.raises(leaf):
        vault.get("a")
    with pytest.raises(leaf):
        vault.put("a", "b")
    with pytest.raises(leaf):
        vault.remove("a")


@pytest.fixture
def another_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


class Good(keyring.backend.KeyringBackend):
    """Keeps passwords in a dictionary."""

    priority = 0.1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.mark.usefixtures("another_keyring")
def test_only_safe_keyrings_are_used() -> None:
    for weak in (keyring.backends.fail.Keyring, keyring.backends.null.Keyring):
        keyring.set_keyring(weak())
        with pytest.raises(KeyringMissing):
            KeyringVault("id")
    good = Good()
    keyring.set_keyring(good)
    use(KeyringVault("id"))
    KeyringVault("one").put("a", "1")
    assert KeyringVault("two").get("a") is None  # each data folder has its own


_REAL = """
import sys
from t4t.storage.secrets import KeyringVault
from unit.storage.test_secrets import use
vault = KeyringVault("id")
print(type(vault._backend).__module__)
use(vault)
vault.put("project", "x" * 32)
sys.stdout.flush()
if "lock" in sys.argv:
    import secretstorage
    from t4t.domain.project_errors import KeyringLocked
    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
    try:
        vault.get("project")
    except KeyringLocked:
        print("locked")
"""


@pytest.mark.skipif(not IS_HERE, reason="needs gnome-keyring")
def test_a_real_secret_service(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_REAL)
    done = in_session(tmp_path, script, "lock")
    assert done.stdout.splitlines() == ["keyring.backends.SecretService", "locked"], done.stderr
    assert not any(b"x" * 32 in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".keyring")


def test_logs_without_secrets() -> None:
    formatter = RedactingFormatter("%(name)s %(message)s", lambda: frozenset({"päss wörd"}))
    try:
        int(f"GET /x?account_key={KEY}")
    except ValueError:
        record = logging.LogRecord("t4t", logging.ERROR, "", 0, "login %s with %s", (KEY, "päss wörd"), sys.exc_info())
    line = formatter.format(record)
    assert KEY not in line
    assert "päss wörd" not in line
    assert line.startswith("t4t login [hidden] with [hidden]\nTraceback")
