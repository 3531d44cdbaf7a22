"""A BOINC project inside of this program, on loopback: it hands out the reference appliance with real jobs, checks what comes back and grants credit.

It powers the demo, tests and work on the GUI without anybody's server. Its state survives restarts; its keys are its own and made at its first start.
It is strict: what BOINC's servers refuse it refuses, in their words; what they would take and no careful client does, it complains of.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import msgspec
from aiohttp import web

from t4t.demo.project import book as states
from t4t.demo.project.application import input_of, prepare
from t4t.demo.project.book import Ledger
from t4t.demo.project.exports import Exports
from t4t.demo.project.forum import Forum
from t4t.demo.project.keys import KeyPair
from t4t.demo.project.scheduler import Scheduler
from t4t.demo.project.settings import PATH, SCHEDULER, UPLOAD, Settings
from t4t.demo.project.uploads import Uploads
from t4t.demo.project.validation import Judge, Physics, leaked
from t4t.demo.project.website import Website
from t4t.domain.errors import FolderUnwritable
from t4t.durable import to_the_end
from t4t.storage import appliance
from t4t.storage.files import FolderLock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from aiohttp.typedefs import Handler, Middleware

    from t4t.demo.project.application import Application
    from t4t.demo.project.book import Book, Task

_log = logging.getLogger(__name__)

_HOST: Final = "127.0.0.1"
_REQUEST_LIMIT: Final = 8 * 1024 * 1024
_PATIENCE_S: Final = 0.5
"""How long the end waits for requests under way."""
_LOG_LINES: Final = 10_000
_NOT_FOUND: Final = 404
_LOST: Final = "<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"
_KEYED: Final = frozenset({"am_get_info.php", "am_set_info.php", "am_set_host_info.php", "show_user.php"})
"""The pages to which the account's key is given in the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the server's log; ``status`` is 0 where there was no answer."""

    time: float
    method: str
    path: str
    status: int
    early: float = 0.0
    """Seconds by which a contact of the scheduler came before the time that the project had asked for."""


class DemoProject:
    """The server, from ``async with`` to its end."""

    def __init__(
        self,
        folder: Path,
        appliance_folder: Path,
        *,
        settings: Settings | None = None,
        port: int = 0,
        now: Callable[[], float] = time.time,
        judge: Judge | None = None,
        around: Sequence[Middleware] = (),
    ) -> None:
        """``folder`` keeps its state; ``port`` 0: that of the last time, else any; ``judge`` checks results; ``around`` stands before all pages."""
        self.settings = settings or Settings()
        self._folder = folder
        self._appliance_folder = appliance_folder
        self._port = port
        self._now = now
        self._judge = judge or Physics(appliance_folder)
        self._around = around
        self._reported = asyncio.Event()
        self._settled = asyncio.Condition()
        self.log: deque[Request] = deque(maxlen=_LOG_LINES)
        self.complaints: list[str] = []

    @property
    def address(self) -> str:
        """What a volunteer attaches to."""
        return f"http://{_HOST}:{self._port}{PATH}"

    @property
    def book(self) -> Book:
        """What the project knows."""
        return self._ledger.book

    async def __aenter__(self) -> Self:
        """Start. Raises `FolderBusy`, `FolderUnwritable`, `ApplianceMissing`, `ApplianceDamaged`, or `OSError` if the port is taken."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = FolderLock(self._folder)
            self._lock.take()
            try:
                await self._start()
            except BaseException:
                self._lock.release()
                raise
        except (PermissionError, msgspec.DecodeError) as error:
            raise FolderUnwritable(path=str(self._folder), reason=str(error)) from error
        return self

    async def _start(self) -> None:
        code_key = KeyPair.kept(self._folder / "code_sign_private.pem")
        upload_key = KeyPair.kept(self._folder / "upload_private.pem")
        self._ledger = Ledger(self._folder / "project.json")
        found = appliance.load(self._appliance_folder)
        preparing = functools.partial(prepare, found, self._folder / "download", code_key=code_key, upload_key=upload_key)
        application = await to_the_end(preparing)  # its lock must not go while a thread still writes
        self._uploads = Uploads(self._folder / "upload", upload_key, self._expected)
        self._scheduler = Scheduler(self._ledger, application, code_sign_key=code_key.text, settings=lambda: self.settings, now=self._now)
        self._scheduler.complaints = self.complaints
        self._runner = web.AppRunner(self._app(application), access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE_S)
        await self._runner.setup()
        try:
            await self._listen()
        except OSError:
            await self._runner.cleanup()
            raise
        self.book.port = self._port
        self._ledger.save()
        self._validating = asyncio.create_task(self._validate())
        self._reported.set()

    async def _listen(self) -> None:
        """At the port of the last time if that is free: those who joined know the project by its address."""
        try:
            await web.TCPSite(self._runner, _HOST, self._port or self.book.port).start()
        except OSError:
            if self._port or not self.book.port:
                raise
            await web.TCPSite(self._runner, _HOST, 0).start()
        self._port = int(self._runner.addresses[0][1])

    def _app(self, application: Application) -> web.Application:
        app = web.Application(client_max_size=_REQUEST_LIMIT, middlewares=[self._logged, *self._around])
        app.add_routes(Website(self._ledger, application, lambda: self.settings, self._now).routes())
        app.add_routes(Forum(self._ledger, lambda: self.settings.name, self._now).routes())
        app.add_routes(Exports(self._ledger, self._now).routes())
        self._downloads = application.downloads
        app.add_routes(
            [
                web.get(f"{PATH}download/{{name}}", self._download),
                web.route("*", SCHEDULER, self._schedule),
                web.route("*", UPLOAD, self._uploads.answer),
            ]
        )
        return app

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Stop; what is being checked is checked again after the next start."""
        self._validating.cancel()
        await asyncio.gather(self._validating, return_exceptions=True)
        await self._runner.cleanup()
        self._lock.release()

    # --- requests ---

    @web.middleware
    async def _logged(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._look_for_keys(request)
        early, status = self._early(request), 0
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPNotFound:
            status, response = _NOT_FOUND, web.Response(status=_NOT_FOUND, text=_LOST, content_type="text/html")
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self.log.append(Request(time=self._now(), method=request.method, path=request.path, status=status, early=early))
        return response

    def _look_for_keys(self, request: web.Request) -> None:
        """A key belongs into a request of the scheduler and of few pages, never into other addresses or headers."""
        given = [] if request.path.rpartition("/")[2] in _KEYED else [request.path_qs]
        given += [value for name, value in request.headers.items() if name != "Cookie"]
        if any(secret in text for account in self.book.accounts.values() for secret in (account.key, account.weak_key) for text in given):
            self.complaints.append(f"a key was given to {request.path}")

    def _early(self, request: web.Request) -> float:
        """As long as there is one computer, whose contact came too early is plain; with several nothing is said."""
        computers = list(self.book.computers.values())
        return max(0.0, computers[0].quiet_until - self._now()) if request.path == SCHEDULER and len(computers) == 1 else 0.0

    async def _schedule(self, request: web.Request) -> web.Response:
        text = self._scheduler.answer(await request.read(), Website.base(request))
        self._ledger.save()
        self._reported.set()
        return web.Response(text=text, content_type="text/xml")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        job = self.book.jobs.get(name.removesuffix(".input")) if name.endswith(".input") else None
        if job is not None:
            return web.Response(body=input_of(job), content_type="text/plain")
        path = self._downloads.get(name)
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": "application/gzip" if name.endswith(".gz") else "application/octet-stream"})

    # --- validation ---

    def _expected(self, name: str) -> bool:
        return any(task.output == name for task in self.book.tasks.values())

    async def _validate(self) -> None:
        """One result after the other, as they are reported."""
        while True:
            await self._reported.wait()
            self._reported.clear()
            while task := next((one for one in self.book.tasks.values() if one.state == states.REPORTED), None):
                why = await self._judged(task)
                self._decide(task, why)
                self._ledger.save()
            async with self._settled:
                self._settled.notify_all()

    async def _judged(self, task: Task) -> str:
        computer = self.book.computers[task.hostid]
        account = self.book.accounts[computer.userid]
        path = self._uploads.path(task.output)
        data = await asyncio.to_thread(path.read_bytes) if path.is_file() else None
        if data is None or states.md5_of_bytes(data) != task.md5:
            self.complaints.append(f"{task.name} was reported before its output was here")
            return "its output is not here"
        if leaked((account.key, account.weak_key), (data, task.stderr.encode())):
            self.complaints.append(f"the account's key came back with {task.name}")
            return "it holds the account's key: a guest must never get it"
        try:
            return await self._judge(self.book.jobs[task.job].runspec, path)
        except OSError as error:
            _log.exception("a result could not be checked")
            return f"it could not be checked: {error.strerror or error}"

    def _decide(self, task: Task, why: str) -> None:
        userid = self.book.computers[task.hostid].userid
        if why:
            task.state, task.why = states.INVALID, why
            self.book.jobs[task.job].tries += 1
            self.book.tell(userid, f"{task.name} is not valid", why, self._now())
            return
        events = int(self.book.jobs[task.job].runspec.split()[-2])
        self.book.grant(task, events * self.settings.credit_per_event, self._now())
        self.book.tell(userid, f"{task.name} is valid", f"{events} events, {task.credit:.2f} credits. Thank you.", self._now())

    async def settled(self) -> None:
        """Wait until all that was reported is judged."""
        async with self._settled:
            await self._settled.wait_for(lambda: all(task.state != states.REPORTED for task in self.book.tasks.values()))
