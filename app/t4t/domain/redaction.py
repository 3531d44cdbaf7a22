"""Keys and passwords taken out of text before it reaches a log or a report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN: Final = "[hidden]"
_SHORTEST: Final = 6
"""Shorter secrets are words that stand everywhere; blanking them would tell more than it hides."""
_NAMED: Final = re.compile(
    r"((?:authenticator|account_key|weak_auth|passwd_hash|password_hash|passwd|password|auth|ttok|invite_code|cookie|proxy-authorization)"
    r"(?:\s*+=\s*+|\s*+>\s*+|[\"']?+\s*+:\s*+)[\"']?+)([^\s\"'&<>,;)]++)",
    re.IGNORECASE,
)
_KEY: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9]++_)?+[0-9a-fA-F]{32}(?![0-9A-Za-z])")
_LOGIN: Final = re.compile(r"(?<=://)[^/\s@]++@")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without the given secrets, values of fields that hold keys, logins in addresses, and whatever has the form of an account key."""
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _LOGIN.sub(f"{HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _KEY.sub(HIDDEN, text)
