"""A key pair of the demo project's own, in BOINC's format: made at its first start, kept, and never used for anything else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

if TYPE_CHECKING:
    from pathlib import Path

_BITS: Final = 1024
_BYTES: Final = _BITS // 8
_EXPONENT: Final = 65537
_LINE: Final = 64


def _hex(number: int, nbytes: int) -> str:
    digits = f"{number:0{2 * nbytes}x}"
    return "\n".join(digits[at : at + _LINE] for at in range(0, len(digits), _LINE))


@dataclass(frozen=True, slots=True)
class KeyPair:
    """1024 bits, because BOINC's format has no other size."""

    modulus: int
    private_exponent: int = field(repr=False)

    @classmethod
    def kept(cls, path: Path) -> Self:
        """The key pair in ``path``, which only its owner can read; a new one is made there the first time. Raises `OSError` or ValueError."""
        if not path.exists():
            new = rsa.generate_private_key(_EXPONENT, _BITS)  # the protocol's size
            data = new.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
        found = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(found, rsa.RSAPrivateKey) or found.key_size != _BITS:
            raise ValueError(f"{path.name} is no RSA key of {_BITS} bits")
        numbers = found.private_numbers()
        return cls(numbers.public_numbers.n, numbers.d)

    @property
    def text(self) -> str:
        """The public key as clients get it."""
        return f"{_BITS}\n{_hex((self.modulus << _BITS) + _EXPONENT, 2 * _BYTES)}\n."

    def sign(self, md5: str) -> str:
        """The signature of a content with this MD5 in hex: PKCS#1 type 1 around its 32 letters, nothing else."""
        return f"{_hex(pow(self._padded(md5), self.private_exponent, self.modulus), _BYTES)}\n."

    def signed(self, md5: str, signature: str) -> bool:
        """Whether ``signature`` is this key's for ``md5``."""
        digits = "".join(signature.partition(".")[0].split())
        try:
            number = int(digits, 16) if len(digits) == 2 * _BYTES else 0
        except ValueError:
            return False
        return pow(number, _EXPONENT, self.modulus) == self._padded(md5)

    @staticmethod
    def _padded(md5: str) -> int:
        text = md5.encode("ascii")
        return int.from_bytes(b"\x00\x01" + b"\xff" * (_BYTES - 3 - len(text)) + b"\x00" + text, "big")


def md5_of(text: str) -> str:
    """MD5 in hex, the protocol's hash for everything."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def upload_permission(name: str, max_nbytes: str) -> str:
    """The MD5 that an upload's signature is of; ``max_nbytes`` exactly as it was written."""
    return md5_of(f"<name>{name}</name><max_nbytes>{max_nbytes}</max_nbytes>")
