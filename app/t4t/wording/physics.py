"""A job, its histograms and its results in the words of somebody who never studied physics. What a guest said is shown as plain text."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Final

from t4t.domain.physics import JobState
from t4t.domain.record import record
from t4t.wording.glossary import term
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import figure, pointed
from t4t.wording.screen import moment, plain, span
from t4t.wording.window import count

if TYPE_CHECKING:
    from t4t.domain.collision import Collision
    from t4t.domain.histogram import Histogram
    from t4t.domain.physics import Job, Physics, Plot, Result
    from t4t.domain.runspec import Runspec
    from t4t.wording.glossary import Term
    from t4t.wording.screen import Reader

_WORDS: Final[dict[str, Marked]] = {
    "log": "Logarithmic",
    "log_tip": "Each line is ten times the one below, so that rare cases become visible.",
    "table": "Show as table",
    "hide_table": "Hide the table",
    "keep": "Keep the picture",
    "kept": "It is in your gallery now.",
    "full_view": "Everything that is measured",
    "every_word": "Every word explained",
    "collision": "One of your collisions",
    "hint": "Point at the histogram, or use the arrow keys, to read its values.",
    "empty_plot": "no entries yet",
    "from": "from",
    "to": "to",
    "value": "value",
    "error": "uncertainty",
    "live": "Live",
    "words": "What is it?",
    "results": "Results",
    "gallery": "Gallery",
    "who": "Who uses it",
    "parts": "Parts of this page",
    "which_plot": "Which histogram",
    "which_result": "Which result",
    "open_picture": "Open",
    "remove_picture": "Remove",
    "progress": "Part of the collisions computed",
    "really_remove": "Really remove it?",
    "sources": "Sources",
}
_EMPTY: Final[dict[str, tuple[Marked, Marked]]] = {
    "nothing": ("No collisions yet", "As soon as there is work, you see here what your computer simulates while it does."),
    "coming": ("The first collisions are on their way", "They are drawn here as soon as there are some, most often within a minute."),
    "no_plots": ("This job draws no histograms while it runs", "It computes all the same, and its results go to the scientists when it is done."),
    "no_words": ("Nothing to explain right now", "As soon as there is a job, each of its words is explained here."),
    "no_results": ("No results yet", "The histograms of jobs that were finished on this computer are kept here, the last fifty."),
    "no_plots_kept": ("", "This result has no histograms that could be drawn here. Its numbers went to the scientists."),
    "no_pictures": ("Your gallery is empty", "“Keep the picture” below any histogram puts it here, as a picture that you can show around."),
}
_WHO: Final[tuple[tuple[Marked, Marked], ...]] = (
    (
        "Scientists compare",
        (
            "At CERN and elsewhere, detectors measure what comes out of real collisions, and theory says what should. "
            "Only where both are known precisely can a difference between them be something new."
        ),
    ),
    (
        "MCPlots collects",
        (
            "The results of all volunteers go to MCPlots, a website of particle physicists. There thousands of histograms lie beside "
            "what experiments have measured, for every program and every tune, and who writes such a program sees where it fits and where it does not."
        ),
    ),
    (
        "Your part",
        (
            "A histogram needs very many collisions before chance no longer blurs it. "
            "In September 2023 all volunteers together had simulated six trillion of them."
        ),
    ),
)
SOURCES: Final = (
    ("MCPlots", "https://mcplots.cern.ch/"),
    ("Karneyeu and others: MCPLOTS, a particle physics resource based on volunteer computing (2013)", "https://arxiv.org/abs/1306.3436"),
    ("Korneeva, Karneyeu, Skands: Event-Generator Validation with MCPLOTS and LHC@home (2024)", "https://arxiv.org/abs/2401.10621"),
    ("LHC@home, news of 29 September 2023", "https://lhcathome.cern.ch/lhcathome/"),
)
"""Titles as their authors wrote them, and where they are."""
_ABOUT: Final[dict[str, Marked]] = {
    "energy": "The energy of both beams together. One GeV is about the energy in the mass of one proton, one TeV is a thousand of them.",
    "cut": "Only collisions whose central hit is at least so hard are computed: the rare, hard ones would otherwise hardly occur.",
    "tune": "Parts of the program have dials that theory does not fix. A tune is one setting of all of them, made to fit earlier measurements.",
    "events": "The more collisions, the smaller the uncertainty: four times as many halve it.",
    "seed": "The number from which all dice of this job start. The same seed gives the same collisions on every computer, so a result can be checked.",
}
_COLLISION: Final[dict[str, Marked]] = {
    "ee": "Blue and green: the two sides.",
    "jets": "Blue and green: around the hardest particle, and opposite to it.",
    "z": "Amber: electrons or muons.",
    "": "Blue: positive charge. Green: negative.",
}
"""What the colours mean, by the kind of collisions."""
_SECTIONS: Final = (("mb", 1.0), ("µb", 1e3), ("nb", 1e6), ("pb", 1e9))
_UNIT: Final = re.compile(r"\[([^\]]{1,12})\]")
_TEV: Final = 1000.0
_NOTHING: Final = "-"
_MINUTE: Final = 60.0
_WHOLE_RATE: Final = 10


@record
class JobText:
    """A job as a panel shows it."""

    title: str
    below: str


@record
class Row:
    """One word of a job: what it is, what it says, what that means, where that is from."""

    name: str
    value: str
    about: str
    source: str = ""


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def empty(key: str) -> tuple[str, str]:
    """What stands where there is nothing to show: a title (or none) and a sentence."""
    title, text = _EMPTY[key]
    return gettext(title) if title else "", gettext(text)


def of_picture(action: str, title: str) -> str:
    """A button of one picture for who listens."""
    return gettext("{action}: {title}").format(action=action, title=title)


def of_parts(name: str, current: str) -> str:
    """A button that opens the menu of a page's parts, for who listens."""
    return gettext("{name}, opens a menu. Now: {part}").format(name=name, part=current)


def source(row: Row) -> str:
    """Where an explanation is from; empty where it is ours."""
    return gettext("Source: {source}").format(source=row.source) if row.source else ""


def who() -> list[tuple[str, str]]:
    """Who uses all this: titles and texts."""
    return [(gettext(title), gettext(text)) for title, text in _WHO]


# --- a job -----------------------------------------------------------------------------------------------------------


def energy(gev: float) -> str:
    """13 TeV, 91.2 GeV."""
    if gev >= _TEV:
        return f"{pointed(f'{gev / _TEV:.4g}')}\N{NO-BREAK SPACE}TeV"
    return f"{pointed(f'{gev:.5g}')}\N{NO-BREAK SPACE}GeV"


def collisions(spec: Runspec) -> str:
    """“proton–proton collisions at 13 TeV”."""
    beam = term("beam", spec.beam)
    return gettext("{beam} collisions at {energy}").format(beam=plain(spec.beam) if beam is None else beam.name, energy=energy(spec.energy))


def program(spec: Runspec) -> str:
    """“Pythia 8.317”: the version without what the name says already."""
    found = term("generator", spec.generator)
    name, version = (plain(spec.generator) if found is None else found.name), plain(spec.version)
    number = name.rpartition(" ")[2]
    if number.isdigit() and version.startswith(f"{number}."):
        return f"{name.removesuffix(number)}{version}"
    return f"{name} {version}" if version != _NOTHING else name


def process(spec: Runspec) -> str:
    """“jets”."""
    found = term("process", spec.process)
    return plain(spec.process) if found is None else found.name


def in_short(spec: Runspec) -> tuple[str, str]:
    """The kind of collisions and what it is; empty where we have no words for it."""
    found = term("process", spec.process)
    return ("", "") if found is None else (_begun(found.name), found.about)


def tune(spec: Runspec) -> str:
    """“Monash 2013”."""
    found = term("tune", spec.tune)
    return plain(spec.tune) if found is None else found.name


def headline(physics: Physics, reader: Reader) -> JobText:
    """What is being simulated, or was last."""
    job, spec = physics.job, physics.job.spec
    if spec is None:
        return JobText(gettext("A job is running") if physics.live else gettext("Simulated last"), "")
    what = collisions(spec)
    below = " · ".join((program(spec), process(spec), gettext("tune {name}").format(name=tune(spec))))
    if physics.live and job.state in {JobState.RUNNING, JobState.UNKNOWN}:
        return JobText(gettext("Right now: {collisions}").format(collisions=what), below)
    if physics.at is None or (physics.live and job.state in {JobState.WAITING, JobState.INITIALISING}):
        return JobText(gettext("Coming up: {collisions}").format(collisions=what), below)
    at = "" if physics.live else moment(physics.at, reader)
    seen = gettext("as of {time}").format(time=at) if at else ""
    return JobText(gettext("Last: {collisions}").format(collisions=what), " · ".join(part for part in (below, seen) if part))


def progress(job: Job) -> tuple[str, str]:
    """How far it is, and how fast; empty where it does not say."""
    if not job.wanted or job.state is JobState.UNKNOWN:
        return "", ""
    done = gettext("{done} of {wanted} collisions").format(done=count(job.done), wanted=count(job.wanted))
    fast = gettext("{rate} a second").format(rate=_rate(job.rate)) if job.state is JobState.RUNNING and job.rate > 0 else ""
    return done, " · ".join(part for part in (fast, _rest(job.left_s)) if part)


def _rest(left_s: float | None) -> str:
    if left_s is None:
        return ""
    if left_s < _MINUTE:
        return gettext("less than a minute left")
    time = span(left_s)
    return gettext("about {time} left").format(time=time) if time else ""


def rows(spec: Runspec) -> list[Row]:
    """Each word of a job with what it means."""
    beam, cut = term("beam", spec.beam), spec.cut
    hardest = gettext("no cut") if cut is None else gettext("at least {value} across the beam").format(value=energy(cut))
    return [
        _row(gettext("Beams"), plain(spec.beam) if beam is None else beam.pair, beam),
        _row(gettext("Process"), process(spec), term("process", spec.process)),
        Row(gettext("Energy"), energy(spec.energy), gettext(_ABOUT["energy"])),
        Row(gettext("Cut"), hardest, gettext(_ABOUT["cut"])),
        _row(gettext("Program"), program(spec), term("generator", spec.generator)),
        _row(gettext("Tune"), tune(spec), term("tune", spec.tune), gettext(_ABOUT["tune"])),
        Row(gettext("Collisions"), count(spec.events), gettext(_ABOUT["events"])),
        Row(gettext("Seed"), count(spec.seed), gettext(_ABOUT["seed"])),
    ]


def _row(name: str, value: str, found: Term | None, besides: str = "") -> Row:
    about = "" if found is None else found.about
    return Row(name, value, " ".join(part for part in (besides, about) if part), "" if found is None else found.source)


# --- a histogram -----------------------------------------------------------------------------------------------------


@record
class Shown:
    """A histogram with words that a newcomer understands; ``about`` is a sentence on what it shows, ``unit`` that of its horizontal axis."""

    histogram: Histogram
    title: str
    about: str
    unit: str
    symbols: str
    """The axes as physicists write them."""
    entries: float
    mean: float | None


def shown(plot: Plot, spec: Runspec | None) -> Shown | None:
    """``plot`` of a job, in words where we have some; None where it can't be drawn."""
    try:
        histogram = plot.histogram()
    except ValueError:
        return None
    found = _UNIT.search(plot.x_label)
    unit = plain(found[1]) if found else ""
    known = term("histogram", f"{spec.family}.{plot.name}") if spec is not None and spec.family else None
    title = plain(plot.title) if known is None else known.name
    if known is not None:
        x_label = f"{known.axis} [{unit}]" if unit else known.axis
        y_label = gettext("how often, per collision and {unit}").format(unit=unit) if unit else gettext("how often, per collision")
        histogram = dataclasses.replace(histogram, title="", x_label=x_label, y_label=y_label)
    else:
        histogram = dataclasses.replace(histogram, title="", x_label=plain(plot.x_label), y_label=plain(plot.y_label))
    symbols = " · ".join(part for part in (plain(plot.title), plain(plot.x_label), plain(plot.y_label)) if part)
    return Shown(histogram, title or plain(plot.name), "" if known is None else known.about, unit, symbols, plot.entries, plot.mean)


def bin_value(found: Shown, place: int) -> str:
    """“20 to 24 GeV: 0.034 ± 0.002”."""
    low, high = (figure(edge) for edge in found.histogram.edges[place : place + 2])
    height, error = figure(found.histogram.heights[place]), figure(found.histogram.errors[place])
    values = {"low": low, "high": high, "unit": found.unit, "height": height, "error": error}
    if found.unit:
        return gettext("{low} to {high} {unit}: {height} ± {error}").format(**values)
    return gettext("{low} to {high}: {height} ± {error}").format(**values)


def spoken_plot(found: Shown) -> str:
    """A histogram for who listens: what it is, where it is highest, what it comes from."""
    if found.histogram.is_empty:
        return gettext("Histogram: {title}, {nothing}").format(title=found.title, nothing=word("empty_plot"))
    heights = found.histogram.heights
    top = bin_value(found, heights.index(max(heights)))
    bins = ngettext("{count} bin", "{count} bins", len(heights)).format(count=len(heights))
    parts = [gettext("Histogram: {title}, {bins}, highest at {top}").format(title=found.title, bins=bins, top=top), entries(found)]
    return ". ".join(part for part in parts if part)


def entries(found: Shown) -> str:
    """How much is in it, and around what."""
    number = ngettext("{count} entry", "{count} entries", round(found.entries)).format(count=count(round(found.entries)))
    if found.mean is None or not found.entries:
        return number
    mean = f"{figure(found.mean)}\N{NO-BREAK SPACE}{found.unit}" if found.unit else figure(found.mean)
    return gettext("{entries}, mean {mean}").format(entries=number, mean=mean)


def _rate(rate: float) -> str:
    return count(round(rate)) if rate >= _WHOLE_RATE else pointed(f"{rate:.2g}")


# --- a collision -----------------------------------------------------------------------------------------------------


def collision_caption(found: Collision, *, colored: bool) -> str:
    """What is seen, and what its colours mean where there are any."""
    seen = gettext("Seen along the beam, in a magnetic field.")
    return f"{seen} {gettext(_COLLISION.get(found.family, _COLLISION['']))}" if colored else seen


def spoken_collision(found: Collision) -> str:
    """The picture for who listens."""
    charged = sum(1 for one in found.particles if one.charge)
    hardest = max(one.pt for one in found.particles)
    counted = ngettext("{count} particle would leave a signal", "{count} particles would leave a signal", found.count).format(count=count(found.count))
    return gettext("{title}: {counted}; of the hardest {drawn}, {charged} are charged. The hardest has {energy} across the beam").format(
        title=word("collision"), counted=counted, drawn=count(len(found.particles)), charged=count(charged), energy=f"{figure(hardest)}\N{NO-BREAK SPACE}GeV"
    )


# --- results ---------------------------------------------------------------------------------------------------------


def result_title(result: Result) -> str:
    """“jets, proton–proton collisions at 13 TeV”."""
    spec = result.spec
    return plain(result.task) if spec is None else _begun(gettext("{process}, {collisions}").format(process=process(spec), collisions=collisions(spec)))


def _begun(text: str) -> str:
    """As the beginning of a line."""
    return text[:1].upper() + text[1:]


def result_line(result: Result, reader: Reader) -> str:
    """A result in a list: first what tells it from others of the same kind, for a narrow list cuts off the end."""
    return " · ".join(part for part in (moment(result.at, reader), result_title(result)) if part)


def result_facts(result: Result, reader: Reader) -> str:
    """What is known of it in a line."""
    parts = [
        "" if result.spec is None else program(result.spec),
        gettext("{count} collisions").format(count=count(result.events)) if result.events else "",
        moment(result.at, reader),
        "" if result.cross_section_mb is None else gettext("cross section {value}").format(value=_section(result.cross_section_mb)),
    ]
    return " · ".join(part for part in parts if part)


def _section(millibarn: float) -> str:
    """In the unit that leaves few zeros."""
    unit, factor = next((pair for pair in _SECTIONS if millibarn * pair[1] >= 1), _SECTIONS[-1])
    return f"{figure(millibarn * factor)}\N{NO-BREAK SPACE}{unit}"


def picture_title(found: Shown, spec: Runspec | None) -> tuple[str, str]:
    """Title and subtitle of a picture: what it shows and which collisions; nothing that tells whose they are."""
    if spec is None:
        return found.title, ""
    return found.title, " · ".join((collisions(spec), process(spec), program(spec)))
