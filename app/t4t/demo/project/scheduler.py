"""The demo project's scheduler: who asks, what is reported, what is lost, and what work there is. It refuses what BOINC's scheduler refuses, in its words."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from t4t.demo.project import book as states
from t4t.demo.project.application import DISK_BOUND, MEMORY_BOUND
from t4t.demo.project.keys import md5_of
from t4t.demo.project.request import Asked, RequestBroken, read_request
from t4t.demo.project.settings import APP, APP_TITLE, BRAND, OTHER_PLATFORMS, PATH, PLATFORMS, QEMU_CLASS, VBOX_CLASS
from t4t.domain.no_work import version_of
from t4t.domain.preferences import read_account_preferences
from t4t.domain.scheduler_request import EXIT_ABORTED_BY_PROJECT, UPLOADED
from t4t.project.request import escape

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.demo.project.application import Application
    from t4t.demo.project.book import Account, Computer, Job, Ledger, Task
    from t4t.demo.project.request import Report
    from t4t.demo.project.settings import Settings

_HOUR: Final = 3600.0
_DAY: Final = 86400.0
_POLL: Final = 86400
_MIB: Final = 1024.0 * 1024.0
_LEAST_VIRTUALBOX: Final = (7, 0, 0)
_STDERR: Final = 64 * 1024
_DOWN: Final = """<scheduler_reply>
    <message priority="low">Project is temporarily shut down for maintenance</message>
    <request_delay>3600</request_delay>
    <project_is_down/>
</scheduler_reply>
"""


@dataclass(slots=True)
class _Reply:
    """A reply while it is made."""

    delay: float
    messages: list[tuple[str, str]] = field(default_factory=list)
    account: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def say(self, text: str, priority: str = "low") -> None:
        self.messages.append((priority, text))


class Scheduler:
    """Answers requests; changes the book, which the caller saves before the reply leaves."""

    def __init__(self, ledger: Ledger, application: Application, *, code_sign_key: str, settings: Callable[[], Settings], now: Callable[[], float]) -> None:
        """``settings`` are asked for at each request; ``now`` is Unix time."""
        self._ledger = ledger
        self._application = application
        self._key = code_sign_key
        self._settings = settings
        self._now = now
        self.complaints: list[str] = []
        """What a careful client never does and a server can't refuse."""

    def answer(self, data: bytes, base: str) -> str:
        """The reply to a request; ``base`` is the server's address without a path."""
        settings = self._settings()
        if settings.scheduler_stopped:
            return _DOWN
        reply = _Reply(delay=settings.request_delay)
        try:
            asked = read_request(data)
        except RequestBroken as error:
            reply.say(f"Error in request message: {error} ")
            return self._written(reply, base, named=False)
        self._serve(asked, reply, base)
        return self._written(reply, base)

    def _serve(self, asked: Asked, reply: _Reply, base: str) -> None:
        settings, book, now = self._settings(), self._ledger.book, self._now()
        if asked.client_version < settings.min_client_version:
            reply.say('_("Your BOINC client software is too old.  Please install the current version.")', "notice")
            reply.delay = _DAY
            return
        account = book.account_of(asked.authenticator)
        weak = account is None
        account = account or book.account_of_weak(asked.authenticator)
        if account is None:
            self._refuse_key(asked, reply)
            return
        computer = self._computer(asked, account, reply)
        if not weak:
            self._take_identity(asked, account)
        last, computer.rpc_time = computer.rpc_time, now
        computer.quiet_until = now + settings.request_delay
        self._account_elements(asked, account, computer, reply, base)
        if not {*PLATFORMS, *OTHER_PLATFORMS} & set(asked.platforms):
            reply.say(f'_("This project doesn\'t support computers of type") {escape(asked.platforms[0])}', "notice")
            reply.delay = _DAY
            return
        self._note_computer(asked, computer, reply)
        self._take_reports(asked, computer, reply)
        self._take_trickles(asked, computer, reply)
        self._give_words(computer, reply)
        self._abort_unknown(asked, computer, reply)
        if asked.wants_work:
            self._give_work(asked, computer, reply, base, last)

    def _refuse_key(self, asked: Asked, reply: _Reply) -> None:
        reply.delay = _HOUR
        if asked.hostid in self._ledger.book.computers:
            reply.say('_("Invalid or missing account key.  To fix, remove and add this project.")', "notice")
        else:
            reply.say("Invalid or missing account key.  To fix, remove and add this project .")

    # --- who asks ---

    def _computer(self, asked: Asked, account: Account, reply: _Reply) -> Computer:
        """The host record: the one that is named, unless its count of requests went back; else a similar one, else a new one."""
        computers = self._ledger.book.computers
        named = computers.get(asked.hostid)
        if named is not None and named.userid == account.id and asked.rpc_seqno >= named.rpc_seqno:
            if asked.rpc_seqno == named.rpc_seqno and asked.hostid:
                self.complaints.append(f"request {asked.rpc_seqno} of computer {named.id} was counted twice")
            named.rpc_seqno = asked.rpc_seqno
            return named
        if asked.hostid and named is None:
            reply.say("Can't find host record")
        elif not asked.hostid and asked.rpc_seqno:
            self.complaints.append(f"a computer without id counts from {asked.rpc_seqno}")
        found = next((one for one in computers.values() if one.userid == account.id and one.cpid and one.cpid == asked.host.host_cpid), None)
        if found is None:
            found = states.Computer(id=len(computers) + 1, userid=account.id, cpid=asked.host.host_cpid, created=self._now())
            computers[found.id] = found
        elif not asked.held:
            for task in self._ledger.book.tasks_of(found.id):
                task.state, task.why = states.ABANDONED, "its computer began anew"
        found.rpc_seqno = 0
        reply.account.append(f"<hostid>{found.id}</hostid>")
        return found

    def _take_identity(self, asked: Asked, account: Account) -> None:
        """BOINC's scheduler believes what it gets."""
        if asked.cross_project_id and asked.cross_project_id != account.cross_project_id:
            self.complaints.append("the volunteer's id across projects was overwritten")
            account.cross_project_id = asked.cross_project_id[:64]

    def _account_elements(self, asked: Asked, account: Account, computer: Computer, reply: _Reply, base: str) -> None:
        team = self._ledger.book.teams.get(account.teamid)
        newer = read_account_preferences(account.global_preferences, now=self._now()).mod_time > asked.preferences_time
        reply.account = [
            f"<userid>{account.id}</userid>",
            f"<user_name>{escape(account.name)}</user_name>",
            f"<user_total_credit>{account.credit.total:f}</user_total_credit>",
            f"<user_expavg_credit>{account.credit.average:f}</user_expavg_credit>",
            f"<user_create_time>{account.created:.0f}</user_create_time>",
            f"<email_hash>{md5_of(account.email)}</email_hash>",
            f"<cross_project_id>{account.cross_project_id}</cross_project_id>",
            f"<external_cpid>{account.cpid}</external_cpid>",
            *([account.global_preferences] if account.global_preferences and newer else []),
            *([account.project_preferences] if account.project_preferences else []),
            "",
            *reply.account,
            f"<host_total_credit>{computer.credit.total:f}</host_total_credit>",
            f"<host_expavg_credit>{computer.credit.average:f}</host_expavg_credit>",
            f"<host_venue>{escape(computer.venue)}</host_venue>",
            f"<host_create_time>{computer.created:.0f}</host_create_time>",
            *([f"<teamid>{team.id}</teamid>"] if team else []),
            f"<team_name>{escape(team.name) if team else ''}</team_name>",
        ]
        reply.lines = [
            "<gui_urls>",
            "    <gui_url>",
            "        <name>Your account</name>",
            "        <description>View your account information</description>",
            f"        <url>{base}{PATH}home.php</url>",
            "    </gui_url>",
            "</gui_urls>",
            "<rss_feeds>",
            "    <rss_feed>",
            f"        <url>{base}{PATH}notices.php?userid={account.id}&auth={account.feed_key}</url>",  # the ampersand is BOINC's
            f"        <poll_interval>{_POLL}</poll_interval>",
            "    </rss_feed>",
            "</rss_feeds>",
        ]

    def _note_computer(self, asked: Asked, computer: Computer, reply: _Reply) -> None:
        host = asked.host
        if not host.p_vendor:
            reply.say("Missing CPU type in request", "notice")
        if not host.os_name:
            reply.say("Missing OS name in request", "notice")
        for name in ("p_vendor", "p_model", "p_ncpus", "os_name", "os_version", "m_nbytes"):
            setattr(computer, name, getattr(host, name))

    # --- what is reported ---

    def _take_reports(self, asked: Asked, computer: Computer, reply: _Reply) -> None:
        """Each report is acknowledged, whatever it is; the first one of a task counts."""
        for report in asked.reports:
            task = self._ledger.book.tasks.get(report.name)
            if task is not None and task.hostid == computer.id:
                task.reports += 1
                if task.state in {states.SENT, states.ABANDONED}:
                    self._take_report(report, task)
            reply.account += ["<result_ack>", f"    <name>{escape(report.name)}</name>", "</result_ack>"]

    def _take_report(self, report: Report, task: Task) -> None:
        now = self._now()
        task.received = now
        task.client_state, task.exit_status = report.state, report.exit_status
        task.elapsed_time = min(max(report.final_elapsed_time, 0.0), now - task.sent)
        task.cpu_time = min(max(report.final_cpu_time, 0.0), task.elapsed_time * max(1, self._ledger.book.computers[task.hostid].p_ncpus))
        task.stderr = report.stderr[-_STDERR:]
        task.md5 = next((file.md5_cksum for file in report.files if file.name == task.output), "")
        job = self._ledger.book.jobs[task.job]
        if report.state == UPLOADED and report.exit_status == 0:
            task.state = states.REPORTED
        else:
            task.state, task.why = states.FAILED, f"the client reported state {report.state}, exit status {report.exit_status}"
            job.tries += report.exit_status != EXIT_ABORTED_BY_PROJECT

    def _take_trickles(self, asked: Asked, computer: Computer, reply: _Reply) -> None:
        if asked.trickles:
            self._ledger.book.messages += [
                states.Message(hostid=computer.id, result_name=one.result_name, time=one.time, variety=one.variety, text=one.text) for one in asked.trickles
            ]
            reply.account.append("<message_ack/>")

    def _give_words(self, computer: Computer, reply: _Reply) -> None:
        """What is to be said to its tasks: once, whether or not the reply arrives."""
        for word in self._ledger.book.words:
            if word.hostid == computer.id and not word.handled:
                word.handled = True
                reply.account += ["<trickle_down>", f"<result_name>{word.result_name}</result_name>", f"<time>{word.time}</time>", word.text, "</trickle_down>"]

    def _abort_unknown(self, asked: Asked, computer: Computer, reply: _Reply) -> None:
        """What the computer lists and should not have any more; a task whose job another one did may go if it was not begun."""
        book = self._ledger.book
        for name in asked.held or ():
            task = book.tasks.get(name)
            if task is None or task.hostid != computer.id or task.state not in {states.SENT, states.ABANDONED}:
                reply.say(f"Result {escape(name)} is no longer usable")
                reply.account += ["<result_abort>", f"    <name>{escape(name)}</name>", "</result_abort>"]
            elif book.jobs[task.job].done:
                reply.account += ["<result_abort_if_not_started>", f"    <name>{escape(name)}</name>", "</result_abort_if_not_started>"]

    # --- work ---

    def _give_work(self, asked: Asked, computer: Computer, reply: _Reply, base: str, last: float) -> None:
        settings, now = self._settings(), self._now()
        wait = last + settings.request_delay - 1 - now
        if wait > 0:
            reply.say(f"Not sending work. Last request too recent. Please wait {wait:.0f} seconds.\n")
            return
        if asked.code_sign_key and "".join(asked.code_sign_key.split()) != "".join(self._key.split()):
            reply.say('_("The project has changed its security key.  Please remove and add this project.")', "notice")
            return
        if not asked.code_sign_key:
            reply.lines = ["<code_sign_key>", self._key, "</code_sign_key>", *reply.lines]
        tasks = self._lost(asked, computer, reply) or self._new_tasks(asked, computer, reply)
        book, elements = self._ledger.book, list[str]()
        for platform, plan_class in dict.fromkeys((task.platform, task.plan_class) for task in tasks):
            elements += self._application.version_elements(base, platform, plan_class)
        for task in tasks:
            elements += self._application.task_elements(base, book.jobs[task.job], task)
        reply.lines = elements + reply.lines

    def _lost(self, asked: Asked, computer: Computer, reply: _Reply) -> list[Task]:
        """Tasks that were sent and are not on the list: sent again, with a new deadline."""
        if asked.held is None:
            return []
        book, now = self._ledger.book, self._now()
        lost = [task for task in book.tasks_of(computer.id) if task.name not in asked.held]
        for task in lost:
            reply.say(f"Resent lost task {task.name}")
            task.deadline = now + self._settings().deadline
        return lost

    def _new_tasks(self, asked: Asked, computer: Computer, reply: _Reply) -> list[Task]:
        settings, book = self._settings(), self._ledger.book
        self._forget_late()
        problems: list[tuple[str, str]] = []
        plan_class = self._plan_class(asked, problems)
        if plan_class is None:
            reply.say("No tasks sent")
            reply.messages += problems
            return []
        room = settings.tasks_per_computer - len(book.tasks_of(computer.id))
        if room <= 0:
            reply.say("No tasks sent")
            reply.say("This computer has reached a limit on tasks in progress")
            return []
        tasks = []
        for _ in range(min(room, settings.tasks_per_request, max(1, round(asked.instances)))):
            job = None if settings.ended else self._next_job()
            if job is None:
                break
            tasks.append(self._task(job, computer, asked.platforms[0], plan_class))
        if not tasks:
            reply.say("Project has no tasks available")
        return tasks

    def _forget_late(self) -> None:
        """What is past its deadline is given to others; a late report still counts."""
        for task in self._ledger.book.tasks.values():
            if task.state == states.SENT and task.deadline < self._now():
                task.state, task.why = states.ABANDONED, "it is late"

    def _plan_class(self, asked: Asked, problems: list[tuple[str, str]]) -> str | None:
        """VirtualBox's where the computer says that it has a usable one; ours where the client says that it is one that knows it."""
        if asked.platforms[0] not in PLATFORMS or not asked.plan_classes:
            return None
        plan_class = VBOX_CLASS if VBOX_CLASS in self._application.files and self._virtualbox(asked, problems) else None
        if plan_class is None and BRAND in asked.client_brand.lower() and QEMU_CLASS in self._application.files:
            plan_class, problems[:] = QEMU_CLASS, []
        if plan_class is None:
            return None
        memory = asked.host.m_nbytes * asked.ram_fraction
        if memory < MEMORY_BOUND:
            problems.append(("notice", f"{APP_TITLE} needs {MEMORY_BOUND / _MIB:.2f} MB RAM but only {memory / _MIB:.2f} MB is available for use."))
            return None
        disk = max(0.0, asked.disk.d_project_share - asked.disk.d_boinc_used_project)
        if disk < DISK_BOUND:
            has, needs = disk / _MIB, DISK_BOUND / _MIB
            text = f"{APP_TITLE} needs {needs - has:.2f}MB more disk space.  You currently have {has:.2f} MB available and it needs {needs:.2f} MB."
            problems.append(("notice", text))
            return None
        return plan_class

    @staticmethod
    def _virtualbox(asked: Asked, problems: list[tuple[str, str]]) -> bool:
        """The rules of BOINC's plan class: some are told, that of hardware virtualization is not."""
        host = asked.host
        version = version_of(host.virtualbox_version)
        if not host.virtualbox_version:
            problems.append(("notice", "VirtualBox is not installed"))
        elif version is None or "unusable" in host.virtualbox_version:
            problems.append(("notice", "VirtualBox is not usable"))
        elif version < _LEAST_VIRTUALBOX:
            problems.append(("notice", f"VirtualBox version {'.'.join(map(str, _LEAST_VIRTUALBOX[:2]))} or later is required"))
        else:
            return bool({"vmx", "svm"} & set(host.p_features.split())) and not host.p_vm_extensions_disabled
        return False

    def _next_job(self) -> Job | None:
        settings, book = self._settings(), self._ledger.book
        busy = {task.job for task in book.tasks.values() if task.state in {states.SENT, states.REPORTED}}
        for job in book.jobs.values():
            if not job.done and job.tries < settings.tries and job.name not in busy:
                return job
        number = len(book.jobs) + 1
        if settings.jobs is not None and number > settings.jobs:
            return None
        job = states.Job(name=f"{APP}_{number:04d}", runspec=settings.runspecs[(number - 1) % len(settings.runspecs)].format(seed=number))
        book.jobs[job.name] = job
        return job

    def _task(self, job: Job, computer: Computer, platform: str, plan_class: str) -> Task:
        book, now = self._ledger.book, self._now()
        name = f"{job.name}_{sum(task.job == job.name for task in book.tasks.values())}"
        book.tasks[name] = states.Task(
            name=name,
            job=job.name,
            output=f"{name}_r{secrets.randbelow(2**31)}_0",
            hostid=computer.id,
            platform=platform,
            plan_class=plan_class,
            sent=now,
            deadline=now + self._settings().deadline,
        )
        return book.tasks[name]

    # --- writing ---

    def _written(self, reply: _Reply, base: str, *, named: bool = True) -> str:
        settings = self._settings()
        lines = ["<scheduler_reply>", "<scheduler_version>803</scheduler_version>"]
        lines += ["<dont_use_dcf/>"] if named else []
        lines += [f"<master_url>{base}{PATH}</master_url>", f"<request_delay>{reply.delay:f}</request_delay>"]
        lines += [f'<message priority="{priority}">{text}</message>' for priority, text in reply.messages]
        lines += [f"<project_name>{escape(settings.name)}</project_name>"] if named else []
        lines += ["<ended>1</ended>"] if settings.ended else []
        return "\n".join([*lines, *reply.account, *reply.lines, "</scheduler_reply>", ""])
