"""One version for all systems, and what they read beside it."""

from __future__ import annotations

import plistlib

from bundle_build import version
from hypothesis import given
from hypothesis import strategies as st

import t4t


def test_there_is_one_version() -> None:
    assert version.version() == t4t.__version__


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=3), st.sampled_from(["", "rc1", ".dev0", "+local.7"]))
def test_windows_gets_four_numbers(parts: list[int], rest: str) -> None:
    found = version.numbers(".".join(map(str, parts)) + ("+local.7" if rest == "+local.7" else ""))
    assert len(found) == 4
    assert list(found[: len(parts)]) == parts
    assert found[3] == 0


def test_macos_reads_the_property_lists() -> None:
    found = plistlib.loads(plistlib.dumps(version.info_plist("1.2.3")))
    assert found["LSUIElement"] is True
    assert found["CFBundleShortVersionString"] == found["CFBundleVersion"] == "1.2.3"
    entitlements = plistlib.loads((version.ROOT / "packaging/bundle/macos/entitlements.plist").read_bytes())
    assert entitlements == {"com.apple.security.cs.allow-jit": True, "com.apple.security.cs.allow-unsigned-executable-memory": True}


def test_windows_reads_the_names() -> None:
    found = version.windows_strings("1.2.3", "t4tw.exe")
    assert (found["InternalName"], found["OriginalFilename"], found["FileVersion"]) == ("t4tw", "t4tw.exe", "1.2.3")
