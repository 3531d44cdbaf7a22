"""Forwarded ports: chosen by us, since VirtualBox starts a VM without a word when another program has the port."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Final

from t4t.domain.errors import PortUnavailable
from t4t.hypervisor.space import free_tcp_ports, port_is_free
from t4t.hypervisor.virtualbox import log
from t4t.hypervisor.virtualbox.record import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from t4t.domain.vm import PortForward, VmSpec
    from t4t.hypervisor.virtualbox.machine import Machine
    from t4t.hypervisor.virtualbox.record import VmRecord

_LOG: Final = logging.getLogger(__name__)
_ATTEMPTS: Final = 5


def with_ports(spec: VmSpec, ports: tuple[PortForward, ...]) -> VmSpec:
    """The specification with the ports that were chosen."""
    return dataclasses.replace(spec, ports=ports)


def chosen(
    wanted: Iterable[PortForward], earlier: Iterable[PortForward], *, free: Callable[[int, bool], bool], fresh: Callable[[], int]
) -> tuple[PortForward, ...]:
    """A host port for each: the one that was asked for, or that it had ``earlier``, if it is ``free`` (second argument: remote); else a ``fresh`` one."""
    used = {forward.name: forward.host_port for forward in earlier}
    found: list[PortForward] = []
    for forward in wanted:
        taken = {one.host_port for one in found}
        candidates = (port for port in (forward.host_port, used.get(forward.name, 0)) if port and port not in taken)
        port = next((port for port in candidates if free(port, forward.remote)), None)
        while port is None:
            port = fresh()
            port = None if port in taken else port
        found.append(dataclasses.replace(forward, host_port=port))
    return tuple(found)


def choose(wanted: Iterable[PortForward], earlier: Iterable[PortForward] = ()) -> tuple[PortForward, ...]:
    """A host port for each that is free now."""
    return chosen(wanted, earlier, free=lambda port, remote: port_is_free(port, remote=remote), fresh=lambda: free_tcp_ports(1)[0])


async def renew(machine: Machine, record: VmRecord) -> VmRecord:
    """Before a start: ports that somebody else has by now are chosen anew, in VirtualBox too."""
    wanted = choose(record.settings.ports, record.ports)
    await _replace(machine, record.ports, wanted, live=False)
    return replace(record, ports=wanted)


async def _replace(machine: Machine, before: tuple[PortForward, ...], wanted: tuple[PortForward, ...], *, live: bool) -> None:
    gone = [one.name for one in before if one not in wanted]
    if gone:
        await machine.do(machine.road.unforward(machine.vm_id, gone, live=live))
    new = [one for one in wanted if one not in before]
    if new:
        await machine.do(machine.road.forward(machine.vm_id, new, live=live))


async def open_live(machine: Machine, record: VmRecord, gone: tuple[PortForward, ...], new: tuple[PortForward, ...]) -> tuple[PortForward, ...]:
    """While it runs: close some, open others, and make sure that those really are."""
    if gone:
        await machine.do(machine.road.unforward(machine.vm_id, [one.name for one in gone], live=True))
    opened = choose(new, ())
    if opened:
        await machine.do(machine.road.forward(machine.vm_id, opened, live=True))
    return await _assured(machine, record, opened)


async def verify(machine: Machine, record: VmRecord) -> VmRecord:
    """A running VM's ports are really its own: VirtualBox's log does not complain, and somebody listens there. Raises `PortUnavailable`."""
    return replace(record, ports=await _assured(machine, record, record.ports))


async def _assured(machine: Machine, record: VmRecord, opened: tuple[PortForward, ...]) -> tuple[PortForward, ...]:
    file = machine.log_file()
    if not record.settings.network or file is None:
        return opened
    for _ in range(_ATTEMPTS):
        failed = log.failed_redirections(log.end_of(file))
        bad = tuple(
            one for one in opened if (one.host_port, one.guest_port) in failed or (record.settings.link_up and port_is_free(one.host_port, remote=one.remote))
        )
        if not bad:
            return opened
        _LOG.info("ports of %s that another program has: %s", machine.vm_id, [one.host_port for one in bad])
        fresh = chosen(bad, (), free=lambda _port, _remote: False, fresh=lambda: free_tcp_ports(1)[0])
        await machine.do(machine.road.unforward(machine.vm_id, [one.name for one in bad], live=True))
        await machine.do(machine.road.forward(machine.vm_id, fresh, live=True))
        instead = {one.name: one for one in fresh}
        opened = tuple(instead.get(one.name, one) for one in opened)
    raise PortUnavailable(vm=machine.vm_id, port=opened[0].host_port)
