"""The statistics that the project publishes: ``user.gz``, ``team.gz``, ``host.gz`` and ``tables.xml``, dated by the last credit that was granted."""

from __future__ import annotations

import gzip
import hashlib
from email.utils import formatdate, parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from aiohttp import web

from t4t.demo.project.settings import APP, PATH
from t4t.project.request import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from t4t.demo.project.book import Account, Book, Computer, Ledger, Team

_DECLARATION: Final = '<?xml version="1.0" encoding="utf-8"?>\n'


def _record(name: str, values: Mapping[str, object]) -> str:
    """As BOINC's exports are written: one blank before each field; what is not given is left out."""
    lines = "".join(f" <{key}>{value:f}</{key}>\n" if isinstance(value, float) else f" <{key}>{escape(str(value))}</{key}>\n" for key, value in values.items())
    return f"<{name}>\n{lines}</{name}>\n"


def _credit(one: Account | Computer | Team) -> dict[str, object]:
    return {"total_credit": one.credit.total, "expavg_credit": one.credit.average, "expavg_time": one.credit.average_time}


def _user(one: Account) -> str:
    facts: dict[str, object] = {"id": one.id, "name": one.name, "create_time": round(one.created), **_credit(one), "cpid": one.cpid}
    facts |= {"country": one.country} if one.country else {}
    facts |= {"teamid": one.teamid} if one.teamid else {}
    return _record("user", facts)


def _team(one: Team) -> str:
    return _record("team", {"id": one.id, "type": 1, "name": one.name, "userid": one.userid, **_credit(one), "create_time": round(one.created)})


def _host(one: Computer) -> str:
    facts = {name: getattr(one, name) for name in ("p_vendor", "p_model", "os_name", "os_version")}
    return _record("host", {"id": one.id, "userid": one.userid, **_credit(one), **facts})


def _content(book: Book, name: str) -> bytes | None:
    """The plain content of an export; only what has credit is in it."""
    match name:
        case "user.gz":
            records, root = [_user(one) for one in book.accounts.values() if one.credit.total > 0], "users"
        case "team.gz":
            records, root = [_team(one) for one in book.teams.values() if one.credit.total > 0], "teams"
        case "host.gz":
            records, root = [_host(one) for one in book.computers.values() if one.credit.total > 0], "hosts"
        case "tables.xml":
            counts = {"nusers_total": len(book.accounts), "nhosts_total": len(book.computers), "nteams_total": len(book.teams)}
            total = sum((one.credit.total for one in book.accounts.values()), 0.0)
            records = [_record("tables", {"update_time": round(book.credit_time), **counts, "total_credit": total, "application": APP})]
            return (_DECLARATION + "".join(records)).encode()
        case _:
            return None
    return f"{_DECLARATION}<{root}>\n{''.join(records)}</{root}>\n".encode()


class Exports:
    """Serves them; a client that has today's is told so."""

    def __init__(self, ledger: Ledger, now: Callable[[], float]) -> None:
        """``now`` is Unix time."""
        self._ledger = ledger
        self._now = now

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get(f"{PATH}stats/{{name}}", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        name, book = request.match_info["name"], self._ledger.book
        plain = _content(book, name)
        if plain is None:
            raise web.HTTPNotFound
        date = book.credit_time or min(team.created for team in book.teams.values())
        etag = f'"{hashlib.sha256(plain).hexdigest()[:16]}"'
        headers = {"Last-Modified": formatdate(date, usegmt=True), "ETag": etag}
        if _unchanged(request, etag, date):
            return web.Response(status=304, headers=headers)
        packed = name.endswith(".gz")
        body = gzip.compress(plain, mtime=0) if packed else plain
        return web.Response(body=body, content_type="application/gzip" if packed else "application/xml", headers=headers)


def _unchanged(request: web.Request, etag: str, date: float) -> bool:
    if "If-None-Match" in request.headers:
        return request.headers["If-None-Match"].removeprefix("W/") == etag
    try:
        known = parsedate_to_datetime(request.headers.get("If-Modified-Since", ""))
    except ValueError:
        return False
    return int(date) <= known.timestamp()
