"""What must survive between contacts with a project's scheduler, and how each contact changes it; pure, so that days pass in milliseconds in tests.

Times are Unix times. The account's key is not here.
"""

from __future__ import annotations

import enum
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from t4t.domain import backoff
from t4t.domain.preferences import read_account_preferences
from t4t.domain.project import Refusal
from t4t.domain.record import record

if TYPE_CHECKING:
    from t4t.domain.project import SchedulerReply

_LONGEST_DELAY: Final = 2 * backoff.DAY
_JUMP: Final = 60.0
_ON_ITS_WAY: Final = 60.0
"""How long after its sending a request may still be counted by the server, in seconds."""
REPORT_AFTER: Final = backoff.HOUR
REPORT_BEFORE_DEADLINE: Final = backoff.DAY
REPORT_AT: Final = 64


@record(kw_only=True)
class ProjectState:
    """One attached project."""

    master_url: str
    project_name: str = ""
    web_rpc_url_base: str = ""
    scheduler_urls: tuple[str, ...] = ()
    host_cpid: str = ""
    """Random, made once for this installation: never derived from anything of the computer's."""
    hostid: int = 0
    rpc_seqno: int = 0
    userid: int = 0
    user_name: str = ""
    team_name: str = ""
    cross_project_id: str = ""
    external_cpid: str = ""
    user_total_credit: float = 0.0
    user_expavg_credit: float = 0.0
    host_total_credit: float = 0.0
    host_expavg_credit: float = 0.0
    host_venue: str = ""
    global_preferences: str = ""
    project_preferences: str = ""
    code_sign_key: str = ""
    rss_urls: tuple[str, ...] = ()
    ended: bool = False
    moved_to: str = ""
    full_workload_wanted: bool = False
    no_cpu_apps: bool = False
    seen: float = 0.0
    """The latest time at which this was changed."""
    not_before: float = 0.0
    """The project asked for quiet until then."""
    request_delay: float = 0.0
    """The quiet that it asked for last, in seconds."""
    contact_by: float = 0.0
    """The project wants to hear of us by then; 0: whenever."""
    failures: int = 0
    failed_until: float = 0.0
    master_failures: int = 0
    master_until: float = 0.0
    work_interval: float = 0.0
    work_until: float = 0.0

    def __repr__(self) -> str:
        """Without feeds, whose addresses hold keys, and the long rest."""
        return f"ProjectState({self.master_url!r}, hostid={self.hostid}, rpc_seqno={self.rpc_seqno}, failures={self.failures})"


class Reason(enum.Enum):
    """Why the scheduler is contacted; the order is that of importance."""

    USER = "user"
    FIRST = "first"
    DUE = "due"
    TRICKLE = "trickle"
    REPORT = "report"
    WORK = "work"


@record(kw_only=True)
class Finished:
    """A task that waits to be reported."""

    since: float
    deadline: float
    immediately: bool = False


@record(kw_only=True)
class Needs:
    """What we want of the scheduler now."""

    finished: tuple[Finished, ...] = ()
    trickles: bool = False
    work: bool = False
    uploading: bool = False
    """An upload to the project runs, not for long yet: what it brings can be reported at once."""
    user_asks: bool = False
    stopping_soon: bool = False
    """Computing or the network is about to pause."""
    no_more_work: bool = False
    """The volunteer wants nothing new: what is finished need not wait for company."""


def allowed_at(state: ProjectState) -> float:
    """The earliest time for a contact that nobody asked for."""
    return max(state.not_before, state.failed_until)


def next_contact(state: ProjectState, needs: Needs, now: float) -> Reason | None:
    """Why to contact the scheduler now, or None. Only the volunteer's own wish breaks the project's."""
    if needs.user_asks:
        return Reason.USER
    if now < allowed_at(state) or (state.ended and not needs.finished):
        return None
    if not state.hostid and not state.ended:
        return Reason.FIRST
    if state.contact_by and now >= state.contact_by:
        return Reason.DUE
    if needs.trickles:
        return Reason.TRICKLE
    if _worth_a_report(needs, now):
        return Reason.REPORT
    if needs.work and not state.ended and not state.no_cpu_apps and now >= state.work_until:
        return Reason.WORK
    return None


def _worth_a_report(needs: Needs, now: float) -> bool:
    if not needs.finished:
        return False
    if any(now >= task.deadline - REPORT_BEFORE_DEADLINE for task in needs.finished):
        return True
    if needs.uploading:
        return False
    waited = any(task.immediately or now >= task.since + REPORT_AFTER for task in needs.finished)
    return waited or len(needs.finished) >= REPORT_AT or needs.stopping_soon or needs.no_more_work


def about_to_ask(state: ProjectState, now: float) -> ProjectState:
    """Before a request leaves (and before it is sent this is written down): the number that it carries. A new computer's is 0.

    If we die before its reply, the server has counted it all the same: the next start keeps the quiet that the project asks for each time.
    """
    quiet = now + state.request_delay + _ON_ITS_WAY if state.request_delay else state.not_before
    return replace(state, rpc_seqno=state.rpc_seqno + 1 if state.hostid else 0, not_before=max(state.not_before, quiet), seen=now)


def after_failure(state: ProjectState, now: float, chance: float) -> ProjectState:
    """No reply, an unreadable one, or a project that is down."""
    failures = state.failures + 1
    return replace(state, failures=failures, failed_until=now + backoff.SCHEDULER.seconds(failures, chance), seen=now)


def page_wanted(state: ProjectState, now: float) -> bool:
    """Whether the project's page must be read (again) before the scheduler is asked."""
    worn = state.failures > 0 and state.failures % backoff.MASTER_FAILURES == 0
    return (not state.scheduler_urls or worn) and now >= state.master_until


def after_page(state: ProjectState, urls: tuple[str, ...], now: float, chance: float) -> ProjectState:
    """The project's page was read; without a scheduler on it that is a failure, as no page is."""
    if urls:
        return replace(
            state, scheduler_urls=urls, master_failures=0, master_until=0.0, failures=0 if state.scheduler_urls != urls else state.failures, seen=now
        )
    failures = state.master_failures + 1
    pause = backoff.DAY if failures > backoff.MASTER_TRIES else backoff.SCHEDULER.seconds(failures, chance)
    return replace(state, master_failures=failures, master_until=now + pause, seen=now)


def after_reply(state: ProjectState, reply: SchedulerReply, now: float, *, asked: Reason, wanted_work: bool, chance: float, new_cpid: str) -> ProjectState:
    """A whole reply. ``new_cpid`` is used only if the server took this computer for a copy of another."""
    delay = min(_LONGEST_DELAY, max(0.0, reply.request_delay))
    if reply.refusal in {Refusal.DOWN, Refusal.REQUEST}:
        return replace(after_failure(state, now, chance), not_before=now + delay)
    state = replace(
        state,
        failures=0,
        failed_until=0.0,
        not_before=now + delay,
        contact_by=now + max(delay, reply.next_rpc_delay) if reply.next_rpc_delay > 0 else 0.0,
        seen=now,
        full_workload_wanted=reply.send_full_workload,
        ended=state.ended or reply.ended,
    )
    if reply.refusal is Refusal.KEY:
        return state
    state = replace(_with_host(_with_account(state, reply, now), reply, new_cpid), request_delay=min(backoff.HOUR, delay))
    return _with_work(_with_address(state, reply), reply, now, asked=asked, wanted_work=wanted_work, chance=chance)


def _with_account(state: ProjectState, reply: SchedulerReply, now: float) -> ProjectState:
    newer = read_account_preferences(reply.global_preferences, now=now).mod_time > read_account_preferences(state.global_preferences, now=now).mod_time
    same = {name: getattr(reply, name) or getattr(state, name) for name in ("project_name", "userid", "user_name", "cross_project_id", "external_cpid")}
    known = reply.userid > 0
    return replace(
        state,
        **same,
        global_preferences=reply.global_preferences if newer else state.global_preferences,
        project_preferences=reply.project_preferences or state.project_preferences,
        team_name=reply.team_name if known else state.team_name,
        host_venue=reply.host_venue if known else state.host_venue,
        user_total_credit=reply.user_total_credit if known else state.user_total_credit,
        user_expavg_credit=reply.user_expavg_credit if known else state.user_expavg_credit,
        host_total_credit=reply.host_total_credit if known else state.host_total_credit,
        host_expavg_credit=reply.host_expavg_credit if known else state.host_expavg_credit,
        rss_urls=tuple(feed.url for feed in reply.rss_feeds) or state.rss_urls,
        no_cpu_apps="CPU" in reply.no_rsc_apps,
    )


def _with_host(state: ProjectState, reply: SchedulerReply, new_cpid: str) -> ProjectState:
    """The server sends an id only when it made or re-assigned the computer's record; requests are counted anew then."""
    if not reply.hostid:
        return state
    copied = state.hostid not in {0, reply.hostid}
    return replace(state, hostid=reply.hostid, rpc_seqno=0, host_cpid=new_cpid if copied else state.host_cpid)


def _with_address(state: ProjectState, reply: SchedulerReply) -> ProjectState:
    """From http to https the project is followed, never back; any other address means that it moved, which is the volunteer's to know."""
    new, old = reply.master_url, state.master_url
    if not new or new == old or f"https{new.removeprefix('http')}" == old:
        return state
    if new == f"https{old.removeprefix('http')}":
        return replace(state, master_url=new)
    return replace(state, moved_to=new)


def _with_work(state: ProjectState, reply: SchedulerReply, now: float, *, asked: Reason, wanted_work: bool, chance: float) -> ProjectState:
    if reply.results or asked is Reason.USER:
        return replace(state, work_interval=0.0, work_until=0.0)
    if not wanted_work:
        return state
    interval = backoff.work_interval(state.work_interval)
    return replace(state, work_interval=interval, work_until=now + backoff.work_pause(interval, chance))


def after_wish(state: ProjectState) -> ProjectState:
    """The volunteer wants a contact now: the project's page is not waited for either."""
    return replace(state, master_until=0.0)


def after_finished_task(state: ProjectState) -> ProjectState:
    """A task ended: its report may bring another one."""
    return replace(state, work_interval=0.0, work_until=0.0)


def after_clock(state: ProjectState, now: float) -> ProjectState:
    """A clock that was set back must not silence us for years: stored times are forgotten then."""
    if now >= state.seen - _JUMP:
        return state
    return replace(state, not_before=0.0, contact_by=0.0, failed_until=0.0, master_until=0.0, work_until=0.0, seen=now)
