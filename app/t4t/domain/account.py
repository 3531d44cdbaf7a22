"""Rules of accounts that the client must keep, because the server can't or does not: addresses, passwords, names, keys."""

from __future__ import annotations

import enum
import hashlib
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from t4t.domain.project_errors import (
    AccountCreationClosed,
    AccountCreationOnWebsite,
    AddressRefused,
    ChangeOnWebsite,
    ConsentNeeded,
    EmailInUse,
    EmailRefused,
    EmailUnknown,
    InviteCodeNeeded,
    InviteCodeWrong,
    KeyMalformed,
    KeyRefused,
    PasswordTooShort,
    PasswordWrong,
    PlatformNotSupported,
    ProjectDown,
    ProjectRefused,
    SecureAddressNeeded,
    TeamUnknown,
    UserNameRefused,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from t4t.domain.errors import T4TError
    from t4t.domain.project import ErrorDocument, ProjectConfig

_KEY: Final = re.compile(r"[0-9a-fA-F]{32}")
_WEAK_KEY: Final = re.compile(r"[0-9]{1,18}_[0-9a-fA-F]{32}")
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_SPECIAL: Final = frozenset("<>&\"'")


class KeyKind(enum.Enum):
    """A full key may change the account; a weak one only computes for it."""

    FULL = "full"
    WEAK = "weak"


def master_url(address: str) -> str:
    """A project's address as BOINC writes it: scheme, host in lower case, one slash at the end, no doubled ones; raises `AddressRefused`.

    An address without scheme is taken for https.
    """
    text = address.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("https:")
    if not host or parts.scheme not in {"https", "http"} or parts.username is not None or any(c.isspace() for c in text):
        raise AddressRefused(address=text.partition("?")[0].rpartition("@")[2][:200], reason="it is no address of a project")
    site = f"[{host}]" if ":" in host else host
    path = re.sub(r"/{2,}", "/", f"/{parts.path}/")
    return f"{parts.scheme}://{site}{f':{port}' if port else ''}{path}"


def key_kind(key: str) -> KeyKind:
    """Which kind of account key this is; raises `KeyMalformed`."""
    if _KEY.fullmatch(key):
        return KeyKind.FULL
    if _WEAK_KEY.fullmatch(key):
        return KeyKind.WEAK
    raise KeyMalformed(length=len(key))


def password_hash(email: str, password: str) -> str:
    """What a project gets instead of the password; as good as the password itself, so it is a secret too."""
    return hashlib.md5((password + email.strip().lower()).encode(), usedforsecurity=False).hexdigest()


def check_password(password: str, minimum: int) -> None:
    """Raise `PasswordTooShort`: the server sees only a hash and can't."""
    if len(password) < minimum:
        raise PasswordTooShort(length=len(password), minimum=minimum)


def check_user_name(name: str) -> None:
    """Raise `UserNameRefused` for what every server refuses."""
    reason = ""
    if not name:
        reason = "it is empty"
    elif name != name.strip():
        reason = "it begins or ends with a blank"
    elif _NUMBER.fullmatch(name):
        reason = "it is a number"
    elif _SPECIAL & set(name):
        reason = "it holds one of < > & \" '"
    if reason:
        raise UserNameRefused(name=name, reason=reason)


def check_platform(config: ProjectConfig, platforms: Sequence[str]) -> None:
    """Raise `PlatformNotSupported` unless the project has programs for one of this computer's platforms; one that lists none may have some."""
    offered = {platform.platform_name for platform in config.platforms}
    if offered and not offered.intersection(platforms):
        raise PlatformNotSupported(project=config.name, platform=platforms[0])


def check_creation(config: ProjectConfig, *, invite_code: str, consent: bool) -> None:
    """Raise what stands against a new account before anything is sent."""
    if config.web_stopped:
        raise ProjectDown(project=config.name, message="")
    if config.closed:
        raise AccountCreationClosed(project=config.name)
    if config.invite_code_required and not invite_code.strip():
        raise InviteCodeNeeded(project=config.name)
    if config.terms_of_use and not consent:
        raise ConsentNeeded(project=config.name)


class Asked(enum.Enum):
    """What was asked for: the same number means different things."""

    ACCOUNT = "account"
    KEY = "key"
    TEAM = "team"


_DOWN: Final = frozenset({-138, -183})
_IN_USE: Final = frozenset({-137, -207})
_UNKNOWN: Final = frozenset({-136, -161})
_GENERIC: Final = -1


def refusal(document: ErrorDocument, asked: Asked, *, project: str, address: str, email: str = "", name: str = "") -> T4TError:  # noqa: C901, PLR0911 (a table)
    """The leaf for an error document."""
    number, message = document.error_num, document.error_msg
    if number in _DOWN:
        return ProjectDown(project=project, message=message)
    if number in _UNKNOWN:
        return {Asked.ACCOUNT: EmailUnknown(email=email), Asked.KEY: KeyRefused(project=project), Asked.TEAM: TeamUnknown(team=name)}[asked]
    if number in _IN_USE:
        return EmailInUse(email=email)
    match number:
        case -155:
            return KeyRefused(project=project)
        case -188:
            return UserNameRefused(name=name, reason=message)
        case -205:
            return EmailRefused(email=email)
        case -206:
            return PasswordWrong(email=email)
        case -208:
            return AccountCreationClosed(project=project)
        case -209:
            return InviteCodeWrong(project=project)
        case -238:
            return SecureAddressNeeded(address=address)
        case -242:
            return ConsentNeeded(project=project)
        case _:
            return _by_text(number, message, project=project, address=address)


def _by_text(number: int, message: str, *, project: str, address: str) -> T4TError:
    """Errors that have only a text, of which BOINC's own are known."""
    text = message.lower() if number == _GENERIC else ""
    if "not accepting new accounts" in text:
        return AccountCreationClosed(project=project)
    if "visit the project web site" in text:
        return AccountCreationOnWebsite(address=address)
    if "bad parameter: invite_code" in text:
        return InviteCodeNeeded(project=project)
    if "invalid invitation code" in text:
        return InviteCodeWrong(project=project)
    if text == "not supported":
        return ChangeOnWebsite(address=address)
    return ProjectRefused(error_num=number, message=message)
