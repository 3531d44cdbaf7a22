"""Uploads to a handler on loopback that is as strict as BOINC's, and breaks down as it may."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from support.file_server import FileServer, Raw, Serve, Status, head
from t4t.domain.project import FileInfo
from t4t.domain.project_errors import ServerFailed, Unreachable, UploadPostponed, UploadRefused
from t4t.domain.scheduler_request import UploadedFile
from t4t.host.clock import RealClock
from t4t.project.upload import Uploads
from t4t.transfer.http import Http, Timeouts
from t4t.transfer.limits import Rate
from unit.project.recorded import FOLDER

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.file_server import Request

DATA = random.Random(5).randbytes(1_000_000)  # noqa: S311 (no secret, the same each time)
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
SIGNATURE = "ab" * 32 + "\n."


@dataclass
class Handler:
    """Keeps what it gets; every line must be where BOINC's own handler looks for it."""

    have: dict[str, bytes] = field(default_factory=dict)

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        reply = f"<data_server_reply>\n{self._reply(request.body)}</data_server_reply>\n".encode()
        out.write(head(200, Content_Length=len(reply), Content_Type="text/plain") + reply)

    def _reply(self, body: bytes) -> str:
        lines, found, data = body.partition(b"<data>\n")
        text = [line.strip() for line in lines.decode().splitlines()]
        assert text[0] == "<data_server_request>"
        if not found:
            name = text[4].removeprefix("<get_file_size>").removesuffix("</get_file_size>")
            return f"    <status>0</status>\n    <file_size>{len(self.have.get(name, b''))}</file_size>\n"
        values = {line.partition(">")[0][1:]: line.partition(">")[2].rpartition("</")[0] for line in text if line.endswith(">")}
        assert text[text.index("<xml_signature>") + 1 : text.index("</xml_signature>")] == SIGNATURE.split("\n")
        assert values["max_nbytes"] == "100000000"
        earlier = self.have.get(values["name"], b"")
        if int(values["offset"]) > len(earlier):
            return "    <status>1</status>\n    <message>offset too large</message>\n"
        self.have[values["name"]] = earlier[: int(values["offset"])] + data
        assert len(self.have[values["name"]]) == int(values["nbytes"])
        return "    <status>0</status>\n"


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    http = Http("test", timeouts=Timeouts(connect=5, silence=5, exchange=5))
    yield http
    await http.close()


def wanted(*urls: str) -> FileInfo:
    return FileInfo(name="r_0", max_nbytes=100000000, xml_signature=SIGNATURE, upload_urls=urls)


async def send(http: Http, path: Path, *urls: str) -> UploadedFile:
    return await Uploads(http, Rate(RealClock())).send(wanted(*urls), path)


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "output"
    path.write_bytes(DATA)
    return path


async def test_a_result_arrives(http: Http, result: Path) -> None:
    handler = Handler()
    async with FileServer([handler]) as server:
        sent = await send(http, result, server.url)
        assert sent == UploadedFile(name="r_0", nbytes=len(DATA), max_nbytes=100000000, md5_cksum=MD5, upload_url=server.url)
        assert handler.have == {"r_0": DATA}
        assert len(server.seen) == 2
        await send(http, result, server.url)
        assert len(server.seen) == 3  # it is there: only asked


async def test_the_rest_of_a_result(http: Http, result: Path) -> None:
    handler = Handler({"r_0": DATA[:700_000]})
    async with FileServer([handler]) as server:
        await send(http, result, server.url)
        assert handler.have == {"r_0": DATA}
        assert len(server.seen[1].body) < 301_000


async def test_small_results_are_not_asked_for(http: Http, tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"tiny")
    handler = Handler()
    async with FileServer([handler]) as server:
        await send(http, path, server.url)
        assert (handler.have, len(server.seen)) == ({"r_0": b"tiny"}, 1)


def recorded(name: str) -> Raw:
    return Raw((FOLDER / f"upload.{name}.response").read_bytes())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (recorded("bad_signature"), UploadRefused),
        (recorded("too_big"), UploadRefused),
        (recorded("no_command"), UploadPostponed),
        (Status(404), UploadPostponed),
        (Status(400 + 16), UploadRefused),
        (Status(503), ServerFailed),
        (Serve(b"<html>a proxy's page"), UploadPostponed),
        (Serve(b"<data_server_reply></data_server_reply>"), UploadPostponed),
        (Raw(b""), Unreachable),
    ],
)
async def test_refusals(http: Http, result: Path, answer: Raw, error: type[Exception]) -> None:
    async with FileServer([answer]) as server:
        with pytest.raises(error):
            await send(http, result, server.url)


async def test_a_server_that_hangs_up_amid_the_data(http: Http, result: Path) -> None:
    async with FileServer([Handler()], body_limit=300_000) as server:
        with pytest.raises(Unreachable):
            await send(http, result, server.url)


async def test_the_next_address(http: Http, result: Path) -> None:
    handler = Handler()
    async with FileServer([Status(503)]) as broken, FileServer([handler]) as server:
        assert (await send(http, result, broken.url, server.url)).upload_url == server.url
    with pytest.raises(UploadRefused, match="no address"):
        await send(http, result)


async def test_a_result_that_is_too_large_is_not_sent(http: Http, result: Path) -> None:
    with pytest.raises(UploadRefused, match="allowed are 5"):
        await Uploads(http, Rate(RealClock())).send(FileInfo(name="r", max_nbytes=5, upload_urls=("http://127.0.0.1:1/",)), result)
