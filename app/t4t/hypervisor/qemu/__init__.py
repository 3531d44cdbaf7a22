"""QEMU through QMP: runs the reference appliance and the demo where VirtualBox is not there."""

from t4t.hypervisor.qemu.driver import QemuDriver

__all__ = ["QemuDriver"]
