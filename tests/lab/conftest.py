"""Tests that need real VirtualBox run in the laboratory (``make lab``); elsewhere they are no part of the run, unless they are asked for by their mark."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import neighbour
import pytest

from lab.api_vms import Vms, api, ended
from lab.vbox import vboxmanage
from support.virtualbox_rig import Golden
from t4t.domain.errors import T4TError, VmNotFound
from t4t.hypervisor.virtualbox import listing, processes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from t4t.hypervisor.virtualbox.api.road import ApiRoad


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take the tests of the laboratory out of an ordinary run, and refuse a run of them outside it."""
    here = [item for item in items if item.get_closest_marker("virtualbox")]
    if not here or os.environ.get("T4T_LABORATORY"):
        return
    if "virtualbox" in (config.option.markexpr or ""):
        raise pytest.UsageError("tests marked virtualbox run in the laboratory only: make lab")
    config.hook.pytest_deselected(items=here)
    items[:] = [item for item in items if item not in here]


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory, appliance_dir: Path) -> Golden:
    """Saved states of guests that have booted, made when first wanted."""
    return Golden(tmp_path_factory.mktemp("golden"), appliance_dir)


@pytest.fixture(scope="session", autouse=True)
def others_are_untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Somebody else's VM and its disks: their files and their entries in VirtualBox's registry are the same to the byte after all tests.

    In `make lab` it is one for all runs, whose files are compared once more after the last.
    """
    if not os.environ.get("T4T_LABORATORY"):
        yield
        return
    folder = Path(os.environ["T4T_SCRATCH"])
    if neighbour.settings(folder).is_file():
        vboxmanage("registervm", neighbour.settings(folder))
    else:
        folder = tmp_path_factory.mktemp("theirs")
        neighbour.make(folder)
    before = _theirs(folder)
    yield
    assert _theirs(folder) == before


def _theirs(folder: Path) -> dict[str, object]:
    """All that is theirs: files, and what the registry says of them."""
    registry = (Path.home() / ".config/VirtualBox/VirtualBox.xml").read_text()
    return {
        "files": neighbour.fingerprint(folder),
        "machine": [line for line in registry.splitlines() if neighbour.NAME in line],
        "listed": [line for line in vboxmanage("list", "vms").splitlines() if neighbour.NAME in line],
        "media": [one for one in listing.media(vboxmanage("list", "hdds", "--long")) if str(folder) in one.path],
    }


@pytest.fixture
async def road() -> AsyncIterator[ApiRoad]:
    made = api()
    await made.open()
    await made.home()
    yield made
    await made.close()


@pytest.fixture
async def vms(road: ApiRoad, tmp_path: Path) -> AsyncIterator[Vms]:
    made = Vms(road, tmp_path, [])
    yield made
    for vm in made.made:
        owned = processes.find_vm(vm)
        if owned is not None:
            os.kill(owned.pid, signal.SIGKILL)
            await ended(vm)
    cleaner = api()
    await cleaner.open()
    for vm in made.made:
        with contextlib.suppress(VmNotFound):
            machine = await cleaner.machine(vm)
            for one in machine.attachments:
                if "/Snapshots/" not in one.path:
                    with contextlib.suppress(T4TError):
                        await cleaner.detach(vm, one)
            await cleaner.unregister(vm)
    await cleaner.close()
