"""Connections as the settings of a data folder say, and the logins of proxies in a keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from t4t.bootstrap.net import ProxyLogins, proxy_of, tree_of
from t4t.bootstrap.services import Services
from t4t.domain.project_errors import KeyringMissing
from t4t.domain.proxy_kind import ProxyKind
from t4t.domain.settings.tree import Transfers, Tree
from t4t.domain.settings_errors import NoProxySet
from t4t.storage.secrets import MemoryVault
from t4t.transfer.proxy import Login

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.domain.vault import Vault

PROXY = "http://proxy.example:3128"
LOGIN = Login(user="me", password="open sesame")  # noqa: S106 (of no use)


def _settings(data: Path, *lines: str) -> None:
    (data / "settings.toml").write_text("\n".join(("[transfers]", *lines)), encoding="utf-8")


def test_the_proxy_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _settings(tmp_path, 'proxy = "http"', 'proxy_host = "proxy.example"', "proxy_port = 3128")
    assert tree_of(tmp_path).transfers == Transfers(proxy=ProxyKind.HTTP, proxy_host="proxy.example", proxy_port=3128)
    assert Services(tmp_path).proxy() == PROXY
    _settings(tmp_path, 'proxy = "none"')
    monkeypatch.setenv("https_proxy", PROXY)
    with pytest.raises(NoProxySet):
        Services(tmp_path).proxy()
    assert proxy_of(Tree()) == PROXY  # the system's


def test_logins() -> None:
    vault = MemoryVault()
    logins = ProxyLogins(lambda: vault)
    assert logins.of(PROXY) is None
    logins.keep(PROXY, LOGIN)
    assert logins.of(PROXY) == LOGIN
    assert logins.of("socks5://proxy.example:1080") is None
    logins.forget(PROXY)
    assert logins.of(PROXY) is None


def test_an_entry_that_is_none(caplog: pytest.LogCaptureFixture) -> None:
    vault = MemoryVault()
    vault.put(f"proxy {PROXY}", '{"user": "open sesame"')
    assert ProxyLogins(lambda: vault).of(PROXY) is None
    assert "sesame" not in caplog.text


def test_no_keyring() -> None:
    def none() -> Vault:
        raise KeyringMissing(reason="none")

    logins = ProxyLogins(none)
    assert logins.of(PROXY) is None
    with pytest.raises(KeyringMissing):
        logins.keep(PROXY, LOGIN)
    with pytest.raises(KeyringMissing):
        logins.forget(PROXY)
