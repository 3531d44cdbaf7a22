"""The agent: the engine with all that it needs. With a tray it is imported while that is on the screen already."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from typing import TYPE_CHECKING

from t4t.boinc.folder import open_folder
from t4t.boinc.workshop import Shop
from t4t.bootstrap.costs import ledger_of, work_of
from t4t.bootstrap.machines import programs, remote
from t4t.bootstrap.net import http
from t4t.bootstrap.popups import OnScreen
from t4t.bootstrap.projects import projects_of
from t4t.bootstrap.senses import Senses
from t4t.bootstrap.settings import Giving, desk_of, run_of
from t4t.bootstrap.try_out import TryOut
from t4t.bootstrap.updating import Updating
from t4t.cli import terminal
from t4t.engine.engine import Engine
from t4t.engine.live import LivePhysics
from t4t.engine.parts import Parts
from t4t.engine.results import Results
from t4t.engine.server import ApiServer
from t4t.engine.source import Spool
from t4t.engine.tally import Tally
from t4t.host import resources
from t4t.host.awake import awake
from t4t.host.clock import RealClock
from t4t.host.folder_watch import folder_watch
from t4t.host.host_events import open_host_events
from t4t.host.limiting import limiter
from t4t.host.login import logged_in_s
from t4t.host.watches import Watched
from t4t.hypervisor.choice import AUTO
from t4t.hypervisor.trial import FOLDER
from t4t.storage.disk_use import measure
from t4t.storage.place import home
from t4t.storage.state import State
from t4t.wording import costs
from t4t.wording import screen as words

if TYPE_CHECKING:
    from pathlib import Path

    from t4t.bootstrap.renewing import Renewing
    from t4t.cli.services import MachineOptions
    from t4t.desktop import Stopping
    from t4t.hypervisor.twin import Twin


async def work(
    data: Path,
    options: MachineOptions,
    *,
    tasks: int | None,
    once: bool,
    stopping: Stopping,
    passphrase: str,
    screen: bool,
    twin: Twin | None,
    renewing: Renewing,
) -> None:
    """Do all that an agent does until it is told to end; see `t4t.bootstrap.beginning`."""
    clock = RealClock()
    source = Spool(data)
    source.make()
    state = State(data, now=clock.wall)
    desk = await asyncio.to_thread(desk_of, data, run=run_of(options, tasks))
    hypervisor = options.hypervisor if options.hypervisor != AUTO else desk.force.tree.advanced.hypervisor.value
    driver = remote(hypervisor, data, log=data / "logs" / "vm-host.log", twin=twin)
    watch = folder_watch()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(state.close)
        stack.callback(watch.close)
        stack.push_async_callback(driver.close)
        connections = http(desk.force.tree)
        stack.push_async_callback(connections.close)
        limits = limiter()
        stack.push_async_callback(limits.close)
        shop = Shop()
        projects = projects_of(data, state, connections, clock=clock, once=once, workshop=shop)
        try_out = TryOut(data, projects, clock)
        stack.push_async_callback(try_out.close)
        senses = Senses(data, clock)
        shown = OnScreen(data, clock, tray=screen)
        ledger = ledger_of(data, clock, senses=senses, shop=shop, projects=projects, desk=desk)
        updating = Updating(data, clock, tree=lambda: desk.force.tree, metered=lambda: senses.readings.metered, words=tuple(sys.argv[1:]))
        tally = Tally(state, clock)
        stack.callback(tally.write)
        results = Results(data, projects, clock, told=tally.ended)
        physics = LivePhysics(data, clock, results, heard=tally.heard)
        giving = Giving(desk, projects, cmdline=options.cmdline, proxy=connections.use)
        engine = Engine(
            Parts(
                driver=driver,
                source=results,
                patron=projects,
                troubles=lambda: desk.troubles,
                open_folder=open_folder,
                state=state,
                clock=clock,
                settings=giving.settings,
                wishes=giving.wishes,
                data_dir=data,
                free_bytes=lambda: free_bytes(data),
                disk_use=lambda: measure(data),
                folder_watch=watch,
                host=await stack.enter_async_context(open_host_events(Watched(folder=home(data), programs=programs(hypervisor, data)))),
                block_reason=words.saving_first,
                reopen=driver.reopen,
                failed=terminal.show_failure,
                limiter=limits,
                sensing=senses,
                popups=shown.popups,
                logged_in_s=logged_in_s,
                awake=awake(),
                awake_reason=costs.staying_awake(),
                spent=lambda: ledger.spent,
                language=lambda: giving.language,
                update=lambda: updating.view,
            )
        )
        shop.opens(engine)
        live = giving.live(engine)
        stack.push_async_callback(giving.close)
        for part in (results, physics):
            stack.push_async_callback(part.close)
            await part.open()
        for seen in (physics.seen, tally.seen):
            engine.subscribe(seen)
        server = ApiServer(engine, data, projects=projects, settings=live, physics=physics, work=functools.partial(work_of, tally, ledger))
        stack.push_async_callback(server.close)
        sweeping = asyncio.create_task(_sweep(data))
        stack.push_async_callback(lambda: asyncio.gather(sweeping, return_exceptions=True))
        if passphrase:
            await asyncio.to_thread(projects.unlock, passphrase)
        await server.start()

        def quit_for_good() -> None:
            renewing.forget()
            engine.quit()

        with stopping(quit_for_good):
            # what the network costs is known before the first file comes
            async with (
                ledger.kept(),
                senses.opened(engine, projects),
                projects.running(),
                try_out.kept(),
                shown.opened(engine),
                updating.kept(settled=lambda: engine.settled, changed=engine.popups_changed),
                renewing.kept(settled=lambda: engine.settled, end=engine.quit),
            ):
                # with a project its acknowledgement is the end of a task, not the end of its machine
                await engine.run(once=once and not projects.attached)


def free_bytes(data: Path) -> int | None:
    """Free space where the data lies, and on the disk to which the machines were moved: the lesser of the two; None if one of them can't be known."""
    found = {resources.free_bytes(folder) for folder in (data, home(data))}
    return None if None in found else min(free for free in found if free is not None)


async def _sweep(data: Path) -> None:
    """Remove what is left of a test boot that was killed, if there is any."""
    if await asyncio.to_thread((data / FOLDER).is_dir):
        from t4t.bootstrap import checks  # noqa: PLC0415 - all of the doctor, which is needed almost never

        await checks.sweep(data)
