"""What volunteers see of a project: one line, its details, its important notices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from t4t.domain.credit import decayed
from t4t.domain.project_state import allowed_at
from t4t.domain.project_task import Stage
from t4t.domain.project_view import ImportantNotice, NewsView, ProjectDetails, ProjectView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from t4t.boinc.book import Book
    from t4t.boinc.client import Client

_HOUR_S: Final = 3600.0


def important(clients: Iterable[Client], book: Book) -> tuple[ImportantNotice, ...]:
    """Unread words of the projects' schedulers, the newest first."""
    found = (
        ImportantNotice(id=one.id, project=client.state.project_name or client.name, text=one.title or one.text, time=one.time)
        for client in clients
        for one in book.kept(client.name).news
        if one.from_scheduler and not one.read
    )
    return tuple(sorted(found, key=lambda one: -one.time))


def view(client: Client, book: Book, *, now: float, metered: bool) -> ProjectView:
    """A project in one line; ``now`` in seconds since 1970, ``metered``: its files wait for a network that costs nothing."""
    state, kept, held = client.state, book.kept(client.name), client.care.tasks
    allowed = allowed_at(state)
    stages = [task.stage for task in held]
    said = book.credit.get(client.name, ())
    told_at = said[-1].at if said else now
    team = next((one for one in book.team_credit.get(client.name, ())[-1:] if one.team == state.team_name), None)
    hour = now // _HOUR_S * _HOUR_S  # averages fade by whole hours: what changes with every look would be sent to all who look on
    return ProjectView(
        url=state.master_url,
        name=state.project_name or state.master_url,
        user=state.user_name,
        team=state.team_name,
        host=state.hostid,
        user_total=state.user_total_credit,
        user_recent=decayed(state.user_expavg_credit, told_at, hour),
        host_total=state.host_total_credit,
        host_recent=decayed(state.host_expavg_credit, told_at, hour),
        team_total=0.0 if team is None else team.total,
        team_recent=0.0 if team is None else decayed(team.recent, team.at, hour),
        held=len(held),
        fetching=stages.count(Stage.FETCHING),
        sending=stages.count(Stage.SENDING),
        reporting=stages.count(Stage.FINISHED),
        next_request=allowed if allowed > now else None,
        no_work_since=kept.no_work_since,
        no_work=kept.no_work,
        said=kept.said,
        trouble="" if client.trouble is None else client.trouble.code,
        ended=state.ended,
        moved_to=state.moved_to,
        metered=metered,
        unread=sum(not notice.read for notice in kept.news),
        max_jobs=client.limits.max_jobs,
        max_cpus=client.limits.max_cpus,
    )


def details(client: Client, book: Book, project: ProjectView) -> ProjectDetails:
    """A project with its notices and its history of credit."""
    news = tuple(NewsView(id=one.id, title=one.title, text=one.text, time=one.time, links=one.links, read=one.read) for one in book.kept(client.name).news)
    return ProjectDetails(project=project, news=news, credit=book.credit.get(client.name, ()), team=book.team_credit.get(client.name, ()))
