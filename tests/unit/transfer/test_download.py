"""Downloads against a real server that does everything wrong that servers do."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.file_server import FileServer, Raw, Request, Serve, Silence, Status, head
from t4t.domain.allowance import Allowance
from t4t.domain.errors import FolderUnwritable, NotEnoughDisk, T4TError
from t4t.domain.project_errors import (
    AddressRefused,
    AllowanceUsed,
    ArchiveRefused,
    FileNameRefused,
    FileWrongChecksum,
    FileWrongSize,
    RedirectRefused,
    ReplyTooLarge,
    RequestRefused,
    ServerFailed,
    SignatureInvalid,
    TimedOut,
    Unreachable,
)
from t4t.host.clock import RealClock
from t4t.transfer import download, intake
from t4t.transfer.download import Downloads, Wanted
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.intake import Intake
from t4t.transfer.limits import Rate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.file_server import Answer

PLAIN = random.Random(7).randbytes(3_000_000) + bytes(2_000_000)  # noqa: S311 (no secret, the same each time)
PACKED = gzip.compress(PLAIN, 1, mtime=0)
MD5 = hashlib.md5(PLAIN, usedforsecurity=False).hexdigest()
SHA256 = hashlib.sha256(PLAIN).hexdigest()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def downloads(http: Http, folder: Path, **more: Any) -> Downloads:
    return Downloads(http, folder, rate=Rate(RealClock()), **more)


def plain(server: FileServer, **more: Any) -> Wanted:
    fields: dict[str, Any] = {"name": "f.vdi", "urls": (f"{server.url}/f.vdi",), "nbytes": len(PLAIN), "md5": MD5}
    return Wanted(**fields | more)


def packed(server: FileServer, **more: Any) -> Wanted:
    return plain(server, **{"gzipped_urls": (f"{server.url}/f.vdi.gz",), "gzipped_nbytes": len(PACKED)} | more)


async def fetched(http: Http, folder: Path, wanted: Wanted, **more: Any) -> bytes:
    path = await downloads(http, folder, **more).fetch(wanted)
    assert names(folder) == [wanted.name]  # nothing unfinished stays
    return content(path)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def spoil(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"power cut!")


def content(path: Path) -> bytes:
    return path.read_bytes()


async def test_a_plain_file(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN)]) as server:
        received: list[int] = []
        path = await downloads(http, tmp_path / "new").fetch(plain(server, sha256=SHA256.upper()), received.append)
        assert content(path) == PLAIN
        assert received[-1] == len(PLAIN)
        assert received == sorted(received)
    assert server.seen[0].headers["accept-encoding"] == "identity"
    assert "cookie" not in server.seen[0].headers


@pytest.mark.parametrize("announced", [len(PACKED), 0])
async def test_a_compressed_file_is_unpacked_as_it_comes(http: Http, tmp_path: Path, announced: int) -> None:
    async with FileServer([Serve(PACKED)]) as server:
        assert await fetched(http, tmp_path, packed(server, gzipped_nbytes=announced)) == PLAIN


async def test_a_file_of_several_members(http: Http, tmp_path: Path) -> None:
    two = gzip.compress(PLAIN[:1_500_000]) + gzip.compress(PLAIN[1_500_000:])
    async with FileServer([Serve(two)]) as server:
        assert await fetched(http, tmp_path, packed(server, gzipped_nbytes=len(two))) == PLAIN


async def test_a_file_that_is_there_is_not_fetched_again(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN)]) as server:
        for _ in range(2):
            assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert len(server.seen) == 1
        spoil(tmp_path / "f.vdi", 4_000_000)  # damaged since
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert len(server.seen) == 2
        assert await fetched(http, tmp_path, plain(server, md5="")) == PLAIN
        assert len(server.seen) == 3  # nothing announced: nothing to believe


async def test_a_file_that_tasks_share_is_read_once(http: Http, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def measured(path: Path) -> tuple[int, str, str]:
        read.append(path)
        return intake.measured(path)

    monkeypatch.setattr(download, "measured", measured)
    async with FileServer([Serve(PLAIN)]) as server:
        shared = downloads(http, tmp_path)
        path = await shared.fetch(plain(server))
        await shared.fetch(plain(server))
        assert read == []  # its checksum is known since it came
        with pytest.raises(SignatureInvalid):
            await shared.fetch(plain(server, verify=forged))  # what is known of it is held against what is announced each time
        assert read == []
        path = await shared.fetch(plain(server, sha256=SHA256))
        await shared.fetch(plain(server, sha256=SHA256))
        again = downloads(http, tmp_path)
        for _ in range(2):
            await again.fetch(plain(server))
        assert len(read) == 1
        spoil(path, 4_000_000)
        await again.fetch(plain(server))
        assert (len(read), content(path)) == (2, PLAIN)


def forged(_md5: str) -> None:
    raise SignatureInvalid(file="f.vdi")


@pytest.mark.parametrize("make", [plain, packed])
async def test_a_broken_connection_is_taken_up_again(http: Http, tmp_path: Path, make: Any) -> None:
    whole = PLAIN if make is plain else PACKED
    async with FileServer([Serve(whole, cut=1_200_000), Serve(whole, cut=700_001), Serve(whole)]) as server:
        assert await fetched(http, tmp_path, make(server)) == PLAIN
        first, second, third = (request.offset for request in server.seen)
        assert first == 0 < second <= 1_200_000 < third <= 1_900_001  # what lay unread in a buffer is lost with the connection
        assert [request.headers.get("if-range") for request in server.seen] == [None, '"v1"', '"v1"']


@pytest.mark.parametrize("make", [plain, packed])
async def test_another_run_goes_on_where_the_last_one_ended(http: Http, tmp_path: Path, make: Any) -> None:
    whole = PLAIN if make is plain else PACKED
    async with FileServer([Serve(whole, cut=1_500_000), Raw(b""), Serve(whole)]) as server:
        with pytest.raises(Unreachable):
            await downloads(http, tmp_path).fetch(make(server))
        assert "f.vdi" not in names(tmp_path)
        assert await fetched(http, tmp_path, make(server)) == PLAIN
        assert 0 < server.seen[-1].offset == server.seen[-2].offset <= 1_500_000


@pytest.mark.parametrize("offset", [0, 100_000])
@pytest.mark.parametrize("make", [plain, packed])
async def test_a_part_that_was_spoilt_is_fetched_again(http: Http, tmp_path: Path, make: Any, offset: int) -> None:
    whole = PLAIN if make is plain else PACKED
    async with FileServer([Serve(whole, cut=1_500_000), Raw(b""), Serve(whole)]) as server:
        with pytest.raises(Unreachable):
            await downloads(http, tmp_path).fetch(make(server))
        spoil(tmp_path / (".f.vdi.part" if make is plain else ".f.vdi.gz.part"), offset)
        assert await fetched(http, tmp_path, make(server)) == PLAIN
        assert server.seen[-1].offset == 0


async def test_a_part_of_another_file_is_not_gone_on_with(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN, cut=1_500_000), Raw(b""), Serve(PLAIN)]) as server:
        with pytest.raises(Unreachable):
            await downloads(http, tmp_path).fetch(plain(server))
        assert await fetched(http, tmp_path, plain(server, urls=(f"{server.url}/elsewhere",))) == PLAIN
        assert server.seen[-1].offset == 0


async def test_a_part_that_is_longer_than_was_announced(http: Http, tmp_path: Path) -> None:
    for make, smaller in ((plain, {"nbytes": 1000}), (packed, {"gzipped_nbytes": 1000})):
        async with FileServer([Serve(PLAIN if make is plain else PACKED, cut=1_500_000), Raw(b""), Status(404)]) as server:
            with pytest.raises(Unreachable):
                await downloads(http, tmp_path).fetch(make(server))
            with pytest.raises(RequestRefused):
                await downloads(http, tmp_path).fetch(make(server, **smaller))
            assert server.seen[-1].offset == 0


async def test_what_came_whole_is_not_asked_for_again(http: Http, tmp_path: Path) -> None:
    """As after a power cut between the last byte and the rename."""

    def postponed(_md5: str) -> None:
        raise TimedOut(host="", seconds=0)

    async with FileServer([Serve(PACKED)]) as server:
        with pytest.raises(TimedOut):
            await downloads(http, tmp_path).fetch(packed(server, verify=postponed))
        assert await fetched(http, tmp_path, packed(server)) == PLAIN
        assert len(server.seen) == 1


@pytest.mark.parametrize("note", [b"", b"{}", b'{"url": 1}'])
async def test_a_part_without_its_note_is_not_gone_on_with(http: Http, tmp_path: Path, note: bytes) -> None:
    (tmp_path / ".f.vdi.part").write_bytes(b"junk")
    (tmp_path / ".f.vdi.part.json").write_bytes(note)
    async with FileServer([Serve(PLAIN)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert server.seen[0].offset == 0


async def test_a_part_that_is_longer_than_the_file(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN, cut=1_500_000), Raw(b""), Serve(b"short")]) as server:
        with pytest.raises(Unreachable):
            await downloads(http, tmp_path).fetch(plain(server))
        md5 = hashlib.md5(b"short", usedforsecurity=False).hexdigest()
        assert await fetched(http, tmp_path, plain(server, nbytes=0, md5=md5)) == b"short"
        assert [request.offset > 0 for request in server.seen] == [False, True, True, False]  # the third one had 416


async def test_the_server_has_another_version_now(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(bytes(len(PLAIN)), cut=1_500_000), Serve(PLAIN, etag='"v2"')]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert server.seen[1].offset > 0  # asked for the rest, got everything


async def test_a_server_that_knows_no_ranges(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN, cut=1_500_000), Serve(PLAIN, ranges=False)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN


async def test_a_server_that_sends_another_part(http: Http, tmp_path: Path) -> None:
    other = head(206, Content_Range=f"bytes 5-9/{len(PLAIN)}", Content_Length=5) + b"abcde"
    async with FileServer([Serve(PLAIN, cut=1_500_000), Raw(other), Serve(PLAIN)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert server.seen[-1].offset == 0


async def test_a_weak_mark_is_replaced_by_the_date(http: Http, tmp_path: Path) -> None:
    begun = head(200, Content_Length=len(PLAIN), ETag='W/"v1"', Last_Modified="Sun, 22 Nov 2026 13:30:21 GMT") + PLAIN[:1_500_000]
    async with FileServer([Raw(begun), Serve(PLAIN, ranges=False)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert server.seen[1].headers["if-range"] == "Sun, 22 Nov 2026 13:30:21 GMT"


async def test_a_body_without_length_that_ends_early(http: Http, tmp_path: Path) -> None:
    async with FileServer([Raw(head(200) + PLAIN[:1_500_000]), Serve(PLAIN)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert [request.headers.get("if-range") for request in server.seen] == [None, None]


REFUSED: list[tuple[Any, dict[str, Any], type[T4TError]]] = [
    (Serve(PLAIN[:-1] + b"x"), {}, FileWrongChecksum),
    (Serve(PLAIN), {"sha256": "00" * 32}, FileWrongChecksum),
    (Serve(PLAIN[:-1]), {}, FileWrongSize),
    (Serve(PLAIN + b"x"), {}, FileWrongSize),
    (Raw(head(200) + PLAIN + b"x"), {}, ReplyTooLarge),
    (Serve(PLAIN), {"nbytes": 0, "md5": "00" * 16}, FileWrongChecksum),
]


@pytest.mark.parametrize(("answer", "more", "error"), REFUSED)
async def test_what_is_wrong_does_not_stay(http: Http, tmp_path: Path, answer: Answer, more: dict[str, Any], error: type[T4TError]) -> None:
    async with FileServer([answer]) as server:
        with pytest.raises(error):
            await downloads(http, tmp_path).fetch(plain(server, **more))
        assert names(tmp_path) == []


BOMB = gzip.compress(bytes(200_000_000), 9, mtime=0)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (BOMB, ArchiveRefused),
        (PACKED[:-4], ArchiveRefused),
        (b"no gzip at all" * 10, ArchiveRefused),
        (PACKED[:1_000_000] + b"\xff" * 100 + PACKED[1_000_100:], ArchiveRefused),
        (PACKED + b"trailing nonsense", ArchiveRefused),
        (gzip.compress(PLAIN[:-1]), FileWrongSize),
        (gzip.compress(PLAIN[:-1] + b"x"), FileWrongChecksum),
        (b"", ArchiveRefused),
    ],
)
async def test_archives_that_are_none(http: Http, tmp_path: Path, data: bytes, error: type[T4TError]) -> None:
    async with FileServer([Raw(head(200) + data)]) as server:
        with pytest.raises(error):
            await downloads(http, tmp_path).fetch(packed(server, gzipped_nbytes=0))
        assert names(tmp_path) == []


async def test_an_archive_of_empty_members(http: Http, tmp_path: Path) -> None:
    async with FileServer([Raw(head(200) + gzip.compress(b"") * 100_000)]) as server:
        with pytest.raises(ReplyTooLarge):
            await downloads(http, tmp_path).fetch(packed(server, gzipped_nbytes=0, nbytes=1000))
        assert names(tmp_path) == []


async def test_a_wrong_signature(http: Http, tmp_path: Path) -> None:
    def verify(md5: str) -> None:
        assert md5 == MD5
        raise SignatureInvalid(file="f.vdi")

    async with FileServer([Serve(PACKED)]) as server:
        with pytest.raises(SignatureInvalid):
            await downloads(http, tmp_path).fetch(packed(server, md5="", verify=verify))
        assert names(tmp_path) == []


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", "", ".", "..", ".hidden", "a%2fb", "c:x", "CON", "nul.txt", "x.", "x ", "-rf", "a..b", "é", "a\nb", "x" * 201]
)
async def test_hostile_names(http: Http, tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNameRefused):
        await downloads(http, tmp_path).fetch(Wanted(name=name, urls=("https://project.example/f",)))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://127.0.0.1/f", "http://project.example/f", "https://u:p@project.example/f", "", "https://", "https://[::x/"]
)
async def test_hostile_addresses(http: Http, tmp_path: Path, address: str) -> None:
    with pytest.raises(AddressRefused):
        await downloads(http, tmp_path).fetch(Wanted(name="f", urls=(address,)))


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/f", "http://project.example/f", "http://127.0.0.1:1/f", "gopher:x", "http://u:p@127.0.0.1/"]
)
async def test_redirects_to_other_places(http: Http, tmp_path: Path, target: str) -> None:
    async with FileServer([Status(302, target)]) as server:
        with pytest.raises(RedirectRefused):
            await downloads(http, tmp_path).fetch(plain(server))


async def test_redirects_on_the_same_server(http: Http, tmp_path: Path) -> None:
    async with FileServer([Status(302, "/there"), Status(301, "here"), Serve(PLAIN)]) as server:
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert [request.target for request in server.seen] == ["/f.vdi", "/there", "/here"]
    async with FileServer([Status(302, "/again")]) as server:
        with pytest.raises(RedirectRefused, match="too many"):
            await downloads(http, tmp_path).fetch(plain(server, name="g"))


async def test_the_next_address_is_tried(http: Http, tmp_path: Path) -> None:
    async with FileServer([Status(404)]) as broken, FileServer([Serve(PLAIN)]) as good:
        assert await fetched(http, tmp_path, plain(good, urls=(f"{broken.url}/x", f"{good.url}/x"))) == PLAIN


@pytest.mark.parametrize(
    ("first", "second", "error"), [(404, 404, RequestRefused), (404, 503, ServerFailed), (503, 404, ServerFailed), (500, 503, ServerFailed)]
)
async def test_a_failure_that_may_pass_is_told(http: Http, tmp_path: Path, first: int, second: int, error: type[T4TError]) -> None:
    async with FileServer([Status(first), Status(second)]) as server:
        with pytest.raises(error):
            await downloads(http, tmp_path).fetch(plain(server, urls=(f"{server.url}/1", f"{server.url}/2")))


async def test_no_address_at_all(http: Http, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="no address"):
        await downloads(http, tmp_path).fetch(Wanted(name="f"))


async def test_a_silent_server(tmp_path: Path) -> None:
    http = Http("test", timeouts=Timeouts(connect=5, silence=0.2, exchange=5))
    try:
        async with FileServer([Silence()]) as server:
            with pytest.raises(TimedOut):
                await downloads(http, tmp_path).fetch(plain(server))
    finally:
        await http.close()


async def test_a_connection_that_breaks_for_ever(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN, cut=700_000)]) as server:
        with pytest.raises(Unreachable):
            await downloads(http, tmp_path).fetch(plain(server))
        assert len(server.seen) == 6
        assert await fetched(http, tmp_path, plain(server)) == PLAIN  # the next try has the rest in reach
        assert server.seen[6].offset > server.seen[5].offset > 2_000_000


async def test_too_little_disk(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN)]) as server:
        with pytest.raises(NotEnoughDisk):
            await downloads(http, tmp_path).fetch(plain(server, nbytes=1 << 60))
        assert server.seen == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk(http: Http, tmp_path: Path) -> None:
    (tmp_path / ".f.vdi.part").symlink_to("/dev/full")
    async with FileServer([Serve(PLAIN)]) as server:
        with pytest.raises(NotEnoughDisk):
            await downloads(http, tmp_path).fetch(plain(server))
    (tmp_path / ".g.part").symlink_to("/dev/full")
    intake = Intake(tmp_path, "g", gzipped=False, limit=9, sha256=False)
    intake.restart()
    intake.take(b"x")
    intake.close()  # it is told when the file is finished, not here


async def test_a_folder_that_can_not_be_made(http: Http, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    async with FileServer([Serve(PLAIN)]) as server:
        with pytest.raises(FolderUnwritable):
            await downloads(http, tmp_path / "file").fetch(plain(server))
        (tmp_path / ".f.vdi.part").mkdir()
        with pytest.raises(FolderUnwritable):
            await downloads(http, tmp_path).fetch(plain(server))


async def test_the_allowance_stops_and_goes_on_later(http: Http, tmp_path: Path) -> None:
    day = [0.0]
    allowance = Allowance(limit_mib=2, period_days=1)
    async with FileServer([Serve(PLAIN)]) as server:
        with pytest.raises(AllowanceUsed):
            await downloads(http, tmp_path, allowance=allowance, now=lambda: day[0]).fetch(plain(server))
        day[0] = 86400.0
        allowance.limit_mib = 100
        assert await fetched(http, tmp_path, plain(server), allowance=allowance, now=lambda: day[0]) == PLAIN
        assert server.seen[1].offset >= 2 * 1024 * 1024


class Gate:
    """Lets nobody through before two have come, and counts how many are inside."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.two = asyncio.Event()

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == 2:
            self.two.set()
        await self.two.wait()
        await Serve(b"x")(request, out)
        self.inside -= 1


async def test_two_at_once_for_a_project(http: Http, tmp_path: Path) -> None:
    gate = Gate()
    async with FileServer([gate]) as server:
        ours = downloads(http, tmp_path)
        await asyncio.gather(*(ours.fetch(Wanted(name=f"f{n}", urls=(f"{server.url}/{n}",), nbytes=1)) for n in range(6)))
        assert (gate.most, len(server.seen)) == (2, 6)


class Stopped:
    """A clock whose sleepers wait for ever, and tell that they do."""

    def __init__(self) -> None:
        self.asleep = asyncio.Event()

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await asyncio.Event().wait()


async def test_a_cancelled_download_goes_on_later(http: Http, tmp_path: Path) -> None:
    async with FileServer([Serve(PLAIN)]) as server:
        clock = Stopped()
        task = asyncio.create_task(Downloads(http, tmp_path, rate=Rate(clock, 1.0)).fetch(plain(server)))
        await clock.asleep.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await fetched(http, tmp_path, plain(server)) == PLAIN
        assert server.seen[1].offset > 0


def test_nothing_is_verified_by_nothing() -> None:
    download._nothing("")
    assert Request("GET", "/", {}, b"").offset == 0
