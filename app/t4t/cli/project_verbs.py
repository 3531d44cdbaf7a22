"""Verbs on projects. Passwords and keys are asked for without echo or read from standard input, and appear nowhere."""

from __future__ import annotations

import getpass
import json
import sys
import time
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from t4t.cli import boards, stats
from t4t.cli.terminal import plain, show_notice, tell
from t4t.domain.project_errors import AnswerMissing, KeyFileLocked, KeyringLocked, KeyringMissing, ProjectDown
from t4t.domain.project_view import Keep
from t4t.domain.signup import Signup, Way
from t4t.wording.changes import yes
from t4t.wording.language import gettext
from t4t.wording.notices import notice
from t4t.wording.projects import lines, no_project

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from t4t.cli.services import ProjectServices
    from t4t.domain.project_view import ProjectDetails, ProjectView
    from t4t.domain.signup import ProjectOffer

_T = TypeVar("_T")

VERBS: Final = frozenset({"attach", "boards", "detach", "projects", "stats", "update", "unlock"})
DONE: Final = 0


def run(args: argparse.Namespace, services: ProjectServices) -> int:
    """Run the verb in ``args``; raises leaves of `T4TError`."""
    match args.verb:
        case "attach":
            found = _attach(args, services)
            _print(args, found, gettext("Attached to {project}.").format(project=plain(found.project.name, 80)))
        case "detach":
            name = _opened(args, lambda passphrase: services.detach(args.project, passphrase, force=args.force))
            print(json.dumps({"detached": name}) if args.json else gettext("Detached from {project}.").format(project=plain(name, 80)))
        case "update":
            found = _opened(args, lambda passphrase: services.update(args.project, passphrase))
            _print(args, found, "")
        case "unlock":
            services.unlock(typed_secret(gettext("The passphrase"), gettext("Passphrase: "), stdin=args.passphrase_stdin, option="--passphrase-stdin"))
        case "boards":
            boards.run(args, services)
        case "stats":
            stats.show(args, services)
        case _:
            _projects(args, services)
    return DONE


def opening(args: argparse.Namespace, services: Callable[[], ProjectServices]) -> str:
    """What opens the file with the keys for the agent that is about to begin; empty where there is none or nobody to ask.

    ``services`` are made only where somebody can be asked: an agent that starts with the session shows its tray at once.
    """
    if args.passphrase_stdin:
        return typed_secret(gettext("The passphrase"), "", stdin=True, option="--passphrase-stdin")
    if _somebody() and services().locked():
        return typed_secret(gettext("The passphrase"), gettext("Passphrase for the account keys: "), stdin=False, option="--passphrase-stdin")
    return ""


def _opened(args: argparse.Namespace, work: Callable[[str], _T]) -> _T:
    """Do ``work``; where the keys are in a closed file, once more with what opens it."""
    try:
        return work("")
    except KeyFileLocked:
        if not (args.passphrase_stdin or _somebody()):
            raise
    return work(typed_secret(gettext("The passphrase"), gettext("Passphrase for the account keys: "), stdin=args.passphrase_stdin, option="--passphrase-stdin"))


# --- asking -----------------------------------------------------------------------------------------------------------


def _somebody() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def typed_secret(what: str, prompt: str, *, stdin: bool, option: str) -> str:
    """One line of standard input, or what is typed unseen; raises `AnswerMissing`."""
    if stdin:
        line = sys.stdin.readline()
        if line.strip():
            return line.rstrip("\r\n")
    elif _somebody():
        typed = getpass.getpass(prompt, stream=sys.stderr)
        if typed:
            return typed
    raise AnswerMissing(what=what, option=option)


def typed_line(what: str, prompt: str, *, option: str) -> str:
    """What is typed; raises `AnswerMissing`."""
    if _somebody():
        sys.stderr.write(prompt)
        sys.stderr.flush()
        typed = sys.stdin.readline().strip()
        if typed:
            return typed
    raise AnswerMissing(what=what, option=option)


def _agrees(question: str) -> bool:
    """Whether somebody is there and says yes."""
    if not _somebody():
        return False
    sys.stderr.write(f"{question} {gettext('[y/N]')} ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in yes()


# --- attaching --------------------------------------------------------------------------------------------------------


def _attach(args: argparse.Namespace, services: ProjectServices) -> ProjectDetails:
    found = services.offer(args.url)
    name = plain(found.config.name, 80)
    tell(f"{name}, {plain(found.config.master_url, 200)}")
    if found.config.web_stopped:
        raise ProjectDown(project=found.config.name, message="")
    if found.runs_beside:
        shape = gettext(
            "A BOINC client on this computer works for {project} too. Both at once need twice the memory, and count as two computers: stop it there first."
        )
        tell(shape.format(project=name))
    signup = _signup(args, found)
    key = services.account_key(found, signup)
    return _keep(args, services, found, key)


def _signup(args: argparse.Namespace, found: ProjectOffer) -> Signup:
    name = plain(found.config.name, 80)
    if args.key_stdin:
        return Signup(way=Way.KEY, key=typed_secret(gettext("The account key"), "", stdin=True, option="--key-stdin"), team=args.team)
    if found.other is not None and _takes_other(args, found.other.user_name):
        return Signup(way=Way.OTHER_CLIENT, team=args.team)
    if args.from_boinc:
        raise AnswerMissing(what=gettext("An account at {project} in a BOINC client on this computer").format(project=name), option="--email, --create")
    consent = args.create and _consent(args, found)
    if args.create and found.config.invite_code_required and not args.invite:
        args.invite = typed_line(gettext("An invitation code"), gettext("Invitation code: "), option="--invite")
    email = args.email or typed_line(gettext("The e-mail address"), gettext("E-mail address: "), option="--email")
    user = (args.name or typed_line(gettext("A name"), gettext("Name, which everybody sees: "), option="--name")) if args.create else ""
    password = _password(args, found)
    way = Way.CREATE if args.create else Way.LOG_IN
    return Signup(way=way, email=email, name=user, password=password, invite_code=args.invite, team=args.team, consent=consent)


def _takes_other(args: argparse.Namespace, user: str) -> bool:
    """Whether the account of another client here is to be used again."""
    asked_otherwise = args.create or args.email
    return args.from_boinc or (not asked_otherwise and _agrees(gettext("Use the account of {user} from BOINC?").format(user=plain(user, 60))))


def _consent(args: argparse.Namespace, found: ProjectOffer) -> bool:
    """Whether the terms are accepted; where there are none nothing is asked. Without consent the project's rule says what follows."""
    if args.accept_terms or not found.config.terms_of_use:
        return bool(args.accept_terms)
    tell("")
    for line in found.config.terms_of_use.splitlines():
        tell(f"  {plain(line, 2000)}")
    tell("")
    return _agrees(gettext("Do you accept these terms?"))


def _password(args: argparse.Namespace, found: ProjectOffer) -> str:
    least = found.config.min_passwd_length
    while True:
        prompt = gettext("A new password (at least {least} characters): ").format(least=least) if args.create else gettext("Password: ")
        first = typed_secret(gettext("The password"), prompt, stdin=args.password_stdin, option="--password-stdin")
        if args.password_stdin or not args.create:
            return first
        if first == typed_secret(gettext("The password"), gettext("The same again: "), stdin=False, option="--password-stdin"):
            return first
        tell(gettext("These are not the same."))


def _keep(args: argparse.Namespace, services: ProjectServices, found: ProjectOffer, key: str) -> ProjectDetails:
    """Where the key goes: where it was said; else into the keyring, and where that does not work somebody is asked."""
    keep = Keep(args.keep) if args.keep else Keep.FILE if args.passphrase_stdin else Keep.KEYRING
    try:
        return services.attach(found, key, keep, _passphrase(args, services, keep))
    except (KeyringMissing, KeyringLocked) as error:
        if args.keep or not _somebody():
            raise
        show_notice(notice(error))
    keep = Keep.FILE if _agrees(gettext("Keep the key in a file that a passphrase encrypts? (Otherwise it is kept until the program ends.)")) else Keep.RUN
    return services.attach(found, key, keep, _passphrase(args, services, keep))


def _passphrase(args: argparse.Namespace, services: ProjectServices, keep: Keep) -> str:
    if keep is not Keep.FILE:
        return ""
    prompt = gettext("Passphrase: ") if services.locked() else gettext("A new passphrase: ")
    return typed_secret(gettext("A passphrase"), prompt, stdin=args.passphrase_stdin, option="--passphrase-stdin")


# --- showing ----------------------------------------------------------------------------------------------------------


def _print(args: argparse.Namespace, found: ProjectDetails, headline: str) -> None:
    if args.json:
        print(json.dumps(msgspec.to_builtins(found), indent=2))
        return
    if headline:
        print(headline)
    show_project(found.project, time.time())


def show_project(view: ProjectView, now: float) -> None:
    """A project in a few lines."""
    first, *more = lines(view, now)
    print(f"  {plain(first, 200)}")
    for line in more:
        print(f"    {plain(line)}")


def _projects(args: argparse.Namespace, services: ProjectServices) -> None:
    found = services.projects()
    if args.json:
        print(json.dumps(msgspec.to_builtins(found), indent=2))
        return
    if not found:
        print(no_project())
    for one in found:
        show_project(one.project, time.time())
        for news in one.news:
            mark = " " if news.read else "*"
            print(f"    {mark} {time.strftime('%Y-%m-%d', time.localtime(news.time))}  {plain(news.title or news.text, 160)}")
            for link in news.links[:1]:
                print(f"        {plain(link, 200)}")
    unread = tuple(news.id for one in found for news in one.news if not news.read)
    if unread:
        services.mark_read(unread)
