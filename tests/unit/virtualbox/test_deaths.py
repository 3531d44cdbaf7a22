"""The death of a VM, told before VirtualBox, which sees it late, has said anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from support.double_rig import DoubleRig
from support.qemu_rig import kill_and_wait
from t4t.domain.vm import VmEvent, VmState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from t4t.domain.vm import VmId
    from t4t.hypervisor.virtualbox.view import Machine


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[DoubleRig]:
    made = DoubleRig(tmp_path)
    yield made
    await made.close()


async def test_a_death_is_told_while_virtualbox_does_not_answer(rig: DoubleRig, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = rig.driver()
    spec = rig.spec(guest=False)
    await driver.create(spec)
    info = await driver.start(spec.vm_id)
    watching = driver.watch()
    assert await asyncio.wait_for(anext(watching), 10) == VmEvent(vm_id=spec.vm_id, state=VmState.RUNNING)
    answers = asyncio.Event()
    ask = driver._road.machine

    async def slowly(vm: VmId) -> Machine:
        await answers.wait()
        return await ask(vm)

    monkeypatch.setattr(driver._road, "machine", slowly)
    assert info.pid is not None
    await kill_and_wait(info.pid)
    try:
        assert await asyncio.wait_for(anext(watching), 10) == VmEvent(vm_id=spec.vm_id, state=VmState.ABORTED)
    finally:
        answers.set()
    assert (await driver.inspect(spec.vm_id))[0].state is VmState.ABORTED
