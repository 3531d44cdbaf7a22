"""``t4t boards``: what is new on a project's message boards, with the way to each thread."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import msgspec

from t4t.cli.terminal import show_notice, tell
from t4t.wording import community as words
from t4t.wording.language import gettext
from t4t.wording.screen import Reader, read

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import ProjectServices
    from t4t.domain.boards import BoardsView


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Its grammar."""
    verb = verbs.add_parser("boards", help=gettext("what is new on a project's message boards: asks the project, at most every ten minutes"))
    verb.add_argument("project", nargs="?", default="", metavar="PROJECT", help=gettext("its address or name (default: the only one)"))


def run(args: argparse.Namespace, services: ProjectServices) -> None:
    """Print it; raises what went wrong where nothing is known."""
    view = services.boards(args.project, fetch=False)
    if not view.fresh:
        tell(words.word("boards_asking"))
        view = services.boards(args.project, fetch=True)
    if view.trouble is not None:
        show_notice(read(view.trouble, in_window=False))
    if args.json:
        print(json.dumps(_document(view), indent=2))
    else:
        _print(view)


def _document(view: BoardsView) -> dict[str, Any] | None:
    if view.boards is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(view.boards)
    return plain | {"fresh": view.fresh, "trouble": None if view.trouble is None else view.trouble.code}


def _print(view: BoardsView) -> None:
    if view.boards is None:
        return
    reader = Reader(time.time())
    print(words.boards_as_of(view.boards, reader))
    for thread in view.boards.threads:
        print(f"\n{words.thread_title(thread)}")
        for line in (words.thread_place(thread, reader), words.thread_text(thread), thread.link):
            print(f"  {line}")
