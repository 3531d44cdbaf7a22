# ruff: noqa: ASYNC220, ASYNC240 - the files are tiny, and a double needs no concurrency
"""VirtualBox in memory: a strict road with real processes, so that the driver can be tested where there is no VirtualBox.

It refuses what VirtualBox refuses, keeps a VM locked as long as its process lives, and knows media by path. What it can't do is asserted.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from support import vm_process
from t4t.domain.errors import CommandFailed, MediumMissing, SnapshotNotFound, StateUnreadable, T4TError, VmBusy, VmLost, VmNotFound, VmWrongState
from t4t.hypervisor.virtualbox import options, processes
from t4t.hypervisor.virtualbox.states import from_word
from t4t.hypervisor.virtualbox.versions import Version
from t4t.hypervisor.virtualbox.view import LOOPBACK, Attachment, BandwidthGroup, Machine, Medium, Registered, Rule, SnapshotNode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from t4t.domain.vm import PortForward, Share, VmId, VmSpec
    from t4t.hypervisor.virtualbox.options import Choices

_IN_LOG = {"poweroff": "PoweredOff", "aborted-saved": "AbortedSaved"}
PNG = b"\x89PNG\r\n\x1a\n"
RUINED = b"\xff"


@dataclass
class Shot:
    """A snapshot."""

    name: str
    uuid: str
    state: bytes | None
    cores: int
    memory_mib: int
    rules: dict[str, PortForward]


@dataclass
class Vm:
    """One registered VM."""

    spec: VmSpec
    folder: Path
    description: str
    rules: dict[str, PortForward]
    cores: int
    memory_mib: int
    cap: int
    link: bool
    word: str = "poweroff"
    changed: str = ""
    process: subprocess.Popen[str] | None = None
    state_file: str = ""
    shaped: bool = False
    shares: dict[str, Share] = field(default_factory=dict)
    shots: list[Shot] = field(default_factory=list)
    disks: list[Attachment] = field(default_factory=list)

    def set(self, word: str) -> None:
        self.word = word
        self.changed = datetime.now(tz=UTC).isoformat()
        with (self.folder / "Logs/VBox.log").open("a") as log:
            log.write(f"00:00:00 Console: Machine state changed to '{_IN_LOG.get(word, word.title())}'\n")


class World:
    """The registry that all roads of a test see, and the processes of its VMs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = vm_process.install(folder)
        self.vms: dict[VmId, Vm] = {}
        self.media: dict[str, Medium] = {}
        self.calls: Counter[str] = Counter()
        self.fail: dict[str, list[T4TError]] = {}
        """Errors that the next calls of a method raise, one each, before they do anything."""
        self.hang_restore = False
        self.home: Path | None = None
        self.server = processes.identity(os.getpid())
        """VBoxSVC: older than each VM."""
        self.forgotten: set[VmId] = set()

    def called(self, name: str) -> None:
        self.calls[name] += 1
        planned = self.fail.get(name)
        if planned:
            raise planned.pop(0)

    def vm(self, vm_id: VmId) -> Vm:
        vm = self.vms.get(vm_id)
        if vm is None or vm_id in self.forgotten:
            raise VmNotFound(vm=vm_id)
        if vm.process is not None and vm.process.poll() is not None:
            self.close_process(vm)
            if vm.word not in {"poweroff", "saved"}:
                vm.set("aborted-saved" if vm.word == "restoring" else "aborted")
        return vm

    @staticmethod
    def close_process(vm: Vm) -> None:
        assert vm.process is not None
        vm.process.wait(10)
        for stream in (vm.process.stdin, vm.process.stdout):
            if stream is not None:
                stream.close()
        vm.process = None

    def tell(self, vm: Vm, command: str) -> str:
        assert vm.process is not None
        assert vm.process.stdin is not None
        assert vm.process.stdout is not None
        vm.process.stdin.write(command + "\n")
        vm.process.stdin.flush()
        return vm.process.stdout.readline().strip()

    def open_port(self, vm: Vm, port: PortForward) -> None:
        if self.tell(vm, f"open {port.host_port}") == "busy":
            with (vm.folder / "Logs/VBox.log").open("a") as log:
                log.write(f"00:00:01 VMSetError: NAT#0: configuration error: failed to set up redirection of {port.host_port} to {port.guest_port}.\n")

    def need(self, vm: Vm, *words: str, command: str) -> None:
        if vm.word not in words:
            raise VmWrongState(vm=vm.spec.vm_id, state=vm.word, command=command)

    def unlocked(self, vm: Vm, command: str) -> None:
        if vm.process is not None:
            raise VmBusy(vm=vm.spec.vm_id, command=command, detail="locked")

    def close(self) -> None:
        for vm in self.vms.values():
            if vm.process is not None:
                vm.process.send_signal(signal.SIGCONT)
                vm.process.kill()
                self.close_process(vm)


class RoadDouble:
    """`t4t.hypervisor.virtualbox.road.Road` on a `World`."""

    def __init__(self, world: World, *, look_seconds: float | None = 60.0) -> None:
        self.world = world
        self._look_seconds = look_seconds
        self._closed = asyncio.Event()
        self.opened = False

    @property
    def name(self) -> str:
        return "double"

    @property
    def look_seconds(self) -> float | None:
        return self._look_seconds

    async def open(self) -> Version:
        self.opened = True
        return Version(7, 2, 22)

    async def home(self) -> Path | None:
        return self.world.home

    async def close(self) -> None:
        self._closed.set()

    def _vm(self, name: str, vm_id: VmId) -> Vm:
        assert self.opened
        vm = self.world.vm(vm_id)
        self.world.called(name)
        return vm

    async def registered(self) -> tuple[Registered, ...]:
        return tuple(Registered(vm_id=one, name=vm.spec.name, accessible=True) for one, vm in self.world.vms.items())

    async def machine(self, vm: VmId) -> Machine:
        found = self._vm("machine", vm)
        return Machine(
            vm_id=vm,
            name=found.spec.name,
            state=from_word(found.word),
            raw_state=found.word,
            changed=found.changed,
            memory_mib=found.memory_mib,
            cores=found.cores,
            cap_percent=found.cap,
            config_file=str(found.folder / f"{found.spec.name}.vbox"),
            snapshot_folder=str(found.folder / "Snapshots"),
            log_folder=str(found.folder / "Logs"),
            state_file=found.state_file,
            session="headless" if found.process is not None else "",
            network="nat",
            link_up=found.link,
            description=found.description,
            rules=tuple(
                Rule(
                    name=one.name,
                    protocol="tcp",
                    host_ip="" if one.remote else LOOPBACK,
                    host_port=one.host_port,
                    guest_ip="",
                    guest_port=one.guest_port,
                )
                for one in found.rules.values()
            ),
            attachments=tuple(found.disks),
            snapshots=tuple(SnapshotNode(name=one.name, uuid=one.uuid, node="", current=False) for one in found.shots),
            groups=(BandwidthGroup(name="g", kind="Network", bytes_per_second=0),) if found.shaped else (),
            shares=tuple(found.shares.values()),
            fields={},
        )

    async def extra(self, vm: VmId, key: str) -> str | None:
        raise AssertionError(f"nobody asks for {key} of {vm}")

    async def media(self) -> tuple[Medium, ...]:
        self.world.called("media")
        return tuple(self.world.media.values())

    async def changes(self) -> AsyncIterator[VmId | None]:
        await self._closed.wait()
        nothing: tuple[VmId, ...] = ()
        for vm in nothing:
            yield vm

    # --- without a process --------------------------------------------------------------------------------------------

    async def create(self, spec: VmSpec, choices: Choices) -> None:
        assert all(port.host_port for port in spec.ports)
        assert spec.vm_id not in self.world.vms
        folder = Path(choices.base_folder) / spec.name
        for part in ("Logs", "Snapshots"):
            (folder / part).mkdir(parents=True)
        (folder / f"{spec.name}.vbox").write_text("settings")
        self.world.vms[spec.vm_id] = Vm(
            spec=spec,
            folder=folder,
            description=options.description(choices.owner),
            rules={port.name: port for port in spec.ports},
            cores=spec.cores,
            memory_mib=spec.memory_mib,
            cap=spec.cap_percent,
            link=spec.link_up,
            shaped=spec.bandwidth_kib_s is not None,
            shares={one.name: one for one in spec.shares},
        )
        if spec.cache_disk_mib is not None:
            Path(choices.cache_disk).write_bytes(b"cache")
        self.world.called("create")

    def _medium(self, path: str) -> Medium | None:
        return next((one for one in self.world.media.values() if one.path == path), None)

    async def introduce(self, spec: VmSpec, path: str) -> None:
        vm = self._vm("introduce", spec.vm_id)
        assert not vm.disks
        found = self._medium(path)
        number = str(uuid.uuid4()) if found is None else found.uuid
        self.world.media[number] = Medium(
            uuid=number,
            parent="",
            state="created",
            access_error="",
            kind="normal (base)",
            path=path,
            format="VDI",
            capacity_mib=1,
            size_mib=1,
            children=(),
            used_by=(),
        )

    async def attach_base(self, spec: VmSpec, path: str) -> None:
        vm = self._vm("attach_base", spec.vm_id)
        found = self._medium(path)
        if found is None:
            raise CommandFailed(vm=spec.vm_id, command="storageattach", detail="can only be used on media registered with a machine")
        number, child = found.uuid, str(uuid.uuid4())
        layer = vm.folder / "Snapshots" / f"{{{child}}}.vdi"
        layer.write_bytes(b"layer")
        self.world.media[number] = _with(found, kind="multiattach", children=(*found.children, child))
        self.world.media[child] = _with(found, uuid=child, parent=number, kind="normal (differencing)", path=str(layer), children=(), used_by=(spec.vm_id,))
        vm.disks.append(Attachment(controller=options.DISKS, port=0, device=0, path=str(layer)))

    async def detach(self, vm: VmId, one: Attachment) -> None:
        found = self._vm("detach", vm)
        self.world.unlocked(found, "detach")
        self.world.need(found, "poweroff", "aborted", command="detach")
        found.disks.remove(one)

    async def close_medium(self, medium: str, *, delete: bool = False) -> None:
        assert not delete
        self.world.called("close_medium")
        found = self.world.media.get(medium) or self._medium(medium)
        if found is None or found.children or found.used_by:
            raise CommandFailed(vm="", command="closemedium", detail="in use or unknown")
        del self.world.media[found.uuid]
        if found.parent:
            parent = self.world.media[found.parent]
            self.world.media[found.parent] = _with(parent, children=tuple(one for one in parent.children if one != found.uuid))

    async def convert_raw(self, source: str, target: str, uuid: str) -> None:
        self.world.called("convert_raw")
        assert uuid
        Path(target).write_bytes(b"converted " + Path(source).read_bytes()[:10])

    async def unregister(self, vm: VmId) -> None:
        found = self._vm("unregister", vm)
        self.world.unlocked(found, "unregister")
        for disk in found.disks:
            Path(disk.path).unlink()  # as `unregistervm --delete` does, whosever disk it is
            medium = self._medium(disk.path)
            if medium is not None:
                self.world.media[medium.uuid] = _with(medium, used_by=())
                await self.close_medium(medium.uuid)
        (found.folder / f"{found.spec.name}.vbox").unlink()
        del self.world.vms[vm]

    async def shape(self, vm: VmId, kib_s: int) -> None:
        found = self._vm("shape", vm)
        assert kib_s
        self.world.unlocked(found, "shape")
        assert not found.shaped
        found.shaped = True

    async def set_resources(self, vm: VmId, *, cores: int | None = None, memory_mib: int | None = None) -> None:
        found = self._vm("set_resources", vm)
        self.world.unlocked(found, "modifyvm")
        self.world.need(found, "poweroff", "aborted", command="modifyvm")
        found.cores, found.memory_mib = cores or found.cores, memory_mib or found.memory_mib

    async def share(self, vm: VmId, one: Share) -> None:
        found = self._vm("share", vm)
        self.world.need(found, "poweroff", "aborted", command="sharedfolder")
        assert one.name not in found.shares
        found.shares[one.name] = one

    async def unshare(self, vm: VmId, name: str) -> None:
        del self._vm("unshare", vm).shares[name]

    async def discard(self, vm: VmId) -> None:
        found = self._vm("discard", vm)
        self.world.unlocked(found, "discardstate")
        self.world.need(found, "saved", "aborted-saved", command="discardstate")
        Path(found.state_file).unlink(missing_ok=True)
        found.state_file = ""
        found.set("poweroff")

    async def start(self, vm: VmId) -> None:
        found = self._vm("start", vm)
        self.world.unlocked(found, "startvm")
        boot = found.disks[0].path if found.disks else found.spec.boot.path
        uptime = "0"
        restoring = found.word in {"saved", "aborted-saved"}
        if restoring:
            state = Path(found.state_file)
            if not state.is_file() or not state.stat().st_size:
                found.set("aborted-saved")
                raise VmLost(vm=vm, detail="The VM session was aborted")
            uptime = state.read_text(errors="replace").strip()
            if state.read_bytes().endswith(RUINED):
                found.set("aborted-saved")
                raise StateUnreadable(vm=vm, detail="VERR_SSM_INTEGRITY")
        elif not Path(boot).is_file():
            found.set("aborted")
            raise MediumMissing(path=boot)
        log = found.folder / "Logs/VBox.log"
        log.unlink(missing_ok=True)
        found.process = subprocess.Popen(
            [self.world.program, "--startvm", vm, uptime, "--vrde", "config"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        log.write_text(f"00:00:00 Process ID: {found.process.pid}\n00:00:00 HM: HMR3Init: Falling back on IEM: NEM not available\n")
        if restoring and self.world.hang_restore:
            found.set("restoring")
            found.process.send_signal(signal.SIGSTOP)
            while found.process.poll() is None:  # noqa: ASYNC110 - it is killed by the driver
                await asyncio.sleep(0.02)
            self.world.vm(vm)
            raise VmLost(vm=vm, detail="The VM session was aborted")
        await asyncio.sleep(0.05)
        for port in found.rules.values():
            self.world.open_port(found, port)
        self.world.tell(found, f"link {'on' if found.link else 'off'}")
        if restoring and not any(shot.state is not None and found.state_file == _shot_file(found, shot) for shot in found.shots):
            Path(found.state_file).unlink()
        found.state_file = ""
        found.set("running")

    # --- both ---------------------------------------------------------------------------------------------------------

    async def set_cap(self, vm: VmId, percent: int, *, live: bool) -> None:
        found = self._vm("set_cap", vm)
        self.world.need(found, *(("running",) if live else ("poweroff", "aborted")), command="cpuexecutioncap")
        found.cap = percent

    async def set_link(self, vm: VmId, *, up: bool, live: bool) -> None:
        found = self._vm("set_link", vm)
        assert live == (found.process is not None)
        found.link = up
        if live:
            self.world.tell(found, f"link {'on' if up else 'off'}")

    async def set_bandwidth(self, vm: VmId, kib_s: int) -> None:
        assert kib_s >= 0
        if not self._vm("set_bandwidth", vm).shaped:
            raise CommandFailed(vm=vm, command="bandwidthctl", detail="no such group")

    async def forward(self, vm: VmId, ports: Sequence[PortForward], *, live: bool) -> None:
        found = self._vm("forward", vm)
        assert live == (found.process is not None)
        for port in ports:
            assert port.name not in found.rules
            found.rules[port.name] = port
            if live:
                self.world.open_port(found, port)

    async def unforward(self, vm: VmId, names: Sequence[str], *, live: bool) -> None:
        found = self._vm("unforward", vm)
        assert live == (found.process is not None)
        for name in names:
            port = found.rules.pop(name)
            if live:
                self.world.tell(found, f"close {port.host_port}")

    # --- with a process -----------------------------------------------------------------------------------------------

    async def pause(self, vm: VmId) -> None:
        found = self._vm("pause", vm)
        self.world.need(found, "running", command="pause")
        found.set("paused")

    async def resume(self, vm: VmId) -> None:
        found = self._vm("resume", vm)
        self.world.need(found, "paused", command="resume")
        found.set("running")

    def _write_state(self, found: Vm) -> Path:
        file = found.folder / "Snapshots" / f"{uuid.uuid4()}.sav"
        file.write_text(self.world.tell(found, "uptime") + "\n")
        return file

    async def save(self, vm: VmId) -> None:
        found = self._vm("save", vm)
        self.world.need(found, "running", "paused", command="savestate")
        found.state_file = str(self._write_state(found))
        found.set("saved")
        self.world.tell(found, "end")

    async def power_off(self, vm: VmId) -> None:
        found = self._vm("power_off", vm)
        self.world.need(found, "running", "paused", command="poweroff")
        found.set("poweroff")
        self.world.tell(found, "end")

    async def press_button(self, vm: VmId) -> None:
        found = self._vm("press_button", vm)
        self.world.need(found, "running", command="acpipowerbutton")
        if found.spec.ports:  # one with a web server; any other is deaf
            found.set("poweroff")
            self.world.tell(found, "end")

    async def screenshot(self, vm: VmId) -> bytes:
        self.world.need(self._vm("screenshot", vm), "running", "paused", command="screenshotpng")
        return PNG

    # --- snapshots ----------------------------------------------------------------------------------------------------

    async def take_snapshot(self, vm: VmId, name: str) -> str:
        found = self._vm("take_snapshot", vm)
        self.world.need(found, "running", "paused", "poweroff", "aborted", command="snapshot take")
        state = self._write_state(found).rename(found.folder / "Snapshots" / f"{name}.sav").read_bytes() if found.process is not None else None
        shot = Shot(name, str(uuid.uuid4()), state, found.cores, found.memory_mib, dict(found.rules))
        found.shots.append(shot)
        return shot.uuid

    def _shot(self, found: Vm, number: str) -> Shot:
        shot = next((one for one in found.shots if one.uuid == number), None)
        if shot is None:
            raise SnapshotNotFound(vm=found.spec.vm_id, snapshot=number)
        return shot

    async def restore_snapshot(self, vm: VmId, uuid: str) -> None:
        found = self._vm("restore_snapshot", vm)
        self.world.unlocked(found, "snapshot restore")
        shot = self._shot(found, uuid)
        found.cores, found.memory_mib, found.rules = shot.cores, shot.memory_mib, dict(shot.rules)
        found.state_file = "" if shot.state is None else _shot_file(found, shot)
        found.set("poweroff" if shot.state is None else "saved")

    async def delete_snapshot(self, vm: VmId, uuid: str) -> None:
        found = self._vm("delete_snapshot", vm)
        shot = self._shot(found, uuid)
        found.shots.remove(shot)
        if shot.state is not None:
            Path(_shot_file(found, shot)).unlink()


def _shot_file(vm: Vm, shot: Shot) -> str:
    return str(vm.folder / "Snapshots" / f"{shot.name}.sav")


def _with(medium: Medium, **changes: object) -> Medium:
    return replace(medium, **changes)  # type: ignore[arg-type]  # any of its fields
