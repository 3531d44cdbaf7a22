"""Requests as bytes: the scheduler's, and the upload handler's.

The scheduler's own reader takes some elements line by line (`stderr_out`, `code_sign_key`, `msg_from_host`), the upload handler all of them: their
tags stand on lines of their own.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from t4t.domain.preferences import KINDS
from t4t.domain.scheduler_request import CLIENT_VERSION

if TYPE_CHECKING:
    from t4t.domain.project import AppVersion, FileInfo
    from t4t.domain.scheduler_request import FinishedTask, HostInfo, SchedulerRequest, TrickleUp, UploadedFile

STDERR_BYTES: Final = 64 * 1024
_FIRST_BYTE: Final = 0x80
_ESCAPES: Final = {ord("<"): "&lt;", ord(">"): "&gt;", ord("&"): "&amp;", ord('"'): "&quot;", ord("'"): "&apos;"}


def escape(text: str) -> str:
    """``text`` as BOINC writes it: each byte of UTF-8 from 128 on as a number of its own; no control characters but line feeds and tabs."""
    out = []
    for byte in text.encode("utf-8", "replace"):
        if byte >= _FIRST_BYTE:
            out.append(f"&#{byte};")
        elif byte >= ord(" ") or byte in b"\n\t":
            out.append(_ESCAPES.get(byte) or chr(byte))
    return "".join(out)


def _value(value: object) -> str:
    match value:
        case bool():
            return str(int(value))
        case float():
            return f"{value:.6f}"
        case str():
            return escape(value)
        case _:
            return str(value)


def _line(name: str, value: object, *, indent: int = 4) -> str:
    return f"{' ' * indent}<{name}>{_value(value)}</{name}>"


def _section(name: str, value: object) -> list[str]:
    """All fields of a flat dataclass."""
    fields = dataclasses.fields(value)  # type: ignore[arg-type]  # only ours come here
    return [f"<{name}>", *(_line(field.name, getattr(value, field.name)) for field in fields), f"</{name}>"]


def _client_version() -> list[str]:
    major, minor, release = CLIENT_VERSION
    return [_line("core_client_major_version", major), _line("core_client_minor_version", minor), _line("core_client_release", release)]


def write_request(request: SchedulerRequest) -> bytes:
    """The body of a scheduler request."""
    lines = ["<scheduler_request>", *_envelope(request), *_preferences(request)]
    if request.cross_project_id:  # the server believes whatever it gets: only what it gave itself is sent
        lines.append(_line("cross_project_id", request.cross_project_id, indent=0))
    lines += _section("time_stats", request.time_stats)
    lines += _section("net_stats", request.net_stats)
    lines += _host_info(request.host_info)
    lines += _section("disk_usage", request.disk_usage)
    for task in request.finished:
        lines += _result(task)
    for trickle in request.trickles:
        lines += _trickle(trickle)
    for file in request.sticky_files:
        lines += _section("file_info", file)
    lines += ["<app_versions>", *(line for version in request.app_versions for line in _app_version(version)), "</app_versions>"]
    lines += _other_results(request)
    return "\n".join([*lines, "</scheduler_request>", ""]).encode()


def _envelope(request: SchedulerRequest) -> list[str]:
    primary, *others = request.platforms
    lines = [
        _line("authenticator", request.authenticator),
        _line("hostid", request.hostid),
        _line("rpc_seqno", request.rpc_seqno if request.hostid else 0),
        *_client_version(),
        *([_line("client_brand", request.client_brand)] if request.client_brand else []),
        *(_line(name, 1.0) for name in ("resource_share_fraction", "rrs_fraction", "prrs_fraction", "duration_correction_factor")),
        _line("allow_multiple_clients", value=False),
        _line("sandbox", value=False),
        _line("dont_send_work", request.dont_send_work),
        _line("work_req_seconds", request.work.seconds),
        _line("cpu_req_secs", request.work.seconds),
        _line("cpu_req_instances", request.work.instances),
        _line("estimated_delay", request.work.estimated_delay),
        _line("client_cap_plan_class", value=True),
        _line("platform_name", primary),
    ]
    for name in others:
        lines += ["    <alt_platform>", _line("name", name, indent=8), "    </alt_platform>"]
    if request.code_sign_key:
        lines += ["    <code_sign_key>", request.code_sign_key.strip(), "</code_sign_key>"]
    return lines


def _preferences(request: SchedulerRequest) -> list[str]:
    return [
        "<working_global_preferences>",
        "<global_preferences>",
        _line("source_project", "", indent=3),
        _line("mod_time", float(request.preferences_mod_time), indent=3),
        *(_line(name, getattr(request.preferences, name), indent=3) for name in KINDS),
        _line("override_file_present", request.preferences_overridden, indent=3),
        "</global_preferences>",
        "</working_global_preferences>",
    ]


def _host_info(host: HostInfo) -> list[str]:
    lines = _section("host_info", host)
    return lines if host.virtualbox_version else [line for line in lines if "<virtualbox_version>" not in line]


def _result(task: FinishedTask) -> list[str]:
    peaks = ("final_peak_working_set_size", "final_peak_swap_size", "final_peak_disk_usage")
    return [
        "<result>",
        *(_line(name, getattr(task, name)) for name in ("name", "final_cpu_time", "final_elapsed_time", "exit_status", "state")),
        *(_line(name, getattr(task, name)) for name in ("platform", "version_num", "plan_class")),
        *(_line(name, getattr(task, name)) for name in peaks if getattr(task, name)),
        _line("app_version_num", task.version_num),
        *_stderr(task.stderr),
        *(line for file in task.files for line in _uploaded(file)),
        "</result>",
    ]


def _stderr(text: str) -> list[str]:
    """The last 64 KiB in a CDATA section. The server looks for the end tag line by line, inside of it too."""
    version = ".".join(map(str, CLIENT_VERSION))
    lines = ["<stderr_out>", f"<core_client_version>{version}</core_client_version>"]
    if text:
        tail = text.encode("utf-8", "replace")[-STDERR_BYTES:].decode("utf-8", "ignore")
        plain = "".join(c for c in tail if c.isprintable() or c in "\n\t").replace("]]>", "]] >").replace("</stderr_out", "< /stderr_out")
        lines += ["<![CDATA[", "<stderr_txt>", plain, "</stderr_txt>", "]]>"]
    return [*lines, "</stderr_out>"]


def _uploaded(file: UploadedFile) -> list[str]:
    return [
        "<file_info>",
        _line("name", file.name),
        _line("nbytes", float(file.nbytes)),
        _line("max_nbytes", float(file.max_nbytes)),
        _line("md5_cksum", file.md5_cksum),
        _line("upload_url", file.upload_url),
        "</file_info>",
    ]


def _trickle(trickle: TrickleUp) -> list[str]:
    return [
        "  <msg_from_host>",
        _line("result_name", trickle.result_name, indent=6),
        _line("time", trickle.time, indent=6),
        f"<variety>{escape(trickle.variety)}</variety>",
        trickle.text.replace("</msg_from_host", "< /msg_from_host"),
        "  </msg_from_host>",
    ]


def _app_version(version: AppVersion) -> list[str]:
    flags = [f"    <{name}/>" for name in ("dont_throttle", "is_wrapper", "needs_network") if getattr(version, name)]
    values = ("app_name", "version_num", "platform", "avg_ncpus", "flops", "plan_class")
    return ["<app_version>", *(_line(name, getattr(version, name)) for name in values), *flags, "</app_version>"]


def _other_results(request: SchedulerRequest) -> list[str]:
    """Every task that is held: the server sends again what is missing here, and ends what it does not know."""
    index = {version.key: number for number, version in enumerate(request.app_versions)}
    lines = ["<other_results>"]
    for task in request.held:
        lines += [
            "    <other_result>",
            _line("name", task.name, indent=8),
            _line("app_version", index.get(task.version, -1), indent=8),
            _line("plan_class", task.version[3], indent=8),
            "    </other_result>",
        ]
    return [*lines, "</other_results>"]


def write_size_query(name: str) -> bytes:
    """Ask the upload handler how much of a file it has."""
    return "\n".join(["<data_server_request>", *_client_version(), _line("get_file_size", name), "</data_server_request>", ""]).encode()


def write_upload_head(file: FileInfo, *, nbytes: int, md5_cksum: str, offset: int) -> bytes:
    """What stands before the bytes of an upload from ``offset`` on; the signature and its limit go back exactly as they came."""
    lines = [
        "<data_server_request>",
        *_client_version(),
        "<file_upload>",
        "<file_info>",
        f"<name>{escape(file.name)}</name>",
        "<xml_signature>",
        *([file.xml_signature.strip()] if file.xml_signature.strip() else []),
        "</xml_signature>",
        f"<max_nbytes>{file.max_nbytes}</max_nbytes>",
        "</file_info>",
        f"<nbytes>{nbytes}</nbytes>",
        f"<md5_cksum>{md5_cksum}</md5_cksum>",
        f"<offset>{offset}</offset>",
        "<data>",
        "",
    ]
    return "\n".join(lines).encode()
