"""The elements of ``vbox_job.xml``: their kinds, limits and what t4t does with each; one table for the parser and the generated page.

Element names, defaults and clamps are those of BOINC's vboxwrapper (``vboxjob.cpp``); the limits against absurd values are ours.
"""

from __future__ import annotations

import enum
import math
import re
import unicodedata
from typing import Final

from t4t.domain.errors import JobElementRefused
from t4t.domain.record import record

MEMORY_FLOOR_MIB: Final = 512
VRAM_FLOOR_MIB: Final = 16
VRAM_CEILING_MIB: Final = 128
MAX_MEMORY_MIB: Final = 1024 * 1024
MAX_SECONDS: Final = 10 * 365 * 86_400.0
MAX_PORT: Final = 65_535
MAX_PORTS_IN_RANGE: Final = 256
MAX_FILE_PARTS: Final = 4
MAX_FILE_PART: Final = 128
"""Bytes of one part of a file name: what the mirror of the shared folder carries (docs/guest-interface.md)."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_MAX_DIGITS: Final = 32
_SHOWN: Final = 80
_WINDOWS_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE)
_WINDOWS_FORBIDDEN: Final = frozenset('<>:"|?*\\')


class Kind(enum.Enum):
    """How an element's text is read."""

    BOOLEAN = "boolean"
    WORD = "word"
    SECONDS = "seconds"
    MEGABYTES = "megabytes"
    PORT = "port"
    FILE = "file"
    FILES = "file, may repeat"
    PORTS = "group, may repeat"


@record(kw_only=True)
class Element:
    """One row of `ELEMENTS`. ``name`` is also the field of `VboxJob`; ``default`` and ``action`` are text for the generated page."""

    name: str
    kind: Kind
    default: str
    action: str


def _element(name: str, kind: Kind, *, action: str, default: str = "") -> Element:
    return Element(name=name, kind=kind, default=default, action=action)


ELEMENTS: Final[tuple[Element, ...]] = (
    _element("os_name", Kind.WORD, action="VirtualBox's id of the guest system; a name without `_64` means a 32-bit guest"),
    _element("memory_size_mb", Kind.MEGABYTES, default="512", action="memory of the VM in MiB; below 512 it is raised to 512"),
    _element("vram_size_mb", Kind.MEGABYTES, default="16", action="video memory in MiB, brought into 16–128"),
    _element("vm_disk_controller_type", Kind.WORD, default="sata", action="bus of the disk; QEMU always uses virtio"),
    _element("vm_disk_controller_model", Kind.WORD, default="IntelAHCI", action="model of the disk controller; QEMU always uses virtio"),
    _element("vm_network_driver", Kind.WORD, action="type of the network card; one that the hypervisor does not have: virtio"),
    _element("multiattach_vdi_file", Kind.FILE, action="shared base image; each VM writes into a layer of its own"),
    _element("boot_iso", Kind.BOOLEAN, action="boots from the ISO image instead of the disk"),
    _element("enable_isocontextualization", Kind.BOOLEAN, action="attaches `vm_isocontext.iso` of the task folder"),
    _element(
        "enable_cache_disk", Kind.BOOLEAN, action="attaches an empty disk of 20 000 MiB that grows as it is used (a `vm_cache.vdi` in the folder is not read)"
    ),
    _element("enable_floppyio", Kind.BOOLEAN, action="creates the floppy and writes `init_data.xml`, redacted, on it"),
    _element(
        "enable_cern_dataformat",
        Kind.BOOLEAN,
        action="the floppy carries six `BOINC_*` lines instead, the authenticator blank; a file `output` is written at the end",
    ),
    _element("enable_network", Kind.BOOLEAN, action="connects the network cable and forwards the ports; without it the VM has no network"),
    _element("network_bridged_mode", Kind.BOOLEAN, action="bridges the network card instead of translating addresses; QEMU refuses it"),
    _element("enable_nat_dns_host_resolver", Kind.BOOLEAN, action="names are resolved by this computer's own resolver"),
    _element("pf_guest_port", Kind.PORT, default="0", action="the guest's port of its web page; 0: it has none"),
    _element("pf_host_port", Kind.PORT, default="0", action="port wished for on 127.0.0.1; 0 or taken: a free one is chosen"),
    _element("port_forward", Kind.PORTS, action="more ports: `guest_port`, `host_port`, `nports` (both sides count up), `is_remote` (not only 127.0.0.1)"),
    _element("enable_shared_directory", Kind.BOOLEAN, action="shares the task's folder `shared` as `shared`"),
    _element("share_slot_dir", Kind.BOOLEAN, action="refused: the guest would see the account's key in the task folder"),
    _element("enable_scratch_directory", Kind.BOOLEAN, action="shares `scratch` of the task folder as `scratch`; QEMU has one share only and refuses it"),
    _element("share_project_dir", Kind.BOOLEAN, action="shares the folder that `init_data.xml` names as `project`; QEMU has one share only and refuses it"),
    _element("copy_to_shared", Kind.FILES, action="copied into the shared folder at each start, `init_data.xml` redacted"),
    _element("copy_cmdline_to_shared", Kind.BOOLEAN, action="writes the task's command line (`--cmdline`) into `shared/cmdline`"),
    _element("job_duration", Kind.SECONDS, default="0", action="running time after which the VM is shut down and the task is done; 0: no end"),
    _element("fraction_done_filename", Kind.FILE, action="the guest's progress: the last number of this file, 0–1"),
    _element("heartbeat_filename", Kind.FILE, action="file that the guest must keep changing; see the heartbeat rule"),
    _element("minimum_heartbeat_interval", Kind.SECONDS, default="600", action="looked at after each third of it; three looks without a change: lost"),
    _element("minimum_checkpoint_interval", Kind.SECONDS, default="600", action="least time between two snapshots"),
    _element("disable_automatic_checkpoints", Kind.BOOLEAN, action="no snapshots while the VM runs"),
    _element("enable_vm_savestate_usage", Kind.BOOLEAN, action="suspending saves the VM's state; t4t does so for every VM"),
    _element("completion_trigger_file", Kind.FILE, action="when it appears the job is done: exit code, notice flag, message"),
    _element("temporary_exit_trigger_file", Kind.FILE, action="when it appears the VM is saved for a while: delay, notice flag, message"),
    _element("trickle_trigger_file", Kind.FILES, action="each new content is told as an event and logged"),
    _element("intermediate_upload_file", Kind.FILES, action="each new content is told as an event and logged"),
    _element("enable_remotedesktop", Kind.BOOLEAN, action="accepted and without effect: no remote desktop port is ever opened"),
    _element("enable_screenshots_on_error", Kind.BOOLEAN, action="when the job fails while the VM runs, `vm_screenshot.png` is written to the task folder"),
    _element("enable_graphics_support", Kind.BOOLEAN, action="read and without effect: the app itself shows the guest"),
)


def refused(element: str, value: str, reason: str) -> JobElementRefused:
    """The error for ``element``; a long ``value`` is cut, it only has to be recognised in a log."""
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return JobElementRefused(element=element, value=shown, reason=reason)


def parse_boolean(element: str, text: str, *, self_closed: bool) -> bool:
    """``<x/>`` and every integer but 0 are true; ``<x></x>`` is false, as BOINC reads them."""
    if not text:
        return self_closed
    if len(text) > _MAX_DIGITS or not _INTEGER.fullmatch(text):
        raise refused(element, text, "not 0 or 1")
    return int(text) != 0


def parse_number(element: str, text: str, *, largest: float) -> float:
    """A finite number from 0 to ``largest``; empty text is 0, as BOINC reads it."""
    if not text:
        return 0.0
    if len(text) > _MAX_DIGITS or not _NUMBER.fullmatch(text):
        raise refused(element, text, "not a number")
    number = float(text)
    if number < 0:
        raise refused(element, text, "negative")
    if not math.isfinite(number) or number > largest:
        raise refused(element, text, f"larger than {largest:.0f}")
    return number


def parse_integer(element: str, text: str, *, largest: int) -> int:
    """A whole number from 0 to ``largest``; empty text is 0."""
    if not text:
        return 0
    if len(text) > _MAX_DIGITS or not _INTEGER.fullmatch(text):
        raise refused(element, text, "not a whole number")
    number = int(text)
    if number < 0:
        raise refused(element, text, "negative")
    if number > largest:
        raise refused(element, text, f"larger than {largest}")
    return number


def parse_word(element: str, text: str) -> str:
    """A name for a hypervisor's command line: letters, digits and ``_.+-``, never beginning like an option; may be empty."""
    if text and not _WORD.fullmatch(text):
        raise refused(element, text, "not a plain word")
    return text


def parse_file_name(element: str, text: str, *, folders: bool) -> str:
    """A relative name that means the same file on all systems and stays in its folder; empty when the element is empty.

    ``folders`` allows up to three folders before the name, separated by ``/``. The name alone can't vouch for links in the folder: whoever opens it
    must still refuse those.
    """
    if not text:
        return ""
    parts = text.split("/")
    if text.startswith("/"):
        raise refused(element, text, "an absolute path")
    if len(parts) > (MAX_FILE_PARTS if folders else 1):
        raise refused(element, text, "too many folders" if folders else "not a plain file name")
    for part in parts:
        if reason := _fault_of_part(part):
            raise refused(element, text, reason)
    return text


def _fault_of_part(part: str) -> str:
    """Why ``part`` can't be a file or folder name on every system; empty when it can."""
    if part in {"", ".", ".."}:
        return "leaves its folder or names none"
    faults = (
        (len(part.encode(errors="replace")) > MAX_FILE_PART, f"longer than {MAX_FILE_PART} bytes"),
        (any(unicodedata.category(character)[0] in "CZ" for character in part.replace(" ", "")), "a control or invisible character"),
        (not _WINDOWS_FORBIDDEN.isdisjoint(part), "a character that file names can't have on every system"),
        (part[-1] in ". " or part[0] == " ", "begins or ends with a blank or ends with a dot"),
        (_WINDOWS_DEVICE.fullmatch(part) is not None, "a device name on Windows"),
    )
    return next((reason for holds, reason in faults if holds), "")
