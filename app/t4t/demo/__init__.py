"""What the demo computes, and what is kept of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import RunspecInvalid

if TYPE_CHECKING:
    from pathlib import Path

RESULT: Final = "output.tgz"
CONSOLE: Final = "console.log"
INPUT: Final = "input"

RUNSPECS: Final = (
    "boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 1000 {seed}",
    "boinc pp z 13000 - - pythia8 8.317 tune-monash13 120 {seed}",
    "boinc pp jets 13000 20 - pythia8 8.317 tune-monash13 150 {seed}",
    "boinc pp softqcd 13000 - - pythia8 8.317 tune-monash13 120 {seed}",
)
"""One of each process the appliance knows, sized for about half a minute without hardware virtualization."""

_WORDS: Final = 11
_JOB: Final = """<vbox_job>
    <os_name>Linux26_64</os_name>
    <memory_size_mb>512</memory_size_mb>
    <multiattach_vdi_file>{image}</multiattach_vdi_file>
    <enable_network/>
    <enable_shared_directory/>
    <enable_vm_savestate_usage/>
    <enable_screenshots_on_error/>
    <pf_guest_port>80</pf_guest_port>
    <copy_to_shared>input</copy_to_shared>
    <copy_to_shared>init_data.xml</copy_to_shared>
    <heartbeat_filename>heartbeat</heartbeat_filename>
    <minimum_heartbeat_interval>600</minimum_heartbeat_interval>
    <minimum_checkpoint_interval>600</minimum_checkpoint_interval>
    <fraction_done_filename>progress</fraction_done_filename>
    <completion_trigger_file>shutdown</completion_trigger_file>
</vbox_job>
"""


def next_folder(root: Path) -> Path:
    """A new folder for what is kept of a task, numbered after those that are there. Raises `OSError`."""
    numbers = [int(path.name.removeprefix("task-")) for path in root.iterdir() if re.fullmatch(r"task-\d{4,}", path.name)]
    path = root / f"task-{max(numbers, default=0) + 1:04d}"
    path.mkdir()
    return path


def checked(runspec: str) -> str:
    """``runspec`` with single blanks; raises `RunspecInvalid`."""
    words = runspec.split()
    if len(words) != _WORDS or words[0] != "boinc":
        raise RunspecInvalid(runspec=runspec, reason=f"it must be the word boinc and {_WORDS - 1} more")
    if not (words[-1].isdecimal() and words[-2].isdecimal()):
        raise RunspecInvalid(runspec=runspec, reason="number of events and seed must be whole numbers")
    return " ".join(words)


def job_description(image: str) -> str:
    """The ``vbox_job.xml`` of a demo task that boots ``image``."""
    return _JOB.format(image=image)
