"""The road's methods on the API itself, for the worker's one command thread.

What may have to wait is a generator that yields the seconds after which it is to go on, so that commands for other VMs go on meanwhile. Failures leave as the
API raises them; the worker names them.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Final

import virtualbox
from virtualbox.library import IMachine, IMedium, IProgress

from t4t.domain.errors import CommandFailed, HypervisorBroken, VmWrongState
from t4t.hypervisor.virtualbox import options
from t4t.hypervisor.virtualbox.api import failure, looking, making
from t4t.hypervisor.virtualbox.api.numbers import Numbers, state_word
from t4t.hypervisor.virtualbox.api.objects import call, get, many, one, put
from t4t.hypervisor.virtualbox.api.sessions import Sessions, finished, patient, unlock
from t4t.hypervisor.virtualbox.versions import NAME, usable_version

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from virtualbox import Manager
    from virtualbox.library import IConsole, ISession, IVirtualBox

    from t4t.domain.vm import PortForward, Share, VmId, VmSpec
    from t4t.hypervisor.virtualbox.options import Choices
    from t4t.hypervisor.virtualbox.versions import Version
    from t4t.hypervisor.virtualbox.view import Attachment, Machine, Medium, Registered

    Steps = Generator[float, None, None]

_STEP: Final = 0.02
_ALIVE: Final = frozenset({"Running", "Paused", "Stuck"})
"""States in which a VM's process takes commands."""
_COMING: Final = frozenset({"Starting", "Restoring", "SettingUp", "TeleportingIn"})


class Service:
    """One connection to VBoxSVC. Methods are those of `t4t.hypervisor.virtualbox.road.Road`, called by name with the wire's arguments."""

    def __init__(self, manager: Manager) -> None:
        """Connect; `HypervisorBroken` if VBoxSVC does not answer or is too old."""
        self.manager = manager
        raw = manager.manager.getVirtualBox()
        if raw is None:
            raise HypervisorBroken(hypervisor=NAME, detail="VBoxSVC does not answer")
        self.vbox: IVirtualBox = virtualbox.VirtualBox(interface=raw)
        self.numbers = Numbers(manager.manager.constants)
        self.version: Version = usable_version(self.vbox.version)
        self.sessions = Sessions(manager, self.vbox, self.numbers)

    # --- looking ------------------------------------------------------------------------------------------------------

    def home(self) -> str:
        """See `Road.home`."""
        return self.vbox.home_folder

    def registered(self) -> tuple[Registered, ...]:
        """See `Road.registered`."""
        return looking.registered(self.vbox)

    def machine(self, vm: VmId) -> Generator[float, None, Machine]:
        """See `Road.machine`."""
        return (yield from patient(lambda: looking.machine_view(self.sessions.machine(vm), self.numbers)))

    def extra(self, vm: VmId, key: str) -> str | None:
        """See `Road.extra`."""
        return self.sessions.machine(vm).get_extra_data(key) or None

    def media(self) -> tuple[Medium, ...]:
        """See `Road.media`."""
        return looking.media(self.vbox, self.numbers)

    # --- a VM without a process ---------------------------------------------------------------------------------------

    def create(self, spec: VmSpec, choices: Choices) -> Steps:
        """See `Road.create`."""
        making.create(self.vbox, spec, dataclasses.replace(choices, version=self.version), self.numbers)
        if spec.cache_disk_mib is not None:
            yield from finished(making.new_disk(self.vbox, choices.cache_disk, spec.cache_disk_mib, self.numbers))
        if making.has_media(spec):
            yield from self._changed(spec.vm_id, lambda machine: making.attach_media(self.vbox, machine, spec, choices, self.numbers), "create")

    def introduce(self, spec: VmSpec, path: str) -> Steps:
        """See `Road.introduce`."""

        def attach_and_detach(machine: IMachine) -> None:
            making.attach(machine, spec, 0, making.opened(self.vbox, path, "HardDisk", self.numbers))
            machine.save_settings()
            port, device = options.slot(spec, 0)
            machine.detach_device(options.DISKS, port, device)

        yield from self._changed(spec.vm_id, attach_and_detach, "introduce")

    def attach_base(self, spec: VmSpec, path: str) -> Steps:
        """See `Road.attach_base`."""
        shared = self.numbers.number("MediumType", "MultiAttach")

        def attach(machine: IMachine) -> None:
            medium = making.opened(self.vbox, path, "HardDisk", self.numbers)
            if get(medium, "type") != shared:
                put(medium, "type", shared)
            making.attach(machine, spec, 0, medium)

        yield from self._changed(spec.vm_id, attach, "attach_base")

    def detach(self, vm: VmId, one: Attachment) -> Steps:
        """See `Road.detach`."""
        yield from self._changed(vm, lambda machine: machine.detach_device(one.controller, one.port, one.device), "detach")

    def close_medium(self, medium: str, *, delete: bool) -> Steps:
        """See `Road.close_medium`."""
        known = making.opened(self.vbox, medium, "HardDisk", self.numbers)
        if delete:
            yield from finished(known.delete_storage())  # forgets it too
        else:
            known.close()

    def unregister(self, vm: VmId) -> Steps:
        """See `Road.unregister`."""
        self.sessions.drop(vm)
        machine = self.sessions.machine(vm)
        if not machine.accessible:
            call(machine, "unregister", self.numbers.number("CleanupMode", "UnregisterOnly"))
            return
        yield from self.sessions.unlocked(machine)
        mode = self.numbers.number("CleanupMode", "DetachAllReturnHardDisksOnly")
        raw = yield from patient(lambda: call(machine, "unregister", mode))
        yield from finished(one(IProgress, call(machine, "deleteConfig", many(IMedium, raw))))

    def shape(self, vm: VmId, kib_s: int) -> Steps:
        """See `Road.shape`."""
        yield from self._changed(vm, lambda machine: making.shape(machine, vm, kib_s, self.numbers), "shape")

    def set_resources(self, vm: VmId, *, cores: int | None, memory_mib: int | None) -> Steps:
        """See `Road.set_resources`."""

        def change(machine: IMachine) -> None:
            if cores is not None:
                machine.cpu_count = cores
            if memory_mib is not None:
                machine.memory_size = memory_mib

        yield from self._changed(vm, change, "set_resources")

    def share(self, vm: VmId, one: Share) -> Steps:
        """See `Road.share`."""
        yield from self._changed(vm, lambda machine: making.share(machine, one), "share")

    def unshare(self, vm: VmId, name: str) -> Steps:
        """See `Road.unshare`."""
        yield from self._changed(vm, lambda machine: machine.remove_shared_folder(name), "unshare")

    def discard(self, vm: VmId) -> Steps:
        """See `Road.discard`."""
        yield from self._changed(vm, lambda machine: machine.discard_saved_state(True), "discard", save=False)  # noqa: FBT003 - with its file

    def start(self, vm: VmId) -> Steps:
        """See `Road.start`."""
        self.sessions.drop(vm)
        machine = self.sessions.machine(vm)
        yield from self.sessions.unlocked(machine)

        def launch() -> tuple[ISession, IProgress]:
            session = virtualbox.Session(manager=self.manager)
            return session, one(IProgress, call(machine, "launchVMProcess", session, "headless", []))

        session, progress = yield from patient(launch)
        kept = False
        try:
            yield from finished(progress)
            while (state := self.sessions.state(machine)) in _COMING:
                yield _STEP
            if state not in _ALIVE:
                raise CommandFailed(vm=vm, command="start", detail=f"it is {state_word(state)} after its start")
            self.sessions.keep(vm, session)
            kept = True
        finally:
            if not kept:
                unlock(session)

    def _changed(self, vm: str, change: Callable[[IMachine], object], command: str, *, save: bool = True) -> Steps:
        """Change a VM that has no process."""
        self._refuse_alive(vm, command)
        yield from self.sessions.changed(vm, change, save=save)

    def _refuse_alive(self, vm: str, command: str) -> None:
        state = self.sessions.state(self.sessions.machine(vm))
        if state in _ALIVE:
            raise VmWrongState(vm=vm, state=state_word(state), command=command)

    # --- a VM with or without a process -------------------------------------------------------------------------------

    def _set(self, vm: str, change: Callable[[IMachine], object], command: str, *, live: bool) -> Steps:
        if live:
            machine = self._live(vm, command)[0]
            change(machine)
            machine.save_settings()
        else:
            yield from self._changed(vm, change, command)

    def set_cap(self, vm: VmId, percent: int, *, live: bool) -> Steps:
        """See `Road.set_cap`."""

        def change(machine: IMachine) -> None:
            machine.cpu_execution_cap = percent

        yield from self._set(vm, change, "set_cap", live=live)

    def set_link(self, vm: VmId, *, up: bool, live: bool) -> Steps:
        """See `Road.set_link`."""

        def change(machine: IMachine) -> None:
            machine.get_network_adapter(0).cable_connected = up

        yield from self._set(vm, change, "set_link", live=live)

    def set_bandwidth(self, vm: VmId, kib_s: int) -> Steps:
        """See `Road.set_bandwidth`."""

        def change(machine: IMachine) -> None:
            machine.bandwidth_control.get_bandwidth_group(options.group_name(vm)).max_bytes_per_sec = kib_s * 1024

        live = self.sessions.state(self.sessions.machine(vm)) in _ALIVE
        yield from self._set(vm, change, "set_bandwidth", live=live)

    def forward(self, vm: VmId, ports: Sequence[PortForward], *, live: bool) -> Steps:
        """See `Road.forward`."""

        def change(machine: IMachine) -> None:
            for port in ports:
                making.redirect(machine.get_network_adapter(0), port, self.numbers)

        yield from self._set(vm, change, "forward", live=live)

    def unforward(self, vm: VmId, names: Sequence[str], *, live: bool) -> Steps:
        """See `Road.unforward`."""

        def change(machine: IMachine) -> None:
            for name in names:
                machine.get_network_adapter(0).nat_engine.remove_redirect(name)

        yield from self._set(vm, change, "unforward", live=live)

    # --- a VM with a process ------------------------------------------------------------------------------------------

    def _live(self, vm: str, command: str) -> tuple[IMachine, IConsole]:
        """Machine and console of a VM that has a process; `VmWrongState` if it has none."""
        session, console = self._kept(vm, command)
        return session.machine, console

    def _kept(self, vm: str, command: str) -> tuple[ISession, IConsole]:
        try:
            return self.sessions.live(vm)
        except Exception as error:
            raise self._explained(vm, command, error) from error

    def _explained(self, vm: str, command: str, error: Exception) -> Exception:
        """Why a command to a VM's process failed: that it has none (any more) explains everything else that the session says."""
        known = failure.read(error)
        if known is None and not isinstance(error, VmWrongState):
            return error
        state = self.sessions.state(self.sessions.machine(vm))
        if state not in _ALIVE or (known is not None and known.dead):
            self.sessions.drop(vm)
        return error if state in _ALIVE else VmWrongState(vm=vm, state=state_word(state), command=command)

    def _console(self, vm: str, command: str, action: Callable[[IConsole], object]) -> Any:  # noqa: ANN401 - as many kinds as actions
        """Let the VM's process do something at once."""
        try:
            return action(self._kept(vm, command)[1])
        except Exception as error:
            explained = self._explained(vm, command, error)
            if explained is not error or vm in self.sessions:
                raise explained from error
        return action(self._kept(vm, command)[1])  # the session was stale, and the VM lives: once more with another

    def pause(self, vm: VmId) -> None:
        """See `Road.pause`."""
        self._console(vm, "pause", lambda console: console.pause())

    def resume(self, vm: VmId) -> None:
        """See `Road.resume`."""
        self._console(vm, "resume", lambda console: console.resume())

    def press_button(self, vm: VmId) -> None:
        """See `Road.press_button`."""
        self._console(vm, "press_button", lambda console: console.power_button())

    def screenshot(self, vm: VmId) -> bytes:
        """See `Road.screenshot`."""

        def take(console: IConsole) -> bytes:
            display = console.display
            width, height, *_ = call(display, "getScreenResolution", 0)
            return bytes(call(display, "takeScreenShotToArray", 0, width, height, self.numbers.number("BitmapFormat", "PNG")))

        return self._console(vm, "screenshot", take)  # type: ignore[no-any-return] # what the action gives

    def save(self, vm: VmId) -> Steps:
        """See `Road.save`."""
        machine, _ = self._live(vm, "save")
        yield from self._ended(vm, "save", machine.save_state)

    def power_off(self, vm: VmId) -> Steps:
        """See `Road.power_off`."""
        _, console = self._kept(vm, "power_off")
        yield from self._ended(vm, "power_off", console.power_down)

    def _ended(self, vm: str, command: str, begin: Callable[[], IProgress]) -> Steps:
        """An operation at whose end the VM's process is gone, and with it perhaps the object that would have told of it. The session is given back then."""
        machine = self.sessions.machine(vm)
        try:
            progress = begin()
        except Exception as error:
            raise self._explained(vm, command, error) from error
        try:
            yield from finished(progress)
        except Exception as error:
            known = failure.read(error)
            if known is None or not known.dead or self.sessions.state(machine) in _ALIVE:
                raise
        self.sessions.drop(vm)

    # --- snapshots ----------------------------------------------------------------------------------------------------

    def take_snapshot(self, vm: VmId, name: str) -> Generator[float, None, str]:
        """See `Road.take_snapshot`."""
        found: list[str] = []

        def take(machine: IMachine) -> IProgress:
            progress, uuid = machine.take_snapshot(name, "", True)  # noqa: FBT003 - the API's order: stop the guest meanwhile
            found.append(uuid.lower())
            return progress

        yield from self._snapshot(vm, take, "take_snapshot")
        return found[0]

    def restore_snapshot(self, vm: VmId, uuid: str) -> Steps:
        """See `Road.restore_snapshot`."""
        self._refuse_alive(vm, "restore_snapshot")
        yield from self._snapshot(vm, lambda machine: machine.restore_snapshot(machine.find_snapshot(uuid)), "restore_snapshot")

    def delete_snapshot(self, vm: VmId, uuid: str) -> Steps:
        """See `Road.delete_snapshot`."""
        yield from self._snapshot(vm, lambda machine: machine.delete_snapshot(machine.find_snapshot(uuid).id_p), "delete_snapshot")

    def _snapshot(self, vm: str, begin: Callable[[IMachine], IProgress], command: str) -> Steps:
        """An operation on snapshots: with the kept session of a VM that has a process, else with a write lock."""
        if self.sessions.state(self.sessions.machine(vm)) in _ALIVE:
            machine, _ = self._live(vm, command)
            yield from finished(begin(machine))
            return
        session = yield from self.sessions.lock(vm)
        try:
            yield from finished(begin(session.machine))
        finally:
            unlock(session)
