"""What somebody was given in order to join: a code, a team's number, or a link to a project's page with one of them. Read as far as it is understood."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlsplit

from t4t.domain.record import record

_TEAM: Final = ("teamid", "team_id", "team")
_CODE: Final = ("invite_code", "invite", "code")
_TEAM_PAGES: Final = frozenset({"team_display.php", "team_join_form.php", "team_join_action.php"})
"""Pages of a BOINC project where a plain ``id`` is a team's."""
_LONGEST: Final = 200


@record(kw_only=True)
class Invitation:
    """Empty is what was not said. ``project``: the address of the project's site; ``team``: a number or a name."""

    project: str = ""
    team: str = ""
    code: str = ""


def read(text: str) -> Invitation:
    """What ``text`` invites to. A link is one to a page below the project's address; anything else is a code, a number alone a team's."""
    said = "".join(letter for letter in text if letter.isprintable()).strip()[:_LONGEST]
    if not said.lower().startswith(("https://", "http://")):
        return Invitation(team=said) if said.isdecimal() else Invitation(code=said)
    try:
        parts = urlsplit(said)
        query = parse_qs(parts.query)
        host = parts.hostname
    except ValueError:
        return Invitation()
    if not host:
        return Invitation()
    folder, _, page = parts.path.rpartition("/")
    names = (*_TEAM, "id") if page in _TEAM_PAGES else _TEAM
    return Invitation(project=f"{parts.scheme}://{parts.netloc}{folder}/", team=_first(query, names), code=_first(query, _CODE))


def _first(query: dict[str, list[str]], names: tuple[str, ...]) -> str:
    return next((query[name][0].strip() for name in names if name in query), "")
