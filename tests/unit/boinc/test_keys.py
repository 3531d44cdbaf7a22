"""Where account keys are, and what happens where they can't be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.boinc.keys import FILE, Keys
from t4t.domain.project_errors import KeyFileLocked, KeyringLocked, KeyringMissing, PassphraseWrong
from t4t.domain.project_view import Keep
from t4t.storage.secrets import MemoryVault

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vault import Vault


def nothing(_folder: str) -> Vault:
    raise KeyringMissing(reason="none")


class Closed:
    """A keyring that nobody unlocks."""

    def get(self, name: str) -> str | None:
        raise KeyringLocked(reason=name)

    def put(self, name: str, secret: str) -> None:
        raise KeyringLocked(reason=f"{name}{len(secret)}")

    def remove(self, name: str) -> None:
        raise KeyringLocked(reason=name)


def keys_in(folder: Path, vault: Vault | None = None) -> Keys:
    return Keys(folder, lambda: "id", keyring=nothing if vault is None else lambda _folder: vault)


def test_the_keyring_is_where_keys_are_kept(tmp_path: Path) -> None:
    vault = MemoryVault()
    keys_in(tmp_path, vault).put("a", "key")
    again = keys_in(tmp_path, vault)
    assert again.get("a") == "key"
    again.remove("a")
    assert again.get("a") is None
    assert not (tmp_path / FILE).exists()


def test_without_a_keyring_nothing_falls_back_by_itself(tmp_path: Path) -> None:
    for keys in (keys_in(tmp_path), keys_in(tmp_path, Closed())):
        with pytest.raises((KeyringMissing, KeyringLocked)):
            keys.put("a", "key")
        with pytest.raises((KeyringMissing, KeyringLocked)):
            keys.get("a")
        with pytest.raises((KeyringMissing, KeyringLocked)):
            keys.remove("a")
    assert list(tmp_path.iterdir()) == []


def test_for_this_run_only(tmp_path: Path) -> None:
    keys = keys_in(tmp_path)
    keys.place = Keep.RUN
    keys.put("a", "key")
    assert keys.get("a") == "key"
    keys.remove("a")
    assert list(tmp_path.iterdir()) == []


def test_a_file_must_be_opened(tmp_path: Path) -> None:
    keys = keys_in(tmp_path)
    keys.place = Keep.FILE
    with pytest.raises(KeyFileLocked):
        keys.put("a", "key")
    keys.unlock("words")
    keys.put("a", "key")
    assert not keys.locked

    again = keys_in(tmp_path)
    assert again.locked
    with pytest.raises(KeyFileLocked):
        again.get("a")
    with pytest.raises(PassphraseWrong):
        again.unlock("other words")
    again.unlock("words")
    assert again.get("a") == "key"
    again.remove("a")
    assert again.get("a") is None
    assert b"key" not in (tmp_path / FILE).read_bytes().replace(b'"', b"")


def test_a_new_key_is_not_hidden_by_an_older_one(tmp_path: Path) -> None:
    vault = MemoryVault()
    keys = keys_in(tmp_path, vault)
    keys.place = Keep.RUN
    keys.put("a", "old")
    keys.place = Keep.KEYRING
    keys.put("a", "new")
    assert keys.get("a") == "new"
