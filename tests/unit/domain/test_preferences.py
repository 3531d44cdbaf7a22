"""Computing preferences: whose value is in force, and what it means."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.preferences import GB, KINDS, AccountPreferences, LocalChange, Preferences, checked, merge, read_account_preferences

XML = """<global_preferences><mod_time>1000</mod_time><run_on_batteries>0</run_on_batteries><max_ncpus_pct>50</max_ncpus_pct><leave_apps_in_memory/>
<venue name="home"><max_ncpus_pct>100</max_ncpus_pct></venue><venue name="work"/><venue><x/></venue></global_preferences>"""


def test_the_general_part_and_venues() -> None:
    general = read_account_preferences(XML)
    assert general == AccountPreferences(
        mod_time=1000.0, fields={"run_on_batteries": False, "max_ncpus_pct": 50.0, "leave_apps_in_memory": True}, venues=("home", "work")
    )
    assert read_account_preferences(XML, "home").fields == {"max_ncpus_pct": 100.0}
    assert read_account_preferences(XML, "work").fields == {}
    assert read_account_preferences(XML, "school").fields == general.fields
    assert read_account_preferences(XML, now=500.0).mod_time == 500.0
    assert read_account_preferences("") == AccountPreferences()
    assert read_account_preferences("<max_cpus>1</max_cpus><disk_interval>30</disk_interval>").fields == {"disk_interval": 30.0}
    assert read_account_preferences("<mod_time>x</mod_time>").mod_time == 0.0
    assert read_account_preferences("<x>" * 100) == AccountPreferences()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("cpu_usage_limit", "0", None),
        ("cpu_usage_limit", "101", None),
        ("cpu_usage_limit", "70", 70.0),
        ("start_hour", "24.5", None),
        ("start_hour", "23.5", 23.5),
        ("work_buf_min_days", "11", None),
        ("max_bytes_sec_up", "-1", None),
        ("max_bytes_sec_up", "nan", None),
        ("max_bytes_sec_up", "x", None),
        ("daily_xfer_period_days", "30.0", 30),
        ("run_if_user_active", "1", True),
        ("nothing", "1", None),
    ],
)
def test_values_that_can_not_be_right_are_ignored(name: str, text: str, value: object) -> None:
    assert checked(name, text) == value


def test_the_last_change_of_each_field_wins() -> None:
    account = AccountPreferences(mod_time=1000.0, fields={"max_ncpus_pct": 50.0, "cpu_usage_limit": 80.0})
    local = {
        "max_ncpus_pct": LocalChange(value=25.0, time=999.0),
        "cpu_usage_limit": LocalChange(value=60.0, time=1000.0),
        "disk_interval": LocalChange(value=30.0, time=5.0),
        "unknown": LocalChange(value=1.0, time=9e9),
    }
    merged = merge(account, local)
    assert (merged.preferences.max_ncpus_pct, merged.preferences.cpu_usage_limit, merged.preferences.disk_interval) == (50.0, 60.0, 30.0)
    assert merged.sources == {"max_ncpus_pct": "account", "cpu_usage_limit": "here", "disk_interval": "here"}
    assert merged.mod_time == 1000.0
    assert merge(AccountPreferences(), {}).preferences == Preferences()


CHANGES = st.dictionaries(st.sampled_from(sorted(KINDS)), st.builds(LocalChange, value=st.floats(0, 100), time=st.floats(0, 2000)))


@given(CHANGES, st.dictionaries(st.sampled_from(sorted(KINDS)), st.floats(0, 100)), st.floats(0, 2000))
def test_no_field_comes_from_the_older_side(local: dict[str, LocalChange], fields: dict[str, Any], mod_time: float) -> None:
    merged = merge(AccountPreferences(mod_time=mod_time, fields=fields), local)
    for name in KINDS:
        value = getattr(merged.preferences, name)
        if name in local and (name not in fields or local[name].time >= mod_time):
            assert value == local[name].value
        elif name in fields:
            assert value == fields[name]
        else:
            assert value == getattr(Preferences(), name)


@given(st.floats(0, 100), st.integers(1, 1024))
def test_at_least_one_core_and_never_more_than_there_are(percent: float, cores: int) -> None:
    used = Preferences(max_ncpus_pct=percent).cores(cores)
    assert 1 <= used <= cores
    assert used == cores or percent == 0 or used <= max(1, cores * percent / 100 + 1e-6)


def test_cores() -> None:
    assert [Preferences(max_ncpus_pct=percent).cores(4) for percent in (0, 1, 50, 74.9, 75, 100)] == [4, 1, 2, 2, 3, 4]


def test_memory() -> None:
    assert Preferences().memory(1000.0) == 900.0
    assert Preferences(ram_max_used_idle_pct=0).memory(1000.0) == 1000.0
    assert Preferences(ram_max_used_busy_pct=0).memory(1000.0) == 1000.0


@given(st.tuples(st.floats(0, 1e13), st.floats(0, 1e13), st.floats(0, 1e12)), st.floats(0, 100), st.floats(0, 1000), st.floats(0, 100))
def test_the_disk_share_keeps_every_limit(sizes: tuple[float, float, float], percent: float, gb: float, keep: float) -> None:
    total, free, used = sizes
    share = Preferences(disk_max_used_pct=percent, disk_max_used_gb=gb, disk_min_free_gb=keep).disk_share(total=total, free=free, used=used)
    assert share >= 0
    if share > 0:
        assert share <= total * percent / 100 + 1e-3
        assert free - (share - used) >= keep * GB - 1 or math.isclose(free - (share - used), keep * GB, rel_tol=1e-9)
        assert gb == 0 or share <= gb * GB


@given(st.text(max_size=300), st.text(max_size=8))
def test_any_text_gives_preferences(xml: str, venue: str) -> None:
    merge(read_account_preferences(xml, venue), {})
