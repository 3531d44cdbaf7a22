"""What a request says: platforms, times, tasks, work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.platforms import platforms
from t4t.domain.preferences import AccountPreferences, LocalChange, Preferences, merge
from t4t.domain.project_state import ProjectState
from t4t.domain.scheduler_plan import Holdings, disk_usage, plan_request
from t4t.domain.scheduler_request import DiskUsage, FinishedTask, HeldTask, HostInfo, NetStats, SchedulerRequest, TimeStats, WorkRequest
from t4t.domain.time_stats import Tally, started, ticked

VERSION = ("Theory", "p", 1, "vbox64_theory")
STATE = ProjectState(master_url="https://p/", hostid=7, rpc_seqno=3, cross_project_id="x", code_sign_key="k")
MERGED = merge(AccountPreferences(), {})
WORK = WorkRequest(seconds=5000.0, instances=2.0, estimated_delay=9.0)
DAY = 86400.0


def plan(state: ProjectState = STATE, **more: Any) -> SchedulerRequest:
    fields: dict[str, Any] = {
        "brand": "t4t",
        "host": HostInfo(),
        "platforms": ("p",),
        "merged": MERGED,
        "work": WORK,
        "holdings": Holdings(),
        "disk": DiskUsage(),
        "times": TimeStats(),
        "net": NetStats(),
    }
    return plan_request(state, "key", **fields | more)


@pytest.mark.parametrize(
    ("system", "architecture", "emulates", "names"),
    [
        ("win32", "x86_64", False, ("windows_x86_64", "windows_intelx86")),
        ("win32", "arm64", True, ("windows_arm64", "windows_x86_64", "windows_intelx86")),
        ("win32", "arm64", False, ("windows_arm64",)),
        ("darwin", "x86_64", False, ("x86_64-apple-darwin",)),
        ("darwin", "arm64", True, ("arm64-apple-darwin", "x86_64-apple-darwin")),
        ("darwin", "arm64", False, ("arm64-apple-darwin",)),
        ("linux", "x86_64", False, ("x86_64-pc-linux-gnu",)),
        ("linux", "arm64", False, ("aarch64-unknown-linux-gnu",)),
        ("linux", "riscv64", False, ("riscv64-unknown-linux-gnu",)),
    ],
)
def test_platforms(system: str, architecture: str, names: tuple[str, ...], *, emulates: bool) -> None:
    assert platforms(system, architecture, emulates=emulates) == names


NAMES = st.lists(st.sampled_from("abcdefgh"), max_size=12)


@given(NAMES, NAMES)
def test_each_task_is_reported_or_listed_and_never_both(held: list[str], finished: list[str]) -> None:
    holdings = Holdings(tasks=tuple(HeldTask(name=name, version=VERSION) for name in held), finished=tuple(FinishedTask(name=name) for name in finished))
    request = plan(holdings=holdings)
    reported, listed = [task.name for task in request.finished], [task.name for task in request.held]
    assert sorted(reported + listed) == sorted(set(held) | set(finished))


def test_what_is_asked_for() -> None:
    assert plan().work == WORK
    assert plan(replace(STATE, hostid=0)).work == WorkRequest(seconds=1.0)
    assert plan(replace(STATE, hostid=0), work=WorkRequest()).work == WorkRequest()
    for quiet in (plan(replace(STATE, ended=True)), plan(replace(STATE, no_cpu_apps=True)), plan(no_new_work=True)):
        assert quiet.work == WorkRequest(estimated_delay=9.0)
    assert plan(no_new_work=True).dont_send_work
    assert "key" not in repr(plan()).replace("code_sign_key", "")


def test_preferences_that_were_changed_here_are_marked() -> None:
    assert not plan().preferences_overridden
    changed = merge(AccountPreferences(), {"max_ncpus_pct": LocalChange(value=50.0, time=9.0)})
    assert (plan(merged=changed).preferences_overridden, plan(merged=changed).preferences_mod_time) == (True, 9.0)


def test_the_disk_share() -> None:
    merged = replace(MERGED, preferences=Preferences(disk_max_used_gb=1.0, disk_min_free_gb=0.0))
    usage = disk_usage(merged, HostInfo(d_total=1e12, d_free=5e11), used_total=7.0, used_project=3.0)
    assert usage == DiskUsage(d_boinc_used_total=7.0, d_boinc_used_project=3.0, d_project_share=1024.0**3)


def test_a_new_computer_is_taken_for_always_on() -> None:
    tally = started(Tally(), 1000.0)
    assert (tally.stats.client_start_time, tally.stats.total_start_time, tally.stats.on_frac) == (1000.0, 1000.0, 1.0)
    tally = ticked(tally, 1060.0, computing=False)
    assert (tally.stats.on_frac, tally.stats.active_frac, tally.stats.total_duration, tally.stats.total_active_duration) == (1.0, 1.0, 60.0, 0.0)
    assert ticked(tally, 900.0, computing=True).stats.total_duration == 60.0


def test_measured_days() -> None:
    tally, now = started(Tally(), 1.0), 1.0
    for hour in range(24 * 60):  # on for 12 hours a day, computing for 6, for 60 days
        if hour % 24 == 0 and hour:
            tally = started(tally, now)
            assert tally.stats.previous_uptime == pytest.approx(12 * 3600.0, abs=3601)
        for _ in range(60):
            now += 60.0
            if hour % 24 < 12:
                tally = ticked(tally, now, computing=hour % 2 == 0)
    tally = ticked(tally, now, computing=True)  # after a gap
    assert tally.stats.on_frac == pytest.approx(0.5, abs=0.05)
    assert tally.stats.active_frac == pytest.approx(0.5, abs=0.05)
    assert tally.stats.total_active_duration == pytest.approx(60 * 6 * 3600, rel=0.01)
    assert tally.stats.now == now


@given(st.lists(st.tuples(st.floats(-1e4, 1e6), st.booleans(), st.booleans()), max_size=40))
def test_fractions_stay_fractions(steps: list[tuple[float, bool, bool]]) -> None:
    tally, now = Tally(), 1e9
    for gap, computing, start in steps:
        now += gap
        tally = started(tally, now) if start else ticked(tally, now, computing=computing)
        assert 0.0 <= tally.stats.on_frac <= 1.0
        assert 0.0 <= tally.stats.active_frac <= 1.0
        assert tally.stats.total_active_duration <= tally.stats.total_duration
        assert tally.stats.previous_uptime >= 0
