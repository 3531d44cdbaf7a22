"""Our settings and BOINC's computing preferences: what each is in the other's words, both ways.

BOINC's defaults are no wishes of anybody's: a project's page writes all fields as soon as one was changed, so a value of an account that is BOINC's own
default leaves ours alone. Ours are the more careful ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from t4t.domain.preferences import LocalChange, Preferences, read_account_preferences
from t4t.domain.settings.fields import checked
from t4t.domain.settings.layers import NOBODY, Set
from t4t.domain.settings.tree import MAX_CORES, Day, Response, Tree
from t4t.domain.settings_errors import SettingRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from t4t.domain.preferences import AccountPreferences
    from t4t.domain.project_state import ProjectState

_DEFAULT: Final = Preferences()
_ALL_DAYS: Final = [day.value for day in Day]
_MINUTE_S: Final = 60.0
_KIB: Final = 1024.0
_DAY_H: Final = 24.0
_ALL_PERCENT: Final = 100.0


def _between(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))


def to_settings(fields: Mapping[str, Any], *, cores: int) -> dict[str, Any]:
    """What these preferences mean here, by path; ``cores`` of this computer. What is BOINC's default, or means nothing here, is not in it."""
    said = {name: value for name, value in fields.items() if value != getattr(_DEFAULT, name, None)}
    found: dict[str, Any] = {}
    if "run_on_batteries" in said:
        found["when.on_battery"] = Response.GO_ON.value
    if "run_if_user_active" in said:
        found["when.in_use"] = Response.PAUSE.value
    if (percent := said.get("max_ncpus_pct")) is not None and 0 < percent < _ALL_PERCENT:
        found["resources.cores"] = int(_between(Preferences(max_ncpus_pct=percent).cores(cores), 1, MAX_CORES))
    for name, (path, factor, low, high, whole) in _NUMBERS.items():
        if name in said:
            value = said[name] * factor
            value = value if not value else _between(value, low, high)
            found[path] = round(value) if whole else value
    found |= _data(said) | _hours(fields)
    return {path: value for path, value in found.items() if _can_be(path, value)}


_NUMBERS: Final[dict[str, tuple[str, float, float, float, bool]]] = {
    "idle_time_to_run": ("when.away_after_min", 1.0, 1.0, 60.0, False),
    "suspend_cpu_usage": ("when.busy_pause_percent", 1.0, 1.0, 100.0, True),
    "cpu_usage_limit": ("resources.cap_percent", 1.0, 1.0, 100.0, True),
    "disk_max_used_gb": ("resources.disk_max_gib", 1.0, 1.0, 100_000.0, False),
    "disk_min_free_gb": ("resources.disk_free_gib", 1.0, 1.0, 100_000.0, False),
    "disk_interval": ("resources.checkpoint_min", 1 / _MINUTE_S, 1.0, 1440.0, False),
    "work_buf_min_days": ("projects.buffer_days", 1.0, 0.0, 10.0, False),
    "work_buf_additional_days": ("projects.buffer_more_days", 1.0, 0.0, 10.0, False),
    "max_bytes_sec_down": ("transfers.down_kib_s", 1 / _KIB, 0.0, 10_000_000.0, False),
    "max_bytes_sec_up": ("transfers.up_kib_s", 1 / _KIB, 0.0, 10_000_000.0, False),
}
"""BOINC's field: our setting, by what it is multiplied, its range here, and whether it is a whole number."""


def _can_be(path: str, value: object) -> bool:
    try:
        checked(path, value)
    except SettingRefused:
        return False
    return True


def _data(said: Mapping[str, Any]) -> dict[str, Any]:
    limit, days = said.get("daily_xfer_limit_mb", 0.0), said.get("daily_xfer_period_days", 0)
    return {"transfers.data_gib": limit / _KIB, "transfers.data_days": days} if limit > 0 and days > 0 else {}


def _hours(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Hours of the day between which it may run, the same each day; equal ones are no limit, and neither are 0 to 24."""
    start, end = fields.get("start_hour", 0.0), fields.get("end_hour", 0.0)
    if start == end or (start, end) == (0.0, _DAY_H):
        return {}
    span = {"days": _ALL_DAYS, "start": _clock(start), "end": _clock(end), "does": Response.GO_ON.value}
    return {"when.schedule": True, "when.spans": [] if start == _DAY_H else [span], "when.otherwise": Response.PAUSE.value}


def _clock(hour: float) -> str:
    """An hour with its fraction as a time of day, to the minute."""
    minutes = round(hour * _MINUTE_S)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def to_preferences(tree: Tree, *, cores: int) -> dict[str, Any]:
    """The settings in BOINC's words; what BOINC has no words for (a level between all and nothing, a richer schedule) is told as the more careful of two."""
    when, given = tree.when, tree.resources
    found: dict[str, Any] = {
        "run_on_batteries": when.on_battery is not Response.PAUSE,
        "run_if_user_active": when.in_use is not Response.PAUSE,
        "max_ncpus_pct": _ALL_PERCENT * min(cores, given.cores * given.tasks) / max(1, cores),
        "daily_xfer_limit_mb": tree.transfers.data_gib * _KIB,
        "daily_xfer_period_days": tree.transfers.data_days if tree.transfers.data_gib else 0,
    }
    for name, (path, factor, _low, _high, _whole) in _NUMBERS.items():
        section, _, field = path.partition(".")
        found[name] = float(getattr(getattr(tree, section), field)) / factor
    if not when.schedule:
        found |= {"start_hour": 0.0, "end_hour": 0.0}
    elif len(when.spans) == 1 and when.otherwise is Response.PAUSE:
        span = when.spans[0]
        if span.does is not Response.PAUSE and set(span.days) == set(Day):
            found |= {"start_hour": _hour(span.start), "end_hour": _hour(span.end)}
    return found


def _hour(clock: str) -> float:
    hours, _, minutes = clock.partition(":")
    return int(hours) + int(minutes) / _MINUTE_S


def account_of(projects: Iterable[ProjectState], *, cores: int, now: float) -> Set:
    """What the account says: as in BOINC, the preferences that were changed last of all the projects'."""
    newest: AccountPreferences | None = None
    for project in projects:
        found = read_account_preferences(project.global_preferences, project.host_venue, now=now)
        if found.fields and (newest is None or found.mod_time > newest.mod_time):
            newest = found
    return NOBODY if newest is None else Set(values=to_settings(newest.fields, cores=cores), time=newest.mod_time)


def overriding(account: AccountPreferences, wanted: Mapping[str, Any], *, time: float) -> dict[str, LocalChange]:
    """What is in force here (`to_preferences`) and not what the account says, as changes that win over it; ``time``: of the last one made here."""
    changed = max(time, account.mod_time)
    return {name: LocalChange(value=value, time=changed) for name, value in wanted.items() if value != account.fields.get(name, getattr(_DEFAULT, name))}
