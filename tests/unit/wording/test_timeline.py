"""Every line of the history is a sentence for people."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.errors import leaves
from t4t.domain.policy import RULES, Level, PauseKind
from t4t.domain.progress import Happened
from t4t.wording.timeline import PLAIN, WITH_DATA, because_of, sentence

_ENGINE: Final = Path(__file__).resolve().parents[3] / "app" / "t4t" / "engine"
_KNOWN: Final = sorted({*PLAIN, *WITH_DATA})


def _told() -> set[str]:
    """The names of all lines that the engine's sources write."""
    found = set()
    for path in _ENGINE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"note", "tell", "_want"}:
                found |= {argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant) and isinstance(argument.value, str)}
            if isinstance(node, ast.keyword) and node.arg == "told" and isinstance(node.value, ast.Constant):
                found.add(str(node.value.value))
    return found


def test_whatever_the_engine_writes_has_words() -> None:
    told = {one for one in _told() if one} | {one.value for one in Happened if one is not Happened.IGNORED}
    assert {"agent_started", "orphans_removed", "paused_by_you", "resumed_by_you"} <= told
    assert told <= set(_KNOWN)


@given(
    st.sampled_from(_KNOWN) | st.text(max_size=20),
    st.text(max_size=400)
    | st.sampled_from([leaf.code for leaf in leaves()])
    | st.builds("{} {}".format, st.sampled_from([level.value for level in Level]), st.sampled_from([rule.id for rule in RULES]))
    | st.builds("{}".format, st.integers())
    | st.builds("{} {}".format, st.integers(), st.integers()),
    st.floats(allow_nan=True, allow_infinity=True),
)
def test_any_line_is_one_sentence(what: str, detail: str, lost_s: float) -> None:
    text = sentence(what, detail, lost_s)
    assert text.isprintable()
    assert len(text) < 500
    if text:
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")


@pytest.mark.parametrize(
    ("what", "detail", "lost_s", "text"),
    [
        ("paused_by_you", PauseKind.HOUR.value, 0.0, "You paused it: for 1 hour."),
        ("paused_by_you", "of a later version", 0.0, "You paused it."),
        ("level", "paused manual_pause", 0.0, ""),
        ("level", "saved manual_pause", 0.0, "Saved to disk: your pause is a longer one."),
        ("level", "paused disk", 0.0, "Waiting: the disk is almost full."),
        ("level", "saved disk", 0.0, "Saved to disk: the disk is almost full."),
        ("level", "gentle busy", 0.0, "Slowed down: other programs are busy."),
        ("level", "stopped quitting", 0.0, "The program is being ended; everything is saved."),
        ("level", "full base", 0.0, "Nothing holds the work back any more."),
        ("level", "full disk", 0.0, "Works at full power."),
        ("recovered", "checkpoint", 90.0, "The virtual machine had ended by itself; it goes on from its last checkpoint. Work of 2 min was lost."),
        ("recovered", "boot", 0.0, "The virtual machine had ended by itself; it begins anew, because there was no checkpoint."),
        ("orphans_removed", "1 2048", 0.0, "1 virtual machine of ours that belonged to nothing was removed; 2.0 GB are free again."),
        ("orphans_removed", "much", 0.0, "Virtual machines of ours that belonged to nothing were removed."),
        ("clock_set", "-3600", 0.0, "The computer's clock was set back by 1 h."),
        ("clock_set", "60", 0.0, "The computer's clock was set forward by 1 min."),
        ("clock_set", "?", 0.0, "The computer's clock was set."),
        ("computer_slept", "5400", 0.0, "The computer slept for 1 h 30 min."),
        ("computer_slept", "?", 0.0, "The computer slept."),
        ("resting", "600", 0.0, "The job asked for a rest of 10 min."),
        ("resting", "?", 0.0, "The job asked for a rest."),
        ("interrupted", "save", 0.0, "The program had ended in the middle of saving the virtual machine; it was looked at again."),
        ("interrupted", "?", 0.0, "The program had ended in the middle of its work; what was going on was looked at again."),
        ("checkpoint_skipped", "T4T-DISK-01", 0.0, "No checkpoint this time: Not enough disk space (T4T-DISK-01)."),
        ("refused", "T4T-TASK-02", 0.0, "It can't be run and was put into “failed”: The job description can't be read (T4T-TASK-02)."),
        ("state_set_aside", "x", 0.0, "A file of the program could not be read. It was put aside as x, and the work goes on."),
        ("failed", "T4T-NEW-99", 0.0, "It failed: T4T-NEW-99."),
        ("of_a_later_version", "", 0.0, "Something happened that this version has no words for."),
    ],
)
def test_sentences(what: str, detail: str, lost_s: float, text: str) -> None:
    assert sentence(what, detail, lost_s) == text


def test_an_error_is_named_by_its_title_or_by_its_code_alone() -> None:
    assert because_of("T4T-HV-01") == "T4T-HV-01"  # its title needs data that the history does not keep
    assert because_of("T4T-NEW-99") == "T4T-NEW-99"
