"""Our settings and BOINC's preferences, both ways."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.settings_values import values_of_fields
from t4t.domain import preferences
from t4t.domain.boinc_settings import account_of, overriding, to_preferences, to_settings
from t4t.domain.preferences import KINDS, AccountPreferences, Preferences, merge
from t4t.domain.project_state import ProjectState
from t4t.domain.settings.fields import FIELDS, checked, put, values
from t4t.domain.settings.layers import NOBODY
from t4t.domain.settings.tree import Tree

CORES = 8
DEFAULTS = dataclasses.asdict(Preferences())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"run_on_batteries": True}, {"when.on_battery": "go-on"}),
        ({"run_if_user_active": False}, {"when.in_use": "pause"}),
        ({"max_ncpus_pct": 50.0}, {"resources.cores": 4}),
        ({"max_ncpus_pct": 100.0}, {}),
        ({"cpu_usage_limit": 70.0}, {"resources.cap_percent": 70}),
        ({"cpu_usage_limit": 33.4}, {"resources.cap_percent": 33}),
        ({"idle_time_to_run": 0.5}, {"when.away_after_min": 1.0}),
        ({"suspend_cpu_usage": 0.0}, {"when.busy_pause_percent": 0}),
        ({"disk_max_used_gb": 20.0}, {"resources.disk_max_gib": 20.0}),
        ({"disk_interval": 300.0}, {"resources.checkpoint_min": 5.0}),
        ({"max_bytes_sec_down": 2048.0}, {"transfers.down_kib_s": 2.0}),
        ({"daily_xfer_limit_mb": 2048.0, "daily_xfer_period_days": 7}, {"transfers.data_gib": 2.0, "transfers.data_days": 7}),
        ({"daily_xfer_limit_mb": 2048.0}, {}),
        ({"start_hour": 0.0, "end_hour": 24.0}, {}),
        ({"start_hour": 5.0, "end_hour": 5.0}, {}),
        ({"start_hour": 24.0, "end_hour": 0.0}, {"when.schedule": True, "when.spans": [], "when.otherwise": "pause"}),
        ({"leave_apps_in_memory": True, "vm_max_used_pct": 10.0}, {}),
    ],
)
def test_what_preferences_mean_here(fields: dict[str, Any], said: dict[str, Any]) -> None:
    assert to_settings(fields, cores=CORES) == said


def test_hours() -> None:
    said = to_settings({"start_hour": 22.5, "end_hour": 6.0}, cores=CORES)
    assert [(span["start"], span["end"], span["does"], len(span["days"])) for span in said["when.spans"]] == [("22:30", "06:00", "go-on", 7)]
    back = to_preferences(put(Tree(), said), cores=CORES)
    assert (back["start_hour"], back["end_hour"]) == (22.5, 6.0)


def test_boincs_defaults_are_nobodys_wish() -> None:
    """A project's page writes all fields as soon as one was changed."""
    assert to_settings(DEFAULTS, cores=CORES) == {}
    assert to_settings(DEFAULTS | {"cpu_usage_limit": 50.0}, cores=CORES) == {"resources.cap_percent": 50}


FIELD_VALUES = {
    name: st.booleans() if kind == "bool" else st.integers(0, 366) if kind == "int" else st.floats(0, 24.0) if "hour" in name else st.floats(0.0, 1e6)
    for name, kind in KINDS.items()
}


@given(st.fixed_dictionaries({}, optional=FIELD_VALUES), st.integers(1, 512))
def test_whatever_an_account_says_can_be_right_here(fields: dict[str, Any], cores: int) -> None:
    said = to_settings(fields, cores=cores)
    for path, value in said.items():
        assert checked(path, value) == value
    put(Tree(), said)


@given(values_of_fields(), st.integers(1, 512))
def test_whatever_is_set_here_can_be_said_in_boincs_words(wanted: dict[str, Any], cores: int) -> None:
    found = to_preferences(put(Tree(), wanted), cores=cores)
    for name, value in found.items():
        if name == "suspend_cpu_usage" or value:
            assert preferences.checked(name, f"{value:f}" if isinstance(value, float) else str(int(value))) is not None, name


@given(values_of_fields())
def test_there_and_back_nothing_is_less_careful(wanted: dict[str, Any]) -> None:
    """What both have words for comes back as it was; a value that is BOINC's default is left to ours."""
    tree = put(Tree(), wanted)
    back = to_settings(to_preferences(tree, cores=512), cores=512)
    for path in (
        "transfers.down_kib_s",
        "transfers.up_kib_s",
        "resources.cap_percent",
        "when.away_after_min",
        "resources.checkpoint_min",
        "projects.buffer_days",
    ):
        if path in back:
            assert back[path] == pytest.approx(values(tree)[path], abs=1e-6)
    assert (tree.when.in_use.value == "pause") == (back.get("when.in_use") == "pause")


def test_a_schedule_that_boinc_has_no_words_for_is_not_told() -> None:
    spans = [{"days": ["mon"], "start": "08:00", "end": "09:00", "does": "go-on"}]
    for more in ({"when.spans": spans}, {"when.spans": spans * 2}, {"when.otherwise": "go-on"}, {"when.spans": [{"does": "pause"}]}):
        tree = put(Tree(), {"when.schedule": True, "when.otherwise": "pause"} | more)
        assert "start_hour" not in to_preferences(tree, cores=CORES)


def test_the_account_is_the_one_that_was_changed_last() -> None:
    def state(time: int, limit: int) -> ProjectState:
        xml = f"<global_preferences><mod_time>{time}</mod_time><cpu_usage_limit>{limit}</cpu_usage_limit></global_preferences>"
        return ProjectState(master_url="https://x/", global_preferences=xml)

    found = account_of([state(10, 40), state(30, 60), state(20, 50), ProjectState(master_url="https://y/")], cores=CORES, now=1000.0)
    assert (found.values, found.time) == ({"resources.cap_percent": 60}, 30.0)
    assert account_of([], cores=CORES, now=0.0) is NOBODY


def test_what_is_in_force_here_wins_over_the_account_in_what_projects_hear() -> None:
    account = AccountPreferences(mod_time=1000.0, fields={"disk_max_used_gb": 5.0, "cpu_usage_limit": 70.0})
    wanted = to_preferences(put(Tree(), {"resources.disk_max_gib": 12.0, "resources.cap_percent": 70}), cores=CORES)
    merged = merge(account, overriding(account, wanted, time=10.0))
    assert merged.preferences.disk_max_used_gb == 12.0
    assert merged.preferences.cpu_usage_limit == 70.0
    assert (merged.sources["disk_max_used_gb"], merged.sources["cpu_usage_limit"]) == ("here", "account")
    assert merged.mod_time == 1000.0


def test_every_path_is_one() -> None:
    said = to_settings({name: 2.0 for name in KINDS if "hour" not in name}, cores=CORES)
    assert set(said) <= set(FIELDS)
