"""The start with the user's session, on and off, in the real files and by the real verb."""

from __future__ import annotations

import json
import plistlib
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.bootstrap import main
from t4t.bootstrap.login import autostart_of, command
from t4t.domain.errors import FolderUnwritable
from t4t.host.autostart import AutostartFile, autostart, autostart_agent, autostart_entry, read_agent, read_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

WORDS = ("/opt/My Programs/t4t", "--data-dir", "/home/a b/%data", "run", "--tray")
KINDS = [("x.desktop", autostart_entry, read_entry), ("x.plist", autostart_agent, read_agent)]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a key of the registry there")


@pytest.mark.parametrize(("name", "render", "read"), KINDS)
def test_on_and_off_and_never_twice(tmp_path: Path, name: str, render: Callable[[Sequence[str]], bytes], read: Callable[[bytes], tuple[str, bool]]) -> None:
    entry = AutostartFile(tmp_path / "new" / name, render, read)
    assert not entry.state(WORDS).on
    entry.off()
    entry.on(WORDS)
    entry.on(WORDS)
    assert [file.name for file in entry.file.parent.iterdir()] == [name]
    state = entry.state(WORDS)
    assert (state.on, state.refused, state.other, state.place) == (True, False, False, str(entry.file))
    assert '"/opt/My Programs/t4t"' in state.command
    moved = entry.state(("/elsewhere/t4t", "run", "--tray"))
    assert (moved.on, moved.other) == (True, True)
    entry.file.write_bytes(b"\xff\x00 nonsense")
    assert not entry.state(WORDS).on
    entry.off()
    assert not entry.file.exists()


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktop_switched_off_is_off(tmp_path: Path, line: str) -> None:
    entry = AutostartFile(tmp_path / "x.desktop", autostart_entry, read_entry)
    entry.file.write_bytes(autostart_entry(WORDS) + f"{line}\n".encode())
    state = entry.state(WORDS)
    assert (state.on, state.refused, state.other) == (False, True, False)
    entry.on(WORDS)
    assert entry.state(WORDS).on


def test_a_disabled_launch_agent_is_off() -> None:
    agent = plistlib.loads(autostart_agent(WORDS))
    assert agent["ProgramArguments"] == list(WORDS)
    assert read_agent(plistlib.dumps(agent | {"Disabled": True}))[1]
    assert read_agent(plistlib.dumps(["x"])) == ("", False)
    assert read_entry(b"[Other]\nExec=x\n") == ("", False)


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=9), min_size=1, max_size=4))
def test_any_words_are_known_again(words: list[str]) -> None:
    for render, read in ((autostart_entry, read_entry), (autostart_agent, read_agent)):
        command, off = read(render(words))
        assert command
        assert not off
        assert read(render([*words, "more"]))[0] != command


def test_the_verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    data = tmp_path / "my data"

    def ask(*words: str) -> str:
        assert main(["--data-dir", str(data), *words]) == 0
        return capsys.readouterr().out

    assert ask("autostart") == "Test4Theory does not start when you log in.\n"
    assert ask("autostart", "on") == "Test4Theory starts when you log in.\n"
    state = json.loads(ask("--json", "autostart", "status"))
    assert (state["on"], state["other"]) == (True, False)
    assert f'"{data}" "run" "--tray"' in state["command"]
    assert main(["--data-dir", str(tmp_path / "other"), "autostart"]) == 0
    assert "another installation or another data folder" in capsys.readouterr().out
    assert ask("autostart", "off") == "Test4Theory does not start when you log in.\n"
    assert not list(tmp_path.rglob("*.desktop"))


def test_words_for_what_the_system_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    entry = autostart()
    assert isinstance(entry, AutostartFile)
    entry.file.parent.mkdir(parents=True)
    entry.file.write_bytes(entry.render(command(tmp_path)) + (b"Hidden=true\n" if entry.file.suffix == ".desktop" else b""))
    if entry.file.suffix == ".desktop":
        assert main(["--data-dir", str(tmp_path), "autostart"]) == 0
        assert "switched off in this system's own settings" in capsys.readouterr().out


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("", encoding="ascii")
    with pytest.raises(FolderUnwritable):
        autostart_of(tmp_path, on=True, at_login=AutostartFile(tmp_path / "autostart" / "x.desktop", autostart_entry, read_entry))


def test_where_each_system_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert autostart(darwin=False) == AutostartFile(tmp_path / "autostart" / "org.t4t.autostart.desktop", autostart_entry, read_entry)
    assert autostart(darwin=True) == AutostartFile(tmp_path / "Library" / "LaunchAgents" / "org.t4t.autostart.plist", autostart_agent, read_agent)
