"""What a fake VM runs: a program that is a function of the seconds the guest has been running, so that saving it is saving one number."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from pathlib import Path

_YODA: Final = """BEGIN YODA_HISTO1D_V2 /T4T/fake/nch
Path: /T4T/fake/nch
Title: Charged multiplicity
Type: Histo1D
XLabel: charged particles
YLabel: events
---
# ID\tID\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries
Total\tTotal\t2.0\t2.0\t3.0\t5.0\t2.0
Underflow\tUnderflow\t0.0\t0.0\t0.0\t0.0\t0.0
Overflow\tOverflow\t0.0\t0.0\t0.0\t0.0\t0.0
# xlow\txhigh\tsumw\tsumw2\tsumwx\tsumwx2\tnumEntries
0.0\t1.5\t1.0\t1.0\t1.0\t1.0\t1.0
1.5\t3.0\t1.0\t1.0\t2.0\t4.0\t1.0
END YODA_HISTO1D_V2
"""


class GuestView(Protocol):
    """What a guest program can reach of its VM."""

    @property
    def share(self) -> Path | None:
        """The host folder behind ``/shared``, if the VM has one."""
        ...

    @property
    def network(self) -> bool:
        """Whether the cable is plugged in."""
        ...

    def log(self, line: str) -> None:
        """Write a line to the console."""
        ...

    def power_off(self) -> None:
        """Switch the machine off from inside."""
        ...


class GuestProgram(Protocol):
    """A guest as a function of its running time."""

    def run(self, view: GuestView, before: float, now: float) -> float | None:
        """Do all that was due in the guest's seconds (before, now]; return when something is due next (None: never)."""
        ...

    def page(self, path: str, now: float) -> bytes | None:
        """The body of a web page at guest time ``now``; None while the web server is not up."""
        ...


def _write(path: Path, text: str | bytes) -> None:
    part = path.with_name(f".t4t-part-{path.name}")
    part.write_bytes(text.encode() if isinstance(text, str) else text)
    part.replace(path)


def result_archive(job: dict[str, str]) -> bytes:
    """A small result archive in the reference appliance's format, the same bytes for the same job."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, data in (("histograms.yoda", _YODA.encode()), ("job.json", json.dumps(job, sort_keys=True).encode())):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class ScriptedGuest:
    """Behaves toward the host as the reference appliance does, without computing anything.

    Boots, writes heartbeats, and if ``input`` is there writes progress, then result and completion file, and powers off.
    """

    def __init__(
        self, *, boot_seconds: float = 2.0, job_seconds: float = 600.0, heartbeat_seconds: float = 60.0, exit_code: int = 0, progress_steps: int = 100
    ) -> None:
        """All times in seconds of the guest's running time."""
        self.boot_seconds = boot_seconds
        self.job_seconds = job_seconds
        self.heartbeat_seconds = heartbeat_seconds
        self.exit_code = exit_code
        self.progress_steps = progress_steps
        self._begun: float | None = None

    def page(self, path: str, now: float) -> bytes | None:
        """Answer every path with a small JSON document once booted."""
        if now < self.boot_seconds:
            return None
        return json.dumps({"path": path, "uptime": round(now, 3)}).encode()

    def run(self, view: GuestView, before: float, now: float) -> float | None:
        """One turn of the script; see `GuestProgram.run`."""
        if now < self.boot_seconds:
            return self.boot_seconds
        if before < self.boot_seconds:
            view.log("fake guest is up")
        share = view.share
        if share is None or not share.is_dir():
            return None
        beat = int((now - self.boot_seconds) // self.heartbeat_seconds)
        due = self.boot_seconds + (beat + 1) * self.heartbeat_seconds
        if before < self.boot_seconds or beat > int((before - self.boot_seconds) // self.heartbeat_seconds):
            _write(share / "heartbeat", f"{now:.1f} {beat}\n")
        if not (share / "input").is_file():
            return min(due, now + 1.0)
        return self._work(view, share, (before, now), due)

    def _work(self, view: GuestView, share: Path, seconds: tuple[float, float], due: float) -> float | None:
        before, now = seconds
        if self._begun is None or self._begun > now:  # a cold boot or an older snapshot begins again
            self._begun = now
        begun = self._begun
        end = begun + self.job_seconds
        step = max(1.0, self.job_seconds / self.progress_steps)
        done = min(int((now - begun) // step), int(self.job_seconds // step))
        if begun == now or done > int((before - begun) // step):  # not at each look: the host looks often
            _write(share / "progress", f"{min(1.0, done * step / self.job_seconds):.6f}\n")
        if now < end:
            return min(due, end, begun + (done + 1) * step)
        if not (share / "shutdown").exists():
            if self.exit_code == 0:
                _write(share / "output.tgz", result_archive({"runspec": (share / "input").read_text(encoding="utf-8", errors="replace").strip()}))
            _write(share / "run.log", "fake job\n")
            _write(share / "shutdown", f"{self.exit_code}\n0\n{'done' if self.exit_code == 0 else 'failed'}\n")
            view.log("job: done")
        view.power_off()
        return None
