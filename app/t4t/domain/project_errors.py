"""Errors of the network, of a BOINC project's servers and of the account there; branches of the tree in `t4t.domain.errors`.

T4TError
├─ ProjectError        a project's servers, the network, or what came over it          exit 4
└─ AccountError        the account at a project, or where its key is kept              exit 3
"""

from __future__ import annotations

from dataclasses import dataclass

from t4t.domain.errors import Retry, T4TError, UsageError


class ProjectError(T4TError):
    """The project, its servers, or the way to them."""

    exit_code = 4
    retry = Retry.BACKOFF


class AccountError(T4TError):
    """The account at the project needs the volunteer's attention."""

    exit_code = 3
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class RecordUnreadable(UsageError):
    """The file named on the command line can't be read."""

    path: str
    reason: str
    code = "T4T-USE-11"


# --- the network ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Unreachable(ProjectError):
    """No connection, or it broke; ``host`` without path, because a path may hold a key."""

    host: str
    reason: str
    code = "T4T-NET-01"


@dataclass(eq=False)
class TlsRefused(ProjectError):
    """The server could not prove who it is."""

    host: str
    reason: str
    code = "T4T-NET-02"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class ServerFailed(ProjectError):
    """The server answered with an error of its own (5xx)."""

    host: str
    status: int
    code = "T4T-NET-03"


@dataclass(eq=False)
class RequestRefused(ProjectError):
    """The server refused the request for good (4xx)."""

    host: str
    status: int
    code = "T4T-NET-04"
    retry = Retry.NEVER


@dataclass(eq=False)
class RedirectRefused(ProjectError):
    """The server sends us to a place where we don't go."""

    host: str
    target: str
    code = "T4T-NET-05"
    retry = Retry.NEVER


@dataclass(eq=False)
class ReplyTooLarge(ProjectError):
    """More came than was announced or can be right; bytes."""

    host: str
    limit: int
    code = "T4T-NET-06"
    retry = Retry.NEVER


@dataclass(eq=False)
class ProxyRefused(ProjectError):
    """The proxy does not let us through."""

    proxy: str
    reason: str
    code = "T4T-NET-07"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class AddressRefused(ProjectError):
    """An address that is never used: not https (http only on this computer), with a password in it, or no address at all."""

    address: str
    reason: str
    code = "T4T-NET-08"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class TimedOut(ProjectError):
    """The server was too slow; seconds."""

    host: str
    seconds: float
    code = "T4T-NET-09"


@dataclass(eq=False)
class AllowanceUsed(ProjectError):
    """The data volume that the volunteer allows for these days is used up; MiB and days."""

    limit_mib: int
    days: int
    code = "T4T-NET-10"


@dataclass(eq=False)
class MeteredLink(ProjectError):
    """Something of ``mib`` MiB is wanted over a connection that costs by the byte."""

    file: str
    mib: int
    code = "T4T-NET-11"
    retry = Retry.AFTER_USER


# --- the project ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class ReplyUnreadable(ProjectError):
    """Not the reply that was asked for: another document, a web page, nothing."""

    kind: str
    reason: str
    code = "T4T-PRJ-01"


@dataclass(eq=False)
class ProjectDown(ProjectError):
    """The project's servers are stopped for a while; ``message`` is their own."""

    project: str
    message: str
    code = "T4T-PRJ-02"


@dataclass(eq=False)
class ProjectRefused(ProjectError):
    """The project refuses, for a reason that only its own text tells."""

    error_num: int
    message: str
    code = "T4T-PRJ-03"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class NotAProject(ProjectError):
    """The address is that of an account manager or of something else."""

    address: str
    code = "T4T-PRJ-04"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class PlatformNotSupported(ProjectError):
    """The project has no work for computers of this kind."""

    project: str
    platform: str
    code = "T4T-PRJ-05"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class NoScheduler(ProjectError):
    """The project's page names no scheduler that may be used."""

    address: str
    code = "T4T-PRJ-06"


@dataclass(eq=False)
class SigningKeyChanged(ProjectError):
    """The project signs with another key than before, and the old key does not vouch for it."""

    project: str
    code = "T4T-PRJ-07"
    retry = Retry.AFTER_USER


@dataclass(eq=False)
class SigningKeyUnreadable(ProjectError):
    """A code-signing key or signature that does not parse."""

    reason: str
    code = "T4T-PRJ-08"


@dataclass(eq=False)
class SignatureMissing(ProjectError):
    """A program file without a signature."""

    file: str
    code = "T4T-PRJ-09"
    retry = Retry.NEVER


@dataclass(eq=False)
class SignatureInvalid(ProjectError):
    """A program file that the project's key did not sign."""

    file: str
    code = "T4T-PRJ-10"
    retry = Retry.NEVER


@dataclass(eq=False)
class FileWrongSize(ProjectError):
    """A file is not as long as announced; bytes."""

    file: str
    expected: int
    actual: int
    code = "T4T-PRJ-11"


@dataclass(eq=False)
class FileWrongChecksum(ProjectError):
    """A file's content is not what was announced."""

    file: str
    expected: str
    actual: str
    code = "T4T-PRJ-12"


@dataclass(eq=False)
class FileNameRefused(ProjectError):
    """A name that could leave its folder or means something else on some system."""

    name: str
    code = "T4T-PRJ-13"
    retry = Retry.NEVER


@dataclass(eq=False)
class ArchiveRefused(ProjectError):
    """Compressed data that is damaged or grows beyond what was announced."""

    file: str
    reason: str
    code = "T4T-PRJ-14"
    retry = Retry.NEVER


@dataclass(eq=False)
class UploadRefused(ProjectError):
    """The upload server refuses the file for good; ``message`` is its own."""

    file: str
    message: str
    code = "T4T-PRJ-15"
    retry = Retry.NEVER


@dataclass(eq=False)
class UploadPostponed(ProjectError):
    """The upload server can't take the file now; ``message`` is its own."""

    file: str
    message: str
    code = "T4T-PRJ-16"


@dataclass(eq=False)
class TooEarly(ProjectError):
    """The project asked not to be contacted for some more seconds."""

    project: str
    seconds: float
    code = "T4T-PRJ-17"


@dataclass(eq=False)
class RequestUnreadable(ProjectError):
    """The project's server could not read what we sent; ``message`` is its own."""

    project: str
    message: str
    code = "T4T-PRJ-18"


@dataclass(eq=False)
class NoWorkGiven(ProjectError):
    """Somebody waits for a task and the project has none for this computer."""

    project: str
    message: str
    code = "T4T-PRJ-19"


# --- the account ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class AccountCreationClosed(AccountError):
    """The project takes no new accounts."""

    project: str
    code = "T4T-ACC-01"


@dataclass(eq=False)
class AccountCreationOnWebsite(AccountError):
    """Accounts are made on the project's website only."""

    address: str
    code = "T4T-ACC-02"


@dataclass(eq=False)
class InviteCodeNeeded(AccountError):
    """New accounts need an invitation code."""

    project: str
    code = "T4T-ACC-03"


@dataclass(eq=False)
class InviteCodeWrong(AccountError):
    """The invitation code was refused."""

    project: str
    code = "T4T-ACC-04"


@dataclass(eq=False)
class EmailUnknown(AccountError):
    """No account has this e-mail address."""

    email: str
    code = "T4T-ACC-05"


@dataclass(eq=False)
class PasswordWrong(AccountError):
    """The password was refused; it is never tried again by itself."""

    email: str
    code = "T4T-ACC-06"


@dataclass(eq=False)
class EmailInUse(AccountError):
    """An account with this address and another password exists."""

    email: str
    code = "T4T-ACC-07"


@dataclass(eq=False)
class UserNameRefused(AccountError):
    """The name can't be used; ``reason`` is ours or the project's."""

    name: str
    reason: str
    code = "T4T-ACC-08"


@dataclass(eq=False)
class EmailRefused(AccountError):
    """The project does not take this e-mail address."""

    email: str
    code = "T4T-ACC-09"


@dataclass(eq=False)
class PasswordTooShort(AccountError):
    """Fewer characters than the project asks for."""

    length: int
    minimum: int
    code = "T4T-ACC-10"


@dataclass(eq=False)
class ConsentNeeded(AccountError):
    """The terms of use must be accepted first."""

    project: str
    code = "T4T-ACC-11"


@dataclass(eq=False)
class KeyRefused(AccountError):
    """The project does not know the account key."""

    project: str
    code = "T4T-ACC-12"


@dataclass(eq=False)
class UserNameInUse(AccountError):
    """The server broke down over the name, which it does when somebody else has it."""

    name: str
    code = "T4T-ACC-13"


@dataclass(eq=False)
class SecureAddressNeeded(AccountError):
    """The project takes this kind of login over https only."""

    address: str
    code = "T4T-ACC-14"


@dataclass(eq=False)
class TeamUnknown(AccountError):
    """No such team."""

    team: str
    code = "T4T-ACC-15"


@dataclass(eq=False)
class ChangeOnWebsite(AccountError):
    """The project lets accounts be changed on its website only."""

    address: str
    code = "T4T-ACC-16"


@dataclass(eq=False)
class KeyMalformed(AccountError):
    """What was given is no account key (32 hexadecimal digits, or a number, ``_`` and those)."""

    length: int
    code = "T4T-ACC-17"


@dataclass(eq=False)
class NotAttached(AccountError):
    """This computer works for no such project."""

    address: str
    code = "T4T-ACC-18"


@dataclass(eq=False)
class AnswerMissing(UsageError):
    """Something must be asked, and there is nobody to ask; ``option`` gives it."""

    what: str
    option: str
    code = "T4T-ACC-19"


@dataclass(eq=False)
class WorkUnreported(AccountError):
    """Tasks whose results the project has not got yet; they would be lost."""

    project: str
    tasks: int
    code = "T4T-ACC-20"


# --- where keys are kept -------------------------------------------------------------------------------------------


@dataclass(eq=False)
class KeyringMissing(AccountError):
    """The system has no keyring that can be used."""

    reason: str
    code = "T4T-KEY-01"


@dataclass(eq=False)
class KeyringLocked(AccountError):
    """The system's keyring is locked and was not unlocked."""

    reason: str
    code = "T4T-KEY-02"


@dataclass(eq=False)
class KeyFileUnreadable(AccountError):
    """The encrypted file with the keys is damaged."""

    path: str
    reason: str
    code = "T4T-KEY-03"


@dataclass(eq=False)
class PassphraseWrong(AccountError):
    """The passphrase does not open the encrypted file."""

    path: str
    code = "T4T-KEY-04"


@dataclass(eq=False)
class KeyFileLocked(AccountError):
    """The encrypted file with the keys has not been opened since the program was started."""

    path: str
    code = "T4T-KEY-05"


@dataclass(eq=False)
class KeyMissing(AccountError):
    """A project is attached, and the key to its account is nowhere."""

    project: str
    code = "T4T-KEY-06"


@dataclass(eq=False)
class KeyNotKept(AccountError):
    """The key is for this run only, and there is no run."""

    project: str
    code = "T4T-KEY-07"
