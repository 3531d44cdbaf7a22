"""A scheduler request as BOINC's scheduler reads it: tag by tag, three elements line by line; what it can't read it refuses in its own words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from t4t.domain.loose_xml import Element, LooseXmlRefused, decode, read_loose
from t4t.domain.project import AppVersion
from t4t.domain.scheduler_request import DiskUsage, HostInfo
from t4t.project.fields import fill, flag, real, text, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT: Final = "scheduler_request"
_BY_LINE: Final = ("stderr_out", "code_sign_key", "msg_from_host")
_RAM: Final = ("ram_max_used_busy_pct", "ram_max_used_idle_pct")
_LONGEST_TRICKLE: Final = 64 * 1024


class RequestBroken(ValueError):
    """The request can't be read; the text is the scheduler's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """An output that the client says it has uploaded."""

    name: str = ""
    nbytes: float = 0.0
    max_nbytes: float = 0.0
    md5_cksum: str = ""
    upload_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A finished task."""

    name: str = ""
    state: int = 0
    exit_status: int = 0
    final_cpu_time: float = 0.0
    final_elapsed_time: float = 0.0
    platform: str = ""
    version_num: int = 0
    plan_class: str = ""
    stderr: str = ""
    files: tuple[ReportedFile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trickle:
    """A message from a running task."""

    result_name: str = ""
    time: int = 0
    variety: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request. ``held`` is None without a list: then nothing is sent again and nothing aborted."""

    authenticator: str = field(default="", repr=False)
    hostid: int = 0
    rpc_seqno: int = 0
    client_version: int = 0
    client_brand: str = ""
    dont_send_work: bool = False
    seconds: float = 0.0
    instances: float = 0.0
    plan_classes: bool = False
    platforms: tuple[str, ...] = ()
    code_sign_key: str = ""
    cross_project_id: str = ""
    ram_fraction: float = 1.0
    preferences_time: float = 0.0
    host: HostInfo = field(default_factory=HostInfo)
    disk: DiskUsage = field(default_factory=DiskUsage)
    versions: tuple[AppVersion, ...] = ()
    reports: tuple[Report, ...] = ()
    trickles: tuple[Trickle, ...] = ()
    held: tuple[str, ...] | None = None

    @property
    def wants_work(self) -> bool:
        """Whether work is asked for."""
        return not self.dont_send_work and (self.seconds > 0 or self.instances > 0)


def read_request(data: bytes) -> Asked:
    """Read a request; raises `RequestBroken`."""
    words = decode(data)
    if not words.lstrip().removeprefix("<?xml").lstrip() or f"<{_ROOT}>" not in words[:1000]:
        raise RequestBroken("xp.get_tag() failed")
    if f"</{_ROOT}>" not in words:
        raise RequestBroken("no end tag")
    _check_lines(words)
    try:
        root = next(read_loose(data).descendants(_ROOT))
    except (LooseXmlRefused, StopIteration) as error:
        raise RequestBroken("xp.get_tag() failed") from error
    return _asked(root)


def _check_lines(words: str) -> None:
    """The scheduler looks for the ends of some elements line by line, and reads to the end of the request if a tag does not stand alone."""
    inside = ""
    for line in words.split("\n"):
        bare = line.strip()
        if inside:
            if bare == f"</{inside}>":
                inside = ""
            continue
        for name in _BY_LINE:
            if f"<{name}>" in bare:
                if bare != f"<{name}>":
                    raise RequestBroken("no end tag")
                inside = name
    if inside:
        raise RequestBroken("no end tag")


def _asked(root: Element) -> Asked:
    def section(name: str) -> Element:
        return root.find(name) or Element(name)

    numbers = [whole(root.find(f"core_client_{name}")) for name in ("major_version", "minor_version", "release")]
    preferences = next(section("working_global_preferences").descendants("global_preferences"), Element(""))
    held = root.find("other_results")
    return Asked(
        authenticator=text(root.find("authenticator")),
        hostid=whole(root.find("hostid")),
        rpc_seqno=whole(root.find("rpc_seqno")),
        client_version=numbers[0] * 10000 + numbers[1] * 100 + numbers[2],
        client_brand=text(root.find("client_brand")),
        dont_send_work=flag(root.find("dont_send_work")),
        seconds=max(real(root.find("work_req_seconds")), real(root.find("cpu_req_secs"))),
        instances=real(root.find("cpu_req_instances")),
        plan_classes=flag(root.find("client_cap_plan_class")),
        platforms=(text(root.find("platform_name")), *(text(alt.find("name")) for alt in root.all("alt_platform"))),
        code_sign_key=text(root.find("code_sign_key")),
        cross_project_id=text(root.find("cross_project_id")),
        ram_fraction=max((real(preferences.find(name)) or 100.0) / 100.0 for name in _RAM),
        preferences_time=real(preferences.find("mod_time")),
        host=fill(HostInfo, section("host_info")),
        disk=fill(DiskUsage, section("disk_usage")),
        versions=tuple(fill(AppVersion, version) for version in section("app_versions").all("app_version")),
        reports=tuple(_report(result) for result in root.all("result")),
        trickles=tuple(_trickle(message) for message in root.all("msg_from_host")),
        held=None if held is None else tuple(_names(held)),
    )


def _names(held: Element) -> Iterator[str]:
    return (text(other.find("name")) for other in held.all("other_result"))


def _report(result: Element) -> Report:
    return fill(Report, result, stderr=text(result.find("stderr_out")), files=tuple(fill(ReportedFile, file) for file in result.all("file_info")))


def _trickle(message: Element) -> Trickle:
    return fill(Trickle, message, text=message.inner.partition("</variety>")[2].strip()[:_LONGEST_TRICKLE])
