"""Our own program again, and what it leaves to others of its environment."""

from __future__ import annotations

import sys
from pathlib import Path

from t4t.hypervisor.environment import clean_environment, leave_bundle
from t4t.hypervisor.own import own_program


def test_from_sources() -> None:
    assert own_program() == (sys.executable, "-m", "t4t")
    assert own_program(windowed=True, frozen=False, platform="win32") == (sys.executable, "-m", "t4t")


def test_from_a_bundle() -> None:
    assert own_program(frozen=True, platform="linux") == own_program(windowed=True, frozen=True, platform="darwin") == (sys.executable,)
    here = Path(sys.executable)
    assert own_program(frozen=True, platform="win32") == (str(here.with_name("t4t.exe")),)
    assert own_program(windowed=True, frozen=True, platform="win32") == (str(here.with_name("t4tw.exe")),)


def test_a_bundle_leaves_the_environment_as_it_was() -> None:
    before = {"PATH": "/usr/bin", "LD_LIBRARY_PATH": "/somebody/lib", "HOME": "/home/somebody"}
    environment = before | {
        "LD_LIBRARY_PATH": "/usr/lib/t4t/_internal",
        "LD_LIBRARY_PATH_ORIG": "/somebody/lib",
        "QT_PLUGIN_PATH": "/usr/lib/t4t/_internal/PySide6/Qt/plugins",
        "_PYI_ARCHIVE_FILE": "/usr/lib/t4t/t4t",
        "_MEIPASS2": "/usr/lib/t4t/_internal",
    }
    assert clean_environment(environment) == before
    leave_bundle(environment)
    assert environment == before
    assert clean_environment(environment) == before, "cleaned twice is as once"
