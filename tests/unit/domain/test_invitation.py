"""Invitations: links of projects, codes, numbers, and whatever else somebody pastes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.invitation import Invitation, read

LHC = "https://lhcathome.cern.ch/lhcathome/"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{LHC}team_display.php?teamid=42", Invitation(project=LHC, team="42")),
        (f"{LHC}team_join_form.php?id=42", Invitation(project=LHC, team="42")),
        (f"{LHC}create_account_form.php?team_id=42&invite_code=a+b", Invitation(project=LHC, team="42", code="a b")),
        (f"{LHC}show_user.php?id=7", Invitation(project=LHC)),
        (f" {LHC}\n", Invitation(project=LHC)),
        ("http://127.0.0.1:8080/t4t/join.php?code=x", Invitation(project="http://127.0.0.1:8080/t4t/", code="x")),
        ("t4t-demo", Invitation(code="t4t-demo")),
        (" 42 ", Invitation(team="42")),
        ("", Invitation()),
        ("https://", Invitation()),
        ("https://[::1", Invitation()),
        ("HTTPS://example.org", Invitation(project="https://example.org/")),
    ],
)
def test_what_it_invites_to(text: str, found: Invitation) -> None:
    assert read(text) == found


@given(st.text() | st.text().map("https://example.org/".__add__) | st.text().map("http://".__add__))
def test_whatever_is_pasted_is_read_without_a_fault(text: str) -> None:
    found = read(text)
    assert found.project == "" or found.project.endswith("/")
