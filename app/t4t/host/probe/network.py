"""The way to the project: connection, proxy, whether it costs, and which of the hosts that we are given can be reached.

Only connections are opened, nothing is sent. Nothing is parsed that a system translates.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
import sys
import threading
import urllib.parse
from typing import TYPE_CHECKING, Final, Protocol

import psutil

from t4t.domain.facts import Fact, Network, Reach, certain, likely, unknown
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS: Final = 1.2
"""What a server gets to answer: the doctor must be quick, and a server that takes longer counts as not reached."""
_PROXY_PORTS: Final = {"http": 80, "https": 443, "socks": 1080, "socks4": 1080, "socks5": 1080, "socks5h": 1080}
METERED: Final = {1: True, 2: False, 3: True, 4: False}
"""NetworkManager's NM_METERED_YES, NO, GUESS_YES, GUESS_NO; 0 is unknown."""
_COST_UNRESTRICTED: Final = 1
_COST_FIXED: Final = 2
_COST_VARIABLE: Final = 4


class Connection(Protocol):
    """What the system says of its connection."""

    def online(self) -> bool | None:
        """Whether an interface besides loopback is up and has an address."""
        ...

    def proxies(self) -> Mapping[str, str]:
        """Proxies by scheme, from the environment or the system's settings."""
        ...

    async def metered(self) -> bool | None:
        """Whether the connection costs by volume."""
        ...

    async def reaches(self, host: str, port: int) -> bool:
        """Whether a TCP connection can be opened."""
        ...


@record
class Address:
    """A server of the project."""

    host: str
    port: int


class RealConnection:
    """`Connection` of this computer."""

    def online(self) -> bool | None:
        """See `Connection.online`."""
        try:
            up = {name for name, state in psutil.net_if_stats().items() if state.isup}
            return any(_routable(address.address) for name, addresses in psutil.net_if_addrs().items() if name in up for address in addresses)
        except (OSError, psutil.Error):
            return None

    def proxies(self) -> Mapping[str, str]:
        """See `Connection.proxies`."""
        import urllib.request  # noqa: PLC0415 - 0.1 s that only the doctor needs

        return urllib.request.getproxies()

    if sys.platform == "linux":

        async def metered(self) -> bool | None:
            """NetworkManager's own property, through the system bus; None without it."""
            question = ("get-property", "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager", "org.freedesktop.NetworkManager", "Metered")
            try:
                process = await asyncio.create_subprocess_exec(
                    "busctl", "--json=short", *question, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
                )
            except OSError:
                return None
            try:
                async with asyncio.timeout(_SECONDS):
                    out, _ = await process.communicate()
            except TimeoutError:
                return None
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await asyncio.shield(process.wait())
            return read_metered(out)

    elif sys.platform == "win32":

        async def metered(self) -> bool | None:
            """Windows' own cost of the connection."""
            from t4t.host.probe.windows_api import connection_cost  # noqa: PLC0415 - there is no such module elsewhere

            cost = await asyncio.to_thread(connection_cost)
            return None if cost is None else read_cost(cost)

    else:

        async def metered(self) -> bool | None:
            """MacOS tells it only to those who listen for a while."""
            return None

    async def reaches(self, host: str, port: int) -> bool:
        """See `Connection.reaches`. In a thread that nobody waits for: looking a name up may take far longer than we do, and can't be stopped."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def attempt() -> None:
            try:
                socket.create_connection((host, port), timeout=_SECONDS).close()
            except (OSError, UnicodeError):
                reached = False
            else:
                reached = True
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_settle, answer, reached)

        threading.Thread(target=attempt, name=f"reach {host}", daemon=True).start()
        try:
            async with asyncio.timeout(_SECONDS):
                return await answer
        except TimeoutError:
            return False


def _settle(answer: asyncio.Future[bool], reached: bool) -> None:  # noqa: FBT001 - a callback of the loop
    if not answer.done():
        answer.set_result(reached)


def _routable(text: str) -> bool:
    """Whether an address can carry us somewhere: no loopback, no link-local, no hardware address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local)


def read_cost(cost: int) -> bool | None:
    """NLM_CONNECTION_COST flags: unrestricted, fixed or variable; None where none of them is set."""
    if cost & (_COST_FIXED | _COST_VARIABLE):
        return True
    return False if cost & _COST_UNRESTRICTED else None


def read_metered(answer: bytes) -> bool | None:
    """``busctl``'s JSON of NetworkManager's property."""
    try:
        document = json.loads(answer)
    except ValueError:
        return None
    data = document.get("data") if isinstance(document, dict) else None
    return METERED.get(data) if isinstance(data, int) else None


def proxy_of(proxies: Mapping[str, str]) -> str:
    """The proxy for the project's servers, without user and password; empty if there is none."""
    chosen = next((proxies[scheme] for scheme in ("https", "all", "http", "socks") if proxies.get(scheme)), "")
    if not chosen:
        return ""
    parts = urllib.parse.urlsplit(chosen if "://" in chosen else f"http://{chosen}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if not parts.hostname:
        return ""
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{name}:{port or _PROXY_PORTS.get(parts.scheme, 80)}"


async def look(connection: Connection, hosts: Sequence[Address]) -> Network:
    """The facts; with a proxy it is the proxy that must be reached, since only it knows the way to ``hosts``. No hosts: none are tried."""
    online = connection.online()
    proxy = proxy_of(connection.proxies())
    wanted: Sequence[Address] = hosts
    if proxy and hosts:
        parts = urllib.parse.urlsplit(proxy)
        wanted = (Address(parts.hostname or "", parts.port or 80),)
    metered, *reached = await asyncio.gather(connection.metered(), *(connection.reaches(one.host, one.port) for one in wanted))
    tried = tuple(Reach(one.host, one.port, bool(answer)) for one, answer in zip(wanted, reached, strict=True))
    found: Fact[tuple[Reach, ...]] = certain(tried, "connection") if tried else unknown("not tried")
    return Network(
        online=unknown("interfaces") if online is None else likely(online, "interfaces"),
        proxy=certain(proxy, "system settings"),
        metered=unknown("system") if metered is None else certain(metered, "NetworkManager, INetworkCostManager"),
        hosts=found,
    )
