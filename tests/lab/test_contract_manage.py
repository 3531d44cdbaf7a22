"""Real VirtualBox under the contract, by VBoxManage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.hypervisor_contract import HypervisorContract, Rig
from support.virtualbox_rig import Golden, VirtualBoxRig, manage_road

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.mark.virtualbox
class TestVirtualBoxByVBoxManage(HypervisorContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path, appliance_dir: Path, golden: Golden) -> AsyncIterator[Rig]:
        rig = VirtualBoxRig(tmp_path, appliance_dir, manage_road, golden)
        yield rig
        await rig.close()
