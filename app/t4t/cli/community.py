"""``t4t stats --community``: all volunteers of a project, as it publishes them, and this one's place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from t4t.cli.terminal import show_notice, tell
from t4t.wording import community as words
from t4t.wording.language import gettext
from t4t.wording.numbers import decimal
from t4t.wording.screen import Reader, read

if TYPE_CHECKING:
    import argparse

    from t4t.cli.services import ProjectServices
    from t4t.domain.community import Community, CommunityView
    from t4t.domain.project_view import ProjectView

_COUNTRIES: Final = 10
_WIDTH: Final = 24


def add(stats: argparse.ArgumentParser) -> None:
    """Its grammar."""
    stats.add_argument(
        "--community", action="store_true", help=gettext("also all volunteers of each project, and your place: asks the projects, at most once a week")
    )
    stats.add_argument("--agree", action="store_true", help=gettext("with --community: fetch it also over a network that costs by the byte"))


def ask(project: ProjectView, services: ProjectServices, *, agreed: bool) -> CommunityView:
    """What is known, or the newest; why it is not newer goes to standard error. Raises what went wrong where nothing is known."""
    view = services.community(project.url, fetch=False, agreed=False)
    if not view.fresh:
        tell(words.asking(project.name))
        view = services.community(project.url, fetch=True, agreed=agreed)
    if view.trouble is not None:
        show_notice(read(view.trouble, in_window=False))
    return view


def document(view: CommunityView | None) -> dict[str, Any] | None:
    """For scripts; None where nothing is known."""
    if view is None or view.community is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(view.community)
    return plain | {"fresh": view.fresh, "trouble": None if view.trouble is None else view.trouble.code}


def show(community: Community) -> None:
    """Print it."""
    print(f"  {words.as_of(community, Reader(time.time()))}")
    for line in filter(None, (words.counts(community), words.computers(community), words.places(community), words.joined(community))):
        print(f"    {line}")
    name, users, total, recent = words.heads()
    print(f"    {name:{_WIDTH}} {users:>12} {total:>20} {recent:>16}")
    for one in community.countries[:_COUNTRIES]:
        print(f"    {words.country(one)[:_WIDTH]:{_WIDTH}} {decimal(one.users):>12} {decimal(one.total):>20} {decimal(one.recent, 1):>16}")
    rest = len(community.countries) - _COUNTRIES
    if rest > 0:
        print(f"    {words.others(rest)}")
