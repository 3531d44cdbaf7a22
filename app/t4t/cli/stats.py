"""``t4t stats``: the credit of volunteer, computer and team, now and day by day. Nobody is asked for it, but for teams and all volunteers if that is wished."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from t4t.cli import community
from t4t.cli.terminal import plain, show_notice
from t4t.domain.credit import decayed, gains
from t4t.domain.errors import T4TError
from t4t.wording.language import gettext
from t4t.wording.notices import notice
from t4t.wording.numbers import decimal
from t4t.wording.projects import no_project

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from t4t.cli.services import ProjectServices
    from t4t.domain.community import CommunityView
    from t4t.domain.credit import CreditGain
    from t4t.domain.project_view import ProjectDetails

_DAY_S: Final = 86400.0


def show(args: argparse.Namespace, services: ProjectServices) -> None:
    """Print it; raises what asking for a team raises."""
    projects = services.projects()
    documents = [_document(found, args.days, _team(found, services) if args.team else None) for found in projects]
    communities, failure = _communities(projects, services, agreed=args.agree) if args.community else ({}, None)
    if args.json:
        for document in documents if args.community else ():
            document["community"] = community.document(communities.get(document["address"]))
        print(json.dumps(documents, indent=2))
    elif not documents:
        print(no_project())
    else:
        for document in documents:
            _print(document)
            view = communities.get(document["address"])
            if view is not None and view.community is not None:
                community.show(view.community)
    if failure is not None:
        raise failure


def _communities(projects: Sequence[ProjectDetails], services: ProjectServices, *, agreed: bool) -> tuple[dict[str, CommunityView], T4TError | None]:
    """By the address of the project, and the last failure: one project that can't be asked does not hide what the others say."""
    found: dict[str, CommunityView] = {}
    failure: T4TError | None = None
    for one in projects:
        try:
            found[one.project.url] = community.ask(one.project, services, agreed=agreed)
        except T4TError as error:
            if failure is not None:
                show_notice(notice(failure))
            failure = error
    return found, failure


def _team(found: ProjectDetails, services: ProjectServices) -> dict[str, Any] | None:
    """The volunteer's team, if there is one of just this name."""
    name = found.project.team
    teams = [team for team in services.teams(found.project.url, name) if team.name == name] if name else []
    now = time.time()
    return {"name": name, "total": teams[0].total_credit, "recent": decayed(teams[0].expavg_credit, teams[0].expavg_time, now)} if teams else None


def _document(found: ProjectDetails, days: int, team: dict[str, Any] | None) -> dict[str, Any]:
    view = found.project
    return {
        "project": view.name,
        "address": view.url,
        "user": {"name": view.user, "total": view.user_total, "recent": view.user_recent},
        "host": {"total": view.host_total, "recent": view.host_recent},
        "team": team,
        "days": [_day(one) for one in gains(found.credit)[-days:]],
    }


def _day(gain: CreditGain) -> dict[str, Any]:
    day = time.strftime("%Y-%m-%d", time.gmtime(gain.day * _DAY_S))
    return {"day": day, "user": gain.user, "host": gain.host, "total": gain.user_total}


def _print(document: dict[str, Any]) -> None:
    print(plain(document["project"], 80))
    rows = [(gettext("you"), document["user"]), (gettext("this computer"), document["host"])]
    rows += [(gettext("team {team}").format(team=document["team"]["name"]), document["team"])] if document["team"] else []
    for who, credit in rows:
        recent = gettext("now about {recent} a day").format(recent=decimal(credit["recent"], 1))
        print(f"  {plain(who, 40):24}{decimal(credit['total'], 1):>16}   {recent}")
    for day in document["days"]:
        here = gettext("this computer +{credit}").format(credit=decimal(day["host"], 1))
        print(f"  {day['day']:24}{decimal(day['total'], 1):>16}   +{decimal(day['user'], 1)}, {here}")
