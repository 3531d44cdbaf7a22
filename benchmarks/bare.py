"""QEMU driven by hand: the shortest sequence of its own commands for each thing that our driver does."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_DEADLINE = 60.0


class BareVm:
    """One QEMU process, its overlay and its monitor; no checks, no records, no ownership."""

    def __init__(self, folder: Path, image: Path, *, memory_mib: int, port: int) -> None:
        """``port`` is the loopback port for the guest's port 80."""
        self._folder = folder
        self._image = image
        self._memory = memory_mib
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._monitor: socket.socket | None = None
        self._lines: Any = None

    def set_up(self) -> None:
        """Overlay and process, until the monitor says that the guest runs."""
        self._folder.mkdir(parents=True)
        overlay = str(self._folder / "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(self._image), "-F", "raw", overlay], check=True)
        self._launch()

    def _launch(self, *more: str) -> None:
        path = self._folder / "qmp.sock"
        path.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "pc", "-accel", "tcg,thread=multi"),
                *("-m", str(self._memory), "-vga", "std", "-qmp", f"unix:{path},server=on,wait=off"),
                *("-drive", f"file={self._folder / 'disk.qcow2'},if=virtio,format=qcow2"),
                *("-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{self._port}-:80", *more),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _DEADLINE
        while True:
            monitor = socket.socket(socket.AF_UNIX)
            try:
                monitor.connect(str(path))
                break
            except OSError:
                monitor.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.002)
        self._monitor = monitor
        self._lines = monitor.makefile("rb")
        self._lines.readline()
        self.command("qmp_capabilities")
        while self.command("query-status")["status"] != "running":
            time.sleep(0.002)

    def command(self, name: str, **arguments: Any) -> Any:  # noqa: ANN401 - QMP's answers are any JSON
        """One QMP command and its answer."""
        if self._monitor is None:
            raise RuntimeError("it does not run")
        self._monitor.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self._lines.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(str(answer["error"]))

    def pause(self) -> None:
        """``stop``."""
        self.command("stop")

    def resume(self) -> None:
        """``cont``."""
        self.command("cont")

    def save(self) -> None:
        """``stop``, ``savevm``, ``quit``."""
        self.command("stop")
        self.command("human-monitor-command", **{"command-line": "savevm saved"})
        self.end()

    def restore(self) -> None:
        """A new process with ``-loadvm``."""
        self._launch("-loadvm", "saved")

    def end(self) -> None:
        """``quit``, and wait for the process."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self.command("quit")
        self._process.wait(timeout=_DEADLINE)
        if self._monitor is not None:
            self._lines.close()
            self._monitor.close()
        self._process = self._monitor = None
