"""Real QEMU under the contract, in this process and behind a VM host process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.hypervisor_contract import HypervisorContract, Rig
from support.qemu_rig import QemuRig, RemoteQemuRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.mark.qemu
class TestQemu(HypervisorContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path, appliance_dir: Path) -> AsyncIterator[Rig]:
        rig = QemuRig(tmp_path, appliance_dir)
        yield rig
        await rig.close()


@pytest.mark.qemu
class TestQemuBehindTheHost(HypervisorContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path, appliance_dir: Path) -> AsyncIterator[Rig]:
        rig = RemoteQemuRig(tmp_path, appliance_dir)
        yield rig
        await rig.close()
