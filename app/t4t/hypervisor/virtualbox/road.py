"""What the VirtualBox driver asks of a road: the API (`api`), or VBoxManage (`manage`) where the API does not load.

A road knows VirtualBox and nothing of us: no ownership, no records, no ports chosen, no retries of a whole command. Rules that hold for each method:

* It returns when VirtualBox has done it, or raises a leaf of `HypervisorError` (or `NotEnoughDisk`, `NotEnoughMemory`) with VirtualBox's own words as detail.
* It is not idempotent: what does not fit the VM's state is `VmWrongState`; a lock that outlives a VM's process is waited for by table and then `VmBusy`.
* Safe to cancel: an operation of VirtualBox that was begun may still end by itself; the driver looks again.
* ``vm`` is the id, canonical lower case. An unknown id is `VmNotFound`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from t4t.domain.vm import PortForward, Share, VmId, VmSpec
    from t4t.hypervisor.virtualbox.options import Choices
    from t4t.hypervisor.virtualbox.versions import Version
    from t4t.hypervisor.virtualbox.view import Attachment, Machine, Medium, Registered


class Road(Protocol):
    """One way to command VirtualBox. Times are seconds."""

    @property
    def name(self) -> str:
        """``api`` or ``vboxmanage``, for logs and `Capabilities`."""
        ...

    @property
    def look_seconds(self) -> float | None:
        """How often the driver must look at VMs by itself because this road is told of no changes; None if it is told (`changes`)."""
        ...

    async def open(self) -> Version:
        """Connect; the version. Called before anything else, and again after `HypervisorBroken`; cheap when connected.

        Raises `HypervisorMissing`, `HypervisorBroken`.
        """
        ...

    async def home(self) -> Path | None:
        """The folder in which VBoxSVC keeps its registry now (`locate.check_home` judges it); None if that can't be known."""
        ...

    async def close(self) -> None:
        """Let go; VMs go on."""
        ...

    # --- looking ------------------------------------------------------------------------------------------------------

    async def registered(self) -> tuple[Registered, ...]:
        """All VMs of this user, whosever they are."""
        ...

    async def machine(self, vm: VmId) -> Machine:
        """One VM. While its process ends a look may fail for a moment: that is waited for, never told as "not found"."""
        ...

    async def extra(self, vm: VmId, key: str) -> str | None:
        """A value of the VM's extradata."""
        ...

    async def media(self) -> tuple[Medium, ...]:
        """All hard disks that VirtualBox knows, children too."""
        ...

    def changes(self) -> AsyncIterator[VmId | None]:
        """Which VM may have changed (state, registration), as it happens; None: all may have (VBoxSVC is another one now). Ends with `close`.

        A road that is told of nothing yields nothing until it ends.
        """
        ...

    # --- a VM without a process ---------------------------------------------------------------------------------------

    async def create(self, spec: VmSpec, choices: Choices) -> None:
        """Register the VM as `options.creation` describes it, without its boot disk. A failure may leave a part of it: the driver removes that."""
        ...

    async def introduce(self, spec: VmSpec, path: str) -> None:
        """Make a base image known that no machine ever had, which must be done once before many may share it (0x80bb0007 else); `spec.vm_id` exists."""
        ...

    async def attach_base(self, spec: VmSpec, path: str) -> None:
        """Attach the base image at the first place so that the VM writes into a layer of its own."""
        ...

    async def detach(self, vm: VmId, one: Attachment) -> None:
        """Take a medium out of its slot: `unregister` would delete a disk that somebody else attached."""
        ...

    async def close_medium(self, medium: str, *, delete: bool = False) -> None:
        """Make VirtualBox forget a medium (its id or path) that no VM uses; ``delete`` removes its file too."""
        ...

    async def convert_raw(self, source: str, target: str, uuid: str) -> None:
        """Make a VDI of a raw image."""
        ...

    async def unregister(self, vm: VmId) -> None:
        """Remove the VM, its settings, its saved state, its snapshots and the layers that only it used. Media of others stay."""
        ...

    async def shape(self, vm: VmId, kib_s: int) -> None:
        """Give the VM, off or saved, a bandwidth group and put its network card in it, if it was created without one (``Choices.shaping`` is only a wish)."""
        ...

    async def set_resources(self, vm: VmId, *, cores: int | None = None, memory_mib: int | None = None) -> None:
        """Change what is given."""
        ...

    async def share(self, vm: VmId, one: Share) -> None:
        """Add a permanent shared folder."""
        ...

    async def unshare(self, vm: VmId, name: str) -> None:
        """Take a shared folder away."""
        ...

    async def discard(self, vm: VmId) -> None:
        """Forget the saved state. That VirtualBox says "done" and yet failed is told as `CommandFailed`."""
        ...

    async def start(self, vm: VmId) -> None:
        """Boot or restore; returns when VirtualBox calls it running (or says why not). The driver ends a restore that never ends."""
        ...

    # --- a VM with or without a process (``live``: it has one) ----------------------------------------------------------

    async def set_cap(self, vm: VmId, percent: int, *, live: bool) -> None:
        """Limit each virtual core; VirtualBox refuses it while the VM is paused (`VmWrongState`)."""
        ...

    async def set_link(self, vm: VmId, *, up: bool, live: bool) -> None:
        """Plug the network cable in or out."""
        ...

    async def set_bandwidth(self, vm: VmId, kib_s: int) -> None:
        """Set the limit of the VM's group, 0 for none; `CommandFailed` if it has no group."""
        ...

    async def forward(self, vm: VmId, ports: Sequence[PortForward], *, live: bool) -> None:
        """Add rules. VirtualBox does not say that another program has the port."""
        ...

    async def unforward(self, vm: VmId, names: Sequence[str], *, live: bool) -> None:
        """Remove rules."""
        ...

    # --- a VM with a process --------------------------------------------------------------------------------------------

    async def pause(self, vm: VmId) -> None:
        """Stop the virtual processors."""
        ...

    async def resume(self, vm: VmId) -> None:
        """Let them go on."""
        ...

    async def save(self, vm: VmId) -> None:
        """Write the state and end the process; the session may stay locked a moment longer."""
        ...

    async def power_off(self, vm: VmId) -> None:
        """Pull the plug."""
        ...

    async def press_button(self, vm: VmId) -> None:
        """Press the ACPI power button."""
        ...

    async def screenshot(self, vm: VmId) -> bytes:
        """The screen as PNG."""
        ...

    # --- snapshots --------------------------------------------------------------------------------------------------------

    async def take_snapshot(self, vm: VmId, name: str) -> str:
        """Take one (of a running VM: it goes on); its UUID."""
        ...

    async def restore_snapshot(self, vm: VmId, uuid: str) -> None:
        """Make the VM, which has no process, be as it was."""
        ...

    async def delete_snapshot(self, vm: VmId, uuid: str) -> None:
        """Merge a snapshot away, running or not."""
        ...
