"""Back-off and work requests: busy cores, no hoard, no storm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain import backoff
from t4t.domain.preferences import Preferences
from t4t.domain.scheduler_request import WorkRequest
from t4t.domain.work_fetch import FIRST, QueuedTask, lanes, work_wanted

DAY = 86400.0
CHANCE = st.floats(0, 1)
QUEUE = st.lists(st.builds(QueuedTask, remaining=st.floats(0, 20 * DAY), cores=st.floats(0.5, 8)), max_size=20)
BUFFERS = st.builds(Preferences, work_buf_min_days=st.floats(0.01, 10), work_buf_additional_days=st.floats(0, 10))


@given(st.integers(0, 1000), CHANCE)
def test_back_off_stays_within_its_limits(failures: int, chance: float) -> None:
    for rule in (backoff.SCHEDULER, backoff.TRANSFER):
        assert min(rule.most, rule.least) / 2 <= rule.seconds(failures, chance) <= rule.most
        assert rule.seconds(failures + 1, chance) >= rule.seconds(failures, chance)


def test_back_off_as_boinc_has_it() -> None:
    assert backoff.SCHEDULER.seconds(1, 1.0) == 120.0
    assert backoff.SCHEDULER.seconds(3, 0.0) == 240.0
    assert backoff.SCHEDULER.seconds(10, 1.0) == 4 * 3600.0
    assert backoff.TRANSFER.seconds(0, 1.0) == 120.0
    assert backoff.TRANSFER.seconds(30, 1.0) == 6 * 3600.0


@given(st.integers(1, 40), CHANCE)
def test_work_is_asked_for_ever_more_seldom(times: int, chance: float) -> None:
    interval = 0.0
    for _ in range(times):
        before, interval = interval, backoff.work_interval(interval)
        assert max(600.0, before) <= interval <= DAY
    assert interval == min(DAY, 600.0 * 2 ** (times - 1))
    assert interval / 2 <= backoff.work_pause(interval, chance) <= 1.5 * interval


def test_lanes() -> None:
    assert lanes(2, []) == [0.0, 0.0]
    assert lanes(2, [QueuedTask(remaining=10), QueuedTask(remaining=7), QueuedTask(remaining=5)]) == [10.0, 12.0]
    assert lanes(2, [QueuedTask(remaining=10, cores=2), QueuedTask(remaining=3)]) == [10.0, 13.0]
    assert lanes(1, [QueuedTask(remaining=10, cores=8), QueuedTask(remaining=-3)]) == [10.0]


@given(BUFFERS, st.integers(1, 64), QUEUE)
def test_cores_stay_busy_without_a_hoard(preferences: Preferences, cores: int, queue: list[QueuedTask]) -> None:
    wanted = work_wanted(preferences, cores, queue, uploading=False, paused=False)
    ahead = lanes(cores, queue)
    most = (preferences.work_buf_min_days + preferences.work_buf_additional_days) * DAY
    assert 0 <= wanted.seconds <= max(1.0, cores * most + 1e-3)
    assert wanted.instances == sum(1 for lane in ahead if lane == 0)
    if 0.0 in ahead:
        assert wanted.seconds > 0  # an idle core always asks
    if ahead[0] >= preferences.work_buf_min_days * DAY:
        assert wanted.seconds == 0  # enough for now: what was promised fills the buffer first
    assert wanted.seconds <= max(1.0, sum(max(0.0, most - lane) for lane in ahead) + 1e-3)
    assert wanted.estimated_delay == ahead[0]


@given(BUFFERS, st.integers(1, 16), QUEUE, st.floats(6 * 3600, 3 * DAY))
def test_what_comes_ends_the_asking(preferences: Preferences, cores: int, queue: list[QueuedTask], length: float) -> None:
    """Whatever the queue and the tasks' length: when tasks for the seconds asked for arrive, the asking ends, with little more than was wanted."""
    rounds = 0
    while (wanted := work_wanted(preferences, cores, queue, uploading=False, paused=False)).seconds > 0:
        rounds += 1
        assert rounds < 60
        count = max(1, int(wanted.instances), int(wanted.seconds // length))
        queue = [*queue, *(QueuedTask(remaining=max(length, wanted.seconds / count)) for _ in range(count))]
    assert min(lanes(cores, queue)) >= preferences.work_buf_min_days * DAY


@pytest.mark.parametrize(("uploading", "paused"), [(True, False), (False, True)])
def test_nothing_is_asked_for_while_results_leave_or_nothing_runs(*, uploading: bool, paused: bool) -> None:
    assert work_wanted(Preferences(), 4, [], uploading=uploading, paused=paused) == WorkRequest()


def test_the_first_contact_asks_for_one_task() -> None:
    assert WorkRequest(seconds=1.0) == FIRST
