"""The real probe of the system that the tests run on, whichever it is: its own calls answer, and the answers fit together."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psutil

from t4t.domain.diagnosis import diagnose
from t4t.domain.facts import Architecture, Facts, System
from t4t.host import resources
from t4t.host.probe.here import probe
from t4t.storage import tables

if TYPE_CHECKING:
    from pathlib import Path

SYSTEMS = {"linux": System.LINUX, "darwin": System.MACOS, "win32": System.WINDOWS}


def test_the_real_probe(tmp_path: Path) -> None:
    found = probe(tmp_path).look()
    assert found.system is SYSTEMS[sys.platform]
    assert found.release.value
    assert found.name.value
    assert found.processor.value
    assert found.cores.value == psutil.cpu_count()
    assert found.architecture.value in {Architecture(resources.architecture()), Architecture.ARM64}
    if found.board.value is not None:
        assert found.guest_of.value is not None
    assert found.virtualization.owners.value is not None
    assert found.virtualization.on.value in {True, False, None}
    assert found.driver.value is not None
    assert found.memory.value is not None
    assert found.memory.value.total == psutil.virtual_memory().total // (1024 * 1024)
    assert found.disk.value is not None
    assert found.disk.value.file_system
    if sys.platform != "win32":
        assert found.elevated.value is (os.geteuid() == 0)
    else:
        assert found.elevated.value is not None
        assert found.service.value is not None
        assert found.translation.value is not None
    again = probe(tmp_path).look()
    assert (again.processor, again.board, again.guest_of, again.driver) == (found.processor, found.board, found.guest_of, found.driver)
    assert diagnose(Facts(computer=found), tables.load()).findings
