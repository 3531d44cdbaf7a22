"""What a project's own preferences, which the volunteer sets on its web page, say of its tasks here: how many at a time, and on how many processors each.

BOINC's scheduler sends no more tasks than ``max_jobs``, and counts with ``max_cpus``; that a lower number also holds for tasks that are here already, and for
their virtual machines, is the client's to see to. The section of this computer's venue counts in place of the general part.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from t4t.domain.loose_xml import LooseXmlRefused, read_loose
from t4t.domain.preferences import venue_of
from t4t.domain.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from t4t.domain.loose_xml import Element


@record(kw_only=True)
class ProjectLimits:
    """Of one project, on this computer; 0: no limit."""

    max_jobs: int = 0
    """Tasks at a time."""
    max_cpus: int = 0
    """Processors of each."""

    def cores(self, given: int) -> int:
        """How many processors a task gets of those that the volunteer gives each."""
        return min(given, self.max_cpus) if self.max_cpus else given

    def lanes(self, given: int) -> int:
        """How many tasks run side by side at most, of as many as the volunteer gives all projects together."""
        return min(given, self.max_jobs) if self.max_jobs else given

    def is_full(self, open_tasks: int) -> bool:
        """Whether so many tasks that are not yet done leave no room for another one."""
        return bool(self.max_jobs) and open_tasks >= self.max_jobs

    def handed_out(self, tasks: Iterable[str], begun: Mapping[str, bool]) -> tuple[str, ...]:
        """Which of ``tasks``, in their order, may have a VM. Those that have one keep it: a lower limit costs nobody his work."""
        wanted = tuple(tasks)
        if not self.max_jobs:
            return wanted
        room = max(0, self.max_jobs - sum(begun[task] for task in wanted))
        waiting = [task for task in wanted if not begun[task]][:room]
        return tuple(task for task in wanted if begun[task] or task in waiting)


NO_LIMITS = ProjectLimits()


def read_project_limits(xml: str, venue: str = "") -> ProjectLimits:
    """``<project_preferences>`` of a reply, damaged or not; what can't be right is no limit. Never raises."""
    try:
        top = read_loose(xml.encode())
    except LooseXmlRefused:
        return NO_LIMITS
    root = next(top.descendants("project_preferences"), top)
    chosen = next((element for element in root.all("venue") if venue and venue_of(element) == venue), root)
    specific = chosen.find("project_specific") or root.find("project_specific")
    if specific is None:
        return NO_LIMITS
    return ProjectLimits(max_jobs=_count(specific, "max_jobs"), max_cpus=_count(specific, "max_cpus"))


def _count(element: Element, name: str) -> int:
    found = element.find(name)
    try:
        value = 0.0 if found is None else float(found.text)
    except ValueError:
        return 0
    return int(value) if math.isfinite(value) and value >= 1 else 0
