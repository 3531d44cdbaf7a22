"""The contract of all drivers: `Hypervisor` and the optional protocols beside it.

Rules that hold for each method of each driver (``tests/contract`` checks them):

* A method returns when the new state was *observed*, or raises a leaf of `HypervisorError`; it never prompts.
* Idempotent: asking for the state that is already there does nothing.
* Safe to cancel: after `asyncio.CancelledError` `inspect` tells the truth, and the same call may be made again.
* A driver touches only VMs and files that carry its ownership mark (`VmNotOurs` otherwise).
* What `Capabilities` does not list is refused with `NotSupported` before anything was changed.
* A VM survives the driver: `close` lets go of VMs and stops none; a new driver on the same data folder adopts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from t4t.domain.vm import Capabilities, Snapshot, VmChange, VmEvent, VmId, VmInfo, VmSpec


@runtime_checkable
class Hypervisor(Protocol):
    """Drives the VMs of one data folder. All times are seconds."""

    async def probe(self) -> Capabilities:
        """What this hypervisor is and can do here.

        Raises `HypervisorMissing` or `HypervisorBroken`.
        """
        ...

    async def inspect(self, vm_id: VmId | None = None) -> tuple[VmInfo, ...]:
        """All VMs of ours, or the one named (an empty tuple if it is not there)."""
        ...

    async def create(self, spec: VmSpec) -> VmInfo:
        """Create the VM, powered off. Creating the same specification again returns what is there; another one raises `VmExists`.

        A failure leaves nothing behind. Raises `MediumMissing`, `NotSupported`, `NotEnoughDisk`.
        """
        ...

    async def start(self, vm_id: VmId) -> VmInfo:
        """Boot, or restore the saved state if there is one; returns the running VM with its ports connected and verified.

        A running VM is left as it is, a paused one goes on. Raises `StateUnreadable` (the state is kept), `PortUnavailable`, `VmNotFound`, `MediumMissing`.
        """
        ...

    async def pause(self, vm_id: VmId) -> VmInfo:
        """Stop the virtual processors; memory stays."""
        ...

    async def resume(self, vm_id: VmId) -> VmInfo:
        """Let a paused VM go on; a port that was taken meanwhile is chosen anew."""
        ...

    async def save(self, vm_id: VmId) -> VmInfo:
        """Write the state of a running or paused VM to disk and end its process.

        The previous good state is kept until the new one is complete; on failure the VM is as it was (running or paused). Raises `NotEnoughDisk`.
        """
        ...

    async def discard_state(self, vm_id: VmId) -> VmInfo:
        """Forget the saved state; the VM is powered off then. Nothing to forget is no error."""
        ...

    async def shut_down(self, vm_id: VmId, *, deadline: float) -> VmInfo:
        """Press the power button and wait; after ``deadline`` seconds power off. A paused VM is resumed for it."""
        ...

    async def power_off(self, vm_id: VmId) -> VmInfo:
        """End the VM at once, losing what it has not written. A saved state stays."""
        ...

    async def reconfigure(self, vm_id: VmId, change: VmChange) -> VmInfo:
        """Apply ``change`` (see `VmChange` for what acts when)."""
        ...

    async def delete(self, vm_id: VmId) -> None:
        """Remove the VM with its own files, ended first if it runs. Base images, ISOs, floppies and shared folders stay. Unknown VM: no error."""
        ...

    def watch(self) -> AsyncIterator[VmEvent]:
        """Observations as they happen, from all VMs: first the present state of each, then every change. Ends with `close`."""
        ...


@runtime_checkable
class Snapshots(Protocol):
    """Checkpoints of a VM that goes on (`Feature.SNAPSHOTS`)."""

    async def take_snapshot(self, vm_id: VmId, name: str) -> Snapshot:
        """Checkpoint a running, paused or powered-off VM; it is in the same state afterwards. An older one of the same name is replaced only at the end."""
        ...

    async def restore_snapshot(self, vm_id: VmId, name: str) -> VmInfo:
        """Make the VM's next start go on from the snapshot (the VM must have no process); raises `SnapshotNotFound`."""
        ...

    async def delete_snapshot(self, vm_id: VmId, name: str) -> None:
        """Forget the snapshot; an unknown one is no error."""
        ...

    async def snapshots(self, vm_id: VmId) -> tuple[Snapshot, ...]:
        """All snapshots, oldest first."""
        ...


@runtime_checkable
class Screenshots(Protocol):
    """Pictures of the guest's screen (`Feature.SCREENSHOT`)."""

    async def screenshot(self, vm_id: VmId) -> bytes:
        """The screen of a running or paused VM as a PNG file."""
        ...


@runtime_checkable
class Driver(Hypervisor, Snapshots, Screenshots, Protocol):
    """A whole driver as `bootstrap` builds it: what it can't do, it refuses with `NotSupported`."""

    async def close(self) -> None:
        """Let go of everything; VMs go on. The driver can't be used afterwards."""
        ...
