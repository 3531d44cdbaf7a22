"""Code signing as BOINC does it: RSA over the hexadecimal text of an MD5, PKCS#1 type 1 without algorithm identifier, keys as lines of hex.

The first key of a project is kept and never replaced unless it signed its successor. 1024 bits and MD5 are weak; they are the protocol's, and https
carries them.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from t4t.domain.project_errors import SignatureInvalid, SignatureMissing, SigningKeyChanged, SigningKeyUnreadable
from t4t.domain.record import record

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

_BITS: Final = 1024
_BYTES: Final = _BITS // 8
_HEX: Final = re.compile(r"[0-9A-Fa-f\s]*+")


def _bytes(text: str, length: int, what: str) -> bytes:
    """Hex digits in lines up to the first other character (BOINC ends with a dot)."""
    found = _HEX.match(text.strip())
    digits = "".join(found[0].split()) if found else ""
    if len(digits) != 2 * length:
        raise SigningKeyUnreadable(reason=f"{what} of {len(digits)} digits instead of {2 * length}")
    return bytes.fromhex(digits)


@record
class SigningKey:
    """A project's public code-signing key, as the text that the project sent."""

    text: str

    def __post_init__(self) -> None:
        """Raise `SigningKeyUnreadable` unless it is a key."""
        self._numbers()

    def _numbers(self) -> RSAPublicNumbers:
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415 - 8 MB of memory that only who has a project needs

        bits, _, rest = self.text.strip().partition("\n")
        if bits.strip() != str(_BITS):
            raise SigningKeyUnreadable(reason=f"a key of “{bits.strip()[:20]}” bits")
        raw = _bytes(rest, 2 * _BYTES, "a key")
        numbers = RSAPublicNumbers(n=int.from_bytes(raw[:_BYTES], "big"), e=int.from_bytes(raw[_BYTES:], "big"))
        try:
            numbers.public_key()
        except ValueError as error:
            raise SigningKeyUnreadable(reason="no RSA key") from error
        return numbers

    def check(self, *, file: str, md5: str, signature: str) -> None:
        """Raise `SignatureMissing` or `SignatureInvalid` unless this key signed the MD5 (in hex) of ``file``."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - as in _numbers
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - as in _numbers

        if not signature.strip():
            raise SignatureMissing(file=file)
        try:
            signed = self._numbers().public_key().recover_data_from_signature(_bytes(signature, _BYTES, "a signature"), PKCS1v15(), None)
        except (InvalidSignature, SigningKeyUnreadable) as error:
            raise SignatureInvalid(file=file) from error
        if signed != md5.lower().encode("ascii"):
            raise SignatureInvalid(file=file)


def accepted_key(known: SigningKey | None, offered: str, signature: str, *, project: str) -> SigningKey | None:
    """The key to keep after a reply offered one (or none); raises `SigningKeyChanged` when another one comes without the old one's signature."""
    if not offered.strip():
        return known
    new = SigningKey(offered.strip())
    if known is None or _same(known, new):
        return known or new
    try:
        known.check(file=project, md5=hashlib.md5(offered.strip().encode(), usedforsecurity=False).hexdigest(), signature=signature)
    except (SignatureMissing, SignatureInvalid) as error:
        raise SigningKeyChanged(project=project) from error
    return new


def _same(one: SigningKey, other: SigningKey) -> bool:
    """Equal but for the layout of their text."""
    return "".join(one.text.split()).lower() == "".join(other.text.split()).lower()
