"""The one place that opens connections: TLS always verified, redirects followed by our own rules, no cookies, nothing without a limit.

The system's store of certificates decides (`truststore`), or a file of the volunteer's where a network inspects connections. Errors name the host and
never the path or query, which may hold a key. The libraries are 12 MB of memory: they are imported with the first connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import ssl
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final

from t4t.domain.project_errors import (
    ProjectError,
    ProxyRefused,
    RedirectRefused,
    ReplyTooLarge,
    RequestRefused,
    ServerFailed,
    TimedOut,
    TlsRefused,
    Unreachable,
)
from t4t.domain.proxy_kind import ProxyKind
from t4t.domain.record import record
from t4t.transfer.addresses import checked, followed, site
from t4t.transfer.proxy import Login, Proxy, ProxySettings, credentials, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    import aiohttp
    from yarl import URL

_MOST_REDIRECTS: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_READ_BUFFER: Final = 128 * 1024
"""What a connection that breaks may cost: aiohttp drops what was not read yet."""
REPLY_LIMIT: Final = 8 * 1024 * 1024
"""More than any reply of a scheduler or web page."""


@record(kw_only=True)
class Timeouts:
    """Seconds: for a connection, between two pieces of data, and for a whole small exchange (failed logins alone take five)."""

    connect: float = 30.0
    silence: float = 60.0
    exchange: float = 120.0


@record(kw_only=True)
class Reply:
    """A whole small reply."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    url: str = field(default="", repr=False)


def _no_login(_proxy: str) -> Login | None:
    return None


class Http:
    """Connections of one data folder, kept open for a while, in the event loop that uses them first."""

    def __init__(
        self,
        agent: str,
        *,
        proxy: ProxySettings | None = None,
        login_of: Callable[[str], Login | None] = _no_login,
        ca_file: Path | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Nothing is opened yet; ``ca_file`` replaces the system's store. ``login_of`` gets a proxy as it is shown; asked in a thread, for it may wait."""
        self._agent = agent
        self._proxy = proxy or ProxySettings()
        self._login_of = login_of
        self._ca_file = ca_file
        self._timeouts = timeouts or Timeouts()
        self._sessions: dict[Proxy | None, aiohttp.ClientSession] = {}
        self._logins: dict[str, Login | None] = {}

    def use(self, proxy: ProxySettings) -> None:
        """What is opened from now on goes this way."""
        self._proxy = proxy
        self._logins.clear()

    @property
    def silence(self) -> float:
        """Seconds after which a server that says nothing is given up."""
        return self._timeouts.silence

    async def close(self) -> None:
        """Close all connections."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()

    async def get(self, address: str, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, limit: int = REPLY_LIMIT) -> Reply:
        """GET a small reply; only the same host may be redirected to. Raises leaves of `ProjectError`."""
        url = checked(address)
        async with self.open("GET", url.with_query(query) if query else url, headers=headers) as response:
            return await self._read(response, limit)

    async def post(
        self, address: str, body: bytes | AsyncIterator[bytes], *, length: int | None = None, content_type: str = "text/xml", limit: int = REPLY_LIMIT
    ) -> Reply:
        """POST and read a small reply, as `get`; a stream (with its ``length``) can't be sent twice, so it is not redirected."""
        headers = {"Content-Type": content_type} | ({} if length is None else {"Content-Length": str(length)})
        async with self.open("POST", checked(address), headers=headers, body=body) as response:
            return await self._read(response, limit)

    async def _read(self, response: aiohttp.ClientResponse, limit: int) -> Reply:
        pieces = []
        size = 0
        with translated(response.url, self._timeouts.exchange):
            async with asyncio.timeout(self._timeouts.exchange):
                while piece := await response.content.readany():
                    size += len(piece)
                    if size > limit:
                        raise ReplyTooLarge(host=site(response.url), limit=limit)
                    pieces.append(piece)
        return Reply(status=response.status, body=b"".join(pieces), headers=response.headers, url=str(response.url))

    @contextlib.asynccontextmanager
    async def open(
        self, method: str, url: URL, *, headers: Mapping[str, str] | None = None, body: bytes | AsyncIterator[bytes] | None = None, any_host: bool = False
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response below 400 with its body unread; raises leaves of `ProjectError`. The body comes as it was sent: nothing is decompressed."""
        for _ in range(_MOST_REDIRECTS):
            proxy = await self._proxy_for(url)
            with self._forgets(proxy), translated(url, self._timeouts.silence, proxy):
                session = self._sessions.get(proxy) or self._new_session(proxy)
                response = await session.request(method, url, headers=headers, data=body, allow_redirects=False)
            try:
                if response.status not in _REDIRECTS or "Location" not in response.headers:
                    _judge(url, response.status)
                    yield response
                    return
                target = followed(url, response.headers["Location"], any_host=any_host)
                if body is not None and not isinstance(body, bytes):
                    raise RedirectRefused(host=site(url), target=site(target))
                if response.status == 303:  # noqa: PLR2004 (See Other: the answer lies elsewhere)
                    method, body = "GET", None
                url = target
            finally:
                response.close()
        raise RedirectRefused(host=site(url), target="too many places")

    async def _proxy_for(self, url: URL) -> Proxy | None:
        found = proxy_for(url, self._proxy)
        if found is None or found.login is not None:
            return found
        if found.shown not in self._logins:
            self._logins[found.shown] = await asyncio.to_thread(self._login_of, found.shown)
        return replace(found, login=self._logins[found.shown])

    @contextlib.contextmanager
    def _forgets(self, proxy: Proxy | None) -> Iterator[None]:
        """A login that was refused is asked for anew: there may be another one by then."""
        try:
            yield
        except ProxyRefused:
            self._logins.pop(proxy.shown if proxy else "", None)
            raise

    def _new_session(self, proxy: Proxy | None) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415 - as the module says
        from aiohttp_socks import ProxyConnector, ProxyType  # noqa: PLC0415 - as the module says

        context = self._tls()
        connector: aiohttp.BaseConnector
        if proxy is None:
            connector = aiohttp.TCPConnector(ssl=context)
        else:
            kind = ProxyType.SOCKS5 if proxy.kind is ProxyKind.SOCKS5 else ProxyType.HTTP
            user, password = credentials(proxy)
            connector = ProxyConnector(proxy_type=kind, host=proxy.host, port=proxy.port, username=user, password=password, rdns=True, ssl=context)
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
            raise_for_status=False,
            read_bufsize=_READ_BUFFER,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._timeouts.connect, sock_connect=self._timeouts.connect, sock_read=self._timeouts.silence),
        )
        session._retry_connection = False  # noqa: SLF001 (there is no public switch; aiohttp's test client does the same): a login must not be repeated
        self._sessions[proxy] = session
        return session

    def _tls(self) -> ssl.SSLContext:
        if self._ca_file is None:
            import truststore  # noqa: PLC0415 - as the module says

            return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            return ssl.create_default_context(cafile=str(self._ca_file))
        except (OSError, ssl.SSLError) as error:
            raise TlsRefused(host=self._ca_file.name, reason=_reason(error)) from error


def _judge(url: URL, status: int) -> None:
    if status >= 500:  # noqa: PLR2004 (HTTP's own classes)
        raise ServerFailed(host=site(url), status=status)
    if status >= 300:  # noqa: PLR2004
        raise RequestRefused(host=site(url), status=status)


def _reason(error: BaseException) -> str:
    """What the system says, never what a library says about the address."""
    cause: BaseException | None = error
    while cause:
        said = getattr(cause, "verify_message", "")
        if isinstance(cause, ssl.SSLCertVerificationError) and said:
            return str(said)
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno is not None and cause.errno in errno.errorcode:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return {"ClientConnectorDNSError": "its name is not known", "ServerDisconnectedError": "it hung up", "ClientPayloadError": "the reply was cut off"}.get(
        type(error).__name__, "the connection failed"
    )


@contextlib.contextmanager
def translated(url: URL, seconds: float, proxy: Proxy | None = None) -> Iterator[None]:
    """Libraries' errors as leaves of ours; ``seconds`` is the limit that a timeout means."""
    import aiohttp  # noqa: PLC0415 - as the module says
    from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError  # noqa: PLC0415 - as the module says

    host = site(url)
    try:
        yield
    except ProjectError:
        raise
    except (TimeoutError, ProxyTimeoutError) as error:
        raise TimedOut(host=host, seconds=seconds) from error
    except (ProxyConnectionError, ProxyError) as error:
        raise ProxyRefused(proxy=proxy.shown if proxy else "", reason=str(error)[:200]) from error
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise TlsRefused(host=host, reason=_reason(error)) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unreachable(host=host, reason=_reason(error)) from error
