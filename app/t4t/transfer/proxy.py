"""Proxies: none, the system's (its settings, or the environment's), or the volunteer's own; HTTP or SOCKS5.

Through a proxy go only https connections, as tunnels; this computer itself is never asked through one. Logins come from a callback (the keyring) or
from the system's setting, and are never shown.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from yarl import URL

from t4t.domain.project_errors import ProxyRefused
from t4t.domain.proxy_kind import ProxyKind
from t4t.domain.record import record
from t4t.transfer.addresses import is_loopback, site

if TYPE_CHECKING:
    from collections.abc import Callable


@record(kw_only=True)
class Login:
    """Name and password for a proxy."""

    user: str = field(repr=False)
    password: str = field(repr=False)


@record(kw_only=True)
class Proxy:
    """One proxy; ``login`` is not part of what it shows."""

    kind: ProxyKind
    host: str
    port: int
    login: Login | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """For people and logs."""
        return f"{self.kind.value}://{self.host}:{self.port}"


@record(kw_only=True)
class ProxySettings:
    """What the volunteer chose; host and port only for an own one."""

    kind: ProxyKind = ProxyKind.SYSTEM
    host: str = ""
    port: int = 0


_SOCKS: Final = frozenset({"socks", "socks5", "socks5h"})
_LONGEST_IN_SOCKS: Final = 255
_HTTP: Final = frozenset({"http", "https"})


def credentials(proxy: Proxy) -> tuple[str, str] | tuple[None, None]:
    """Name and password as `python_socks` takes them; raises `ProxyRefused` for a login that can't be sent.

    For HTTP it sends Latin-1, and proxies expect UTF-8 (RFC 7617, as browsers send it): what is given to it are UTF-8's bytes as letters of Latin-1.
    For SOCKS5 it sends ASCII only, of at most 255 bytes (RFC 1929).
    """
    if proxy.login is None:
        return None, None
    user, password = proxy.login.user, proxy.login.password
    if proxy.kind is ProxyKind.SOCKS5:
        if not (user + password).isascii() or max(len(user), len(password)) > _LONGEST_IN_SOCKS:
            raise ProxyRefused(proxy=proxy.shown, reason="SOCKS5 takes names and passwords of plain letters, at most 255 of them")
        return user, password
    if ":" in user:
        raise ProxyRefused(proxy=proxy.shown, reason="a name with a colon can't be sent to it")
    return user.encode().decode("latin-1"), password.encode().decode("latin-1")


def proxy_for(
    url: URL,
    settings: ProxySettings,
    *,
    system: Callable[[], dict[str, str]] | None = None,
    bypassed: Callable[[str], object] | None = None,
) -> Proxy | None:
    """The proxy for ``url``, with its login where the system knows one, or None to go directly; raises `ProxyRefused` where the volunteer's has no host.

    ``system`` and ``bypassed`` replace what the system says.
    """
    if settings.kind is ProxyKind.NONE or is_loopback(url.host):
        return None
    if settings.kind is ProxyKind.SYSTEM:
        import urllib.request  # noqa: PLC0415 - an agent without a project has no use for it

        return _of_system(url, system or urllib.request.getproxies, bypassed or urllib.request.proxy_bypass)
    own = Proxy(kind=settings.kind, host=settings.host, port=settings.port)
    if not own.host or not own.port:
        raise ProxyRefused(proxy=own.shown, reason="its host and port are not set")
    return own


def _of_system(url: URL, system: Callable[[], dict[str, str]], bypassed: Callable[[str], object]) -> Proxy | None:
    proxies = system()
    named = proxies.get(url.scheme) or proxies.get("all") or ""
    if not named or bypassed(site(url)):
        return None
    try:
        address = URL(named if "://" in named else f"http://{named}")
        port = address.port
    except ValueError:
        return None
    kind = ProxyKind.SOCKS5 if address.scheme in _SOCKS else ProxyKind.HTTP if address.scheme in _HTTP else None
    if kind is None or not address.host:
        return None
    login = Login(user=address.user, password=address.password or "") if address.user else None
    return Proxy(kind=kind, host=address.host, port=port or 1080, login=login)
