"""Uploads to BOINC's file upload handler: ask what it has, send the rest, believe only its status."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, BinaryIO, Final

from t4t.domain.project_errors import ProjectError, ReplyUnreadable, RequestRefused, ServerFailed, TimedOut, Unreachable, UploadPostponed, UploadRefused
from t4t.domain.scheduler_request import UploadedFile
from t4t.durable import to_the_end
from t4t.project.replies import root_of, upload_reply
from t4t.project.request import write_size_query, write_upload_head
from t4t.transfer.intake import measured
from t4t.transfer.limits import Slots

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.domain.project import FileInfo, UploadReply
    from t4t.transfer.http import Http
    from t4t.transfer.limits import Rate

_BLOCK: Final = 256 * 1024
_ALWAYS_WHOLE: Final = 8192
"""Smaller files are sent without asking, as the official client does."""
_NOT_THERE: Final = 404
"""For uploads a passing failure: a handler that is being replaced."""
_REPLY_LIMIT: Final = 64 * 1024


class Uploads:
    """Sends results; several at once, each by one caller."""

    def __init__(self, http: Http, rate: Rate, *, slots: Slots | None = None, project: str = "") -> None:
        """``rate`` limits all uploads together, ``slots`` their number, also for each ``project``."""
        self._http = http
        self._rate = rate
        self._slots = slots or Slots()
        self._project = project

    async def send(self, file: FileInfo, path: Path) -> UploadedFile:
        """Send ``path`` as ``file``, going on where an earlier try ended; what to report of it.

        Raises `UploadRefused` for good, `UploadPostponed` or leaves of the network for later, `OSError` if the file can't be read.
        """
        nbytes, md5, _sha256 = await asyncio.to_thread(measured, path)
        if file.max_nbytes and nbytes > file.max_nbytes:
            raise UploadRefused(file=file.name, message=f"it has {nbytes} bytes, allowed are {file.max_nbytes}")
        failure: ProjectError = UploadRefused(file=file.name, message="no address was given")
        for url in file.upload_urls:
            try:
                async with self._slots.slot(self._project):
                    await self._send_to(url, file, path, nbytes=nbytes, md5=md5)
            except (UploadPostponed, Unreachable, TimedOut, ServerFailed) as error:
                failure = error
            else:
                return UploadedFile(name=file.name, nbytes=nbytes, max_nbytes=file.max_nbytes, md5_cksum=md5, upload_url=url)
        raise failure

    async def _send_to(self, url: str, file: FileInfo, path: Path, *, nbytes: int, md5: str) -> None:
        offset = 0
        if nbytes >= _ALWAYS_WHOLE:
            offset = (await self._ask(url, write_size_query(file.name), file.name)).file_size
            if offset >= nbytes:
                return
        head = write_upload_head(file, nbytes=nbytes, md5_cksum=md5, offset=offset)
        # Not in a thread: who is cancelled meanwhile would not close it. Not in the stream: nobody closes that when a server answers before it has all.
        with path.open("rb") as source:
            source.seek(offset)
            await self._ask(url, self._stream(head, source), file.name, length=len(head) + nbytes - offset)

    async def _stream(self, head: bytes, source: BinaryIO) -> AsyncIterator[bytes]:
        yield head
        while block := await to_the_end(source.read, _BLOCK):
            await self._rate.take(len(block))
            yield block

    async def _ask(self, url: str, body: bytes | AsyncIterator[bytes], name: str, *, length: int | None = None) -> UploadReply:
        try:
            reply = await self._http.post(url, body, length=length, limit=_REPLY_LIMIT)
            said = upload_reply(root_of(reply.body, "data_server_reply", kind="data_server_reply"))
        except ReplyUnreadable as error:
            raise UploadPostponed(file=name, message=error.reason) from error
        except RequestRefused as error:
            kind = UploadPostponed if error.status == _NOT_THERE else UploadRefused
            raise kind(file=name, message=f"status {error.status}") from error
        if said.status is None or said.status > 0:
            raise UploadPostponed(file=name, message=said.message or "no status")
        if said.status < 0:
            raise UploadRefused(file=name, message=said.message)
        return said
