"""What a BOINC project's servers say, as values; names are those of the wire, so that a recorded exchange can be read beside them.

Times are Unix times in seconds, sizes are in bytes, credit is in cobblestones, and an empty text or 0 means that nothing was said.
"""

from __future__ import annotations

import enum
from dataclasses import field
from typing import Any

from t4t.domain.record import record


@record(kw_only=True)
class Platform:
    """One kind of computer that the project has programs for."""

    platform_name: str = ""
    user_friendly_name: str = ""
    plan_class: str = ""


@record(kw_only=True)
class ProjectConfig:
    """Reply of ``get_project_config.php``."""

    name: str = ""
    master_url: str = ""
    web_rpc_url_base: str = ""
    server_version: str = ""
    account_manager: bool = False
    web_stopped: bool = False
    sched_stopped: bool = False
    account_creation_disabled: bool = False
    invite_code_required: bool = False
    ldap_auth: bool = False
    min_passwd_length: int = 6
    min_client_version: int = 0
    account_ownership_public_key: str = ""
    terms_of_use: str = ""
    platforms: tuple[Platform, ...] = ()

    @property
    def closed(self) -> bool:
        """No new accounts at all; with an invitation code there are some, and servers then set both flags."""
        return self.account_creation_disabled and not self.invite_code_required


@record(kw_only=True)
class AccountOut:
    """Reply of ``create_account.php`` and ``lookup_account.php``; without a key: the address exists."""

    authenticator: str = ""
    success: bool = False


@record(kw_only=True)
class AccountInfo:
    """Reply of ``am_get_info.php``."""

    id: int = 0
    name: str = ""
    country: str = ""
    url: str = ""
    weak_auth: str = ""
    cpid: str = ""
    has_profile: bool = False
    create_time: int = 0
    global_prefs: str = ""
    project_prefs: str = ""
    send_email: bool = False
    show_hosts: bool = False
    teamid: int = 0
    venue: str = ""
    postal_code: str = ""
    teamfounder: bool = False


@record(kw_only=True)
class ErrorDocument:
    """``<error>``: a number of BOINC's and a text."""

    error_num: int = 0
    error_msg: str = ""


@record(kw_only=True)
class Host:
    """A computer as ``show_user.php`` tells it."""

    id: int = 0
    create_time: int = 0
    rpc_seqno: int = 0
    rpc_time: int = 0
    host_cpid: str = ""
    total_credit: float = 0.0
    expavg_credit: float = 0.0
    expavg_time: float = 0.0
    domain_name: str = ""
    p_ncpus: int = 0
    p_vendor: str = ""
    p_model: str = ""
    p_fpops: float = 0.0
    p_iops: float = 0.0
    os_name: str = ""
    os_version: str = ""
    m_nbytes: float = 0.0
    d_free: float = 0.0
    d_total: float = 0.0
    venue: str = ""


@record(kw_only=True)
class User:
    """Reply of ``show_user.php``; ``expavg_credit`` is as of ``expavg_time``: see `t4t.domain.credit`."""

    id: int = 0
    cpid: str = ""
    create_time: int = 0
    name: str = ""
    total_credit: float = 0.0
    expavg_credit: float = 0.0
    expavg_time: float = 0.0
    teamid: int = 0
    has_profile: bool = False
    venue: str = ""
    country: str = ""
    url: str = ""
    hosts: tuple[Host, ...] = ()


@record(kw_only=True)
class Team:
    """A team, as ``team_lookup.php`` tells it; ``type`` is BOINC's number of its kind."""

    id: int = 0
    create_time: int = 0
    userid: int = 0
    name: str = ""
    url: str = ""
    type: int = 0
    country: str = ""
    total_credit: float = 0.0
    expavg_credit: float = 0.0
    expavg_time: float = 0.0


@record(kw_only=True)
class FileRef:
    """How an application calls a file: under ``open_name``, or under its own name if that is empty."""

    file_name: str = ""
    open_name: str = ""
    main_program: bool = False
    copy_file: bool = False
    optional: bool = False


@record(kw_only=True)
class FileInfo:
    """A file to fetch or to upload. ``nbytes`` is the size of the plain file; program files are signed, inputs have a checksum."""

    name: str = ""
    urls: tuple[str, ...] = ()
    upload_urls: tuple[str, ...] = ()
    gzipped_urls: tuple[str, ...] = ()
    nbytes: int = 0
    gzipped_nbytes: int = 0
    max_nbytes: int = 0
    md5_cksum: str = ""
    file_signature: str = ""
    xml_signature: str = ""
    executable: bool = False
    sticky: bool = False
    signature_required: bool = False

    @property
    def is_output(self) -> bool:
        """Whether it is made here and uploaded."""
        return bool(self.upload_urls) or bool(self.max_nbytes and not self.urls)


@record(kw_only=True)
class App:
    """An application."""

    name: str = ""
    user_friendly_name: str = ""
    non_cpu_intensive: bool = False
    fraction_done_exact: bool = False


@record(kw_only=True)
class AppVersion:
    """One build of an application for one platform and plan class."""

    app_name: str = ""
    version_num: int = 0
    platform: str = ""
    plan_class: str = ""
    api_version: str = ""
    avg_ncpus: float = 1.0
    flops: float = 0.0
    cmdline: str = ""
    file_prefix: str = ""
    dont_throttle: bool = False
    is_wrapper: bool = False
    needs_network: bool = False
    file_refs: tuple[FileRef, ...] = ()

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What tells two versions apart."""
        return (self.app_name, self.platform, self.version_num, self.plan_class)


@record(kw_only=True)
class Workunit:
    """A job: its inputs and its limits."""

    name: str = ""
    app_name: str = ""
    command_line: str = ""
    rsc_fpops_est: float = 0.0
    rsc_fpops_bound: float = 0.0
    rsc_memory_bound: float = 0.0
    rsc_disk_bound: float = 0.0
    file_refs: tuple[FileRef, ...] = ()


@record(kw_only=True)
class Assignment:
    """``<result>`` of a reply: this computer is to do ``wu_name`` by ``report_deadline``."""

    name: str = ""
    wu_name: str = ""
    report_deadline: float = 0.0
    platform: str = ""
    version_num: int = 0
    plan_class: str = ""
    report_immediately: bool = False
    file_refs: tuple[FileRef, ...] = ()


@record(kw_only=True)
class Message:
    """A sentence of the scheduler's; ``notice`` is for people, ``low`` for the log."""

    text: str = ""
    priority: str = "low"


@record(kw_only=True)
class TrickleDown:
    """A word from the project to a running task."""

    result_name: str = ""
    time: int = 0
    text: str = ""


@record(kw_only=True)
class GuiUrl:
    """A page of the project's that is worth a link."""

    name: str = ""
    description: str = ""
    url: str = ""


@record(kw_only=True)
class RssFeed:
    """A feed of notices; its address carries a key of the volunteer's."""

    url: str = field(default="", repr=False)
    poll_interval: float = 0.0


class Refusal(enum.Enum):
    """Why a scheduler's reply is no success."""

    KEY = "key"
    DOWN = "down"
    REQUEST = "request"


@record(kw_only=True)
class SchedulerReply:
    """One reply of the scheduler. ``hostid`` is 0 unless the server made or re-assigned the computer's record."""

    scheduler_version: int = 0
    master_url: str = ""
    ended: bool = False
    request_delay: float = 0.0
    next_rpc_delay: float = 0.0
    project_name: str = ""
    project_is_down: bool = False
    send_full_workload: bool = False
    messages: tuple[Message, ...] = ()
    userid: int = 0
    user_name: str = ""
    user_total_credit: float = 0.0
    user_expavg_credit: float = 0.0
    user_create_time: float = 0.0
    email_hash: str = ""
    cross_project_id: str = ""
    external_cpid: str = ""
    global_preferences: str = ""
    project_preferences: str = ""
    hostid: int = 0
    host_total_credit: float = 0.0
    host_expavg_credit: float = 0.0
    host_venue: str = ""
    host_create_time: float = 0.0
    teamid: int = 0
    team_name: str = ""
    result_acks: tuple[str, ...] = ()
    result_aborts: tuple[str, ...] = ()
    result_aborts_if_not_started: tuple[str, ...] = ()
    apps: tuple[App, ...] = ()
    file_infos: tuple[FileInfo, ...] = ()
    app_versions: tuple[AppVersion, ...] = ()
    workunits: tuple[Workunit, ...] = ()
    results: tuple[Assignment, ...] = ()
    delete_files: tuple[str, ...] = ()
    code_sign_key: str = ""
    code_sign_key_signature: str = ""
    message_ack: bool = False
    trickle_downs: tuple[TrickleDown, ...] = ()
    non_cpu_intensive: bool = False
    strict_memory_bound: bool = False
    verify_files_on_app_start: bool = False
    no_rsc_apps: tuple[str, ...] = ()
    gui_urls: tuple[GuiUrl, ...] = ()
    rss_feeds: tuple[RssFeed, ...] = ()

    @property
    def refusal(self) -> Refusal | None:
        """Whether the server did not serve us at all. There is no number for that: its texts are BOINC's fixed ones."""
        if self.project_is_down:
            return Refusal.DOWN
        texts = [message.text for message in self.messages]
        if any(text.startswith("Error in request message") for text in texts):
            return Refusal.REQUEST
        if not self.userid and any(text.startswith("Invalid or missing account key") for text in texts):
            return Refusal.KEY
        return None


@record(kw_only=True)
class UploadReply:
    """Reply of the upload handler: 0 done, 1 later, −1 never. ``None``: it said nothing that can be understood."""

    status: int | None = None
    message: str = ""
    file_size: int = 0


@record(kw_only=True)
class FeedItem:
    """One entry of an RSS feed; ``html`` is the sender's and must be cleaned before it is shown."""

    title: str = ""
    link: str = ""
    guid: str = ""
    html: str = ""
    time: float = 0.0


@record(kw_only=True)
class Feed:
    """An RSS feed."""

    title: str = ""
    items: tuple[FeedItem, ...] = ()


@record(kw_only=True)
class MasterPage:
    """What the project's front page tells programs."""

    scheduler_urls: tuple[str, ...] = ()


@record(kw_only=True)
class Decoded:
    """What a recorded reply is (by its root element), whether the request succeeded, and what it says."""

    kind: str
    ok: bool
    error_num: int | None = None
    error: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
