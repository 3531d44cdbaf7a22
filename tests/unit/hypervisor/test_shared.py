"""What all drivers share: turns, specifications, space and ports."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import CommandTimeout, MediumMissing, NotEnoughDisk, NotSupported, VmNotFound
from t4t.domain.vm import BootDisk, DiskFormat, PortForward, Share, VmChange, VmId, VmSpec
from t4t.durable import FileLock
from t4t.hypervisor import space, specs
from t4t.hypervisor.turns import Turns
from t4t.hypervisor.virtualbox import ports

if TYPE_CHECKING:
    from pathlib import Path

VM = VmId("0f4a1e1c-2b9a-4f1e-9b43-111111111111")
FORWARDS = st.lists(
    st.builds(lambda name, host: PortForward(name=name, guest_port=80, host_port=host), st.sampled_from("abcd"), st.integers(0, 9)),
    max_size=4,
    unique_by=lambda one: one.name,
).map(tuple)


def turns(folder: Path, vm: VmId = VM) -> Turns:
    return Turns(vm, exists=lambda: None, lock_path=lambda: folder / "lock")


async def test_a_turn_that_somebody_else_has(tmp_path: Path) -> None:
    one, other = turns(tmp_path), turns(tmp_path)
    async with one.turn():
        assert one.taken
        for waiting in (one, other):
            with pytest.raises(CommandTimeout):
                async with waiting.turn(0.05):
                    pass
    async with other.turn(0.05):
        assert not FileLock(tmp_path / "lock").try_acquire()


async def test_no_turn_with_what_is_not_there(tmp_path: Path) -> None:
    def exists() -> None:
        raise VmNotFound(vm=VM)

    missing = Turns(VM, exists=exists, lock_path=lambda: tmp_path / "lock")
    with pytest.raises(VmNotFound):
        async with missing.turn():
            pass
    assert not missing.taken
    assert not (tmp_path / "lock").exists()


async def test_work_goes_to_its_end_when_its_caller_is_cancelled(tmp_path: Path) -> None:
    one = turns(tmp_path)
    go, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go.wait()
        done.set()
        raise VmNotFound(vm=VM)  # nobody is left to hear it

    caller = asyncio.create_task(one.atomic(work()))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    go.set()
    await one.finish()
    assert done.is_set()


def test_media_must_be_there(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    spec = VmSpec(vm_id=VM, name="vm", boot=BootDisk(str(disk), DiskFormat.RAW), shares=(Share("s", str(tmp_path / "s")),))
    with pytest.raises(MediumMissing):
        specs.check_media(spec)
    disk.touch()
    with pytest.raises(MediumMissing):
        specs.check_media(spec)
    (tmp_path / "s").mkdir()
    specs.check_media(spec)
    with pytest.raises(NotSupported):
        specs.refuse(spec, frozenset(), "x")


def test_a_change_of_what_is_given() -> None:
    spec = VmSpec(vm_id=VM, name="vm", boot=BootDisk("/d", DiskFormat.RAW), bandwidth_kib_s=5)
    assert specs.changed(spec, VmChange()) == spec
    assert specs.changed(spec, VmChange(bandwidth_kib_s=0)).bandwidth_kib_s is None
    assert specs.changed(spec, VmChange(cores=3)).cores == 3


def test_space(tmp_path: Path) -> None:
    assert space.free_bytes(tmp_path / "not" / "there") > 0
    space.check_space(tmp_path, 1, lambda _: 1 << 20)
    with pytest.raises(NotEnoughDisk) as refused:
        space.check_space(tmp_path, 2, lambda _: 1 << 20)
    assert (refused.value.needed_mib, refused.value.free_mib) == (2, 1)


def test_ports() -> None:
    assert len(set(space.free_tcp_ports(3))) == 3
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not space.port_is_free(port, remote=False)
        assert not space.port_is_free(port, remote=True)
    assert space.port_is_free(port, remote=False)
    assert not space.port_is_free(70_000, remote=False)


@given(FORWARDS, FORWARDS, st.sets(st.integers(1, 9)))
def test_each_forward_has_a_port_of_its_own(wanted: tuple[PortForward, ...], earlier: tuple[PortForward, ...], busy: set[int]) -> None:
    fresh = iter(range(10, 1000))
    found = ports.chosen(wanted, earlier, free=lambda port, _: port not in busy, fresh=lambda: next(fresh))
    assert [(one.name, one.guest_port) for one in found] == [(one.name, one.guest_port) for one in wanted]
    numbers = [one.host_port for one in found]
    assert 0 not in numbers
    assert len(set(numbers)) == len(numbers)
    assert not busy & set(numbers)
    first = next(iter(wanted), None)
    if first is not None and first.host_port and first.host_port not in busy:
        assert numbers[0] == first.host_port, "a port that is free is given as it was asked for"


async def test_the_end_of_work_that_has_just_ended(tmp_path: Path) -> None:
    """Its callback may still be waiting for its turn, which it must get."""

    async def nothing() -> None:
        await asyncio.sleep(0)

    mine = turns(tmp_path)
    task = mine.keep(asyncio.create_task(nothing()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert task.done()
    async with asyncio.timeout(5):
        await mine.finish()
