"""The words on what this computer and its volunteer have done: charts, their values, what is said where there is nothing."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from t4t.domain.contribution import Bar, Span, credit_days, date_of, series, team_days
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import day, day_of_year, decimal, month, pointed
from t4t.wording.window import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from t4t.domain.contribution import Contribution, Done, WorkDay
    from t4t.domain.credit import CreditDay, TeamDay

_HOUR_S: Final = 3600.0
_FEW: Final = 100.0
_LITTLE: Final = 1.0


class Quantity(enum.Enum):
    """What a chart shows."""

    COLLISIONS = "collisions"
    PROCESSOR = "processor"
    ENERGY = "energy"
    TASKS = "tasks"
    CREDIT_HERE = "credit_here"
    CREDIT_ALL = "credit_all"
    CREDIT_TEAM = "credit_team"


_QUANTITIES: Final[dict[Quantity, Marked]] = {
    Quantity.COLLISIONS: "Collisions simulated",
    Quantity.PROCESSOR: "Processor time",
    Quantity.ENERGY: "Electricity",
    Quantity.TASKS: "Tasks finished",
    Quantity.CREDIT_HERE: "Credit of this computer",
    Quantity.CREDIT_ALL: "Credit of all your computers",
    Quantity.CREDIT_TEAM: "Credit of your team",
}
_UNITS: Final[dict[Quantity, Marked]] = {
    Quantity.COLLISIONS: "collisions",
    Quantity.PROCESSOR: "processor hours",
    Quantity.ENERGY: "kilowatt-hours",
    Quantity.TASKS: "tasks",
    Quantity.CREDIT_HERE: "credit",
    Quantity.CREDIT_ALL: "credit",
    Quantity.CREDIT_TEAM: "credit",
}
_SPANS: Final[dict[Span, Marked]] = {Span.DAY: "Days", Span.WEEK: "Weeks", Span.MONTH: "Months", Span.ALL: "All"}
_HEADS: Final[dict[Span, Marked]] = {Span.DAY: "Day", Span.WEEK: "Week", Span.MONTH: "Month", Span.ALL: "Until the end of"}
_WORDS: Final[dict[str, Marked]] = {
    "which": "What is shown",
    "span": "How it is summed up",
    "over_time": "Day by day",
    "table": "Show as table",
    "hide_table": "Hide the table",
    "export": "Save as CSV…",
    "export_tip": "A table of all days for a spreadsheet, written to a file of your choice",
    "saved": "Saved.",
    "csv_files": "Tables (*.csv)",
    "hint": "Arrow keys read one bar after the other.",
    "nothing": "Nothing yet. It begins with the first work, and days without work are nothing to worry about.",
    "no_credit": "The project has told of no credit yet: it comes after its servers have checked a result.",
    "no_team": "Nothing is known of a team: you are in none, or the project has not told of it yet.",
    "collisions": "collisions simulated",
    "hours": "processor hours",
    "not_saved": "This file could not be written.",
}
_ABOUT_CREDIT: Final[Marked] = "As the project counts it, in days of UTC, since it was first asked from here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars with all their words. ``short`` stands below a bar, ``names`` says which it is, ``texts`` its value."""

    title: str
    about: str
    unit: str
    head: str
    short: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[float, ...]
    texts: tuple[str, ...]
    empty: str = ""
    close: bool = False
    """Bars without room between them: a sum that grows."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(self.values)

    def spoken(self) -> str:
        """For who listens."""
        if self.is_empty:
            return f"{self.title}. {self.empty}"
        most = max(range(len(self.values)), key=self.values.__getitem__)
        shape = gettext("Bar chart: {title}. Most: {most}. Last: {last}.")
        return shape.format(title=self.title, most=self.value(most), last=self.value(len(self.values) - 1))

    def value(self, place: int) -> str:
        """One bar in words."""
        return gettext("{name}: {value}").format(name=self.names[place], value=self.texts[place])


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def quantity(which: Quantity) -> str:
    """What it is."""
    return gettext(_QUANTITIES[which])


def span(which: Span) -> str:
    """How it is summed up."""
    return gettext(_SPANS[which])


def chart(
    which: Quantity, how: Span, work: Contribution, credit: Sequence[Sequence[CreditDay]], today: date, *, teams: Sequence[Sequence[TeamDay]] = ()
) -> Chart:
    """``which`` summed up as ``how``, until ``today``."""
    if which is Quantity.CREDIT_TEAM:
        since, values = team_days(teams)
        about, empty = gettext(_ABOUT_CREDIT) if since is not None else "", word("no_team")
    elif which in {Quantity.CREDIT_HERE, Quantity.CREDIT_ALL}:
        since, values = credit_days(credit, host=which is Quantity.CREDIT_HERE)
        about, empty = gettext(_ABOUT_CREDIT), word("no_credit")
    else:
        values = {day: _value(one, which) for one in work.days if (day := date_of(one.day)) is not None}
        first = min((day for day, value in values.items() if value), default=None)
        since = min((day for day in (date_of(work.since), first) if day is not None), default=None)  # of electricity there may be an older book
        about, empty = _about(work, which, since), word("nothing")
    bars = series(values, how, since=min((today, *values)) if since is None else since, today=today)
    return Chart(
        title=quantity(which),
        about=about,
        unit=gettext(_UNITS[which]),
        head=gettext(_HEADS[how]),
        short=tuple(_short(bar, how) for bar in bars),
        names=tuple(_name(bar, how) for bar in bars),
        values=tuple(bar.value for bar in bars),
        texts=tuple(_text(bar.value, which) for bar in bars),
        empty=empty,
        close=how is Span.ALL,
    )


def _about(work: Contribution, which: Quantity, since: date | None) -> str:
    said = "" if since is None else gettext("Counted on this computer since {day}.").format(day=day(since))
    if which is Quantity.ENERGY and any(one.estimated for one in work.days):
        said = f"{said} {gettext('Partly estimated: this computer has no meter that may be read.')}".strip()
    return said


def _value(day: WorkDay, which: Quantity) -> float:
    """Of a day's own figures; credit is the projects'."""
    own = {Quantity.COLLISIONS: float(day.collisions), Quantity.PROCESSOR: day.cpu_s / _HOUR_S, Quantity.ENERGY: day.kwh, Quantity.TASKS: float(day.tasks)}
    return own[which]


def _short(bar: Bar, how: Span) -> str:
    return month(bar.first) if how is Span.MONTH else day_of_year(bar.first)


def _name(bar: Bar, how: Span) -> str:
    if how is Span.MONTH:
        return month(bar.first)
    if how is Span.WEEK:
        return gettext("{first} to {last}").format(first=day(bar.first), last=day(bar.last))
    return day(bar.last)


def figure(value: float) -> str:
    """A number as people here write it, with as many digits as say something."""
    if value <= 0:
        return "0"
    if value >= _FEW or value == int(value):
        return number(value)
    return decimal(value, 1) if value >= _LITTLE else pointed(f"{value:.3g}")


def _text(value: float, which: Quantity) -> str:
    text = figure(value)
    match which:
        case Quantity.COLLISIONS:
            return ngettext("{n} collision", "{n} collisions", round(value)).format(n=text)
        case Quantity.PROCESSOR:
            return gettext("{n} h").format(n=text)
        case Quantity.ENERGY:
            return gettext("{n} kWh").format(n=text)
        case Quantity.TASKS:
            return ngettext("{n} task", "{n} tasks", round(value)).format(n=text)
        case Quantity.CREDIT_HERE | Quantity.CREDIT_ALL | Quantity.CREDIT_TEAM:
            return gettext("{n} credit").format(n=text)
        case _:
            assert_never(which)


def totals(work: Contribution) -> tuple[str, str]:
    """Collisions and processor hours of all days."""
    collisions, seconds = sum(one.collisions for one in work.days), sum(one.cpu_s for one in work.days)
    return figure(float(collisions)), figure(seconds / _HOUR_S)


def spoken_table(title: str) -> str:
    """A table for who listens."""
    return gettext("{title}, as a table").format(title=title)


def file_name(today: date) -> str:
    """What the file is called if nobody wishes another name."""
    return f"test4theory-{today.isoformat()}.csv"


# --- a table for a terminal ------------------------------------------------------------------------------------------


def heads() -> tuple[str, ...]:
    """What stands over its columns."""
    return (gettext("collisions"), gettext("hours"), gettext("kWh"), gettext("tasks"), gettext("credit here"), gettext("credit"), gettext("team"))


def cells(line: Done) -> tuple[str, ...]:
    """A line of it; what is partly estimated has a mark."""
    kwh = f"{'~' if line.kwh_estimated and line.kwh > 0 else ''}{figure(line.kwh)}"
    credit = (figure(value) for value in (line.credit_this_computer, line.credit_all_computers, line.credit_team))
    return (figure(float(line.collisions)), figure(line.processor_hours), kwh, figure(float(line.tasks)), *credit)


def when(line: Done, how: Span) -> str:
    """Which time it is about."""
    return _name(Bar(line.first, line.last, 0.0), Span.WEEK if how is Span.ALL else how)


def how_counted(work: Contribution, lines: Sequence[Done]) -> str:
    """Since when, and how well."""
    since = date_of(work.since)
    said = [gettext("Counted on this computer since {day}.").format(day=day(since))] if since is not None else []
    if any(line.kwh_estimated for line in lines):
        said.append(gettext("Partly estimated: this computer has no meter that may be read."))
    return " ".join((*said, gettext("The projects count credit in days of UTC, since they were first asked from here.")))
