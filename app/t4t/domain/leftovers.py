"""What the program has on a computer beside its own files, as a value: what stays when only these are removed."""

from __future__ import annotations

from t4t.domain.record import record


@record(kw_only=True)
class Leftovers:
    """Everything of one data folder."""

    folder: str
    """The data folder; empty if there is none."""
    occupied: int = 0
    """Bytes in it, with the virtual machines wherever they lie."""
    hypervisor: str = ""
    """What has our virtual machines in its list; empty: none was ever made, or it is gone."""
    machines: tuple[str, ...] = ()
    """Their names there."""
    machines_folder: str = ""
    """Where they lie, if they were moved to another disk."""
    projects: tuple[str, ...] = ()
    """Attached projects."""
    autostart: str = ""
    """Where it is written down that this program starts with the session; empty: nowhere."""
    foreign: bool = False
    """Somebody chose this data folder, so that other things may lie in it: it is never removed itself."""

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.folder or self.machines or self.autostart)
