"""What a client tells the scheduler, as values; names are those of the wire. Seconds, bytes, Unix times."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.preferences import Preferences
    from t4t.domain.project import AppVersion

CLIENT_VERSION: Final = (8, 2, 4)
"""The BOINC release whose protocol we speak: servers compare it with their minimum."""

COMPUTE_ERROR: Final = 3
UPLOADED: Final = 5
ABORTED: Final = 6
UPLOAD_FAILED: Final = 7
EXIT_ABORTED_BY_PROJECT: Final = 202
EXIT_ABORTED_BY_USER: Final = 203


@record(kw_only=True)
class HostInfo:
    """This computer. There is no field for its name or address: the server does not need them."""

    timezone: int = 0
    host_cpid: str = ""
    p_ncpus: int = 1
    p_vendor: str = ""
    p_model: str = ""
    p_features: str = ""
    p_fpops: float = 1e9
    p_iops: float = 1e9
    p_membw: float = 1e9
    p_calculated: float = 0.0
    p_vm_extensions_disabled: bool = False
    m_nbytes: float = 0.0
    m_cache: float = 0.0
    m_swap: float = 0.0
    d_total: float = 0.0
    d_free: float = 0.0
    os_name: str = ""
    os_version: str = ""
    n_usable_coprocs: int = 0
    virtualbox_version: str = ""
    """As ``VBoxManage --version`` prints it; empty where there is none: never one that isn't there."""


@record(kw_only=True)
class TimeStats:
    """How much of the time this computer computes; fractions from 0 to 1."""

    on_frac: float = 1.0
    connected_frac: float = -1.0
    cpu_and_network_available_frac: float = 1.0
    active_frac: float = 1.0
    client_start_time: float = 0.0
    total_start_time: float = 0.0
    total_duration: float = 0.0
    total_active_duration: float = 0.0
    now: float = 0.0
    previous_uptime: float = 0.0
    session_active_duration: float = 0.0


@record(kw_only=True)
class NetStats:
    """Measured rates in bytes/s and the averages that they come from."""

    bwup: float = 0.0
    avg_up: float = 0.0
    avg_time_up: float = 0.0
    bwdown: float = 0.0
    avg_down: float = 0.0
    avg_time_down: float = 0.0


@record(kw_only=True)
class DiskUsage:
    """Disk in use, and how much this project may reach."""

    d_boinc_used_total: float = 0.0
    d_boinc_used_project: float = 0.0
    d_project_share: float = 0.0


@record(kw_only=True)
class UploadedFile:
    """An output that has reached the server; the validator finds it by this."""

    name: str
    nbytes: int
    max_nbytes: int
    md5_cksum: str
    upload_url: str


@record(kw_only=True)
class FinishedTask:
    """A task to report. ``state``: 5 success, 3 failed, 6 aborted, 7 not uploaded."""

    name: str
    state: int = UPLOADED
    exit_status: int = 0
    final_cpu_time: float = 0.0
    final_elapsed_time: float = 0.0
    platform: str = ""
    version_num: int = 0
    plan_class: str = ""
    final_peak_working_set_size: int = 0
    final_peak_swap_size: int = 0
    final_peak_disk_usage: int = 0
    stderr: str = ""
    files: tuple[UploadedFile, ...] = ()


@record(kw_only=True)
class HeldTask:
    """A task that is held and not reported in this request; ``version`` is its application version's key."""

    name: str
    version: tuple[str, str, int, str]


@record(kw_only=True)
class TrickleUp:
    """A word from a running task to the project."""

    result_name: str
    time: int
    variety: str
    text: str


@record(kw_only=True)
class StickyFile:
    """A file that is kept between tasks."""

    name: str
    nbytes: int
    status: int = 1


@record(kw_only=True)
class WorkRequest:
    """How much work is wanted: seconds of processor time for all cores together, cores that are idle, seconds until the rest runs dry."""

    seconds: float = 0.0
    instances: float = 0.0
    estimated_delay: float = 0.0


@record(kw_only=True)
class SchedulerRequest:
    """One request."""

    authenticator: str = field(repr=False)
    hostid: int = 0
    rpc_seqno: int = 0
    client_brand: str = ""
    dont_send_work: bool = False
    work: WorkRequest = WorkRequest()
    platforms: tuple[str, ...]
    code_sign_key: str = ""
    preferences: Preferences
    preferences_mod_time: float = 0.0
    preferences_overridden: bool = False
    cross_project_id: str = ""
    time_stats: TimeStats = TimeStats()
    net_stats: NetStats = NetStats()
    host_info: HostInfo
    disk_usage: DiskUsage = DiskUsage()
    finished: tuple[FinishedTask, ...] = ()
    trickles: tuple[TrickleUp, ...] = ()
    sticky_files: tuple[StickyFile, ...] = ()
    app_versions: tuple[AppVersion, ...] = ()
    held: tuple[HeldTask, ...] = ()
