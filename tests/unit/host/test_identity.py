"""Whose computer this is."""

from __future__ import annotations

import getpass
import os
import pwd
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from t4t.host import identity

if TYPE_CHECKING:
    import pytest


def test_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERNAME", "somebody")
    monkeypatch.setenv("COMPUTERNAME", "THEIR-PC")
    found = identity.known()
    assert pwd.getpwuid(os.getuid()).pw_name in found.users
    assert "somebody" in found.users
    assert {socket.gethostname(), "THEIR-PC"} <= set(found.hosts)
    assert str(Path.home()) in found.homes
    assert all(found.users + found.people + found.hosts + found.homes)


def test_an_account_that_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> object:
        raise KeyError("uid not found")

    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    monkeypatch.setattr(getpass, "getuser", lambda: nobody(0))
    monkeypatch.setattr(Path, "home", no_home)
    for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    found = identity.known()
    assert (found.users, found.people, found.homes) == ((), (), ())
    assert found.hosts
