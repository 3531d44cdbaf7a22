"""Task folders for tests: small, whole, and with an image that passes the first look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUNSPEC = "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 60 7"

ELEMENTS = {
    "os_name": "Linux26_64",
    "memory_size_mb": "512",
    "enable_network": "1",
    "enable_shared_directory": "1",
    "enable_vm_savestate_usage": "1",
    "pf_guest_port": "80",
    "copy_to_shared": "input",
    "heartbeat_filename": "heartbeat",
    "fraction_done_filename": "progress",
    "completion_trigger_file": "shutdown",
    "temporary_exit_trigger_file": "rest",
    "trickle_trigger_file": "trickle",
    "intermediate_upload_file": "partial",
}


def job_xml(**changes: str | None) -> str:
    """A ``vbox_job.xml``; None leaves an element out."""
    elements = {name: value for name, value in (ELEMENTS | changes).items() if value is not None}
    return "<vbox_job>\n" + "".join(f"  <{name}>{value}</{name}>\n" for name, value in elements.items()) + "</vbox_job>\n"


def boot_sector(code: bytes = b"\xeb\xfe") -> bytes:
    """A bootable disk of 1 MiB that runs ``code`` (by default: jump to itself)."""
    return code.ljust(510, b"\0") + b"\x55\xaa" + bytes(1024 * 1024 - 512)


def make_task(path: Path, *, image: bytes | None = None, runspec: str = RUNSPEC, changes: Mapping[str, str | None] | None = None) -> Path:
    """A task folder at ``path``."""
    path.mkdir(parents=True)
    (path / "vbox_job.xml").write_text(job_xml(**(changes or {})))
    (path / "vm_image.raw").write_bytes(boot_sector() if image is None else image)
    (path / "input").write_text(runspec + "\n")
    return path
