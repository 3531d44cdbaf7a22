"""A data folder with real QEMU machines for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.qemu_rig import QemuRig
from t4t.hypervisor.qemu import QemuDriver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.hypervisor.driver import Driver


class Lab(QemuRig):
    """Machines at ordinary priority, so that what is measured does not depend on what else this computer does."""

    def make(self, owner: str) -> Driver:
        return QemuDriver(self.data, owner=owner, free=self._free, background=False)

    def qemu(self) -> QemuDriver:
        """A driver, by its own type."""
        made = self.driver()
        assert isinstance(made, QemuDriver)
        return made


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """Machines without a guest's system."""
    made = Lab(tmp_path, tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def guest_lab(tmp_path: Path, appliance_dir: Path) -> AsyncIterator[Lab]:
    """Machines that may run the reference appliance."""
    made = Lab(tmp_path, appliance_dir)
    yield made
    await made.close()
