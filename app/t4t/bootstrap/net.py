"""Connections of a data folder, as its settings say: proxy, its login from the keyring, certificates."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from yarl import URL

from t4t import __version__
from t4t.bootstrap.computer import computer
from t4t.domain.errors import T4TError
from t4t.domain.settings.layers import in_force
from t4t.domain.settings_errors import NoProxySet
from t4t.storage.secrets import KeyringVault
from t4t.storage.settings import SettingsFile, deployment_file, read_deployment
from t4t.transfer.http import Http
from t4t.transfer.proxy import Login, ProxySettings, proxy_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.settings.tree import Transfers, Tree
    from t4t.domain.vault import Vault

_log = logging.getLogger(__name__)

_SOMEWHERE: Final = URL("https://lhcathome.cern.ch/")
"""Where a proxy would be used if any is."""
_ENTRY: Final = "proxy"
PROXY_VAULT: Final = "proxy"
"""The keyring's folder for it: a proxy belongs to the computer and its user, not to one data folder."""


class _Entry(msgspec.Struct, frozen=True):
    user: str
    password: str


def proxy_settings(transfers: Transfers) -> ProxySettings:
    """The proxy that the settings name."""
    return ProxySettings(kind=transfers.proxy, host=transfers.proxy_host, port=transfers.proxy_port)


def http(tree: Tree) -> Http:
    """Connections to servers, as the settings in force say; the keyring is asked when a proxy is used."""
    ca_file = Path(tree.transfers.ca_file).expanduser() if tree.transfers.ca_file else None
    return Http(f"t4t/{__version__}", proxy=proxy_settings(tree.transfers), login_of=ProxyLogins().of, ca_file=ca_file)


def tree_of(data: Path) -> Tree:
    """The settings of a data folder as far as a verb needs them beside an agent: without what projects say, which is nothing of connections."""
    return in_force(computer(data), SettingsFile(data).read(), deployment=read_deployment(deployment_file())[0]).tree


def http_of(data: Path) -> Http:
    """`http` by the settings of a data folder."""
    return http(tree_of(data))


def proxy_of(tree: Tree) -> str:
    """The proxy in use, as it is shown; raises `NoProxySet`."""
    found = proxy_for(_SOMEWHERE, proxy_settings(tree.transfers))
    if found is None:
        raise NoProxySet(way=tree.transfers.proxy.value)
    return found.shown


class ProxyLogins:
    """Logins of proxies in the system's keyring, under the proxy as it is shown."""

    def __init__(self, vault: Callable[[], Vault] = lambda: KeyringVault(PROXY_VAULT)) -> None:
        """Nothing is opened before it is needed."""
        self._vault = vault

    def of(self, proxy: str) -> Login | None:
        """What is kept for it, if anything; without a keyring nothing is. May wait for a person."""
        try:
            kept = self._vault().get(f"{_ENTRY} {proxy}")
            entry = None if kept is None else msgspec.json.decode(kept, type=_Entry)
        except (T4TError, msgspec.DecodeError) as error:
            _log.info("no login for the proxy: %s", type(error).__name__)
            return None
        return None if entry is None else Login(user=entry.user, password=entry.password)

    def keep(self, proxy: str, login: Login) -> None:
        """Keep it; raises `KeyringLocked`, `KeyringMissing` or what else the keyring has against it."""
        self._vault().put(f"{_ENTRY} {proxy}", msgspec.json.encode(_Entry(user=login.user, password=login.password)).decode())

    def forget(self, proxy: str) -> None:
        """Keep none; as `keep`."""
        self._vault().remove(f"{_ENTRY} {proxy}")
