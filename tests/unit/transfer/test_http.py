"""Connections: who is trusted, where we are sent, through which proxy, and what never shows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from yarl import URL

from support.certificates import Authority
from support.file_server import FileServer, Raw, Serve, Silence, Status, head
from support.proxies import TunnelProxy
from t4t.domain.project_errors import (
    AddressRefused,
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
from t4t.transfer.addresses import checked, followed, is_loopback, shown, site
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.proxy import Login, Proxy, ProxySettings, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.domain.errors import T4TError

KEY = "0123456789abcdef0123456789abcdef"
QUICK = Timeouts(connect=5, silence=0.5, exchange=5)


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("BOINC client (test 8.2.4)", timeouts=QUICK)
    yield http
    await http.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


async def test_a_small_exchange(http: Http) -> None:
    async with FileServer([Serve(b"reply")]) as server:
        reply = await http.get(f"{server.url}/x.php", query={"email_addr": "a+b@c.example", "user_name": "Zoë & Co"})
        assert (reply.status, reply.body) == (200, b"reply")
        assert server.seen[0].target == "/x.php?email_addr=a%2Bb@c.example&user_name=Zo%C3%AB+%26+Co"
        assert server.seen[0].headers["user-agent"] == "BOINC client (test 8.2.4)"
        await http.get(f"{server.url}/y")
        assert server.seen[1].target == "/y"


async def test_posts_keep_their_body_through_redirects(http: Http) -> None:
    async with FileServer([Status(301, "/cgi"), Status(307, "/cgi2"), Serve(b"ok")]) as server:
        await http.post(f"{server.url}/", b"<x/>")
        assert [(request.method, request.target, request.body) for request in server.seen] == [
            ("POST", "/", b"<x/>"),
            ("POST", "/cgi", b"<x/>"),
            ("POST", "/cgi2", b"<x/>"),
        ]
        assert server.seen[0].headers["content-type"] == "text/xml"
    async with FileServer([Status(303, "/done"), Serve(b"ok")]) as server:
        await http.post(f"{server.url}/", b"<x/>")
        assert [(request.method, request.body) for request in server.seen] == [("POST", b"<x/>"), ("GET", b"")]


async def test_a_stream_is_sent_once(http: Http) -> None:
    async def stream() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"cd"

    async with FileServer([Serve(b"ok"), Status(302, "/x")]) as server:
        await http.post(f"{server.url}/", stream(), length=4)
        assert server.seen[0].body == b"abcd"
        assert "transfer-encoding" not in server.seen[0].headers
        with pytest.raises(RedirectRefused):
            await http.post(f"{server.url}/", stream(), length=4)


async def test_no_cookies(http: Http) -> None:
    async with FileServer([Raw(head(200, Set_Cookie="a=b", Content_Length=0)), Serve(b"ok")]) as server:
        await http.get(server.url)
        await http.get(server.url)
        assert "cookie" not in server.seen[1].headers


@pytest.mark.parametrize(("status", "error"), [(500, ServerFailed), (503, ServerFailed), (404, RequestRefused), (302, RequestRefused)])
async def test_statuses(http: Http, status: int, error: type[T4TError]) -> None:
    async with FileServer([Status(status)]) as server:
        with pytest.raises(error):
            await http.get(server.url)
        assert len(server.seen) == 1


@pytest.mark.parametrize(
    "answer", [Raw(b""), Raw(b"nonsense\r\n\r\n"), Raw(head(200, Content_Length=9) + b"cut"), Raw(head(200, Transfer_Encoding="chunked") + b"zz")]
)
async def test_connections_that_break_are_not_tried_again_by_themselves(http: Http, answer: Raw) -> None:
    async with FileServer([answer]) as server:
        with pytest.raises(Unreachable):
            await http.get(f"{server.url}/lookup_account.php?passwd_hash={KEY}")
        assert len(server.seen) == 1


async def test_slow_and_absent_servers(http: Http) -> None:
    async with FileServer([Silence()]) as server:
        with pytest.raises(TimedOut):
            await http.get(server.url)
        url = server.url
    with pytest.raises(Unreachable, match="refused"):
        await http.get(url)
    with pytest.raises(Unreachable):
        await http.get("https://no-such-host.invalid/")


async def test_a_server_that_drips_for_ever() -> None:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=0.3))
    try:
        async with FileServer([Raw(head(200, Content_Length=9) + b"a")], None) as server:
            server.answers = [Dripping()]
            with pytest.raises(TimedOut):
                await http.get(server.url)
    finally:
        await http.close()


class Dripping(Silence):
    """Sends the head and one byte, and then nothing."""

    async def __call__(self, request: Any, out: Any) -> None:
        out.write(head(200, Content_Length=9) + b"a")
        await super().__call__(request, out)


async def test_replies_have_an_end(http: Http) -> None:
    async with FileServer([Serve(b"x" * 1001)]) as server:
        with pytest.raises(ReplyTooLarge):
            await http.get(server.url, limit=1000)


@pytest.mark.parametrize("target", ["https://127.0.0.1/", "http://localhost/", "file:///etc/passwd", "", "http://[", "http://127.0.0.1:1/"])
async def test_secrets_are_not_carried_elsewhere(http: Http, target: str) -> None:
    async with FileServer([Status(301, target or "//")]) as server:
        with pytest.raises(RedirectRefused):
            await http.post(f"{server.url}/cgi", b"<authenticator>")


async def test_tls_is_verified(http: Http, authority: Authority) -> None:
    ours = Http("test", ca_file=authority.ca, timeouts=QUICK)
    try:
        async with FileServer([Serve(b"ok")], authority.server("127.0.0.1")) as server:
            assert (await ours.get(server.url)).body == b"ok"
            with pytest.raises(TlsRefused):  # the system does not know this authority
                await http.get(server.url)
            assert len(server.seen) == 1
        async with FileServer([Serve(b"ok")], authority.server("elsewhere.example")) as server:
            with pytest.raises(TlsRefused, match="mismatch"):
                await ours.get(server.url)
        async with FileServer([Serve(b"ok")], authority.server("127.0.0.1", expired=True)) as server:
            with pytest.raises(TlsRefused, match="expired"):
                await ours.get(server.url)
            assert server.seen == []
        async with FileServer([Serve(b"ok")]) as server:
            with pytest.raises((TlsRefused, Unreachable, TimedOut)):
                await ours.get(f"https://127.0.0.1:{server.port}/")
        async with FileServer([Status(302, "http://127.0.0.1/x")], authority.server("127.0.0.1")) as server:
            with pytest.raises(RedirectRefused):
                await ours.get(server.url)
    finally:
        await ours.close()


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_an_authority_file_that_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    http = Http("test", ca_file=tmp_path / "ca.pem")
    with pytest.raises(TlsRefused):
        await http.get("https://127.0.0.1:1/")
    await http.close()


@pytest.mark.parametrize("login", [None, ("user", "pass:word")])
@pytest.mark.parametrize("kind", [ProxyKind.HTTP, ProxyKind.SOCKS5])
async def test_proxies(authority: Authority, caplog: pytest.LogCaptureFixture, kind: ProxyKind, login: tuple[str, str] | None) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[str] = []

    def login_of(proxy: str) -> Login | None:
        asked.append(proxy)
        return Login(user=login[0], password=login[1]) if login else None

    async with (
        FileServer([Serve(b"ok")], authority.server("project.example")) as server,
        TunnelProxy(server.port, login, socks=kind is ProxyKind.SOCKS5) as proxy,
    ):
        http = Http("test", ca_file=authority.ca, timeouts=QUICK, proxy=ProxySettings(kind=kind, host="127.0.0.1", port=proxy.port), login_of=login_of)
        assert (await http.get(f"https://project.example/?key={KEY}")).body == b"ok"
        assert proxy.asked == ["project.example:443"]
        assert asked == [f"{kind.value}://127.0.0.1:{proxy.port}"]
        await http.close()
    assert "pass:word" not in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("kind", [ProxyKind.HTTP, ProxyKind.SOCKS5])
async def test_proxies_that_refuse(kind: ProxyKind) -> None:
    async with TunnelProxy(1, ("user", "password"), socks=kind is ProxyKind.SOCKS5) as proxy:
        settings = ProxySettings(kind=kind, host="127.0.0.1", port=proxy.port)
        for login in (None, Login(user="user", password="wrong-one")):  # noqa: S106 (of no use)
            http = Http("test", timeouts=QUICK, proxy=settings, login_of=lambda _proxy, login=login: login)  # type: ignore[misc]  # a default can't be typed
            with pytest.raises(ProxyRefused) as caught:
                await http.get(f"https://project.example/?key={KEY}")
            assert KEY not in str(caught.value)
            assert "wrong-one" not in str(caught.value)
            await http.close()
    http = Http("test", timeouts=QUICK, proxy=settings)
    with pytest.raises(ProxyRefused):  # it is gone
        await http.get("https://project.example/")
    await http.close()


@pytest.mark.parametrize(
    ("kind", "user", "password"), [(ProxyKind.SOCKS5, "me", "päss"), (ProxyKind.SOCKS5, "me", 256 * "p"), (ProxyKind.HTTP, "my:name", "word")]
)
async def test_logins_that_cannot_be_sent(kind: ProxyKind, user: str, password: str) -> None:
    http = Http("test", timeouts=QUICK, proxy=ProxySettings(kind=kind, host="127.0.0.1", port=1), login_of=lambda _proxy: Login(user=user, password=password))
    with pytest.raises(ProxyRefused) as caught:
        await http.get("https://project.example/")
    assert password not in str(caught.value)
    await http.close()


PROJECT = URL("https://project.example/")


def system(proxies: dict[str, str], url: URL = PROJECT, *, bypass: bool = False) -> Proxy | None:
    return proxy_for(url, ProxySettings(), system=lambda: proxies, bypassed=lambda _host: bypass)


def test_the_systems_proxy() -> None:
    assert system({}) is None
    assert system({"http": "http://p:1"}) is None
    assert system({"https": "http://p:3128"}) == Proxy(kind=ProxyKind.HTTP, host="p", port=3128)
    assert system({"https": "p:3128"}) == Proxy(kind=ProxyKind.HTTP, host="p", port=3128)
    assert system({"all": "socks5h://u:w%20x@p"}) == Proxy(kind=ProxyKind.SOCKS5, host="p", port=1080, login=Login(user="u", password="w x"))  # noqa: S106 (of no use)
    assert system({"https": "http://p:3128"}, bypass=True) is None
    assert system({"https": "http://p:3128"}, URL("https://127.0.0.1:9/")) is None
    for nonsense in ("http://[", "gopher://p", "http://:99"):
        assert system({"https": nonsense}) is None
    assert proxy_for(PROJECT, ProxySettings(kind=ProxyKind.NONE), system=lambda: {"https": "http://p:1"}) is None


def test_an_own_proxy_without_a_place() -> None:
    for settings in (ProxySettings(kind=ProxyKind.HTTP, port=1), ProxySettings(kind=ProxyKind.SOCKS5, host="p")):
        with pytest.raises(ProxyRefused):
            proxy_for(PROJECT, settings)
        assert proxy_for(URL("https://127.0.0.1:9/"), settings) is None


async def test_the_way_and_the_login_may_change(authority: Authority) -> None:
    logins = [Login(user="user", password="old"), Login(user="user", password="new")]  # noqa: S106 (of no use)
    async with FileServer([Serve(b"ok"), Serve(b"ok")], authority.server("project.example")) as server, TunnelProxy(server.port, ("user", "new")) as proxy:
        http = Http("test", ca_file=authority.ca, timeouts=QUICK, proxy=ProxySettings(kind=ProxyKind.HTTP), login_of=lambda _proxy: logins.pop(0))
        with pytest.raises(ProxyRefused, match="not set"):
            await http.get("https://project.example/")
        http.use(ProxySettings(kind=ProxyKind.HTTP, host="127.0.0.1", port=proxy.port))
        with pytest.raises(ProxyRefused):
            await http.get("https://project.example/")
        for _ in range(2):  # the one that works is not asked for again
            assert (await http.get("https://project.example/")).body == b"ok"
        assert logins == []
        await http.close()


def test_logins_do_not_show() -> None:
    proxy = Proxy(kind=ProxyKind.HTTP, host="p", port=1, login=Login(user="secret-u", password="secret-p"))  # noqa: S106 (of no use)
    assert "secret" not in repr(proxy) + proxy.shown + repr(proxy.login)


@pytest.mark.parametrize(
    ("address", "wanted"),
    [("https://Project.example/a#b", "https://project.example/a"), ("http://127.0.0.1:80/", "http://127.0.0.1/"), (" http://[::1]:8/ ", "http://[::1]:8/")],
)
def test_addresses_that_are_used(address: str, wanted: str) -> None:
    assert str(checked(address)) == wanted


@pytest.mark.parametrize(
    "address",
    [
        "http://project.example/",
        "http://127.0.0.1.example/",
        "ftp://127.0.0.1/",
        "https://u@h/",
        "x",
        "",
        "https://h:99999/",
        "https://h/" + "x" * 4000,
        "http://0x7f.1/",
    ],
)
def test_addresses_that_are_not(address: str) -> None:
    with pytest.raises(AddressRefused):
        checked(address)


def test_refusals_do_not_repeat_secrets() -> None:
    for address in (f"http://project.example/x?auth={KEY}", f"https://user:{KEY}@project.example/", f"https://h/{'x' * 4000}?{KEY}"):
        with pytest.raises(AddressRefused) as caught:
            checked(address)
        assert KEY not in str(caught.value)
    assert shown(URL("mailto:a@b?c")) == "mailto:a@b"
    assert site(URL("https://h:8/x")) == "h:8"
    assert site(URL("/x")) == ""


def test_where_redirects_may_lead() -> None:
    there = URL("https://project.example/a")
    assert followed(there, "b", any_host=False) == URL("https://project.example/b")
    assert followed(there, "https://mirror.example/b", any_host=True) == URL("https://mirror.example/b")
    assert followed(URL("http://127.0.0.1:8/"), "https://project.example/", any_host=True) == URL("https://project.example/")
    for location in ("https://mirror.example/b", "http://project.example/", "https://127.0.0.1/", "https://localhost/"):
        with pytest.raises(RedirectRefused):
            followed(there, location, any_host=False)
    with pytest.raises(RedirectRefused):
        followed(there, "https://127.0.0.1/", any_host=True)
    with pytest.raises(RedirectRefused):
        followed(URL("http://127.0.0.1:8/"), "http://127.0.0.1:9/", any_host=True)


def test_this_computer() -> None:
    assert all(is_loopback(host) for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"))
    assert not any(is_loopback(host) for host in (None, "", "localhost.example", "10.0.0.1", "0.0.0.0"))  # noqa: S104 (not bound)
