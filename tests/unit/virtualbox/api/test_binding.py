"""Finding VirtualBox's own Python binding, and loading it alone."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest

from t4t.domain.errors import HypervisorBroken
from t4t.hypervisor.virtualbox.api import binding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("VBOX_PROGRAM_PATH", "VBOX_SDK_PATH"):
        monkeypatch.setenv(name, "was here")
        monkeypatch.delenv(name)
    yield
    sys.modules.pop("vboxapi", None)


def package(folder: Path, text: str = "VirtualBoxManager = 'manager'\n") -> Path:
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(text)
    return folder


@pytest.mark.parametrize(
    "place",
    [
        "usr/lib/python3/dist-packages",
        "usr/lib/python3.14/site-packages",
        "usr/lib64/python3.12/site-packages",
        "usr/local/lib/python3.11/dist-packages",
        "opt/VirtualBox/sdk/installer",
        "opt/VirtualBox/sdk/installer/python/vboxapi/src",
        "opt/VirtualBox/sdk/install",
    ],
)
def test_where_it_is_found(tmp_path: Path, place: str) -> None:
    wanted = package(tmp_path / place / "vboxapi")
    assert binding.find(str(tmp_path / "opt/VirtualBox"), root=tmp_path) == wanted


def test_the_systems_newest_python_comes_before_the_sdk(tmp_path: Path) -> None:
    package(tmp_path / "vb/sdk/installer/vboxapi")
    package(tmp_path / "usr/lib/python3.9/site-packages/vboxapi")
    newest = package(tmp_path / "usr/lib/python3.13/site-packages/vboxapi")
    package(tmp_path / "usr/lib/python3.odd/site-packages/vboxapi")
    assert binding.find(str(tmp_path / "vb"), root=tmp_path) == newest


def test_nowhere_is_said_with_the_places(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/python3/dist-packages/vboxapi").mkdir(parents=True)  # a folder alone is nothing
    with pytest.raises(HypervisorBroken, match=r"vboxapi.*not installed.*dist-packages"):
        binding.find("", root=tmp_path)


def test_it_is_loaded_without_its_neighbours(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = ("import os, warnings", "from .numbers import one", "warnings.warn('types')", "print('says something')")
    place = package(tmp_path / "site/vboxapi", "\n".join((*lines, "VirtualBoxManager = os.environ['VBOX_PROGRAM_PATH']", "")))
    (place / "numbers.py").write_text("one = 1\n")
    (tmp_path / "site/t4t_neighbour.py").write_text("")
    before = list(sys.path)
    with caplog.at_level(logging.INFO):
        module = binding.load(place, "/opt/vb")
    assert module.VirtualBoxManager == "/opt/vb"
    assert module.one == 1
    assert sys.modules["vboxapi"] is module
    assert sys.path == before
    assert "says something" in caplog.text
    with pytest.raises(ModuleNotFoundError):
        __import__("t4t_neighbour")


def test_one_that_does_not_load_is_broken_and_leaves_nothing(tmp_path: Path) -> None:
    place = package(tmp_path / "vboxapi", "raise Exception('Cannot find VBoxPython module')\n")
    with pytest.raises(HypervisorBroken, match="Cannot find VBoxPython"):
        binding.load(place, "/opt/vb")
    assert "vboxapi" not in sys.modules


def test_an_api_that_can_t_be_reached_is_broken() -> None:
    with pytest.raises(HypervisorBroken, match="does not answer"):
        binding.manager()


def test_pyvboxes_manager_over_the_binding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "class VirtualBoxManager:\n    def __init__(self, style, parameters):\n        self.constants = (style, parameters)\n"
    monkeypatch.setattr("virtualbox._managers", {})
    binding.load(package(tmp_path / "vboxapi", text), "/opt/vb")
    assert binding.manager().manager.constants == (None, None)
