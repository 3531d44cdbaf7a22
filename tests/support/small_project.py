"""A small strict BOINC project on loopback: one account, one signed program, tasks one after the other; it breaks down where it is told."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from support.file_server import Answer, Raw, Request, Serve, Status, head

if TYPE_CHECKING:
    import asyncio

KEY = "0123456789abcdef0123456789abcdef"
IMAGE = b"image of a small system " * 50_000
JOB = b"<vbox_job></vbox_job>"
DELAY = 7.0


def _hex(number: int) -> str:
    digits = f"{number:0256x}"
    return "\n".join(digits[at : at + 64] for at in range(0, 256, 64))


class Signer:
    """Signs as BOINC does."""

    def __init__(self) -> None:
        private = rsa.generate_private_key(65537, 1024)  # noqa: S505 (BOINC's size)
        numbers = private.private_numbers()
        self._n, self._d = numbers.public_numbers.n, numbers.d
        self.key = f"1024\n{_hex(self._n)}\n{_hex(65537)}\n."

    def sign(self, data: bytes) -> str:
        """The signature of a file's content."""
        text = hashlib.md5(data, usedforsecurity=False).hexdigest().encode()
        padded = b"\x00\x01" + b"\xff" * (128 - 3 - len(text)) + b"\x00" + text
        return f"{_hex(pow(int.from_bytes(padded, 'big'), self._d, self._n))}\n."


@dataclass
class SmallProject:
    """Answers every request of a client; ``faults`` has what to do instead for the n-th request."""

    signer: Signer
    now: list[float]
    faults: dict[int, Answer] = field(default_factory=dict)
    url: str = ""
    log: list[str] = field(default_factory=list)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    reported: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    seqno: int = 0
    quiet_until: float = 0.0
    complaints: list[str] = field(default_factory=list)
    first: Answer | None = None
    """What to do instead at the first request of each kind."""
    failed: dict[str, float] = field(default_factory=dict)
    waited: dict[str, float] = field(default_factory=dict)
    """Seconds from that to the next one of the kind."""
    times: list[float] = field(default_factory=list)
    extra: str = ""
    """Put into the next reply of the scheduler."""
    bodies: list[str] = field(default_factory=list)
    """What the scheduler was asked."""
    term: float = 864000.0
    """Seconds from a task's beginning to its deadline."""
    refuse_uploads: bool = False
    """For now."""
    empty: bool = False
    """There is no work."""
    image: bytes = IMAGE
    job: bytes = JOB

    async def __call__(self, request: Request, out: asyncio.StreamWriter) -> None:
        number = len(self.log)
        path = urlsplit(request.target).path
        self.log.append(path)
        self.times.append(self.now[0])
        if path == "/cgi" and self.now[0] < self.quiet_until:
            self.complaints.append(f"contact {self.quiet_until - self.now[0]:.0f} s too early")
        kind = f"{path} {b'<result>' in request.body} {b'<get_file_size>' in request.body}"
        if self.first is not None and path != "/t4t/get_project_config.php" and kind not in self.failed:
            self.failed[kind] = self.now[0]
            await self.first(request, out)
            return
        if kind in self.failed:
            self.waited.setdefault(kind, self.now[0] - self.failed[kind])
        if number in self.faults:
            await self.faults[number](request, out)
            return
        await self._page(path, request)(request, out)

    def _page(self, path: str, request: Request) -> Answer:
        files = {"/t4t/download/job.xml": self.job, "/t4t/download/image.vdi.gz": gzip.compress(self.image, mtime=0), "/t4t/download/input": b"runspec"}
        if path in files:
            return Serve(files[path])
        pages = {
            "/t4t/get_project_config.php": self._config,
            "/t4t/create_account.php": self._create,
            "/t4t/": lambda _request: f"<html><!-- <scheduler>{self.url}/cgi</scheduler> -->",
            "/cgi": self._scheduler,
            "/t4t/feed": lambda _request: "<rss><channel><item><title>News</title><guid>1</guid></item></channel></rss>",
            "/upload": self._upload,
        }
        if path not in pages:
            return Status(404)
        body = pages[path](request).encode()
        return Raw(head(200, Content_Length=len(body)) + body)

    def _config(self, _request: Request) -> str:
        flags = "<account_creation_disabled/><invite_code_required/><terms_of_use>be kind & fair</terms_of_use>"
        return f"<project_config><name>Small</name><master_url>{self.url}/t4t/</master_url>{flags}<min_passwd_length>6</min_passwd_length></project_config>"

    def _create(self, request: Request) -> str:
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}
        if query.get("invite_code") != "code" or query.get("consent_flag") != "1" or len(query["passwd_hash"]) != 32:
            return "<error><error_num>-1</error_num><error_msg>Invalid invitation code</error_msg></error>"
        return f" <account_out><authenticator>{KEY}</authenticator></account_out>"

    def _scheduler(self, request: Request) -> str:
        body = request.body.decode()
        self.bodies.append(body)
        value = dict(re.findall(r"<(\w+)>([^<\n]*)</\1>", body.partition("<working_global_preferences>")[0]))
        if value["authenticator"] != KEY:
            return '<scheduler_reply><request_delay>3600</request_delay><message priority="low">Invalid or missing account key.</message></scheduler_reply>'
        self._check_number(int(value["hostid"]), int(value["rpc_seqno"]))
        self.quiet_until = self.now[0] + DELAY
        parts = [f"<request_delay>{DELAY:f}</request_delay><project_name>Small</project_name><userid>1</userid><user_name>V</user_name>"]
        if value["hostid"] == "0":
            self.seqno = 0
            parts.append("<hostid>5</hostid>")
        for name in re.findall(r"<result>\s*<name>(\w+)</name>", body):
            if name not in self.reported:
                self._check_result(name, body)
                self.reported.append(name)
            parts.append(f"<result_ack>\n    <name>{name}</name>\n</result_ack>")
        if "<msg_from_host>" in body:
            parts.append("<message_ack/>")
        parts.append(self.extra)
        self.extra = ""
        held = re.findall(r"<other_result>\s*<name>(\w+)</name>", body)
        lost = [name for name in self.sent if name not in (*held, *self.reported)]
        wants = float(value["work_req_seconds"]) > 0
        if wants:
            if not lost and not held and not self.empty:
                self.sent.append(f"task_{len(self.sent)}")
                lost = self.sent[-1:]
            parts += [self._work(name) for name in lost]
            parts.append(f"<code_sign_key>\n{self.signer.key}\n</code_sign_key>")
        return "<scheduler_reply>" + "\n".join(parts) + "</scheduler_reply>"

    def _check_number(self, hostid: int, seqno: int) -> None:
        if hostid and seqno <= self.seqno:
            self.complaints.append(f"number {seqno} after {self.seqno}")
        self.seqno = seqno

    def _check_result(self, name: str, body: str) -> None:
        md5 = re.findall(rf"<name>{name}_out</name>.*?<md5_cksum>(\w+)</md5_cksum>", body, re.DOTALL)
        if [hashlib.md5(self.uploaded.get(f"{name}_out", b"-"), usedforsecurity=False).hexdigest()] != md5:
            self.complaints.append(f"{name} was reported before its output was here")

    def _work(self, name: str) -> str:
        packed = len(gzip.compress(self.image, mtime=0))
        return f"""<app><name>Small</name></app>
<file_info><name>job.xml</name><url>{self.url}/t4t/download/job.xml</url><file_signature>
{self.signer.sign(self.job)}
</file_signature><nbytes>{len(self.job)}</nbytes></file_info>
<file_info><name>image.vdi</name><url>{self.url}/t4t/download/image.vdi</url><gzipped_url>{self.url}/t4t/download/image.vdi.gz</gzipped_url>
<file_signature>
{self.signer.sign(self.image)}
</file_signature><nbytes>{len(self.image)}</nbytes><gzipped_nbytes>{packed}</gzipped_nbytes></file_info>
<app_version><app_name>Small</app_name><version_num>1</version_num><platform>p</platform><plan_class>vbox64</plan_class>
<file_ref><file_name>job.xml</file_name><open_name>vbox_job.xml</open_name></file_ref><file_ref><file_name>image.vdi</file_name></file_ref></app_version>
<file_info><name>input</name><url>{self.url}/t4t/download/input</url><md5_cksum>{hashlib.md5(b"runspec", usedforsecurity=False).hexdigest()}</md5_cksum>
<nbytes>7</nbytes></file_info>
<workunit><name>wu_{name}</name><app_name>Small</app_name><file_ref><file_name>input</file_name><open_name>input</open_name></file_ref></workunit>
<file_info><name>{name}_out</name><max_nbytes>100000</max_nbytes><upload_url>{self.url}/upload</upload_url></file_info>
<result><name>{name}</name><wu_name>wu_{name}</wu_name><report_deadline>{self.now[0] + self.term}</report_deadline>
<file_ref><file_name>{name}_out</file_name><open_name>shared/output</open_name></file_ref>
<platform>p</platform><version_num>1</version_num><plan_class>vbox64</plan_class></result>"""

    def _upload(self, request: Request) -> str:
        if self.refuse_uploads:
            return "<data_server_reply>\n<status>1</status>\n<message>busy</message>\n</data_server_reply>"
        lines, found, data = request.body.partition(b"<data>\n")
        query = re.search(rb"<get_file_size>(\w+)</get_file_size>", lines)
        if query or not found:
            size = len(self.uploaded.get(query[1].decode(), b"")) if query else 0
            return f"<data_server_reply>\n<status>0</status>\n<file_size>{size}</file_size>\n</data_server_reply>"
        values = dict(re.findall(rb"<(\w+)>(\w+)</", lines))
        name = values[b"name"].decode()
        self.uploaded[name] = self.uploaded.get(name, b"")[: int(values[b"offset"])] + data
        return "<data_server_reply>\n<status>0</status>\n</data_server_reply>"
