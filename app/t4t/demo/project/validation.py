"""Is a result what its runspec gives? It is read strictly and, where the appliance's tree is at hand, computed again here and compared bit by bit."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from t4t.domain.errors import OutputUnreadable
from t4t.guest.yoda import MAX_UNPACKED_BYTES, read_result
from t4t.storage import appliance

if TYPE_CHECKING:
    from collections.abc import Iterable

_MULTIARCH: Final = "x86_64-linux-gnu"
_TUNABLES: Final = "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX"
"""The variant of the mathematical library that the guest uses."""
_SECONDS: Final = 600.0
_MOST_EVENTS: Final = 2000
"""A job of more events is not computed again."""
_RUNSPEC: Final = 11


class Judge(Protocol):
    """Says why a result is wrong, or nothing."""

    async def __call__(self, runspec: str, result: Path) -> str:
        """The reason in a few words; empty: it is right."""
        ...


def leaked(secrets: Iterable[str], texts: Iterable[bytes]) -> bool:
    """Whether one of ``secrets`` stands in what came from a guest or its log, compressed or not."""
    for text in texts:
        plain = _unpacked(text)
        if any(secret.encode() in text or secret.encode() in plain for secret in secrets if secret):
            return True
    return False


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=32 + zlib.MAX_WBITS).decompress(data, MAX_UNPACKED_BYTES)
    except zlib.error:
        return b""


class Physics:
    """The judge of real results."""

    def __init__(self, folder: Path, *, seconds: float = _SECONDS) -> None:
        """``folder`` is the appliance's; its ``tree`` need not be there. A computation that takes longer than ``seconds`` is ended."""
        self._folder = folder.resolve()
        self._seconds = seconds

    @property
    def can_compute(self) -> bool:
        """Whether jobs can be computed again: the tree holds Linux programs for x86-64."""
        return sys.platform == "linux" and platform.machine() == "x86_64" and (self._folder / "tree").is_dir()

    async def __call__(self, runspec: str, result: Path) -> str:
        """See `Judge`."""
        try:
            archive = await asyncio.to_thread(read_result, result)
        except OutputUnreadable as error:
            return f"the result can't be read: {error.reason}"
        words = runspec.split()
        if len(words) != _RUNSPEC or archive.job.get("events") != int(words[-2]) or archive.job.get("seed") != int(words[-1]):
            return "it is the result of another job"
        if not archive.histograms:
            return "the result is empty"
        if not self.can_compute or int(words[-2]) > _MOST_EVENTS:
            return ""
        again = await self.compute(runspec)
        if again is None:
            return "the job could not be computed again"
        return "" if again == await asyncio.to_thread(result.read_bytes) else "another computation of the same events gave other bits"

    async def compute(self, runspec: str) -> bytes | None:
        """The result archive of ``runspec`` by the appliance's own programs, without a virtual machine; None if it failed. Raises `OSError`."""
        with tempfile.TemporaryDirectory(prefix="t4t-") as out:
            process = await asyncio.create_subprocess_exec(
                *self._command(runspec, out),
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                async with asyncio.timeout(self._seconds):
                    status = await process.wait()
            except TimeoutError:
                status = None
            finally:
                if process.returncode is None:
                    _end(process)
                    await process.wait()
            return await asyncio.to_thread((Path(out) / "output.tgz").read_bytes) if status == 0 else None

    def _command(self, runspec: str, out: str) -> list[str]:
        """The appliance's Python, by its own loader and libraries: nothing of this computer's gets in."""
        tree = self._folder / "tree"
        manifest: dict[str, Any] = json.loads((self._folder / appliance.MANIFEST).read_bytes())
        library = tree / "lib" / _MULTIARCH
        python = [str(library / "ld-linux-x86-64.so.2"), "--library-path", str(library), str(tree / f"usr/bin/python{manifest['python']}"), "-I", "-S"]
        return ["nice", "-n", "19", *python, "-m", "t4t_guest.run", "--runspec", runspec, "--out", out, "--cores", "1"]

    def _environment(self) -> dict[str, str]:
        data = self._folder / "tree/usr/share/Pythia8/xmldoc"
        return {"GLIBC_TUNABLES": _TUNABLES, "PYTHIA8DATA": str(data), "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}


def _end(process: asyncio.subprocess.Process) -> None:
    """The job and the workers that it started."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
