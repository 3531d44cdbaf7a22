"""The demo project's upload handler."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from support.demo_rig import begun, demo_rig
from t4t.demo.project.keys import KeyPair, upload_permission
from t4t.demo.project.settings import UPLOAD
from t4t.domain import project_errors as errors
from t4t.project.replies import root_of, upload_reply
from t4t.project.request import write_upload_head

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from t4t.domain.project import FileInfo


async def test_what_arrived_before_a_break_stays(tmp_path: Path) -> None:
    over = asyncio.Event()

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        finally:
            if request.path == UPLOAD:
                over.set()

    async with demo_rig(tmp_path, around=[watch]) as rig:
        task = await begun(rig)
        (info,) = task.outputs
        port = int(rig.project.address.split(":")[2].partition("/")[0])
        head = write_upload_head(info, nbytes=300_000, md5_cksum="0", offset=0)
        _source, out = await asyncio.open_connection("127.0.0.1", port)
        out.write(f"POST {UPLOAD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(head) + 300_000}\r\n\r\n".encode() + head + b"a" * 100_000)
        out.close()
        await over.wait()
        path = rig.folder / "project" / "upload" / info.name
        assert not path.exists() or path.stat().st_size <= 100_000
        path.write_bytes(b"a" * 100_000)
        await rig.volunteer.finish(task, b"a" * 300_000)
        assert path.read_bytes() == b"a" * 300_000


def upload_body(info: FileInfo, upload_key: KeyPair, data: bytes, **lines: object) -> bytes:
    """An upload whose numbers may be wrong, with a signature that is right."""
    max_nbytes = str(lines.get("max_nbytes", info.max_nbytes))
    facts = {"nbytes": len(data), "md5_cksum": "0", "offset": 0} | {name: value for name, value in lines.items() if name != "max_nbytes"}
    signature = upload_key.sign(upload_permission(info.name, max_nbytes))
    head = f"<data_server_request>\n<file_upload>\n<file_info>\n<name>{info.name}</name>\n<xml_signature>\n{signature}\n</xml_signature>\n"
    head += f"<max_nbytes>{max_nbytes}</max_nbytes>\n</file_info>\n" + "".join(f"<{name}>{value}</{name}>\n" for name, value in facts.items())
    return head.encode() + b"<data>\n" + data


@pytest.mark.parametrize(
    ("lines", "status", "message"),
    [
        ({"max_nbytes": 5}, -1, "file size (0 KB) exceeds limit (0 KB)"),
        ({"max_nbytes": "many"}, -1, "bad max_nbytes"),
        ({"nbytes": "-1"}, -1, "bad nbytes"),
        ({"offset": 3}, 1, "file size on server (0) is less than the offset (3)"),
        ({"nbytes": 99}, 1, "short by 89 bytes"),
        ({}, 0, ""),
    ],
)
async def test_uploads_by_the_line(tmp_path: Path, lines: dict[str, object], status: int, message: str) -> None:
    async with demo_rig(tmp_path) as rig:
        info = (await begun(rig)).outputs[0]
        key = KeyPair.kept(rig.folder / "project" / "upload_private.pem")
        reply = await rig.http.post(info.upload_urls[0], upload_body(info, key, b"r" * 10, **lines))
        said = upload_reply(root_of(reply.body, "data_server_reply", kind="data_server_reply"))
        assert (said.status, said.message) == (status, message)


async def test_one_upload_of_a_file_at_a_time(tmp_path: Path) -> None:
    async with demo_rig(tmp_path) as rig:
        info = (await begun(rig)).outputs[0]
        key = KeyPair.kept(rig.folder / "project" / "upload_private.pem")
        body = upload_body(info, key, b"r" * 10)
        path = rig.folder / "project" / "upload" / info.name
        begun_writing, go_on = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield body[:-5]
            begun_writing.set()
            await go_on.wait()
            yield body[-5:]

        first = asyncio.create_task(rig.http.post(info.upload_urls[0], slowly(), length=len(body)))
        await begun_writing.wait()
        while not path.exists():  # noqa: ASYNC110 (the server's doing, on the same loop)
            await asyncio.sleep(0)
        second = await rig.http.post(info.upload_urls[0], body)
        go_on.set()
        assert b"<status>1</status>" in second.body
        assert b"lock file" in second.body
        assert b"<status>0</status>" in (await first).body


@pytest.mark.parametrize(
    ("change", "leaf"),
    [
        ({"name": "../../keys"}, errors.UploadRefused),
        ({"max_nbytes": 10}, errors.UploadRefused),
        ({"name": "t4t_demo_0001_0_r1_0"}, errors.UploadRefused),
        ({"xml_signature": "ab\n."}, errors.UploadRefused),
        ({"xml_signature": ""}, errors.UploadRefused),
    ],
)
async def test_uploads_that_are_refused(tmp_path: Path, change: dict[str, object], leaf: type[Exception]) -> None:
    async with demo_rig(tmp_path) as rig:
        task = await begun(rig)
        result = tmp_path / "r"
        result.write_bytes(b"r" * 10)
        with pytest.raises(leaf):
            await rig.volunteer.uploads.send(replace(task.outputs[0], **change), result)  # type: ignore[arg-type]  # any field
        assert list((rig.folder / "project" / "upload").iterdir()) == []
