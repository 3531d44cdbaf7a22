"""``vbox_job.xml``, the description of a BOINC VirtualBox task, as one frozen value; `vbox_job_elements.ELEMENTS` lists the elements.

The file comes from a project's server: everything in it is checked here, once, and is plain data afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.errors import JobCombinationRefused, JobElementRefused, JobXmlMalformed
from t4t.domain.record import record
from t4t.domain.safe_xml import XmlElement, XmlRefused, read_xml
from t4t.domain.vbox_job_elements import (
    ELEMENTS,
    MAX_MEMORY_MIB,
    MAX_PORT,
    MAX_PORTS_IN_RANGE,
    MAX_SECONDS,
    MEMORY_FLOOR_MIB,
    VRAM_CEILING_MIB,
    VRAM_FLOOR_MIB,
    Element,
    Kind,
    parse_boolean,
    parse_file_name,
    parse_integer,
    parse_number,
    parse_word,
    refused,
)
from t4t.domain.vm import PortForward

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PORT_FORWARDS: Final = 256
MAX_REPEATS: Final = 256
MAX_UNKNOWN: Final = 64
_UNKNOWN_SHOWN: Final = 64
_BY_NAME: Final = {element.name: element for element in ELEMENTS}


@record(kw_only=True)
class PortRange:
    """A ``port_forward`` group: ``nports`` ports from ``guest_port`` on; ``host_port`` 0 lets the driver choose each."""

    guest_port: int
    host_port: int = 0
    is_remote: bool = False
    nports: int = 1


@record(kw_only=True)
class VboxJob:
    """One job description. The fields have the elements' own names; sizes in MiB, times in seconds, empty text means "not given"."""

    os_name: str = ""
    memory_size_mb: int = MEMORY_FLOOR_MIB
    vram_size_mb: int = VRAM_FLOOR_MIB
    vm_disk_controller_type: str = "sata"
    vm_disk_controller_model: str = "IntelAHCI"
    vm_network_driver: str = ""
    multiattach_vdi_file: str = ""
    boot_iso: bool = False
    enable_isocontextualization: bool = False
    enable_cache_disk: bool = False
    enable_floppyio: bool = False
    enable_cern_dataformat: bool = False
    enable_network: bool = False
    network_bridged_mode: bool = False
    enable_nat_dns_host_resolver: bool = False
    pf_guest_port: int = 0
    pf_host_port: int = 0
    port_forward: tuple[PortRange, ...] = ()
    enable_shared_directory: bool = False
    share_slot_dir: bool = False
    enable_scratch_directory: bool = False
    share_project_dir: bool = False
    copy_to_shared: tuple[str, ...] = ()
    copy_cmdline_to_shared: bool = False
    job_duration: float = 0.0
    fraction_done_filename: str = ""
    heartbeat_filename: str = ""
    minimum_heartbeat_interval: float = 600.0
    minimum_checkpoint_interval: float = 600.0
    disable_automatic_checkpoints: bool = False
    enable_vm_savestate_usage: bool = False
    completion_trigger_file: str = ""
    temporary_exit_trigger_file: str = ""
    trickle_trigger_file: tuple[str, ...] = ()
    intermediate_upload_file: tuple[str, ...] = ()
    enable_remotedesktop: bool = False
    enable_screenshots_on_error: bool = False
    enable_graphics_support: bool = False
    unknown: tuple[str, ...] = ()
    """Names of elements that we don't know, at most `MAX_UNKNOWN`, cut; for the log only."""

    @property
    def forwards(self) -> tuple[PortForward, ...]:
        """Every single port to forward, the web page's first under the name ``web``; none without a network."""
        if not self.enable_network:
            return ()
        return tuple(_single_ports(self))


def parse_vbox_job(data: bytes, *, path: str) -> VboxJob:
    """The job in ``data``; ``path`` only names the file in errors.

    A scalar element that is given twice counts as BOINC counts it: the last one wins.

    Raises `JobXmlMalformed`, `JobElementRefused`, `JobCombinationRefused`.
    """
    try:
        root = read_xml(data)
    except XmlRefused as error:
        raise JobXmlMalformed(path=path, reason=str(error)) from error
    if root.name != "vbox_job":
        raise JobXmlMalformed(path=path, reason=f"the root element is <{root.name}>, not <vbox_job>")
    scalars: dict[str, object] = {}
    files: dict[str, list[str]] = {}
    ranges: list[PortRange] = []
    unknown: list[str] = []
    for child in root.children:
        element = _BY_NAME.get(child.name)
        match element:
            case None:
                unknown.append(child.name[:_UNKNOWN_SHOWN])
            case Element(kind=Kind.PORTS):
                ranges.append(_port_range(child))
            case Element(kind=Kind.FILES):
                files.setdefault(child.name, []).append(_required_file(child))
            case _:
                scalars[child.name] = _scalar(element, child)
    for name, names in files.items():
        if len(names) > MAX_REPEATS:
            raise refused(name, str(len(names)), f"given more than {MAX_REPEATS} times")
    # The table ties each name to a field and each kind to the field's type (a test walks both), which mypy can't follow through a dictionary.
    job = VboxJob(
        **scalars,  # type: ignore[arg-type]
        **{name: tuple(names) for name, names in files.items()},  # type: ignore[arg-type]
        port_forward=tuple(ranges),
        unknown=tuple(unknown[:MAX_UNKNOWN]),
    )
    _check_together(job)
    return job


def _scalar(element: Element, child: XmlElement) -> object:
    name, text = child.name, _plain_text(child)
    match element.kind:
        case Kind.BOOLEAN:
            return parse_boolean(name, text, self_closed=child.self_closed)
        case Kind.WORD:
            return parse_word(name, text) or element.default
        case Kind.MEGABYTES:
            return _megabytes(name, text)
        case Kind.SECONDS:
            return _seconds(name, text)
        case Kind.PORT:
            return parse_integer(name, text, largest=MAX_PORT)
        case Kind.FILE:
            # The base image lies in the project's own folder, which has no folders inside; the others lie in the shared folder.
            return parse_file_name(name, text, folders=name != "multiattach_vdi_file")
        case Kind.FILES | Kind.PORTS:  # pragma: no cover (kept apart by the caller)
            raise AssertionError(element)
        case _:
            assert_never(element.kind)


def _plain_text(child: XmlElement) -> str:
    if child.children:
        raise refused(child.name, f"<{child.children[0].name}>", "holds another element")
    return child.text.strip()


def _megabytes(name: str, text: str) -> int:
    number = int(parse_number(name, text, largest=MAX_MEMORY_MIB))
    if name == "memory_size_mb":
        return max(MEMORY_FLOOR_MIB, number)
    return min(max(VRAM_FLOOR_MIB, number), VRAM_CEILING_MIB)


def _seconds(name: str, text: str) -> float:
    seconds = parse_number(name, text, largest=MAX_SECONDS)
    if name == "minimum_heartbeat_interval" and seconds < 1:
        raise refused(name, text, "less than a second")
    return seconds


def _required_file(child: XmlElement) -> str:
    text = _plain_text(child)
    if not text:
        raise refused(child.name, text, "names no file")
    return parse_file_name(child.name, text, folders=True)


def _port_range(group: XmlElement) -> PortRange:
    """One ``port_forward`` group. BOINC wants both ports; a missing ``host_port`` means "choose" here, as for ``pf_host_port``."""
    given = {child.name: child for child in group.children}
    texts = {name: _plain_text(child) for name, child in given.items() if name in {"host_port", "guest_port", "nports", "is_remote"}}
    host = parse_integer("host_port", texts.get("host_port", ""), largest=MAX_PORT)
    guest = parse_integer("guest_port", texts.get("guest_port", ""), largest=MAX_PORT)
    count = parse_integer("nports", texts.get("nports", ""), largest=MAX_PORTS_IN_RANGE) or 1
    remote = "is_remote" in texts and parse_boolean("is_remote", texts["is_remote"], self_closed=given["is_remote"].self_closed)
    if guest == 0:
        raise refused("guest_port", texts.get("guest_port", ""), "missing in port_forward")
    if max(host, guest) + count - 1 > MAX_PORT:
        raise refused("nports", str(count), f"reaches beyond port {MAX_PORT}")
    return PortRange(guest_port=guest, host_port=host, is_remote=remote, nports=count)


def _single_ports(job: VboxJob) -> Iterator[PortForward]:
    if job.pf_guest_port:
        yield PortForward(name="web", guest_port=job.pf_guest_port, host_port=job.pf_host_port)
    number = 0
    for ports in job.port_forward:
        for offset in range(ports.nports):
            number += 1
            host = ports.host_port + offset if ports.host_port else 0
            yield PortForward(name=f"port{number}", guest_port=ports.guest_port + offset, host_port=host, remote=ports.is_remote)


def _check_together(job: VboxJob) -> None:
    """The combinations that vboxwrapper refuses with exit code 206, and ports that can't be forwarded together."""
    forbidden = (
        ("share_slot_dir", "enable_shared_directory", job.share_slot_dir and job.enable_shared_directory),
        ("share_slot_dir", "copy_to_shared", job.share_slot_dir and bool(job.copy_to_shared)),
        ("copy_to_shared", "enable_shared_directory", bool(job.copy_to_shared) and not job.enable_shared_directory),
        ("share_project_dir", "enable_scratch_directory", job.share_project_dir and job.enable_scratch_directory),
    )
    for first, second, holds in forbidden:
        if holds:
            raise JobCombinationRefused(first=first, second=second)
    ports = list(_single_ports(job))
    if len(ports) > MAX_PORT_FORWARDS:
        raise refused("port_forward", str(len(ports)), f"more than {MAX_PORT_FORWARDS} ports")
    wanted = [port.host_port for port in ports if port.host_port]
    if len(wanted) != len(set(wanted)):
        raise _twice(wanted)


def _twice(ports: list[int]) -> JobElementRefused:
    repeated = next(port for port in ports if ports.count(port) > 1)
    return refused("port_forward", str(repeated), "the same host port twice")
