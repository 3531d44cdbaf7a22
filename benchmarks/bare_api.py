"""VirtualBox's own API driven by hand, in a process of its own: one word a line in, the seconds that it took out. No checks, no records, no ownership."""

from __future__ import annotations

import importlib
import sys
import time
import warnings
from typing import Any

_SETTLED = 60.0


class BareApi:
    """One VM, its session kept while it runs."""

    def __init__(self, manager: Any, *, folder: str, base: str, port: int) -> None:  # noqa: ANN401 - Oracle's binding has no types
        """``base`` is a disk that VirtualBox knows as multiattach; ``port`` the loopback port for the guest's port 80."""
        self._manager = manager
        self._numbers = manager.constants
        self._vbox = manager.getVirtualBox()
        self._folder = folder
        self._base = base
        self._port = port
        self._machine: Any = None
        self._session: Any = None

    def set_up(self) -> None:
        """Performance.md's VM: 512 MiB, NAT with a rule, a layer on the shared base; until VirtualBox calls it running."""
        numbers = self._numbers
        file = self._vbox.composeMachineFilename("bare-api", "", "", self._folder)
        machine = self._vbox.createMachine(file, "bare-api", numbers.PlatformArchitecture_x86, [], "Linux26_64", "", "", "", "")
        machine.memorySize = 512
        card = machine.getNetworkAdapter(0)
        card.adapterType = numbers.NetworkAdapterType_Virtio
        card.attachmentType = numbers.NetworkAttachmentType_NAT
        card.NATEngine.addRedirect("web", numbers.NATProtocol_TCP, "127.0.0.1", self._port, "", 80)
        disks = machine.addStorageController("Disks", numbers.StorageBus_SATA)
        disks.portCount = 1
        machine.saveSettings()
        self._vbox.registerMachine(machine)
        self._session = self._manager.getSessionObject(None)
        machine.lockMachine(self._session, numbers.LockType_Write)
        medium = self._vbox.openMedium(self._base, numbers.DeviceType_HardDisk, numbers.AccessMode_ReadWrite, False)  # noqa: FBT003 - the API's order
        self._session.machine.attachDevice("Disks", 0, 0, numbers.DeviceType_HardDisk, medium)
        self._session.machine.saveSettings()
        self._session.unlockMachine()
        self._machine = machine
        self.launch()

    def launch(self) -> None:
        """Start it, keep the session."""
        self._session = self._manager.getSessionObject(None)
        progress = self._machine.launchVMProcess(self._session, "headless", [])
        while not progress.completed:
            progress.waitForCompletion(20)
        if progress.resultCode:
            raise RuntimeError(progress.errorInfo.text)
        while self._machine.state != self._numbers.MachineState_Running:
            time.sleep(0.002)

    def pause(self) -> None:
        """One call."""
        self._session.console.pause()

    def resume(self) -> None:
        """One call."""
        self._session.console.resume()

    def end(self) -> None:
        """Power off, wait for the lock, unregister, delete."""
        progress = self._session.console.powerDown()
        while not progress.completed:
            progress.waitForCompletion(20)
        begun = time.monotonic()
        while self._machine.sessionState != self._numbers.SessionState_Unlocked and time.monotonic() - begun < _SETTLED:
            time.sleep(0.01)
        media = self._machine.unregister(self._numbers.CleanupMode_DetachAllReturnHardDisksOnly)
        progress = self._machine.deleteConfig(media)
        progress.waitForCompletion(-1)


def main() -> None:
    """``bare_api.py FOLDER BASE PORT``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Its C code takes no answer to a warning.
        manager = importlib.import_module("vboxapi").VirtualBoxManager(None, None)
    bare = BareApi(manager, folder=sys.argv[1], base=sys.argv[2], port=int(sys.argv[3]))
    print("ready", flush=True)
    for line in sys.stdin:
        begun = time.perf_counter()
        getattr(bare, line.strip())()
        print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main()
