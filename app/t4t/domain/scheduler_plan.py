"""One request out of everything that we know: what is finished is reported, what is held is listed, and work is asked for only when it is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain.record import record
from t4t.domain.scheduler_request import DiskUsage, HeldTask, NetStats, SchedulerRequest, TimeStats, WorkRequest
from t4t.domain.work_fetch import FIRST

if TYPE_CHECKING:
    from t4t.domain.preferences import Merged
    from t4t.domain.project import AppVersion
    from t4t.domain.project_state import ProjectState
    from t4t.domain.scheduler_request import FinishedTask, HostInfo, StickyFile, TrickleUp


@record(kw_only=True)
class Holdings:
    """What this computer has of the project. ``tasks``: every task that is held, finished ones too; ``finished``: those with their results uploaded."""

    tasks: tuple[HeldTask, ...] = ()
    finished: tuple[FinishedTask, ...] = ()
    versions: tuple[AppVersion, ...] = ()
    trickles: tuple[TrickleUp, ...] = ()
    sticky: tuple[StickyFile, ...] = ()


def disk_usage(merged: Merged, host: HostInfo, *, used_total: float, used_project: float) -> DiskUsage:
    """Disk in use (bytes) and this project's share, which is all that the preferences allow."""
    share = merged.preferences.disk_share(total=host.d_total, free=host.d_free, used=used_total)
    return DiskUsage(d_boinc_used_total=used_total, d_boinc_used_project=used_project, d_project_share=share)


def plan_request(
    state: ProjectState,
    key: str,
    *,
    brand: str,
    host: HostInfo,
    platforms: tuple[str, ...],
    merged: Merged,
    work: WorkRequest,
    holdings: Holdings,
    disk: DiskUsage,
    times: TimeStats,
    net: NetStats,
    no_new_work: bool = False,
) -> SchedulerRequest:
    """The request for ``state``. Each task is in it once: reported, or else listed as held.

    A list that forgets a task makes the server send it again. The first contact asks for little; a project that has ended, or has nothing for
    processors, is asked for nothing.
    """
    reported = {task.name for task in holdings.finished}
    quiet = no_new_work or state.ended or state.no_cpu_apps
    wanted = WorkRequest(estimated_delay=work.estimated_delay) if quiet else work if state.hostid or not work.seconds else FIRST
    return SchedulerRequest(
        authenticator=key,
        hostid=state.hostid,
        rpc_seqno=state.rpc_seqno,
        client_brand=brand,
        dont_send_work=no_new_work,
        work=wanted,
        platforms=platforms,
        code_sign_key=state.code_sign_key,
        preferences=merged.preferences,
        preferences_mod_time=merged.mod_time,
        preferences_overridden="here" in merged.sources.values(),
        cross_project_id=state.cross_project_id,
        time_stats=times,
        net_stats=net,
        host_info=host,
        disk_usage=disk,
        finished=tuple({task.name: task for task in holdings.finished}.values()),
        trickles=holdings.trickles,
        sticky_files=holdings.sticky,
        app_versions=holdings.versions,
        held=tuple({task.name: task for task in holdings.tasks if task.name not in reported}.values()),
    )
