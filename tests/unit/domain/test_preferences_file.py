"""BOINC's files of preferences, there and back: what is not changed stays byte by byte."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.loose_xml import LooseXmlRefused
from t4t.domain.preferences_file import EMPTY, PreferencesFile

FIXTURES = sorted((Path(__file__).parents[2] / "fixtures" / "boinc-preferences").glob("*.xml"))
NEW = {"max_ncpus_pct": 37.5, "run_on_batteries": True, "daily_xfer_period_days": 7, "cpu_usage_limit": 12.25}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_nothing_is_lost(path: Path) -> None:
    before = path.read_bytes()
    file = PreferencesFile(before)
    assert file.changed(file.preferences().fields, now=5.0).data == before, "what is the same already stays as it was written"
    after = file.changed(NEW, now=5.0)
    assert {name: after.preferences().fields[name] for name in NEW} == NEW
    for venue in file.preferences().venues:
        assert after.preferences(venue).fields == file.preferences(venue).fields
    changed = re.compile(rb"\s*<(max_ncpus_pct|run_on_batteries|daily_xfer_period_days|cpu_usage_limit|mod_time)(>[^<]*</\1>|/>)")
    outside = re.compile(rb"<venue.*?</venue>", re.DOTALL)
    assert changed.sub(b"", outside.sub(b"", after.data)).split() == changed.sub(b"", outside.sub(b"", before)).split()
    assert outside.findall(after.data) == outside.findall(before)
    assert after.changed(NEW, now=9.0) == after
    assert (b"\r\n" in after.data) == (b"\r\n" in before)
    assert b"\r\n" not in before or b"\n" not in after.data.replace(b"\r\n", b"")


def test_when_it_was_changed() -> None:
    file = PreferencesFile(b"<global_preferences><mod_time>3.0</mod_time><cpu_usage_limit>50</cpu_usage_limit></global_preferences>")
    assert file.changed({"cpu_usage_limit": 50.0}, now=9.0) == file
    assert file.changed({"cpu_usage_limit": 51.0}, now=9.0).preferences().mod_time == 9.0


@pytest.mark.parametrize(
    "text",
    [
        "<global_preferences/>",
        "<global_preferences></global_preferences>",
        "<global_preferences>\n   </global_preferences>\n",
        "<global_preferences>\n",
        "<global_preferences>\r\n</global_preferences>",
        "<x><global_preferences><run_on_batteries/></global_preferences></x>",
        "<global_preferences><cpu_usage_limit>x</cpu_usage_limit><cpu_usage_limit>3</cpu_usage_limit></global_preferences>",
    ],
)
def test_any_shape_of_a_root(text: str) -> None:
    after = PreferencesFile(text.encode()).changed(NEW, now=1.0)
    assert {name: after.preferences().fields[name] for name in NEW} == NEW
    assert after.preferences().fields | NEW == after.preferences().fields


def test_a_yes_without_content() -> None:
    after = PreferencesFile(b"<global_preferences><run_on_batteries/><own/></global_preferences>").changed({"run_on_batteries": False}, now=1.0)
    assert after.data == b"<global_preferences><run_on_batteries>0</run_on_batteries><own/></global_preferences>"


def test_a_new_file() -> None:
    assert PreferencesFile(EMPTY).changed({"run_on_batteries": False}, now=1.0).data == (
        b"<global_preferences>\n   <run_on_batteries>0</run_on_batteries>\n</global_preferences>\n"
    )


@pytest.mark.parametrize("data", [b"", b"<html/>", b"<a>" * 100])
def test_what_is_no_such_file(data: bytes) -> None:
    with pytest.raises(LooseXmlRefused):
        PreferencesFile(data).preferences()
    with pytest.raises(LooseXmlRefused):
        PreferencesFile(data).changed(NEW, now=1.0)


_INNER = st.lists(
    st.sampled_from(
        [
            "<max_ncpus_pct>50</max_ncpus_pct>",
            "<run_on_batteries/>",
            "<unknown a='1'>x</unknown>",
            "<!-- <cpu_usage_limit>3</cpu_usage_limit> -->",
            "\n   ",
            "\r\n",
            "é",
            "<day_prefs><start_hour>3</start_hour></day_prefs>",
            '<venue name="home"><cpu_usage_limit>9</cpu_usage_limit></venue>',
            "<cpu_usage_limit> 20 </cpu_usage_limit>",
        ]
    ),
    max_size=12,
).map("".join)


@given(_INNER, st.sampled_from(["utf-8", "latin-1"]), st.fixed_dictionaries({}, optional={name: st.just(value) for name, value in NEW.items()}))
def test_any_file_keeps_what_is_not_ours(inner: str, encoding: str, wanted: dict[str, Any]) -> None:
    file = PreferencesFile(f"<global_preferences>{inner}</global_preferences>".encode(encoding))
    after = file.changed(wanted, now=1.0)
    assert after.preferences().fields == file.preferences().fields | wanted
    assert after.preferences("home").fields == (file.preferences("home").fields if file.preferences().venues else after.preferences().fields)
    for kept in (
        b"<unknown a='1'>x</unknown>",
        b"<!-- <cpu_usage_limit>3</cpu_usage_limit> -->",
        b"<day_prefs><start_hour>3</start_hour></day_prefs>",
        "é".encode(encoding),
    ):
        assert after.data.count(kept) == file.data.count(kept)
