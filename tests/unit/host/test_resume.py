"""Going on after a restart: told once, only after one, and the start at log-in is of one time."""

from __future__ import annotations

import plistlib
import re
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.changes import Pending
from t4t.host.resume import OnceAtLogin, Resume, desktop_entry, launch_agent, once_at_login

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("/opt/t 4 t/t4t", "--data-dir", "/home/j/100 %", "window")


def test_after_a_restart_and_once(tmp_path: Path) -> None:
    at_login = OnceAtLogin(tmp_path / "autostart" / "x.desktop", desktop_entry)
    data = tmp_path / "data"
    before = Resume(data, boot="one", at_login=at_login)
    assert before.take() is None
    before.prepare("virtualization", "restart-into-firmware", WORDS)
    assert at_login.file.read_bytes() == desktop_entry(WORDS)
    assert before.take() is None  # the same run of the computer: it is still to come
    before.started()
    assert at_login.file.exists()
    after = Resume(data, boot="two", at_login=at_login)
    after.started()
    assert not at_login.file.exists()
    assert after.take() == Pending(check="virtualization", remedy="restart-into-firmware", boot="one")
    assert not at_login.file.exists()
    assert after.take() is None


def test_no_restart_after_all(tmp_path: Path) -> None:
    at_login = OnceAtLogin(tmp_path / "x.plist", launch_agent)
    one = Resume(tmp_path, boot="one", at_login=at_login)
    one.prepare("a", "b", WORDS)
    one.drop()
    assert list(tmp_path.iterdir()) == []
    one.drop()


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    (tmp_path / "resume.json").write_text("{}", encoding="ascii")
    assert Resume(tmp_path, boot="two", at_login=OnceAtLogin(tmp_path / "x", desktop_entry)).take() is None


def test_a_launch_agent() -> None:
    assert plistlib.loads(launch_agent(WORDS)) == {"Label": "org.t4t.resume", "ProgramArguments": list(WORDS), "RunAtLoad": True}


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=9), min_size=1, max_size=4))
def test_a_desktop_entry_means_the_same_words(words: list[str]) -> None:
    """Read back as the desktop entry specification says: the string's escapes first, then quotes, then field codes."""
    line = next(line for line in desktop_entry(words).decode().splitlines() if line.startswith("Exec="))
    text = line.removeprefix("Exec=").replace("\\\\", "\\")
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    assert [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted] == words


@pytest.mark.skipif(sys.platform == "win32", reason="a list in the registry there")
def test_where_this_system_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert once_at_login(darwin=False) == OnceAtLogin(tmp_path / "autostart" / "org.t4t.resume.desktop", desktop_entry)
    assert once_at_login(darwin=True) == OnceAtLogin(tmp_path / "Library" / "LaunchAgents" / "org.t4t.resume.plist", launch_agent)
