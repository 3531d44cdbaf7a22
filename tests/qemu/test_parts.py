"""The pure and the small parts of the QEMU driver."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.hypervisor_contract import new_id
from t4t.domain.errors import HypervisorBroken, HypervisorMissing, NotSupported, VmNotFound, VmNotOurs
from t4t.domain.vm import Accelerator, BootDisk, BootIso, DiskFormat, PortForward, Share, VmId, VmSpec, VmState
from t4t.durable import FileLock, write_atomic
from t4t.hypervisor import process
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.qemu import command, creating, limits, locate, network, picture, states
from t4t.hypervisor.qemu.files import make_private, runtime_folder
from t4t.hypervisor.qemu.record import Intent, Records, SnapshotMark, VmRecord
from t4t.hypervisor.specs import compare

TOOLS = locate.Toolchain("/bin/qemu", "/bin/img", "7.2.0", locate.INTERPRETER, sandbox=True)


def spec(**changes: Any) -> VmSpec:
    values: dict[str, Any] = {"vm_id": new_id(), "name": "vm", "boot": BootDisk("/base.raw", DiskFormat.RAW)}
    return VmSpec(**(values | changes))


def built(**changes: Any) -> str:
    launch = command.Launch(
        tools=TOOLS,
        spec=spec(**changes),
        home=Path("/home,of/vm"),
        machine="pc-i440fx-7.2",
        monitors=(command.Endpoint(path="/run/a.0"), command.Endpoint(port=4444)),
        share=command.Endpoint(path="/run/a.3") if changes.get("shares") else None,
        pid_file=Path("/pid"),
    )
    return "\n".join(command.arguments(launch))


# --- the command line ------------------------------------------------------------------------------------------------


def test_the_command_line_is_closed_and_waits() -> None:
    text = built()
    for wanted in ("-nodefaults", "-no-user-config", "-no-shutdown", "-S", "-display\nnone", "-sandbox\non,", "-rtc\nbase=utc", "-machine\npc-i440fx-7.2"):
        assert wanted in text
    assert "hostfwd" not in text, "ports are opened later, when a taken one can be chosen anew"
    assert "path=/run/a.0,server=on,wait=off" in text
    assert "host=127.0.0.1,port=4444" in text
    assert "path=/home,,of/vm/console.log,append=on" in text


def test_media_are_attached_only_when_given() -> None:
    text = built()
    for absent in ("floppy", "ide-cd", "disk1", "virtserialport"):
        assert absent not in text
    text = built(floppy="/f.img", config_iso="/c.iso", cache_disk_mib=64, shares=(Share("shared", "/x"),))
    for present in ("floppy,drive=floppy0", "ide-cd,drive=config0", "virtio-blk-pci,drive=disk1", "name=org.t4t.share.0"):
        assert present in text
    assert json.loads(next(line for line in text.splitlines() if '"config0"' in line))["read-only"] is True
    assert json.loads(next(line for line in text.splitlines() if '"floppy0"' in line))["read-only"] is False


def test_an_iso_boots_without_a_disk_and_can_be_saved() -> None:
    text = built(boot=BootIso("/boot.iso"))
    assert "ide-cd,drive=iso0,bootindex=0" in text
    assert "disk0" not in text
    assert set(command.images(spec(boot=BootIso("/boot.iso")), Path("/h"))) == {command.STATE}


def test_no_network_no_card() -> None:
    assert "netdev" not in built(network=False)
    assert "e1000,netdev=net0" in built(nic_type="82540EM")


def test_the_address_is_the_vms_own() -> None:
    assert command.mac_address("a") == command.mac_address("a") != command.mac_address("b")
    assert command.mac_address("a").startswith("52:54:00:")


# --- states and records ----------------------------------------------------------------------------------------------


@given(st.text())
def test_the_mapping_is_total(word: str) -> None:
    assert states.from_status(word) in VmState


@pytest.mark.parametrize("intent", list(Intent))
@pytest.mark.parametrize("tag", ["", "t4t-state-1"])
def test_death_leaves_something_settled(intent: Intent, tag: str) -> None:
    left = states.after_death(VmRecord(owner="o", created=spec(), settings=spec(), intent=intent, state_tag=tag))
    assert left.settled
    assert not left.alive
    if left in {VmState.SAVED, VmState.ABORTED_SAVED} and intent is not Intent.LEAVING:
        assert tag


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    records = Records(tmp_path, "me")
    one = spec(ports=(PortForward(name="web", guest_port=80),), shares=(Share("shared", "/s"),))
    (tmp_path / one.vm_id).mkdir()
    mark = SnapshotMark(name="n", tag="t", live=True, size_bytes=1, cores=1, memory_mib=2)
    record = VmRecord(owner="me", created=one, settings=one, pid=3, started="x:1", snapshots=(mark,), stale_tags=("a",))
    records.save(record)
    assert records.load(one.vm_id) == record
    assert list(records.ids()) == [one.vm_id]


def test_what_has_no_mark_is_not_ours(tmp_path: Path) -> None:
    records = Records(tmp_path, "me")
    one = spec()
    home = tmp_path / one.vm_id
    with pytest.raises(VmNotFound):
        records.load(one.vm_id)
    home.mkdir()
    other = VmRecord(owner="somebody", created=one, settings=one)
    for content in (None, b"garbage", b"{}", msgspec.json.encode(other)):
        if content is not None:
            (home / "vm.json").write_bytes(content)
        with pytest.raises(VmNotOurs):
            records.load(one.vm_id)
    assert list(records.ids()) == []


@pytest.mark.parametrize("name", ["../x", "/etc", ".locks", "a/b", "a\\b"])
def test_names_that_are_no_ids(tmp_path: Path, name: str) -> None:
    (tmp_path / ".locks").mkdir()
    with pytest.raises(VmNotFound):
        Records(tmp_path, "me").load(VmId(name))


def test_a_tag_that_a_snapshot_has_is_never_stale() -> None:
    mark = SnapshotMark(name="n", tag="t", live=True, size_bytes=1, cores=1, memory_mib=2)
    record = VmRecord(owner="me", created=spec(), settings=spec(), snapshots=(mark,), state_tag="t")
    assert record.running().stale_tags == ()
    assert msgspec.structs.replace(record, state_tag="u").running().stale_tags == ("u",)


# --- files -----------------------------------------------------------------------------------------------------------


def test_locks_exclude_each_other_also_in_one_process(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "l"), FileLock(tmp_path / "l")
    assert first.try_acquire()
    assert not second.try_acquire()
    first.release()
    assert second.try_acquire()
    second.release()


async def test_waiting_for_a_lock_ends(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "l"), FileLock(tmp_path / "l")
    assert first.try_acquire()
    with pytest.raises(TimeoutError):
        async with second.acquired(0.05):
            pass
    first.release()


def test_an_atomic_write_leaves_no_other_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "f", b"1")
    write_atomic(tmp_path / "f", b"2")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"2"]


def test_sockets_have_short_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder(deep) != runtime_folder(tmp_path)
    record = VmRecord(owner="me", created=spec(), settings=spec(), runtime=str(runtime_folder(deep)))
    assert len(f"{record.stem}.rxo") <= 100
    deep.mkdir(parents=True)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert not runtime_folder(deep).is_relative_to(deep), "too long for a socket"


def test_the_runtime_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    make_private(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


# --- limits and network ----------------------------------------------------------------------------------------------


@given(st.floats(0.05, 0.95), st.integers(1, 4), st.floats(0.005, 0.05))
def test_turns_keep_the_limit(cap: float, cores: int, run: float) -> None:
    """A guest that takes all it can get, simulated for a while."""
    rate, debt, used_all, now = cap * cores, 0.0, 0.0, 0.0
    rest = 0.0
    for _ in range(2000):
        used, elapsed = run * cores, run + rest
        used_all += used
        now += elapsed
        debt, rest = limits.rest_after(used, elapsed, debt, rate)
        assert 0 <= rest <= 1.0
    assert used_all / (now + rest) == pytest.approx(rate, rel=0.02)


def test_an_idle_guest_never_rests() -> None:
    debt, rest = limits.rest_after(0.0, 10.0, 0.0, 0.5)
    assert rest == 0.0
    assert debt >= -0.15, "nor does it save up a right to run wild"


def test_rules_are_read_from_the_monitor() -> None:
    text = "Hub -1 (net0):\r\n  Protocol[State]  FD\r\n  TCP[HOST_FORWARD]  12   127.0.0.1 44389   10.0.2.15    80     0     0\r\n  TCP[ESTABLISHED] 9 1 2 3 4"
    assert network.parse_rules(text) == {(44389, 80)}


def test_ports_that_stay_are_not_touched() -> None:
    web, other = PortForward(name="web", guest_port=80), PortForward(name="other", guest_port=81)
    opened = (dataclasses.replace(web, host_port=5000),)
    assert compare(opened, (web,), (web, other)) == (opened, (), (other,))
    assert compare(opened, (web,), (other,)) == ((), opened, (other,))


async def test_a_lane_keeps_its_rate_and_its_memory() -> None:
    lane = network._Lane(rate=100_000)
    for _ in range(1000):
        lane.put(struct.pack(">I", 1000) + bytes(1000))
    assert lane.waiting <= 101_000, "what does not fit is dropped"
    received = asyncio.StreamReader()
    server = await asyncio.start_server(lambda reader, writer: _collect(reader, writer, received), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    clock = asyncio.get_running_loop().time
    begin = clock()
    writing = asyncio.create_task(lane.write(writer))
    await received.readexactly(50 * 1004)
    assert 50_000 / (clock() - begin) == pytest.approx(100_000, rel=0.15)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def _collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, into: asyncio.StreamReader) -> None:
    while data := await reader.read(65536):
        into.feed_data(data)
    writer.close()


# --- programs, processes, pictures -----------------------------------------------------------------------------------


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def test_no_qemu_is_missing(tmp_path: Path) -> None:
    with pytest.raises(HypervisorMissing):
        await locate.locate(str(tmp_path))


@pytest.mark.parametrize("script", ["echo hello", "exit 3", "echo QEMU emulator version 4.2.0", "echo QEMU emulator version 7.2.0"])
async def test_a_wrong_qemu_is_broken(tmp_path: Path, script: str) -> None:
    program(tmp_path, "qemu-system-x86_64", script)
    program(tmp_path, "qemu-img", "echo qemu-img version 7.2.0")
    with pytest.raises(HypervisorBroken):
        await locate.locate(str(tmp_path))


async def test_an_accelerator_that_fails_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = """*-accel*) echo '{"event": "SHUTDOWN"}';;"""
    program(tmp_path, "qemu-system-x86_64", f'case "$*" in *broken*) exit 134;; {works} *) echo QEMU emulator version 9.1.2;; esac')
    program(tmp_path, "qemu-img", "echo qemu-img version 9.1.2")
    broken = locate.Acceleration("broken", "broken", "host", Accelerator.HARDWARE)
    monkeypatch.setattr(locate, "candidates", lambda: (broken,))
    found = await locate.locate(str(tmp_path))
    assert (found.version, found.acceleration.name) == ("9.1.2", "tcg")


def test_children_do_not_get_our_libraries() -> None:
    ours = {"LD_LIBRARY_PATH": "/bundle", "LD_LIBRARY_PATH_ORIG": "/before", "_MEIPASS2": "x", "HOME": "/h"}
    assert clean_environment(ours) == {"LD_LIBRARY_PATH": "/before", "HOME": "/h"}
    assert clean_environment({"LD_LIBRARY_PATH": "/bundle", "_PYI_ARCHIVE_FILE": "x"}) == {}
    assert clean_environment({"LD_LIBRARY_PATH": "/somebody"}) == {"LD_LIBRARY_PATH": "/somebody"}


def test_a_pid_alone_is_nobody() -> None:
    me = process.start_time(1)
    assert me is not None
    assert process.is_alive(process.ProcessId(1, me))
    assert not process.is_alive(process.ProcessId(1, "another"))
    process.kill(process.ProcessId(1, "another"))


def test_a_picture_becomes_a_png() -> None:
    pixels = bytes(range(18))
    png = picture.png_from_ppm(b"P6\n3 2\n255\n" + pixels)
    assert png.startswith(picture.PNG)
    start = png.index(b"IDAT") + 4
    raw = zlib.decompress(png[start : png.index(b"IEND") - 8])
    assert raw == b"\0" + pixels[:9] + b"\0" + pixels[9:]
    with pytest.raises(ValueError, match="PPM"):
        picture.png_from_ppm(b"P5\n1 1\n255\nx")


@pytest.mark.parametrize("shares", [(Share("other", "/x"),), (Share("shared", "/x"), Share("shared", "/y"))])
def test_only_one_share_named_shared(shares: tuple[Share, ...]) -> None:
    from t4t.hypervisor.qemu.driver import FEATURES  # noqa: PLC0415

    with pytest.raises(NotSupported):
        creating.refuse(spec(shares=shares), FEATURES)
