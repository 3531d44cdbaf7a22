"""The command's outermost layer: what reaches it becomes an exit status, a sentence or a line of the log."""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import TYPE_CHECKING

import pytest

from t4t import bootstrap
from t4t.cli import verbs
from t4t.domain.errors import NoScreen
from t4t.hypervisor.virtualbox.api import worker

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from pathlib import Path

    from t4t.cli.services import Services


@pytest.fixture(autouse=True)
def _own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(logging, "raiseExceptions", True)
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


def _fails_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(_args: argparse.Namespace, _services: Services) -> int:
        raise error

    monkeypatch.setattr(verbs, "run", run)


def test_an_error_of_ours_is_a_sentence_and_its_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = NoScreen(detail="no libEGL")
    _fails_with(monkeypatch, error)
    assert bootstrap.main(["--data-dir", str(tmp_path), "status"]) == error.exit_code
    assert "no libEGL" in capsys.readouterr().err
    assert error.code in (tmp_path / "logs" / "t4t.log").read_text()


def test_ctrl_c_has_the_shells_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fails_with(monkeypatch, KeyboardInterrupt())
    assert bootstrap.main(["--data-dir", str(tmp_path), "status"]) == verbs.INTERRUPTED


def test_a_bug_is_shown_and_logged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _fails_with(monkeypatch, ZeroDivisionError("of all things"))
    with pytest.raises(ZeroDivisionError):
        bootstrap.main(["--data-dir", str(tmp_path), "status"])
    assert "ZeroDivisionError: of all things" in (tmp_path / "logs" / "t4t.log").read_text()


def test_the_process_that_has_virtualboxs_api_has_a_verb_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve() -> None:
        raise SystemExit(0)

    monkeypatch.setattr(worker, "main", serve)
    with pytest.raises(SystemExit, match="0"):
        bootstrap.main(["vbox-api"])


@pytest.mark.parametrize(("letters", "shown"), [("cp1252", b"? ok"), ("utf-8", "\N{CHECK MARK} ok".encode())])
def test_a_pipe_with_few_letters_gets_what_it_can_take(monkeypatch: pytest.MonkeyPatch, letters: str, shown: bytes) -> None:
    taken = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(taken, encoding=letters, write_through=True))
    monkeypatch.setattr(sys, "stderr", None)  # a Windows program without a terminal has none
    monkeypatch.setattr(verbs, "run", lambda _args, _services: sys.stdout.write("\N{CHECK MARK} ok"))
    bootstrap.main(["quit"])
    assert taken.getvalue() == shown
    assert sys.stderr.writable()
    sys.stderr.close()


def test_a_bundle_takes_itself_out_of_the_environment(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("_PYI_ARCHIVE_FILE", "/usr/lib/t4t/t4t")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/usr/lib/t4t/_internal")
    with pytest.raises(SystemExit):
        bootstrap.main(["--version"])
    assert capsys.readouterr().out.startswith("t4t ")
    assert not {"_PYI_ARCHIVE_FILE", "LD_LIBRARY_PATH"} & set(os.environ)
