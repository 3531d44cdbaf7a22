"""Recorded requests, to the byte, against the demo project: it answers as the real server did, as far as a client can tell.

One server takes them all; before each it is put into the state that the recording was made in.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from support.demo_rig import QUICK, Rig, demo_rig
from t4t.demo.project import book as states
from t4t.demo.project.book import Account, Book, Computer, Job, Task, Team, Word
from t4t.demo.project.keys import KeyPair, md5_of, upload_permission
from t4t.demo.project.request import RequestBroken, read_request
from t4t.project.decode import decode_reply
from t4t.project.record import read_record
from t4t.project.scheduler_reply import read_scheduler_reply
from unit.project.recorded import FOLDER, RESPONSES, request_body

if TYPE_CHECKING:
    from pathlib import Path

KEYS = {1: "68cfddaba9e4fbd9895879015a00be8e", 8: "f74797137624bd9e795a13b81126a31a"}
CROSS = {1: "2bc08b32513b2caee532b2411b949422", 8: "089accac45ceff5526657725631e6d6e"}
HASHES = {1: "2c5e35c04d251e5fa8a0ecf2d5c00f66", 8: "c821b0cca3d0271b33d15d94f469a4cf"}
NOW = 1.8e9
THEIRS = re.compile(rb"1024\nf3255e75.*?\n\.", re.DOTALL)
WEAK = b"1_bbafd3838d168301a425b140026fe6d0"
OPEN = replace(QUICK, invite_code="", terms="", min_client_version=71800)

ELSEWHERE = {
    **dict.fromkeys(("account_manager.rpc_ok",), "no account manager"),
    **dict.fromkeys(("web.results_page", "web_session.login_ok", "web_session.set_country_ok", "apps.xml_not_logged_in"), "no pages for people"),
    **dict.fromkeys((name for name in RESPONSES if "download" in name), "their files; ours have tests of their own"),
    **dict.fromkeys(("rss_main.empty", "rss_main.no_news_forum"), "there is news here"),
    **dict.fromkeys(("notices.ok",), "the feed's key is of another account"),
    **dict.fromkeys(("get_project_config.account_manager", "get_project_config.php_warning_noise"), "servers of another kind"),
    **dict.fromkeys(("create_account.rpc_disabled", "create_account.rpc_and_web_disabled"), "no switch for that here"),
    **dict.fromkeys(("am_set_info.older_server_bad_country",), "any country will do"),
    **dict.fromkeys(("am_set_info.post_not_supported",), "the client never posts it"),
    **dict.fromkeys(("show_user.project_down",), "as create_account"),
    **dict.fromkeys(("upload.certificates_ignored",), "here they never are"),
    **dict.fromkeys(("sched.vbox_too_old",), "silent with their plan class; ours is the one that speaks"),
    **dict.fromkeys(("sched.too_little_memory", "sched.too_little_disk"), "other limits: tests of their own"),
    **dict.fromkeys(("sched.daily_quota", "sched.dont_send_jobs", "sched.app_not_selected", "sched.client_upgrade_announced"), "no switch for that here"),
    **dict.fromkeys(("sched.database_down", "sched.feeder_not_running"), "as project_down"),
    **dict.fromkeys(("sched.next_rpc_delay_and_flags", "sched.code_sign_key_rotated"), "no switch for that here"),
    **dict.fromkeys(("sched.result_abort",), "a task that was withdrawn by hand"),
}


@dataclass
class Case:
    """The state before a request: what the recorded server knew and a request does not tell."""

    settings: dict[str, Any] = field(default_factory=dict)
    seqno: int | None = None
    rpc_time: float = 0.0
    unknown: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    computers: bool = True
    there: int = 0
    own_signature: bool = False
    words: tuple[Word, ...] = ()
    stranger: bool = False
    """The official client's account was not made yet."""


CASES: dict[str, Case] = {
    "create_account.disabled": Case(settings={"closed": True}),
    "create_account.invite_code_missing": Case(settings={"invite_code": "x"}),
    "create_account.invite_code_wrong": Case(settings={"invite_code": "x"}),
    "create_account.consent_given": Case(settings={"terms": "x"}),
    "get_project_config.account_creation_disabled": Case(settings={"closed": True}),
    "get_project_config.invite_code_required": Case(settings={"invite_code": "x"}),
    "get_project_config.terms_of_use": Case(settings={"terms": "x"}),
    "get_project_config.sched_stopped": Case(settings={"scheduler_stopped": True}),
    "get_project_config.project_down": Case(settings={"web_stopped": True}),
    "am_set_info.not_supported": Case(settings={"account_changes": False}),
    "sched.project_down": Case(settings={"scheduler_stopped": True}),
    "real-client.38.sched-down": Case(settings={"scheduler_stopped": True}),
    "sched.project_ended": Case(settings={"ended": True}),
    "sched.no_work": Case(settings={"jobs": 0, "tasks_per_computer": 99}),
    "real-client.30.sched-ask-no-work": Case(settings={"jobs": 0, "tasks_per_computer": 99}),
    "real-client.20.sched-report-ask-no-work": Case(settings={"jobs": 0, "tasks_per_computer": 99}),
    "sched.work_sent_three": Case(settings={"tasks_per_computer": 99}),
    "get_project_config.min_client_version": Case(settings={"min_password_length": 8}),
    "real-client.01.lookup_account-errorm136": Case(stranger=True),
    "sched.user_max_jobs_reached": Case(settings={"tasks_per_computer": 1}),
    "sched.trickle_down": Case(words=(Word(hostid=1, result_name="Theory_rec_3_0", time=7, text="<text>hello from the project</text>"),)),
    "sched.too_recent": Case(rpc_time=NOW - 1),
    "sched.result_abort_unknown": Case(unknown=("Theory_not_in_db_0",)),
    "sched.lost_result_resent": Case(lost=("Theory_rec_6_0",)),
    "sched.report_duplicate": Case(over=("Theory_rec_8_0",)),
    "sched.seqno_too_low_new_host": Case(seqno=9),
    "sched.unknown_hostid": Case(computers=False),
    "am_set_host_info.bad_host": Case(computers=False),
    "upload.get_size_partial": Case(there=700000),
    "upload.get_size_complete": Case(there=1000000),
    "upload.resume_ok": Case(there=700000, own_signature=True),
    "real-client.18.upload-get-size": Case(there=0),
    **dict.fromkeys(("upload.small_ok", "upload.again_from_zero", "upload.too_big"), Case(own_signature=True)),
    **dict.fromkeys(("real-client.12.upload-data", "real-client.19.upload-data"), Case(own_signature=True)),
}


def known(case: Case, body: bytes) -> Book:
    """A book in which the accounts, computers and tasks of a recorded request are."""
    accounts = {
        number: Account(
            id=number,
            email=f"{'volunteer1' if number == 1 else 'realclient'}@example.org",
            name="Volunteer One" if number == 1 else "Real Client",
            key=key,
            salt="s",
            proof=md5_of("s" + HASHES[number]),
            cross_project_id=CROSS[number],
            created=1.7e9,
            teamid=number % 8,
        )
        for number, key in KEYS.items()
    }
    accounts[4] = replace_account(accounts[1], id=4, email="zoe@example.org", name="Zoë", key="c654cf7c9a21dd588d4c804a362c8bf1")
    book = Book(accounts=accounts, teams={1: Team(id=1, name="CERN Volunteers", userid=1, created=1.7e9)})
    book.words += case.words
    if case.stranger:
        del accounts[8]
    try:
        asked = read_request(body)
    except RequestBroken:
        if case.computers:
            book.computers[1] = Computer(id=1, userid=1, cpid="c", created=1.7e9)
        return book
    account = book.account_of(asked.authenticator)
    if asked.hostid and case.computers:
        seqno = case.seqno if case.seqno is not None else max(0, asked.rpc_seqno - 1)
        book.computers[asked.hostid] = Computer(
            id=asked.hostid, userid=account.id if account else 1, cpid=asked.host.host_cpid, created=1.7e9, rpc_seqno=seqno, rpc_time=case.rpc_time
        )
    elif asked.hostid:
        book.computers[1] = Computer(id=1, userid=1, cpid=asked.host.host_cpid, created=1.7e9)
    names = {*(report.name for report in asked.reports), *(asked.held or ()), *case.lost} - {*case.unknown}
    for name in sorted(names):
        job = name.rpartition("_")[0]
        book.jobs[job] = Job(name=job, runspec="boinc ee zhad 91.2 - - pythia8 8.317 tune-monash13 5 1")
        state = states.VALID if name in case.over else states.SENT
        host = asked.hostid if case.computers else 1
        book.tasks[name] = Task(
            name=name, job=job, output=f"{name}_o", hostid=host, platform="x86_64-pc-linux-gnu", plan_class="vbox64", sent=1.7e9, deadline=1.9e9, state=state
        )
    return book


def replace_account(account: Account, **changes: Any) -> Account:
    fields = {name: getattr(account, name) for name in account.__struct_fields__}
    return Account(**(fields | changes))


def prepared(name: str, case: Case, rig: Rig, code_key: KeyPair, upload_key: KeyPair) -> bytes:
    """The recorded bytes with our keys where theirs were right."""
    data = (FOLDER / f"{name}.request").read_bytes()
    head, _, body = data.partition(b"\r\n\r\n")
    body = THEIRS.sub(code_key.text.encode(), body)
    body = body.replace(WEAK, rig.project.book.accounts[1].weak_key.encode())
    found = re.search(rb"<name>(.*)</name>\r?\n<xml_signature>\n(.*?)</xml_signature>\n<max_nbytes>([0-9]+)<", body, re.DOTALL)
    if found and case.own_signature:
        signature = upload_key.sign(upload_permission(found[1].decode(), found[3].decode()))
        body = body.replace(found[2], signature.encode() + b"\n")
    length = len(body)
    if (file := re.search(rb"<nbytes>([0-9]+)</nbytes>\n<md5_cksum>.*?<offset>([0-9]+)<", body, re.DOTALL)) and int(file[1]) < 2_000_000:
        written = body.partition(b"<data>\n")[0]
        length = len(written) + len(b"<data>\n") + int(file[1]) - int(file[2])
        body += bytes(max(0, length - len(body)))  # the recordings of long data are cut
    head = re.sub(rb"Content-Length: [0-9]+", b"Content-Length: %d" % length, head)
    if b"Connection: close" not in head:
        head += b"\r\nConnection: close"
    return head + b"\r\n\r\n" + body


async def answered(rig: Rig, data: bytes) -> bytes:
    port = int(rig.project.address.split(":")[2].partition("/")[0])
    source, out = await asyncio.open_connection("127.0.0.1", port)
    out.write(data)
    reply = await source.read()
    out.close()
    await out.wait_closed()
    return reply


def told(data: bytes) -> dict[str, Any]:
    """What a client makes of a reply, without the numbers and names of one server or the other."""
    decoded = decode_reply(data)
    error = re.sub(r"[0-9.]+", "#", decoded.error or "").replace("Theory Simulation", "Test4Theory demo")
    found: dict[str, Any] = {"kind": decoded.kind, "ok": decoded.ok, "error_num": decoded.error_num, "error": error if decoded.kind != "html" else ""}
    if decoded.kind == "scheduler_reply":
        reply = read_scheduler_reply(read_record(data).body)
        texts = sorted(re.sub(r"[0-9]+(\.[0-9]+)*", "#", message.text) + message.priority for message in reply.messages)
        found |= {"messages": [text for text in texts if "Resent" not in text or "Theory" in text]}
        found |= {"delay": round(reply.request_delay), "down": reply.project_is_down, "ended": reply.ended, "known": reply.userid > 0}
        found |= {"new host": reply.hostid > 0, "acks": sorted(reply.result_acks), "aborts": sorted(reply.result_aborts), "trickles": reply.message_ack}
        found |= {"words": [(word.result_name, word.text) for word in reply.trickle_downs]}
        found |= {"work": bool(reply.results), "key": bool(reply.code_sign_key)}
    if decoded.kind == "project_config":
        names = ("web_stopped", "sched_stopped", "account_creation_disabled", "invite_code_required", "min_passwd_length", "closed")
        found |= {field: decoded.fields[field] for field in names} | {"terms": bool(decoded.fields["terms_of_use"])}
    if decoded.kind == "data_server_reply":
        found |= {"status": decoded.fields["status"], "size": decoded.fields["file_size"]}
    return found


async def test_recorded_requests_get_the_recorded_answers(tmp_path: Path) -> None:
    names = [name for name in RESPONSES if name not in ELSEWHERE]
    assert set(ELSEWHERE) <= set(RESPONSES)
    assert set(CASES) <= set(names)
    wrong = {}
    async with demo_rig(tmp_path, settings=OPEN) as rig:
        rig.now.now = NOW
        keys = [KeyPair.kept(rig.folder / "project" / f"{name}_private.pem") for name in ("code_sign", "upload")]
        for name in names:
            case = CASES.get(name, Case())
            rig.project.settings = replace(OPEN, **case.settings)
            rig.project._ledger.book = known(case, request_body(name))
            for file in (rig.folder / "project" / "upload").iterdir():
                file.unlink()
            output = re.search(rb"<(?:name|get_file_size)>(Theory[^<]*)<", request_body(name))
            if "upload" in name and output:
                (rig.folder / "project" / "upload" / output[1].decode()).write_bytes(bytes(case.there)) if case.there else None
                rig.project.book.jobs["j"] = Job(name="j", runspec="x")
                rig.project.book.tasks["t"] = Task(name="t", job="j", output=output[1].decode(), hostid=1, platform="", plan_class="", sent=0.0, deadline=0.0)
            if name == "upload.interrupted":
                continue
            theirs = told((FOLDER / f"{name}.response").read_bytes())
            ours = told(await answered(rig, prepared(name, case, rig, *keys)))
            if ours != theirs:
                wrong[name] = {key: (ours.get(key), theirs.get(key)) for key in theirs | ours if ours.get(key) != theirs.get(key)}
    assert not wrong, "\n".join(f"{name}: {found}" for name, found in wrong.items())
