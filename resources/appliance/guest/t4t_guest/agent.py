"""The guest's only service: brings host and job together and ends the machine. Started by the init script, runs until the power is off.

All waiting is done in one `poll`; all times are monotonic, so that a machine that was saved and restored goes on as if nothing had happened.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress

from t4t_guest.context import ISO_FILES, SHARE_FILES, Context, Place, merge, place_from_files, place_from_floppy
from t4t_guest.files import read_text, write_json, write_whole
from t4t_guest.floppy import read_floppy, write_floppy
from t4t_guest.job import JobProcess
from t4t_guest.live import OF_A_JOB
from t4t_guest.machine import (
    host_log,
    is_power_key,
    look_around,
    mirror_device,
    mount_config_iso,
    mount_share,
    power_button_devices,
    power_off,
    read_place,
)
from t4t_guest.mirror import Mirror
from t4t_guest.port import MirrorPort
from t4t_guest.web import WebFiles, read_status, uptime_seconds, waiting_status

SHARE = "/shared"
_WEB = "/run/www"
_WORK = "/run/t4t"
_JOB_PID = "/run/t4t/job.pid"
_CONFIG = "/run/t4t/config"
_FLOPPY = "/dev/fd0"
_LOOK_SECONDS = 1.0
_WEB_SECONDS = 2.0
_QUIET_PORT_SECONDS = 0.25
_SETTLE_SECONDS = 6.0
"""Longest wait for the host's first word before other places of a context are believed."""
_TRANSFER_SECONDS = 120.0
"""Longest wait for files the host has announced."""
_PROBE_SECONDS = 20.0
_RESULT_SECONDS = 600.0
"""How long a result waits for a host that has gone away and may come back, for example because the app is being restarted."""
_BUTTON_SECONDS = 20.0
_FIRST_WORD_SECONDS = 5.0
_LOG_BYTES = 4 << 20
_EXIT_FAILED = 208
_STALE = ("shutdown", "output.tgz", "progress")


class Agent:
    """State of the service."""

    def __init__(self) -> None:
        """Look at the machine and open what there is; nothing here takes long."""
        self._machine = look_around()
        self._web = WebFiles(_WEB, self._machine)
        for folder in (_WORK, f"{_WORK}/status", f"{_WORK}/out"):
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import
        self._shared = mount_share(self._machine, SHARE)
        self._port: MirrorPort | None = None
        device = None if self._shared else mirror_device()
        if device is not None:
            self._port = MirrorPort(device, Mirror(SHARE))
        self._buttons = power_button_devices()
        self._started = time.monotonic()
        self._probe, self._probe_end = self._start_probe()
        self._probed: list[Place] = []
        self._probe_read = False
        self._context: Context = merge([])
        self._job: JobProcess | None = None
        self._job_since = 0.0
        self._beats = 0
        self._beat_due = self._look_due = self._web_due = 0.0
        self._log_size = 0
        self._progress = -1.0
        self._ended = False
        self._handed_over = False

    def run(self) -> None:
        """Serve until the machine is switched off."""
        self.say(f"agent up on {self._machine.hypervisor}, {self._machine.cores} cores, share: {self._share_kind()}")
        self._web.facts({})
        while True:
            self._wait()
            now = time.monotonic()
            if now >= self._look_due:
                self._look_due = now + _LOOK_SECONDS
                self._look()
            if now >= self._beat_due:
                self._beat_due = now + self._context.heartbeat_seconds
                self._beat()
            if self._job is not None:
                self._follow(self._job)
            if now >= self._web_due:
                self._web_due = now + _WEB_SECONDS
                self._refresh()

    def say(self, text: str) -> None:
        """One line to the console and, on VirtualBox, to the log of the machine."""
        print(f"t4t: {uptime_seconds():.1f} s: {text}", flush=True)
        if self._machine.hypervisor == "virtualbox":
            host_log(text)

    def _share_kind(self) -> str:
        return "mounted" if self._shared else "mirror" if self._port else "none"

    def _start_probe(self) -> tuple[int, int]:
        """Look for a config ISO and a floppy in a child: drives without a medium take seconds to say so.

        Returns its process and a pipe that ends with it.
        """
        reading, writing = os.pipe()
        pid = os.fork()
        if pid:
            os.close(writing)
            return pid, reading
        try:
            if mount_config_iso(_CONFIG):
                write_json(f"{_WORK}/iso.json", True)  # noqa: FBT003 -- only its presence counts
            text = read_floppy(_FLOPPY)
            if text is not None:
                write_whole(f"{_WORK}/floppy.txt", text.encode())
        finally:
            os._exit(0)

    def _wait(self) -> None:
        """Sleep until something happens or is due, and carry the mirror's bytes."""
        poll = select.poll()
        wait = max(0.0, min(self._look_due, self._beat_due, self._web_due) - time.monotonic())
        if self._port is not None:
            if self._port.quiet:
                wait = min(wait, _QUIET_PORT_SECONDS)
            else:
                poll.register(self._port.descriptor, select.POLLIN | (select.POLLOUT if self._port.blocked else 0))
        for button in self._buttons:
            poll.register(button, select.POLLIN)
        if self._probe_end >= 0:
            poll.register(self._probe_end, select.POLLIN)
        if self._job is not None:
            poll.register(self._job.output, select.POLLIN)
        for descriptor, _ in poll.poll(wait * 1000):
            if descriptor in self._buttons:
                self._pressed(descriptor)
            elif descriptor == self._probe_end:
                os.close(descriptor)
                self._probe_end = -1
                self._look_due = 0.0
        if self._port is not None:
            self._port.exchange()

    def _pressed(self, button: int) -> None:
        try:
            data = os.read(button, 24 * 16)
        except OSError:
            return
        if is_power_key(data):
            self.say("power button: ending")
            if self._job is not None:
                self._job.stop()
                self._drain(self._job)
            self._flush(_BUTTON_SECONDS)
            power_off()

    def _look(self) -> None:
        """Once a second: the mirror's folder, the context, a job to begin."""
        if self._port is not None:
            self._port.mirror.look()
            self._port.exchange()
        if self._job is not None or self._ended or not self._places_known():
            return
        context = merge([place_from_files(read_place(SHARE, SHARE_FILES)), *self._probed])
        if context != self._context:
            self._context = context
            self._beat_due = min(self._beat_due, time.monotonic() + context.heartbeat_seconds)
            self._web.facts(context.boinc)
        self._begin(context)

    def _places_known(self) -> bool:
        """Whether all places of a context have been looked at, or have had their time."""
        waited = time.monotonic() - self._started
        if self._probe_end < 0 and not self._probe_read:
            self._read_probed()
        if self._probe_end >= 0 and waited < _PROBE_SECONDS:
            return False
        if self._port is None or self._port.mirror.settled:
            return True
        return waited >= (_TRANSFER_SECONDS if self._port.mirror.connected else _SETTLE_SECONDS)

    def _read_probed(self) -> None:
        """Take over what the child found. On a slow computer it may end after its time: what it found counts until a job has begun."""
        self._probe_read = True
        self._reap(self._probe)
        if read_text(f"{_WORK}/iso.json"):
            self._probed.append(place_from_files(read_place(_CONFIG, ISO_FILES)))
        floppy = read_text(f"{_WORK}/floppy.txt")
        if floppy is not None:
            self._probed.append(place_from_floppy(floppy))

    @staticmethod
    def _reap(pid: int) -> None:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

    def _begin(self, context: Context) -> None:
        """Start the job the context asks for, if there is one."""
        if context.mode == "idle" or (context.mode == "task" and context.job is None):
            return
        self._clear()
        cores = str(context.cores or self._machine.cores)
        status, out = f"{_WORK}/status", f"{_WORK}/out"
        if context.mode == "pilot":
            if not context.queue_url:
                self._complete(206, "pilot mode without T4T_QUEUE_URL")
                return
            self._job = JobProcess("pilot", [context.queue_url, str(context.job_seconds), cores, out, status])
        else:
            write_whole(f"{_WORK}/input", (context.job or "").encode())
            self._job = JobProcess("run", ["--input", f"{_WORK}/input", "--out", out, "--cores", cores, "--status", status])
        write_whole(_JOB_PID, str(self._job.pid).encode())
        self._job_since = time.monotonic()
        self.say(f"{context.mode}: started on {cores} cores")

    @staticmethod
    def _clear() -> None:
        """Remove what an earlier start of this machine or of the agent has left: its results, and a job nobody watches any more."""
        pid = read_text(_JOB_PID) or ""
        if pid.isdigit():
            with suppress(OSError):
                os.killpg(int(pid), signal.SIGKILL)
        for name in (*_STALE, "run.log"):
            for folder in (SHARE, f"{_WEB}/job"):
                with suppress(OSError):
                    os.unlink(f"{folder}/{name}")  # noqa: PTH108 -- pathlib is slow to import
        for name in ("status.json", *OF_A_JOB):
            with suppress(OSError):
                os.unlink(f"{_WORK}/status/{name}")  # noqa: PTH108 -- as above

    def _follow(self, job: JobProcess) -> None:
        if not self._drain(job) or not job.finished():
            return
        self._job = None
        os.close(job.output)
        code = job.exit_code or 0
        status = read_status(f"{_WORK}/status")
        known = code in {0, 206, 207, _EXIT_FAILED}
        message = str(status.get("message") or "") if known else f"the job's process ended with {code}"
        self._refresh()
        self._complete(code if known else _EXIT_FAILED, message or "the job is done")

    def _drain(self, job: JobProcess) -> bool:
        """Take over the job's output; whether it has ended."""
        while True:
            data = job.read()
            if data is None:
                return True
            if not data:
                return False
            self._log(data)

    def _log(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        if self._machine.hypervisor == "virtualbox":
            for line in data.decode("utf-8", "replace").splitlines():
                host_log(line)
        self._log_size += len(data)
        if self._log_size > _LOG_BYTES:
            return
        for path in (f"{SHARE}/run.log", f"{_WEB}/logs/running.log", f"{_WEB}/job/run.log"):
            self._append(path, data)

    def _append(self, path: str, data: bytes) -> None:
        try:
            with open(path, "ab") as stream:  # noqa: PTH123 -- pathlib is slow to import
                stream.write(data)
        except OSError as error:
            self.say(f"{path}: {error}")

    def _put(self, name: str, content: bytes) -> None:
        """Write a file of section 3 for the host, in the share and for the web."""
        for path in (f"{SHARE}/{name}", f"{_WEB}/job/{name}"):
            try:
                write_whole(path, content)
            except OSError as error:
                self.say(f"{path}: {error}")

    def _beat(self) -> None:
        self._beats += 1
        self._put("heartbeat", f"{uptime_seconds():.2f} {self._beats}\n".encode())

    def _refresh(self) -> None:
        """Bring web files and progress up to date."""
        folder = f"{_WORK}/status"
        begun = self._job is not None or self._ended
        status = read_status(folder) if begun else waiting_status("idle" if self._context.mode == "idle" else "waiting")
        if self._context.mode == "task" and status.get("state") == "done" and not self._handed_over:
            # Whoever reads "done" may fetch the result at once.
            status = {**status, "state": "running"}
        progress = self._fraction(status) if begun else 0.0
        self._web.publish(folder)
        self._web.refresh(status, progress)
        if begun and progress != self._progress:
            self._progress = progress
            self._put("progress", f"{progress:.6f}\n".encode())

    def _fraction(self, status: dict[str, object]) -> float:
        if self._context.mode == "pilot":
            return min(1.0, (time.monotonic() - self._job_since) / self._context.job_seconds)
        done, wanted = status.get("events_done"), status.get("events_wanted")
        if not isinstance(done, int) or not isinstance(wanted, int) or wanted <= 0:
            return 0.0
        return min(1.0, done / wanted)

    def _complete(self, code: int, message: str) -> None:
        """Hand the result over, the completion file last, and end the machine if that is wanted."""
        self._ended = True
        self.say(f"job ended with {code}: {message}")
        if code == 0 and self._context.mode == "task":
            content = b""
            with open(f"{_WORK}/out/output.tgz", "rb") as stream:  # noqa: PTH123 -- pathlib is slow to import
                content = stream.read()
            self._put("output.tgz", content)
            self._put("progress", b"1.000000\n")
            self._progress = 1.0
        text = f"{code}\n{int(code == 0)}\n{message}\n"
        self._put("shutdown", text.encode())
        self._handed_over = True
        self._refresh()
        if not self._shared and self._port is None:
            write_floppy(_FLOPPY, text)
        self._flush(_RESULT_SECONDS)
        if self._context.power_off:
            self.say("power off")
            power_off()

    def _flush(self, longest: float) -> None:
        """Wait until the host has everything, at most `longest` seconds; without a host at the other end, only a moment."""
        os.sync()
        if self._port is None:
            return
        mirror = self._port.mirror
        started = time.monotonic()
        look_due = 0.0
        while (waited := time.monotonic() - started) < (longest if mirror.connected else _FIRST_WORD_SECONDS):
            if time.monotonic() >= look_due:
                look_due = time.monotonic() + _LOOK_SECONDS
                mirror.look()
            self._port.exchange()
            if mirror.flushed:
                return
            poll = select.poll()
            if not self._port.quiet:
                poll.register(self._port.descriptor, select.POLLIN | (select.POLLOUT if self._port.blocked else 0))
            poll.poll(200)
        self.say(f"the host has not acknowledged everything after {waited:.0f} s")


def main() -> None:
    """Run the service."""
    Agent().run()


if __name__ == "__main__":
    main()
