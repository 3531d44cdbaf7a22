"""What a VM's log tells; the lines are those of VirtualBox 7.2.22."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.hypervisor.virtualbox import log

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
00:00:00.758815 Process ID: 216
00:00:00.760746 Console: Machine state changed to 'Starting'
00:00:00.812582 HM: HMR3Init: Attempting fall back to NEM: Driverless mode
00:00:00.812605 HM: HMR3Init: Falling back on IEM: NEM not available
00:00:01.099500 VMSetError: NAT#0: configuration error: failed to set up redirection of 18080 to 80. Probably a conflict with existing services or other rules
00:00:01.110754 Changing the VM state from 'POWERING_ON' to 'RUNNING'
00:00:01.110757 Console: Machine state changed to 'Running'
"""


def test_a_real_head() -> None:
    assert log.process_id(HEAD) == 216
    assert log.failed_redirections(HEAD) == {(18080, 80)}
    assert log.tells_of_state(HEAD)
    assert log.last_state(HEAD) == "Running"
    assert log.execution(HEAD) == "interpreter"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", ""),
        ("00:00:02.1 HM: Using VT-x implementation 2.0", "hardware"),
        ("00:00:02.1 HM: HMR3Init: VT-x w/ nested paging and unrestricted guest execution hw support", "hardware"),
        ("00:00:02.1 HM: HMR3Init: AMD-V w/ nested paging", "hardware"),
        ("00:00:02.1 HM: HMR3Init: Attempting fall back to NEM: VT-x is not available\n00:00:02.2 NEM: NEMR3Init: Active.", "platform"),
    ],
)
def test_what_executes(text: str, word: str) -> None:
    assert log.execution(text) == word


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    log.process_id(text)
    log.last_state(text)
    log.execution(text)
    assert all(host >= 0 for host, _ in log.failed_redirections(text))


def test_a_tail_gives_what_was_added(tmp_path: Path) -> None:
    file = tmp_path / "VBox.log"
    tail = log.Tail(file)
    assert tail.read() == ""
    tail.skip()
    file.write_text("one\n")
    assert tail.read() == "one\n"
    assert tail.read() == ""
    with file.open("a") as stream:
        stream.write("two\n")
    assert tail.read() == "two\n"
    tail.skip()
    assert tail.read() == ""
    fresh = tmp_path / "fresh"
    fresh.write_text("a new log\n")
    fresh.replace(file)
    assert tail.read() == "a new log\n", "VirtualBox begins a new one with each start"


def test_the_ends_of_a_log(tmp_path: Path) -> None:
    file = tmp_path / "VBox.log"
    assert (log.end_of(file), log.head_of(file)) == ("", "")
    file.write_text("0123456789")
    assert (log.end_of(file, 3), log.head_of(file, 3)) == ("789", "012")
