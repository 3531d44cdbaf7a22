"""``t4t proxy-login``: name and password for the proxy in use."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from t4t.cli.project_verbs import typed_line, typed_secret
from t4t.cli.terminal import plain
from t4t.wording import commands
from t4t.wording.language import gettext

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import Services

DONE: Final = 0


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The verb's grammar."""
    login = verbs.add_parser("proxy-login", help=gettext("name and password for the proxy in use; they are kept in the system's keyring"))
    login.add_argument("--user", default="", metavar="NAME", help=gettext("the name (else it is asked for)"))
    login.add_argument("--password-stdin", action="store_true", help=gettext("read the password from standard input"))
    login.add_argument("--forget", action="store_true", help=gettext("remove them from the keyring"))


def run(args: argparse.Namespace, services: Services) -> int:
    """Run the verb; raises leaves of `T4TError`."""
    proxy = services.proxy()
    if args.forget:
        services.proxy_login(None)
    else:
        user = args.user or typed_line(gettext("The name for the proxy"), commands.proxy_user(plain(proxy, 200)), option="--user")
        password = typed_secret(gettext("The password for the proxy"), commands.proxy_password(), stdin=args.password_stdin, option="--password-stdin")
        services.proxy_login((user, password))
    print(json.dumps({"proxy": proxy, "login": not args.forget}) if args.json else commands.proxy_login(plain(proxy, 200), kept=not args.forget))
    return DONE
