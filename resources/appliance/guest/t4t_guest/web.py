"""The JSON files the web server hands out."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from t4t_guest.files import read_bytes, read_json, read_text, write_json, write_whole
from t4t_guest.live import HISTORY, OF_A_JOB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t_guest.machine import Machine

# The names the historic Test4Theory page expects in `jobMetaData`.
_META = {"beam": "beam", "process": "process", "energy": "energy", "params": "params", "generator": "generator", "version": "version", "tune": "tune"}
_MOST_BYTES = 1 << 24


def uptime_seconds() -> float:
    """Seconds since the guest was started; stands still while it is saved."""
    words = (read_text("/proc/uptime") or "0").split()
    return float(words[0])


def waiting_status(state: str = "waiting") -> dict[str, object]:
    """Status of a guest without a job."""
    return {"state": state, "runspec": "", "events_done": 0, "events_wanted": 0, "events_per_second": 0.0, "elapsed_seconds": 0.0, "message": ""}


class WebFiles:
    """Writes the files below the web server's folder."""

    def __init__(self, top: str, machine: Machine) -> None:
        """Write below `top`, which the init script has filled."""
        self.top = top
        self._machine = machine
        self._published: dict[str, tuple[int, int]] = {}
        self._uuid = (read_text("/sys/class/dmi/id/product_uuid") or read_text("/proc/sys/kernel/random/boot_id") or "").strip().lower()
        for folder in ("job", "logs"):
            os.makedirs(f"{top}/{folder}", exist_ok=True)  # noqa: PTH103 -- pathlib is slow to import

    def facts(self, boinc: Mapping[str, str]) -> None:
        """Write what seldom changes: the machine and the volunteer."""
        machine = self._machine
        facts = {
            "cores": machine.cores,
            "memory_mib": machine.memory_mib,
            "kernel": machine.kernel,
            "version": machine.version,
            "hypervisor": machine.hypervisor,
        }
        write_json(f"{self.top}/machine.json", facts)
        write_json(f"{self.top}/boinc.json", {"boinc": dict(boinc)})

    def refresh(self, status: Mapping[str, object], progress: float) -> None:
        """Write what changes while a job runs."""
        uptime = uptime_seconds()
        load = (read_text("/proc/loadavg") or "0 0 0").split()[:3]
        instance = {"name": "job", "description": status.get("runspec") or "no job yet", "index": "job", "progress": progress, "state": status.get("state")}
        index = {
            "instances": [instance],
            "updated": int(time.time()),
            "machine_uuid": self._uuid,
            "version": self._machine.version,
            "uptime": uptime,
            "load": load,
            "runhours": round(uptime / 3600, 4),
        }
        write_json(f"{self.top}/index.json", index)
        write_json(f"{self.top}/job/index.json", {**status, "progress": progress})
        meta: dict[str, object] = {there: status[here] for here, there in _META.items() if here in status}
        meta.update({"nevts": status.get("events_wanted", 0), "seed": status.get("seed", 0), "events": status.get("events_done", 0)})
        write_json(f"{self.top}/job/resources.json", {"jobMetaData": meta, "sprites": {"histograms": []}})

    def publish(self, folder: str) -> None:
        """Hand out what the job shows of itself, where it has changed since the last time."""
        for name in (*OF_A_JOB, HISTORY):
            try:
                facts = os.stat(f"{folder}/{name}")  # noqa: PTH116 -- pathlib is slow to import
            except OSError:
                continue
            state = (facts.st_ino, facts.st_mtime_ns)
            content = read_bytes(f"{folder}/{name}", _MOST_BYTES) if self._published.get(name) != state else None
            if content:
                self._published[name] = state
                write_whole(f"{self.top}/{name}" if name == HISTORY else f"{self.top}/job/{name}", content)


def read_status(folder: str) -> dict[str, object]:
    """The job runner's status, or that of a guest without a job."""
    status = read_json(f"{folder}/status.json")
    return status or waiting_status("initialising")
