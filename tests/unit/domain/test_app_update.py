"""Which version is taken, and what whoever applies one does next."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from t4t.domain.app_update import (
    DAY_S,
    STARTS,
    UNDER_WAY,
    Deed,
    Kind,
    Offer,
    Record,
    Step,
    UpdateView,
    Verdict,
    is_due,
    is_newer,
    is_news,
    judge,
    next_deed,
    previous_target,
    rank,
    target,
    view_of,
)

NUMBERS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda numbers: ".".join(map(str, numbers)))
VERSIONS = st.tuples(NUMBERS, st.sampled_from(("", "a1", "a12", "b2", "rc1", "rc10"))).map("".join)
KINDS = st.sampled_from(Kind)


def offer(version: str = "2.0", kind: Kind = Kind.TAR, *, security: bool = False) -> Offer:
    return Offer(version=version, kind=kind, file="f", nbytes=1, sha256="00", security=security)


@given(one=VERSIONS, other=VERSIONS)
def test_versions_are_ordered_as_pythons_own_are(one: str, other: str) -> None:
    assert is_newer(one, other) == (Version(one) > Version(other))
    assert (rank(one) == rank(other)) == (Version(one) == Version(other))


@pytest.mark.parametrize("text", ["", "1.", "v1", "1.2.3.4.5", "1.2-3", "1.2.dev1", "1.2+local", "١.٢", "1.2\n", "1.2rc", "9999999.1", " 1.2"])
def test_what_is_no_version_is_never_newer(text: str) -> None:
    assert rank(text) is None
    assert not is_newer(text, "0")
    assert not is_newer("9", text)


@given(versions=st.tuples(VERSIONS, VERSIONS, VERSIONS), kind=KINDS, offered=KINDS, bad=st.lists(VERSIONS).map(tuple))
def test_never_backwards_never_what_failed_never_what_somebody_else_looks_after(
    versions: tuple[str, str, str], kind: Kind, offered: Kind, bad: tuple[str, ...]
) -> None:
    installed, version, skipped = versions
    verdict = judge(offer(version, offered), installed=installed, kind=kind, bad=bad, skipped=skipped)
    if verdict is Verdict.TAKE:
        assert Version(version) > Version(installed)
        assert version not in bad
        assert version != skipped
        assert kind is offered
        assert kind.in_place
    else:
        assert verdict is not Verdict.TELL or kind in {Kind.DEB, Kind.RPM}
        assert verdict is not Verdict.NOTHING or kind is not offered or Version(version) <= Version(installed)


def test_each_verdict() -> None:
    assert judge(offer(), installed="1.0", kind=Kind.TAR) is Verdict.TAKE
    assert judge(offer(kind=Kind.DEB), installed="1.0", kind=Kind.DEB) is Verdict.TELL
    assert judge(offer(), installed="1.0", kind=Kind.TAR, bad=("2.0",)) is Verdict.BAD
    assert judge(offer(), installed="1.0", kind=Kind.TAR, skipped="2.0") is Verdict.SKIPPED
    assert judge(offer(), installed="2.0.1", kind=Kind.TAR) is Verdict.NOTHING


def test_names_of_installers() -> None:
    assert {target(kind, "linux-x86_64") for kind in Kind} == {f"t4t-linux-x86_64{suffix}" for suffix in (".tar.xz", ".dmg", ".exe", ".deb", ".rpm")}
    assert previous_target(Kind.SETUP, "win32-AMD64") == "previous/t4t-win32-AMD64.exe"


@given(
    step=st.sampled_from(Step),
    here=st.sampled_from(("1.0", "2.0", "3.0", "")),
    starts=st.integers(0, STARTS + 1),
    has_offer=st.booleans(),
)
def test_there_is_always_a_next_deed_that_fits_what_is_in_place(step: Step, here: str, starts: int, has_offer: bool) -> None:  # noqa: FBT001 - drawn
    record = Record(step=step, offer=offer() if has_offer else None, before="1.0", starts=starts)
    deed = next_deed(record, here)
    assert (deed is Deed.STOP) == (step not in UNDER_WAY or not has_offer)
    if deed in {Deed.SWITCH, Deed.GIVE_UP}:
        assert here != "2.0"
        assert (deed is Deed.SWITCH) == (starts < STARTS)
    if deed is Deed.TRY:
        assert here == "2.0"
    if deed is Deed.RETURN:
        assert here in {"2.0", ""}
    if deed is Deed.CONFIRM_RETURN:
        assert here == "1.0"
    if deed is Deed.FORGET:
        assert here == "3.0"


@given(seed=st.data())
def test_every_life_ends_on_a_whole_version(seed: st.DataObject) -> None:
    """Whatever each deed does or fails to do, and wherever it is killed: the loop ends, and what is in place is one of the two."""
    here, record = "1.0", Record(step=Step.SWITCHING, offer=offer(), before="1.0")
    for _ in range(40):
        deed = next_deed(record, here)
        killed = seed.draw(st.booleans())
        match deed:
            case Deed.STOP:
                break
            case Deed.SWITCH:
                record = msgspec.structs.replace(record, starts=record.starts + 1)
                here = here if killed else "2.0"
            case Deed.TRY:
                works = seed.draw(st.booleans())
                record = msgspec.structs.replace(record, step=Step.TRIAL if killed else Step.IDLE if works else Step.RETURNING)
            case Deed.RETURN:
                here = here if killed else "1.0"
            case _:
                record = record if killed else msgspec.structs.replace(record, step=Step.IDLE)
        assert here in {"1.0", "2.0"}
        assert record.starts <= STARTS


@pytest.mark.parametrize(
    ("checked", "tried", "due"),
    [
        (0.0, 0.0, True),
        (1e9, 1e9, False),
        (1e9 - DAY_S + 1, 1e9 - DAY_S + 1, False),
        (1e9 - DAY_S - 1, 1e9 - DAY_S - 1, True),
        (1e9 - 2 * DAY_S, 1e9 - 60.0, False),
        (1e9 - 2 * DAY_S, 1e9 - 2 * 3600.0, True),
        (1e9 + 9 * DAY_S, 1e9 + 9 * DAY_S, True),
    ],
)
def test_when_it_is_asked_again(checked: float, tried: float, *, due: bool) -> None:
    assert is_due(Record(checked_at=checked, tried_at=tried), 1e9) is due


def test_what_is_shown() -> None:
    assert view_of(Record(), installed="1.0", kind=Kind.TAR) == UpdateView(installed="1.0")
    view = view_of(Record(offer=offer(security=True), step=Step.READY, previous="0.9"), installed="1.0", kind=Kind.TAR)
    assert (view.newest, view.verdict, view.security, view.previous) == ("2.0", Verdict.TAKE, True, "0.9")
    assert is_news(view)
    assert not is_news(msgspec.structs.replace(view, step=Step.TRIAL))
    assert not is_news(msgspec.structs.replace(view, verdict=Verdict.BAD))
