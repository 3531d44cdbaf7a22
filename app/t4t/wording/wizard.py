"""The words of the first run. Short sentences, for a reader of twelve; nothing is promised that does not hold, and nobody is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.offers import HOURS_A_DAY
from t4t.domain.setting_up import COUNTED, Step
from t4t.domain.settings.tree import Response
from t4t.wording.language import Marked, gettext, ngettext
from t4t.wording.numbers import decimal
from t4t.wording.screen import plain
from t4t.wording.settings import PRESETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.offers import Offer
    from t4t.domain.project import ProjectConfig, Team
    from t4t.domain.settings.presets import Preset
    from t4t.domain.trial_load import Trying

_MIB: Final = 1024
_FULL: Final = 100

_TITLES: Final[dict[Step, Marked]] = {
    Step.WELCOME: "Help physicists understand the smallest things in the universe",
    Step.COMPUTER: "Is this computer ready?",
    Step.RESOURCES: "How much would you like to give?",
    Step.ACCOUNT: "Who shall the work be counted for?",
    Step.PRIVACY: "What leaves your computer",
    Step.FIRST_RESULT: "Your first result",
}
_WORDS: Final[dict[str, Marked]] = {
    "steps": "Setting up",
    "back": "Back",
    "next": "Continue",
    "start": "Get started",
    "agree": "Agree and start",
    "done": "Done",
    "later": "Finish setting up later",
    "with_demo": "Continue with the demo",
    "anyway": "Continue, and do this later",
    # welcome
    "what": "When protons collide at CERN’s Large Hadron Collider, scientists compare what they see with what theory predicts. Predictions need billions of "
    "simulated collisions. Your computer can make some of them while you are not using it.",
    "sealed": "It runs sealed off, in its own “science box”: a small computer inside your computer, which can not read your files.",
    "you_decide": "You decide how much it may use, and can pause it at any time.",
    "language": "Language",
    "language_system": "The system’s language",
    "cost": "It is free. It uses some electricity, and shows you how much.",
    "how": "How does it work?",
    "how_less": "Show less",
    "how_1": "1. The science box gets a job from CERN’s servers: which particles collide, at what energy, by which theory.",
    "how_2": "2. It simulates collision after collision, and counts what comes out in histograms.",
    "how_3": "3. The histograms go back. Physicists put thousands of them together and compare them with what was measured.",
    # this computer
    "computer_below": "Everything is looked at, and nothing is changed or downloaded, before you say so.",
    "hopeless": "LHC@home’s program can not run on this computer, and nothing here would change that. Nothing was downloaded. "
    "You can still follow the science.",
    "hopeless_demo": "LHC@home’s program can not run on this computer, and nothing here would change that. The demo can: the same physics, for you to look at.",
    "science_site": "Follow the science on the web",
    "test_boot": "Starting a tiny test machine, to be sure…",
    # how much
    "resources_below": "You can change this at any time. It always gives way to what you do.",
    "by_itself": "It pauses by itself on battery, and during full screen, presentations and games. Settings has hours, programs, temperatures and more.",
    "data": "At the beginning LHC@home sends its science box, 1 to 3 GB; the demo needs no internet. Networks that cost by the byte are spared.",
    "estimate": "Electricity is an estimate by the kind of processor, for {hours} hours of work a day. What is really used is shown later.",
    "try": "Try it for 10 seconds",
    "try_stop": "Stop trying",
    "try_over": "That was it. Nothing is running now.",
    "try_below": "The same load as the work, so that you can hear the fan.",
    "suggested": "suggested here",
    # account
    "account_below": "LHC@home counts what each account has computed. You can begin without one.",
    "create": "New here: create an account",
    "log_in": "I have an account: sign in",
    "key": "I have an account key",
    "other": "Use BOINC’s account",
    "demo": "Try it without an account",
    "demo_text": "A small demo project inside this program hands out four real jobs of about a minute each. Nothing leaves your computer, and nobody "
    "counts it. You can join LHC@home afterwards.",
    "only_demo": "On this computer only the demo can run. It needs no account.",
    "project": "Project",
    "project_tip": "LHC@home’s address, if you were given no other",
    "email": "E-mail address",
    "name": "Name, which everybody sees",
    "password": "Password",
    "account_key": "Account key",
    "code": "Invitation: a code or a link (if you have one)",
    "team": "Team: its name or number (if you have one)",
    "terms": "The project’s terms",
    "accept": "I accept these terms",
    "asking": "Asking the project…",
    "found": "That worked. The next screen is the last before it starts.",
    "look_up_team": "Look the team up",
    "runs_beside": "BOINC on this computer works for this project too. Both at once need twice the memory: stop it there first.",
    "key_file": "In a file that a passphrase encrypts",
    "key_run": "Only until the program ends",
    "key_where": "Where shall the account key be kept?",
    "passphrase": "Passphrase for that file",
    # privacy
    "privacy_below": "All of it, on one screen. Nothing of the project’s work has left your computer yet.",
    "needed": "Needed to do the work, sent to the project",
    "needed_text": "The results, the ends of the logs of the work, your account’s key, and what this computer is:",
    "never": "Never",
    "never_text": "Your files, your screen, your computer’s name, which programs you use or which websites you visit. There are no usage counters, and "
    "nothing is sent to the makers of this program.",
    "demo_stays": "The demo stays on this computer",
    "demo_stays_text": "Its project is a part of this program. Nothing is sent anywhere, so there is nothing to agree to but the electricity.",
    "show_sent": "Show what this computer says of itself",
    "hide_sent": "Hide it",
    "joining": "Joining the project…",
    "opening": "Opening the demo project…",
    # first result
    "result_below": "You can close this window: it goes on in the background.",
    "fetch": "Get the science box and a job",
    "boot": "Start the science box",
    "compute": "Simulate collisions",
    "count": "Send the result",
    "autostart": "Start it when I log in",
    "autostart_text": "Recommended: otherwise it works only after you have started it yourself.",
    "autostart_refused": "This system’s own settings have switched that off; they have the last word.",
    "watch": "Run it now, while I watch",
    "watch_text": "It can run now, too: for an hour then, whatever you do. You can pause it at any time.",
    "see_science": "See the physics live",
    "see_home": "Show me what it does",
    "join_now": "Join LHC@home now",
    "finished": "Your computer has finished its first job.",
    "finished_demo": "Your computer has finished its first job, and the demo project has the result. This is how it is with LHC@home, too.",
    "again": "Set up again",
    "again_text": "Look at this computer, choose how much to give, join a project.",
    "unfinished": "Setting up is not finished.",
    "go_on": "Go on setting up",
    # progress
    "state_done": "done",
    "state_now": "now",
    "state_waiting": "waiting",
    "state_failed": "did not work",
}
_IN_USE: Final[dict[Response, Marked]] = {
    Response.PAUSE: "only while you are away",
    Response.ONE_CORE: "one processor while you work",
    Response.GENTLE: "half of that while you work",
    Response.GO_ON: "also while you work",
}
_SENT: Final[dict[str, Marked]] = {
    "p_vendor": "Processor’s maker",
    "p_model": "Processor",
    "p_ncpus": "Processors",
    "m_nbytes": "Memory",
    "d_total": "Size of the disk",
    "d_free": "Free on it",
    "os_name": "System",
    "os_version": "Its version",
    "virtualbox_version": "VirtualBox",
    "timezone": "Time zone",
}
_BYTES: Final = frozenset({"m_nbytes", "d_total", "d_free"})
_GIB: Final = 1 << 30
_HOUR: Final = 3600


def word(key: str) -> str:
    """A word, or a sentence that never changes."""
    return gettext(_WORDS[key])


def title(step: Step) -> str:
    """A screen's headline."""
    return gettext(_TITLES[step])


def spoken_place(step: Step) -> str:
    """Where somebody is, for who does not see the dots."""
    if step not in COUNTED:
        return word("steps")
    return gettext("Step {number} of {all}").format(number=COUNTED.index(step) + 1, all=len(COUNTED))


def spoken_next(text: str, step: Step) -> str:
    """The button that goes on, for who listens."""
    return gettext("{button}, {place}").format(button=text, place=spoken_place(step))


# --- this computer -----------------------------------------------------------------------------------------------------


def computer_below(diagnosis: Diagnosis | None) -> str:
    """Below the headline: where it stands."""
    if diagnosis is None or not diagnosis.hopeless:
        return word("computer_below")
    return word("hopeless_demo" if diagnosis.can_demo else "hopeless")


def computer_next(diagnosis: Diagnosis) -> str:
    """The button that goes on from the checks."""
    if diagnosis.ready:
        return word("next")
    if diagnosis.hopeless:
        return word("with_demo" if diagnosis.can_demo else "done")
    return word("anyway")


# --- how much ----------------------------------------------------------------------------------------------------------


def preset(one: Preset) -> str:
    """Its name."""
    return gettext(PRESETS[one])


def offer_lines(one: Offer) -> tuple[str, ...]:
    """What a preset means here, in short lines."""
    cores = ngettext("{cores} of {all} processor", "{cores} of {all} processors", one.of_cores).format(cores=one.cores, all=one.of_cores)
    return cores, gettext(_IN_USE[one.in_use]), gettext("about {watts} W").format(watts=decimal(one.watts))


def spoken_offer(one: Offer) -> str:
    """The same in one breath."""
    mark = f" ({word('suggested')})" if one.suggested else ""
    return f"{preset(one.preset)}{mark}: {', '.join(offer_lines(one))}"


def offer_whole(one: Offer, *, price: float = 0.0, currency: str = "") -> str:
    """What it comes to."""
    shape = gettext("{name} means here: {cores} of {all} processors, {memory} GB of memory while it works, up to {disk} GB of disk, about {kwh} kWh a month")
    text = shape.format(
        name=preset(one.preset),
        cores=one.cores,
        all=one.of_cores,
        memory=decimal(one.memory_mib / _MIB, 1),
        disk=decimal(one.disk_gib),
        kwh=decimal(one.kwh_a_month, 1),
    )
    money = f" ({decimal(price * one.kwh_a_month, 2)} {plain(currency, 12)})" if price > 0 else ""
    return f"{text}{money}."


def estimate() -> str:
    """How the electricity is known."""
    return word("estimate").format(hours=f"{HOURS_A_DAY:.0f}")


def trying(now: Trying) -> str:
    """While a load is tried."""
    shape = ngettext("{left} second left. Measured: {cores} processors busy.", "{left} seconds left. Measured: {cores} processors busy.", round(now.left_s))
    return shape.format(left=round(now.left_s), cores=decimal(now.busy_cores, 1))


# --- account -----------------------------------------------------------------------------------------------------------


def other_account(user: str) -> str:
    """The account of another client here."""
    return gettext("Use {user}’s account from BOINC").format(user=plain(user, 20)) if user else word("other")


def new_password(config: ProjectConfig | None) -> str:
    """The field of a password that is to be made up."""
    return gettext("A new password, at least {least} characters").format(least=6 if config is None else config.min_passwd_length)


def team_found(team: Team) -> str:
    """A team that somebody is about to join."""
    return gettext("You will join “{name}”.").format(name=plain(team.name, 80))


def joined(project: str) -> str:
    """Which account was found."""
    return gettext("You are known at {project}.").format(project=plain(project, 80))


# --- privacy -----------------------------------------------------------------------------------------------------------


def sent(values: Sequence[tuple[str, object]]) -> list[tuple[str, str]]:
    """What a project is told of this computer, by the names of the wire, as names and values for people; what is empty is not sent."""
    return [(gettext(_SENT[name]), _value(name, value)) for name, value in values if name in _SENT and value not in {"", 0}]


def _value(name: str, value: object) -> str:
    if name in _BYTES and isinstance(value, float | int):
        return gettext("{size} GB").format(size=decimal(value / _GIB))
    if name == "timezone" and isinstance(value, float | int):
        return gettext("{hours} hours").format(hours=f"{value / _HOUR:+.0f}")
    return plain(str(value))


def sent_to(project: str) -> str:
    """Who gets it."""
    return gettext("It goes to {project}, and to nobody else.").format(project=plain(project, 80))


# --- first result ------------------------------------------------------------------------------------------------------


def percent(fraction: float) -> str:
    """How far the first job is."""
    return gettext("{percent}\N{NO-BREAK SPACE}%").format(percent=round(_FULL * fraction))


def stage_line(name: str, state: str, detail: str) -> str:
    """A stage for who listens."""
    return ", ".join(part for part in (name, state, detail) if part)


def megabytes(received: int) -> str:
    """Of a download; empty for nothing yet."""
    return gettext("{mib} MB").format(mib=received >> 20) if received >> 20 else ""
