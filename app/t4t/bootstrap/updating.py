"""Updates of the program itself: what the verb does in its own process, and what an agent has done by others.

The agent loads nothing for it: asking is a process of a moment, and what puts a version in place runs from the kept copy.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from t4t import desktop
from t4t.domain.app_update import UNDER_WAY, Step, UpdateView, is_due, view_of
from t4t.domain.errors import T4TError
from t4t.domain.update_errors import UpdateBusy, UpdateError
from t4t.hypervisor.environment import clean_environment
from t4t.hypervisor.own import own_program
from t4t.storage import paths
from t4t.updates.book import Book, failed
from t4t.updates.installation import installation_at, ours, place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from t4t.domain.app_update import Record
    from t4t.domain.clock import WallClock
    from t4t.domain.settings.tree import Tree
    from t4t.storage.appliance import Appliance
    from t4t.updates.installation import Installation
    from t4t.updates.source import Source

_log = logging.getLogger(__name__)

VERB: Final = "app-update"
_FIRST_S: Final = 120.0
"""After our start, when everything else of the computer starts too, nobody is asked."""
_EACH_S: Final = 600.0
"""Between two looks; how often somebody is asked is the domain's business."""
_SOON_S: Final = 5.0
"""While one is being put in place: it is over soon, or somebody died in it."""
_AGAIN_S: Final = 3600.0
"""After putting a version in place was begun and did not come to its end, because a window was opened, say."""
NEEDS_SOMEBODY: Final = frozenset({"--once", "--passphrase-stdin"})
"""Of an agent's own words: it is not there to go on by itself, or can't."""


def _here() -> Installation | None:
    """This copy, if it was installed and there is somebody to ask."""
    try:
        place()
        return ours()
    except UpdateError:
        return None


# --- in the agent ----------------------------------------------------------------------------------------------------


class Updating:
    """Keeps the program up to date while the agent runs, as far as the settings say; does nothing in a copy that was not installed."""

    def __init__(
        self,
        data: Path,
        clock: WallClock,
        *,
        tree: Callable[[], Tree],
        metered: Callable[[], bool | None] = lambda: None,
        words: tuple[str, ...] = (),
        here: Installation | None = None,
        start: Callable[..., None] = desktop.start,
    ) -> None:
        """``tree``: the settings in force; ``metered``: whether the network costs; ``words``: the agent's own; ``start`` starts a command that outlives us."""
        self._data = data
        self._book = Book(data)
        self._clock = clock
        self._tree = tree
        self._metered = metered
        self._unattended = not NEEDS_SOMEBODY & set(words)
        self._here = here or _here()
        self._start = start
        self._asked_at = self._begun_at = self._taken_up_at = float("-inf")
        self.view: UpdateView | None = self._seen()

    def _seen(self) -> UpdateView | None:
        return None if self._here is None else view_of(self._book.record, installed=self._here.version, kind=self._here.kind)

    @contextlib.asynccontextmanager
    async def kept(self, *, settled: Callable[[], bool], changed: Callable[[], None]) -> AsyncIterator[None]:
        """While this lasts. ``settled``: whether no step of any VM's is under way; ``changed`` is called when there is something else to show."""
        if self._here is None:
            yield
            return
        watching = asyncio.create_task(self._watch(settled, changed), name="updates")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, settled: Callable[[], bool], changed: Callable[[], None]) -> None:
        first = True
        while True:
            try:
                await self.turn(settled, taking_up=first)
            except Exception:  # noqa: BLE001 - a bug here must not end the agent
                _log.exception("a bug in looking for updates")
            seen = await asyncio.to_thread(self._seen)
            if seen != self.view:
                self.view = seen
                changed()
            if seen is not None and seen.step in UNDER_WAY:
                await self._clock.sleep(_SOON_S)
            else:
                await self._clock.sleep(_FIRST_S if first else _EACH_S)
                first = False

    async def turn(self, settled: Callable[[], bool], *, taking_up: bool = False) -> None:
        """Look once, and have done what is to be done; ``taking_up``: nothing but what somebody left in the middle."""
        record = await asyncio.to_thread(lambda: self._book.record)
        if record.step in UNDER_WAY:
            now = self._clock.monotonic()
            if now - self._taken_up_at >= _EACH_S and await asyncio.to_thread(lambda: self._book.is_free):
                _log.info("an update under way is taken up: %s", record.step.value)
                self._taken_up_at = now
                self._start(self._data, VERB, "apply")
        elif not taking_up:
            await self._keep_up(record, settled)

    async def _keep_up(self, record: Record, settled: Callable[[], bool]) -> None:
        updates = self._tree().updates
        if updates.check and self._may_ask(record):
            await self._ask("download" if updates.install else "check")
            record = await asyncio.to_thread(lambda: self._book.record)
        rested = self._clock.monotonic() - self._begun_at >= _AGAIN_S
        if record.step is Step.READY and updates.install and self._unattended and rested and settled() and await asyncio.to_thread(self._nobody_looks):
            _log.info("an update is put in place")
            self._begun_at = self._clock.monotonic()
            self._start(self._data, VERB, "apply")

    def _may_ask(self, record: Record) -> bool:
        if self._metered() and not self._tree().transfers.metered:
            return False
        now = self._clock.monotonic()
        if not is_due(record, self._clock.wall()) or now - self._asked_at < _EACH_S:
            return False
        self._asked_at = now
        return True

    async def _ask(self, verb: str) -> None:
        """In a process of its own, which ends with us."""
        command = (*own_program(), "--data-dir", str(self._data), "--json", VERB, verb)
        quiet = subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet, env=clean_environment(os.environ))
        try:
            status = await process.wait()
            _log.info("asked for updates: %s", status)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _nobody_looks(self) -> bool:
        """No window and no other command of this copy is open."""
        from t4t.updates.trial import others_of  # noqa: PLC0415 - only where an update is ready

        return self._here is not None and not others_of(self._here.root)


# --- the verb --------------------------------------------------------------------------------------------------------


class UpdateVerbs:
    """See `t4t.cli.services.UpdateServices`."""

    def __init__(self, data: Path, become: Callable[[Path, tuple[str, ...]], None] | None = None) -> None:
        """``become``: how this process becomes another program."""
        self._data = data
        self._book = Book(data)
        self._become = become or become_program

    def view(self) -> UpdateView:
        """See `UpdateServices.view`."""
        here = ours()
        return view_of(self._book.record, installed=here.version, kind=here.kind)

    def check(self, address: str) -> UpdateView:
        """See `UpdateServices.check`."""
        asyncio.run(self._fetch(address, None, again=False))
        return self.view()

    def download(self, address: str, tell: Callable[[int, int], None], *, again: bool) -> UpdateView:
        """See `UpdateServices.download`."""
        asyncio.run(self._fetch(address, tell, again=again))
        return self.view()

    async def _fetch(self, address: str, tell: Callable[[int, int], None] | None, *, again: bool) -> None:
        from t4t.host.clock import RealClock  # noqa: PLC0415 - HTTP and all that
        from t4t.updates.fetching import Fetching  # noqa: PLC0415 - as above

        here = ours()
        async with _opened(self._data, address) as (source, root):
            fetching = Fetching(self._data, here, source=source, root=root, now=RealClock().wall)
            if tell is None:
                await fetching.check()
            else:
                await fetching.download(tell, again=again)

    def apply(self, root: Path | None) -> UpdateView:
        """See `UpdateServices.apply`."""
        from t4t.updates.applying import Applier, begin, outcome, slot_of  # noqa: PLC0415 - only this verb needs it
        from t4t.updates.trial import Agents  # noqa: PLC0415 - as above

        here = ours() if root is None else installation_at(root)
        slot = slot_of(here, self._book)
        if root is None:
            self._begin(lambda: begin(self._book, slot))
            if not slot.keeper.is_file():  # somebody tidied up in the middle of it
                slot.keep()
            self._hand_over(slot.keeper, here.root)
            return self.view()
        record = Applier(self._book, slot, Agents(self._data, root)).run()
        outcome(record)
        return view_of(record, installed=slot.here(), kind=here.kind)

    def _begin(self, begin: Callable[[], object]) -> None:
        """What stands against it is written down: nobody may be looking on."""
        if self._book.record.step is not Step.READY:
            return
        try:
            begin()
        except UpdateBusy:
            raise
        except T4TError as error:
            self._book.change(failure=failed(error))
            raise

    def roll_back(self) -> UpdateView:
        """See `UpdateServices.roll_back`."""
        from t4t.updates.applying import begin_return, slot_of  # noqa: PLC0415 - as above

        here = ours()
        slot = slot_of(here, self._book)
        begin_return(self._book, slot, here.kind)
        self._hand_over(slot.keeper, here.root)
        return self.view()

    def skip(self, version: str) -> UpdateView:
        """See `UpdateServices.skip`."""
        with self._book.held():
            record = self._book.record
            wanted = record.offer is not None and record.offer.version == version and record.step in {Step.FOUND, Step.READY}
            self._book.change(skipped=version, step=Step.IDLE if wanted else record.step)
        return self.view()

    def _hand_over(self, keeper: Path, root: Path) -> None:
        json = ("--json",) if "--json" in sys.argv[1:] else ()
        self._become(keeper, ("--data-dir", str(self._data), *json, VERB, "apply", "--root", str(root)))


@contextlib.asynccontextmanager
async def _opened(data: Path, address: str) -> AsyncIterator[tuple[Source, bytes]]:
    """Where newer things come from, with the first key of their chain. Raises `UpdatesNotSetUp`."""
    from t4t.bootstrap.net import http, tree_of  # noqa: PLC0415 - HTTP and all that
    from t4t.host.clock import RealClock  # noqa: PLC0415 - as above
    from t4t.transfer.limits import Rate  # noqa: PLC0415 - as above
    from t4t.updates.source import source_of  # noqa: PLC0415 - as above

    where, tree = place(address), tree_of(data)
    connections = http(tree)
    try:
        yield source_of(where.address, connections, Rate(RealClock(), tree.transfers.down_kib_s * 1024)), where.root
    finally:
        await connections.close()


def fetch_appliance(data: Path, address: str, tell: Callable[[int, int], None]) -> Appliance:
    """Bring the reference appliance here, if it is not; raises as `ApplianceFetching.fetch`, and `UpdatesNotSetUp`."""

    async def fetch() -> Appliance:
        from t4t.updates.appliance import ApplianceFetching  # noqa: PLC0415 - only this needs it

        async with _opened(data, address) as (source, root):
            return await ApplianceFetching(data, paths.appliance_dir(data), source=source, root=root).fetch(tell)

    return asyncio.run(fetch())


def become_program(program: Path, words: tuple[str, ...]) -> None:
    """Go on as another program, in the same terminal. Windows can't: there it goes on by itself, and this one must end."""
    environment = clean_environment(os.environ)
    if sys.platform == "win32":
        subprocess.Popen((str(program), *words), env=environment, creationflags=0x00000008)  # DETACHED_PROCESS
    else:
        sys.stdout.flush()
        os.execve(program, (str(program), *words), environment)  # noqa: S606 - our own kept copy
