"""The doctor that looks again by itself: when the computer tells of something, and by a cheap look every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from t4t.bootstrap import checks
from t4t.domain.diagnosis import diagnose
from t4t.domain.errors import HypervisorMissing
from t4t.host.host_events import open_host_events
from t4t.host.watches import Watched
from t4t.hypervisor.virtualbox import locate
from t4t.storage import tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.host.host_events import HostEvents

_LOOK_SECONDS: Final = 5.0


def verdicts(diagnosis: Diagnosis) -> tuple[str, ...]:
    """What it says, without the numbers that change all the time (free memory)."""
    return tuple(one.verdict.id for one in diagnosis.findings)


def follow(data: Path, *, reach: bool, listen: Callable[[Diagnosis], None], seconds: float = _LOOK_SECONDS) -> None:
    """See `Services.follow`; ``seconds`` from one cheap look to the next."""
    asyncio.run(_follow(data, reach=reach, listen=listen, seconds=seconds))


async def _follow(data: Path, *, reach: bool, listen: Callable[[Diagnosis], None], seconds: float) -> None:
    known = tables.load()
    told: tuple[str, ...] = ()
    async with open_host_events(Watched(folder=data, programs=_programs())) as events:
        bell = asyncio.Event()
        ringing = asyncio.create_task(_ring(events, bell))
        try:
            while True:
                bell.clear()
                facts = await checks.look(data, reach=reach)
                diagnosis = diagnose(facts, known)
                if verdicts(diagnosis) != told:
                    told = verdicts(diagnosis)
                    listen(diagnosis)
                if diagnosis.ready:
                    return
                while not bell.is_set() and _there() == bool(facts.virtualbox.found.value):
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(bell.wait(), seconds)
                    now = replace(facts, computer=await checks.computer_of(data))
                    if verdicts(diagnose(now, known)) != told:
                        break
        finally:
            ringing.cancel()
            await asyncio.gather(ringing, return_exceptions=True)


async def _ring(events: HostEvents, bell: asyncio.Event) -> None:
    async for _ in events:
        bell.set()


def _there() -> bool:
    """Whether VirtualBox is installed: a look at some places."""
    try:
        locate.find(locate.here())
    except HypervisorMissing:
        return False
    return True


def _programs() -> tuple[Path, ...]:
    try:
        return (Path(locate.find(locate.here()).manage),)
    except HypervisorMissing:
        return ()
