"""The VirtualBox driver under the contract on a road in memory, with real processes; on real VirtualBox in the laboratory (``tests/lab``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract.hypervisor_contract import HypervisorContract, Rig
from support.double_rig import DoubleRig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class TestVirtualBoxCore(HypervisorContract):
    @pytest.fixture
    async def rig(self, tmp_path: Path) -> AsyncIterator[Rig]:
        rig = DoubleRig(tmp_path)
        yield rig
        await rig.close()
