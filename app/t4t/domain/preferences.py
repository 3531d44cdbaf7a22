"""BOINC's computing preferences: read from a project, merged with the volunteer's own, and what follows for cores, memory and disk.

Sources, later wins: BOINC's defaults, the account's preferences (the section of this computer's venue in place of the general part), the volunteer's
changes here. Both sides may be changed at any time, so each field has the value of its last change. Values that can't be right are ignored.
"""

from __future__ import annotations

import dataclasses
import math
import re
from typing import TYPE_CHECKING, Any, Final

from t4t.domain.loose_xml import LooseXmlRefused, read_loose
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from t4t.domain.loose_xml import Element

GB: Final = 1024.0**3
_VENUE: Final = re.compile(r"name\s*+=\s*+[\"']?([\w ]*+)")


@record(kw_only=True)
class Preferences:
    """The fields that mean something for VirtualBox work, with BOINC's defaults; percent, hours of the day, minutes, days, bytes/s as named there."""

    run_on_batteries: bool = False
    battery_charge_min_pct: float = 90.0
    battery_max_temperature: float = 40.0
    run_if_user_active: bool = True
    suspend_if_no_recent_input: float = 0.0
    suspend_cpu_usage: float = 25.0
    start_hour: float = 0.0
    end_hour: float = 0.0
    net_start_hour: float = 0.0
    net_end_hour: float = 0.0
    leave_apps_in_memory: bool = False
    work_buf_min_days: float = 0.1
    work_buf_additional_days: float = 0.5
    max_ncpus_pct: float = 0.0
    cpu_scheduling_period_minutes: float = 60.0
    disk_interval: float = 60.0
    disk_max_used_gb: float = 0.0
    disk_max_used_pct: float = 90.0
    disk_min_free_gb: float = 0.1
    vm_max_used_pct: float = 75.0
    ram_max_used_busy_pct: float = 50.0
    ram_max_used_idle_pct: float = 90.0
    idle_time_to_run: float = 3.0
    max_bytes_sec_up: float = 0.0
    max_bytes_sec_down: float = 0.0
    cpu_usage_limit: float = 100.0
    daily_xfer_limit_mb: float = 0.0
    daily_xfer_period_days: int = 0

    def cores(self, p_ncpus: int) -> int:
        """How many of ``p_ncpus`` processors may be used: at least one; 0 % means all."""
        percent = self.max_ncpus_pct or 100.0
        return max(1, math.floor(p_ncpus * percent / 100.0 + 1e-9))

    def memory(self, m_nbytes: float) -> float:
        """Bytes of memory that may be used when the computer is least busy; 0 % means all."""
        return m_nbytes * max(self.ram_max_used_busy_pct or 100.0, self.ram_max_used_idle_pct or 100.0) / 100.0

    def disk_share(self, *, total: float, free: float, used: float) -> float:
        """Bytes that we may use in all, those in use included."""
        allowed = min(used + free - self.disk_min_free_gb * GB, total * self.disk_max_used_pct / 100.0)
        if self.disk_max_used_gb > 0:
            allowed = min(allowed, self.disk_max_used_gb * GB)
        return max(0.0, allowed)


_PERCENT: Final = {name for name in (field.name for field in dataclasses.fields(Preferences)) if name.endswith("_pct") or name == "cpu_usage_limit"}
_HOURS: Final = {"start_hour", "end_hour", "net_start_hour", "net_end_hour"}
_LIMITS: Final = {"work_buf_min_days": 10.0, "work_buf_additional_days": 10.0, "daily_xfer_period_days": 366.0}
_SMALLEST: Final = {"cpu_usage_limit": 1.0}
KINDS: Final[dict[str, str]] = {field.name: str(field.type) for field in dataclasses.fields(Preferences)}


@record(kw_only=True)
class AccountPreferences:
    """What the project keeps for the account: when it was changed, and the fields that it sets for this computer's venue."""

    mod_time: float = 0.0
    fields: dict[str, Any] = dataclasses.field(default_factory=dict)
    venues: tuple[str, ...] = ()


def read_account_preferences(xml: str, venue: str = "", *, now: float = math.inf) -> AccountPreferences:
    """``<global_preferences>`` of a reply, damaged or not. A change in the future counts as made ``now``. Never raises."""
    try:
        top = read_loose(xml.encode())
    except LooseXmlRefused:
        return AccountPreferences()
    root = next(top.descendants("global_preferences"), top)
    sections = {venue_of(element): element for element in root.all("venue")}
    chosen = sections.get(venue, root) if venue else root
    mod_time = root.find("mod_time")
    return AccountPreferences(
        mod_time=min(now, max(0.0, _number(mod_time.text) or 0.0)) if mod_time else 0.0,
        fields=_fields(chosen),
        venues=tuple(name for name in sections if name),
    )


def venue_of(element: Element) -> str:
    """The name of a ``<venue>`` section."""
    found = _VENUE.search(element.attributes)
    return found[1] if found else ""


def _fields(root: Element) -> dict[str, Any]:
    found = {}
    for child in root.children:
        value = checked(child.name, "1" if child.self_closed else child.text)
        if value is not None:
            found[child.name] = value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def checked(name: str, text: str) -> float | int | bool | None:
    """The value of one field out of its text, or None if there is no such field or it can't be right."""
    kind = KINDS.get(name)
    value = _number(text)
    if kind is None or value is None:
        return None
    largest = 100.0 if name in _PERCENT else 24.0 if name in _HOURS else _LIMITS.get(name, 1e15)
    if not _SMALLEST.get(name, 0.0) <= value <= largest:
        return None
    if kind == "bool":
        return value != 0
    return int(value) if kind == "int" else value


@record(kw_only=True)
class LocalChange:
    """A field that the volunteer set here, and when (Unix time)."""

    value: float | bool
    time: float


@record(kw_only=True)
class Merged:
    """The preferences in force, and by whom each field that is not a default was set: ``account`` or ``here``."""

    preferences: Preferences
    sources: dict[str, str]
    mod_time: float


def merge(account: AccountPreferences, local: Mapping[str, LocalChange]) -> Merged:
    """For each field the last change wins; of two at the same time the volunteer's here."""
    values: dict[str, Any] = dict(account.fields)
    sources = dict.fromkeys(values, "account")
    for name, change in local.items():
        if name in KINDS and (name not in values or change.time >= account.mod_time):
            values[name] = change.value
            sources[name] = "here"
    mod_time = max((account.mod_time, *(change.time for name, change in local.items() if sources.get(name) == "here")))
    return Merged(preferences=Preferences(**values), sources=sources, mod_time=mod_time)
