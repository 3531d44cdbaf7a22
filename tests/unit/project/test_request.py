"""Our scheduler and upload requests beside those of the official client, field by field."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.loose_xml import Element, read_loose, unescape
from t4t.domain.preferences import KINDS, Preferences, read_account_preferences
from t4t.domain.project import AppVersion, FileInfo
from t4t.domain.scheduler_request import (
    CLIENT_VERSION,
    DiskUsage,
    FinishedTask,
    HeldTask,
    HostInfo,
    NetStats,
    SchedulerRequest,
    StickyFile,
    TimeStats,
    TrickleUp,
    UploadedFile,
    WorkRequest,
)
from t4t.project.fields import fill, flag, real, text, whole
from t4t.project.request import STDERR_BYTES, escape, write_request, write_size_query, write_upload_head
from unit.project.recorded import FOLDER, SCHEDULER_REQUESTS, request_body, root

LEFT_OUT = {
    *("domain_name", "ip_addr"),  # nobody's business
    *("gpu_active_frac", "total_gpu_active_duration", "session_gpu_active_duration", "run_gpu_if_user_active", "wsl_available", "coprocs"),  # no GPU work
    *("confirm_before_connecting", "hangup_if_dialed", "dont_verify_images", "network_wifi_only", "niu_max_ncpus_pct"),  # of no use any more, or not ours
    *("file_info", "symstore"),
}
VERSION_FIELDS = {"core_client_major_version", "core_client_minor_version", "core_client_release", "core_client_version"}


def flat(element: Element, path: str = "") -> list[tuple[str, Any]]:
    """Every leaf with its path, numbers as numbers."""
    found: list[tuple[str, Any]] = []
    for child in element.children:
        here = f"{path}/{child.name}"
        if child.name in LEFT_OUT | VERSION_FIELDS and "result/file_info" not in here:
            continue
        if child.name == "stderr_out":
            found.append((here, child.text.split()))
        elif child.children:
            found += flat(child, here)
        else:
            found.append((here, "given" if child.self_closed else float(child.text) if re.fullmatch(r"-?[0-9.]+", child.text) else child.text))
    return sorted(found, key=str)


def log_of(task: Element) -> str:
    """The text inside of the CDATA section of ``stderr_out``."""
    return text(task.find("stderr_out")).partition("<stderr_txt>\n")[2].partition("\n</stderr_txt>")[0]


def rebuilt(recorded: Element) -> SchedulerRequest:
    """The request that the recorded one would be if we had made it."""

    def section(name: str) -> Element:
        return recorded.find(name) or Element(name)

    versions = tuple(fill(AppVersion, version) for version in section("app_versions").all("app_version"))
    preferences = section("working_global_preferences").inner
    held = tuple(
        HeldTask(name=text(task.find("name")), version=versions[whole(task.find("app_version"))].key) for task in section("other_results").all("other_result")
    )
    finished = tuple(
        fill(
            FinishedTask,
            task,
            stderr=log_of(task),
            files=tuple(
                UploadedFile(
                    name=text(file.find("name")),
                    nbytes=whole(file.find("nbytes")),
                    max_nbytes=whole(file.find("max_nbytes")),
                    md5_cksum=text(file.find("md5_cksum")),
                    upload_url=text(file.find("upload_url")),
                )
                for file in task.all("file_info")
            ),
        )
        for task in recorded.all("result")
    )
    return SchedulerRequest(
        authenticator=text(recorded.find("authenticator")),
        hostid=whole(recorded.find("hostid")),
        rpc_seqno=whole(recorded.find("rpc_seqno")),
        client_brand=text(recorded.find("client_brand")),
        dont_send_work=flag(recorded.find("dont_send_work")),
        work=WorkRequest(
            seconds=real(recorded.find("work_req_seconds")),
            instances=real(recorded.find("cpu_req_instances")),
            estimated_delay=real(recorded.find("estimated_delay")),
        ),
        platforms=(text(recorded.find("platform_name")), *(text(alt.find("name")) for alt in recorded.all("alt_platform"))),
        code_sign_key=text(recorded.find("code_sign_key")),
        preferences=Preferences(**read_account_preferences(preferences).fields),
        preferences_mod_time=read_account_preferences(preferences).mod_time,
        preferences_overridden=False,
        cross_project_id=text(recorded.find("cross_project_id")),
        time_stats=fill(TimeStats, section("time_stats")),
        net_stats=fill(NetStats, section("net_stats")),
        host_info=fill(HostInfo, section("host_info")),
        disk_usage=fill(DiskUsage, section("disk_usage")),
        finished=finished,
        app_versions=versions,
        held=held,
        trickles=tuple(fill(TrickleUp, trickle, text="") for trickle in recorded.all("msg_from_host")),
    )


@pytest.mark.parametrize("name", [name for name in SCHEDULER_REQUESTS if name.startswith("real-client")])
def test_what_the_official_client_says_we_say(name: str) -> None:
    recorded = root(request_body(name), "scheduler_request")
    ours = root(write_request(rebuilt(recorded)), "scheduler_request")
    theirs = [(path, value) for path, value in flat(recorded) if (path, value) != ("/cross_project_id", "")]
    assert flat(ours) == theirs


@pytest.mark.parametrize("name", SCHEDULER_REQUESTS)
def test_every_recorded_request_survives_our_writer(name: str) -> None:
    """Requests by hand say less than the official client; what they say arrives."""
    request = rebuilt(root(request_body(name), "scheduler_request"))
    again = rebuilt(root(write_request(request), "scheduler_request"))
    assert again == replace(request, rpc_seqno=request.rpc_seqno if request.hostid else 0)


def minimal(**more: Any) -> SchedulerRequest:
    return SchedulerRequest(authenticator="k", platforms=("p",), preferences=Preferences(), host_info=HostInfo(), **more)


def test_a_new_computer_counts_from_zero() -> None:
    assert b"<rpc_seqno>0<" in write_request(minimal(hostid=0, rpc_seqno=17))
    assert b"<rpc_seqno>17<" in write_request(minimal(hostid=3, rpc_seqno=17))


def test_nothing_is_claimed_that_is_not_there() -> None:
    body = write_request(minimal())
    for name in (b"virtualbox_version", b"cross_project_id", b"code_sign_key", b"client_brand", b"domain_name", b"ip_addr"):
        assert name not in body
    assert b"<client_brand>t4t</client_brand>" in write_request(minimal(client_brand="t4t"))


def test_lines_that_must_stand_alone() -> None:
    """The server's reader takes these line by line."""
    trickle = TrickleUp(result_name="r", time=7, variety="v", text="free\n</msg_from_host> text")
    task = FinishedTask(name="r", stderr="a\x00b ]]> \x1b[31m </stderr_out> é\n")
    body = write_request(
        minimal(code_sign_key="1024\nab\n.\n", finished=(task,), trickles=(trickle,), sticky_files=(StickyFile(name="f.vdi", nbytes=9),))
    ).decode()
    lines = [line.strip() for line in body.splitlines()]
    for line in (
        "<code_sign_key>",
        "</code_sign_key>",
        "<stderr_out>",
        "</stderr_out>",
        "<msg_from_host>",
        "</msg_from_host>",
        "<variety>v</variety>",
        "<![CDATA[",
        "]]>",
    ):
        assert lines.count(line) == 1, line
    assert f"<core_client_version>{'.'.join(map(str, CLIENT_VERSION))}</core_client_version>" in lines
    assert "ab ]] > [31m < /stderr_out> é" in lines
    sent = root(body.encode(), "scheduler_request")
    assert [text(file.find("name")) for file in sent.all("file_info")] == ["f.vdi"]


def test_the_end_of_a_long_log_is_sent() -> None:
    body = write_request(minimal(finished=(FinishedTask(name="r", stderr="é" * STDERR_BYTES + "the end"),))).decode()
    sent = body.partition("<stderr_txt>\n")[2].partition("\n</stderr_txt>")[0]
    assert sent.endswith("the end")
    assert STDERR_BYTES - 2 <= len(sent.encode()) <= STDERR_BYTES


def test_a_task_of_an_unknown_version_is_still_listed() -> None:
    body = write_request(minimal(held=(HeldTask(name="r", version=("A", "p", 1, "c")),)))
    assert text(next(root(body, "other_results").descendants("app_version"))) == "-1"


@given(st.text(max_size=60))
def test_escaped_text_comes_back(words: str) -> None:
    shown = "".join(c for c in words.encode("utf-8", "replace").decode() if ord(c) >= 32 or c in "\n\t")
    assert unescape(escape(words)) == shown


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_name_can_not_break_out(key: str, version: str) -> None:
    host = HostInfo(p_model=key, virtualbox_version=version)
    body = write_request(replace(minimal(), authenticator=key, host_info=host))
    assert body.count(b"<authenticator>") == body.count(b"</scheduler_request>") == 1
    assert [child.name for child in read_loose(body).children] == ["scheduler_request"]


FILE = FileInfo(
    name="Theory_s35679_15_0_r2125092480_0",
    max_nbytes=100000000,
    xml_signature=root(request_body("real-client.12.upload-data"), "xml_signature").text,
)


def normal(body: bytes) -> list[bytes]:
    """The lines of an upload's head; the official client leaves out one line feed, and the numbers of versions are each client's own."""
    head = body.partition(b"<data>\n")[0].replace(b".</xml_signature>", b".\n</xml_signature>")
    return [line for line in head.splitlines() if b"core_client" not in line]


def test_uploads_are_written_as_the_official_client_does() -> None:
    recorded = request_body("real-client.12.upload-data")
    ours = write_upload_head(FILE, nbytes=203284, md5_cksum="3ffc281191f4043e81625f295912220f", offset=0)
    assert normal(ours) == normal(recorded)
    assert ours.endswith(b"<data>\n")
    hand = request_body("upload.certificates_ignored")
    ours = write_upload_head(FileInfo(name="Theory_unsigned_0_r1_0", max_nbytes=1000000), nbytes=28, md5_cksum="9bdebfb8ba57f591f1179db4c17e6b70", offset=0)
    assert ours == hand.partition(b"<data>\n")[0] + b"<data>\n"


def test_size_queries_too() -> None:
    assert write_size_query("Theory_rec_8_0_r74973564_0") == request_body("upload.get_size_absent")
    assert (FOLDER / "upload.get_size_absent.request").exists()


def test_all_preferences_are_sent() -> None:
    sent = root(write_request(minimal()), "global_preferences")
    assert set(KINDS) <= {child.name for child in sent.children}
