"""The demo project's website, as far as programs read it: configuration, accounts, teams, news, and whether there is work at all."""

from __future__ import annotations

import asyncio
import re
import secrets
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from aiohttp import web

from t4t.demo.project import book as states
from t4t.demo.project.application import platforms_element
from t4t.demo.project.keys import md5_of
from t4t.demo.project.settings import APP, APP_TITLE, PATH, PLATFORMS, SCHEDULER, VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from t4t.demo.project.application import Application
    from t4t.demo.project.book import Account, Ledger, Team
    from t4t.demo.project.settings import Settings

_XML: Final = '<?xml version="1.0" encoding="ISO-8859-1" ?>\n'
"""What BOINC's pages declare; their bytes are UTF-8."""
_HASH: Final = 32
_EMAIL: Final = re.compile(r"[^@\s<>\"']{1,120}@[^@\s<>\"']{1,120}\.[^@\s<>\"'.]{2,20}")
_NAME_TROUBLES: Final = (
    (r"\A\Z", "user name must be nonempty"),
    (r"\A\s|\s\Z", "user name cannot have leading or trailing white space"),
    (r"\A[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\Z", "user name may not be a number"),
    (r"[<>&\"']", "user name may not contain special characters"),
)
_MOST: Final = 100
_NOTICE_AGE: Final = 30 * 86400.0
_TEXTS: Final = {"name": "name", "country": "country", "url": "url", "venue": "venue"}
_PREFERENCES: Final = {"global_prefs": "global_preferences", "project_prefs": "project_preferences"}
NEWS: Final = (("Welcome to the demo project", "It hands out <b>real</b> physics and checks what comes back, event by event &amp; bit by bit."),)


class _Refused(Exception):
    """An error document."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.message = message


def _xml(text: str, *, declared: bool = True) -> web.Response:
    return web.Response(text=(_XML if declared else "") + text, content_type="text/xml", charset="UTF-8")


def _html(title: str, text: str = "", head: str = "") -> web.Response:
    page = f'<!DOCTYPE html>\n<html lang="en"><head>\n{head}<title>{escape(title)}</title></head><body><h1>{escape(title)}</h1>{text}</body></html>\n'
    return web.Response(text=page, content_type="text/html")


def _element(name: str, values: Mapping[str, object]) -> str:
    lines = "".join(f"    <{key}>{escape(str(value))}</{key}>\n" for key, value in values.items())
    return f"<{name}>\n{lines}</{name}>\n"


def _needed(request: web.Request, name: str) -> str:
    value = request.query.get(name, "")
    if not value:
        raise _Refused(-1, f"missing or bad parameter: {name}")
    return value


def _number(request: web.Request, name: str) -> int:
    text = _needed(request, name)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(2**63))):
        raise _Refused(-1, f"missing or bad parameter: {name}")
    return int(text)


def _refusing(page: Callable[[web.Request], Awaitable[web.Response]], *, declared: bool = True) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return await page(request)
        except _Refused as error:
            return _xml(_element("error", {"error_num": error.number, "error_msg": error.message}), declared=declared)

    return answer


class Website:
    """The pages."""

    def __init__(self, ledger: Ledger, application: Application, settings: Callable[[], Settings], now: Callable[[], float]) -> None:
        """``now`` is Unix time."""
        self._ledger = ledger
        self._application = application
        self._settings = settings
        self._now = now
        if not ledger.book.teams:
            ledger.book.teams[1] = states.Team(id=1, name="Demo volunteers", userid=0, created=now())

    def routes(self) -> list[web.RouteDef]:
        """All pages."""
        pages = {
            "get_project_config": self._config,
            "create_account": self._create,
            "lookup_account": self._look_up,
            "am_get_info": self._info,
            "am_set_info": self._set_info,
            "am_set_host_info": self._set_host_info,
            "team_lookup": self._teams,
            "show_user": self._user,
            "apps": self._apps,
            "server_status": self._status,
            "rss_main": self._news,
        }
        return [
            web.get(PATH.rstrip("/"), self._redirect),
            web.get(PATH, self._master),
            web.get(f"{PATH}home.php", self._home),
            *(web.get(f"{PATH}{name}.php", _refusing(page)) for name, page in pages.items()),
            web.get(f"{PATH}notices.php", _refusing(self._notices, declared=False)),
        ]

    @staticmethod
    def base(request: web.Request) -> str:
        """The server's address as the client sees it."""
        return f"http://{request.host}"

    async def _redirect(self, request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": f"{self.base(request)}{PATH}"})

    async def _master(self, request: web.Request) -> web.Response:
        url = f"{self.base(request)}{SCHEDULER}"
        return _html(
            self._settings().name,
            "<p>A BOINC project on this computer.</p>",
            f'<!-- <scheduler>{url}</scheduler> -->\n<link rel="boinc_scheduler" href="{url}">\n',
        )

    async def _home(self, _request: web.Request) -> web.Response:
        return _html("Your account", "<p>This project has no pages for people.</p>")

    async def _config(self, request: web.Request) -> web.Response:
        settings = self._settings()
        if settings.web_stopped:
            return _html("Project down for maintenance")
        url = f"{self.base(request)}{PATH}"
        lines = ["<project_config>", f"    <name>{escape(settings.name)}</name>", f"    <master_url>{url}</master_url>"]
        lines += [f"    <web_rpc_url_base>{url}</web_rpc_url_base>", "<server_version>1.1.0</server_version>", "    <web_stopped>0</web_stopped>"]
        lines += ["    <account_creation_disabled/>"] if settings.closed or settings.invite_code else []
        lines += ["    <invite_code_required/>"] if settings.invite_code and not settings.closed else []
        lines += [f"    <min_passwd_length>{settings.min_password_length}</min_passwd_length>"]
        lines += [f"    <sched_stopped>{int(settings.scheduler_stopped)}</sched_stopped>"]
        lines += [f"    <min_client_version>{settings.min_client_version}</min_client_version>"]
        lines += platforms_element(self._application.files)
        lines += ["    <terms_of_use>", settings.terms, "</terms_of_use>"] if settings.terms else []  # not escaped: BOINC's is not either
        return _xml("\n".join([*lines, "</project_config>"]))

    def _up(self) -> None:
        if self._settings().web_stopped:
            raise _Refused(-183, "project is temporarily offline")

    # --- accounts ---

    async def _create(self, request: web.Request) -> web.Response:
        self._up()
        settings, book = self._settings(), self._ledger.book
        if settings.closed:
            raise _Refused(-1, "The project is not accepting new accounts.")
        email, passwd_hash = _needed(request, "email_addr").strip().lower(), _needed(request, "passwd_hash")
        name = request.query.get("user_name", "")
        if settings.invite_code and not secrets.compare_digest(_needed(request, "invite_code").encode(), settings.invite_code.encode()):
            raise _Refused(-1, "Invalid invitation code")
        self._check_new(name, email, passwd_hash)
        if settings.terms and not (request.query.get("consent_flag") == "1" and request.query.get("source")):
            raise _Refused(-242, "This project requires to consent to its terms of use")
        known = book.account_with(email)
        if known is not None and not known.knows(passwd_hash):
            raise _Refused(-137, "Name or email address is not unique")
        if known is None:
            if any(one.name == name for one in book.accounts.values()):
                return web.Response(status=500, text=_XML, content_type="text/xml", charset="UTF-8")  # as PHP 8 does
            known = self._new_account(name, email, passwd_hash)
            known.teamid = next((team.id for team in book.teams.values() if team.name == request.query.get("team_name")), 0)
            self._ledger.save()
        return _xml(f" <account_out>\n   <authenticator>{known.key}</authenticator>\n</account_out>\n")

    @staticmethod
    def _check_new(name: str, email: str, passwd_hash: str) -> None:
        trouble = next((text for wrong, text in _NAME_TROUBLES if re.search(wrong, name)), "")
        if trouble:
            raise _Refused(-188, trouble)
        if not _EMAIL.fullmatch(email):
            raise _Refused(-205, "Email address has invalid syntax")
        if len(passwd_hash) != _HASH:
            raise _Refused(-1, "password hash length not 32")

    def _new_account(self, name: str, email: str, passwd_hash: str) -> Account:
        book, salt = self._ledger.book, secrets.token_hex(8)
        account = states.Account(
            id=len(book.accounts) + 1,
            email=email,
            name=name,
            key=secrets.token_hex(16),
            salt=salt,
            proof=md5_of(salt + passwd_hash),
            cross_project_id=secrets.token_hex(16),
            created=self._now(),
        )
        book.accounts[account.id] = account
        book.tell(account.id, "Your account is made", f"Welcome, {escape(name)}.", self._now())
        return account

    async def _look_up(self, request: web.Request) -> web.Response:
        self._up()
        email, passwd_hash = _needed(request, "email_addr").strip().lower(), request.query.get("passwd_hash", "")
        account = self._ledger.book.account_with(email)
        if account is not None and not passwd_hash:
            return _xml("<account_out>\n   <success/>\n</account_out>\n")
        if account is None or not account.knows(passwd_hash):
            await asyncio.sleep(self._settings().failed_login_delay)
            raise _Refused(-136, "Not found") if account is None else _Refused(-206, "bad password")
        return _xml(f"<account_out>\n<authenticator>{account.key}</authenticator>\n</account_out>\n")

    def _keyed(self, request: web.Request) -> Account:
        account = self._ledger.book.account_of(_needed(request, "account_key"))
        if account is None:
            raise _Refused(-136, "Not found")
        return account

    async def _info(self, request: web.Request) -> web.Response:
        if self._settings().web_stopped:
            return _html("Project down for maintenance")
        extra = next((name for name in request.query if name != "account_key"), None)
        if extra is not None:
            return web.Response(status=302, headers={"Location": f"extra_arg_{quote_plus(extra)}.html"}, text=_XML, content_type="text/xml", charset="UTF-8")
        account = self._keyed(request)
        lines = ["<am_get_info_reply>", "    <success/>", f"    <id>{account.id}</id>"]
        lines += [f"<{name}>{quote_plus(value)}</{name}>" for name, value in (("name", account.name), ("country", account.country))]
        lines += [f"<weak_auth>{account.weak_key}</weak_auth>", f"<cpid>{account.cpid}</cpid>", "<has_profile>0</has_profile>"]
        lines += [f"<create_time>{account.created:.0f}</create_time>", "<global_prefs>", account.global_preferences, "</global_prefs>"]
        lines += ["<project_prefs>", account.project_preferences, "</project_prefs>", f"<url>{quote_plus(account.url)}</url>"]
        lines += ["<send_email>0</send_email>", "<show_hosts>1</show_hosts>", f"<teamid>{account.teamid}</teamid>", f"<venue>{escape(account.venue)}</venue>"]
        return _xml("\n".join([*lines, "</am_get_info_reply>", ""]))

    async def _set_info(self, request: web.Request) -> web.Response:
        if not self._settings().account_changes:
            return _xml(_element("error", {"error_num": -1, "error_msg": "not supported"}), declared=False)
        account, book = self._keyed(request), self._ledger.book
        team = _number(request, "teamid") if "teamid" in request.query else account.teamid
        if team and team not in book.teams:
            raise _Refused(-136, "Not found")
        account.teamid = team
        for name, attribute in _TEXTS.items():
            if name in request.query:
                setattr(account, attribute, request.query[name][:200])
        for name, attribute in _PREFERENCES.items():
            given = request.query.get(name)
            root = attribute
            if given is not None and not re.fullmatch(rf"\s*<{root}>.{{0,20000}}</{root}>\s*", given, re.DOTALL):
                raise _Refused(-112, "Invalid XML")
            setattr(account, attribute, given if given is not None else getattr(account, attribute))
        self._ledger.save()
        return _xml("<am_set_info_reply>\n    <success/>\n    \n</am_set_info_reply>\n")

    async def _set_host_info(self, request: web.Request) -> web.Response:
        account = self._keyed(request)
        computer = self._ledger.book.computers.get(_number(request, "hostid"))
        if computer is None or computer.userid != account.id:
            raise _Refused(-136, "Not found")
        computer.venue = request.query.get("venue", "")[:40]
        self._ledger.save()
        return _xml("<am_set_host_info_reply>\n    <success/>\n</am_set_host_info_reply>\n")

    # --- public data ---

    @staticmethod
    def _team(team: Team) -> str:
        values = {"id": team.id, "create_time": round(team.created), "userid": team.userid, "name": team.name, "url": "", "type": 1, "country": team.country}
        credit = {"total_credit": team.credit.total, "expavg_credit": team.credit.average, "expavg_time": team.credit.average_time}
        return _element("team", values | credit)

    async def _teams(self, request: web.Request) -> web.Response:
        teams = self._ledger.book.teams
        if "team_id" in request.query:
            team = teams.get(_number(request, "team_id"))
            if team is None:
                raise _Refused(-136, "Not found")
            return _xml(self._team(team))
        name = _needed(request, "team_name").lower()
        return _xml("<teams>\n" + "".join([self._team(team) for team in teams.values() if name in team.name.lower()][:_MOST]) + "</teams>\n")

    async def _user(self, request: web.Request) -> web.Response:
        self._up()
        book = self._ledger.book
        account = book.account_of(request.query["auth"]) if "auth" in request.query else book.accounts.get(_number(request, "userid"))
        if account is None:
            raise _Refused(-136, "Not found")
        values: dict[str, object] = {"id": account.id, "cpid": account.cpid, "create_time": round(account.created), "name": account.name}
        values |= {"total_credit": account.credit.total, "expavg_credit": account.credit.average, "expavg_time": account.credit.average_time}
        values |= {"teamid": account.teamid, "has_profile": 0, "country": account.country, "url": account.url}
        hosts = ""
        if "auth" in request.query:
            for one in book.computers.values():
                if one.userid == account.id:
                    facts: dict[str, object] = {"id": one.id, "create_time": round(one.created), "rpc_seqno": one.rpc_seqno, "rpc_time": round(one.rpc_time)}
                    facts |= {"host_cpid": one.cpid, "total_credit": one.credit.total, "expavg_credit": one.credit.average}
                    facts |= {name: getattr(one, name) for name in ("p_vendor", "p_model", "p_ncpus", "os_name", "os_version", "m_nbytes", "venue")}
                    hosts += _element("host", facts)
        return _xml(_element("user", values).replace("</user>\n", f"{hosts}</user>\n"))

    async def _apps(self, _request: web.Request) -> web.Response:
        lines = ["<app_versions>", "<application>", f"    <user_friendly_name>{APP_TITLE}</user_friendly_name>", f"    <name>{APP}</name>", "    <id>1</id>"]
        for platform in PLATFORMS:
            for plan_class in self._application.files:
                facts = {"platform_short": platform, "platform_long": PLATFORMS[platform], "version_num": VERSION, "plan_class": plan_class}
                lines.append(_element("version", facts))
        return _xml("\n".join([*lines, "</application>", "</app_versions>", ""]))

    async def _status(self, _request: web.Request) -> web.Response:
        settings, tasks, now = self._settings(), self._ledger.book.tasks.values(), self._now()
        sent = sum(task.state == states.SENT for task in tasks)
        waiting = sum(task.state == states.REPORTED for task in tasks)
        unsent = 1000 if settings.jobs is None else max(0, settings.jobs - len(self._ledger.book.jobs))
        running = "not running" if settings.scheduler_stopped else "running"
        daemons = "".join(
            _element("daemon", {"host": "localhost", "command": name, "status": running, "pid": 0}) for name in ("feeder", "transitioner", "validator")
        )
        counts = {"results_ready_to_send": unsent, "results_in_progress": sent, "workunits_waiting_for_validation": waiting}
        app = _element("app", {"id": 1, "name": APP_TITLE, "unsent": unsent, "in_progress": sent})
        return _xml(
            f"<server_status>\n<update_time>{now:.0f}</update_time>\n<daemon_status>\n{daemons}</daemon_status>\n"
            f"{_element('database_file_states', counts).replace('</database_file_states>', f'<tasks_by_app>{app}</tasks_by_app></database_file_states>')}"
            "</server_status>\n"
        )

    # --- news ---

    def _feed(self, title: str, items: list[tuple[str, str, str, float]], declaration: str, url: str) -> web.Response:
        lines = [declaration, '<rss version="2.0">', "<channel>", f"<title>{escape(title)}</title>", f"<link>{url}</link>", "<description></description>"]
        for guid, name, text, time in items:
            lines += ["<item>", f"<title><![CDATA[{name}]]></title>", f"<link>{url}home.php</link>"]
            lines += [f'<guid isPermaLink="false">{guid}</guid>', f"<description><![CDATA[\n{text}\n]]></description>"]
            lines += [f"<pubDate>{formatdate(time, usegmt=True)}</pubDate>", "</item>"]
        return web.Response(text="\n".join([*lines, "</channel>", "</rss>", ""]), content_type="application/xml", charset="UTF-8")

    def _public(self) -> list[tuple[str, str, str, float]]:
        begun = min((team.created for team in self._ledger.book.teams.values()), default=self._now())
        return [(f"news-{number}", title, text, begun) for number, (title, text) in enumerate(NEWS, 1)]

    async def _news(self, request: web.Request) -> web.Response:
        url = f"{self.base(request)}{PATH}"
        return self._feed(f"{self._settings().name}: News", self._public(), '<?xml version="1.0" encoding="UTF-8" ?>', url)

    async def _notices(self, request: web.Request) -> web.Response:
        book, now = self._ledger.book, self._now()
        account = book.accounts.get(_number(request, "userid"))
        if account is None:
            raise _Refused(-1, "Unknown error")
        if not secrets.compare_digest(account.feed_key.encode(), request.query.get("auth", "").encode()):
            raise _Refused(-155, "Invalid authenticator")
        own = [one for one in book.notices if one.userid in {0, account.id} and one.time > now - _NOTICE_AGE]
        items = [(f"notice-{one.id}", one.title, one.text, one.time) for one in reversed(own)]
        url = f"{self.base(request)}{PATH}"
        return self._feed(f"{self._settings().name} notices", items + self._public(), _XML.strip(), url)
