"""``t4t self-check``: what it looks at, and that it tells what is broken however it breaks."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from typing import TYPE_CHECKING, cast

import pytest

from t4t.bootstrap import self_check
from t4t.bootstrap.services import Services
from t4t.cli import arguments, verbs
from t4t.domain.self_check import Checked, Part
from t4t.hypervisor.own import own_program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from t4t.cli.services import Services as Verbs

QUICK = (Part.LIBRARIES, Part.BINDING, Part.RESOURCES, Part.CERTIFICATES, Part.KEYRING, Part.VM_HOST, Part.API_WORKER, Part.AGENT)


@pytest.mark.parametrize("part", QUICK)
def test_this_copy_is_whole(part: Part) -> None:
    if part is Part.LIBRARIES and sys.platform != "linux":
        pytest.skip("the development environment of other systems may lack some")
    (found,) = self_check.check(part)
    assert found.part is part
    assert found.well, found.detail


def test_every_part_is_known() -> None:
    assert set(self_check.looks()) == set(Part)
    assert {"keyring.backends.Windows"} <= set(self_check.libraries("win32"))
    assert {"AppKit"} <= set(self_check.libraries("darwin"))


def test_a_part_that_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "LIBRARIES", ("no_such_library",))
    (found,) = self_check.check(Part.LIBRARIES)
    assert (found.well, found.detail) == (False, "ModuleNotFoundError: No module named 'no_such_library'")


SAYS = "import sys, json; print(json.dumps({'parts': [{'part': sys.argv[-1], 'well': True, 'detail': 'said'}]}))"
DIES = "import os, signal, sys; print('a library failed', file=sys.stderr, flush=True); os.kill(os.getpid(), signal.SIGABRT)"


def test_all_parts_each_in_a_process_of_its_own() -> None:
    found = self_check.check(None, program=(sys.executable, "-c", SAYS))
    assert found == tuple(Checked(part=part, well=True, detail="said") for part in Part)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_a_process_that_is_killed_by_a_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "PARTS", (Part.WEB,))
    (found,) = self_check.check(None, program=(sys.executable, "-c", DIES))
    assert (found.well, found.detail) == (False, f"ended by {signal.Signals.SIGABRT.name}: a library failed")
    (found,) = self_check.check(None, program=("/nonexistent/t4t",))
    assert not found.well


def test_no_authorities_are_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("the system itself decides")
    empty = ssl.DefaultVerifyPaths("", str(tmp_path), "", "", "", "")
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: empty)
    monkeypatch.setattr("truststore._openssl._CA_FILE_CANDIDATES", [])
    with pytest.raises(RuntimeError, match="no certificate"):
        self_check.certificates()
    assert self_check.certificates("win32") == "the system itself decides"


class Told:
    def __init__(self, *found: Checked) -> None:
        self._found = found
        self.asked: Part | None = None

    def self_check(self, part: Part | None) -> Sequence[Checked]:
        self.asked = part
        return self._found


def test_the_verb(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    told = Told(Checked(part=Part.WEB, well=True, detail="a page"), Checked(part=Part.AGENT, well=False, detail="two\nlines"))
    assert verbs.run(arguments.parser().parse_args(["self-check"]), cast("Verbs", told)) == 1
    assert capsys.readouterr().out == "  ✓ ok     web            a page\n  ✗ fail   agent          two lines\n"
    assert verbs.run(arguments.parser().parse_args(["--json", "self-check", "web"]), cast("Verbs", Told(told.self_check(None)[0]))) == 0
    assert json.loads(capsys.readouterr().out) == {"well": True, "parts": [{"part": "web", "well": True, "detail": "a page"}]}
    assert verbs.run(arguments.parser().parse_args(["self-check", "resources"]), Services(tmp_path)) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="Qt without a screen was only seen there")
def test_screens_without_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "PARTS", (Part.PICTURE, Part.WINDOW, Part.WEB, Part.TRAY))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setenv("QTWEBENGINE_DISABLE_SANDBOX", "1")  # only for root, whom it does not work for
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    found = self_check.check(None)
    assert [one.detail for one in found if not one.well] == []
    assert [one.detail.split(":")[0] for one in found][-2:] == ["a page was shown, its script ran", "not tried"]


def test_an_agent_that_ends_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "own_program", lambda: (sys.executable, "-c", "import sys; sys.exit('no library')"))
    (found,) = self_check.check(Part.AGENT)
    assert (found.well, found.detail) == (False, "RuntimeError: ended with 1; it said: no library")


def test_a_worker_that_says_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_check, "own_program", lambda: (sys.executable, "-c", "print('{\"id\": 1}')"))
    (found,) = self_check.check(Part.API_WORKER)
    assert (found.well, found.detail) == (False, "RuntimeError: it said {'id': 1}")


def test_a_part_with_the_name_of_a_process_is_a_part(tmp_path: Path) -> None:
    """The last word alone makes nobody that process."""
    command = (*own_program(), "--data-dir", str(tmp_path / "data"), "--json", "self-check", Part.API_WORKER.value)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout)["well"] is True
    assert not (tmp_path / "data").exists(), "looking leaves nothing behind"
