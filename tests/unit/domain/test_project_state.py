"""When the scheduler is contacted, and what each contact leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.project import Message, RssFeed, SchedulerReply
from t4t.domain.project_state import (
    REPORT_AT,
    Finished,
    Needs,
    ProjectState,
    Reason,
    about_to_ask,
    after_clock,
    after_failure,
    after_finished_task,
    after_page,
    after_reply,
    allowed_at,
    next_contact,
    page_wanted,
)

DAY, HOUR = 86400.0, 3600.0
NOW = 1.8e9
STATE = ProjectState(master_url="https://p.example/p/", hostid=7, rpc_seqno=4, host_cpid="c", scheduler_urls=("https://p.example/cgi",), seen=NOW)
TASK = Finished(since=NOW, deadline=NOW + 9 * DAY)


def replied(state: ProjectState = STATE, *, asked: Reason = Reason.WORK, wanted_work: bool = True, **fields: Any) -> ProjectState:
    reply = SchedulerReply(**{"userid": 1, "request_delay": 7.0} | fields)
    return after_reply(state, reply, NOW, asked=asked, wanted_work=wanted_work, chance=0.5, new_cpid="new")


@pytest.mark.parametrize(
    ("state", "needs", "reason"),
    [
        (STATE, Needs(), None),
        (replace(STATE, hostid=0), Needs(), Reason.FIRST),
        (replace(STATE, hostid=0, not_before=NOW + 1), Needs(), None),
        (replace(STATE, not_before=NOW + 1, failed_until=NOW + 9), Needs(user_asks=True), Reason.USER),
        (replace(STATE, failed_until=NOW + 9), Needs(work=True, trickles=True), None),
        (replace(STATE, contact_by=NOW), Needs(), Reason.DUE),
        (STATE, Needs(trickles=True, work=True), Reason.TRICKLE),
        (STATE, Needs(work=True), Reason.WORK),
        (replace(STATE, work_until=NOW + 1), Needs(work=True), None),
        (replace(STATE, no_cpu_apps=True), Needs(work=True), None),
        (replace(STATE, ended=True), Needs(work=True, trickles=True), None),
        (replace(STATE, ended=True), Needs(finished=(replace(TASK, since=NOW - HOUR),), work=True), Reason.REPORT),
        (replace(STATE, ended=True, hostid=0), Needs(finished=(TASK,)), None),
        (STATE, Needs(finished=(TASK,)), None),
        (STATE, Needs(finished=(replace(TASK, since=NOW - HOUR),)), Reason.REPORT),
        (STATE, Needs(finished=(replace(TASK, since=NOW - HOUR),), uploading=True), None),
        (STATE, Needs(finished=(replace(TASK, deadline=NOW + DAY),), uploading=True), Reason.REPORT),
        (STATE, Needs(finished=(replace(TASK, immediately=True),)), Reason.REPORT),
        (STATE, Needs(finished=(TASK,) * REPORT_AT), Reason.REPORT),
        (STATE, Needs(finished=(TASK,), stopping_soon=True), Reason.REPORT),
        (STATE, Needs(finished=(TASK,), no_more_work=True), Reason.REPORT),
    ],
)
def test_why_the_scheduler_is_contacted(state: ProjectState, needs: Needs, reason: Reason | None) -> None:
    assert next_contact(state, needs, NOW) is reason


NEEDS = st.builds(
    Needs,
    finished=st.lists(st.builds(Finished, since=st.floats(NOW - DAY, NOW), deadline=st.floats(NOW - DAY, NOW + 9 * DAY)), max_size=3).map(tuple),
    trickles=st.booleans(),
    work=st.booleans(),
    uploading=st.booleans(),
    stopping_soon=st.booleans(),
)


@given(
    st.builds(SchedulerReply, request_delay=st.floats(0, 1e7), project_is_down=st.booleans(), next_rpc_delay=st.floats(0, 1e6)),
    NEEDS,
    st.floats(0, 5 * DAY),
    st.floats(0, 1),
)
def test_no_contact_before_the_project_allows_it(reply: SchedulerReply, needs: Needs, later: float, chance: float) -> None:
    state = after_reply(STATE, reply, NOW, asked=Reason.WORK, wanted_work=True, chance=chance, new_cpid="n")
    if NOW + later < NOW + min(reply.request_delay, 2 * DAY):  # as far as a float can tell
        assert next_contact(state, needs, NOW + later) is None
    assert allowed_at(state) <= NOW + 2 * DAY  # and no reply silences us for longer


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_failures_are_followed_by_growing_pauses(chances: list[float]) -> None:
    state, now = STATE, NOW
    for number, chance in enumerate(chances, start=1):
        state = after_failure(state, now, chance)
        pause = state.failed_until - now
        assert state.failures == number
        assert min(4 * HOUR, 60 * 2.0 ** min(number, 10)) / 2 - 1e-3 <= pause <= 4 * HOUR
        assert next_contact(state, Needs(work=True, trickles=True, finished=(TASK,)), now + pause - 1) is None
        now += pause
    assert replied(state).failures == 0
    assert replied(state).failed_until == 0.0


def test_numbers_of_requests() -> None:
    assert about_to_ask(STATE, NOW).rpc_seqno == 5
    assert about_to_ask(replace(STATE, hostid=0), NOW).rpc_seqno == 0


def test_a_new_computer_and_a_copied_one() -> None:
    new = replied(replace(STATE, hostid=0, rpc_seqno=0), hostid=12)
    assert (new.hostid, new.rpc_seqno, new.host_cpid) == (12, 0, "c")
    same = replied(hostid=7)
    assert (same.hostid, same.rpc_seqno, same.host_cpid) == (7, 0, "c")
    copied = replied(hostid=8)
    assert (copied.hostid, copied.rpc_seqno, copied.host_cpid) == (8, 0, "new")
    assert replied().rpc_seqno == 4


def test_a_project_that_is_down_counts_as_a_failure() -> None:
    state = replied(project_is_down=True, request_delay=3600.0, userid=0)
    assert (state.failures, state.not_before) == (1, NOW + 3600)
    broken = replied(messages=(Message(text="Error in request message: no end tag"),), userid=0)
    assert broken.failures == 1


def test_a_refused_key_changes_nothing_but_the_delay() -> None:
    state = replied(messages=(Message(text="Invalid or missing account key."),), userid=0, request_delay=3600.0, hostid=99, user_name="x")
    assert state == replace(STATE, not_before=NOW + 3600)


def test_the_account_is_kept_up_to_date() -> None:
    state = replied(
        user_name="Zoë",
        user_total_credit=5.0,
        host_venue="home",
        team_name="T",
        cross_project_id="x",
        project_name="P",
        rss_feeds=(RssFeed(url="https://p/feed?auth=secret"),),
        global_preferences="<global_preferences><mod_time>5</mod_time></global_preferences>",
        project_preferences="<project_preferences/>",
        no_rsc_apps=("CPU",),
        send_full_workload=True,
        next_rpc_delay=DAY,
        ended=True,
    )
    assert (state.user_name, state.user_total_credit, state.host_venue, state.cross_project_id) == ("Zoë", 5.0, "home", "x")
    assert (state.no_cpu_apps, state.full_workload_wanted, state.contact_by, state.ended) == (True, True, NOW + DAY, True)
    assert "secret" not in repr(state)
    older = replied(state, global_preferences="<global_preferences><mod_time>4</mod_time></global_preferences>", user_total_credit=6.0)
    assert older.global_preferences == state.global_preferences
    assert (older.user_total_credit, older.user_name, older.rss_urls, older.ended, older.team_name) == (6.0, "Zoë", state.rss_urls, True, "")
    bare = replied(state, userid=0)  # "don't send jobs" tells nothing of the account
    assert (bare.user_total_credit, bare.host_venue, bare.team_name) == (5.0, "home", "T")


@pytest.mark.parametrize(
    ("old", "new", "kept", "moved"),
    [
        ("https://p/", "", "https://p/", ""),
        ("https://p/", "https://p/", "https://p/", ""),
        ("http://p/", "https://p/", "https://p/", ""),
        ("https://p/", "http://p/", "https://p/", ""),
        ("https://p/", "https://q/", "https://p/", "https://q/"),
    ],
)
def test_addresses_of_the_project(old: str, new: str, kept: str, moved: str) -> None:
    state = replied(replace(STATE, master_url=old), master_url=new)
    assert (state.master_url, state.moved_to) == (kept, moved)


def test_a_reply_without_work() -> None:
    first = replied()
    assert (first.work_interval, first.work_until) == (600.0, NOW + 600)
    second = replied(first)
    assert (second.work_interval, second.work_until) == (1200.0, NOW + 1200)
    assert replied(first, wanted_work=False).work_interval == 600.0
    assert replied(first, asked=Reason.USER).work_until == 0.0
    assert after_finished_task(first).work_until == 0.0


def test_pages() -> None:
    empty = replace(STATE, scheduler_urls=())
    assert page_wanted(empty, NOW)
    assert not page_wanted(STATE, NOW)
    assert page_wanted(replace(STATE, failures=10), NOW)
    assert not page_wanted(replace(STATE, failures=11), NOW)
    state = empty
    for pause in (120.0, 240.0, 480.0, DAY):
        state = after_page(state, (), NOW, 1.0)
        assert state.master_until == NOW + pause
        assert not page_wanted(state, NOW)
    found = after_page(state, ("https://q/",), NOW, 1.0)
    assert (found.scheduler_urls, found.master_failures, found.master_until) == (("https://q/",), 0, 0.0)
    assert after_page(replace(STATE, failures=10), STATE.scheduler_urls, NOW, 1.0).failures == 10
    assert after_page(replace(STATE, failures=10), ("https://q/",), NOW, 1.0).failures == 0


def test_a_clock_that_was_set_back() -> None:
    late = replace(STATE, not_before=NOW + 5, work_until=NOW + 5, contact_by=NOW + 5)
    assert after_clock(late, NOW - 59) is late
    back = after_clock(late, NOW - DAY)
    assert (back.not_before, back.work_until, back.contact_by, back.seen) == (0.0, 0.0, 0.0, NOW - DAY)


def test_a_request_without_its_reply_keeps_the_quiet_that_the_project_wants_each_time() -> None:
    """Killed in between, the next start must not come too early: the server has counted the contact."""
    heard = replied(request_delay=7.0)
    asked = about_to_ask(heard, NOW + 100)
    assert allowed_at(asked) >= NOW + 107
    assert allowed_at(replied(asked, request_delay=7.0)) <= NOW + 107
    assert allowed_at(about_to_ask(STATE, NOW)) == allowed_at(STATE), "nothing is known of a project that never answered"
