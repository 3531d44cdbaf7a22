"""What one project's transfers leave behind, in the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t4t.domain import net_stats
from t4t.domain.project_task import tracked

if TYPE_CHECKING:
    from t4t.boinc.surroundings import Surroundings
    from t4t.boinc.transfers import Wait


class TransferRecord:
    """See `t4t.boinc.transfers.Record`."""

    def __init__(self, project: str, around: Surroundings) -> None:
        """``project`` is the name of its folder."""
        self._project = project
        self._around = around
        self._book = around.book

    def wait_of(self, name: str) -> Wait | None:
        """See `Record.wait_of`."""
        return self._book.kept(self._project).waits.get(name)

    def put_wait(self, name: str, wait: Wait | None) -> None:
        """See `Record.put_wait`; what no task refers to any more goes with it."""
        held = tracked(self._book.tasks, self._project)
        names = {info.name for task in held for info in (*task.given.programs, *task.given.inputs, *task.given.outputs)}
        waits = self._book.kept(self._project).waits | ({} if wait is None else {name: wait})
        self._book.put_kept(self._project, waits={one: found for one, found in waits.items() if one in names and (one != name or wait is not None)})

    def moved(self, nbytes: int, seconds: float, *, up: bool) -> None:
        """See `Record.moved`. What is sent counts for the allowance too, as far as there is one; a result is never held back by it."""
        now = self._around.clock.wall()
        if up:
            self._around.allowance.note(now, nbytes, up=True)
        net = net_stats.moved(self._book.net, nbytes, seconds, now, up=up)
        if net != self._book.net:
            self._book.put_net(net)
