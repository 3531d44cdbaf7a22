"""What the window has done in its own process, beside what it asks the agent for."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from t4t import desktop
from t4t.bootstrap.first_run import WizardWork
from t4t.domain.changes import What
from t4t.domain.record import record
from t4t.storage import gallery, world

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from t4t.domain.changes import Change, Fetch, Fix
    from t4t.domain.diagnosis.findings import Diagnosis
    from t4t.domain.gallery import SavedPicture
    from t4t.domain.removal import Part, Removal, Removed
    from t4t.domain.world import World


@record
class WindowWork(WizardWork):
    """`t4t.gui.window.services.WindowServices` by the verbs' own services: both do the same."""

    def start_agent(self) -> None:
        """See `WindowServices`."""
        desktop.start(self.services.data)

    def doctor(self, *, boot: bool = False) -> Diagnosis:
        """See `WindowServices`."""
        return self.services.doctor(reach=True, boot=boot)

    def fix_plan(self, remedy: str) -> Fix:
        """See `WindowServices`."""
        return self.services.fix_plan(remedy)

    def carry_out(self, fix: Fix, tell: Callable[[Change | Fetch, int], None]) -> bool:
        """See `WindowServices`. Where the computer goes down at once, what is to be gone on with is written before that."""
        if fix.plan is None:
            return False
        why = (fix.finding.check.value, fix.step.remedy.value)
        goes_down = any(change.what is What.RESTART_COMPUTER for change in fix.plan.changes)
        if goes_down:
            self.services.prepare_resume(*why)
        try:
            restart = self.services.carry_out(fix.plan, tell)
        except BaseException:
            if goes_down:
                self.services.drop_resume()
            raise
        if restart and not goes_down:
            self.services.prepare_resume(*why)
        return restart

    def report(self) -> str:
        """See `WindowServices`."""
        return self.services.report()

    def logs(self) -> str:
        """See `WindowServices`."""
        from t4t.bootstrap import report  # noqa: PLC0415 - only this needs it

        return report.logs(self.services.data)

    def world(self) -> World:
        """See `WindowServices`."""
        return world.load()

    def pictures(self) -> Sequence[SavedPicture]:
        """See `WindowServices`."""
        return gallery.pictures(self.services.data)

    def keep_picture(self, title: str, png: bytes) -> None:
        """See `WindowServices`."""
        gallery.keep(self.services.data, title, png, now=time.time())

    def remove_picture(self, name: str) -> None:
        """See `WindowServices`."""
        gallery.remove(self.services.data, name)

    def write_report(self, path: Path, text: str) -> None:
        """See `WindowServices`."""
        from t4t.cli.report import write_new  # noqa: PLC0415 - only this needs it

        write_new(path, text.encode("utf-8", "replace"))

    def removal(self) -> Removal:
        """See `WindowServices`."""
        return self.services.removal()

    def remove(self, keep: Collection[Part], tell: Callable[[Part], None]) -> Removed:
        """See `WindowServices`."""
        return self.services.remove(keep, tell)
