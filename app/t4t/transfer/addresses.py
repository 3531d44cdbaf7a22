"""Which addresses are used, and where a server may send us: https everywhere, http on this computer only."""

from __future__ import annotations

import ipaddress
from typing import Final

from yarl import URL

from t4t.domain.project_errors import AddressRefused, RedirectRefused

_LONGEST: Final = 4000


def is_loopback(host: str | None) -> bool:
    """Whether ``host`` is this computer, by name or number."""
    if host in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address((host or "").strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def checked(address: str) -> URL:
    """``address`` if it may be used; raises `AddressRefused`, which never repeats a login or query."""
    try:
        url = URL(address.strip())
        port = url.port
    except ValueError:
        raise AddressRefused(address="", reason="it is no address") from None
    if len(address) > _LONGEST or not url.host or not port:
        raise AddressRefused(address=shown(url), reason="it is no address")
    if url.user is not None or url.password is not None:
        raise AddressRefused(address=shown(url), reason="it holds a login")
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(url.host)):
        return url.with_fragment(None)
    raise AddressRefused(address=shown(url), reason="only https is used, and http on this computer")


def named_by(origin: str, address: str) -> URL:
    """``address`` as the server of ``origin`` gave it; raises `AddressRefused`, also where a server elsewhere names this computer.

    A project must not make us knock at doors behind which other programs of this computer trust whoever comes from inside.
    """
    url = checked(address)
    if is_loopback(url.host) and not is_loopback(checked(origin).host):
        raise AddressRefused(address=shown(url), reason="a server elsewhere may not send us to this computer")
    return url


def shown(url: URL) -> str:
    """The address for people and logs: no login, no query."""
    bare = url.with_query(None).with_fragment(None)
    return str(bare.with_user(None) if url.host else bare)[:200]


def site(url: URL) -> str:
    """Host and port, for errors."""
    return f"{url.host}:{url.explicit_port}" if url.explicit_port else url.host or ""


def followed(url: URL, location: str, *, any_host: bool) -> URL:
    """Where a redirect leads; raises `RedirectRefused`.

    Never from https to http, never from outside to this computer, and here only to the same port. Another host
    only where nothing secret is sent (``any_host``) and what comes is verified.
    """
    try:
        target = checked(str(url.join(URL(location.strip()))))
    except (AddressRefused, ValueError) as error:
        named = error.address if isinstance(error, AddressRefused) else ""
        raise RedirectRefused(host=site(url), target=named or "no address") from None
    downgrade = url.scheme == "https" and target.scheme != "https"
    inwards = is_loopback(target.host) and (not is_loopback(url.host) or target.port != url.port)
    elsewhere = target.host != url.host and not any_host
    if downgrade or inwards or elsewhere:
        raise RedirectRefused(host=site(url), target=shown(target))
    return target
