"""The rules in words: each has its reason, what changes it, and what it sees against what."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given

from support.scripted_engine import a_view
from support.views import RULE_VIEWS
from t4t.domain.policy import RULES, Level, Value
from t4t.domain.session import RuleView, TrayState
from t4t.wording.rules import BECAUSE, HELD, TITLES, is_worth_a_line, overruled, shown_value
from t4t.wording.screen import Reader, RuleText, rule, rules, said

IDS = [one.id for one in RULES]


def view(name: str, value: Value = None, limit: Value = None, *, holds: bool = False, overruled: bool = False) -> RuleView:
    return RuleView(id=name, value=value, limit=limit, holds=holds, overruled=overruled)


def test_every_rule_has_its_words() -> None:
    assert set(BECAUSE) == {*IDS, "base"}
    assert set(TITLES) == set(IDS) - {"manual_pause", "quitting", "disk"}
    assert set(HELD) == set(IDS) - {"manual_pause", "quitting", "run_anyway", "use_less"}


@pytest.mark.parametrize(
    ("name", "value", "limit", "shown"),
    [
        ("hot", 86.4, 85, "86\N{NO-BREAK SPACE}°C, limit 85\N{NO-BREAK SPACE}°C"),
        ("too_hot", 86.4, None, "86\N{NO-BREAK SPACE}°C"),
        ("hot", "serious", 85, "hot"),
        ("busy", 4, 40, "they use 4\N{NO-BREAK SPACE}%, limit 40\N{NO-BREAK SPACE}%"),
        ("very_busy", 4, None, "they use 4\N{NO-BREAK SPACE}%"),
        ("charging", 62.0, 80, "62\N{NO-BREAK SPACE}%, goes on at 80\N{NO-BREAK SPACE}%"),
        ("charging", 62.0, None, "62\N{NO-BREAK SPACE}%"),
        ("woke", 12, 60.0, "12 s ago, goes on after 60 s"),
        ("woke", 12, None, "12 s ago"),
        ("memory", 900, 512, "900 MB free, 512 MB needed"),
        ("memory", 900, None, "900 MB free"),
        ("memory", float("nan"), 512, ""),
        ("disk_cap", 13 << 30, 12 << 30, "13.0 GiB with the next task, limit 12.0 GiB"),
        ("disk_cap", 13 << 30, None, ""),
        ("disk_cap", None, 12 << 30, ""),
        ("full_screen", "game", None, "a game"),
        ("full_screen", "of_a_later_version", None, ""),
        ("schedule", "pause", None, "no work"),
        ("in_use", 130, 300.0, "last input 2 min ago, away after 5 min"),
        ("in_use", "remote", 300.0, "over the network"),
        ("in_use", "locked", 300.0, "the screen is locked"),
        ("in_use", None, 300.0, ""),
        ("use_less", "gentle", None, "reduced power"),
        ("use_less", "one-core", None, "one processor"),
        ("programs", "editor, game\n", None, "editor, game"),
        ("programs", None, None, ""),
        ("battery", True, None, ""),
    ],
)
def test_what_a_rule_sees(name: str, value: Value, limit: Value, shown: str) -> None:
    assert shown_value(view(name, value, limit)) == shown


@given(one=RULE_VIEWS)
def test_any_value_is_fit_to_print(one: RuleView) -> None:
    assert shown_value(one).replace("\N{NO-BREAK SPACE}", " ").isprintable()


def test_what_is_not_known_has_no_line_and_what_is_overruled_has() -> None:
    assert not is_worth_a_line(view("busy"))
    assert is_worth_a_line(view("busy", 3, 40))
    assert not is_worth_a_line(view("power_saver", value=False))
    assert is_worth_a_line(view("power_saver", value=True, overruled=True))
    assert rules([view("in_use"), view("battery", value=False)]) == [RuleText("Plugged in", "", holds=False)]
    assert rule(view("full_screen", "game", overruled=True)) == RuleText("Something fills the screen", overruled(), holds=False)


def test_who_asked_for_less_reads_until_when() -> None:
    less = a_view(level=Level.GENTLE, deciding="use_less", state=TrayState.GENTLE, next_change=0.0)
    assert said(less, Reader(0.0)).sentence.startswith("Using less until ")
    assert said(msgspec.structs.replace(less, next_change=None), Reader(0.0)).sentence.startswith("Using less, as you asked: 62")


def test_slower_says_why() -> None:
    gentle = a_view(level=Level.GENTLE, deciding="in_use", state=TrayState.GENTLE)
    assert said(gentle, Reader(0.0)).sentence.startswith("Working slowly because you are using the computer: 62")
