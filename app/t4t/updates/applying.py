"""Putting a version in place, trying it, and taking it back: one step after the other, each written down before it begins.

Runs in a process of its own from the kept copy (`Slot.keeper`), while no agent is there. Whoever is killed in the middle is taken up by the next one, which
looks at the record and at what is in place and decides anew (`t4t.domain.app_update.next_deed`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol, assert_never

import msgspec

from t4t.domain.app_update import UNDER_WAY, Deed, Kind, Offer, Record, Step, next_deed
from t4t.domain.errors import T4TError
from t4t.domain.update_errors import NothingNewer, NoWayBack, UpdateBusy, UpdateFailed, UpdateUnfit
from t4t.updates.book import failed, raised
from t4t.updates.fetching import FILES, installer
from t4t.updates.setups import Setups
from t4t.updates.trees import Trees

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from t4t.updates.book import Book
    from t4t.updates.installation import Installation

_log = logging.getLogger(__name__)


class Slot(Protocol):
    """Where a copy of the program lies, and how another version comes there."""

    @property
    def program(self) -> Path:
        """What is in place."""
        ...

    @property
    def keeper(self) -> Path:
        """The program that puts versions in place."""
        ...

    def here(self) -> str:
        """The version in place; empty if that is no whole one."""
        ...

    def kept(self) -> str:
        """The version to which there is a way back; empty: none."""
        ...

    def keep(self) -> None:
        """Keep what is in place, for a way back and to work from."""
        ...

    def stage(self, installer: Path, version: str, unpacked: int, /) -> Path | None:
        """Make a version ready; its program, where that can be tried before it is in place."""
        ...

    def stage_kept(self) -> Path | None:
        """Make the kept version ready; raises `NoWayBack`."""
        ...

    def put(self, version: str) -> None:
        """Put it in place; raises `UpdateFailed`."""
        ...

    def clean(self, before: str, /) -> None:
        """All is over."""
        ...


class World(Protocol):
    """The agent, and what can be tried."""

    def words(self) -> tuple[str, ...] | None:
        """How the agent that runs was started; None: none runs."""
        ...

    def unfit(self, program: Path) -> str:
        """What a version can't do, without touching anything; empty: all is well."""
        ...

    def quiet(self) -> AbstractContextManager[None]:
        """No agent: all its work is saved. Raises `UpdateBusy`."""
        ...

    def start(self, program: Path, words: Sequence[str]) -> None:
        """An agent, which outlives us."""
        ...

    def fails(self, program: Path, words: Sequence[str]) -> str:
        """As `start`, and whether it works; if not, why, and there is none."""
        ...


def slot_of(here: Installation, book: Book) -> Slot:
    """The one for this copy."""
    return Setups(here, book.folder / FILES) if here.kind is Kind.SETUP else Trees(here)


def begin(book: Book, slot: Slot) -> Record:
    """An update that is ready is to be put in place from now on. Raises `NothingNewer`, and what stands against keeping a way back."""
    with book.held():
        record = book.record
        if record.step is not Step.READY or record.offer is None:
            raise NothingNewer(installed=slot.here())
        slot.keep()
        return book.change(step=Step.SWITCHING, before=slot.here(), starts=0, back=False, restart=None, failure=None)


def begin_return(book: Book, slot: Slot, kind: Kind) -> Record:
    """The volunteer wants the previous version. Raises `NoWayBack`; the newer one is not taken again unasked."""
    with book.held():
        if book.record.step in UNDER_WAY:
            raise UpdateBusy(what="an update is being put in place")
        here, version = slot.here(), slot.kept()
        if not version or version == here:
            raise NoWayBack(reason="No other version of the program is kept here")
        offer = Offer(version=version, kind=kind, file="", nbytes=0, sha256="")
        return book.change(step=Step.SWITCHING, offer=offer, before=here, starts=0, back=True, skipped=here, restart=None, failure=None)


class Applier:
    """One update, to its end."""

    def __init__(self, book: Book, slot: Slot, world: World) -> None:
        """Nothing is done before `run`."""
        self._book = book
        self._slot = slot
        self._world = world

    def run(self) -> Record:
        """Until a version is in place that works; what is known then. Raises `UpdateBusy`: later again, and what stands against writing it down."""
        with self._book.held():
            words = self._world.words()
            if words is not None and self._book.record.step in UNDER_WAY:
                self._book.change(restart=words)
            while (deed := next_deed(self._book.record, self._slot.here())) is not Deed.STOP:
                _log.info("update: %s of %s", deed.value, self._book.record.offer)
                self._do(deed, self._book.record)
            return self._book.record

    def _do(self, deed: Deed, record: Record) -> None:
        match deed:
            case Deed.SWITCH:
                self._switch(record)
            case Deed.TRY:
                self._try(record)
            case Deed.RETURN:
                with self._world.quiet():
                    self._slot.put(record.before)
            case Deed.CONFIRM_RETURN:
                self._over(failure=record.failure, bad=_with(record.bad, _version(record)))
            case Deed.GIVE_UP:
                error = UpdateFailed(version=_version(record), reason="putting it in place was begun again and again and never came to its end")
                self._over(failure=failed(error), bad=_with(record.bad, _version(record)))
            case Deed.FORGET:
                self._over(failure=None)
            case Deed.STOP:
                raise AssertionError(deed)
            case _:
                assert_never(deed)

    def _switch(self, record: Record) -> None:
        self._book.change(starts=record.starts + 1)
        try:
            self._make_ready(record)
            with self._world.quiet():
                self._slot.put(_version(record))
        except UpdateBusy as error:  # nobody's fault, and no reason to count it: it waits again
            self._over(step=Step.IDLE if record.back else Step.READY, failure=failed(error))
        except UpdateUnfit as error:
            self._over(failure=failed(error), bad=_with(record.bad, error.version))
        except T4TError as error:
            self._over(step=Step.IDLE if record.back else Step.FOUND, failure=failed(error))

    def _make_ready(self, record: Record) -> None:
        """Raises what stands against it, before anybody's work is interrupted."""
        offer = record.offer
        if offer is None:
            raise AssertionError(record)
        if record.back:
            self._slot.stage_kept()
            return
        program = self._slot.stage(installer(self._book.folder / FILES, offer), offer.version, offer.unpacked)
        reason = "" if program is None else self._world.unfit(program)
        if reason:
            raise UpdateUnfit(version=offer.version, reason=reason)

    def _try(self, record: Record) -> None:
        """Where an agent ran, another one must run on the same folder; where none did, none is started."""
        self._book.change(step=Step.TRIAL)
        program = self._slot.program
        reason = self._world.unfit(program) if record.restart is None else self._world.fails(program, record.restart)
        if reason:
            error = UpdateUnfit(version=_version(record), reason=reason)
            self._book.change(step=Step.RETURNING, failure=failed(error))
            return
        self._slot.clean(record.before)
        kept = self._slot.kept()
        previous = "" if kept == _version(record) else kept
        self._book.change(step=Step.IDLE, offer=None if record.back else record.offer, previous=previous, starts=0, restart=None, failure=None)

    def _over(self, *, step: Step = Step.IDLE, **fields: object) -> None:
        """The version from before is in place; if an agent ran, one runs again."""
        record = self._book.record
        self._slot.clean(record.before)
        if record.restart is not None and self._world.words() is None:
            self._world.start(self._slot.program, record.restart)
        self._book.write(msgspec.structs.replace(record, step=step, starts=0, restart=None, **fields))


def _version(record: Record) -> str:
    return "" if record.offer is None else record.offer.version


def _with(bad: tuple[str, ...], version: str) -> tuple[str, ...]:
    return bad if version in bad else (*bad, version)


def outcome(record: Record) -> None:
    """Raise what went wrong, if anything did."""
    if record.failure is not None:
        raise raised(record.failure)
