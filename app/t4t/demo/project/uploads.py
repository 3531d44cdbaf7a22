"""The file upload handler: a head line by line, then bytes; what has arrived stays, however the connection ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO, Final

from aiohttp import web

from t4t.demo.project.keys import upload_permission
from t4t.project.request import escape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from t4t.demo.project.keys import KeyPair

_LARGEST_HEAD: Final = 8192
_BLOCK: Final = 64 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_DONE, _LATER, _NEVER = 0, 1, -1


class _Answer(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Uploads:
    """Outputs by their names, in one folder."""

    def __init__(self, folder: Path, key: KeyPair, wanted: Callable[[str], bool]) -> None:
        """``wanted`` says whether a name is the output of a task that was sent."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = key
        self._wanted = wanted
        self._busy: set[str] = set()

    def path(self, name: str) -> Path:
        """Where an output lies, whole or not."""
        return self._folder / name

    async def answer(self, request: web.Request) -> web.Response:
        """One request; always with HTTP status 200."""
        try:
            return self._written(_DONE, await self._taken(request))
        except ConnectionError as error:  # nobody hears this
            return self._written(_LATER, f"    <message>{escape(str(error))}</message>\n")
        except _Answer as error:
            return self._written(error.status, f"    <message>{escape(error.message)}</message>\n")

    @staticmethod
    def _written(status: int, more: str) -> web.Response:
        return web.Response(text=f"<data_server_reply>\n    <status>{status}</status>\n{more}</data_server_reply>\n", content_type="text/plain")

    async def _taken(self, request: web.Request) -> str:
        """What stands in a good reply besides its status."""
        lines: dict[str, str] = {}
        signature: list[str] | None = None
        async for line in _lines(request):
            if line == "<xml_signature>":
                signature = []
            elif signature is not None and "xml_signature" not in lines:
                signature.append(line.partition("<")[0])
                if line.endswith("</xml_signature>"):
                    lines["xml_signature"] = "\n".join(signature)
            elif line == "<data>":
                return await self._data(request, lines)
            elif found := re.fullmatch(r"<(\w+)>(.*)</\1>", line):
                lines[found[1]] = found[2]
        if "get_file_size" in lines:
            path = self.path(self._checked(lines["get_file_size"]))
            return f"    <file_size>{path.stat().st_size if path.exists() else 0}</file_size>\n"
        raise _Answer(_LATER, "no command")

    @staticmethod
    def _checked(name: str) -> str:
        if not _NAME.fullmatch(name) or ".." in name:
            raise _Answer(_NEVER, "Bad filename")
        return name

    async def _data(self, request: web.Request, lines: dict[str, str]) -> str:
        name = self._checked(lines.get("name", ""))
        max_nbytes = lines.get("max_nbytes", "")
        if not self._key.signed(upload_permission(name, max_nbytes), lines.get("xml_signature", "")) or not self._wanted(name):
            raise _Answer(_NEVER, "invalid signature")
        nbytes, offset = _whole(lines, "nbytes"), _whole(lines, "offset")
        if nbytes > _whole(lines, "max_nbytes"):
            raise _Answer(_NEVER, f"file size ({nbytes // 1024} KB) exceeds limit ({int(max_nbytes) // 1024} KB)")
        if name in self._busy:
            raise _Answer(_LATER, f"can't lock file {name}")
        path = self.path(name)
        there = path.stat().st_size if path.exists() else 0
        if offset > there:
            raise _Answer(_LATER, f"file size on server ({there}) is less than the offset ({offset})")
        self._busy.add(name)
        try:
            await self._store(request, path, offset, nbytes)
        finally:
            self._busy.discard(name)
        return ""

    @staticmethod
    async def _store(request: web.Request, path: Path, offset: int, nbytes: int) -> None:
        with _opened(path) as file:
            file.seek(offset)
            left = nbytes - offset
            while left > 0 and (block := await request.content.read(min(left, _BLOCK))):
                file.write(block)
                file.flush()
                left -= len(block)
            file.truncate()
        if left:
            raise _Answer(_LATER, f"short by {left} bytes")


def _opened(path: Path) -> BinaryIO:
    """For writing, with what is there."""
    return path.open("r+b" if path.exists() else "w+b")


def _whole(lines: dict[str, str], name: str) -> int:
    text = lines.get(name, "")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise _Answer(_NEVER, f"bad {name}")
    return int(text)


async def _lines(request: web.Request) -> AsyncIterator[str]:
    """The lines of the head without white space around them, until the data or the end."""
    left = _LARGEST_HEAD
    while left > 0 and (line := await request.content.readline()):
        left -= len(line)
        yield line.decode("utf-8", "replace").strip()
