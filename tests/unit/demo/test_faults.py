"""The faults that tests give the demo project do what they say, and it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.demo_faults import FAULTS, Faults
from support.demo_rig import demo_rig
from t4t.domain import project_errors as errors

if TYPE_CHECKING:
    from pathlib import Path

WHAT_CLIENTS_SEE = {
    "500": errors.ServerFailed,
    "503": errors.ServerFailed,
    "drop": errors.Unreachable,
    "deaf": errors.Unreachable,
    "drop mid-body": errors.Unreachable,
    "slow": errors.TimedOut,
    "wrong length": errors.ReplyUnreadable,
    "wrong content": errors.ReplyUnreadable,
    "down": errors.ProjectDown,
    "delay": errors.ReplyUnreadable,
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault(tmp_path: Path, fault: str) -> None:
    faults = Faults({0: fault})
    async with demo_rig(tmp_path, around=[faults.middleware], silence=0.3) as rig:
        with pytest.raises(WHAT_CLIENTS_SEE[fault]):
            await rig.volunteer.accounts.config(rig.project.address)
        assert (await rig.volunteer.accounts.config(rig.project.address)).name == rig.project.settings.name
        assert faults.count == 2
