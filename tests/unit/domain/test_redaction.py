"""No key reaches a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t4t.domain.redaction import HIDDEN, redact

KEY = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"<authenticator>{KEY}</authenticator>",
        "GET /create_account.php?email_addr=a%40b&passwd_hash=hunter22x&user_name=V",
        "notices.php?userid=8&auth=8_hunter22x",
        'Cookie: auth=hunter22x; {"password": "hunter22x"}',
        f"key {KEY}, weak 17_{KEY}.",
        "http://user:hunter22x@proxy.example:3128/",
        "passwd = hunter22x",
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    shown = redact(text)
    assert "hunter22x" not in shown
    assert KEY not in shown
    assert HIDDEN in shown
    assert redact(shown) == shown


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    assert redact("open sesame and sesame", ["open sesame", "sesame", "and"]) == f"{HIDDEN} and {HIDDEN}"


def test_the_rest_stays() -> None:
    text = "https://lhcathome.cern.ch/lhcathome/ answered 200 in 1.2 s: md5 of Theory_1_0"
    assert redact(text) == text


@given(st.text(max_size=200), st.text(alphabet="жщ", min_size=6, max_size=20))
def test_a_given_secret_never_survives(text: str, secret: str) -> None:
    assert secret not in redact(text + secret + text, [secret])
