"""What ``t4t leftovers`` says; the uninstallers show it as it is."""

from __future__ import annotations

from gettext import gettext, ngettext
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from t4t.domain.leftovers import Leftovers

_MB: Final = 1_000_000
_HYPERVISORS: Final = {"virtualbox": "VirtualBox", "qemu": "QEMU"}


def said(found: Leftovers) -> tuple[str, ...]:
    """All of it, line by line."""
    if not found.any:
        return (gettext("Nothing of Test4Theory is on this computer beside the program itself."),)
    lines = []
    if found.machines:
        name = _HYPERVISORS.get(found.hypervisor, found.hypervisor)
        count = len(found.machines)
        lines.append(ngettext("{count} virtual machine in {name}:", "{count} virtual machines in {name}:", count).format(count=count, name=name))
        lines += [f"  {machine}" for machine in found.machines]
    if found.machines_folder:
        lines.append(gettext("Its virtual machines lie in {folder}").format(folder=found.machines_folder))
    if found.folder:
        shape = gettext("Work, results and settings: {folder} ({size} MB)")
        lines.append(shape.format(folder=found.folder, size=-(-found.occupied // _MB)))
    if found.projects:
        lines.append(gettext("Projects, whose accounts stay: {names}").format(names=", ".join(found.projects)))
    if found.autostart:
        lines.append(gettext("Its start with your session: {place}").format(place=found.autostart))
    if found.foreign:
        lines.append(gettext("Somebody chose this folder: other things may lie in it, so it is never removed itself."))
    return tuple(lines)
